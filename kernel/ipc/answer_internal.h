/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What answer.c and promise.c share. */
#include <stdatomic.h>

#include "ipc/answer.h"
#include "sync/spinlock.h"

enum answer_state {
	ANSWER_PENDING,
	ANSWER_KEPT,
	ANSWER_FAILED,
};

/*
 * A capability that can only be moved is one hold: if the caller's table got it, the answer names
 * it there, and it is gone when the caller moves or releases it.
 */
struct kept_cap {
	struct cap_hold hold; /* object NULL: a named one */
	cap_id_t cap_id;      /* 0: not named */
};

/* Most answers have one; for more than these, memory for as many as there can be is taken. */
#define ANSWER_FEW_CAPS 2

struct answer {
	uint32_t id;			  /* 0: the place is free */
	_Atomic uint8_t state;		  /* [a] enum answer_state; release: what it has is there */
	uint8_t exception_type;		  /* of a failed one */
	uint8_t slots;			  /* charged as LEDGER_CAP_SLOTS */
	uint8_t count;			  /* ordinals */
	uint8_t kept;			  /* of `caps`; not more than there were slots */
	uint8_t place[TRANSFER_CAPS_MAX]; /* by ordinal: in `caps`, from 1; 0: a hole */
	bool is_finished;	     /* guarded by the lock: nobody is interested but dependants */
	bool has_type;		     /* exception_type was set before the end */
	struct list_node dependants; /* guarded by the lock: struct op.link, oldest first */
	struct kept_cap *caps;	     /* `few`, or memory of their own */
	struct kept_cap few[ANSWER_FEW_CAPS];
};

struct answers {
	struct spinlock lock; /* rank LOCK_RANK_ANSWERS */
	struct ring *ring;    /* [I] */
	struct ledger *payer; /* [I] of the process, which outlives the ring */
	struct job job;
	bool is_job_queued; /* [o] */
	struct job wake;    /* on the reap list: see promise_job_bring() */
	bool is_wake_queued;
	struct answer at[CAP_ANSWERS_MAX];
};

static inline uint32_t
answer_place(uint32_t id)
{
	return id % CAP_ANSWERS_MAX;
}

/* The answer that a CALL which is not posted names. */
static inline struct answer *
answer_of(const struct op *call)
{
	return &(*ring_answers(call->ring))->at[answer_place(call->sqe.answer_id)];
}

/* The answer of this id that may be named, or NULL. */
struct answer *answer_find(struct ring *ring, uint64_t id);

/* Nobody is interested, and nothing waits. */
bool answer_is_over_locked(const struct answer *answer);
/* One that is over, and that nobody else frees: its capabilities are dropped. No lock is held. */
void answer_free(struct answers *answers, struct answer *answer);

/* The job of dependants and of answers that are over; promise.c. */
enum job_state promise_step(struct job *job);
enum job_state promise_wake_step(struct job *job);
void promise_job_bring(struct answers *answers);
/* An answer came by a RETURN: no lock is held. */
void promise_splice(struct answers *answers, struct answer *answer);
