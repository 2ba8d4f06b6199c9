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
