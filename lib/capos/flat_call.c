/* SPDX-License-Identifier: Apache-2.0 */
/* Calls with flat messages; see flat_call.h. */
#include "flat_call.h"

#include "capos.h"

/* Where a call without a block goes: no room, and something in flight for ever. */
static struct capos nowhere = { .even = 1 };

struct capnp_struct_builder
capos_flat_begin_failed(struct capos_flat_call *call, enum cap_status status)
{
	if (call->block != NULL)
		capos_flat_end(call);
	/* It has no room for anything, so that sending looks at the block only then. */
	call->self = &nowhere;
	call->block = NULL;
	call->result = status;
	return (struct capnp_struct_builder){ 0 };
}

static void
on_completed(struct capos_completion *completion, const struct cap_cqe *cqe)
{
	struct capos_flat_call *call = (struct capos_flat_call *)completion;

	call->result = cqe->result;
	call->state = CAPOS_CALL_DONE;
}

/* There is room in the queue. */
static inline void
queue(struct capos_flat_call *call, uint64_t cap_id, uint64_t head, uint64_t lengths, uint64_t caps)
{
	const struct capos_block *block = call->block;

	call->completion.done = on_completed;
	call->state = CAPOS_CALL_SENT;
	capos_queue(call->self,
	    (struct capos_sqe_words){
		head,
		cap_id,
		(uint64_t)&call->completion,
		(uint64_t)block->params,
		(uint64_t)block->results,
		lengths,
		caps,
		0,
	    });
}

/* The queue is full, all ops are in flight, or there is no block: the room that was taken is none.
 */
static __attribute__((noinline)) enum cap_status
send_into_full(
    struct capos_flat_call *call, uint64_t cap_id, uint64_t head, uint64_t lengths, uint64_t caps)
{
	enum cap_status status;

	if (call->block == NULL) {
		call->self->room = 0;
		return (enum cap_status)call->result;
	}
	status = capos_make_room(call->self);
	if (status != CAP_OK) {
		capos_flat_end(call);
		return status;
	}
	call->self->room--;
	queue(call, cap_id, head, lengths, caps);
	return CAP_OK;
}

/* The target is promised; room was taken, if there was any. */
static __attribute__((noinline)) enum cap_status
send_promised(
    struct capos_flat_call *call, uint64_t cap_id, uint64_t head, uint64_t lengths, uint64_t caps)
{
	if (call->block != NULL)
		head |= capos_promise_use(call->self, cap_id);
	cap_id &= ~CAPOS_PROMISE_MARKS;
	if (call->self->room == UINT32_MAX)
		return send_into_full(call, cap_id, head, lengths, caps);
	queue(call, cap_id, head, lengths, caps);
	return CAP_OK;
}

static inline enum cap_status
send(struct capos_flat_call *call, uint64_t cap_id, uint64_t head, uint64_t lengths, uint64_t caps)
{
	int64_t room = (int64_t)call->self->room - 1;

	call->self->room = (uint32_t)room;
	/* No room and a promise have the same sign. */
	if (__builtin_expect((room | (int64_t)cap_id) < 0, 0))
		return capos_is_promise(cap_id) ? send_promised(call, cap_id, head, lengths, caps)
						: send_into_full(call, cap_id, head, lengths, caps);
	queue(call, cap_id, head, lengths, caps);
	return CAP_OK;
}

enum cap_status
capos_flat_send(struct capos_flat_call *call, uint64_t cap_id, uint64_t head, uint64_t lengths)
{
	return send(call, cap_id, head, lengths, 0);
}

enum cap_status
capos_flat_send_with(
    struct capos_flat_call *call, uint64_t cap_id, uint64_t head, uint64_t lengths, uint64_t caps)
{
	return send(call, cap_id, head, lengths, caps);
}

void
capos_flat_wait(struct capos_flat_call *call)
{
	while (call->state == CAPOS_CALL_SENT)
		if (capos_wait_any(call->self, CAP_DEADLINE_NONE) != CAP_OK)
			capos_exit(CAPOS_EXIT_PANIC);
}

/* Others are in flight, there is no block, or the target is promised. */
static __attribute__((noinline)) enum cap_status
run_among_others(
    struct capos_flat_call *call, uint64_t cap_id, uint64_t head, uint64_t lengths, uint64_t caps)
{
	CAPOS_TRY(send(call, cap_id, head, lengths, caps));
	/* If the ring fails, the wait says so. */
	while (capos_is_promise(cap_id) && call->state == CAPOS_CALL_SENT)
		if (capos_wait_behind(call->self, cap_id) != CAP_OK)
			break;
	capos_flat_wait(call);
	return CAP_OK;
}

/* The usual call: nothing else is in flight, so that its completion is the only one that comes. */
static inline enum cap_status
run(struct capos_flat_call *call, uint64_t cap_id, uint64_t head, uint64_t lengths, uint64_t caps)
{
	struct capos *self = call->self;

	if (__builtin_expect(capos_in_flight(self) != 0 || capos_is_promise(cap_id), 0))
		return run_among_others(call, cap_id, head, lengths, caps);
	queue(call, cap_id, head, lengths, caps);
	/* The kernel's entry orders what it wrote before what is read here. */
	if (__builtin_expect(capos_enter(1, CAP_DEADLINE_NONE) != 1, 0)) {
		capos_flat_wait(call);
		return CAP_OK;
	}
	call->result = capos_next_completion(self)->result;
	self->cq_head++;
	capos_passed(self);
	return CAP_OK;
}

enum cap_status
capos_flat_run(struct capos_flat_call *call, uint64_t cap_id, uint64_t head, uint64_t lengths)
{
	return run(call, cap_id, head, lengths, 0);
}

enum cap_status
capos_flat_run_with(
    struct capos_flat_call *call, uint64_t cap_id, uint64_t head, uint64_t lengths, uint64_t caps)
{
	return run(call, cap_id, head, lengths, caps);
}

/* Views, which outlive their reader: neither scalars nor bytes that were found need one. */
static enum cap_status
open_encoded(const struct capos_flat_call *call, struct capnp_struct *out, struct capnp_data *bytes,
    bool is_text)
{
	struct capnp_reader reader;
	struct capnp_text text;

	if (capnp_reader_init(&reader, call->block->results, (size_t)call->result) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	*out = capnp_reader_root(&reader);
	if (bytes != NULL && is_text) {
		text = capnp_get_text(*out, 0);
		*bytes = (struct capnp_data){ (const uint8_t *)text.data, text.size };
	} else if (bytes != NULL) {
		*bytes = capnp_get_data(*out, 0);
	}
	out->reader = NULL;
	return capnp_reader_error(&reader) == CAPNP_OK ? CAP_OK : CAP_ERR_MALFORMED_MESSAGE;
}

enum cap_status
capos_flat_open_other(const struct capos_flat_call *call, struct capnp_struct *out,
    struct capnp_data *bytes, bool is_text)
{
	if (call->result >= 0)
		return open_encoded(call, out, bytes, is_text);
	/* Its reason is not kept, whole or not. */
	if (call->result == CAP_ERR_APPLICATION_EXCEPTION_TRUNCATED)
		return CAP_ERR_APPLICATION_EXCEPTION;
	return (enum cap_status)call->result;
}
