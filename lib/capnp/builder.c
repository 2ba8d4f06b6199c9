/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building messages; see builder.h. Content is placed behind what its segment already holds. If the
 * pointer's own segment has no room, content goes to another one with a landing pad before it, and
 * the pointer becomes a far pointer.
 */
#include "builder.h"

static bool
fail(struct capnp_builder *builder, enum capnp_error error)
{
	if (builder->error == CAPNP_OK)
		builder->error = error;
	return false;
}

/* `words` zeroed words in `segment`, or NULL. */
static uint8_t *
segment_take(struct capnp_builder *builder, uint32_t segment, uint64_t words)
{
	struct capnp_builder_segment *from = &builder->segments[segment];
	uint8_t *start = from->words + (size_t)from->used_words * CAPNP_WORD_BYTES;

	if (words > from->capacity_words - from->used_words)
		return NULL;
	from->used_words += (uint32_t)words;
	memset(start, 0, (size_t)words * CAPNP_WORD_BYTES);
	return start;
}

/* Write `word` (with offset 0) so that `any` leads to `content` in the same segment. */
static void
point_near(struct capnp_any_builder any, uint64_t word, const uint8_t *content)
{
	int64_t offset = (content - any.pointer) / CAPNP_WORD_BYTES - 1;

	capnp_store(any.pointer, word | (uint32_t)((uint64_t)offset << 2));
}

/*
 * Room for `words`, and `any` made to lead there; `word` is the pointer without its offset. The
 * segment that was found is stored in *segment.
 */
static uint8_t *
place(struct capnp_any_builder any, uint64_t word, uint64_t words, uint16_t *segment)
{
	uint8_t *content;

	if (any.pointer == NULL)
		return NULL;
	content = segment_take(any.builder, any.segment, words);
	if (content != NULL) {
		point_near(any, word, content);
		*segment = any.segment;
		return content;
	}
	for (uint32_t other = 0; other < any.builder->segment_count; other++) {
		struct capnp_any_builder pad = { any.builder, NULL, (uint16_t)other };

		pad.pointer = segment_take(any.builder, other, words + 1);
		if (pad.pointer == NULL)
			continue;
		point_near(pad, word, pad.pointer + CAPNP_WORD_BYTES);
		capnp_store(any.pointer,
		    capnp_make_far(false,
			(uint32_t)((pad.pointer - any.builder->segments[other].words) /
			    CAPNP_WORD_BYTES),
			other));
		*segment = (uint16_t)other;
		return pad.pointer + CAPNP_WORD_BYTES;
	}
	fail(any.builder, CAPNP_ERROR_SPACE);
	return NULL;
}

struct capnp_struct_builder
capnp_any_init_struct(struct capnp_any_builder any, uint16_t data_words, uint16_t pointer_count)
{
	struct capnp_struct_builder built = { .builder = any.builder };
	uint8_t *content;

	if (any.pointer == NULL)
		return built;
	if (data_words + pointer_count == 0) {
		/* An empty struct has no content: its pointer leads to itself (offset -1). */
		capnp_store(any.pointer, capnp_make_struct(-1, 0, 0));
		return built;
	}
	content = place(any, capnp_make_struct(0, data_words, pointer_count),
	    (uint64_t)data_words + pointer_count, &built.segment);
	if (content == NULL)
		return built;
	built.data = content;
	built.pointers = content + (size_t)data_words * CAPNP_WORD_BYTES;
	built.data_bits = (uint32_t)data_words * 64;
	built.pointer_count = pointer_count;
	return built;
}

struct capnp_list_builder
capnp_any_init_list(struct capnp_any_builder any, enum capnp_element element, uint32_t count)
{
	struct capnp_list_builder built = { .builder = any.builder };
	uint32_t bits = capnp_element_bits(element);
	uint8_t *content;

	if (any.pointer == NULL)
		return built;
	if (count >= CAPNP_MESSAGE_WORDS_MAX) {
		fail(any.builder, CAPNP_ERROR_SPACE);
		return built;
	}
	content = place(any, capnp_make_list(0, element, count), ((uint64_t)count * bits + 63) / 64,
	    &built.segment);
	if (content == NULL)
		return built;
	built.data = content;
	built.count = count;
	built.step_bits = bits;
	built.data_bits = element == CAPNP_ELEMENT_POINTER ? 0 : bits;
	built.pointer_count = element == CAPNP_ELEMENT_POINTER ? 1 : 0;
	return built;
}

struct capnp_list_builder
capnp_any_init_struct_list(
    struct capnp_any_builder any, uint32_t count, uint16_t data_words, uint16_t pointer_count)
{
	struct capnp_list_builder built = { .builder = any.builder };
	uint64_t words = (uint64_t)count * ((uint64_t)data_words + pointer_count);
	uint8_t *content;

	if (any.pointer == NULL)
		return built;
	if (count >= CAPNP_MESSAGE_WORDS_MAX || words >= CAPNP_MESSAGE_WORDS_MAX) {
		fail(any.builder, CAPNP_ERROR_SPACE);
		return built;
	}
	content = place(any, capnp_make_list(0, CAPNP_ELEMENT_STRUCT, (uint32_t)words), words + 1,
	    &built.segment);
	if (content == NULL)
		return built;
	capnp_store(content, capnp_make_struct((int64_t)count, data_words, pointer_count));
	built.data = content + CAPNP_WORD_BYTES;
	built.count = count;
	built.step_bits = ((uint32_t)data_words + pointer_count) * 64;
	built.data_bits = (uint32_t)data_words * 64;
	built.pointer_count = pointer_count;
	return built;
}

uint8_t *
capnp_any_init_data(struct capnp_any_builder any, uint32_t size)
{
	return capnp_any_init_list(any, CAPNP_ELEMENT_1, size).data;
}

char *
capnp_any_init_text(struct capnp_any_builder any, uint32_t size)
{
	if (size == UINT32_MAX) {
		fail(any.builder, CAPNP_ERROR_SPACE);
		return NULL;
	}
	return (char *)capnp_any_init_list(any, CAPNP_ELEMENT_1, size + 1).data;
}

void
capnp_builder_set_bytes_elsewhere(
    struct capnp_builder *builder, uint8_t *pointer, uint16_t segment, struct capnp_byte_list list)
{
	struct capnp_any_builder any = { builder, pointer, segment };
	uint64_t count = (uint64_t)list.size + list.zero_count;
	uint8_t *content = capnp_any_init_data(
	    any, count < CAPNP_MESSAGE_WORDS_MAX ? (uint32_t)count : CAPNP_MESSAGE_WORDS_MAX);

	if (content != NULL && list.size != 0)
		memcpy(content, list.bytes, list.size);
}

void
capnp_any_set_root_cap(struct capnp_any_builder any, uint32_t ordinal, struct capnp_cap value)
{
	if (any.pointer == NULL)
		return;
	if (value.cap_id == 0) {
		capnp_store(any.pointer, 0);
		any.builder->caps[ordinal] = (struct capnp_cap){ 0 };
		return;
	}
	any.builder->caps[ordinal] = value;
	capnp_store(any.pointer, capnp_make_cap(ordinal));
}

void
capnp_any_set_cap(struct capnp_any_builder any, struct capnp_cap value)
{
	if (any.pointer == NULL)
		return;
	if (value.cap_id == 0) {
		capnp_store(any.pointer, 0);
		return;
	}
	if (any.builder->cap_count == CAPNP_CAPS_MAX) {
		fail(any.builder, CAPNP_ERROR_SPACE);
		return;
	}
	capnp_any_set_root_cap(any, any.builder->cap_count++, value);
}

struct capnp_struct_builder
capnp_list_struct_builder(struct capnp_list_builder list, uint32_t index)
{
	struct capnp_struct_builder element = { .builder = list.builder };

	if (index >= list.count)
		return element;
	element.data = list.data + (uint64_t)index * list.step_bits / 8;
	element.pointers = element.data + list.data_bits / 8;
	element.data_bits = list.data_bits;
	element.pointer_count = list.pointer_count;
	element.segment = list.segment;
	return element;
}

struct capnp_any_builder
capnp_list_any_builder(struct capnp_list_builder list, uint32_t index)
{
	struct capnp_any_builder any = { list.builder, NULL, list.segment };

	if (index < list.count && list.pointer_count > 0)
		any.pointer = list.data + (uint64_t)index * list.step_bits / 8 + list.data_bits / 8;
	return any;
}

void
capnp_builder_init_segments(
    struct capnp_builder *builder, struct capnp_builder_segment *segments, uint32_t segment_count)
{
	builder->segments = segments;
	builder->segment_count = segment_count;
	builder->cap_count = 0;
	builder->error = CAPNP_OK;
}

bool
capnp_builder_null_root(struct capnp_builder *builder)
{
	return segment_take(builder, 0, 1) != NULL || fail(builder, CAPNP_ERROR_SPACE);
}

struct capnp_any_builder
capnp_builder_root_any(struct capnp_builder *builder)
{
	struct capnp_any_builder any = { builder, NULL, 0 };

	any.pointer = segment_take(builder, 0, 1);
	if (any.pointer == NULL)
		fail(builder, CAPNP_ERROR_SPACE);
	return any;
}
