/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading messages; see reader.h. All arithmetic on sizes is in 64 bits, where 32-bit counts cannot
 * overflow. A pointer is followed in three steps: resolve (far pointers, landing pads), check the
 * content against its segment, charge the traversal limit.
 */
#include "reader.h"

/* Where a pointer leads: the word that describes the content, and the content's place. */
struct target {
	uint64_t word;
	const uint8_t *base; /* the segment's first word; of a default value: its pointer */
	int64_t start;	     /* in words, from the base */
	uint32_t segment;
};

static bool
fail(struct capnp_reader *reader, enum capnp_error error)
{
	if (reader->error == CAPNP_OK)
		reader->error = error;
	return false;
}

static bool
is_inside(const struct capnp_reader *reader, uint32_t segment, int64_t start, uint64_t words)
{
	uint64_t limit;

	if (segment == CAPNP_SEGMENT_CHECKED)
		return true;
	limit = reader->segment_words[segment];
	return start >= 0 && (uint64_t)start <= limit && words <= limit - (uint64_t)start;
}

static bool
charge(struct capnp_reader *reader, uint64_t words)
{
	if (words > reader->traversal_words)
		return fail(reader, CAPNP_ERROR_TRAVERSAL);
	reader->traversal_words -= words;
	return true;
}

static const uint8_t *
content_at(const struct target *target, int64_t index)
{
	return target->base + (target->start + index) * CAPNP_WORD_BYTES;
}

/* Far pointers only: never in a default value. */
static uint64_t
pad_at(const struct capnp_reader *reader, uint32_t segment, uint32_t index)
{
	return capnp_load(reader->segments[segment] + (uint64_t)index * CAPNP_WORD_BYTES);
}

/* Rare, and kept out of the way of the near pointers. */
__attribute__((noinline)) static bool
resolve_far(struct capnp_reader *reader, uint64_t far, struct target *target)
{
	uint32_t segment = capnp_far_segment(far);
	uint32_t pad = capnp_far_offset(far);
	bool is_double = capnp_far_is_double(far);
	uint64_t first;

	if (segment >= reader->segment_count || !is_inside(reader, segment, pad, is_double ? 2 : 1))
		return fail(reader, CAPNP_ERROR_SEGMENT);
	first = pad_at(reader, segment, pad);
	if (!is_double) {
		if (capnp_pointer_kind(first) == CAPNP_POINTER_FAR)
			return fail(reader, CAPNP_ERROR_SEGMENT);
		*target = (struct target){ first, reader->segments[segment],
			(int64_t)pad + 1 + capnp_pointer_offset(first), segment };
		return true;
	}
	if (capnp_pointer_kind(first) != CAPNP_POINTER_FAR || capnp_far_is_double(first) ||
	    capnp_far_segment(first) >= reader->segment_count)
		return fail(reader, CAPNP_ERROR_SEGMENT);
	*target = (struct target){ pad_at(reader, segment, pad + 1),
		reader->segments[capnp_far_segment(first)], capnp_far_offset(first),
		capnp_far_segment(first) };
	return true;
}

__attribute__((always_inline)) static inline bool
resolve(struct capnp_any any, struct target *target)
{
	uint64_t word = capnp_load(any.pointer);
	const uint8_t *base = any.pointer;

	if (any.depth == 0)
		return fail(any.reader, CAPNP_ERROR_DEPTH);
	if (capnp_pointer_kind(word) == CAPNP_POINTER_FAR)
		return resolve_far(any.reader, word, target);
	if (any.segment != CAPNP_SEGMENT_CHECKED)
		base = any.reader->segments[any.segment];
	*target = (struct target){ word, base,
		(any.pointer - base) / CAPNP_WORD_BYTES + 1 + capnp_pointer_offset(word),
		any.segment };
	return true;
}

enum capnp_any_kind
capnp_any_kind(struct capnp_any any)
{
	struct target target;

	if (capnp_any_is_null(any))
		return CAPNP_ANY_NULL;
	if (capnp_pointer_kind(capnp_load(any.pointer)) == CAPNP_POINTER_OTHER)
		return CAPNP_ANY_CAP;
	if (!resolve(any, &target))
		return CAPNP_ANY_NULL;
	switch (capnp_pointer_kind(target.word)) {
	case CAPNP_POINTER_STRUCT:
		return CAPNP_ANY_STRUCT;
	case CAPNP_POINTER_LIST:
		return capnp_list_element(target.word) == CAPNP_ELEMENT_STRUCT
		    ? CAPNP_ANY_STRUCT_LIST
		    : CAPNP_ANY_LIST;
	default:
		fail(any.reader, CAPNP_ERROR_KIND);
		return CAPNP_ANY_NULL;
	}
}

struct capnp_struct
capnp_any_struct(struct capnp_any any)
{
	struct capnp_struct empty = { .reader = any.reader };
	struct target target;
	uint32_t data_words;
	uint32_t pointers;

	if (capnp_any_is_null(any) || !resolve(any, &target))
		return empty;
	if (capnp_pointer_kind(target.word) != CAPNP_POINTER_STRUCT) {
		fail(any.reader, CAPNP_ERROR_KIND);
		return empty;
	}
	data_words = capnp_struct_data_words(target.word);
	pointers = capnp_struct_pointers(target.word);
	if (!is_inside(any.reader, target.segment, target.start, (uint64_t)data_words + pointers)) {
		fail(any.reader, CAPNP_ERROR_BOUNDS);
		return empty;
	}
	if (!charge(any.reader, (uint64_t)data_words + pointers + 1))
		return empty;
	return (struct capnp_struct){ .reader = any.reader,
		.data = content_at(&target, 0),
		.pointers = content_at(&target, data_words),
		.data_bits = data_words * 64,
		.pointer_count = (uint16_t)pointers,
		.segment = (uint8_t)target.segment,
		.depth = (uint8_t)(any.depth - 1) };
}

/* A list of structs: its first word is a tag with the form of a struct pointer. */
static bool
open_struct_list(struct capnp_list *list, const struct target *target)
{
	uint64_t words = capnp_list_count(target->word);
	uint64_t tag;
	uint32_t data_words;
	uint32_t pointers;
	uint32_t count;

	if (!is_inside(list->reader, target->segment, target->start, words + 1))
		return fail(list->reader, CAPNP_ERROR_BOUNDS);
	tag = capnp_load(content_at(target, 0));
	if (capnp_pointer_kind(tag) != CAPNP_POINTER_STRUCT)
		return fail(list->reader, CAPNP_ERROR_KIND);
	count = (uint32_t)tag >> 2;
	data_words = capnp_struct_data_words(tag);
	pointers = capnp_struct_pointers(tag);
	if ((uint64_t)count * (data_words + pointers) > words)
		return fail(list->reader, CAPNP_ERROR_BOUNDS);
	/* Elements without size cost nothing in the message; they are charged as if they did. */
	if (!charge(list->reader, words + 1 + (data_words + pointers == 0 ? count : 0)))
		return false;
	list->data = content_at(target, 1);
	list->count = count;
	list->step_bits = (data_words + pointers) * 64;
	list->data_bits = data_words * 64;
	list->pointer_count = (uint16_t)pointers;
	return true;
}

static bool
open_plain_list(struct capnp_list *list, const struct target *target)
{
	enum capnp_element element = capnp_list_element(target->word);
	uint32_t count = capnp_list_count(target->word);
	uint32_t bits = capnp_element_bits(element);
	uint64_t words = ((uint64_t)count * bits + 63) / 64;

	if (!is_inside(list->reader, target->segment, target->start, words))
		return fail(list->reader, CAPNP_ERROR_BOUNDS);
	if (!charge(list->reader, words + 1 + (bits == 0 ? count : 0)))
		return false;
	list->data = content_at(target, 0);
	list->count = count;
	list->step_bits = bits;
	list->data_bits = element == CAPNP_ELEMENT_POINTER ? 0 : bits;
	list->pointer_count = element == CAPNP_ELEMENT_POINTER ? 1 : 0;
	return true;
}

/* Whether elements as found may be read as elements of `expected`. */
static bool
is_compatible(const struct capnp_list *list, enum capnp_element found, enum capnp_element expected)
{
	switch (expected) {
	case CAPNP_ELEMENT_VOID:
		return true;
	case CAPNP_ELEMENT_BIT:
		return found == CAPNP_ELEMENT_BIT;
	case CAPNP_ELEMENT_POINTER:
		return list->pointer_count > 0;
	case CAPNP_ELEMENT_STRUCT:
		return found != CAPNP_ELEMENT_BIT;
	default:
		return found != CAPNP_ELEMENT_BIT &&
		    list->data_bits >= capnp_element_bits(expected);
	}
}

struct capnp_list
capnp_any_list(struct capnp_any any, enum capnp_element expected)
{
	struct capnp_list empty = { .reader = any.reader };
	struct capnp_list list = empty;
	struct target target;
	enum capnp_element found;
	bool is_open;

	if (capnp_any_is_null(any) || !resolve(any, &target))
		return empty;
	if (capnp_pointer_kind(target.word) != CAPNP_POINTER_LIST) {
		fail(any.reader, CAPNP_ERROR_KIND);
		return empty;
	}
	list.segment = (uint8_t)target.segment;
	list.depth = (uint8_t)(any.depth - 1);
	found = capnp_list_element(target.word);
	is_open = found == CAPNP_ELEMENT_STRUCT ? open_struct_list(&list, &target)
						: open_plain_list(&list, &target);
	if (!is_open)
		return empty;
	if (!is_compatible(&list, found, expected)) {
		fail(any.reader, CAPNP_ERROR_KIND);
		return empty;
	}
	return list;
}

struct capnp_data
capnp_bytes_anywhere(
    struct capnp_reader *reader, const uint8_t *pointer, uint8_t segment, uint8_t depth)
{
	struct capnp_any any = { reader, pointer, segment, depth };
	struct capnp_list list = capnp_any_list(any, CAPNP_ELEMENT_1);

	/* Bytes inside larger elements are no Data: they do not lie next to each other. */
	if (list.count != 0 && list.step_bits != 8) {
		fail(reader, CAPNP_ERROR_KIND);
		return (struct capnp_data){ NULL, 0 };
	}
	return (struct capnp_data){ list.data, list.count };
}

struct capnp_text
capnp_any_text(struct capnp_any any)
{
	struct capnp_data bytes = capnp_any_data(any);

	if (bytes.size == 0 && capnp_any_is_null(any))
		return (struct capnp_text){ "", 0 };
	if (bytes.size == 0 || bytes.data[bytes.size - 1] != 0) {
		fail(any.reader, CAPNP_ERROR_TEXT);
		return (struct capnp_text){ "", 0 };
	}
	return (struct capnp_text){ (const char *)bytes.data, bytes.size - 1 };
}

struct capnp_cap
capnp_any_cap(struct capnp_any any)
{
	struct capnp_cap null_cap = { 0 };
	uint64_t word;

	if (capnp_any_is_null(any))
		return null_cap;
	word = capnp_load(any.pointer);
	if (capnp_pointer_kind(word) != CAPNP_POINTER_OTHER ||
	    (uint32_t)word != CAPNP_POINTER_OTHER) {
		fail(any.reader, CAPNP_ERROR_KIND);
		return null_cap;
	}
	if (word >> 32 >= any.reader->cap_count) {
		fail(any.reader, CAPNP_ERROR_CAP);
		return null_cap;
	}
	return any.reader->caps[word >> 32];
}

struct capnp_any
capnp_get_any_or(struct capnp_struct from, uint16_t pointer, const uint64_t *words)
{
	struct capnp_any any = capnp_get_any(from, pointer);

	if (capnp_any_is_null(any))
		any = (struct capnp_any){ from.reader, (const uint8_t *)words,
			CAPNP_SEGMENT_CHECKED, CAPNP_DEPTH_MAX };
	return any;
}

struct capnp_struct
capnp_get_struct(struct capnp_struct from, uint16_t pointer)
{
	return capnp_any_struct(capnp_get_any(from, pointer));
}

struct capnp_list
capnp_get_list(struct capnp_struct from, uint16_t pointer, enum capnp_element expected)
{
	return capnp_any_list(capnp_get_any(from, pointer), expected);
}

struct capnp_text
capnp_get_text(struct capnp_struct from, uint16_t pointer)
{
	return capnp_any_text(capnp_get_any(from, pointer));
}

struct capnp_cap
capnp_get_cap(struct capnp_struct from, uint16_t pointer)
{
	return capnp_any_cap(capnp_get_any(from, pointer));
}

struct capnp_struct
capnp_list_struct(struct capnp_list list, uint32_t index)
{
	struct capnp_struct element = { .reader = list.reader };
	const uint8_t *start;

	if (index >= list.count)
		return element;
	if (list.depth == 0) {
		fail(list.reader, CAPNP_ERROR_DEPTH);
		return element;
	}
	start = list.data + (uint64_t)index * list.step_bits / 8;
	element.data = start;
	element.pointers = start + list.data_bits / 8;
	element.data_bits = list.data_bits;
	element.pointer_count = list.pointer_count;
	element.segment = list.segment;
	element.depth = (uint8_t)(list.depth - 1);
	return element;
}

struct capnp_any
capnp_list_any(struct capnp_list list, uint32_t index)
{
	struct capnp_any any = { list.reader, NULL, list.segment, list.depth };

	if (index < list.count && list.pointer_count > 0)
		any.pointer = list.data + (uint64_t)index * list.step_bits / 8 + list.data_bits / 8;
	return any;
}

struct capnp_any
capnp_reader_root_any(struct capnp_reader *reader)
{
	struct capnp_any any = { reader, NULL, 0, CAPNP_DEPTH_MAX };

	if (reader->segment_words[0] > 0)
		any.pointer = reader->segments[0];
	return any;
}

enum capnp_error
capnp_reader_init(struct capnp_reader *reader, const void *bytes, size_t byte_count)
{
	const uint8_t *table = bytes;
	uint64_t position;
	uint32_t segment_count;

	if (byte_count < CAPNP_WORD_BYTES || capnp_load_half(table) >= CAPNP_SEGMENTS_MAX)
		return CAPNP_ERROR_FRAME;
	segment_count = capnp_load_half(table) + 1;
	position = (uint64_t)(segment_count / 2 + 1) * CAPNP_WORD_BYTES;
	if (position > byte_count)
		return CAPNP_ERROR_FRAME;
	for (uint32_t i = 0; i < segment_count; i++) {
		uint32_t words = capnp_load_half(table + 4 + (size_t)i * 4);

		if (words > (byte_count - position) / CAPNP_WORD_BYTES)
			return CAPNP_ERROR_FRAME;
		reader->segments[i] = table + position;
		reader->segment_words[i] = words;
		position += (uint64_t)words * CAPNP_WORD_BYTES;
	}
	if (position != byte_count)
		return CAPNP_ERROR_FRAME;
	reader->segment_count = segment_count;
	reader->cap_count = 0;
	/* Several times the message: fields are read more than once, but shared pointers must not
	 * multiply it. */
	reader->traversal_words = byte_count + 64;
	reader->error = CAPNP_OK;
	return CAPNP_OK;
}
