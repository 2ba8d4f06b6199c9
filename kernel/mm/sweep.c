/* SPDX-License-Identifier: Apache-2.0 */
/* Taking away what revoked grants have mapped; see address_space_sweep(). */
#include "mm/job.h"
#include "mm/region.h"

static struct grant_cell_hooks cells;

void
address_space_cells_set(const struct grant_cell_hooks *hooks)
{
	cells = *hooks;
}

void
mapping_cell_get(struct grant_cell *cell)
{
	if (cell != NULL)
		cells.get(cell);
}

void
mapping_cell_put(struct grant_cell *cell)
{
	if (cell != NULL)
		cells.put(cell);
}

bool
mapping_cell_is_live(const struct grant_cell *cell)
{
	return cell == NULL || cells.is_live(cell);
}

/* Pages from the end of a region, and the region with the last: how many were left to take. */
static uint32_t
unmap_locked(struct address_space *space, struct region *region, uint32_t entries)
    REQUIRES(&space->lock)
{
	uint64_t pages = (region->end - region->start) / PAGE_BYTES;

	if (pages > entries)
		pages = entries;
	page_range_drop_locked(space, region->end - pages * PAGE_BYTES, region->end, false);
	region_shrink_locked(space, region, pages * PAGE_BYTES);
	return entries - (uint32_t)pages;
}

/* The first region that ends behind the cursor. */
static struct list_node *
region_from_locked(struct address_space *space, uaddr_t cursor) REQUIRES(&space->lock)
{
	struct list_node *node = space->regions.next;

	while (node != &space->regions && LIST_ENTRY(node, struct region, link)->end <= cursor)
		node = node->next;
	return node;
}

uint32_t
address_space_sweep(struct address_space *space, uaddr_t *cursor, uint32_t entries)
{
	struct list_node *node;

	spin_lock(&space->lock);
	node = region_from_locked(space, *cursor);
	while (entries != 0 && node != &space->regions) {
		struct region *region = LIST_ENTRY(node, struct region, link);
		uint64_t pages = (region->end - region->start) / PAGE_BYTES;
		bool is_whole;

		node = node->next;
		entries--;
		*cursor = region->end;
		if (region->is_at_work || mapping_cell_is_live(region->cell))
			continue;
		is_whole = pages <= entries;
		*cursor = is_whole ? region->end : region->start;
		entries = unmap_locked(space, region, entries);
		if (!is_whole)
			node = &space->regions;
	}
	if (entries != 0)
		*cursor = UINT64_MAX;
	spin_unlock(&space->lock);
	return entries;
}
