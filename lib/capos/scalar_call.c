/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of scalars; see scalar_call.h. */
#include "scalar_call.h"

#include "capos.h"

static void
on_completed(struct capos_completion *completion, const struct cap_cqe *cqe)
{
	struct capos_scalar_call *call = (struct capos_scalar_call *)completion;

	call->result = cqe->result;
	call->state = CAPOS_CALL_DONE;
}

static inline void
fill_submission(
    struct cap_sqe *sqe, struct capos_scalar_call *call, struct capos_scalar_target target)
{
	/* Parameters and results in one place: the kernel has read before it writes. */
	uint64_t message = (uint64_t)call->block->params;

	call->completion.done = on_completed;
	call->state = CAPOS_CALL_SENT;
	capos_fill(sqe,
	    (struct capos_sqe_words){
		CAP_OP_CALL | (uint64_t)target.method << 16,
		target.cap_id,
		(uint64_t)&call->completion,
		message,
		message,
		capnp_scalar_bytes(target.data_words) | (uint64_t)CAPOS_SCALAR_BYTES << 32,
		0,
		0,
	    });
}

/* There is room in the queue. */
static inline void
queue(struct capos_scalar_call *call, struct capos_scalar_target target)
{
	struct capos *self = call->self;
	struct cap_ring *ring = self->ring;
	uint32_t tail = self->sq_tail;

	self->sq_tail = tail + 1;
	fill_submission(&self->sq[tail & self->sq_mask], call, target);
	/* Pairs with the kernel's acquire load in ring_refresh(): the submission is seen whole. */
	__atomic_store_n(&ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
}

/* The queue is full, or all ops are in flight. */
static __attribute__((noinline)) enum cap_status
send_into_full(struct capos_scalar_call *call, struct capos_scalar_target target)
{
	enum cap_status status = capos_make_room(call->self);

	if (status != CAP_OK) {
		capos_scalar_end(call);
		return status;
	}
	call->self->room--;
	queue(call, target);
	return CAP_OK;
}

enum cap_status
capos_scalar_send(struct capos_scalar_call *call, struct capos_scalar_target target)
{
	if (call->block == NULL)
		return CAP_ERR_NO_MEMORY;
	if (__builtin_expect(call->self->room == 0, 0))
		return send_into_full(call, target);
	call->self->room--;
	queue(call, target);
	return CAP_OK;
}

void
capos_scalar_wait(struct capos_scalar_call *call)
{
	while (call->state == CAPOS_CALL_SENT)
		if (capos_wait_any(call->self, CAP_DEADLINE_NONE) != CAP_OK)
			capos_exit(CAPOS_EXIT_PANIC);
}

/* Others are in flight, or there is no block. */
static __attribute__((noinline)) enum cap_status
run_among_others(struct capos_scalar_call *call, struct capos_scalar_target target)
{
	CAPOS_TRY(capos_scalar_send(call, target));
	capos_scalar_wait(call);
	return CAP_OK;
}

/* The usual call: nothing else is in flight, so that its completion is the only one that comes. */
enum cap_status
capos_scalar_run(struct capos_scalar_call *call, struct capos_scalar_target target)
{
	struct capos *self = call->self;
	const struct cap_cqe *cqe = &self->cq[self->cq_head & self->cq_mask];

	if (__builtin_expect(capos_in_flight(self) != 0 || call->block == NULL, 0))
		return run_among_others(call, target);
	queue(call, target);
	/* The kernel's entry orders what it wrote before what is read here. */
	if (__builtin_expect(capos_enter(1, CAP_DEADLINE_NONE) != 1, 0)) {
		capos_scalar_wait(call);
		return CAP_OK;
	}
	call->result = cqe->result;
	__atomic_store_n(&self->ring->cq_head, ++self->cq_head, __ATOMIC_RELEASE);
	return CAP_OK;
}

/* A view of scalars, which outlives its reader. */
static enum cap_status
open_encoded(const struct capos_scalar_call *call, struct capnp_struct *out)
{
	struct capnp_reader reader;

	if (capnp_reader_init(&reader, call->block->params, (size_t)call->result) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	*out = capnp_reader_root(&reader);
	out->reader = NULL;
	return capnp_reader_error(&reader) == CAPNP_OK ? CAP_OK : CAP_ERR_MALFORMED_MESSAGE;
}

enum cap_status
capos_scalar_open_other(const struct capos_scalar_call *call, struct capnp_struct *out)
{
	if (call->result >= 0)
		return open_encoded(call, out);
	/* Its reason is not kept, whole or not. */
	if (call->result == CAP_ERR_APPLICATION_EXCEPTION_TRUNCATED)
		return CAP_ERR_APPLICATION_EXCEPTION;
	return (enum cap_status)call->result;
}
