/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What VirtualMemory and MemoryObject do to an address space, in bounded steps; see
 * address_space.h.
 *
 *   begin: check, and reserve addresses -> CHECK pages (some operations) -> WORK on pages -> DONE
 *                                                   WORK fails or is given up -> UNDO pages -> DONE
 *
 * Between two steps the space is unlocked: whoever copies to or from it meanwhile finds the pages
 * that are there. Nobody else changes it, since a process has one thread, whose next submission is
 * taken when the request is done.
 */
#include <abi/start.h>

#include "base/assert.h"
#include "mm/frame.h"
#include "mm/job.h"
#include "mm/memory_object.h"
#include "mm/region.h"

#define ZERO_PAGES_PER_STEP (JOB_STEP_BYTES / PAGE_BYTES)

static bool
makes_region(const struct space_job *job)
{
	switch (job->request->operation) {
	case SPACE_MAP_ANONYMOUS:
	case SPACE_RESERVE:
	case SPACE_MAP_OBJECT:
	case SPACE_MAP_COPY:
		return true;
	default:
		return false;
	}
}

/* The pages are the space's own, not those of a shared object. */
static bool
owns_pages(const struct space_job *job)
{
	switch (job->request->operation) {
	case SPACE_MAP_OBJECT:
	case SPACE_UNMAP_OBJECT:
	case SPACE_PROTECT_OBJECT:
		return false;
	default:
		return true;
	}
}

/*
 * A quota that is too small is found out before anything is made: undoing gives frames back, but
 * page tables that were made on the way stay with the process. (One page finds out by itself.)
 */
static enum cap_status
quota_check(const struct address_space *space, uint64_t bytes)
{
	return ledger_has_room(space->payer, LEDGER_FRAME_PAGES, bytes / PAGE_BYTES)
	    ? CAP_OK
	    : CAP_ERR_QUOTA_EXCEEDED;
}

static bool
is_range_valid(const struct space_request *request, bool may_be_zero)
{
	if (((request->bytes | request->address) & PAGE_MASK) != 0 || request->bytes == 0 ||
	    request->bytes > USER_ADDRESS_END)
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
place_locked(struct space_job *job) REQUIRES(&job->space->lock)
{
	struct space_request *request = job->request;
	bool shares = request->operation == SPACE_MAP_OBJECT;
	struct region wanted = { .kind = shares ? REGION_OBJECT : REGION_ANONYMOUS,
		.object = shares ? request->object : NULL,
		.cell = shares ? request->cell : NULL,
		.is_at_work = true };

	if (request->address == 0) {
		request->address = region_find_room_locked(job->space, request->bytes);
		if (request->address == 0)
			return CAP_ERR_NO_MEMORY;
	} else if (!region_is_free_locked(
		       job->space, request->address, request->address + request->bytes)) {
		return CAP_ERR_ADDRESS_IN_USE;
	}
	wanted.start = request->address;
	wanted.end = request->address + request->bytes;
	wanted.offset = request->offset;
	return region_add_locked(job->space, &wanted, &job->region);
}

static enum cap_status
begin_map_locked(struct space_job *job) REQUIRES(&job->space->lock)
{
	const struct space_request *request = job->request;
	enum space_operation operation = request->operation;
	enum cap_status status;

	if (!is_range_valid(request, true))
		return CAP_ERR_INVALID_ARGUMENT;
	if (operation == SPACE_MAP_OBJECT && !is_object_range_valid(request, request->bytes))
		return CAP_ERR_INVALID_ARGUMENT;
	if (operation == SPACE_MAP_COPY &&
	    (request->copy_bytes > request->bytes ||
		!is_object_range_valid(request, request->copy_bytes)))
		return CAP_ERR_INVALID_ARGUMENT;
	status = place_locked(job);
	if (status != CAP_OK)
		return status;
	if (request->bytes != PAGE_BYTES &&
	    (operation == SPACE_MAP_ANONYMOUS || operation == SPACE_MAP_COPY))
		status = quota_check(job->space, request->bytes);
	if (status != CAP_OK)
		region_remove_locked(job->space, job->region);
	job->phase = operation == SPACE_RESERVE ? SPACE_DONE : SPACE_WORK;
	if (status == CAP_OK && job->phase == SPACE_DONE)
		job->region->is_at_work = false;
	return status;
}

/* A range that is there and whose pages change, or that goes. */
static enum cap_status
begin_change_locked(struct space_job *job) REQUIRES(&job->space->lock)
{
	const struct space_request *request = job->request;
	struct region range = { .start = request->address,
		.end = request->address + request->bytes,
		.kind = owns_pages(job) ? REGION_ANONYMOUS : REGION_OBJECT,
		.object = owns_pages(job) ? NULL : request->object };

	if (!is_range_valid(request, false))
		return CAP_ERR_INVALID_ARGUMENT;
	if (!region_covers_locked(job->space, &range))
		return CAP_ERR_NOT_MAPPED;
	switch (request->operation) {
	case SPACE_UNMAP:
	case SPACE_UNMAP_OBJECT:
		job->phase = SPACE_WORK;
		return region_cut_locked(job->space, range.start, range.end);
	case SPACE_DECOMMIT:
		job->phase = SPACE_WORK;
		return CAP_OK;
	default:
		job->phase = SPACE_CHECK;
		return CAP_OK;
	}
}

/* COMMIT wants no page there, PROTECT wants all. */
static enum cap_status
check_page_locked(struct space_job *job, uaddr_t address)
{
	const uint64_t *entry = page_entry_find(job->space, address);
	bool is_used = entry != NULL && arch_pte_is_used(*entry);

	if (job->request->operation == SPACE_COMMIT)
		return is_used ? CAP_ERR_ADDRESS_IN_USE : CAP_OK;
	return is_used ? CAP_OK : CAP_ERR_NOT_MAPPED;
}

static enum cap_status
copy_page_locked(struct space_job *job, uaddr_t address) REQUIRES(&job->space->lock)
{
	const struct space_request *request = job->request;
	uint64_t at = address - request->address;
	uint64_t left = at < request->copy_bytes ? request->copy_bytes - at : 0;
	paddr_t frame;
	enum cap_status status = page_commit_locked(job->space, address, request->access, &frame);

	if (status == CAP_OK)
		memory_object_read(request->object, request->offset + at, arch_direct_map(frame),
		    left < PAGE_BYTES ? left : PAGE_BYTES);
	return status;
}

static enum cap_status
share_page_locked(struct space_job *job, uaddr_t address) REQUIRES(&job->space->lock)
{
	const struct space_request *request = job->request;
	uint64_t *entry;
	enum cap_status status = page_entry_make_locked(job->space, address, &entry);

	if (status == CAP_OK)
		*entry = arch_pte_leaf(memory_object_frame(request->object,
					   request->offset + (address - request->address)),
		    request->access);
	return status;
}

static enum cap_status
work_page_locked(struct space_job *job, uaddr_t address) REQUIRES(&job->space->lock)
{
	paddr_t frame;
	uint64_t *entry;

	switch (job->request->operation) {
	case SPACE_MAP_ANONYMOUS:
	case SPACE_COMMIT:
		return page_commit_locked(job->space, address, job->request->access, &frame);
	case SPACE_MAP_COPY:
		return copy_page_locked(job, address);
	case SPACE_MAP_OBJECT:
		return share_page_locked(job, address);
	case SPACE_PROTECT:
	case SPACE_PROTECT_OBJECT:
		entry = page_entry_find(job->space, address);
		/* It was there when it was checked; a revocation may have taken it since. */
		if (entry == NULL || !arch_pte_is_used(*entry))
			return CAP_ERR_NOT_MAPPED;
		*entry = arch_pte_leaf(arch_pte_frame(*entry), job->request->access);
		page_flush(job->space, address);
		return CAP_OK;
	default:
		page_drop_locked(job->space, address, owns_pages(job));
		return CAP_OK;
	}
}

/* Pages whose bytes are written count for more than entries. */
static uint64_t
step_bytes(const struct space_job *job)
{
	bool writes = job->phase == SPACE_WORK &&
	    (job->request->operation == SPACE_MAP_ANONYMOUS ||
		job->request->operation == SPACE_COMMIT ||
		job->request->operation == SPACE_MAP_COPY);

	return (writes ? ZERO_PAGES_PER_STEP : JOB_STEP_ENTRIES) * PAGE_BYTES;
}

/* The regions of a range that was unmapped: cut to its borders at the beginning. */
static void
remove_regions_locked(struct space_job *job) REQUIRES(&job->space->lock)
{
	struct address_space *space = job->space;
	uaddr_t start = job->request->address;
	uaddr_t end = start + job->request->bytes;
	struct list_node *node = region_reaching_beyond_locked(space, start);

	while (node != &space->regions && LIST_ENTRY(node, struct region, link)->start < end) {
		struct region *region = LIST_ENTRY(node, struct region, link);

		node = node->next;
		if (region->start >= start && region->end <= end)
			region_remove_locked(space, region);
	}
}

/* Something was refused, is short, or nobody waits any more: take back what was made. */
static void
turn_back(struct space_job *job, enum cap_status status)
{
	bool made_pages = makes_region(job) || job->request->operation == SPACE_COMMIT;

	job->status = status;
	if (job->phase == SPACE_WORK && made_pages) {
		/* Pages of [address, address + done) are there. */
		job->phase = SPACE_UNDO;
		return;
	}
	job->phase = SPACE_DONE;
}

static void
next_phase_locked(struct space_job *job) REQUIRES(&job->space->lock)
{
	job->done = 0;
	if (job->phase == SPACE_CHECK) {
		job->phase = SPACE_WORK;
		if (job->request->operation == SPACE_COMMIT) {
			enum cap_status status = quota_check(job->space, job->request->bytes);

			if (status != CAP_OK)
				turn_back(job, status);
		}
		return;
	}
	if (job->request->operation == SPACE_UNMAP || job->request->operation == SPACE_UNMAP_OBJECT)
		remove_regions_locked(job);
	if (job->region != NULL)
		job->region->is_at_work = false;
	job->phase = SPACE_DONE;
}

static void
go_on_locked(struct space_job *job) REQUIRES(&job->space->lock)
{
	uint64_t end = job->done + step_bytes(job);

	if (!mapping_cell_is_live(job->request->cell)) {
		turn_back(job, CAP_ERR_REVOKED);
		return;
	}
	if (end > job->request->bytes)
		end = job->request->bytes;
	for (; job->done < end; job->done += PAGE_BYTES) {
		uaddr_t at = job->request->address + job->done;
		enum cap_status status = job->phase == SPACE_CHECK ? check_page_locked(job, at)
								   : work_page_locked(job, at);

		if (status != CAP_OK) {
			turn_back(job, status);
			return;
		}
	}
	if (job->done == job->request->bytes)
		next_phase_locked(job);
}

static void
undo_locked(struct space_job *job) REQUIRES(&job->space->lock)
{
	uint64_t bytes = step_bytes(job);
	uaddr_t end = job->request->address + job->done;

	if (bytes > job->done)
		bytes = job->done;
	page_range_drop_locked(job->space, end - bytes, end, owns_pages(job));
	job->done -= bytes;
	if (job->done != 0)
		return;
	if (job->region != NULL)
		region_remove_locked(job->space, job->region);
	job->phase = SPACE_DONE;
}

static inline void
job_init(struct space_job *job, struct address_space *space, struct space_request *request)
{
	job->space = space;
	job->request = request;
	job->region = NULL;
	job->done = 0;
	job->phase = SPACE_CHECK;
	job->status = CAP_OK;
}

static inline enum cap_status
begin_locked(struct space_job *job) REQUIRES(&job->space->lock)
{
	return makes_region(job) ? begin_map_locked(job) : begin_change_locked(job);
}

static inline void
step_locked(struct space_job *job) REQUIRES(&job->space->lock)
{
	if (job->phase == SPACE_UNDO)
		undo_locked(job);
	else if (job->phase != SPACE_DONE)
		go_on_locked(job);
}

enum cap_status
space_request_begin(
    struct space_job *job, struct address_space *space, struct space_request *request)
{
	enum cap_status status;

	job_init(job, space, request);
	spin_lock(&job->space->lock);
	status = begin_locked(job);
	spin_unlock(&job->space->lock);
	if (status != CAP_OK)
		return status;
	if (request->object != NULL)
		memory_object_get(request->object);
	mapping_cell_get(request->cell);
	return CAP_OK;
}

enum job_state
space_request_step(struct space_job *job)
{
	spin_lock(&job->space->lock);
	step_locked(job);
	spin_unlock(&job->space->lock);
	return job->phase == SPACE_DONE ? JOB_DONE : JOB_AGAIN;
}

enum cap_status
space_request_run(struct address_space *space, struct space_request *request)
{
	struct space_job job;
	enum cap_status status;

	job_init(&job, space, request);
	spin_lock(&job.space->lock);
	status = begin_locked(&job);
	if (status == CAP_OK) {
		while (job.phase != SPACE_DONE)
			step_locked(&job);
		status = job.status;
	}
	spin_unlock(&job.space->lock);
	return status;
}

void
space_request_give_up(struct space_job *job)
{
	bool can_turn_back = makes_region(job) || job->phase == SPACE_CHECK ||
	    job->request->operation == SPACE_COMMIT;

	/* What takes away or changes pages goes on: half of it would be neither. */
	if (can_turn_back && (job->phase == SPACE_CHECK || job->phase == SPACE_WORK))
		turn_back(job, CAP_ERR_CANCELLED);
}

enum cap_status
space_request_end(struct space_job *job, uaddr_t *address)
{
	KASSERT(job->phase == SPACE_DONE);
	if (address != NULL && job->status == CAP_OK)
		*address = job->request->address;
	if (job->request->object != NULL)
		memory_object_put(job->request->object);
	mapping_cell_put(job->request->cell);
	return job->status;
}
