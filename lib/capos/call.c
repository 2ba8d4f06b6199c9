/* SPDX-License-Identifier: Apache-2.0 */
/* Calls; see call.h. */
#include "call.h"

#include <string.h>

#include "capos.h"

void
capos_call_completed(struct capos_completion *completion, const struct cap_cqe *cqe)
{
	struct capos_call *call = (struct capos_call *)completion;

	call->result = cqe->result;
	call->cap_count = cqe->cap_count;
	call->first_cap = cqe->cap_id;
	call->first_interface = cqe->interface_id;
	call->state = CAPOS_CALL_DONE;
	if (call->on_done != NULL)
		call->on_done(call, call->context);
}

void
capos_call_begin_failed(struct capos_call *call)
{
	static uint64_t no_room;

	call->state = CAPOS_CALL_FAILED;
	call->result_buffer = NULL;
	call->result_bytes = 0;
	/* The caller builds all the same: there is no room, so nothing is written. */
	capnp_builder_init(&call->params, &no_room, 0);
}

/* Transfer entries behind the message, 8-byte aligned: messages are whole words. */
static __attribute__((noinline)) bool
append_transfers(struct capos_call *call, size_t message_bytes)
{
	struct cap_transfer *entry =
	    (struct cap_transfer *)(void *)(call->block->params + message_bytes);

	if (message_bytes + call->params.cap_count * sizeof(*entry) > call->block->param_bytes)
		return false;
	for (uint32_t i = 0; i < call->params.cap_count; i++)
		entry[i] = (struct cap_transfer){ .cap_id = call->params.caps[i].cap_id,
			.mode = call->params.caps[i].cap_id == 0 ? CAP_TRANSFER_HOLE
								 : call->params.caps[i].mode };
	return true;
}

/* Flags of a call on a promise, or whose answer has a name, as they stand in the first word. */
static inline uint64_t
promise_flags(const struct capos_call *call)
{
	uint64_t flags = 0;

	if (capos_is_promise(call->target.cap_id))
		flags = capos_promise_use(call->target.self, call->target.cap_id);
	if (call->answer_id != 0 && call->promise_only)
		flags |= CAP_SQE_ANSWER_ONLY << 8;
	return flags;
}

static inline void
fill_submission(struct cap_sqe *sqe, const struct capos_call *call, size_t message_bytes)
{
	capos_fill(sqe,
	    (struct capos_sqe_words){
		CAP_OP_CALL | promise_flags(call) | (uint64_t)call->method << 16,
		call->target.cap_id & ~CAPOS_PROMISE_MARKS,
		(uint64_t)&call->completion,
		(uint64_t)call->block->params,
		(uint64_t)call->result_buffer,
		message_bytes | (uint64_t)call->result_bytes << 32,
		call->answer_id | (uint64_t)call->params.cap_count << 32 |
		    (uint64_t)call->cap_max << 40,
		call->deadline_ns,
	    });
}

static inline enum cap_status
send(struct capos_call *call)
{
	struct cap_sqe *sqe;
	size_t message_bytes;

	if (call->state != CAPOS_CALL_BUILDING)
		return call->block == NULL ? CAP_ERR_NO_MEMORY : CAP_ERR_WRONG_STATE;
	message_bytes = capnp_builder_finish(&call->params);
	if (message_bytes == 0 ||
	    (call->params.cap_count != 0 && !append_transfers(call, message_bytes)))
		return CAP_ERR_MESSAGE_TOO_LARGE;
	CAPOS_TRY(capos_submit(call->target.self, &sqe));
	fill_submission(sqe, call, message_bytes);
	call->state = CAPOS_CALL_SENT;
	capos_submitted(call->target.self);
	return CAP_OK;
}

enum cap_status
capos_call_send(struct capos_call *call)
{
	return send(call);
}

/* Out of line, as is read_exception: most answers need neither. The first capability stands in the
 * completion, the others behind the payload. */
static __attribute__((noinline)) void
read_caps(struct capos_call *call, uint32_t message_bytes)
{
	const struct cap_record *more =
	    (const struct cap_record *)(const void *)(call->result_buffer +
		((message_bytes + 7) & ~7U));
	uint32_t count = call->cap_count <= CAPNP_CAPS_MAX ? call->cap_count : CAPNP_CAPS_MAX;

	call->results.cap_count = count;
	for (uint32_t i = 0; i < count; i++)
		call->results.caps[i] = i == 0
		    ? (struct capnp_cap){ call->first_cap, call->first_interface, CAPNP_CAP_COPY }
		    : (struct capnp_cap){ more[i - 1].cap_id, more[i - 1].interface_id,
			      CAPNP_CAP_COPY };
}

/* The completion does not tell an exception's size: its segment table does, as far as the buffer
 * goes. A server wrote it: every byte is hostile. */
static bool
open_exception(struct capos_call *call)
{
	uint32_t words;

	if (call->result_buffer == NULL || call->result_bytes < CAPNP_WORD_BYTES)
		return false;
	words = ((const uint32_t *)(const void *)call->result_buffer)[1];
	return words <= call->result_bytes / CAPNP_WORD_BYTES - 1 &&
	    capnp_reader_init_single(&call->results, call->result_buffer,
		((size_t)words + 1) * CAPNP_WORD_BYTES) == CAPNP_OK;
}

static __attribute__((noinline)) void
read_exception(struct capos_call *call)
{
	const struct capos_error unreadable = { EXCEPTION_TYPE_FAILED, CAP_OK,
		CAPNP_TEXT("the exception cannot be read") };
	struct cap_exception exception;

	call->error = unreadable;
	if (!open_exception(call))
		return;
	exception = cap_exception_root(&call->results);
	call->error.type = cap_exception_type(exception);
	call->error.status = (enum cap_status)cap_exception_status(exception);
	call->error.reason = cap_exception_reason(exception);
	if (capnp_reader_error(&call->results) != CAPNP_OK ||
	    call->error.type > EXCEPTION_TYPE_UNIMPLEMENTED) {
		call->error = unreadable;
		return;
	}
	/* The kernel leaves its sentence out where the buffer is small. */
	if (call->error.reason.size == 0 && call->error.status != CAP_OK)
		call->error.reason =
		    capnp_text_from_string(cap_status_sentence(call->error.status));
}

/* Not a message of one segment: one of several, an exception, an error. */
static __attribute__((noinline)) enum cap_status
open_other(struct capos_call *call)
{
	if (call->result >= 0)
		return capnp_reader_init(
			   &call->results, call->result_buffer, (size_t)call->result) == CAPNP_OK
		    ? CAP_OK
		    : CAP_ERR_MALFORMED_MESSAGE;
	if (call->result == CAP_ERR_APPLICATION_EXCEPTION)
		read_exception(call);
	if (call->result == CAP_ERR_APPLICATION_EXCEPTION_TRUNCATED) {
		call->error = (struct capos_error){ EXCEPTION_TYPE_FAILED, CAP_OK,
			CAPNP_TEXT("the reason does not fit") };
		return CAP_ERR_APPLICATION_EXCEPTION;
	}
	return (enum cap_status)call->result;
}

/* `result` counts the payload; the records behind it are not part of the message. */
static inline enum cap_status
open_results(struct capos_call *call)
{
	enum cap_status status = CAP_OK;

	if (call->result < 0 ||
	    capnp_reader_init_single(&call->results, call->result_buffer, (size_t)call->result) !=
		CAPNP_OK)
		status = open_other(call);
	if (call->cap_count != 0 && status == CAP_OK)
		read_caps(call, (uint32_t)call->result);
	return status;
}

/* One that has no end of its own comes behind the calls that it depends on. */
static enum cap_status
wait_once(struct capos_call *call)
{
	if (capos_is_promise(call->target.cap_id) && !call->may_end_early && call->deadline_ns == 0)
		return capos_wait_behind(call->target.self, call->target.cap_id);
	return capos_wait_any(call->target.self, CAP_DEADLINE_NONE);
}

static __attribute__((noinline)) enum cap_status
wait(struct capos_call *call)
{
	while (call->state == CAPOS_CALL_SENT)
		CAPOS_TRY(wait_once(call));
	return open_results(call);
}

enum cap_status
capos_call_wait(struct capos_call *call)
{
	if (call->state != CAPOS_CALL_SENT && call->state != CAPOS_CALL_DONE)
		return CAP_ERR_WRONG_STATE;
	return wait(call);
}

/*
 * The usual call: nothing else is in flight, no capability goes along, and its completion is the
 * only one that can come. False: nothing was sent.
 */
static inline bool
run_alone(struct capos_call *call, enum cap_status *status)
{
	struct capos *self = call->target.self;
	struct cap_ring *ring = self->ring;
	const struct cap_cqe *cqe = &self->cq[self->cq_head & self->cq_mask];
	struct cap_cqe completion;
	size_t message_bytes;
	int64_t entered;

	if (capos_in_flight(self) != 0 || call->params.cap_count != 0 ||
	    call->state != CAPOS_CALL_BUILDING)
		return false;
	message_bytes = capnp_builder_finish(&call->params);
	if (message_bytes == 0)
		return false;
	fill_submission(&self->sq[self->sq_tail & self->sq_mask], call, message_bytes);
	call->state = CAPOS_CALL_SENT;
	capos_submitted(self);
	entered = capos_enter(1, CAP_DEADLINE_NONE);
	/* The acquire pairs with the kernel's release store in op_complete(). */
	if (entered < 0 || __atomic_load_n(&ring->cq_tail, __ATOMIC_ACQUIRE) != self->cq_head + 1 ||
	    cqe->user_data != (uint64_t)&call->completion) {
		*status = entered < 0 ? (enum cap_status)entered : wait(call);
		return true;
	}
	completion = *cqe;
	__atomic_store_n(&ring->cq_head, ++self->cq_head, __ATOMIC_RELEASE);
	capos_call_completed(&call->completion, &completion);
	*status = open_results(call);
	return true;
}

enum cap_status
capos_call_run(struct capos_call *call)
{
	enum cap_status status;

	if (run_alone(call, &status))
		return status;
	CAPOS_TRY(send(call));
	return wait(call);
}

enum cap_status
capos_call_cancel(struct capos_call *call)
{
	if (call->state == CAPOS_CALL_DONE)
		return CAP_OK;
	if (call->state != CAPOS_CALL_SENT)
		return CAP_ERR_WRONG_STATE;
	call->may_end_early = true;
	return capos_finish(call->target.self, &call->completion);
}

static void
release_unclaimed(struct capos_call *call)
{
	for (uint32_t i = 0; i < call->results.cap_count; i++)
		if (call->results.caps[i].cap_id != 0 && !(call->adopted & 1U << i))
			capos_release((struct capos_cap){
			    call->target.self, call->results.caps[i].cap_id, 0 });
}

/* The kernel may still write into the buffers, and its completion names the call: neither may be
 * used again before the end. If the ring has failed, the end cannot be known: the program ends. */
static void
await_end(struct capos_call *call)
{
	enum cap_status status = capos_call_cancel(call);

	while (status == CAP_OK && call->state == CAPOS_CALL_SENT)
		status = capos_wait_any(call->target.self, CAP_DEADLINE_NONE);
	if (status != CAP_OK)
		capos_exit(CAPOS_EXIT_PANIC);
}

struct capos_cap
capos_call_result(struct capos_call *call, uint32_t ordinal, struct capos_cap none)
{
	if (call->state != CAPOS_CALL_DONE || call->result < 0)
		return none;
	read_caps(call, (uint32_t)call->result);
	if (ordinal >= call->results.cap_count || call->results.caps[ordinal].cap_id == 0)
		return none;
	return (struct capos_cap){ call->target.self, call->results.caps[ordinal].cap_id,
		call->results.caps[ordinal].interface_id };
}

void
capos_call_end_rest(struct capos_call *call)
{
	bool was_sent = call->state == CAPOS_CALL_SENT || call->state == CAPOS_CALL_DONE;

	if (call->state == CAPOS_CALL_SENT)
		await_end(call);
	if (call->state == CAPOS_CALL_DONE && call->cap_count != 0 && call->result >= 0) {
		read_caps(call, (uint32_t)call->result);
		release_unclaimed(call);
	}
	if (call->answer_id != 0)
		capos_answer_end(call, was_sent);
	if (call->block != NULL && call->block->kind != CAPOS_BLOCK_KINDS)
		capos_block_give(call->target.self, call->block);
	call->block = NULL;
	call->state = CAPOS_CALL_FAILED;
}

enum cap_status
capos_adopt(struct capos_call *call, uint32_t ordinal, uint64_t interface_id, struct capos_cap *out)
{
	struct capnp_cap cap;

	if (ordinal >= call->results.cap_count || (call->adopted & 1U << ordinal))
		return CAP_ERR_NOT_FOUND;
	cap = call->results.caps[ordinal];
	if (cap.cap_id == 0)
		return CAP_ERR_NOT_FOUND;
	if (interface_id != 0 && interface_id != cap.interface_id)
		return CAP_ERR_WRONG_INTERFACE;
	call->adopted |= 1U << ordinal;
	*out = (struct capos_cap){ call->target.self, cap.cap_id, cap.interface_id };
	return CAP_OK;
}

void
capos_release(struct capos_cap cap)
{
	struct cap_sqe *sqe;

	/*
	 * Null and promises are nobody's. A ring that cannot take it has failed as a whole; the
	 * next call says so.
	 */
	if (cap.cap_id == 0 || capos_is_promise(cap.cap_id) ||
	    capos_submit(cap.self, &sqe) != CAP_OK)
		return;
	*sqe = (struct cap_sqe){
		.op = CAP_OP_RELEASE,
		.target = cap.cap_id,
		.user_data = CAPOS_UNAWAITED,
	};
	cap.self->unawaited++;
	capos_submitted(cap.self);
}

enum cap_status
capos_release_flush(struct capos *self)
{
	enum cap_status status;

	/* An entry takes at most 16 submissions. */
	do {
		int64_t entered = capos_enter(0, CAP_DEADLINE_POLL);

		if (entered < 0)
			return (enum cap_status)entered;
		(void)capos_reap(self);
	} while (__atomic_load_n(&self->ring->sq_head, __ATOMIC_RELAXED) != self->sq_tail);
	status = self->release_status;
	self->release_status = CAP_OK;
	return status;
}
