/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address spaces: made with their root table, set up with the fixed pages of a program, taken down;
 * see address_space.h. What their owners ask for is in space_request.c.
 */
#include <abi/start.h>
#include <core/string.h>

#include "arch/cpu.h"
#include "base/assert.h"
#include "mm/frame.h"
#include "mm/job.h"
#include "mm/memory_object.h"
#include "mm/pool.h"
#include "mm/region.h"

#define ZERO_PAGES_PER_STEP (JOB_STEP_BYTES / PAGE_BYTES)

void page_tables_free(struct address_space *space);
void page_table_module_init(void);

static struct pool space_pool;
static uint64_t next_id;

void
address_space_module_init(void)
{
	pool_init(&space_pool, "address-space", sizeof(struct address_space));
	page_table_module_init();
	region_module_init();
}

enum cap_status
address_space_create(struct ledger *payer, struct address_space **out) NO_LOCK_ANALYSIS
{
	void *object;
	struct address_space *space;
	enum cap_status status = pool_alloc(&space_pool, payer, &object);

	if (status != CAP_OK)
		return status;
	space = object;
	status = frame_alloc(payer, &space->root);
	if (status != CAP_OK) {
		pool_free(&space_pool, payer, space);
		return status;
	}
	spin_init(&space->lock, LOCK_RANK_ADDRESS_SPACE, next_id++);
	arch_root_init(arch_direct_map(space->root));
	list_init(&space->regions);
	space->payer = payer;
	ledger_get(payer);
	*out = space;
	return CAP_OK;
}

struct spinlock *
address_space_lock(struct address_space *space)
{
	return &space->lock;
}

paddr_t
address_space_root(const struct address_space *space)
{
	return space->root;
}

enum cap_status
page_commit_locked(
    struct address_space *space, uaddr_t address, enum page_access access, paddr_t *frame)
{
	uint64_t *entry;
	/* First: a quota that has no room for it leaves no tables behind. */
	enum cap_status status = frame_alloc(space->payer, frame);

	if (status != CAP_OK)
		return status;
	status = page_entry_make_locked(space, address, &entry);
	if (status != CAP_OK) {
		frame_free(space->payer, *frame);
		return status;
	}
	KASSERT(!arch_pte_is_used(*entry));
	*entry = arch_pte_leaf(*frame, access);
	return CAP_OK;
}

/* Take the page at `address` away; its frame goes back if it is the space's own. */
void
page_drop_locked(struct address_space *space, uaddr_t address, bool is_own)
{
	uint64_t *entry = page_entry_find(space, address);
	paddr_t frame;

	if (entry == NULL || !arch_pte_is_used(*entry))
		return;
	frame = arch_pte_frame(*entry);
	*entry = 0;
	page_flush(space, address);
	if (is_own)
		frame_free(space->payer, frame);
}

void
page_range_drop_locked(struct address_space *space, uaddr_t start, uaddr_t end, bool is_own)
{
	for (uaddr_t at = start; at < end; at += PAGE_BYTES)
		page_drop_locked(space, at, is_own);
}

/* Some of the pages, without a window. */
static enum cap_status
commit_some_locked(struct address_space *space, const struct address_space_fixed *range,
    uint32_t first, paddr_t *frames) REQUIRES(&space->lock)
{
	uint32_t end = first + ZERO_PAGES_PER_STEP;
	enum cap_status status = CAP_OK;

	for (uint32_t i = first; status == CAP_OK && i < end && i < range->page_count; i++) {
		paddr_t frame;

		status = page_commit_locked(
		    space, range->address + i * PAGE_BYTES, range->access, &frame);
		if (status == CAP_OK && frames != NULL)
			frames[i] = frame;
	}
	return status;
}

static enum cap_status
commit_fixed(struct address_space *space, const struct address_space_fixed *range, paddr_t *frames)
{
	enum cap_status status = CAP_OK;

	for (uint32_t i = 0; status == CAP_OK && i < range->page_count; i += ZERO_PAGES_PER_STEP) {
		spin_lock(&space->lock);
		status = commit_some_locked(space, range, i, frames);
		spin_unlock(&space->lock);
		arch_interrupt_window();
	}
	return status;
}

/* Some pages of a region, from its end; the region itself when none is left: then false. */
static bool
drop_some_locked(struct address_space *space, struct region *region) REQUIRES(&space->lock)
{
	uint64_t bytes = region->end - region->start;
	bool is_rest = bytes <= JOB_STEP_ENTRIES * PAGE_BYTES;

	if (!is_rest)
		bytes = JOB_STEP_ENTRIES * PAGE_BYTES;
	page_range_drop_locked(
	    space, region->end - bytes, region->end, region->kind != REGION_OBJECT);
	region_shrink_locked(space, region, bytes);
	return !is_rest;
}

static void
drop_fixed(struct address_space *space, struct region *region)
{
	bool is_left = true;

	while (is_left) {
		spin_lock(&space->lock);
		is_left = drop_some_locked(space, region);
		spin_unlock(&space->lock);
		arch_interrupt_window();
	}
}

enum cap_status
address_space_map_fixed(
    struct address_space *space, const struct address_space_fixed *range, paddr_t *frames)
{
	struct region wanted = { .start = range->address,
		.end = range->address + range->page_count * PAGE_BYTES,
		.kind = range->pinned ? REGION_PINNED : REGION_ANONYMOUS };
	struct region *region = NULL;
	enum cap_status status;

	spin_lock(&space->lock);
	status = region_is_free_locked(space, wanted.start, wanted.end)
	    ? region_add_locked(space, &wanted, &region)
	    : CAP_ERR_ADDRESS_IN_USE;
	spin_unlock(&space->lock);
	if (status != CAP_OK)
		return status;
	status = commit_fixed(space, range, frames);
	if (status != CAP_OK)
		drop_fixed(space, region);
	return status;
}

enum job_state
address_space_destroy_step(struct address_space *space) NO_LOCK_ANALYSIS
{
	struct ledger *payer = space->payer;

	spin_lock(&space->lock);
	if (!list_is_empty(&space->regions)) {
		(void)drop_some_locked(space, LIST_ENTRY(space->regions.next, struct region, link));
		spin_unlock(&space->lock);
		return JOB_AGAIN;
	}
	page_tables_free(space);
	spin_unlock(&space->lock);
	frame_free(payer, space->root);
	pool_free(&space_pool, payer, space);
	ledger_put(payer);
	return JOB_DONE;
}
