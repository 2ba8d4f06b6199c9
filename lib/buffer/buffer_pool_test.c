/* SPDX-License-Identifier: Apache-2.0 */
/* Pools: a buffer is one side's at a time, whatever the other side writes. */
#include "buffer_pool.h"

#include <stdlib.h>

#include "base/test.h"
#include "fake_shared.h"

#define COUNT 4
#define BYTES 512

static struct capos self;
static struct shared_maker maker;
static struct buffer_pool pool;	 /* the maker's */
static struct buffer_pool other; /* of the same memory */
static struct shared_parts theirs;

void
capos_exit(int64_t code)
{
	exit((int)code);
}

static void
start(void)
{
	const struct buffer_pool_shape shape = { BYTES, COUNT };

	fake_start(&self);
	maker = fake_shared_start(&self);
	CHECK_EQ(buffer_pool_make(&maker, &shape, &pool, &theirs), CAP_OK);
	CHECK_EQ(buffer_pool_accept(&theirs, &other), CAP_OK);
}

TEST(all_buffers_are_the_makers_at_first)
{
	start();
	for (uint32_t i = 0; i < COUNT; i++) {
		CHECK(buffer_pool_owns(&pool, i));
		CHECK(!buffer_pool_owns(&other, i));
		CHECK_EQ(buffer_pool_give(&other, i, 1), CAP_ERR_INVALID_ARGUMENT);
	}
	CHECK(!buffer_pool_owns(&pool, COUNT));
}

TEST(a_buffer_goes_there_and_back_with_its_contents)
{
	struct pool_buffer got;

	start();
	for (uint32_t round = 0; round < 3 * COUNT; round++) {
		uint32_t index = (round * 3) % COUNT;

		*buffer_pool_at(&pool, index) = (uint8_t)round;
		CHECK_EQ(buffer_pool_give(&pool, index, 100 + round), CAP_OK);
		CHECK(!buffer_pool_owns(&pool, index));
		CHECK_EQ(buffer_pool_take(&other, &got), CAP_ERR_NOT_FOUND);
		buffer_pool_publish(&pool);
		CHECK_EQ(buffer_pool_take(&other, &got), CAP_OK);
		CHECK_EQ(got.index, index);
		CHECK_EQ(got.bytes, 100 + round);
		CHECK_EQ(*got.address, round);
		*got.address = (uint8_t)(round + 1);
		CHECK_EQ(buffer_pool_give(&other, index, BYTES), CAP_OK);
		buffer_pool_publish(&other);
		CHECK_EQ(buffer_pool_take(&pool, &got), CAP_OK);
		CHECK_EQ(got.index, index);
		CHECK_EQ(*got.address, round + 1);
	}
}

TEST(buffers_come_back_in_any_order)
{
	static const uint32_t order[COUNT] = { 2, 0, 3, 1 };
	struct pool_buffer got;

	start();
	for (uint32_t i = 0; i < COUNT; i++)
		CHECK_EQ(buffer_pool_give(&pool, i, 0), CAP_OK);
	buffer_pool_publish(&pool);
	for (uint32_t i = 0; i < COUNT; i++)
		CHECK_EQ(buffer_pool_take(&other, &got), CAP_OK);
	for (uint32_t i = 0; i < COUNT; i++)
		CHECK_EQ(buffer_pool_give(&other, order[i], i), CAP_OK);
	buffer_pool_publish(&other);
	for (uint32_t i = 0; i < COUNT; i++) {
		CHECK_EQ(buffer_pool_take(&pool, &got), CAP_OK);
		CHECK_EQ(got.index, order[i]);
		CHECK_EQ(got.bytes, i);
	}
	CHECK_EQ(buffer_pool_take(&pool, &got), CAP_ERR_NOT_FOUND);
}

TEST(what_is_not_ours_cannot_be_given)
{
	start();
	CHECK_EQ(buffer_pool_give(&pool, COUNT, 0), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(buffer_pool_give(&pool, UINT32_MAX, 0), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(buffer_pool_give(&pool, 0, BYTES + 1), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(buffer_pool_give(&pool, 0, BYTES), CAP_OK);
	CHECK_EQ(buffer_pool_give(&pool, 0, BYTES), CAP_ERR_INVALID_ARGUMENT);
}

/* What a bad maker writes as its first entry: index, bytes. */
static const struct {
	struct pool_entry entry;
	enum cap_status expected;
} entries[] = {
	{ { 0, 0 }, CAP_OK },
	{ { COUNT - 1, BYTES }, CAP_OK },
	{ { COUNT, 0 }, CAP_ERR_BUFFER_CORRUPT },
	{ { UINT32_MAX, 0 }, CAP_ERR_BUFFER_CORRUPT },
	{ { 0x80000000, 0 }, CAP_ERR_BUFFER_CORRUPT },
	{ { 0, BYTES + 1 }, CAP_ERR_BUFFER_CORRUPT },
	{ { 0, UINT32_MAX }, CAP_ERR_BUFFER_CORRUPT },
};

TEST(entries_that_cannot_be_are_named_and_nothing_is_taken)
{
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		struct pool_buffer got = { .index = 99 };

		start();
		CHECK_EQ(buffer_pool_give(&pool, 1, 1), CAP_OK);
		buffer_pool_publish(&pool);
		*(struct pool_entry *)(void *)(fake_shared.memory + SHARED_PAGE_BYTES) =
		    entries[i].entry;
		CHECK_EQ(buffer_pool_take(&other, &got), entries[i].expected);
		if (entries[i].expected == CAP_OK)
			continue;
		CHECK_EQ(got.index, 99);
		CHECK_EQ(buffer_pool_take(&other, &got), CAP_ERR_BUFFER_CORRUPT);
		CHECK_EQ(buffer_pool_wait(&other, 0), CAP_ERR_BUFFER_CORRUPT);
		for (uint32_t k = 0; k < COUNT; k++)
			CHECK(!buffer_pool_owns(&other, k));
	}
}

TEST(a_buffer_that_is_ours_cannot_be_given_to_us_again)
{
	struct pool_buffer got;
	struct pool_entry *given;

	start();
	CHECK_EQ(buffer_pool_give(&pool, 1, 1), CAP_OK);
	CHECK_EQ(buffer_pool_give(&pool, 2, 1), CAP_OK);
	buffer_pool_publish(&pool);
	given = (struct pool_entry *)(void *)(fake_shared.memory + SHARED_PAGE_BYTES);
	given[1].index = 1;
	CHECK_EQ(buffer_pool_take(&other, &got), CAP_OK);
	CHECK_EQ(buffer_pool_take(&other, &got), CAP_ERR_BUFFER_CORRUPT);
	/* Nor may the maker be given one that it never gave. */
	start();
	((struct ring_side *)(void *)fake_shared.memory)[2].position = 1;
	CHECK_EQ(buffer_pool_take(&pool, &got), CAP_ERR_BUFFER_CORRUPT);
}

TEST(a_position_beyond_all_buffers_is_corrupt)
{
	struct pool_buffer got;

	start();
	((struct ring_side *)(void *)fake_shared.memory)[0].position = COUNT + 1;
	CHECK_EQ(buffer_pool_take(&other, &got), CAP_ERR_BUFFER_CORRUPT);
}

static void
maker_gives(void)
{
	/* What buffer_pool_publish() does, but for the kernel entry: this is the kernel. */
	if (ring_view_publish(&pool.gives))
		fake_set_bits(1, SHARED_MOVED);
}

static void
maker_closes(void)
{
	ring_view_close(&pool.gives);
	fake_set_bits(1, SHARED_MOVED);
}

static void
maker_dies(void)
{
	fake_set_bits(1, SHARED_GONE);
}

TEST(a_wait_ends_with_a_buffer_or_with_the_other_side)
{
	struct pool_buffer got;

	start();
	CHECK_EQ(buffer_pool_give(&pool, 3, 1), CAP_OK);
	fake_shared.on_sleep = maker_gives;
	CHECK_EQ(buffer_pool_wait(&other, 0), CAP_OK);
	CHECK_EQ(buffer_pool_take(&other, &got), CAP_OK);
	fake_shared.on_sleep = maker_closes;
	CHECK_EQ(buffer_pool_wait(&other, 0), CAP_ERR_END_OF_STREAM);
	start();
	fake_shared.on_sleep = maker_dies;
	CHECK_EQ(buffer_pool_wait(&other, 0), CAP_ERR_DISCONNECTED);
}

TEST(who_waits_for_a_buffer_is_signalled_once)
{
	start();
	CHECK(!ring_view_arm(&other.takes, 1));
	for (uint32_t i = 0; i < COUNT; i++) {
		CHECK_EQ(buffer_pool_give(&pool, i, 0), CAP_OK);
		buffer_pool_publish(&pool);
	}
	CHECK_EQ(fake_shared.signals[1], 1);
}

TEST(a_closed_pool_has_no_buffers_and_gives_everything_back)
{
	struct pool_buffer got;

	start();
	buffer_pool_close(&pool);
	buffer_pool_close(&pool);
	CHECK(!buffer_pool_owns(&pool, 0));
	CHECK_EQ(buffer_pool_give(&pool, 0, 0), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(buffer_pool_take(&pool, &got), CAP_ERR_NOT_FOUND);
	CHECK_EQ(buffer_pool_wait(&pool, 0), CAP_ERR_WRONG_STATE);
	CHECK_EQ(buffer_pool_wait(&other, 0), CAP_ERR_END_OF_STREAM);
	CHECK_EQ(fake_shared.mappings, 1);
}

static const struct buffer_pool_shape bad_shapes[] = {
	{ 0, 4 },
	{ SHARED_RECORD_BYTES_MAX + 1, 4 },
	{ 512, 0 },
	{ 512, 1 },
	{ 512, 6 },
	{ 512, 2 * BUFFER_POOL_COUNT_MAX },
	{ SHARED_RECORD_BYTES_MAX, 256 },
	{ 512, UINT32_MAX },
	{ UINT32_MAX, 4 },
};

TEST(pools_that_cannot_be_are_refused)
{
	for (size_t i = 0; i < sizeof(bad_shapes) / sizeof(bad_shapes[0]); i++) {
		struct shared_parts parts;

		start();
		parts = theirs;
		parts.record_bytes = bad_shapes[i].buffer_bytes;
		parts.count = bad_shapes[i].count;
		fake_shared.memory_bytes = UINT64_MAX;
		CHECK_EQ(buffer_pool_accept(&parts, &other), CAP_ERR_INVALID_ARGUMENT);
		CHECK_EQ(buffer_pool_make(&maker, &bad_shapes[i], &other, &parts),
		    CAP_ERR_INVALID_ARGUMENT);
	}
	start();
	theirs.role = BUFFER_ROLE_CONSUMER;
	CHECK_EQ(buffer_pool_accept(&theirs, &other), CAP_ERR_INVALID_ARGUMENT);
}
