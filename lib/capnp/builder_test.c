/* SPDX-License-Identifier: Apache-2.0 */
/* The builder: what does not fit is an error that stays, and never a byte behind the buffer. */
#include "builder.h"

#include <string.h>

#include "base/test.h"

static uint64_t buffer[32];

TEST(what_is_built_is_read)
{
	struct capnp_builder builder;
	struct capnp_struct_builder root;
	struct capnp_reader reader;
	size_t bytes;

	capnp_builder_init(&builder, buffer, sizeof(buffer));
	root = capnp_builder_root(&builder, 1, 2, 0);
	capnp_set_u32(root, 4, 5, 0);
	capnp_any_set_text(capnp_set_any(root, 0), CAPNP_TEXT("text"));
	capnp_any_set_data(
	    capnp_set_any(root, 1), (struct capnp_data){ (const uint8_t *)"\1\2\3", 3 });
	bytes = capnp_builder_finish(&builder);
	CHECK_EQ(bytes, 8 + 8 + 8 + 16 + 8 + 8);
	CHECK_EQ(capnp_reader_init_single(&reader, buffer, bytes), CAPNP_OK);
	CHECK_EQ(capnp_get_u32(capnp_reader_root(&reader), 4, 0), 5);
	CHECK_STR(capnp_get_text(capnp_reader_root(&reader), 0).data, "text");
	CHECK_EQ(capnp_get_data(capnp_reader_root(&reader), 1).data[2], 3);
}

TEST(every_size_of_buffer_holds_the_message_or_says_that_it_does_not)
{
	for (size_t size = 0; size <= sizeof(buffer) - 8; size += 8) {
		struct capnp_builder builder;
		struct capnp_struct_builder root;

		memset(buffer, 0xee, sizeof(buffer));
		capnp_builder_init(&builder, buffer, size);
		root = capnp_builder_root(&builder, 2, 2, 0);
		capnp_set_u64(root, 8, 1, 0);
		capnp_any_set_text(capnp_set_any(root, 0), CAPNP_TEXT("nine byte"));
		(void)capnp_any_init_struct_list(capnp_set_any(root, 1), 2, 1, 0);
		CHECK_EQ(capnp_builder_finish(&builder), size >= 88 ? 88 : 0);
		CHECK_EQ(buffer[size / 8], UINT64_C(0xeeeeeeeeeeeeeeee));
	}
}

/* One field of `size` bytes into a message of `room` words; the bytes behind are zero. */
static void
check_bytes(uint32_t room, uint32_t size, bool is_text)
{
	static const char content[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	struct capnp_any_builder field;
	struct capnp_builder builder;
	uint32_t words = 2 + (size + is_text + 7) / 8;

	memset(buffer, 0xee, sizeof(buffer));
	capnp_builder_init(&builder, buffer, ((size_t)room + 1) * 8);
	field = capnp_set_any(capnp_builder_root(&builder, 0, 1, 0), 0);
	if (is_text)
		capnp_any_set_text(field, (struct capnp_text){ content, size });
	else
		capnp_any_set_data(field, (struct capnp_data){ (const uint8_t *)content, size });
	CHECK_EQ(capnp_builder_finish(&builder), words <= room ? (words + 1) * 8 : 0);
	CHECK_EQ(buffer[room + 1], UINT64_C(0xeeeeeeeeeeeeeeee));
	if (words > room || words == 2)
		return;
	CHECK(memcmp(&buffer[3], content, size) == 0);
	for (uint32_t at = size; at < (words - 2) * 8; at++)
		CHECK_EQ(((const uint8_t *)&buffer[3])[at], 0);
}

TEST(bytes_fill_the_room_that_is_there_and_no_more)
{
	for (uint32_t room = 2; room <= 8; room++)
		for (uint32_t size = 0; size <= 36; size++) {
			check_bytes(room, size, false);
			check_bytes(room, size, true);
		}
}

TEST(bytes_that_no_list_can_hold_are_refused)
{
	static const uint32_t sizes[] = { UINT32_MAX, UINT32_MAX - 1, CAPNP_MESSAGE_WORDS_MAX };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct capnp_builder builder;
		struct capnp_struct_builder root;

		capnp_builder_init(&builder, buffer, sizeof(buffer));
		root = capnp_builder_root(&builder, 0, 1, 0);
		capnp_any_set_text(capnp_set_any(root, 0), (struct capnp_text){ "x", sizes[i] });
		CHECK_EQ(capnp_builder_error(&builder), CAPNP_ERROR_SPACE);
		CHECK_EQ(capnp_builder_finish(&builder), 0);
	}
}

TEST(a_ninth_capability_is_refused)
{
	struct capnp_builder builder;
	struct capnp_struct_builder root;

	capnp_builder_init(&builder, buffer, sizeof(buffer));
	root = capnp_builder_root(&builder, 0, 9, 0);
	for (uint16_t i = 0; i < 8; i++)
		capnp_any_set_cap(capnp_set_any(root, i),
		    (struct capnp_cap){ .cap_id = i + 1U, .mode = CAPNP_CAP_COPY });
	CHECK_EQ(capnp_builder_error(&builder), CAPNP_OK);
	CHECK_EQ(builder.cap_count, 8);
	capnp_any_set_cap(
	    capnp_set_any(root, 8), (struct capnp_cap){ .cap_id = 9, .mode = CAPNP_CAP_COPY });
	CHECK_EQ(capnp_builder_error(&builder), CAPNP_ERROR_SPACE);
	CHECK_EQ(builder.cap_count, 8);
}

TEST(capabilities_of_the_root_keep_their_numbers)
{
	struct capnp_builder builder;
	struct capnp_struct_builder root;

	capnp_builder_init(&builder, buffer, sizeof(buffer));
	root = capnp_builder_root(&builder, 0, 3, 2);
	capnp_any_set_cap(
	    capnp_set_any(root, 2), (struct capnp_cap){ .cap_id = 30, .mode = CAPNP_CAP_COPY });
	capnp_any_set_root_cap(
	    capnp_set_any(root, 1), 1, (struct capnp_cap){ .cap_id = 20, .mode = CAPNP_CAP_MOVE });
	CHECK_EQ(builder.cap_count, 3);
	CHECK_EQ(builder.caps[0].cap_id, 0); /* a hole */
	CHECK_EQ(builder.caps[1].cap_id, 20);
	CHECK_EQ(builder.caps[2].cap_id, 30);
}
