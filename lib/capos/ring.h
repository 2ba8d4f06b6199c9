/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The thread's side of its capability ring. Submissions are queued here and reach the kernel at the
 * next entry; completions are handed to whoever submitted. Programs use calls (call.h) and the
 * serve loop; only lib/capos and lib/service include this.
 */
#include <abi/capset.h>
#include <abi/ring.h>
#include <stdbool.h>

#include "status.h"

struct capos;
struct capos_call;

/* What a submission's user_data points to: it hears of its completion, once. The entry stands in
 * the ring: it is to be read before anything is submitted. */
struct capos_completion {
	void (*done)(struct capos_completion *completion, const struct cap_cqe *cqe);
};

/* Memory for a message and its answer. Those of scalars and the medium one stand in the ring's
 * message area, where the kernel needs no page walk. */
struct capos_block {
	struct capos_block *next;
	uint8_t *params;
	uint8_t
	    *results; /* of a scalar one the same memory: the kernel has read before it writes */
	uint32_t param_bytes;
	uint32_t result_bytes;
	uint8_t kind; /* enum capos_block_kind */
};

enum capos_block_kind {
	CAPOS_BLOCK_SCALAR, /* scalars: flat_call.h */
	CAPOS_BLOCK_SMALL,  /* scalars and a few capabilities */
	CAPOS_BLOCK_MEDIUM, /* some text: there is one */
	CAPOS_BLOCK_LARGE,  /* as many as the program declares: CAPOS_LARGE_MESSAGES */
	CAPOS_BLOCK_KINDS,
};

#define CAPOS_SCALAR_BYTES 48
#define CAPOS_SCALAR_COUNT 16
#define CAPOS_SMALL_PARAM_BYTES 48
#define CAPOS_SMALL_RESULT_BYTES 64
#define CAPOS_SMALL_COUNT 16
#define CAPOS_MEDIUM_PARAM_BYTES 512
#define CAPOS_LARGE_PARAM_BYTES 4352
#define CAPOS_LARGE_RESULT_BYTES 4352

struct capos {
	struct cap_ring *ring;
	struct cap_sqe *sq;
	struct cap_cqe *cq;
	uint32_t sq_mask;
	uint32_t cq_mask;
	uint32_t sq_tail;
	uint32_t cq_head;
	uint32_t room;	    /* submissions that can be queued without a look at the ring */
	uint32_t even;	    /* sq_tail - cq_head when nothing is in flight: see capos_in_flight() */
	uint32_t unawaited; /* of these: nobody waits for them (capos_unawaited) */
	uint32_t pid;
	uint16_t answers;		    /* places of answers that calls have: promise.h */
	uint16_t finished;		    /* of these: a call on them was sent as their last */
	uint16_t answer_number;		    /* of the last one */
	const struct capset_header *capset; /* NULL: no capabilities */
	struct capos_block *free_blocks[CAPOS_BLOCK_KINDS];
	/* Of a RELEASE or a signal that nobody waited for: the first failure since the last flush.
	 */
	enum cap_status release_status;
	struct capos_call *named[CAP_ANSWERS_MAX]; /* whose answers those are */
};

/* One system call; on the host a test gives its own kernel. */
int64_t capos_enter(uint32_t min_complete, uint64_t deadline_ns);

/* Submitted and not reaped: each submission has one completion. */
static inline uint32_t
capos_in_flight(const struct capos *self)
{
	return self->sq_tail - self->cq_head - self->even;
}

/* There seems to be no room: look, and enter the kernel until there is. */
MUST_CHECK enum cap_status capos_make_room(struct capos *self);

/* Room for one submission is taken. */
MUST_CHECK static inline enum cap_status
capos_take_room(struct capos *self)
{
	if (__builtin_expect(self->room == 0, 0))
		CAPOS_TRY(capos_make_room(self));
	self->room--;
	return CAP_OK;
}

/*
 * A submission to be filled in, all of it: it holds what an earlier one left. Enters the kernel if
 * the queue is full, or all ops are in flight. CAP_ERR_RING_CORRUPT: the ring was written by
 * someone else. capos_submitted() follows, and nothing between that can fail.
 */
MUST_CHECK static inline enum cap_status
capos_submit(struct capos *self, struct cap_sqe **out)
{
	CAPOS_TRY(capos_take_room(self));
	*out = &self->sq[self->sq_tail & self->sq_mask];
	return CAP_OK;
}

/* A capability id that is a promise: the rest is what CAP_PROMISE() makes. */
#define CAPOS_PROMISE (UINT64_C(1) << 63)
#define CAPOS_PROMISE_ONCE (UINT64_C(1) << 62) /* for one call: it finishes the answer */
#define CAPOS_PROMISE_MARKS (CAPOS_PROMISE | CAPOS_PROMISE_ONCE)

static inline bool
capos_is_promise(uint64_t cap_id)
{
	return cap_id >= CAPOS_PROMISE;
}

/* A promise becomes the target of a call that is submitted next: its flags, in the first word. */
uint64_t capos_promise_use(struct capos *self, uint64_t cap_id);

/* A submission, word by word, for the hot paths. */
struct capos_sqe_words {
	uint64_t head; /* op, flags << 8, method << 16 */
	uint64_t target;
	uint64_t user_data;
	uint64_t addr;
	uint64_t result_addr;
	uint64_t lengths; /* len, result_len << 32 */
	uint64_t caps;	  /* xfer_count << 32, cap_max << 40 */
	uint64_t deadline_ns;
};
_Static_assert(CAPOS_SMALL_PARAM_BYTES >= CAPOS_SCALAR_BYTES, "a larger block may stand in");
_Static_assert(sizeof(struct capos_sqe_words) == sizeof(struct cap_sqe) &&
	offsetof(struct cap_sqe, flags) == 1 && offsetof(struct cap_sqe, method) == 2 &&
	offsetof(struct cap_sqe, result_len) == 44 && offsetof(struct cap_sqe, xfer_count) == 52 &&
	offsetof(struct cap_sqe, cap_max) == 53,
    "words of a submission");

static inline void
capos_fill(struct cap_sqe *sqe, struct capos_sqe_words words)
{
	__builtin_memcpy(sqe, &words, sizeof(words));
}

/* Nobody waits for what carries this in its user_data, and it ends as soon as the kernel takes it:
 * it does not end a wait for something else. It is the lowest bit, which no pointer has;
 * self->unawaited counts them. */
#define CAPOS_UNAWAITED UINT64_C(1)

/* The submission is complete. */
static inline void
capos_submitted(struct capos *self)
{
	self->sq_tail++;
	/* Pairs with the kernel's acquire load in ring_take(): the submission is seen whole. */
	__atomic_store_n(&self->ring->sq_tail, self->sq_tail, __ATOMIC_RELEASE);
}

/* A submission for which there is room. */
static inline void
capos_queue(struct capos *self, struct capos_sqe_words words)
{
	struct cap_ring *ring = self->ring;
	uint32_t tail = self->sq_tail;

	self->sq_tail = tail + 1;
	capos_fill(&self->sq[tail & self->sq_mask], words);
	/* As in capos_submitted(). */
	__atomic_store_n(&ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
}

/* A completion without a callback: its failure is kept for capos_release_flush(). */
static inline void
capos_note_unawaited(struct capos *self, const struct cap_cqe *cqe)
{
	if (cqe->result < 0 && self->release_status == CAP_OK)
		self->release_status = (enum cap_status)cqe->result;
}

/* The oldest completion that is not reaped; there is one. */
static inline const struct cap_cqe *
capos_next_completion(const struct capos *self)
{
	return &self->cq[self->cq_head & self->cq_mask];
}

/* For who knows what came, completion by completion, and tells the kernel at the end that they are
 * reaped: one that was unawaited is passed. */
static inline void
capos_pass_unawaited(struct capos *self)
{
	self->unawaited--;
	self->cq_head++;
}

/* The same for one that nobody hears of; false: it is another one, and stays. */
static inline bool
capos_pass_unheard(struct capos *self)
{
	const struct cap_cqe *cqe = capos_next_completion(self);

	if (cqe->user_data != CAPOS_UNAWAITED)
		return false;
	capos_note_unawaited(self, cqe);
	capos_pass_unawaited(self);
	return true;
}

/* What was passed is reaped. */
static inline void
capos_passed(struct capos *self)
{
	__atomic_store_n(&self->ring->cq_head, self->cq_head, __ATOMIC_RELEASE);
}

/* Hand out every completion that is there; returns how many. */
static inline uint32_t
capos_reap(struct capos *self)
{
	/* Pairs with the kernel's release store in op_complete(): the completion is seen whole. */
	uint32_t tail = __atomic_load_n(&self->ring->cq_tail, __ATOMIC_ACQUIRE);
	uint32_t count = 0;

	/* What a completion sets off may wait and reap in turn: then the head is past this tail
	 * already. */
	while ((int32_t)(tail - self->cq_head) > 0) {
		const struct cap_cqe *cqe = &self->cq[self->cq_head & self->cq_mask];
		uint64_t user_data = cqe->user_data;
		struct capos_completion *completion =
		    (struct capos_completion *)(user_data & ~CAPOS_UNAWAITED);

		if (user_data & CAPOS_UNAWAITED)
			self->unawaited--;
		count++;
		/* The place is used again only by an entry; the callback may submit, which needs
		 * the op: reap before it. */
		__atomic_store_n(&self->ring->cq_head, ++self->cq_head, __ATOMIC_RELEASE);
		if (completion != NULL)
			completion->done(completion, cqe);
		else
			capos_note_unawaited(self, cqe);
	}
	return count;
}

/* Enter with what is queued, wait for one completion at least that is not unawaited (if any is in
 * flight), hand out. */
MUST_CHECK static inline enum cap_status
capos_wait_any(struct capos *self, uint64_t deadline_ns)
{
	uint32_t wanted = self->unawaited + 1;
	int64_t entered;

	/* With nothing else in flight, those are what can be waited for. */
	if (__builtin_expect(wanted > capos_in_flight(self), 0) && wanted != 1)
		wanted--;
	entered = capos_enter(wanted, deadline_ns);
	if (entered < 0)
		return (enum cap_status)entered;
	return capos_reap(self) != 0 ? CAP_OK : CAP_ERR_TIMED_OUT;
}

/*
 * For a call on this target, which cannot end before what it was promised by: the same, in one
 * entry for all of them.
 */
MUST_CHECK enum cap_status capos_wait_behind(struct capos *self, uint64_t cap_id);

/* For what nobody listens to. */
void capos_ignore_completion(struct capos_completion *completion, const struct cap_cqe *cqe);

/* Queue the cancellation of what is in flight; its own completion still comes. */
MUST_CHECK enum cap_status capos_finish(struct capos *self, struct capos_completion *completion);

/* A larger block, since none of this kind is free. */
struct capos_block *capos_block_take_larger(struct capos *self, enum capos_block_kind kind);

/*
 * A block of this kind, or a larger one; for a LARGE one at least the MEDIUM one. NULL: none is
 * free.
 */
static inline struct capos_block *
capos_block_take(struct capos *self, enum capos_block_kind kind)
{
	struct capos_block *block = self->free_blocks[kind];

	if (__builtin_expect(block == NULL, 0))
		return capos_block_take_larger(self, kind);
	self->free_blocks[kind] = block->next;
	return block;
}

static inline void
capos_block_give(struct capos *self, struct capos_block *block)
{
	block->next = self->free_blocks[block->kind];
	self->free_blocks[block->kind] = block;
}

/* For programs that used the ring behind the client's back (tests): read the indexes again. Nothing
 * is in flight. */
void capos_ring_resync(struct capos *self);

/* Called by start.c, once. */
void capos_ring_init(struct capos *self, struct cap_ring *ring);

/* A program that sends or receives more than a few hundred bytes says how many such messages are
 * open at once. */
struct capos_large_messages {
	struct capos_block *blocks;
	uint8_t *memory;
	uint32_t count;
};
extern const struct capos_large_messages capos_large_messages;

#define CAPOS_LARGE_MESSAGES(message_count)                                                        \
	static struct capos_block capos_large_blocks[message_count];                               \
	static _Alignas(16) uint8_t capos_large_memory[(message_count) *                           \
	    (CAPOS_LARGE_PARAM_BYTES + CAPOS_LARGE_RESULT_BYTES)];                                 \
	const struct capos_large_messages capos_large_messages = { capos_large_blocks,             \
		capos_large_memory, message_count }
