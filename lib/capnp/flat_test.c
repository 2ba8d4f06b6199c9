/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flat messages: built as the builder builds them, and read as the reader reads them; whatever is
 * taken for one, the reader takes for the same.
 */
#include "flat.h"

#include <stdlib.h>
#include <string.h>

#include "base/test.h"

#define DATA_WORDS_MAX 4
#define SIZE_MAX_TESTED 80
#define MESSAGE_WORDS 32
#define DAMAGED 200000

static uint64_t flat[MESSAGE_WORDS];
static uint64_t built[MESSAGE_WORDS];
static uint8_t bytes[SIZE_MAX_TESTED];

static void
start(void)
{
	/* What was there before must not shine through. */
	memset(flat, 0xa5, sizeof(flat));
	memset(built, 0x5a, sizeof(built));
	for (uint32_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i + 1);
}

static bool
has_text(enum capnp_flat_kind kind)
{
	return kind == CAPNP_FLAT_TEXT || kind == CAPNP_FLAT_TEXT_CAP;
}

static bool
has_cap(enum capnp_flat_kind kind)
{
	return kind == CAPNP_FLAT_DATA_CAP || kind == CAPNP_FLAT_TEXT_CAP;
}

/* The same message by the builder: each data word has a value, and the bytes are data or text. */
static size_t
build(uint32_t data_words, enum capnp_flat_kind kind, uint32_t size)
{
	struct capnp_builder builder;
	struct capnp_struct_builder root;

	capnp_builder_init(&builder, built, sizeof(built));
	root = capnp_builder_root(&builder, (uint16_t)data_words,
	    (uint16_t)((kind != CAPNP_FLAT_SCALARS) + has_cap(kind)), has_cap(kind));
	for (uint32_t i = 0; i < data_words; i++)
		capnp_set_u64(root, i * 8, i + 100, 0);
	if (has_text(kind))
		capnp_any_set_text(
		    capnp_set_any(root, 0), (struct capnp_text){ (const char *)bytes, size });
	else if (kind != CAPNP_FLAT_SCALARS)
		capnp_any_set_data(capnp_set_any(root, 0), (struct capnp_data){ bytes, size });
	if (has_cap(kind))
		capnp_any_set_root_cap(
		    capnp_set_any(root, 1), 0, (struct capnp_cap){ 7, 0, CAPNP_CAP_COPY });
	return capnp_builder_finish(&builder);
}

static size_t
build_flat(uint32_t data_words, enum capnp_flat_kind kind, uint32_t size)
{
	uint32_t count = has_text(kind) ? size + 1 : size;
	struct capnp_struct_builder root;

	if (has_cap(kind)) {
		root = capnp_flat_build_with_cap(flat, data_words, bytes, size, count);
		CHECK_EQ(flat[CAPNP_FLAT_HEAD_WORDS + data_words + 1], 0);
		flat[CAPNP_FLAT_HEAD_WORDS + data_words + 1] = CAPNP_FLAT_CAP;
	} else {
		root = kind == CAPNP_FLAT_SCALARS
		    ? capnp_flat_build(flat, data_words)
		    : capnp_flat_build_with(flat, data_words, bytes, size, count);
	}
	for (uint32_t i = 0; i < data_words; i++)
		capnp_set_u64(root, i * 8, i + 100, 0);
	/* What the struct does not have is not written. */
	capnp_set_u64(root, data_words * 8, UINT64_MAX, 0);
	if (kind == CAPNP_FLAT_SCALARS)
		return capnp_flat_bytes(data_words);
	return has_cap(kind) ? capnp_flat_bytes_with_cap(data_words, count)
			     : capnp_flat_bytes_with(data_words, count);
}

TEST(a_flat_message_is_the_one_that_the_builder_makes)
{
	for (uint32_t data_words = 0; data_words <= DATA_WORDS_MAX; data_words++)
		for (uint32_t size = 0; size <= SIZE_MAX_TESTED; size++)
			for (uint32_t kind = CAPNP_FLAT_SCALARS; kind <= CAPNP_FLAT_TEXT_CAP;
			    kind++) {
				start();
				CHECK_EQ(build_flat(data_words, kind, size),
				    build(data_words, kind, size));
				CHECK_MEMORY(flat, built, build(data_words, kind, size));
			}
}

/* What the reader says of the same words. */
static bool
reader_agrees(struct capnp_struct view, size_t byte_count, enum capnp_flat_kind kind)
{
	struct capnp_reader reader;
	struct capnp_struct root;
	struct capnp_data data = { NULL, 0 };

	if (capnp_reader_init(&reader, flat, byte_count) != CAPNP_OK)
		return false;
	root = capnp_reader_root(&reader);
	reader.cap_count = 1;
	reader.caps[0] = (struct capnp_cap){ 7, 0, CAPNP_CAP_COPY };
	if (has_text(kind)) {
		struct capnp_text text = capnp_get_text(root, 0);

		data = (struct capnp_data){ (const uint8_t *)text.data, text.size };
	} else if (kind != CAPNP_FLAT_SCALARS) {
		data = capnp_get_data(root, 0);
	}
	if (has_cap(kind) &&
	    (capnp_get_cap(root, 1).cap_id != 7 || capnp_get_cap(view, 1).cap_id != 7))
		return false;
	/* A struct without data may stand anywhere. */
	return capnp_reader_error(&reader) == CAPNP_OK &&
	    (root.data == view.data || view.data_bits == 0) && root.data_bits == view.data_bits &&
	    root.pointer_count == view.pointer_count &&
	    (kind == CAPNP_FLAT_SCALARS ||
		(!has_text(kind) ? capnp_get_data(view, 0).data == data.data &&
			    capnp_get_data(view, 0).size == data.size
				 : capnp_get_text(view, 0).data == (const char *)data.data &&
			    capnp_get_text(view, 0).size == data.size));
}

/* A bit, a word, or a size is another one. */
static size_t
damage(size_t byte_count)
{
	static const uint64_t words[] = { 0, 1, UINT64_MAX, UINT32_MAX, UINT64_C(1) << 32 };

	switch (rand() % 4) {
	case 0:
		flat[(size_t)rand() % (byte_count / 8)] ^= UINT64_C(1) << rand() % 64;
		return byte_count;
	case 1:
		flat[(size_t)rand() % (byte_count / 8)] = words[rand() % 5];
		return byte_count;
	case 2:
		return (size_t)rand() % (byte_count + 16);
	default:
		return byte_count;
	}
}

TEST(what_is_taken_for_a_flat_message_the_reader_takes_for_the_same)
{
	uint32_t taken = 0;
	uint32_t left = 0;

	srand(1);
	for (uint32_t i = 0; i < DAMAGED; i++) {
		enum capnp_flat_kind kind = (enum capnp_flat_kind)(rand() % 5);
		uint32_t data_words = (uint32_t)rand() % (DATA_WORDS_MAX + 1);
		struct capnp_reader unopened = { .traversal_words = 1000,
			.cap_count = 1,
			.caps = { { 7, 0, CAPNP_CAP_COPY } } };
		struct capnp_struct view;
		size_t byte_count;

		start();
		byte_count =
		    damage(build_flat(data_words, kind, (uint32_t)rand() % SIZE_MAX_TESTED));
		if (!capnp_flat_read((struct capnp_flat_message){ flat, (uint32_t)byte_count },
			(struct capnp_flat_form){ data_words, kind }, &unopened, &view)) {
			left++;
			continue;
		}
		taken++;
		CHECK(reader_agrees(view, byte_count, kind));
	}
	CHECK(taken > DAMAGED / 4 && left > DAMAGED / 4);
}

/* Its words say what the size would be, turned into words, if it were one. */
TEST(a_size_that_is_no_size_of_such_a_message_is_refused_whatever_its_words_say)
{
	struct capnp_reader unopened = { .cap_count = 1 };
	struct capnp_struct view;

	for (uint32_t bytes = 0; bytes < 64; bytes++) {
		uint32_t turned = (bytes - 32) >> 3 | (bytes - 32) << 29;

		start();
		build_flat(1, CAPNP_FLAT_DATA, 5);
		flat[0] = (uint64_t)(turned + 3) << 32;
		flat[3] = CAPNP_FLAT_POINTER | UINT64_C(1) << 35;
		CHECK_EQ(capnp_flat_read((struct capnp_flat_message){ flat, bytes },
			     (struct capnp_flat_form){ 1, CAPNP_FLAT_DATA }, &unopened, &view),
		    bytes > 32 && bytes % 8 == 0);
	}
}

TEST(without_the_capability_that_it_points_to_a_message_is_not_flat)
{
	struct capnp_reader unopened = { .traversal_words = 1000 };
	struct capnp_flat_message message = { flat, 0 };
	struct capnp_struct view;

	start();
	message.byte_count = (uint32_t)build_flat(1, CAPNP_FLAT_DATA_CAP, 9);
	CHECK(!capnp_flat_read(
	    message, (struct capnp_flat_form){ 1, CAPNP_FLAT_DATA_CAP }, &unopened, &view));
	unopened.cap_count = 1;
	CHECK(capnp_flat_read(
	    message, (struct capnp_flat_form){ 1, CAPNP_FLAT_DATA_CAP }, &unopened, &view));
	/* Null, or another one. */
	for (uint64_t cap = 0; cap < 2; cap++) {
		flat[CAPNP_FLAT_HEAD_WORDS + 2] = cap == 0 ? 0 : CAPNP_FLAT_CAP | cap << 32;
		CHECK(!capnp_flat_read(
		    message, (struct capnp_flat_form){ 1, CAPNP_FLAT_DATA_CAP }, &unopened, &view));
	}
}
