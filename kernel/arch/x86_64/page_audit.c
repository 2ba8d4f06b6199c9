/* SPDX-License-Identifier: Apache-2.0 */
/* A walk over all four levels, without recursion; see page_audit.h. */
#include "page_audit.h"

#include "arch/page_table.h"

/* What the levels above allow: a bit is set if all of them do. */
#define ALLOW_WRITE 1U
#define ALLOW_USER 2U
#define ALLOW_EXECUTE 4U

struct level {
	const uint64_t *table;
	uint32_t index;
	uint32_t allowed;
};

static uint32_t
allowed_by(uint64_t entry)
{
	return (entry & PTE_WRITE ? ALLOW_WRITE : 0) | (entry & PTE_USER ? ALLOW_USER : 0) |
	    (entry & PTE_NX ? 0 : ALLOW_EXECUTE);
}

static void
count_mapping(uint32_t allowed, struct page_audit *out)
{
	out->mappings++;
	out->writable += (allowed & ALLOW_WRITE) != 0;
	out->executable += (allowed & ALLOW_EXECUTE) != 0;
	out->write_execute += (allowed & ALLOW_WRITE) != 0 && (allowed & ALLOW_EXECUTE) != 0;
	out->user += (allowed & ALLOW_USER) != 0;
}

void
page_audit(const uint64_t *root, page_audit_map_fn map, struct page_audit *out)
{
	struct level levels[ARCH_PT_LEVELS] = {
		{ root, 0, ALLOW_WRITE | ALLOW_USER | ALLOW_EXECUTE },
	};
	uint32_t depth = 0;

	*out = (struct page_audit){ 0 };
	for (;;) {
		struct level *level = &levels[depth];
		uint64_t entry;
		uint32_t allowed;

		if (level->index == ARCH_PT_ENTRIES) {
			if (depth == 0)
				return;
			depth--;
			continue;
		}
		entry = level->table[level->index++];
		allowed = level->allowed & allowed_by(entry);
		if (!(entry & PTE_PRESENT))
			continue;
		if (depth == ARCH_PT_LEVELS - 1 || (entry & PTE_LARGE))
			count_mapping(allowed, out);
		else
			levels[++depth] = (struct level){ map(entry & PTE_FRAME), 0, allowed };
	}
}
