/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Calls with flat messages: parameters and results are scalars and at most one Text or Data each;
 * behind that of the parameters, one capability. No reader, no builder. Generated clients have for
 * such a method, besides what call.h describes,
 *
 *   <method>_send(&call, target, parameters...)         queue it: it reaches the kernel at the next
 *                                                       wait or flush,
 *   <method>_receive(&call, &results...)                wait for its end, once, after a _send that
 *                                                       succeeded,
 *   <method>(target, parameters..., &results...)        send and wait in one; if the results have a
 *   <method>_call(&call, target, parameters..., &results...)   Text or Data, it is this.
 *
 * A Text or Data of the results stands in the call's buffer, until capos_flat_end(): the caller of
 * _receive or _call gives it back, after CAP_OK; without one, and after a failure, the call is
 * over.
 *
 * `struct capos_flat_call` is the caller's storage and must not move from send to receive. The
 * reason of an exception is not kept: who wants it makes the call with struct capos_call.
 */
#include <capnp/flat.h>

#include "call.h"

/* Data words that parameters, and results, have at most: without bytes they fill a block. */
#define CAPOS_FLAT_WORDS_MAX (CAPOS_SCALAR_BYTES / CAPNP_WORD_BYTES - CAPNP_FLAT_HEAD_WORDS)

struct capos_flat_call {
	struct capos_completion completion; /* first: user_data points here */
	uint8_t state;			    /* enum capos_call_state */
	int32_t result;			    /* of the call; if there is no block: why */
	struct capos *self;
	struct capos_block *block;
};

/* No block: parameters go nowhere, and sending says why. */
struct capnp_struct_builder
capos_flat_begin_failed(struct capos_flat_call *call, enum cap_status status);

/* The parameters, to be filled in. */
static inline struct capnp_struct_builder
capos_flat_begin(struct capos_flat_call *call, struct capos *self, uint32_t data_words)
{
	call->self = self;
	call->block = capos_block_take(self, CAPOS_BLOCK_SCALAR);
	if (__builtin_expect(call->block == NULL, 0))
		return capos_flat_begin_failed(call, CAP_ERR_NO_MEMORY);
	return capnp_flat_build((uint64_t *)(void *)call->block->params, data_words);
}

/* The same where parameters or results have bytes; `params`: those of the parameters, copied. */
struct capos_flat_bytes {
	const void *bytes;
	uint32_t size;
	uint32_t count; /* a Text's final NUL included */
};

static inline struct capos_flat_bytes
capos_flat_data(struct capnp_data data)
{
	return (struct capos_flat_bytes){ data.data, data.size, data.size };
}

static inline struct capos_flat_bytes
capos_flat_text(struct capnp_text text)
{
	return (struct capos_flat_bytes){ text.data, text.size, text.size + 1 };
}

static inline struct capnp_struct_builder
capos_flat_begin_with(struct capos_flat_call *call, struct capos *self, uint32_t data_words,
    const struct capos_flat_bytes *params)
{
	call->self = self;
	call->block = capos_block_take(self, CAPOS_BLOCK_MEDIUM);
	if (__builtin_expect(call->block == NULL, 0))
		return capos_flat_begin_failed(call, CAP_ERR_NO_MEMORY);
	if (params == NULL)
		return capnp_flat_build((uint64_t *)(void *)call->block->params, data_words);
	if (__builtin_expect(params->size == UINT32_MAX ||
		    capnp_flat_bytes_with(data_words, params->count) > call->block->param_bytes,
		0))
		return capos_flat_begin_failed(call, CAP_ERR_MESSAGE_TOO_LARGE);
	return capnp_flat_build_with((uint64_t *)(void *)call->block->params, data_words,
	    params->bytes, params->size, params->count);
}

/* The same with a capability behind the bytes: capos_flat_send_with() and capos_flat_run_with()
 * take it along. */
static inline struct capnp_struct_builder
capos_flat_begin_with_cap(struct capos_flat_call *call, struct capos *self, uint32_t data_words,
    const struct capos_flat_bytes *params, struct capnp_cap cap)
{
	struct capnp_struct_builder built;
	uint64_t bytes = capnp_flat_bytes_with_cap(data_words, params->count);
	uint64_t *message;

	call->self = self;
	call->block = capos_block_take(self, CAPOS_BLOCK_MEDIUM);
	if (__builtin_expect(call->block == NULL, 0))
		return capos_flat_begin_failed(call, CAP_ERR_NO_MEMORY);
	if (__builtin_expect(params->size == UINT32_MAX ||
		    bytes + sizeof(struct cap_transfer) > call->block->param_bytes,
		0))
		return capos_flat_begin_failed(call, CAP_ERR_MESSAGE_TOO_LARGE);
	message = (uint64_t *)(void *)call->block->params;
	built = capnp_flat_build_with_cap(
	    message, data_words, params->bytes, params->size, params->count);
	if (cap.cap_id == 0)
		return built;
	message[CAPNP_FLAT_HEAD_WORDS + data_words + 1] = CAPNP_FLAT_CAP;
	*(struct cap_transfer *)(void *)(call->block->params + bytes) =
	    (struct cap_transfer){ .cap_id = cap.cap_id, .mode = cap.mode };
	return built;
}

/* Words of a submission, which the compiler knows for the most part: of a method, and of the bytes
 * of the parameters and the room for the results. */
static inline uint64_t
capos_flat_head(uint16_t method)
{
	return CAP_OP_CALL | (uint64_t)method << 16;
}

static inline uint64_t
capos_flat_lengths(uint32_t param_bytes, uint32_t result_bytes)
{
	return param_bytes | (uint64_t)result_bytes << 32;
}

/* The same for a call that was begun with bytes; whatever, if that has failed. */
static inline uint64_t
capos_flat_lengths_with(const struct capos_flat_call *call, uint64_t param_bytes)
{
	return call->block == NULL
	    ? 0
	    : capos_flat_lengths((uint32_t)param_bytes, call->block->result_bytes);
}

/* Of the transfers that follow the parameters. */
static inline uint64_t
capos_flat_caps(struct capnp_cap cap)
{
	return (uint64_t)(cap.cap_id != 0) << 32;
}

/* Queue what was begun. On failure the call is over. */
MUST_CHECK enum cap_status
capos_flat_send(struct capos_flat_call *call, uint64_t cap_id, uint64_t head, uint64_t lengths);
/* Send and wait: `result` and the block hold the answer. On failure the call is over. */
MUST_CHECK enum cap_status
capos_flat_run(struct capos_flat_call *call, uint64_t cap_id, uint64_t head, uint64_t lengths);
/* The same, with `caps`. */
MUST_CHECK enum cap_status capos_flat_send_with(
    struct capos_flat_call *call, uint64_t cap_id, uint64_t head, uint64_t lengths, uint64_t caps);
MUST_CHECK enum cap_status capos_flat_run_with(
    struct capos_flat_call *call, uint64_t cap_id, uint64_t head, uint64_t lengths, uint64_t caps);
/* Wait for the end of a call that was sent. If the ring has failed, so that its end cannot be
 * known, the program ends with CAPOS_EXIT_PANIC. */
void capos_flat_wait(struct capos_flat_call *call);

/* The results were read: the block goes back. */
static inline void
capos_flat_end(struct capos_flat_call *call)
{
	capos_block_give(call->self, call->block);
}

/* The answer is not flat, or of another size than this client knows: a newer server's, another
 * encoding, an exception, an error. `bytes`: NULL without; `is_text`: they end with a NUL. */
MUST_CHECK enum cap_status capos_flat_open_other(const struct capos_flat_call *call,
    struct capnp_struct *out, struct capnp_data *bytes, bool is_text);

/* The answer's struct, in the block. */
MUST_CHECK static inline enum cap_status
capos_flat_open(const struct capos_flat_call *call, uint32_t data_words, struct capnp_struct *out)
{
	const uint64_t *message = (const uint64_t *)(const void *)call->block->results;
	uint32_t bytes = capnp_flat_bytes(data_words);

	if (__builtin_expect(call->result != (int32_t)bytes, 0) ||
	    __builtin_expect(!capnp_flat_is_head(message[0], message[1], bytes), 0))
		return capos_flat_open_other(call, out, NULL, false);
	*out = capnp_flat_struct(message + CAPNP_FLAT_HEAD_WORDS, data_words);
	return CAP_OK;
}

/* The same, and its bytes. */
MUST_CHECK static inline enum cap_status
capos_flat_open_data(const struct capos_flat_call *call, uint32_t data_words,
    struct capnp_struct *out, struct capnp_data *data)
{
	const uint64_t *message = (const uint64_t *)(const void *)call->block->results;

	if (__builtin_expect(call->result < 0, 0) ||
	    __builtin_expect(
		!capnp_flat_open_with(message, (uint32_t)call->result, data_words, data), 0))
		return capos_flat_open_other(call, out, data, false);
	*out = capnp_flat_struct(message + CAPNP_FLAT_HEAD_WORDS, data_words);
	return CAP_OK;
}

MUST_CHECK static inline enum cap_status
capos_flat_open_text(const struct capos_flat_call *call, uint32_t data_words,
    struct capnp_struct *out, struct capnp_text *text)
{
	const uint64_t *message = (const uint64_t *)(const void *)call->block->results;
	struct capnp_data data;
	enum cap_status status = CAP_OK;

	if (call->result >= 0 &&
	    capnp_flat_open_with(message, (uint32_t)call->result, data_words, &data) &&
	    data.size != 0 && data.data[data.size - 1] == 0) {
		*out = capnp_flat_struct(message + CAPNP_FLAT_HEAD_WORDS, data_words);
		data.size--;
	} else {
		status = capos_flat_open_other(call, out, &data, true);
	}
	if (status == CAP_OK)
		*text = (struct capnp_text){ (const char *)data.data, data.size };
	return status;
}

/* After a send: wait for the answer, which one of the above opens. */
static inline void
capos_flat_await(struct capos_flat_call *call)
{
	if (call->state != CAPOS_CALL_DONE)
		capos_flat_wait(call);
}
