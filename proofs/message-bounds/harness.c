/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about lib/capnp/reader.c and reader.h: whatever bytes a message has, nothing outside of
 * its segments is read. A view (struct, list, pointer) is inside if all that may be read of it lies
 * in one segment; each function makes views that are inside from views that are inside, and reads
 * nothing else. So the claims hold for messages of any depth and any number of reads.
 *
 * CBMC checks each access itself: a segment is an object of its own, exactly as large as it says.
 */
#include <stdbool.h>
#include <stdint.h>

#include "prove.h"

#include "capnp/reader.c"

#ifndef WORDS
#define WORDS 2 /* of each segment */
#endif
#define SEGMENTS 2
#define BYTES (WORDS * CAPNP_WORD_BYTES)

static _Alignas(8) uint8_t first[BYTES];
static _Alignas(8) uint8_t second[BYTES];
static struct capnp_reader reader;

static const uint8_t *
segment_bytes(uint32_t segment)
{
	return segment == 0 ? first : second;
}

/* Any two segments of any bytes, and whatever is left of the limits. */
static void
set_up(void)
{
	for (uint32_t i = 0; i < WORDS; i++) {
		capnp_store(first + i * CAPNP_WORD_BYTES, any_u64());
		capnp_store(second + i * CAPNP_WORD_BYTES, any_u64());
	}
	reader.segments[0] = first;
	reader.segments[1] = second;
	reader.segment_words[0] = WORDS;
	reader.segment_words[1] = WORDS;
	reader.segment_count = SEGMENTS;
	reader.cap_count = any_below(CAPNP_CAPS_MAX + 1);
	reader.traversal_words = any_u64();
	reader.error = any_bool() ? CAPNP_OK : CAPNP_ERROR_BOUNDS;
}

/* So many bits from there on lie in the segment. */
static bool
is_in_segment(uint32_t segment, const uint8_t *from, uint64_t bits)
{
	uint64_t offset;

	if (bits == 0)
		return true;
	if (segment >= SEGMENTS)
		return false;
	if (__CPROVER_POINTER_OBJECT(from) != __CPROVER_POINTER_OBJECT(segment_bytes(segment)))
		return false;
	offset = __CPROVER_POINTER_OFFSET(from);
	return offset <= BYTES && bits <= (BYTES - offset) * 8;
}

static bool
is_struct_inside(struct capnp_struct view)
{
	return is_in_segment(view.segment, view.data, view.data_bits) &&
	    is_in_segment(view.segment, view.pointers, (uint64_t)view.pointer_count * 64);
}

/* Each element has its data and its pointers within its step, and all steps are inside. */
static bool
is_list_inside(struct capnp_list view)
{
	uint64_t element_bits = view.data_bits + (uint64_t)view.pointer_count * 64;

	return view.count == 0 ||
	    (element_bits <= view.step_bits &&
		(view.pointer_count == 0 || view.step_bits % 64 == 0) &&
		(view.pointer_count == 0 || view.data_bits % 64 == 0) &&
		is_in_segment(view.segment, view.data, (uint64_t)view.count * view.step_bits));
}

static bool
is_any_inside(struct capnp_any view)
{
	return view.pointer == NULL || is_in_segment(view.segment, view.pointer, 64);
}

/* A pointer that stands somewhere in the message. */
static struct capnp_any
any_pointer(void)
{
	struct capnp_any any = { .reader = &reader, .depth = (uint8_t)any_u32() };

	any.segment = (uint8_t)any_below(SEGMENTS);
	if (any_bool())
		any.pointer = segment_bytes(any.segment) + any_below(WORDS) * CAPNP_WORD_BYTES;
	return any;
}

static struct capnp_struct
any_struct(void)
{
	struct capnp_struct view = { .reader = &reader, .depth = (uint8_t)any_u32() };

	view.segment = (uint8_t)any_below(SEGMENTS);
	view.data = segment_bytes(view.segment) + any_below(BYTES + 1);
	view.pointers = segment_bytes(view.segment) + any_below(BYTES + 1);
	view.data_bits = any_u32();
	view.pointer_count = (uint16_t)any_u32();
	GIVEN(is_struct_inside(view));
	return view;
}

static struct capnp_list
any_list(void)
{
	struct capnp_list view = { .reader = &reader, .depth = (uint8_t)any_u32() };

	view.segment = (uint8_t)any_below(SEGMENTS);
	view.data = segment_bytes(view.segment) + any_below(WORDS + 1) * CAPNP_WORD_BYTES;
	view.count = any_u32();
	view.step_bits = any_u32();
	view.data_bits = any_u32();
	view.pointer_count = (uint16_t)any_u32();
	GIVEN(is_list_inside(view));
	return view;
}

/* A segment table of any bytes: segments lie in the message, one behind the other. */
void
prove_opening_finds_segments_inside(void)
{
	static _Alignas(8) uint8_t message[BYTES];
	static struct capnp_reader opened;
	uint32_t byte_count = any_below(BYTES + 1);
	uint64_t end = 0;
	uint64_t start;

	for (uint32_t i = 0; i < WORDS; i++)
		capnp_store(message + i * CAPNP_WORD_BYTES, any_u64());
	(void)capnp_reader_init_single(&opened, message + BYTES - byte_count, byte_count);
	/* Its end is the object's: what is read behind it is found. */
	if (capnp_reader_init(&opened, message + BYTES - byte_count, byte_count) != CAPNP_OK)
		return;
	PROVE(opened.segment_count >= 1 && opened.segment_count <= CAPNP_SEGMENTS_MAX, "some");
	for (uint32_t i = 0; i < CAPNP_SEGMENTS_MAX; i++) {
		if (i >= opened.segment_count)
			continue;
		start = (uint64_t)(opened.segments[i] - message);
		PROVE(start >= end && start <= BYTES, "none overlaps another one");
		PROVE(opened.segment_words[i] <= (BYTES - start) / CAPNP_WORD_BYTES, "inside");
		end = start + (uint64_t)opened.segment_words[i] * CAPNP_WORD_BYTES;
	}
	PROVE(end == BYTES, "nothing is left over");
	PROVE(opened.cap_count == 0, "bytes bring no capabilities");
	if (capnp_reader_init_single(&opened, message + BYTES - byte_count, byte_count) == CAPNP_OK)
		PROVE(opened.segment_count == 1 &&
			opened.segments[0] == message + BYTES - byte_count + 8 &&
			opened.segment_words[0] == byte_count / CAPNP_WORD_BYTES - 1,
		    "the short way finds the same");
}

void
prove_a_struct_is_inside(void)
{
	set_up();
	PROVE(is_struct_inside(capnp_any_struct(any_pointer())), "what is found is inside");
}

void
prove_the_root_is_inside(void)
{
	set_up();
	reader.segment_words[0] = any_below(WORDS + 1);
	PROVE(is_struct_inside(capnp_reader_root(&reader)), "what is found is inside");
	PROVE(is_any_inside(capnp_reader_root_any(&reader)), "its pointer, too");
}

void
prove_a_list_is_inside(void)
{
	set_up();
	PROVE(is_list_inside(capnp_any_list(
		  any_pointer(), (enum capnp_element)any_below(CAPNP_ELEMENT_STRUCT + 1))),
	    "what is found is inside");
}

void
prove_bytes_are_inside(void)
{
	struct capnp_any any;
	struct capnp_data data;
	struct capnp_text text;

	set_up();
	any = any_pointer();
	data = capnp_any_data(any);
	PROVE(data.size == 0 || is_in_segment(0, data.data, (uint64_t)data.size * 8) ||
		is_in_segment(1, data.data, (uint64_t)data.size * 8),
	    "what is found is inside");
	text = capnp_any_text(any);
	PROVE(text.data[text.size] == 0, "a text ends with a zero, and that is inside, too");
}

void
prove_fields_are_read_inside(void)
{
	struct capnp_struct view;
	uint32_t offset = any_u32();

	set_up();
	view = any_struct();
	(void)capnp_get_u8(view, offset, (uint8_t)any_u32());
	(void)capnp_get_u16(view, offset, (uint16_t)any_u32());
	(void)capnp_get_u32(view, offset, any_u32());
	(void)capnp_get_u64(view, offset, any_u64());
	(void)capnp_get_bool(view, offset, any_bool());
	PROVE(is_any_inside(capnp_get_any(view, (uint16_t)offset)),
	    "a field that is there is inside");
}

void
prove_elements_are_read_inside(void)
{
	struct capnp_list view;
	uint32_t index = any_u32();

	set_up();
	view = any_list();
	(void)capnp_list_u8(view, index);
	(void)capnp_list_u16(view, index);
	(void)capnp_list_u32(view, index);
	(void)capnp_list_u64(view, index);
	(void)capnp_list_bool(view, index);
	PROVE(is_struct_inside(capnp_list_struct(view, index)), "an element is inside");
	PROVE(is_any_inside(capnp_list_any(view, index)), "its pointer, too");
}

void
prove_capabilities_are_the_messages_own(void)
{
	struct capnp_cap cap;

	set_up();
	for (uint32_t i = 0; i < CAPNP_CAPS_MAX; i++)
		reader.caps[i].cap_id = i < reader.cap_count ? 1 : 2;
	cap = capnp_any_cap(any_pointer());
	PROVE(cap.cap_id <= 1, "none that did not come with it");
	(void)capnp_any_kind(any_pointer());
}
