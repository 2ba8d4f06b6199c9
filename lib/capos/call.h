/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Calls. The life of one:
 *
 *   capos_call_begin -> build call->params -> capos_call_send -> ... -> capos_call_wait -> read
 * call->results -> capos_call_end
 *
 * `struct capos_call` is the caller's storage and must not move from send to end. Many may be in
 * flight and complete in any order. A call is waited on by the thread that sent it. Generated
 * clients wrap all of this with types.
 */
#include <capnp/builder.h>
#include <capnp/reader.h>
#include <schema/exception.capnp.h>

#include "ring.h"

/* A capability of this process, to be called. Handles of generated clients hold one. */
struct capos_cap {
	struct capos *self;
	uint64_t cap_id;
	uint64_t interface_id;
};

/* Why a call failed, if its status is CAP_ERR_APPLICATION_EXCEPTION; the reason stands in the
 * call's buffer. */
struct capos_error {
	enum exception_type type;
	enum cap_status status; /* what the target reports, or CAP_OK */
	struct capnp_text reason;
};

enum capos_call_state {
	CAPOS_CALL_FAILED, /* could not begin */
	CAPOS_CALL_BUILDING,
	CAPOS_CALL_SENT,
	CAPOS_CALL_DONE,
};

struct capos_call {
	struct capos_completion completion; /* first: user_data points here */
	uint8_t state;			    /* enum capos_call_state */
	uint8_t cap_max;
	uint16_t method;
	int32_t result;
	union {
		struct {
			uint16_t cap_count;
			uint16_t answer_id; /* 0: the answer has no name */
		};
		uint32_t to_give_back; /* either */
	};
	uint16_t adopted;  /* a bit for each result capability that has an owner */
	bool promise_only; /* see promise.h */
	bool promise_once;
	bool may_end_early; /* before what it depends on: it was cancelled */
	struct capos_cap target;
	struct capos_block *block;
	uint8_t *result_buffer;
	uint32_t result_bytes;
	uint64_t deadline_ns; /* absolute; 0: none. Set before send. */
	cap_id_t first_cap;
	uint64_t first_interface;
	void (*on_done)(
	    struct capos_call *call, void *context); /* optional: called by the loop that reaps */
	void *context;
	struct capnp_builder params;
	struct capnp_reader results;
	struct capos_error error;
};

/* What a call's completion does; it stands in call->completion. */
void capos_call_completed(struct capos_completion *completion, const struct cap_cqe *cqe);
/* No block: parameters go nowhere, and capos_call_send says so. */
void capos_call_begin_failed(struct capos_call *call);

/* In memory of the caller's own, which is not given back to the runtime: block->kind is
 * CAPOS_BLOCK_KINDS. */
static inline void
capos_call_begin_block(struct capos_call *call, struct capos_cap target, uint16_t method,
    uint8_t cap_max, struct capos_block *block)
{
	call->completion.done = capos_call_completed;
	call->cap_max = cap_max;
	call->method = method;
	call->adopted = 0;
	call->promise_only = false;
	call->promise_once = false;
	call->may_end_early = false;
	call->to_give_back = 0;
	call->results.cap_count = 0;
	call->target = target;
	call->deadline_ns = 0;
	call->on_done = NULL;
	call->block = block;
	if (__builtin_expect(block == NULL, 0)) {
		capos_call_begin_failed(call);
		return;
	}
	call->state = CAPOS_CALL_BUILDING;
	call->result_buffer = block->results;
	call->result_bytes = block->result_bytes;
	capnp_builder_init(&call->params, block->params, block->param_bytes);
}

/*
 * `cap_max`: capabilities that the answer may carry. A call that cannot begin (no buffer) says so
 * in capos_call_send.
 */
static inline void
capos_call_begin_kind(struct capos_call *call, struct capos_cap target, uint16_t method,
    uint8_t cap_max, enum capos_block_kind kind)
{
	capos_call_begin_block(call, target, method, cap_max, capos_block_take(target.self, kind));
}

static inline void
capos_call_begin(struct capos_call *call, struct capos_cap target, uint16_t method, uint8_t cap_max)
{
	capos_call_begin_kind(call, target, method, cap_max, CAPOS_BLOCK_MEDIUM);
}

/* Take the answer in a buffer of the caller's own, 8-byte aligned; before send. */
static inline void
capos_call_result_buffer(struct capos_call *call, void *buffer, uint32_t byte_count)
{
	call->result_buffer = buffer;
	call->result_bytes = byte_count;
}

/* Queue the call. Parameters that did not fit: CAP_ERR_MESSAGE_TOO_LARGE. It reaches the kernel at
 * the next wait or flush. */
MUST_CHECK enum cap_status capos_call_send(struct capos_call *call);
/* Wait for the end, then open call->results or call->error. May be called again. */
MUST_CHECK enum cap_status capos_call_wait(struct capos_call *call);
/* Send and wait in one. */
MUST_CHECK enum cap_status capos_call_run(struct capos_call *call);
/* How a call ended that was answered with `status`: of an exception the status that its target
 * gave, if it gave one. */
MUST_CHECK static inline enum cap_status
capos_call_reason(const struct capos_call *call, enum cap_status status)
{
	return status == CAP_ERR_APPLICATION_EXCEPTION && call->error.status != CAP_OK
	    ? call->error.status
	    : status;
}

static inline bool
capos_call_is_done(const struct capos_call *call)
{
	return call->state == CAPOS_CALL_DONE;
}
/* Ask the kernel to end the call; it completes with CAP_ERR_CANCELLED unless it ended before. One
 * that is done stays as it is; one that was not sent is CAP_ERR_WRONG_STATE. */
MUST_CHECK enum cap_status capos_call_cancel(struct capos_call *call);
/* What capos_call_end() does for a call that is in flight, has capabilities, or none of its
 * buffers. */
void capos_call_end_rest(struct capos_call *call);

/* A result capability of a call that is done, whoever has it; `none` if the answer has none there.
 */
struct capos_cap
capos_call_result(struct capos_call *call, uint32_t ordinal, struct capos_cap none);
/* The answer of a call that is over loses its name. */
void capos_answer_end(struct capos_call *call, bool was_sent);

/* Buffers go back; result capabilities that nobody adopted are released. A call in flight is
 * cancelled and awaited; if the ring has failed, so that its end cannot be known, the program ends
 * with CAPOS_EXIT_PANIC. */
static inline void
capos_call_end(struct capos_call *call)
{
	if (__builtin_expect(call->state != CAPOS_CALL_DONE || call->to_give_back != 0 ||
		    call->block->kind == CAPOS_BLOCK_KINDS,
		0)) {
		capos_call_end_rest(call);
		return;
	}
	capos_block_give(call->target.self, call->block);
	call->block = NULL;
	call->state = CAPOS_CALL_FAILED;
}

/*
 * Make a result capability the caller's own, once, after capos_call_wait. `interface_id` 0 takes
 * any. CAP_ERR_NOT_FOUND: the answer has none there. After a refusal it is still the call's.
 */
MUST_CHECK enum cap_status capos_adopt(
    struct capos_call *call, uint32_t ordinal, uint64_t interface_id, struct capos_cap *out);
/* Drop a capability: the RELEASE is queued. Nothing for null and for promises. */
void capos_release(struct capos_cap cap);
/* Make the kernel take all that is queued; the first failure of a RELEASE or a later signal
 * (notification.h) since the last flush. */
MUST_CHECK enum cap_status capos_release_flush(struct capos *self);

MUST_CHECK enum cap_status capos_capset_find(
    struct capos *self, const char *name, uint64_t interface_id, struct capos_cap *out);
