/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The lower half of one process: page tables and the regions that say what each range is. The upper
 * half is the kernel's and the same for everyone. Work that grows with a user's number is done by
 * jobs (mm/job.h) in steps of at most 64 entries or 16 KiB.
 */
#include "arch/page_table.h"
#include "mm/job.h"
#include "mm/ledger.h"
#include "sync/spinlock.h"

struct address_space;
struct memory_object;
/*
 * Why a process may map what it maps: opaque here, and cap/'s. What it has mapped by a grant that
 * was revoked is taken away again.
 */
struct grant_cell;
struct grant_cell_hooks {
	void (*get)(struct grant_cell *cell);
	void (*put)(struct grant_cell *cell);
	bool (*is_live)(const struct grant_cell *cell);
};
void address_space_cells_set(const struct grant_cell_hooks *hooks);

/* An empty one, its root table included; everything in it is charged to `payer`, which outlives it.
 */
void address_space_module_init(void);
MUST_CHECK enum cap_status address_space_create(struct ledger *payer, struct address_space **out);
paddr_t address_space_root(const struct address_space *space);
struct spinlock *address_space_lock(struct address_space *space);

/*
 * Set-up of the fixed pages (ring, CapSet, stack, TLS) by proc/: zeroed committed pages in a region
 * that VirtualMemory cannot touch if `pinned`. `frames` (may be NULL) receives their addresses. Has
 * windows: the caller holds no lock.
 */
struct address_space_fixed {
	uaddr_t address;
	uint32_t page_count;
	enum page_access access;
	bool pinned;
};
MUST_CHECK enum cap_status address_space_map_fixed(
    struct address_space *space, const struct address_space_fixed *range, paddr_t *frames);

/* Operations of VirtualMemory and MemoryObject. */
enum space_operation {
	SPACE_MAP_ANONYMOUS, /* reserve + commit */
	SPACE_RESERVE,
	SPACE_COMMIT,
	SPACE_DECOMMIT,
	SPACE_UNMAP,
	SPACE_PROTECT,
	SPACE_MAP_OBJECT, /* share pages of `object` */
	SPACE_MAP_COPY,	  /* private pages: `copy_bytes` bytes from `object` at `offset`, then zeros
			   */
	SPACE_UNMAP_OBJECT, /* only ranges that map `object` */
	SPACE_PROTECT_OBJECT,
};

struct space_request {
	enum space_operation operation;
	enum page_access access;
	uaddr_t address; /* or hint; result: where it is */
	uint64_t bytes;
	struct memory_object *object;
	uint64_t offset;
	uint64_t copy_bytes;
	struct grant_cell *cell; /* of the hold on `object`; NULL: none */
};

/*
 * space_request_begin checks the request, which stays until the end, and reserves addresses, or
 * returns the refusal with nothing changed. Then space_request_step is called until it does not
 * return JOB_AGAIN: each does at most JOB_STEP_ENTRIES entries or JOB_STEP_BYTES. A step that meets
 * a refusal or a shortage undoes the request in further steps. The job belongs to whoever began it,
 * and must end before the space does.
 */
enum space_phase {
	SPACE_CHECK,
	SPACE_WORK,
	SPACE_UNDO,
	SPACE_DONE,
};

/* In storage of the caller's, so that nothing is short once a request has begun; the fields are
 * space_request.c's. */
struct space_job {
	struct address_space *space;
	struct space_request *request; /* the caller's; begun, a reference to its object and cell */
	struct region *region;	       /* that the request made */
	uint64_t done;		       /* bytes of this phase */
	enum space_phase phase;
	enum cap_status status;
};
MUST_CHECK enum cap_status space_request_begin(
    struct space_job *job, struct address_space *space, struct space_request *request);
/*
 * All of it at once, in one locked section: for at most SPACE_RUN_BYTES_MAX, whose phases together
 * are no more than one step may be. request->address says where. The caller keeps the request's
 * object.
 */
#define SPACE_RUN_BYTES_MAX JOB_STEP_BYTES
MUST_CHECK enum cap_status
space_request_run(struct address_space *space, struct space_request *request);
enum job_state space_request_step(struct space_job *job);
/* Nobody waits for it any more: what maps or commits is undone, anything else is finished. Steps go
 * on. */
void space_request_give_up(struct space_job *job);
/* After JOB_DONE: status and address; the job holds nothing any more. */
MUST_CHECK enum cap_status space_request_end(struct space_job *job, uaddr_t *address);

/*
 * Take away what revoked grants have mapped, from address *cursor on, at the price of at most
 * `entries` regions looked at and pages unmapped: what is left of them. *cursor is where to go on;
 * UINT64_MAX: nothing is left. A request that is at work on its region ends by itself, before its
 * process runs again.
 */
uint32_t address_space_sweep(struct address_space *space, uaddr_t *cursor, uint32_t entries);

/* Teardown in steps: everything mapped, kept and reserved goes back, then the tables, then the
 * space itself. */
enum job_state address_space_destroy_step(struct address_space *space);
