/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations on address spaces; see address_space.h. Each has the form: check (refuses), reserve
 * (can fail, undone), then pages one by one, with an interrupt window after each step. Committing
 * many pages can fail in the middle: what was done is undone.
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

/* A request whose outcome has not been fetched yet. */
struct space_job {
	struct address_space *space;
	struct space_request request;
};

static struct pool space_pool;
static struct pool job_pool;
static uint64_t next_id;

void
address_space_module_init(void)
{
	pool_init(&space_pool, "address-space", sizeof(struct address_space));
	pool_init(&job_pool, "space-request", sizeof(struct space_job));
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

/* Let interrupts in when a step's worth of work is done. */
static void
step(uint32_t *work, uint32_t work_per_step)
{
	if (++*work % work_per_step == 0)
		arch_interrupt_window();
}

static enum cap_status
commit_page_locked(
    struct address_space *space, uaddr_t address, enum page_access access, paddr_t *frame)
{
	uint64_t *entry;
	enum cap_status status = page_entry_make_locked(space, address, &entry);

	if (status != CAP_OK)
		return status;
	KASSERT(!arch_pte_is_used(*entry));
	status = frame_alloc(space->payer, frame);
	if (status == CAP_OK)
		*entry = arch_pte_leaf(*frame, access);
	return status;
}

/* Take the page at `address` away; its frame goes back if it is the space's own. */
static void
drop_page_locked(struct address_space *space, uaddr_t address, bool is_own)
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

static void
drop_range_locked(struct address_space *space, uaddr_t start, uaddr_t end, bool is_own)
{
	uint32_t work = 0;

	for (uaddr_t at = start; at < end; at += PAGE_BYTES) {
		drop_page_locked(space, at, is_own);
		step(&work, JOB_STEP_ENTRIES);
	}
}

/*
 * A quota that is too small is found out before anything is made: undoing gives frames back, but
 * page tables that were made on the way stay with the process.
 */
static enum cap_status
quota_check(struct address_space *space, uint64_t bytes)
{
	uint64_t pages = bytes / PAGE_BYTES;
	enum cap_status status = ledger_charge(space->payer, LEDGER_FRAME_PAGES, pages);

	if (status == CAP_OK)
		ledger_release(space->payer, LEDGER_FRAME_PAGES, pages);
	return status;
}

static enum cap_status
commit_range_locked(struct address_space *space, const struct space_request *request)
{
	uaddr_t end = request->address + request->bytes;
	uint32_t work = 0;
	enum cap_status room = quota_check(space, request->bytes);

	if (room != CAP_OK)
		return room;
	for (uaddr_t at = request->address; at < end; at += PAGE_BYTES) {
		paddr_t frame;
		enum cap_status status = commit_page_locked(space, at, request->access, &frame);

		if (status != CAP_OK) {
			drop_range_locked(space, request->address, at, true);
			return status;
		}
		step(&work, ZERO_PAGES_PER_STEP);
	}
	return CAP_OK;
}

static enum cap_status
copy_range_locked(struct address_space *space, const struct space_request *request)
{
	uint32_t work = 0;
	enum cap_status room = quota_check(space, request->bytes);

	if (room != CAP_OK)
		return room;
	for (uint64_t at = 0; at < request->bytes; at += PAGE_BYTES) {
		uint64_t left = at < request->copy_bytes ? request->copy_bytes - at : 0;
		paddr_t frame;
		enum cap_status status =
		    commit_page_locked(space, request->address + at, request->access, &frame);

		if (status != CAP_OK) {
			drop_range_locked(space, request->address, request->address + at, true);
			return status;
		}
		memory_object_read(request->object, request->offset + at, arch_direct_map(frame),
		    left < PAGE_BYTES ? left : PAGE_BYTES);
		step(&work, ZERO_PAGES_PER_STEP);
	}
	return CAP_OK;
}

static enum cap_status
share_range_locked(struct address_space *space, const struct space_request *request)
{
	uint32_t work = 0;

	for (uint64_t at = 0; at < request->bytes; at += PAGE_BYTES) {
		uint64_t *entry;
		enum cap_status status =
		    page_entry_make_locked(space, request->address + at, &entry);

		if (status != CAP_OK) {
			drop_range_locked(space, request->address, request->address + at, false);
			return status;
		}
		*entry = arch_pte_leaf(
		    memory_object_frame(request->object, request->offset + at), request->access);
		step(&work, JOB_STEP_ENTRIES);
	}
	return CAP_OK;
}

static void
protect_range_locked(struct address_space *space, const struct space_request *request)
{
	uint32_t work = 0;

	for (uint64_t at = 0; at < request->bytes; at += PAGE_BYTES) {
		uint64_t *entry = page_entry_find(space, request->address + at);

		*entry = arch_pte_leaf(arch_pte_frame(*entry), request->access);
		page_flush(space, request->address + at);
		step(&work, JOB_STEP_ENTRIES);
	}
}

/* Every page of the range is committed, or none is. */
static bool
all_pages_locked(struct address_space *space, const struct space_request *request, bool committed)
{
	uint32_t work = 0;

	for (uint64_t at = 0; at < request->bytes; at += PAGE_BYTES) {
		const uint64_t *entry = page_entry_find(space, request->address + at);

		if ((entry != NULL && arch_pte_is_used(*entry)) != committed)
			return false;
		step(&work, JOB_STEP_ENTRIES);
	}
	return true;
}

static bool
is_range_valid(const struct space_request *request, bool may_be_zero)
{
	if (request->bytes == 0 || (request->bytes & PAGE_MASK) != 0 ||
	    (request->address & PAGE_MASK) != 0)
		return false;
	if (request->bytes > USER_ADDRESS_END)
		return false;
	if (request->address == 0)
		return may_be_zero;
	return request->address >= USER_ADDRESS_MIN &&
	    request->address <= USER_ADDRESS_END - request->bytes;
}

static bool
is_object_range_valid(const struct space_request *request, uint64_t bytes)
{
	uint64_t size = memory_object_bytes(request->object);

	return (request->offset & PAGE_MASK) == 0 && request->offset <= size &&
	    bytes <= size - request->offset;
}

/* Find the place of a new region and make it. */
static enum cap_status
place_locked(struct address_space *space, struct space_request *request,
    struct memory_object *object, struct region **out)
{
	struct region wanted = { .kind = object != NULL ? REGION_OBJECT : REGION_ANONYMOUS,
		.object = object };

	if (request->address == 0) {
		request->address = region_find_room_locked(space, request->bytes);
		if (request->address == 0)
			return CAP_ERR_NO_MEMORY;
	} else if (!region_is_free_locked(
		       space, request->address, request->address + request->bytes)) {
		return CAP_ERR_ADDRESS_IN_USE;
	}
	wanted.start = request->address;
	wanted.end = request->address + request->bytes;
	wanted.offset = request->offset;
	return region_add_locked(space, &wanted, out);
}

static enum cap_status
map_locked(struct address_space *space, struct space_request *request)
{
	bool shares = request->operation == SPACE_MAP_OBJECT;
	struct region *region;
	enum cap_status status;

	if (!is_range_valid(request, true))
		return CAP_ERR_INVALID_ARGUMENT;
	if (shares && !is_object_range_valid(request, request->bytes))
		return CAP_ERR_INVALID_ARGUMENT;
	if (request->operation == SPACE_MAP_COPY &&
	    (request->copy_bytes > request->bytes ||
		!is_object_range_valid(request, request->copy_bytes)))
		return CAP_ERR_INVALID_ARGUMENT;
	status = place_locked(space, request, shares ? request->object : NULL, &region);
	if (status != CAP_OK)
		return status;
	if (shares)
		status = share_range_locked(space, request);
	else if (request->operation == SPACE_MAP_COPY)
		status = copy_range_locked(space, request);
	else if (request->operation == SPACE_MAP_ANONYMOUS)
		status = commit_range_locked(space, request);
	if (status != CAP_OK)
		region_remove_locked(space, region);
	return status;
}

/* COMMIT, DECOMMIT, PROTECT: the range stays, its pages change. */
static enum cap_status
change_locked(struct address_space *space, struct space_request *request)
{
	bool is_object = request->operation == SPACE_PROTECT_OBJECT;
	struct region range = { .start = request->address,
		.end = request->address + request->bytes,
		.kind = is_object ? REGION_OBJECT : REGION_ANONYMOUS,
		.object = is_object ? request->object : NULL };

	if (!is_range_valid(request, false))
		return CAP_ERR_INVALID_ARGUMENT;
	if (!region_covers_locked(space, &range))
		return CAP_ERR_NOT_MAPPED;
	switch (request->operation) {
	case SPACE_COMMIT:
		if (!all_pages_locked(space, request, false))
			return CAP_ERR_ADDRESS_IN_USE;
		return commit_range_locked(space, request);
	case SPACE_DECOMMIT:
		drop_range_locked(space, range.start, range.end, true);
		return CAP_OK;
	default:
		if (!all_pages_locked(space, request, true))
			return CAP_ERR_NOT_MAPPED;
		protect_range_locked(space, request);
		return CAP_OK;
	}
}

static enum cap_status
unmap_locked(struct address_space *space, struct space_request *request) NO_LOCK_ANALYSIS
{
	bool is_object = request->operation == SPACE_UNMAP_OBJECT;
	struct region range = { .start = request->address,
		.end = request->address + request->bytes,
		.kind = is_object ? REGION_OBJECT : REGION_ANONYMOUS,
		.object = is_object ? request->object : NULL };
	struct list_node *node;
	enum cap_status status;

	if (!is_range_valid(request, false))
		return CAP_ERR_INVALID_ARGUMENT;
	if (!region_covers_locked(space, &range))
		return CAP_ERR_NOT_MAPPED;
	status = region_cut_locked(space, range.start, range.end);
	if (status != CAP_OK)
		return status;
	drop_range_locked(space, range.start, range.end, !is_object);
	node = space->regions.next;
	while (node != &space->regions) {
		struct region *region = LIST_ENTRY(node, struct region, link);

		node = node->next;
		if (region->start >= range.start && region->end <= range.end)
			region_remove_locked(space, region);
	}
	return CAP_OK;
}

static enum cap_status
execute(struct address_space *space, struct space_request *request)
{
	enum cap_status status;

	spin_lock(&space->lock);
	switch (request->operation) {
	case SPACE_MAP_ANONYMOUS:
	case SPACE_RESERVE:
	case SPACE_MAP_OBJECT:
	case SPACE_MAP_COPY:
		status = map_locked(space, request);
		break;
	case SPACE_UNMAP:
	case SPACE_UNMAP_OBJECT:
		status = unmap_locked(space, request);
		break;
	default:
		status = change_locked(space, request);
		break;
	}
	spin_unlock(&space->lock);
	return status;
}

enum cap_status
address_space_map_fixed(
    struct address_space *space, const struct address_space_fixed *range, paddr_t *frames)
{
	struct region wanted = { .start = range->address,
		.end = range->address + range->page_count * PAGE_BYTES,
		.kind = range->pinned ? REGION_PINNED : REGION_ANONYMOUS };
	struct region *region;
	enum cap_status status;

	spin_lock(&space->lock);
	status = region_is_free_locked(space, wanted.start, wanted.end)
	    ? region_add_locked(space, &wanted, &region)
	    : CAP_ERR_ADDRESS_IN_USE;
	for (uint32_t i = 0; status == CAP_OK && i < range->page_count; i++) {
		paddr_t frame;

		status =
		    commit_page_locked(space, wanted.start + i * PAGE_BYTES, range->access, &frame);
		if (status == CAP_OK && frames != NULL)
			frames[i] = frame;
		if (status != CAP_OK) {
			drop_range_locked(space, wanted.start, wanted.start + i * PAGE_BYTES, true);
			region_remove_locked(space, region);
		}
	}
	spin_unlock(&space->lock);
	return status;
}

enum cap_status
space_request_begin(
    struct address_space *space, const struct space_request *request, struct space_job **out)
{
	void *object;
	struct space_job *job;
	enum cap_status status = pool_alloc(&job_pool, space->payer, &object);

	if (status != CAP_OK)
		return status;
	job = object;
	job->space = space;
	job->request = *request;
	status = execute(space, &job->request);
	if (status != CAP_OK) {
		pool_free(&job_pool, space->payer, job);
		return status;
	}
	*out = job;
	return CAP_OK;
}

enum job_state
space_request_step(struct space_job *job)
{
	(void)job;
	return JOB_DONE;
}

enum cap_status
space_request_end(struct space_job *job, uaddr_t *address)
{
	if (address != NULL)
		*address = job->request.address;
	pool_free(&job_pool, job->space->payer, job);
	return CAP_OK;
}

enum job_state
address_space_destroy_step(struct address_space *space) NO_LOCK_ANALYSIS
{
	struct ledger *payer = space->payer;

	spin_lock(&space->lock);
	while (!list_is_empty(&space->regions)) {
		struct region *region = LIST_ENTRY(space->regions.next, struct region, link);

		drop_range_locked(space, region->start, region->end, region->kind != REGION_OBJECT);
		region_remove_locked(space, region);
	}
	page_tables_free(space);
	spin_unlock(&space->lock);
	frame_free(payer, space->root);
	pool_free(&space_pool, payer, space);
	ledger_put(payer);
	return JOB_DONE;
}
