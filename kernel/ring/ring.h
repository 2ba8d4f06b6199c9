/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The kernel's side of one thread's ring: taking submissions, posting completions. The region is
 * pinned and reached through the direct map. Only sq_tail, cq_head and submissions are read from
 * it.
 */
#include "base/annotate.h"
#include "ring/op.h"
#include "sync/spinlock.h"

struct thread;

enum ring_take {
	RING_TAKEN,
	RING_CALL,    /* the same: a CALL whose `flags` are zero */
	RING_DONE,    /* it was a NOP, and has ended */
	RING_RETURN,  /* one of the usual shape: struct ring_bare */
	RING_TURN,    /* a RETURN whose flag is CAP_SQE_RECEIVE */
	RING_SIGNAL,  /* as RING_RETURN */
	RING_RELEASE, /* the same */
	RING_FULL,    /* no free op: nothing was fetched */
};

/*
 * A RETURN, SIGNAL or RELEASE that has no bit besides these: no flags, capabilities, result buffer,
 * deadline. Most end where they are run, and need an op only so that the queue cannot overflow. Its
 * words are the one copy of what the process wrote. It goes by value: it has no place in memory but
 * on the paths that are not usual.
 */
struct ring_bare {
	uint64_t target;
	uint64_t user_data;
	uint64_t addr;
	uint32_t len;	/* of a RETURN; else 0 */
	uint8_t opcode; /* enum cap_op */
	uint8_t index;	/* of its op, which has no record */
};

/*
 * `region` is the direct-mapped, zeroed, pinned memory of the ring at user address `address`. Sizes
 * are powers of two; completions: at most RING_OPS_MAX. Everything is charged to `payer`, which
 * outlives the ring.
 */
#define RING_OPS_MAX 32
struct ring_request {
	struct thread *thread;
	struct ledger *payer;
	void *region;
	uaddr_t address;
	uint32_t region_bytes;
	uint32_t sq_entries;
	uint32_t cq_entries;
};

/* Once, at start: the pools, and the functions of later modules. */
struct ring_hooks {
	/* The deadline of a pending op has passed. Called with no lock held. */
	void (*op_expired)(struct op *op);
	/* A CALL that names its answer was claimed and ends with this: its completion comes next.
	 */
	void (*op_answered)(struct op *op, int32_t result);
	/* An OP_CELLED op was claimed and ends: the reference to its cell goes. */
	void (*op_cell_drop)(struct op *op);
};
void ring_init(const struct ring_hooks *hooks);
/*
 * The wait of ring_wait_begin() is over: sched/ has it, so that a wake is part of its completion.
 * Called with the ring's lock held. `hands_over`: see op_complete_and_hand_over().
 */
void ring_wait_over(struct thread *thread, uint32_t unread, bool hands_over);

MUST_CHECK enum cap_status ring_create(const struct ring_request *request, struct ring **out);
void ring_destroy(struct ring *ring); /* every op has ended */

struct thread *ring_thread(const struct ring *ring);

/*
 * Read both indexes: completions that were reaped give their ops back. False: one is forged
 * (ring_is_refused), or the ring is tapped; of a forged sq_tail nothing is taken, and the kernel's
 * head is that value now.
 */
bool ring_refresh(struct ring *ring);
/*
 * A tap (ring/tap.h) that records what the ring carries from the thread's next entry on; NULL: none
 * any more. Of a tapped ring ring_refresh() is false whenever something was submitted, so that
 * nobody else pays for taps. Lock: LOCK_RANK_RING, inside.
 */
struct ring_tap;
void ring_tap_set(struct ring *ring, struct ring_tap *tap);
/* NULL: none. Valid until this CPU leaves the kernel. */
struct ring_tap *ring_tapped(const struct ring *ring);
/* Behind a ring_refresh() that said false: an index is forged; else submissions are ready. */
bool ring_is_refused(const struct ring *ring);
/* Submissions that are ready, as of the last ring_refresh. */
uint32_t ring_ready(const struct ring *ring);
/*
 * Claim an op and copy the next submission, which is ready, out of shared memory, once: into `*op`
 * for RING_TAKEN, RING_CALL and RING_TURN, into `*bare` for RING_RETURN, RING_SIGNAL and
 * RING_RELEASE.
 */
enum ring_take ring_take(struct ring *ring, struct op **op, struct ring_bare *bare);
/* Before another is taken: its completion, with result 0; or its op, for the general way. */
void ring_bare_end(struct ring *ring, struct ring_bare bare);
struct op *ring_bare_op(struct ring *ring, struct ring_bare bare);
/* The same for a tapped ring: a NOP gets an op, too. RING_TAKEN or RING_FULL. */
enum ring_take ring_take_tapped(struct ring *ring, struct op **op);
/* Completions that are posted and not reaped, as of the last ring_refresh. */
uint32_t ring_unread(const struct ring *ring);
uint32_t ring_cq_entries(const struct ring *ring);
/* Ops in flight: neither free nor posted. */
uint32_t ring_in_flight(const struct ring *ring);
/* Of all that were taken, those whose completions are not reaped: unread or in flight. */
uint32_t ring_outstanding(const struct ring *ring);

/*
 * Wait until `count` completions are unread: returns the number if they are, else 0, and
 * ring_wait_over() is called once, later. ring_wait_end: end the wait early; false if it is over
 * already.
 */
uint32_t ring_wait_begin(struct ring *ring, uint32_t count);
bool ring_wait_end(struct ring *ring);

/* The index-th op, for whoever ends them all. */
struct op *ring_op(struct ring *ring, uint32_t index);
uaddr_t ring_address(const struct ring *ring);
/* Answers that its CALLs name: ipc/answer.h; NULL until the first. Changed by the owner thread. */
struct answers;
struct answers **ring_answers(struct ring *ring);
/*
 * Deliveries in a row that failed on a buffer of this ring; guarded by the endpoint that delivers.
 */
uint32_t *ring_strikes(struct ring *ring);

/*
 * Deadlines of ops. Set before the op is dispatched (memory for them is taken at the first one),
 * armed behind it, if it is still pending.
 */
MUST_CHECK enum cap_status op_deadline_set(struct op *op, uint64_t when_ns);
void op_deadline_arm(struct op *op);
/* Disarm it for a while, for whoever works on a pending op; op_deadline_arm() follows. */
void op_deadline_pause(struct op *op);
/* UINT64_MAX: none; a submission says so by zero, too. */
static inline uint64_t
op_deadline_ns(const struct op *op)
{
	return op->sqe.deadline_ns == 0 ? UINT64_MAX : op->sqe.deadline_ns;
}

/* The answer of a turn is given: from here on the op is its RECV. */
static inline void
op_turn_receives(struct op *op)
{
	op->sqe.op = CAP_OP_RECV;
	op->sqe.flags = 0;
	op->sqe.method = 0;
	op->sqe.target = op->sqe.receive_from;
	op->sqe.addr = 0;
	op->sqe.len = 0;
	op->sqe.xfer_count = 0;
	op->sqe.deadline_ns = 0;
}

/* The one end of an op: true for the one caller that may complete it. */
bool op_claim_end(struct op *op);

struct op_result {
	int32_t result;
	uint16_t cap_count;
	union {
		cap_id_t cap_id; /* of the first capability */
		uint64_t bits;	 /* of a WAIT */
	};
	uint64_t interface_id;
};
/*
 * After op_claim_end: write the completion, wake the thread if it waits for it. Lock:
 * LOCK_RANK_RING, inside.
 */
void op_complete(struct op *op, const struct op_result *result);
/*
 * The same, and whoever it wakes runs next, in the rest of this slice, if the entry ends with its
 * caller blocked.
 */
void op_complete_and_hand_over(struct op *op, const struct op_result *result);
/* The same for an op without extras. */
void op_complete_untimed(struct op *op, const struct op_result *result);
void op_complete_status(struct op *op, int32_t result);

/*
 * The kernel's pointer to a user range that lies wholly in the ring's region (no walk, no lock), or
 * NULL. The bytes stay shared with the process: copy once.
 */
void *ring_pinned(const struct ring *ring, uaddr_t address, size_t bytes);
/* The same for whole, aligned words. */
uint64_t *ring_pinned_words(const struct ring *ring, uaddr_t address, uint32_t word_count);
