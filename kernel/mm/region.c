/* SPDX-License-Identifier: Apache-2.0 */
/* Regions of an address space; see region.h. */
#include "mm/region.h"

#include <abi/start.h>

#include "mm/memory_object.h"
#include "mm/pool.h"

#define PLACE_FIRST UINT64_C(0x40000000) /* behind what a program starts with */

static struct pool region_pool;

void
region_module_init(void)
{
	pool_init(&region_pool, "region", sizeof(struct region));
}

struct list_node *
region_reaching_beyond_locked(struct address_space *space, uaddr_t address) NO_LOCK_ANALYSIS
{
	struct list_node *node = &space->regions;

	/* From the top: what is mapped and unmapped again and again lies there. */
	while (node->previous != &space->regions &&
	    LIST_ENTRY(node->previous, struct region, link)->end > address)
		node = node->previous;
	return node;
}

bool
region_is_free_locked(struct address_space *space, uaddr_t start, uaddr_t end) NO_LOCK_ANALYSIS
{
	struct list_node *node = region_reaching_beyond_locked(space, start);

	return node == &space->regions || LIST_ENTRY(node, struct region, link)->start >= end;
}

uaddr_t
region_find_room_locked(struct address_space *space, uint64_t bytes) NO_LOCK_ANALYSIS
{
	uaddr_t at = PLACE_FIRST;

	for (struct list_node *node = region_reaching_beyond_locked(space, at);
	    node != &space->regions; node = node->next) {
		struct region *region = LIST_ENTRY(node, struct region, link);

		if (region->start >= at && region->start - at >= bytes + USER_PAGE_BYTES)
			break;
		at = region->end + USER_PAGE_BYTES; /* a gap catches what runs over the end */
	}
	return at < USER_ADDRESS_END && USER_ADDRESS_END - at >= bytes ? at : 0;
}

static void
link_by_address(struct address_space *space, struct region *region) NO_LOCK_ANALYSIS
{
	list_insert_before(region_reaching_beyond_locked(space, region->start), &region->link);
	space->region_count++;
}

static enum cap_status
region_new(struct address_space *space, const struct region *wanted, struct region **out)
    NO_LOCK_ANALYSIS
{
	void *object;
	enum cap_status status;

	if (space->region_count == REGIONS_MAX)
		return CAP_ERR_QUOTA_EXCEEDED;
	status = pool_alloc_unset(&region_pool, space->payer, &object);
	if (status != CAP_OK)
		return status;
	*out = object;
	**out = *wanted; /* all of it; its link is set below */
	if (wanted->object != NULL)
		memory_object_map_get(wanted->object);
	mapping_cell_get(wanted->cell);
	link_by_address(space, *out);
	return CAP_OK;
}

enum cap_status
region_add_locked(struct address_space *space, const struct region *wanted, struct region **out)
    NO_LOCK_ANALYSIS
{
	uint64_t pages = (wanted->end - wanted->start) / USER_PAGE_BYTES;
	enum cap_status status = ledger_charge(space->payer, LEDGER_VIRTUAL_PAGES, pages);

	if (status != CAP_OK)
		return status;
	status = region_new(space, wanted, out);
	if (status != CAP_OK)
		ledger_release(space->payer, LEDGER_VIRTUAL_PAGES, pages);
	return status;
}

void
region_remove_locked(struct address_space *space, struct region *region) NO_LOCK_ANALYSIS
{
	ledger_release(
	    space->payer, LEDGER_VIRTUAL_PAGES, (region->end - region->start) / USER_PAGE_BYTES);
	list_remove(&region->link);
	space->region_count--;
	if (region->object != NULL)
		memory_object_map_put(region->object);
	mapping_cell_put(region->cell);
	pool_free(&region_pool, space->payer, region);
}

void
region_shrink_locked(struct address_space *space, struct region *region, uint64_t bytes)
    NO_LOCK_ANALYSIS
{
	if (bytes == region->end - region->start) {
		region_remove_locked(space, region);
		return;
	}
	region->end -= bytes;
	ledger_release(space->payer, LEDGER_VIRTUAL_PAGES, bytes / USER_PAGE_BYTES);
}

bool
region_covers_locked(struct address_space *space, const struct region *range) NO_LOCK_ANALYSIS
{
	uaddr_t at = range->start;

	for (struct list_node *node = region_reaching_beyond_locked(space, at);
	    node != &space->regions && at < range->end; node = node->next) {
		struct region *region = LIST_ENTRY(node, struct region, link);

		if (region->start > at || region->kind != range->kind ||
		    region->object != range->object)
			return false;
		at = region->end;
	}
	return at >= range->end;
}

static NO_INLINE enum cap_status
cut(struct address_space *space, struct region *region, uaddr_t address) NO_LOCK_ANALYSIS
{
	struct region upper = *region;
	struct region *added;
	enum cap_status status;

	upper.start = address;
	upper.offset = region->offset + (address - region->start);
	/* First: the upper part finds its place by the ends of the others. */
	region->end = address;
	status = region_new(space, &upper, &added);
	if (status != CAP_OK)
		region->end = upper.end;
	return status;
}

enum cap_status
region_cut_locked(struct address_space *space, uaddr_t start, uaddr_t end) NO_LOCK_ANALYSIS
{
	struct list_node *node = region_reaching_beyond_locked(space, start);
	struct region *region = LIST_ENTRY(node, struct region, link);

	/* Usually it is one region, and whole. */
	if (node != &space->regions && region->start == start && region->end == end)
		return CAP_OK;
	if (node != &space->regions && region->start < start) {
		enum cap_status status = cut(space, region, start);

		if (status != CAP_OK)
			return status;
	}
	node = region_reaching_beyond_locked(space, end);
	region = LIST_ENTRY(node, struct region, link);
	/* A cut alone changes nothing that anyone can see: it need not be undone. */
	return node != &space->regions && region->start < end ? cut(space, region, end) : CAP_OK;
}
