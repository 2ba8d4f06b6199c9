/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Calls whose parameters and results are scalars: no reader, no builder, no capabilities. Generated
 * clients have for such a method, besides what call.h describes,
 *
 *   <method>(target, parameters..., &results...)        send and wait in one,
 *   <method>_send(&call, target, parameters...)         queue it: it reaches the kernel at the next
 *                                                       wait or flush,
 *   <method>_receive(&call, &results...)                wait for its end, once, after a _send that
 *                                                       succeeded.
 *
 * `struct capos_scalar_call` is the caller's storage and must not move from send to receive. The
 * reason of an exception is not kept: who wants it makes the call with struct capos_call.
 */
#include <capnp/scalar.h>

#include "call.h"

/* Data words that parameters, and results, have at most. */
#define CAPOS_SCALAR_WORDS_MAX (CAPOS_SCALAR_BYTES / CAPNP_WORD_BYTES - CAPNP_SCALAR_HEAD_WORDS)

struct capos_scalar_call {
	struct capos_completion completion; /* first: user_data points here */
	uint8_t state;			    /* enum capos_call_state */
	int32_t result;
	struct capos *self;
	struct capos_block *block;
};

/* The parameters, to be filled in. Without a free block they go nowhere, and sending says so. */
static inline struct capnp_struct_builder
capos_scalar_begin(struct capos_scalar_call *call, struct capos *self, uint32_t data_words)
{
	call->self = self;
	call->block = capos_block_take(self, CAPOS_BLOCK_SCALAR);
	if (__builtin_expect(call->block == NULL, 0))
		return (struct capnp_struct_builder){ 0 };
	return capnp_scalar_build((uint64_t *)(void *)call->block->params, data_words);
}

/* What a submission says of such a call. */
struct capos_scalar_target {
	uint64_t cap_id;
	uint16_t method;
	uint16_t data_words; /* of the parameters */
};

/* Queue what was begun. On failure the call is over. */
MUST_CHECK enum cap_status
capos_scalar_send(struct capos_scalar_call *call, struct capos_scalar_target target);
/* Send and wait: `result` and the block hold the answer. On failure the call is over. */
MUST_CHECK enum cap_status
capos_scalar_run(struct capos_scalar_call *call, struct capos_scalar_target target);
/* Wait for the end of a call that was sent. If the ring has failed, so that its end cannot be
 * known, the program ends with CAPOS_EXIT_PANIC. */
void capos_scalar_wait(struct capos_scalar_call *call);
/* The answer is no message of scalars of the size that this client knows: a newer server's, another
 * encoding, an exception, an error. */
MUST_CHECK enum cap_status
capos_scalar_open_other(const struct capos_scalar_call *call, struct capnp_struct *out);

/* The answer's struct, in the block. */
MUST_CHECK static inline enum cap_status
capos_scalar_open(
    const struct capos_scalar_call *call, uint32_t data_words, struct capnp_struct *out)
{
	const uint64_t *message = (const uint64_t *)(const void *)call->block->params;
	uint32_t bytes = capnp_scalar_bytes(data_words);

	if (__builtin_expect(call->result != (int32_t)bytes, 0) ||
	    __builtin_expect(!capnp_scalar_is_head(message[0], message[1], bytes), 0))
		return capos_scalar_open_other(call, out);
	*out = capnp_scalar_struct(message + CAPNP_SCALAR_HEAD_WORDS, data_words);
	return CAP_OK;
}

MUST_CHECK static inline enum cap_status
capos_scalar_receive(struct capos_scalar_call *call, uint32_t data_words, struct capnp_struct *out)
{
	if (call->state != CAPOS_CALL_DONE)
		capos_scalar_wait(call);
	return capos_scalar_open(call, data_words, out);
}

/* The results were read: the block goes back. */
static inline void
capos_scalar_end(struct capos_scalar_call *call)
{
	capos_block_give(call->self, call->block);
}
