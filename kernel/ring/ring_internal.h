/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What ring.c and op_deadline.c share. */
#include "mm/pool.h"
#include "ring/ring.h"
#include "time/deadline.h"

struct op_deadline {
	struct deadline deadline;
	struct op *op;
};

struct ring_deadlines {
	struct op_deadline items[RING_OPS_MAX];
};

struct ring {
	struct cap_ring *shared; /* [I] */
	struct cap_sqe *sq;	 /* [I] */
	struct cap_cqe *cq;	 /* [I] */
	struct thread *thread;	 /* [I] */
	uint32_t sq_mask;	 /* [I] */
	uint32_t cq_mask;	 /* [I] */
	uint32_t sq_head;	 /* [o] of the thread: the next submission to take */
	uint32_t sq_tail;	 /* [o] as of the last refresh */
	uint32_t skipped;	 /* [o] of sq_head: behind a forged tail, never taken */
	uint32_t cq_head;	 /* [o] the last valid one that the process wrote */
	uint32_t free_ops;	 /* [o] bit per op */
	uint32_t strikes;
	struct spinlock lock;		  /* rank LOCK_RANK_RING: completion side */
	uint32_t cq_tail;		  /* guarded by lock; read by the owner */
	uint32_t wait_count;		  /* guarded by lock; 0: nobody waits */
	struct ring_deadlines *deadlines; /* [o] NULL until the first deadline */
	struct answers *answers;	  /* [o] NULL until the first answer id */
	struct ledger *payer;		  /* [I] */
	uaddr_t address;		  /* [I] */
	uint32_t region_bytes;		  /* [I] */
	uint32_t sq_ready_max; /* [a] submissions; of a tapped ring 0: ready ones stand out */
	struct ring_tap *tap;  /* [a] changed with the lock held; NULL: not tapped */
	bool is_refused;       /* [o] why the last refresh was false: an index was forged */
	uint8_t posted[RING_OPS_MAX]; /* guarded by lock: op of each completion */
	struct op ops[RING_OPS_MAX];
};

/* Called with no lock held: what ring_init() was given. */
void ring_op_expired(struct op *op);

void op_deadlines_init(void);
void op_deadlines_free(struct ring *ring);
/* A timed op was claimed and ends: nothing of it is armed any more. */
void op_deadline_drop(struct op *op);
