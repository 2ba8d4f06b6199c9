/* SPDX-License-Identifier: Apache-2.0 */
/* The CapSet page: initial capabilities by name, and the clock. */
#include <string.h>

#include "capos.h"

uint32_t
capos_capset_count(struct capos *self)
{
	return self->capset == NULL ? 0 : self->capset->entry_count;
}

static const struct capset_entry *
entry_at(struct capos *self, uint32_t index)
{
	return (const struct capset_entry *)(const void *)(self->capset + 1) + index;
}

struct capset_entry_view
capos_capset_entry(struct capos *self, uint32_t index)
{
	const struct capset_entry *entry = entry_at(self, index);

	return (struct capset_entry_view){ entry->name,
		{ self, entry->cap_id, entry->interface_id },
		entry->origin == CAPSET_ORIGIN_KERNEL };
}

enum cap_status
capos_capset_find(
    struct capos *self, const char *name, uint64_t interface_id, struct capos_cap *out)
{
	for (uint32_t i = 0; i < capos_capset_count(self); i++) {
		const struct capset_entry *entry = entry_at(self, i);

		if (strcmp(entry->name, name) != 0)
			continue;
		if (entry->interface_id != interface_id)
			return CAP_ERR_WRONG_INTERFACE;
		*out = (struct capos_cap){ self, entry->cap_id, entry->interface_id };
		return CAP_OK;
	}
	return CAP_ERR_NOT_FOUND;
}

uint64_t
capos_now(struct capos *self)
{
	const struct capset_header *clock = self->capset;
	uint32_t low;
	uint32_t high;
	uint64_t ticks;

	if (clock == NULL || !(clock->features & CAPSET_FEATURE_CLOCK))
		return 0;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	ticks = ((uint64_t)high << 32 | low) - clock->clock_base_tsc;
	return clock->clock_base_ns +
	    (uint64_t)(((unsigned __int128)ticks * clock->clock_multiplier) >> clock->clock_shift);
}
