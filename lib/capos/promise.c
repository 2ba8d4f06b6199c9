/* SPDX-License-Identifier: Apache-2.0 */
/* Promised calls; see promise.h. */
#include "promise.h"

#include "capos.h"

/* Of no answer: ids are not zero. */
#define NO_PROMISE (CAPOS_PROMISE | CAP_PROMISE(0, 0))

/* An id is a place and, so that an old one is not taken for a newer one, a number. */
#define NUMBER_MAX (UINT16_MAX / CAP_ANSWERS_MAX)

_Static_assert(CAP_ANSWERS_MAX <= 8 * sizeof(((struct capos *)0)->answers), "a bit for each");

/* A free place; 0: there is none. */
static uint16_t
answer_take(struct capos_call *call)
{
	struct capos *self = call->target.self;
	uint32_t free = ~(uint32_t)self->answers & ((1U << CAP_ANSWERS_MAX) - 1);
	uint32_t place;

	if (free == 0)
		return 0;
	place = (uint32_t)__builtin_ctz(free);
	self->answers |= (uint16_t)(1U << place);
	self->finished &= (uint16_t)~(1U << place);
	self->named[place] = call;
	self->answer_number = self->answer_number == NUMBER_MAX ? 1 : self->answer_number + 1;
	return (uint16_t)(self->answer_number * CAP_ANSWERS_MAX + place);
}

/* The submission of a call that the kernel has not taken: it does so in an entry, never by itself.
 */
static struct cap_sqe *
queued(const struct capos_call *call)
{
	struct capos *self = call->target.self;
	uint32_t head = __atomic_load_n(&self->ring->sq_head, __ATOMIC_RELAXED);

	for (; head != self->sq_tail; head++) {
		struct cap_sqe *sqe = &self->sq[head & self->sq_mask];

		if (sqe->user_data == (uint64_t)&call->completion)
			return sqe;
	}
	return NULL;
}

static void
name_answer(struct capos_call *call)
{
	struct cap_sqe *sqe = NULL;

	if (call->state == CAPOS_CALL_SENT)
		sqe = queued(call);
	if (call->state != CAPOS_CALL_BUILDING && sqe == NULL)
		return;
	call->answer_id = answer_take(call);
	if (sqe == NULL || call->answer_id == 0)
		return;
	sqe->answer_id = call->answer_id;
	sqe->flags |= call->promise_only ? CAP_SQE_ANSWER_ONLY : 0;
}

struct capos_cap
capos_promised(struct capos_call *call, uint32_t ordinal)
{
	struct capos_cap promised = { call->target.self, NO_PROMISE, 0 };

	if (call->answer_id == 0 && call->state == CAPOS_CALL_DONE)
		return capos_call_result(call, ordinal, promised);
	if (call->answer_id == 0)
		name_answer(call);
	if (call->answer_id != 0 && ordinal < 1U << CAP_PROMISE_ORDINAL_BITS)
		promised.cap_id = (call->promise_once ? CAPOS_PROMISE_MARKS : CAPOS_PROMISE) |
		    CAP_PROMISE(call->answer_id, ordinal);
	return promised;
}

uint64_t
capos_promise_use(struct capos *self, uint64_t cap_id)
{
	if ((cap_id & CAPOS_PROMISE_ONCE) == 0)
		return CAP_SQE_PROMISED << 8;
	self->finished |= (uint16_t)(1U << (cap_id >> CAP_PROMISE_ORDINAL_BITS) % CAP_ANSWERS_MAX);
	return (CAP_SQE_PROMISED | CAP_SQE_LAST) << 8;
}

/* Calls in flight that have to end before one on this target: it depends on them. */
static uint32_t
count_behind(const struct capos *self, uint64_t cap_id)
{
	uint32_t count = 0;

	while (capos_is_promise(cap_id) && count < CAP_ANSWERS_MAX) {
		uint32_t id = (uint32_t)(cap_id >> CAP_PROMISE_ORDINAL_BITS);
		const struct capos_call *call = self->named[id % CAP_ANSWERS_MAX];

		if ((self->answers & 1U << id % CAP_ANSWERS_MAX) == 0 || call->answer_id != id ||
		    call->state != CAPOS_CALL_SENT)
			break;
		count++;
		cap_id = call->target.cap_id;
	}
	return count;
}

enum cap_status
capos_wait_behind(struct capos *self, uint64_t cap_id)
{
	uint32_t wanted = self->unawaited + 1 + count_behind(self, cap_id);
	uint32_t in_flight = capos_in_flight(self);
	int64_t entered = capos_enter(wanted < in_flight ? wanted : in_flight, CAP_DEADLINE_NONE);

	if (entered < 0)
		return (enum cap_status)entered;
	(void)capos_reap(self);
	return CAP_OK;
}

/* It comes behind all calls on its promises: the kernel takes them in order. */
void
capos_answer_end(struct capos_call *call, bool was_sent)
{
	static struct capos_completion finished = { capos_ignore_completion };
	struct capos *self = call->target.self;
	uint16_t id = call->answer_id;
	struct cap_sqe *sqe;

	call->answer_id = 0;
	/* A ring that cannot take it has failed as a whole; the next call says so. */
	if (was_sent && (self->finished & 1U << id % CAP_ANSWERS_MAX) == 0 &&
	    capos_submit(self, &sqe) == CAP_OK) {
		*sqe = (struct cap_sqe){
			.op = CAP_OP_FINISH,
			.flags = CAP_SQE_ANSWER,
			.target = id,
			.user_data = (uint64_t)&finished | CAPOS_UNAWAITED,
		};
		self->unawaited++;
		capos_submitted(self);
	}
	self->answers &= (uint16_t)~(1U << id % CAP_ANSWERS_MAX);
}
