/* SPDX-License-Identifier: Apache-2.0 */
/* Walking and growing page tables: portable code over the machine's entry form (arch/page_table.h).
 */
#include "arch/cpu.h"
#include "mm/address_space_internal.h"
#include "mm/frame.h"
#include "mm/pool.h"

static struct pool table_note_pool;

void
page_table_module_init(void)
{
	pool_init(&table_note_pool, "page-table", sizeof(struct table_note));
}

static inline uint32_t
index_at(uaddr_t address, uint32_t level)
{
	return (uint32_t)(address >> (PAGE_SHIFT + 9 * level)) & (ARCH_PT_ENTRIES - 1);
}

uint64_t *
page_entry_find(const struct address_space *space, uaddr_t address)
{
	uint64_t *table = arch_direct_map(space->root);

	for (uint32_t level = ARCH_PT_LEVELS - 1; level > 0; level--) {
		uint64_t entry = table[index_at(address, level)];

		if (!arch_pte_is_present(entry))
			return NULL;
		table = arch_direct_map(arch_pte_frame(entry));
	}
	return &table[index_at(address, 0)];
}

static enum cap_status
table_add_locked(struct address_space *space, uint64_t *entry) REQUIRES(&space->lock)
{
	void *object;
	struct table_note *note;
	enum cap_status status = pool_alloc(&table_note_pool, space->payer, &object);

	if (status != CAP_OK)
		return status;
	note = object;
	status = frame_alloc(space->payer, &note->frame);
	if (status != CAP_OK) {
		pool_free(&table_note_pool, space->payer, note);
		return status;
	}
	note->next = space->tables;
	space->tables = note;
	*entry = arch_pte_table(note->frame);
	return CAP_OK;
}

enum cap_status
page_entry_make_locked(struct address_space *space, uaddr_t address, uint64_t **out)
    NO_LOCK_ANALYSIS
{
	uint64_t *table = arch_direct_map(space->root);

	for (uint32_t level = ARCH_PT_LEVELS - 1; level > 0; level--) {
		uint64_t *entry = &table[index_at(address, level)];

		if (!arch_pte_is_present(*entry)) {
			enum cap_status status = table_add_locked(space, entry);

			if (status != CAP_OK)
				return status;
		}
		table = arch_direct_map(arch_pte_frame(*entry));
	}
	*out = &table[index_at(address, 0)];
	return CAP_OK;
}

void
page_tables_free(struct address_space *space) NO_LOCK_ANALYSIS
{
	uint32_t step = 0;

	while (space->tables != NULL) {
		struct table_note *note = space->tables;

		space->tables = note->next;
		frame_free(space->payer, note->frame);
		pool_free(&table_note_pool, space->payer, note);
		if (++step % 16 == 0)
			arch_interrupt_window();
	}
}

void
page_flush(const struct address_space *space, uaddr_t address)
{
	/* A space that is not loaded has no translations: there are no address-space tags. */
	(void)space;
	arch_tlb_flush_page(address);
}
