/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Flat messages: one struct of scalars, and perhaps one Text or Data behind it, as our encoder and
 * the stock one write them: segment table, root pointer, data [, pointer [, capability], bytes].
 * All but the content follows from sizes, so that such a message is recognised by a few comparisons
 * and needs no reader, and is built without a builder. Every other message that means the same goes
 * through reader.h.
 */
#include "builder.h"
#include "reader.h"

/* Words before the data. */
#define CAPNP_FLAT_HEAD_WORDS 2

static inline uint32_t
capnp_flat_bytes(uint32_t data_words)
{
	return (data_words + CAPNP_FLAT_HEAD_WORDS) * CAPNP_WORD_BYTES;
}

/* The root pointer: an empty struct points to itself, so that it is not null. */
static inline uint64_t
capnp_flat_root(uint32_t data_words)
{
	return data_words == 0 ? (uint32_t)-4 : (uint64_t)data_words << 32;
}

/*
 * Data words of a message of that size without bytes; large if it cannot be one: turned, what is no
 * whole word is large, as is what wraps around.
 */
static inline uint32_t
capnp_flat_data_words(uint32_t byte_count)
{
	uint32_t data_bytes = byte_count - capnp_flat_bytes(0);

	return data_bytes >> 3 | data_bytes << 29;
}

/* Whether a message of such a size, which begins with these two words, is one. */
static inline bool
capnp_flat_is_head(uint64_t table, uint64_t root, uint32_t byte_count)
{
	uint64_t data_words = capnp_flat_data_words(byte_count);

	return table == (data_words + 1) << 32 && root == capnp_flat_root((uint32_t)data_words);
}

/* The struct of such data. It has no reader: only its scalars may be read. */
static inline struct capnp_struct
capnp_flat_struct(const uint64_t *data, uint32_t data_words)
{
	return (struct capnp_struct){
		.data = (const uint8_t *)data,
		.data_bits = data_words * 64,
	};
}

/* Begin one, of capnp_flat_bytes(): the struct to be filled in, all zero. `message` is only
 * written. */
static inline struct capnp_struct_builder
capnp_flat_build(uint64_t *message, uint32_t data_words)
{
	message[0] = (uint64_t)(data_words + 1) << 32;
	message[1] = capnp_flat_root(data_words);
	memset(message + CAPNP_FLAT_HEAD_WORDS, 0, data_words * CAPNP_WORD_BYTES);
	return (struct capnp_struct_builder){
		.data = (uint8_t *)(message + CAPNP_FLAT_HEAD_WORDS),
		.data_bits = data_words * 64,
	};
}

/* A pointer to bytes that follow it, but for their number. */
#define CAPNP_FLAT_POINTER ((uint64_t)CAPNP_ELEMENT_1 << 32 | CAPNP_POINTER_LIST)
#define CAPNP_FLAT_POINTER_BITS ((UINT64_C(1) << 35) - 1)

/* The size of a message with so many bytes. */
static inline uint64_t
capnp_flat_bytes_with(uint32_t data_words, uint64_t count)
{
	return capnp_flat_bytes(data_words + 1) + ((count + 7) & ~UINT64_C(7));
}

/*
 * Begin one of capnp_flat_bytes_with(data_words, count), which is small: `size` bytes that are
 * copied, then zeros, a Text's one at least.
 */
static inline struct capnp_struct_builder
capnp_flat_build_with(
    uint64_t *message, uint32_t data_words, const void *bytes, uint32_t size, uint32_t count)
{
	uint32_t words = (uint32_t)capnp_flat_bytes_with(data_words, count) / CAPNP_WORD_BYTES;
	uint64_t *data = message + CAPNP_FLAT_HEAD_WORDS;

	message[0] = (uint64_t)(words - 1) << 32;
	message[1] = (uint64_t)data_words << 32 | UINT64_C(1) << 48;
	memset(data, 0, data_words * CAPNP_WORD_BYTES);
	/* The rest of the last word; of an empty one this is the pointer, which comes next. */
	message[words - 1] = 0;
	data[data_words] = CAPNP_FLAT_POINTER | (uint64_t)count << 35;
	if (size != 0)
		memcpy(data + data_words + 1, bytes, size);
	return (struct capnp_struct_builder){
		.data = (uint8_t *)data,
		.data_bits = data_words * 64,
	};
}

/* Between the pointer to the bytes and them: the first capability of the message, or null. */
#define CAPNP_FLAT_CAP ((uint64_t)CAPNP_POINTER_OTHER)
#define CAPNP_FLAT_POINTER_BEHIND(cap_count) (CAPNP_FLAT_POINTER | (uint64_t)(cap_count) << 2)

static inline uint64_t
capnp_flat_bytes_with_cap(uint32_t data_words, uint64_t count)
{
	return capnp_flat_bytes_with(data_words + 1, count);
}

/* The same as capnp_flat_build_with(), with a null capability. */
static inline struct capnp_struct_builder
capnp_flat_build_with_cap(
    uint64_t *message, uint32_t data_words, const void *bytes, uint32_t size, uint32_t count)
{
	uint64_t *pointer = message + CAPNP_FLAT_HEAD_WORDS + data_words;
	struct capnp_struct_builder built =
	    capnp_flat_build_with(message, data_words + 1, bytes, size, count);

	message[1] = (uint64_t)data_words << 32 | UINT64_C(2) << 48;
	pointer[0] = CAPNP_FLAT_POINTER_BEHIND(1) | (uint64_t)count << 35;
	pointer[1] = 0;
	built.data_bits = data_words * 64;
	return built;
}

/*
 * The bytes of such a message, if it is one: all of `byte_count` can be read. `cap_count`: of the
 * capabilities that come between, none or one; one that is null is no such message.
 */
static inline bool
capnp_flat_open_behind(const uint64_t *message, uint32_t byte_count, uint32_t data_words,
    uint32_t cap_count, struct capnp_data *out)
{
	uint32_t pointer_count = 1 + cap_count;
	uint32_t head_words = CAPNP_FLAT_HEAD_WORDS + data_words + pointer_count;
	const uint64_t *pointer = message + CAPNP_FLAT_HEAD_WORDS + data_words;
	uint32_t behind = byte_count - head_words * CAPNP_WORD_BYTES;
	/* Of the bytes; turned, what is no whole word is large, as is what wraps around. */
	uint32_t words = behind >> 3 | behind << 29;

	if (words >= CAPNP_MESSAGE_WORDS_MAX - head_words ||
	    message[0] != (uint64_t)(words + head_words - 1) << 32 ||
	    message[1] != ((uint64_t)data_words << 32 | (uint64_t)pointer_count << 48) ||
	    (pointer[0] & CAPNP_FLAT_POINTER_BITS) != CAPNP_FLAT_POINTER_BEHIND(cap_count) ||
	    pointer[0] >> 35 > behind || (cap_count != 0 && pointer[1] != CAPNP_FLAT_CAP))
		return false;
	*out = (struct capnp_data){ (const uint8_t *)(pointer + pointer_count),
		(uint32_t)(pointer[0] >> 35) };
	return true;
}

static inline bool
capnp_flat_open_with(
    const uint64_t *message, uint32_t byte_count, uint32_t data_words, struct capnp_data *out)
{
	return capnp_flat_open_behind(message, byte_count, data_words, 0, out);
}

/* What a method expects: so many words of scalars, and perhaps bytes, and a capability behind. */
enum capnp_flat_kind {
	CAPNP_FLAT_SCALARS,
	CAPNP_FLAT_DATA,
	CAPNP_FLAT_TEXT,
	CAPNP_FLAT_DATA_CAP,
	CAPNP_FLAT_TEXT_CAP,
};

struct capnp_flat_form {
	uint32_t data_words;
	enum capnp_flat_kind kind;
};

/* A message that may be flat, and which nobody else writes any more. */
struct capnp_flat_message {
	const uint64_t *words;
	uint32_t byte_count;
};

static inline bool
capnp_flat_is_kind(
    struct capnp_flat_message from, struct capnp_flat_form form, struct capnp_data *bytes)
{
	switch (form.kind) {
	case CAPNP_FLAT_SCALARS:
		return from.byte_count == capnp_flat_bytes(form.data_words) &&
		    capnp_flat_is_head(from.words[0], from.words[1], from.byte_count);
	case CAPNP_FLAT_DATA:
	case CAPNP_FLAT_TEXT:
		return capnp_flat_open_with(from.words, from.byte_count, form.data_words, bytes);
	default:
		return capnp_flat_open_behind(
		    from.words, from.byte_count, form.data_words, 1, bytes);
	}
}

/*
 * The struct of a flat message of this form; false: it is another one. Its bytes are found without
 * another check. `reader` is what the view has for one, and is not opened: it has the capabilities
 * alone.
 */
static inline bool
capnp_flat_read(struct capnp_flat_message from, struct capnp_flat_form form,
    struct capnp_reader *reader, struct capnp_struct *out)
{
	const uint8_t *data = (const uint8_t *)(from.words + CAPNP_FLAT_HEAD_WORDS);
	bool has_cap = form.kind == CAPNP_FLAT_DATA_CAP || form.kind == CAPNP_FLAT_TEXT_CAP;
	bool is_text = form.kind == CAPNP_FLAT_TEXT || form.kind == CAPNP_FLAT_TEXT_CAP;
	struct capnp_data bytes = { NULL, 0 };

	if (!capnp_flat_is_kind(from, form, &bytes) || (has_cap && reader->cap_count == 0))
		return false;
	if (is_text && (bytes.size == 0 || bytes.data[bytes.size - 1] != 0))
		return false;
	*out = (struct capnp_struct){
		.reader = reader,
		.data = data,
		.pointers = data + form.data_words * CAPNP_WORD_BYTES,
		.data_bits = form.data_words * 64,
		.pointer_count = (uint16_t)((form.kind != CAPNP_FLAT_SCALARS) + has_cap),
		.segment = CAPNP_SEGMENT_CHECKED,
		.depth = CAPNP_DEPTH_MAX - 1,
	};
	return true;
}

/* A call with a flat message, as generated dispatch sees it. */
struct capos_caller;
struct capnp_flat_exchange {
	const struct capos_caller *caller;
	struct capnp_flat_message message;
	struct capnp_reader reader;   /* not opened: it has the message's capabilities alone */
	struct capnp_builder results; /* one segment, empty */
};

static inline bool
capnp_flat_exchange_has_room(
    const struct capnp_flat_exchange *exchange, uint32_t data_words, uint32_t pointer_count)
{
	return data_words + pointer_count < exchange->results.own.capacity_words;
}

/* A call of a method of scalars, as generated dispatch sees it. */
struct capnp_flat_call {
	const uint64_t *params; /* data words */
	uint32_t param_words;
	uint32_t result_bytes; /* room for the results; afterwards what they took */
	uint64_t *results;     /* a message, which is only written */
};

static inline struct capnp_struct
capnp_flat_call_params(const struct capnp_flat_call *call)
{
	return capnp_flat_struct(call->params, call->param_words);
}

/* Begin the results; false: there is no room for them. */
static inline bool
capnp_flat_call_results(
    struct capnp_flat_call *call, uint32_t data_words, struct capnp_struct_builder *out)
{
	if (call->result_bytes < capnp_flat_bytes(data_words))
		return false;
	call->result_bytes = capnp_flat_bytes(data_words);
	*out = capnp_flat_build(call->results, data_words);
	return true;
}
