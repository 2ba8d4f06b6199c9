/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Reading messages in place: nothing is copied or allocated, and every byte is hostile. Views
 * (struct capnp_struct, struct capnp_list) are small values that refer to the reader and to the
 * message bytes; they live as long as both.
 *
 * Errors are sticky: a pointer that is bad reads as its default, and the first error stays in the
 * reader. Whoever acts on a message looks at capnp_reader_error() once, after having read what it
 * needs.
 */
#include <string.h>

#include "message.h"
#include "pointer.h"

struct capnp_reader {
	const uint8_t *segments[CAPNP_SEGMENTS_MAX];
	uint32_t segment_words[CAPNP_SEGMENTS_MAX];
	uint32_t segment_count;
	uint32_t cap_count;
	uint64_t traversal_words; /* that may still be read */
	enum capnp_error error;
	struct capnp_cap caps[CAPNP_CAPS_MAX];
};

/* A struct in a message, or an absent one (data and pointers empty). */
struct capnp_struct {
	struct capnp_reader *reader;
	const uint8_t *data;
	const uint8_t *pointers;
	uint32_t data_bits;
	uint16_t pointer_count;
	uint8_t segment;
	uint8_t depth; /* levels that may still be entered */
};

struct capnp_list {
	struct capnp_reader *reader;
	const uint8_t *data;
	uint32_t count;
	uint32_t step_bits; /* from one element to the next */
	uint32_t data_bits; /* of one element's data section */
	uint16_t pointer_count;
	uint8_t segment;
	uint8_t depth;
};

/* The segment number of words that were checked before: of default values, which our generator
 * made, and of the bytes of flat messages (flat.h). */
#define CAPNP_SEGMENT_CHECKED 0xff

/* A pointer that the schema does not type, and where it stands. */
struct capnp_any {
	struct capnp_reader *reader;
	const uint8_t *pointer; /* NULL: absent */
	uint8_t segment;
	uint8_t depth;
};

/**
 * capnp_reader_init - open a framed message (segment table, then segments).
 * @bytes: 8-byte aligned; unchanged while the reader is used
 * Returns: CAPNP_OK or CAPNP_ERROR_FRAME (also for bytes left over); the reader has no
 * capabilities.
 */
enum capnp_error
capnp_reader_init(struct capnp_reader *reader, const void *bytes, size_t byte_count);

/* The same for a message of exactly one segment: its table is one word. */
static inline enum capnp_error
capnp_reader_init_single(struct capnp_reader *reader, const void *bytes, size_t byte_count)
{
	/* Wraps around for what is shorter than the table: too large then. */
	uint64_t words = (uint64_t)(byte_count - CAPNP_WORD_BYTES) / CAPNP_WORD_BYTES;

	if (words >= CAPNP_MESSAGE_WORDS_MAX || byte_count % CAPNP_WORD_BYTES != 0 ||
	    capnp_load(bytes) != words << 32)
		return CAPNP_ERROR_FRAME;
	reader->segments[0] = (const uint8_t *)bytes + CAPNP_WORD_BYTES;
	reader->segment_words[0] = (uint32_t)words;
	reader->segment_count = 1;
	reader->cap_count = 0;
	reader->traversal_words = byte_count + 64;
	reader->error = CAPNP_OK;
	return CAPNP_OK;
}

static inline enum capnp_error
capnp_reader_error(const struct capnp_reader *reader)
{
	return reader->error;
}

struct capnp_any capnp_reader_root_any(struct capnp_reader *reader);
struct capnp_struct capnp_any_struct(struct capnp_any any);

/*
 * The usual root stands right behind its pointer and is read in line; a null one is empty. It is
 * not charged: how often the root is opened is the program's choice, not the message's.
 */
static inline struct capnp_struct
capnp_reader_root(struct capnp_reader *reader)
{
	uint32_t limit = reader->segment_words[0];
	uint64_t word = limit == 0 ? 0 : capnp_load(reader->segments[0]);
	uint32_t data_words = capnp_struct_data_words(word);
	uint32_t words = data_words + capnp_struct_pointers(word) + 1;

	if (CAPNP_RARELY((uint32_t)word != 0) || CAPNP_RARELY(words > limit))
		return capnp_any_struct(capnp_reader_root_any(reader));
	return (struct capnp_struct){
		.reader = reader,
		.data = reader->segments[0] + CAPNP_WORD_BYTES,
		.pointers = reader->segments[0] + (data_words + (size_t)1) * CAPNP_WORD_BYTES,
		.data_bits = data_words * 64,
		.pointer_count = (uint16_t)capnp_struct_pointers(word),
		.depth = CAPNP_DEPTH_MAX - 1,
	};
}

/* Pointer fields; absent pointers and bad ones read as empty. */
struct capnp_struct capnp_get_struct(struct capnp_struct from, uint16_t pointer);
/* Elements of another kind, or too small for `expected`, are CAPNP_ERROR_KIND; larger ones are
 * upgrades. */
struct capnp_list
capnp_get_list(struct capnp_struct from, uint16_t pointer, enum capnp_element expected);
struct capnp_text capnp_get_text(struct capnp_struct from, uint16_t pointer);
struct capnp_cap capnp_get_cap(struct capnp_struct from, uint16_t pointer);

static inline struct capnp_any
capnp_get_any(struct capnp_struct from, uint16_t pointer)
{
	struct capnp_any any = { from.reader, NULL, from.segment, from.depth };

	if (pointer < from.pointer_count)
		any.pointer = from.pointers + (size_t)pointer * CAPNP_WORD_BYTES;
	return any;
}

static inline bool
capnp_any_is_null(struct capnp_any any)
{
	return any.pointer == NULL || capnp_load(any.pointer) == 0;
}

static inline bool
capnp_has_pointer(struct capnp_struct from, uint16_t pointer)
{
	return !capnp_any_is_null(capnp_get_any(from, pointer));
}
/* The field, or if it is null the pointer at the start of `words`, which our generator made. */
struct capnp_any
capnp_get_any_or(struct capnp_struct from, uint16_t pointer, const uint64_t *words);

struct capnp_list capnp_any_list(struct capnp_any any, enum capnp_element expected);
struct capnp_text capnp_any_text(struct capnp_any any);

/* Any bytes that a pointer leads to: capnp_any_data() without its short cut. In registers: views
 * that are passed by value are stored before it is known whether they have to be. */
struct capnp_data capnp_bytes_anywhere(
    struct capnp_reader *reader, const uint8_t *pointer, uint8_t segment, uint8_t depth);

/* Bytes of a near pointer are found in line. */
static inline struct capnp_data
capnp_any_data(struct capnp_any any)
{
	uint64_t word = any.pointer == NULL ? 0 : capnp_load(any.pointer);
	uint64_t kind = (uint64_t)CAPNP_ELEMENT_1 << 32 | CAPNP_POINTER_LIST;
	/* Kind, sign of the offset, kind of element. */
	uint64_t kind_bits = UINT64_C(7) << 32 | UINT64_C(1) << 31 | 3;
	uint32_t size = capnp_list_count(word);
	uint64_t words = ((uint64_t)size + 7) / 8;
	uint64_t skip = (uint32_t)word / 4; /* words between the pointer and the bytes */
	uint64_t room;

	/* A list of bytes at a positive offset. */
	if (CAPNP_RARELY((word & kind_bits) != kind) || CAPNP_RARELY(any.depth == 0))
		return capnp_bytes_anywhere(any.reader, any.pointer, any.segment, any.depth);
	if (any.segment == CAPNP_SEGMENT_CHECKED)
		return (struct capnp_data){ any.pointer + (skip + 1) * CAPNP_WORD_BYTES, size };
	/* In words: an address that is made too early wraps around behind the kernel's own memory.
	 */
	room = any.reader->segment_words[any.segment] -
	    (size_t)(any.pointer - any.reader->segments[any.segment]) / CAPNP_WORD_BYTES - 1;
	if (CAPNP_RARELY(skip > room) || CAPNP_RARELY(words > room - skip) ||
	    CAPNP_RARELY(words >= any.reader->traversal_words))
		return capnp_bytes_anywhere(any.reader, any.pointer, any.segment, any.depth);
	any.reader->traversal_words -= words + 1;
	return (struct capnp_data){ any.pointer + (skip + 1) * CAPNP_WORD_BYTES, size };
}
struct capnp_cap capnp_any_cap(struct capnp_any any);

static inline struct capnp_data
capnp_get_data(struct capnp_struct from, uint16_t pointer)
{
	return capnp_any_data(capnp_get_any(from, pointer));
}

/* What a pointer leads to; a bad one reads as null and is an error. */
enum capnp_any_kind {
	CAPNP_ANY_NULL,
	CAPNP_ANY_STRUCT,
	CAPNP_ANY_LIST, /* of scalars or pointers */
	CAPNP_ANY_STRUCT_LIST,
	CAPNP_ANY_CAP,
};

enum capnp_any_kind capnp_any_kind(struct capnp_any any);

/* Elements; an index that is out of range reads as empty. */
struct capnp_struct capnp_list_struct(struct capnp_list list, uint32_t index);
struct capnp_any capnp_list_any(struct capnp_list list, uint32_t index);

/* Scalars: `offset` in bytes (bits for bool); a field that the message is too short for has its
 * default. */
static inline bool
capnp_get_bool(struct capnp_struct from, uint32_t bit, bool fallback)
{
	if (bit >= from.data_bits)
		return fallback;
	return (((from.data[bit / 8] >> (bit % 8)) & 1) != 0) != fallback;
}

#define CAPNP_DEFINE_GET(suffix, type)                                                             \
	static inline type capnp_get_##suffix(                                                     \
	    struct capnp_struct from, uint32_t offset, type fallback)                              \
	{                                                                                          \
		type value;                                                                        \
		if ((uint64_t)offset * 8 + sizeof(type) * 8 > from.data_bits)                      \
			return fallback;                                                           \
		memcpy(&value, from.data + offset, sizeof(value));                                 \
		return (type)(value ^ fallback);                                                   \
	}                                                                                          \
	static inline type capnp_list_##suffix(struct capnp_list list, uint32_t index)             \
	{                                                                                          \
		type value;                                                                        \
		if (index >= list.count || list.data_bits < sizeof(type) * 8)                      \
			return 0;                                                                  \
		memcpy(&value, list.data + (uint64_t)index * list.step_bits / 8, sizeof(value));   \
		return value;                                                                      \
	}
CAPNP_DEFINE_GET(u8, uint8_t)
CAPNP_DEFINE_GET(u16, uint16_t)
CAPNP_DEFINE_GET(u32, uint32_t)
CAPNP_DEFINE_GET(u64, uint64_t)
#undef CAPNP_DEFINE_GET

static inline bool
capnp_list_bool(struct capnp_list list, uint32_t index)
{
	uint64_t bit = (uint64_t)index * list.step_bits;

	if (index >= list.count || list.data_bits == 0)
		return false;
	return ((list.data[bit / 8] >> (bit % 8)) & 1) != 0;
}

/* Floating point as its bits. */
static inline float
capnp_float(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline double
capnp_double(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}
