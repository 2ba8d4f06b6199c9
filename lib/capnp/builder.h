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

/* One framed segment in `buffer` (8-byte aligned); the first word is the segment table. */
void capnp_builder_init(struct capnp_builder *builder, void *buffer, size_t byte_count);
/* Several segments, not framed; `segments` are empty and stay the caller's. */
void capnp_builder_init_segments(
    struct capnp_builder *builder, struct capnp_builder_segment *segments, uint32_t segment_count);

/* The framed size in bytes, the segment table written; 0 after an error. Only for
 * capnp_builder_init. */
size_t capnp_builder_finish(struct capnp_builder *builder);

static inline enum capnp_error
capnp_builder_error(const struct capnp_builder *builder)
{
	return builder->error;
}

/* Allocate the root, once. The first `cap_count` capabilities of the message belong to the root's
 * own fields. */
struct capnp_struct_builder capnp_builder_root(
    struct capnp_builder *builder, uint16_t data_words, uint16_t pointer_count, uint32_t cap_count);
struct capnp_any_builder capnp_builder_root_any(struct capnp_builder *builder);

struct capnp_struct_builder
capnp_any_init_struct(struct capnp_any_builder any, uint16_t data_words, uint16_t pointer_count);
struct capnp_list_builder
capnp_any_init_list(struct capnp_any_builder any, enum capnp_element element, uint32_t count);
struct capnp_list_builder capnp_any_init_struct_list(
    struct capnp_any_builder any, uint32_t count, uint16_t data_words, uint16_t pointer_count);
/* Room for `size` bytes, to be filled by the caller; NULL after a failure. A text's final NUL is
 * written. */
uint8_t *capnp_any_init_data(struct capnp_any_builder any, uint32_t size);
char *capnp_any_init_text(struct capnp_any_builder any, uint32_t size);
void capnp_any_set_data(struct capnp_any_builder any, struct capnp_data value);
void capnp_any_set_text(struct capnp_any_builder any, struct capnp_text value);
/* The next capability of the message. Null sets a null pointer. */
void capnp_any_set_cap(struct capnp_any_builder any, struct capnp_cap value);
/* A capability field of the root: it has a number of its own. */
void capnp_any_set_root_cap(struct capnp_any_builder any, uint32_t ordinal, struct capnp_cap value);
/* A deep copy of what another message points to; capabilities are appended. */
void capnp_any_copy(struct capnp_any_builder any, struct capnp_any from);

struct capnp_any_builder capnp_set_any(struct capnp_struct_builder to, uint16_t pointer);
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
