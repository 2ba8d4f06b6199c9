/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Messages of one struct without pointers, as our encoder and the stock one write them: segment
 * table, root pointer, data. Both words follow from the size, so that such a message is recognised
 * by two comparisons and needs no reader, and is built without a builder. Every other message that
 * means the same goes through reader.h.
 */
#include "builder.h"
#include "reader.h"

/* Words before the data. */
#define CAPNP_SCALAR_HEAD_WORDS 2

static inline uint32_t
capnp_scalar_bytes(uint32_t data_words)
{
	return (data_words + CAPNP_SCALAR_HEAD_WORDS) * CAPNP_WORD_BYTES;
}

/* The root pointer: an empty struct points to itself, so that it is not null. */
static inline uint64_t
capnp_scalar_root(uint32_t data_words)
{
	return data_words == 0 ? (uint32_t)-4 : (uint64_t)data_words << 32;
}

/* Data words of a message of that size; the size is at least that of the head. */
static inline uint32_t
capnp_scalar_data_words(uint32_t byte_count)
{
	return byte_count / CAPNP_WORD_BYTES - CAPNP_SCALAR_HEAD_WORDS;
}

/* Whether a message of that size can be one, of so many words at most. */
static inline bool
capnp_scalar_is_size(uint32_t byte_count, uint32_t word_count_max)
{
	uint32_t data_bytes = byte_count - capnp_scalar_bytes(0);

	/* Turned, so that what is no whole word is large, as what wraps around is. */
	return (data_bytes >> 3 | data_bytes << 29) <= word_count_max - CAPNP_SCALAR_HEAD_WORDS;
}

/* Whether a message of such a size, which begins with these two words, is one. */
static inline bool
capnp_scalar_is_head(uint64_t table, uint64_t root, uint32_t byte_count)
{
	uint64_t data_words = capnp_scalar_data_words(byte_count);

	return table == (data_words + 1) << 32 && root == capnp_scalar_root((uint32_t)data_words);
}

/* The struct of such data. It has no reader: only its scalars may be read. */
static inline struct capnp_struct
capnp_scalar_struct(const uint64_t *data, uint32_t data_words)
{
	return (struct capnp_struct){
		.data = (const uint8_t *)data,
		.data_bits = data_words * 64,
	};
}

/* Begin one, of capnp_scalar_bytes(): the struct to be filled in, all zero. `message` is only
 * written. */
static inline struct capnp_struct_builder
capnp_scalar_build(uint64_t *message, uint32_t data_words)
{
	message[0] = (uint64_t)(data_words + 1) << 32;
	message[1] = capnp_scalar_root(data_words);
	memset(message + CAPNP_SCALAR_HEAD_WORDS, 0, data_words * CAPNP_WORD_BYTES);
	return (struct capnp_struct_builder){
		.data = (uint8_t *)(message + CAPNP_SCALAR_HEAD_WORDS),
		.data_bits = data_words * 64,
	};
}

/* A call of a method of scalars, as generated dispatch sees it. */
struct capnp_scalar_call {
	const uint64_t *params; /* data words */
	uint32_t param_words;
	uint32_t result_bytes; /* room for the results; afterwards what they took */
	uint64_t *results;     /* a message, which is only written */
};

static inline struct capnp_struct
capnp_scalar_call_params(const struct capnp_scalar_call *call)
{
	return capnp_scalar_struct(call->params, call->param_words);
}

/* Begin the results; false: there is no room for them. */
static inline bool
capnp_scalar_call_results(
    struct capnp_scalar_call *call, uint32_t data_words, struct capnp_struct_builder *out)
{
	if (call->result_bytes < capnp_scalar_bytes(data_words))
		return false;
	call->result_bytes = capnp_scalar_bytes(data_words);
	*out = capnp_scalar_build(call->results, data_words);
	return true;
}
