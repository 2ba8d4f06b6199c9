/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Building messages in buffers of the caller: nothing is allocated. The usual builder makes one
 * segment, framed, in one buffer; capnp_builder_init_segments spreads a message over several.
 *
 * Errors are sticky: what does not fit is left out, the views of what failed take values and lose
 * them, and capnp_builder_finish reports it. Zeroing is done when something is allocated, so that
 * an unused buffer costs nothing.
 */
#include <string.h>

#include "message.h"
#include "reader.h"

struct capnp_builder_segment {
	uint8_t *words; /* 8-byte aligned */
	uint32_t capacity_words;
	uint32_t used_words;
};

struct capnp_builder {
	struct capnp_builder_segment *segments;
	uint32_t segment_count;
	uint32_t cap_count;
	enum capnp_error error;
	struct capnp_builder_segment own; /* of the usual builder */
	struct capnp_cap caps[CAPNP_CAPS_MAX];
};

/* A struct being built. After a failure: empty, setters do nothing. */
struct capnp_struct_builder {
	struct capnp_builder *builder;
	uint8_t *data;
	uint8_t *pointers;
	uint32_t data_bits;
	uint16_t pointer_count;
	uint16_t segment;
};

struct capnp_list_builder {
	struct capnp_builder *builder;
	uint8_t *data;
	uint32_t count;
	uint32_t step_bits;
	uint32_t data_bits;
	uint16_t pointer_count;
	uint16_t segment;
};

/* A pointer to be set, and where it stands. `pointer` is NULL after a failure. */
struct capnp_any_builder {
	struct capnp_builder *builder;
	uint8_t *pointer;
	uint16_t segment;
};

/* Another message in the same buffer, of capnp_builder_init(). */
static inline void
capnp_builder_reset(struct capnp_builder *builder)
{
	builder->own.used_words = 0;
	builder->cap_count = 0;
	builder->error = CAPNP_OK;
}

/* One framed segment in `buffer` (8-byte aligned); the first word is the segment table. */
static inline void
capnp_builder_init(struct capnp_builder *builder, void *buffer, size_t byte_count)
{
	size_t words = byte_count / CAPNP_WORD_BYTES;

	builder->own.words = (uint8_t *)buffer + CAPNP_WORD_BYTES;
	builder->own.capacity_words = words == 0 ? 0
	    : words > CAPNP_MESSAGE_WORDS_MAX	 ? CAPNP_MESSAGE_WORDS_MAX
						 : (uint32_t)words - 1;
	builder->segments = &builder->own;
	builder->segment_count = 1;
	capnp_builder_reset(builder);
}

/* Several segments, not framed; `segments` are empty and stay the caller's. */
void capnp_builder_init_segments(
    struct capnp_builder *builder, struct capnp_builder_segment *segments, uint32_t segment_count);

/* A null root, if there is none; false: no room. */
bool capnp_builder_null_root(struct capnp_builder *builder);

/* The framed size in bytes, the segment table written; 0 after an error. Only for
 * capnp_builder_init. */
static inline size_t
capnp_builder_finish(struct capnp_builder *builder)
{
	if ((builder->own.used_words == 0 && !capnp_builder_null_root(builder)) ||
	    builder->error != CAPNP_OK)
		return 0;
	capnp_store(builder->own.words - CAPNP_WORD_BYTES, (uint64_t)builder->own.used_words << 32);
	return ((size_t)builder->own.used_words + 1) * CAPNP_WORD_BYTES;
}

static inline enum capnp_error
capnp_builder_error(const struct capnp_builder *builder)
{
	return builder->error;
}

struct capnp_any_builder capnp_builder_root_any(struct capnp_builder *builder);
struct capnp_struct_builder
capnp_any_init_struct(struct capnp_any_builder any, uint16_t data_words, uint16_t pointer_count);

/* Whether the root is the first of its segment, and has room there. */
static inline bool
capnp_builder_fits_root(
    const struct capnp_builder *builder, uint16_t data_words, uint16_t pointer_count)
{
	const struct capnp_builder_segment *segment = builder->segments;

	return segment->used_words == 0 &&
	    (uint32_t)data_words + pointer_count < segment->capacity_words;
}

/* Allocate the root, which fits; `cap_count` as of capnp_builder_root(). */
static inline struct capnp_struct_builder
capnp_builder_fitting_root(
    struct capnp_builder *builder, uint16_t data_words, uint16_t pointer_count, uint32_t cap_count)
{
	struct capnp_builder_segment *segment = builder->segments;
	uint32_t words = (uint32_t)data_words + pointer_count;
	uint8_t *start = segment->words + CAPNP_WORD_BYTES;

	for (uint32_t i = 0; i < cap_count; i++)
		builder->caps[i] = (struct capnp_cap){ 0 };
	builder->cap_count = cap_count;
	segment->used_words = words + 1;
	/* An empty struct points to itself, so that it is not null. */
	capnp_store(
	    segment->words, capnp_make_struct(words == 0 ? -1 : 0, data_words, pointer_count));
	memset(start, 0, (size_t)words * CAPNP_WORD_BYTES);
	return (struct capnp_struct_builder){
		.builder = builder,
		.data = start,
		.pointers = start + (size_t)data_words * CAPNP_WORD_BYTES,
		.data_bits = (uint32_t)data_words * 64,
		.pointer_count = pointer_count,
	};
}

/*
 * Allocate the root, once. The first `cap_count` capabilities of the message belong to the root's
 * own fields.
 */
static inline struct capnp_struct_builder
capnp_builder_root(
    struct capnp_builder *builder, uint16_t data_words, uint16_t pointer_count, uint32_t cap_count)
{
	if (capnp_builder_fits_root(builder, data_words, pointer_count))
		return capnp_builder_fitting_root(builder, data_words, pointer_count, cap_count);
	for (uint32_t i = 0; i < cap_count; i++)
		builder->caps[i] = (struct capnp_cap){ 0 };
	builder->cap_count = cap_count;
	return capnp_any_init_struct(capnp_builder_root_any(builder), data_words, pointer_count);
}

struct capnp_list_builder
capnp_any_init_list(struct capnp_any_builder any, enum capnp_element element, uint32_t count);
struct capnp_list_builder capnp_any_init_struct_list(
    struct capnp_any_builder any, uint32_t count, uint16_t data_words, uint16_t pointer_count);
/* Room for `size` bytes, to be filled by the caller; NULL after a failure. A text's final NUL is
 * written. */
uint8_t *capnp_any_init_data(struct capnp_any_builder any, uint32_t size);
char *capnp_any_init_text(struct capnp_any_builder any, uint32_t size);
/* A list of bytes: `size` that are copied, then zeros, a word's rest at most. */
struct capnp_byte_list {
	const void *bytes;
	uint32_t size;
	uint32_t zero_count; /* part of the list: a text's final NUL */
};
/* No bytes, another segment, or an error: also what is too long for a list. The view is passed in
 * registers. */
void capnp_builder_set_bytes_elsewhere(
    struct capnp_builder *builder, uint8_t *pointer, uint16_t segment, struct capnp_byte_list list);

/* Room that is filled at once: only what is left of its last word has to be zeroed. */
static inline void
capnp_builder_set_bytes(struct capnp_any_builder any, struct capnp_byte_list list)
{
	struct capnp_builder_segment *at = &any.builder->segments[any.segment];
	uint8_t *content = at->words + (size_t)at->used_words * CAPNP_WORD_BYTES;
	uint64_t count = (uint64_t)list.size + list.zero_count;
	uint64_t words = (count + CAPNP_WORD_BYTES - 1) / CAPNP_WORD_BYTES;

	if (any.pointer == NULL || list.size == 0 || count >= CAPNP_MESSAGE_WORDS_MAX ||
	    words > at->capacity_words - at->used_words) {
		capnp_builder_set_bytes_elsewhere(any.builder, any.pointer, any.segment, list);
		return;
	}
	at->used_words += (uint32_t)words;
	capnp_store(content + (size_t)(words - 1) * CAPNP_WORD_BYTES, 0);
	/*
	 * The content stands behind its pointer: half the distance in bytes is the offset in its
	 * place, less the pointer itself.
	 */
	capnp_store(any.pointer,
	    capnp_make_list(0, CAPNP_ELEMENT_1, (uint32_t)count) |
		((uint64_t)(content - any.pointer) / 2 - 4));
	memcpy(content, list.bytes, list.size);
}

static inline void
capnp_any_set_data(struct capnp_any_builder any, struct capnp_data value)
{
	capnp_builder_set_bytes(any, (struct capnp_byte_list){ value.data, value.size, 0 });
}

static inline void
capnp_any_set_text(struct capnp_any_builder any, struct capnp_text value)
{
	capnp_builder_set_bytes(any, (struct capnp_byte_list){ value.data, value.size, 1 });
}
/* The next capability of the message. Null sets a null pointer. */
void capnp_any_set_cap(struct capnp_any_builder any, struct capnp_cap value);
/* A capability field of the root: it has a number of its own. */
void capnp_any_set_root_cap(struct capnp_any_builder any, uint32_t ordinal, struct capnp_cap value);
/* A deep copy of what another message points to; capabilities are appended. */
void capnp_any_copy(struct capnp_any_builder any, struct capnp_any from);

static inline struct capnp_any_builder
capnp_set_any(struct capnp_struct_builder to, uint16_t pointer)
{
	struct capnp_any_builder any = { to.builder, NULL, to.segment };

	if (pointer < to.pointer_count)
		any.pointer = to.pointers + (size_t)pointer * CAPNP_WORD_BYTES;
	return any;
}

struct capnp_struct_builder
capnp_list_struct_builder(struct capnp_list_builder list, uint32_t index);
struct capnp_any_builder capnp_list_any_builder(struct capnp_list_builder list, uint32_t index);

static inline void
capnp_set_bool(struct capnp_struct_builder to, uint32_t bit, bool value, bool fallback)
{
	uint8_t mask = (uint8_t)(1U << (bit % 8));

	if (bit >= to.data_bits)
		return;
	if (value != fallback)
		to.data[bit / 8] |= mask;
	else
		to.data[bit / 8] &= (uint8_t)~mask;
}

#define CAPNP_DEFINE_SET(suffix, type)                                                             \
	static inline void capnp_set_##suffix(                                                     \
	    struct capnp_struct_builder to, uint32_t offset, type value, type fallback)            \
	{                                                                                          \
		value = (type)(value ^ fallback);                                                  \
		if ((uint64_t)offset * 8 + sizeof(type) * 8 <= to.data_bits)                       \
			memcpy(to.data + offset, &value, sizeof(value));                           \
	}                                                                                          \
	static inline void capnp_list_set_##suffix(                                                \
	    struct capnp_list_builder list, uint32_t index, type value)                            \
	{                                                                                          \
		if (index < list.count && list.data_bits >= sizeof(type) * 8)                      \
			memcpy(list.data + (uint64_t)index * list.step_bits / 8, &value,           \
			    sizeof(value));                                                        \
	}
CAPNP_DEFINE_SET(u8, uint8_t)
CAPNP_DEFINE_SET(u16, uint16_t)
CAPNP_DEFINE_SET(u32, uint32_t)
CAPNP_DEFINE_SET(u64, uint64_t)
#undef CAPNP_DEFINE_SET

static inline void
capnp_list_set_bool(struct capnp_list_builder list, uint32_t index, bool value)
{
	uint8_t mask = (uint8_t)(1U << (index % 8));

	if (index >= list.count || list.step_bits != 1)
		return;
	if (value)
		list.data[index / 8] |= mask;
	else
		list.data[index / 8] &= (uint8_t)~mask;
}

static inline uint32_t
capnp_float_bits(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

static inline uint64_t
capnp_double_bits(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}
