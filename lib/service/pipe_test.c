/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes: every byte in its order, and every way in which a pipe can end. */
#include "pipe.h"

#include <stdlib.h>

#include "base/test.h"
#include "buffer/fake_other_side.h"

#define CAPACITY 16

static struct capos self;
static struct shared_maker maker;
static struct pipe_end pipe_mine;
static struct shared_parts theirs;
static uint8_t other_byte; /* the next that it writes, or expects */

void
capos_exit(int64_t code)
{
	exit((int)code);
}

static void
start(bool writes)
{
	fake_start(&self);
	maker = fake_shared_start(&self);
	CHECK_EQ(pipe_make(&maker, CAPACITY, writes, &pipe_mine, &theirs), CAP_OK);
	other_starts(CAPACITY, !writes);
	other_byte = 0;
}

static uint8_t *
byte_of_other(void)
{
	return fake_shared.memory + SHARED_PAGE_BYTES + ring_view_take(&other);
}

/* Five bytes, or as many as there is room for. */
static void
other_writes(void)
{
	ring_view_refresh(&other);
	for (uint32_t i = 0; i < 5 && ring_view_ready(&other) != 0; i++)
		*byte_of_other() = other_byte++;
	other_publishes();
}

static void
other_reads(void)
{
	ring_view_refresh(&other);
	for (uint32_t i = 0; i < 5 && ring_view_ready(&other) != 0; i++)
		CHECK_EQ(*byte_of_other(), other_byte++);
	other_publishes();
}

static void
other_reads_and_closes(void)
{
	other_reads();
	other_closes();
}

static void
time_passes(void)
{
	const struct cap_sqe wait = fake.in_flight[0];

	fake_complete(&wait, CAP_ERR_TIMED_OUT);
}

static struct capnp_data
bytes_from(uint8_t first, uint32_t size)
{
	static uint8_t bytes[256];

	for (uint32_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(first + i);
	return (struct capnp_data){ bytes, size };
}

static uint8_t input[256];

static struct pipe_space
space_of(uint32_t size)
{
	return (struct pipe_space){ input, size };
}

TEST(a_write_that_fits_waits_for_nobody)
{
	uint32_t entries;
	uint32_t written;

	start(true);
	entries = fake.entries;
	CHECK_EQ(pipe_write(&pipe_mine, bytes_from(0, CAPACITY), 0, &written), CAP_OK);
	CHECK_EQ(written, CAPACITY);
	CHECK_EQ(fake.entries, entries);
	while (other_byte < CAPACITY)
		other_reads();
}

TEST(a_write_that_does_not_fit_waits_for_the_reader)
{
	uint32_t written;

	start(true);
	fake_shared.on_sleep = other_reads;
	CHECK_EQ(pipe_write(&pipe_mine, bytes_from(0, 200), 0, &written), CAP_OK);
	CHECK_EQ(written, 200);
	while (other_byte < 200)
		other_reads();
}

TEST(a_reader_gets_what_is_there)
{
	uint32_t read;

	start(false);
	fake_shared.on_sleep = other_writes;
	for (uint8_t next = 0; next < 200; next = (uint8_t)(next + read)) {
		CHECK_EQ(pipe_read(&pipe_mine, space_of(100), 0, &read), CAP_OK);
		CHECK(read != 0 && read <= 5);
		for (uint32_t i = 0; i < read; i++)
			CHECK_EQ(input[i], next + i);
	}
	CHECK_EQ(pipe_read(&pipe_mine, space_of(0), 0, &read), CAP_OK);
	CHECK_EQ(read, 0);
}

TEST(a_reader_gets_no_more_than_it_asks_for)
{
	uint32_t read;

	start(false);
	other_writes();
	CHECK_EQ(pipe_read(&pipe_mine, space_of(3), 0, &read), CAP_OK);
	CHECK_EQ(read, 3);
	CHECK_EQ(pipe_read_some(&pipe_mine, space_of(3), &read), CAP_OK);
	CHECK_EQ(read, 2);
	CHECK_EQ(input[1], 4);
	CHECK_EQ(pipe_read_some(&pipe_mine, space_of(3), &read), CAP_OK);
	CHECK_EQ(read, 0);
}

TEST(behind_the_last_byte_of_a_closed_pipe_is_its_end)
{
	uint32_t read;

	start(false);
	other_writes();
	other_closes();
	CHECK_EQ(pipe_read(&pipe_mine, space_of(100), 0, &read), CAP_OK);
	CHECK_EQ(read, 5);
	CHECK_EQ(pipe_read(&pipe_mine, space_of(100), 0, &read), CAP_ERR_END_OF_STREAM);
	CHECK_EQ(pipe_read_some(&pipe_mine, space_of(100), &read), CAP_ERR_END_OF_STREAM);
	CHECK_EQ(read, 0);
	/* While it waits. */
	start(false);
	fake_shared.on_sleep = other_closes;
	CHECK_EQ(pipe_read(&pipe_mine, space_of(100), 0, &read), CAP_ERR_END_OF_STREAM);
}

TEST(a_writer_that_died_is_no_end)
{
	uint32_t read;

	start(false);
	fake_shared.on_sleep = other_dies;
	CHECK_EQ(pipe_read(&pipe_mine, space_of(100), 0, &read), CAP_ERR_DISCONNECTED);
	other_writes();
	CHECK_EQ(pipe_read(&pipe_mine, space_of(100), 0, &read), CAP_OK);
	CHECK_EQ(read, 5);
	CHECK_EQ(pipe_read(&pipe_mine, space_of(100), 0, &read), CAP_ERR_DISCONNECTED);
}

TEST(nobody_reads_is_told_before_during_and_after)
{
	uint32_t written;

	start(true);
	other_closes();
	CHECK_EQ(pipe_write(&pipe_mine, bytes_from(0, 4), 0, &written), CAP_ERR_DISCONNECTED);
	CHECK_EQ(written, 0);
	start(true);
	fake_shared.on_sleep = other_reads_and_closes;
	CHECK_EQ(pipe_write(&pipe_mine, bytes_from(0, 100), 0, &written), CAP_ERR_DISCONNECTED);
	CHECK_EQ(written, CAPACITY);
	CHECK_EQ(pipe_write_some(&pipe_mine, bytes_from(0, 4), &written), CAP_ERR_DISCONNECTED);
	start(true);
	fake_shared.on_sleep = other_dies;
	CHECK_EQ(pipe_write(&pipe_mine, bytes_from(0, 100), 0, &written), CAP_ERR_DISCONNECTED);
	CHECK_EQ(pipe_write(&pipe_mine, bytes_from(0, 1), 0, &written), CAP_ERR_DISCONNECTED);
	CHECK_EQ(written, 0);
}

TEST(waits_end_at_their_deadline_and_the_pipe_goes_on)
{
	uint32_t count;

	start(true);
	fake_shared.on_sleep = time_passes;
	CHECK_EQ(pipe_write(&pipe_mine, bytes_from(0, 20), 77, &count), CAP_ERR_TIMED_OUT);
	CHECK_EQ(count, CAPACITY);
	fake_shared.on_sleep = other_reads;
	CHECK_EQ(pipe_write(&pipe_mine, bytes_from(CAPACITY, 20), 77, &count), CAP_OK);
	while (other_byte < CAPACITY + 20)
		other_reads();
	start(false);
	fake_shared.on_sleep = time_passes;
	CHECK_EQ(pipe_read(&pipe_mine, space_of(5), 77, &count), CAP_ERR_TIMED_OUT);
	CHECK_EQ(count, 0);
	other_writes();
	CHECK_EQ(pipe_read(&pipe_mine, space_of(5), 77, &count), CAP_OK);
}

TEST(what_does_not_wait_says_how_much)
{
	uint32_t written;

	start(true);
	CHECK_EQ(pipe_write_some(&pipe_mine, bytes_from(0, 20), &written), CAP_OK);
	CHECK_EQ(written, CAPACITY);
	CHECK_EQ(pipe_write_some(&pipe_mine, bytes_from(0, 20), &written), CAP_OK);
	CHECK_EQ(written, 0);
}

TEST(each_end_does_its_own_thing_only_and_a_closed_one_nothing)
{
	uint32_t count = 9;

	start(true);
	CHECK_EQ(pipe_read(&pipe_mine, space_of(5), 0, &count), CAP_ERR_WRONG_STATE);
	CHECK_EQ(count, 0);
	pipe_close(&pipe_mine);
	pipe_close(&pipe_mine);
	CHECK_EQ(pipe_write(&pipe_mine, bytes_from(0, 1), 0, &count), CAP_ERR_WRONG_STATE);
	start(false);
	CHECK_EQ(pipe_write(&pipe_mine, bytes_from(0, 1), 0, &count), CAP_ERR_WRONG_STATE);
	pipe_close(&pipe_mine);
	CHECK_EQ(pipe_read(&pipe_mine, space_of(5), 0, &count), CAP_ERR_WRONG_STATE);
	shared_parts_end(&theirs, false);
	CHECK_EQ(fake_holds_left(&self), 0);
	CHECK_EQ(fake_shared.mappings, 0);
}

TEST(a_corrupt_pipe_says_so)
{
	uint32_t count;

	start(false);
	((struct ring_side *)(void *)fake_shared.memory)[0].position = CAPACITY + 1;
	CHECK_EQ(pipe_read(&pipe_mine, space_of(5), 0, &count), CAP_ERR_BUFFER_CORRUPT);
	CHECK_EQ(count, 0);
	CHECK_EQ(pipe_read_some(&pipe_mine, space_of(5), &count), CAP_ERR_BUFFER_CORRUPT);
	start(true);
	CHECK_EQ(pipe_write(&pipe_mine, bytes_from(0, CAPACITY), 0, &count), CAP_OK);
	((struct ring_side *)(void *)fake_shared.memory)[1].position = CAPACITY + 1;
	CHECK_EQ(pipe_write(&pipe_mine, bytes_from(0, 1), 0, &count), CAP_ERR_BUFFER_CORRUPT);
	CHECK_EQ(count, 0);
}

TEST(records_are_no_pipe)
{
	start(true);
	theirs.record_bytes = 8;
	CHECK_EQ(pipe_accept(&theirs, &pipe_mine), CAP_ERR_INVALID_ARGUMENT);
	theirs.record_bytes = 1;
	CHECK_EQ(pipe_accept(&theirs, &pipe_mine), CAP_OK);
	CHECK(!pipe_writes(&pipe_mine));
}
