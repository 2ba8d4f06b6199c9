/* SPDX-License-Identifier: Apache-2.0 */
/* The reader on messages made by hand: each form of pointer, each refusal. What a good message says
 * is tests/interop's. */
#include "reader.h"

#include "base/test.h"
#include "builder.h"
#include "pointer.h"

static uint64_t words[64];

/* Frame `count` words at words[1] as one segment, and open them. */
static struct capnp_reader
open_words(uint32_t count)
{
	struct capnp_reader reader;

	words[0] = (uint64_t)count << 32;
	CHECK_EQ(capnp_reader_init(&reader, words, (count + 1) * sizeof(words[0])), CAPNP_OK);
	return reader;
}

TEST(a_struct_is_read_and_fields_behind_its_end_are_defaults)
{
	struct capnp_reader reader;
	struct capnp_struct root;

	words[1] = capnp_make_struct(0, 1, 0);
	words[2] = 0x1122334455667788;
	reader = open_words(2);
	root = capnp_reader_root(&reader);
	CHECK_EQ(capnp_get_u64(root, 0, 0), 0x1122334455667788);
	CHECK_EQ(capnp_get_u8(root, 1, 0), 0x77);
	CHECK_EQ(capnp_get_u32(root, 8, 99), 99);
	CHECK_EQ(capnp_get_bool(root, 64, true), true);
	CHECK_EQ(capnp_get_u16(root, 0, 0x00ff), 0x7788 ^ 0x00ff);
	CHECK_EQ(capnp_reader_error(&reader), CAPNP_OK);
}

struct frame_case {
	uint64_t table;
	size_t byte_count;
};

TEST(a_frame_that_disagrees_with_its_size_is_refused)
{
	static const struct frame_case cases[] = {
		{ 0, 0 }, { 0, 7 }, { UINT64_C(2) << 32, 16 }, /* cut */
		{ UINT64_C(1) << 32, 24 },		       /* bytes left over */
		{ UINT64_C(0xffffffff) << 32, 16 },	       /* far too long */
		{ 0xffffffff, 16 },			       /* too many segments */
		{ 15 + (UINT64_C(1) << 32), 16 },	       /* the table itself is cut */
	};
	struct capnp_reader reader;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		words[0] = cases[i].table;
		CHECK_EQ(capnp_reader_init(&reader, words, cases[i].byte_count), CAPNP_ERROR_FRAME);
	}
	words[0] = 1 + (UINT64_C(1) << 32);
	CHECK_EQ(capnp_reader_init_single(&reader, words, 24), CAPNP_ERROR_FRAME);
}

struct pointer_case {
	uint64_t pointer;
	enum capnp_error error;
};

TEST(each_bad_pointer_has_its_error_and_reads_as_empty)
{
	static const struct pointer_case cases[] = {
		{ 0x0000000100000004,
		    CAPNP_ERROR_BOUNDS }, /* a struct that begins behind the segment */
		{ 0x0000ffff00000000, CAPNP_ERROR_BOUNDS },  /* that ends behind it */
		{ 0x00000001fffffff0, CAPNP_ERROR_BOUNDS },  /* that begins before it */
		{ 0x0000000100000001, CAPNP_ERROR_KIND },    /* a list */
		{ 0x0000000000000003, CAPNP_ERROR_KIND },    /* a capability */
		{ 0x0000000500000002, CAPNP_ERROR_SEGMENT }, /* far, to no segment */
		{ 0x00000000000000fa, CAPNP_ERROR_SEGMENT }, /* far, out of the segment */
		{ 0x0000000000000002, CAPNP_ERROR_SEGMENT }, /* far, to itself */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct capnp_reader reader;
		struct capnp_struct root;

		words[1] = cases[i].pointer;
		words[2] = 0;
		reader = open_words(2);
		root = capnp_reader_root(&reader);
		CHECK_EQ(capnp_reader_error(&reader), cases[i].error);
		CHECK_EQ(root.data_bits, 0);
		CHECK_EQ(root.pointer_count, 0);
	}
}

TEST(far_and_double_far_pointers_lead_to_their_content)
{
	/* Three segments: root far to the second, its pointer double-far over the second to the
	 * third. */
	uint64_t message[] = {
		2 + (UINT64_C(1) << 32),
		4 + (UINT64_C(1) << 32), /* table: segments of 1, 4 and 1 words */
		0,
		0,
		0,
		0,
		0,
		0,
	};
	struct capnp_reader reader;
	struct capnp_struct root;
	struct capnp_struct child;

	message[2] = capnp_make_far(false, 0, 1);
	message[3] = capnp_make_struct(0, 0, 1);  /* segment 1: the pad */
	message[4] = capnp_make_far(true, 2, 1);  /* the root's pointer */
	message[5] = capnp_make_far(false, 0, 2); /* pad: where the content is */
	message[6] = capnp_make_struct(0, 1, 0);  /* tag: what it is */
	message[7] = 4711;			  /* segment 2 */
	CHECK_EQ(capnp_reader_init(&reader, message, sizeof(message)), CAPNP_OK);
	root = capnp_reader_root(&reader);
	CHECK_EQ(root.pointer_count, 1);
	child = capnp_get_struct(root, 0);
	CHECK_EQ(capnp_get_u64(child, 0, 0), 4711);
	CHECK_EQ(capnp_reader_error(&reader), CAPNP_OK);
	message[5] = capnp_make_far(true, 0, 2);
	CHECK_EQ(capnp_reader_init(&reader, message, sizeof(message)), CAPNP_OK);
	(void)capnp_get_struct(capnp_reader_root(&reader), 0);
	CHECK_EQ(capnp_reader_error(&reader), CAPNP_ERROR_SEGMENT);
}

TEST(a_list_of_numbers_reads_as_a_list_of_structs_and_the_other_way)
{
	struct capnp_reader reader;
	struct capnp_list list;

	words[1] = capnp_make_struct(0, 0, 2);
	words[2] = capnp_make_list(1, CAPNP_ELEMENT_4, 2);
	words[3] = capnp_make_list(1, CAPNP_ELEMENT_STRUCT, 2);
	words[4] = UINT64_C(7) << 32 | 5;
	words[5] = capnp_make_struct(2, 1, 0); /* tag: two elements */
	words[6] = 11;
	words[7] = 13;
	reader = open_words(7);
	list = capnp_get_list(capnp_reader_root(&reader), 0, CAPNP_ELEMENT_STRUCT);
	CHECK_EQ(list.count, 2);
	CHECK_EQ(capnp_get_u32(capnp_list_struct(list, 1), 0, 0), 7);
	CHECK_EQ(capnp_get_u64(capnp_list_struct(list, 1), 0, 42), 42);
	list = capnp_get_list(capnp_reader_root(&reader), 1, CAPNP_ELEMENT_4);
	CHECK_EQ(capnp_list_u32(list, 0), 11);
	CHECK_EQ(capnp_list_u32(list, 1), 13);
	CHECK_EQ(capnp_list_u32(list, 2), 0);
	CHECK_EQ(capnp_reader_error(&reader), CAPNP_OK);
	list = capnp_get_list(capnp_reader_root(&reader), 0, CAPNP_ELEMENT_8);
	CHECK_EQ(list.count, 0);
	CHECK_EQ(capnp_reader_error(&reader), CAPNP_ERROR_KIND);
}

TEST(a_list_of_many_empty_structs_does_not_multiply_the_work)
{
	struct capnp_reader reader;

	words[1] = capnp_make_struct(0, 0, 1);
	words[2] = capnp_make_list(0, CAPNP_ELEMENT_STRUCT, 0);
	words[3] = capnp_make_struct(0x1fffffff, 0, 0);
	reader = open_words(3);
	CHECK_EQ(capnp_get_list(capnp_reader_root(&reader), 0, CAPNP_ELEMENT_STRUCT).count, 0);
	CHECK_EQ(capnp_reader_error(&reader), CAPNP_ERROR_TRAVERSAL);
}

TEST(a_pointer_to_itself_ends_at_the_depth_limit)
{
	struct capnp_reader reader;
	struct capnp_struct at;

	words[1] = capnp_make_struct(0, 0, 1);
	words[2] = capnp_make_struct(-1, 0, 1);
	reader = open_words(2);
	at = capnp_reader_root(&reader);
	for (int i = 0; i < 100; i++)
		at = capnp_get_struct(at, 0);
	CHECK_EQ(at.pointer_count, 0);
	CHECK_NE(capnp_reader_error(&reader), CAPNP_OK);
}

TEST(a_text_without_its_end_is_refused)
{
	struct capnp_reader reader;

	words[1] = capnp_make_struct(0, 0, 1);
	words[2] = capnp_make_list(0, CAPNP_ELEMENT_1, 3);
	words[3] = 0x00636261;
	reader = open_words(3);
	CHECK_EQ(capnp_get_text(capnp_reader_root(&reader), 0).size, 0);
	CHECK_EQ(capnp_reader_error(&reader), CAPNP_ERROR_TEXT);
	words[2] = capnp_make_list(0, CAPNP_ELEMENT_1, 4);
	reader = open_words(3);
	CHECK_STR(capnp_get_text(capnp_reader_root(&reader), 0).data, "abc");
	CHECK_EQ(capnp_reader_error(&reader), CAPNP_OK);
}

TEST(a_capability_without_an_entry_is_refused)
{
	struct capnp_reader reader;

	words[1] = capnp_make_struct(0, 0, 2);
	words[2] = capnp_make_cap(0);
	words[3] = capnp_make_cap(1);
	reader = open_words(3);
	reader.cap_count = 1;
	reader.caps[0] = (struct capnp_cap){ .cap_id = 77, .interface_id = 1 };
	CHECK_EQ(capnp_get_cap(capnp_reader_root(&reader), 0).cap_id, 77);
	CHECK_EQ(capnp_reader_error(&reader), CAPNP_OK);
	CHECK_EQ(capnp_get_cap(capnp_reader_root(&reader), 1).cap_id, 0);
	CHECK_EQ(capnp_reader_error(&reader), CAPNP_ERROR_CAP);
}
