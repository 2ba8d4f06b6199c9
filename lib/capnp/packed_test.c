/* SPDX-License-Identifier: Apache-2.0 */
/* The packed form: the specification's examples, the ends of runs, and hostile input. */
#include "packed.h"

#include <string.h>

#include "base/test.h"

#define WORDS_MAX 1100

static uint8_t unpacked[WORDS_MAX * 8];
static uint8_t packed[CAPNP_PACKED_BYTES_MAX(sizeof(unpacked))];
static uint8_t again[WORDS_MAX * 8];

/* A message of one segment whose words are made by `word`; its size. */
static struct capnp_data
make_message(uint32_t words, uint64_t (*word)(uint32_t index))
{
	memset(unpacked, 0, 8);
	memcpy(unpacked + 4, &words, 4);
	for (uint32_t i = 0; i < words; i++) {
		uint64_t value = word(i);

		memcpy(unpacked + 8 + (size_t)i * 8, &value, 8);
	}
	return (struct capnp_data){ unpacked, 8 + words * 8 };
}

static size_t
pack(struct capnp_data message)
{
	size_t size = 0;

	CHECK_EQ(capnp_pack(message, packed, sizeof(packed), &size), CAPNP_OK);
	return size;
}

static void
check_round_trip(struct capnp_data message, size_t size)
{
	size_t again_size = 0;

	CHECK_EQ(capnp_unpack((struct capnp_data){ packed, (uint32_t)size }, again, sizeof(again),
		     &again_size),
	    CAPNP_OK);
	CHECK_EQ(again_size, message.size);
	CHECK(memcmp(again, message.data, message.size) == 0);
}

static uint64_t
zero(uint32_t index)
{
	(void)index;
	return 0;
}

static uint64_t
dense(uint32_t index)
{
	return UINT64_C(0x0101010101010101) + index;
}

static uint64_t
mixed(uint32_t index)
{
	static const uint64_t values[] = { 0, 0x0000000008, UINT64_C(0xfedcba9876543210),
		UINT64_C(0x0002000300000000), 0, 0, UINT64_C(0x1122334455667700), 1 };

	return values[index % 8] * (1 + index / 64 % 3);
}

TEST(a_sparse_word_is_its_tag_and_its_bytes)
{
	static const uint8_t expected[] = { 0x10, 0x02, 0x51, 0x08, 0x03, 0x02, 0x31, 0x19, 0xaa,
		0x01 };
	static const uint8_t words[] = { 0, 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 0, 3, 0, 2, 0, 0x19, 0, 0,
		0, 0xaa, 1, 0, 0 };
	struct capnp_data message = { words, sizeof(words) };

	CHECK_EQ(pack(message), sizeof(expected));
	CHECK(memcmp(packed, expected, sizeof(expected)) == 0);
	check_round_trip(message, sizeof(expected));
}

TEST(zero_words_are_counted_up_to_255)
{
	/* The first one, 255 more; then the next count begins. */
	struct capnp_data message = make_message(1000, zero);
	size_t size = pack(message);

	CHECK_EQ(size, 3 + 4 * 2);
	CHECK_EQ(packed[4], 255);
	CHECK_EQ(packed[10], 1000 - 3 * 256 - 1);
	check_round_trip(message, size);
}

TEST(words_that_would_not_shrink_are_copied)
{
	struct capnp_data message = make_message(300, dense);
	size_t size = pack(message);

	CHECK_EQ(size, 3 + 10 + 255 * 8 + 10 + 43 * 8);
	CHECK_EQ(packed[3], 0xff);
	CHECK_EQ(packed[12], 255);
	check_round_trip(message, size);
}

TEST(mixed_words_come_back)
{
	for (uint32_t words = 0; words <= 200; words++) {
		struct capnp_data message = make_message(words, mixed);

		check_round_trip(message, pack(message));
	}
}

TEST(what_is_no_message_is_not_packed)
{
	struct capnp_data message = make_message(4, dense);
	size_t size;

	message.size -= 8;
	CHECK_EQ(capnp_pack(message, packed, sizeof(packed), &size), CAPNP_ERROR_FRAME);
	message.size = 12;
	CHECK_EQ(capnp_pack(message, packed, sizeof(packed), &size), CAPNP_ERROR_FRAME);
	message.size = 0;
	CHECK_EQ(capnp_pack(message, packed, sizeof(packed), &size), CAPNP_ERROR_FRAME);
	unpacked[0] = 0xff;
	message.size = 40;
	CHECK_EQ(capnp_pack(message, packed, sizeof(packed), &size), CAPNP_ERROR_FRAME);
}

TEST(every_room_holds_the_packed_form_or_says_that_it_does_not)
{
	struct capnp_data message = make_message(60, mixed);
	size_t size = pack(message);

	for (size_t room = 0; room <= size; room++) {
		size_t stored = 0;

		memset(packed, 0xee, sizeof(packed));
		CHECK_EQ(capnp_pack(message, packed, room, &stored),
		    room == size ? CAPNP_OK : CAPNP_ERROR_SPACE);
		CHECK_EQ(packed[room], 0xee);
	}
}

TEST(every_cut_is_refused_or_is_whole_words)
{
	struct capnp_data message = make_message(60, mixed);
	size_t size = pack(message);
	uint32_t refused = 0;

	for (size_t cut = 0; cut < size; cut++) {
		size_t again_size = 0;
		enum capnp_error error = capnp_unpack((struct capnp_data){ packed, (uint32_t)cut },
		    again, sizeof(again), &again_size);

		CHECK(error == CAPNP_OK || error == CAPNP_ERROR_PACKED);
		CHECK_EQ(again_size % 8, 0);
		CHECK(again_size < message.size);
		refused += error == CAPNP_ERROR_PACKED;
	}
	CHECK(refused > size / 2);
}

TEST(unpacking_never_leaves_its_room)
{
	static const uint8_t bomb[] = { 0, 255, 0, 255, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 0 };

	for (size_t room = 0; room < 513 * 8; room += 8) {
		size_t again_size = 0;

		memset(again, 0xee, sizeof(again));
		CHECK_EQ(capnp_unpack(
			     (struct capnp_data){ bomb, sizeof(bomb) }, again, room, &again_size),
		    CAPNP_ERROR_SPACE);
		CHECK_EQ(again[room], 0xee);
	}
}
