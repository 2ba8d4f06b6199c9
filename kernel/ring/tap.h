/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Recording what a ring carries: a record of each submission and of its completion (abi/tap.h),
 * into memory that somebody else reads. The tapped thread never waits: without room a record is
 * dropped, and counted.
 *
 * Who detaches a tap from its ring lets every CPU leave the kernel once before it frees it (grace
 * period): records are written without the ring's lock. Lock: LOCK_RANK_TAP, inside; the space
 * of the process is read under it.
 */
#include <abi/tap.h>

#include "base/types.h"
#include "ring/ring.h"
#include "schema/status.capnp.h"
#include "sync/spinlock.h"

struct address_space;
struct memory_object;

struct tap_op {
	uint64_t call_id; /* 0: this tap saw no op of this index yet */
	uint64_t target;  /* what stood in the submission */
	uint64_t interface_id;
};

struct ring_tap {
	struct spinlock lock;
	struct memory_object *memory; /* [I] its owner's reference */
	uint32_t slot_bytes;	      /* [I] */
	uint32_t slot_count;	      /* [I] */
	uint32_t payload_max;	      /* [I] */
	uint32_t pid;		      /* [I] from the attachment on, as space */
	struct address_space *space;
	uint64_t tail GUARDED_BY(&lock);
	uint64_t head GUARDED_BY(&lock); /* the last that was believed */
	uint64_t dropped GUARDED_BY(&lock);
	uint64_t call_ids GUARDED_BY(&lock);
	/*
	 * By index of the op: written before the op runs, when only its thread knows of it; read by
	 * whoever ends it, while nobody can have another op of this index.
	 */
	struct tap_op ops[RING_OPS_MAX];
	/* A record was written or dropped. Called with locks held: may queue a job, no more. */
	void (*arrived)(struct ring_tap *tap);
};

/*
 * Lay the memory out: header and at least one slot. CAP_ERR_INVALID_ARGUMENT for a payload_max that
 * is no multiple of 8 or above CAP_TAP_PAYLOAD_MAX, and for memory without room.
 */
struct ring_tap_request {
	struct memory_object *memory;
	uint32_t payload_max;
	void (*arrived)(struct ring_tap *tap);
};
MUST_CHECK enum cap_status
ring_tap_init(struct ring_tap *tap, const struct ring_tap_request *request);

struct ring_tap_counts {
	uint64_t records;
	uint64_t dropped;
};
struct ring_tap_counts ring_tap_counts(struct ring_tap *tap);

/*
 * The ring's thread has submitted `op`, which is about to run. `interface_id`: of the hold that its
 * target names, or 0. No lock is held.
 */
void ring_tap_submitted(struct ring_tap *tap, struct op *op, uint64_t interface_id);
/*
 * `op`, claimed, ends with this result, which its process cannot see yet. Nothing, if it was
 * another tap that was told of its submission. Locks of lower ranks than LOCK_RANK_TAP may be held.
 */
void ring_tap_completed(struct ring_tap *tap, const struct op *op, const struct op_result *result);
