/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The kernel's side of one thread's ring: taking submissions, posting completions. The region is pinned and reached
 * through the direct map. Only sq_tail, cq_head and submissions are read from it.
 */
#include "base/annotate.h"
#include "ring/op.h"
#include "sync/spinlock.h"

struct thread;

enum ring_take {
	RING_TAKEN,
	RING_EMPTY,
	RING_FULL,    /* no free op: nothing was fetched */
	RING_CORRUPT, /* a forged sq_tail: nothing was taken, the kernel's head is the forged value now */
};

struct ring_geometry {
	uint32_t sq_entries;
	uint32_t cq_entries;
	uint32_t region_bytes;
};

/* `region` is the direct-mapped, zeroed, pinned memory of the ring at user address `address`. */
MUST_CHECK enum cap_status ring_create(struct thread *thread, void *region, uaddr_t address,
    const struct ring_geometry *geometry, struct ring **out);
void ring_destroy(struct ring *ring); /* every op has ended */

struct thread *ring_thread(const struct ring *ring);

/* Claim an op and copy the next submission out of shared memory, once. */
enum ring_take ring_take(struct ring *ring, struct op **op, struct cap_sqe *sqe);
/* Read cq_head: reaped ops become free. False: forged; the last valid value stays in force. */
bool ring_reap(struct ring *ring);
/* Completions that are posted and not reaped, as of the last ring_reap. */
uint32_t ring_unread(const struct ring *ring);
uint32_t ring_cq_entries(const struct ring *ring);
/* Ops in flight: neither free nor posted. */
uint32_t ring_in_flight(const struct ring *ring);

/* The one end of an op: true for the one caller that may complete it. */
bool op_claim_end(struct op *op);

struct op_result {
	int32_t	 result;
	uint16_t cap_count;
	cap_id_t cap_id; /* of the first capability */
	uint64_t interface_id;
};
/* After op_claim_end: write the completion, wake the thread if it waits for it. Lock: LOCK_RANK_RING, inside. */
void op_complete(struct op *op, const struct op_result *result);
void op_complete_status(struct op *op, int32_t result);

/*
 * The kernel's pointer to a user range that lies wholly in the ring's region (no walk, no lock), or NULL. The bytes stay
 * shared with the process: copy once.
 */
void *ring_pinned(const struct ring *ring, uaddr_t address, size_t bytes);
