/* SPDX-License-Identifier: Apache-2.0 */
/* Rings of records: made, accepted, closed; who is woken, and what a bad other side can do. */
#include "record_ring.h"

#include <schema/endpoint.capnp.h>
#include <stdlib.h>

#include "base/test.h"
#include "fake_other_side.h"

#define COUNT 8
#define RECORD 16

static struct capos self;
static struct shared_maker maker;
static struct record_ring ring;
static struct shared_parts theirs;

void
capos_exit(int64_t code)
{
	exit((int)code);
}

static void
start(bool produces)
{
	const struct record_ring_shape shape = { RECORD, COUNT, produces };

	fake_start(&self);
	maker = fake_shared_start(&self);
	CHECK_EQ(record_ring_make(&maker, &shape, &ring, &theirs), CAP_OK);
	other_starts(COUNT, !produces);
}

static uint64_t *
slot_of_other(void)
{
	return (uint64_t *)(void *)(fake_shared.memory + SHARED_PAGE_BYTES +
	    (size_t)ring_view_take(&other) * RECORD);
}

static uint64_t other_sequence;

/* Produces up to three, if there is room. */
static void
other_produces(void)
{
	ring_view_refresh(&other);
	for (uint32_t i = 0; i < 3 && ring_view_ready(&other) != 0; i++)
		*slot_of_other() = other_sequence++;
	other_publishes();
}

static void
other_consumes(void)
{
	ring_view_refresh(&other);
	for (uint32_t i = 0; i < 3 && ring_view_ready(&other) != 0; i++)
		CHECK_EQ(*slot_of_other(), other_sequence++);
	other_publishes();
}

TEST(a_consumer_gets_all_records_in_their_order)
{
	uint64_t next = 0;

	start(false);
	other_sequence = 0;
	fake_shared.on_sleep = other_produces;
	while (next < 100) {
		uint64_t *slot;

		CHECK_EQ(record_wait(&ring, 1, 0), CAP_OK);
		while ((slot = record_take(&ring)) != NULL)
			CHECK_EQ(*slot, next++);
	}
}

TEST(a_producer_waits_for_room_and_loses_nothing)
{
	uint64_t next = 0;

	start(true);
	other_sequence = 0;
	fake_shared.on_sleep = other_consumes;
	while (next < 100) {
		uint64_t *slot;

		CHECK_EQ(record_wait(&ring, 2, 0), CAP_OK);
		while ((slot = record_take(&ring)) != NULL)
			*slot = next++;
	}
	record_publish(&ring);
	while (other_sequence < next)
		other_consumes();
}

TEST(neighbours_are_taken_at_once_and_end_with_the_ring)
{
	uint32_t count;

	start(true);
	CHECK_EQ(record_take_run(&ring, 5, &count), ring.records);
	CHECK_EQ(count, 5);
	record_publish(&ring);
	other_sequence = 0;
	for (uint64_t i = 0; i < 5; i++)
		((uint64_t *)(void *)ring.records)[i * RECORD / 8] = i;
	other_consumes();
	CHECK_EQ(record_take_run(&ring, UINT64_MAX, &count), ring.records + 5 * RECORD);
	CHECK_EQ(count, 3);
	CHECK_EQ(record_take_run(&ring, 100, &count), ring.records);
	CHECK_EQ(count, 3);
	CHECK_EQ(record_take_run(&ring, 100, &count), NULL);
	CHECK_EQ(count, 0);
	((struct ring_side *)(void *)fake_shared.memory)[1].position = 100;
	CHECK_EQ(record_take_run(&ring, 100, &count), NULL);
	record_ring_close(&ring);
	CHECK_EQ(record_take_run(&ring, 100, &count), NULL);
	CHECK_EQ(count, 0);
}

TEST(without_a_sleeper_no_record_enters_the_kernel)
{
	uint32_t entries;

	start(true);
	other_sequence = 0;
	entries = fake.entries;
	for (uint64_t next = 0; next < 64; next++) {
		uint64_t *slot = record_take(&ring);

		CHECK(slot != NULL);
		*slot = next;
		record_publish(&ring);
		other_consumes();
	}
	CHECK_EQ(fake.entries, entries);
}

TEST(a_sleeper_is_signalled_once)
{
	start(true);
	CHECK(!ring_view_arm(&other, 1));
	for (uint64_t next = 0; next < 5; next++) {
		CHECK(record_take(&ring) != NULL);
		record_publish(&ring);
	}
	CHECK_EQ(fake_shared.signals[1], 1);
}

TEST(a_consumer_is_given_the_rest_and_then_the_end)
{
	start(false);
	other_sequence = 7;
	other_produces();
	fake_shared.on_sleep = other_closes;
	CHECK_EQ(record_wait(&ring, COUNT, 0), CAP_OK);
	for (uint64_t next = 7; next < 10; next++)
		CHECK_EQ(*(uint64_t *)record_take(&ring), next);
	CHECK_EQ(record_take(&ring), NULL);
	CHECK_EQ(record_wait(&ring, 1, 0), CAP_ERR_END_OF_STREAM);
	CHECK_EQ(record_wait(&ring, 1, 0), CAP_ERR_END_OF_STREAM);
}

TEST(a_producer_that_died_is_no_end_of_stream)
{
	start(false);
	other_sequence = 0;
	other_produces();
	fake_shared.on_sleep = other_dies;
	CHECK_EQ(record_wait(&ring, COUNT, 0), CAP_OK);
	for (uint32_t i = 0; i < 3; i++)
		CHECK(record_take(&ring) != NULL);
	CHECK_EQ(record_wait(&ring, 1, 0), CAP_ERR_DISCONNECTED);
}

/* What it published last is found though the news of its end came first. */
TEST(records_before_an_end_are_never_missed)
{
	start(false);
	other_sequence = 0;
	fake_set_bits(0, SHARED_GONE);
	CHECK_EQ(shared_end_sleep(&ring.end, 0), CAP_OK);
	CHECK(ring.end.is_gone);
	other_produces();
	ring_view_close(&other);
	CHECK_EQ(record_wait(&ring, 1, 0), CAP_OK);
	for (uint32_t i = 0; i < 3; i++)
		CHECK(record_take(&ring) != NULL);
	CHECK_EQ(record_wait(&ring, 1, 0), CAP_ERR_END_OF_STREAM);
}

TEST(a_producer_is_told_that_nobody_reads)
{
	start(true);
	fake_shared.on_sleep = other_closes;
	while (record_take(&ring) != NULL)
		;
	CHECK_EQ(record_wait(&ring, 1, 0), CAP_ERR_DISCONNECTED);
	start(true);
	fake_shared.on_sleep = other_dies;
	while (record_take(&ring) != NULL)
		;
	CHECK_EQ(record_wait(&ring, 1, 0), CAP_ERR_DISCONNECTED);
	/* At the signal, without a sleep. */
	start(true);
	CHECK(!ring_view_arm(&other, 1));
	fake_shared.closed[1] = true;
	CHECK(record_take(&ring) != NULL);
	CHECK_EQ(record_wait(&ring, 1, 0), CAP_ERR_DISCONNECTED);
}

static void
time_passes(void)
{
	const struct cap_sqe wait = fake.in_flight[0];

	CHECK_EQ(wait.deadline_ns, 77);
	fake_complete(&wait, CAP_ERR_TIMED_OUT);
}

TEST(a_wait_ends_at_its_deadline)
{
	start(false);
	fake_shared.on_sleep = time_passes;
	CHECK_EQ(record_wait(&ring, 1, 77), CAP_ERR_TIMED_OUT);
	other_produces();
	CHECK_EQ(record_wait(&ring, 1, 77), CAP_OK);
}

/* A signal without a reason. */
static void
other_lies(void)
{
	if (fake.entries < 40)
		fake_set_bits(0, SHARED_MOVED);
	else
		other_produces();
}

TEST(signals_without_a_reason_end_no_wait)
{
	start(false);
	fake_shared.on_sleep = other_lies;
	CHECK_EQ(record_wait(&ring, 1, 0), CAP_OK);
	CHECK(record_take(&ring) != NULL);
}

TEST(a_corrupt_position_is_named_and_nothing_is_taken)
{
	static const uint32_t positions[] = { COUNT + 1, UINT32_MAX, 0x80000000 };

	for (uint32_t i = 0; i < 3; i++) {
		start(false);
		((struct ring_side *)(void *)fake_shared.memory)[0].position = positions[i];
		CHECK_EQ(record_take(&ring), NULL);
		CHECK_EQ(record_wait(&ring, 1, 0), CAP_ERR_BUFFER_CORRUPT);
		start(true);
		((struct ring_side *)(void *)fake_shared.memory)[1].position = positions[i];
		while (record_take(&ring) != NULL)
			;
		CHECK_EQ(record_wait(&ring, 1, 0), CAP_ERR_BUFFER_CORRUPT);
		record_ring_close(&ring);
	}
}

TEST(closing_publishes_wakes_and_gives_everything_back)
{
	start(true);
	CHECK(!ring_view_arm(&other, COUNT));
	*(uint64_t *)record_take(&ring) = 5;
	record_ring_close(&ring);
	CHECK_EQ(fake_shared.signals[1], 1);
	CHECK(ring_view_is_closed(&other));
	ring_view_refresh(&other);
	CHECK_EQ(ring_view_ready(&other), 1);
	CHECK_EQ(*slot_of_other(), 5);
	CHECK_EQ(fake_shared.mappings, 0);
	CHECK_EQ(record_take(&ring), NULL);
	record_publish(&ring);
	CHECK_EQ(record_wait(&ring, 1, 0), CAP_ERR_WRONG_STATE);
	record_ring_close(&ring);
	shared_parts_end(&theirs, false);
	CHECK_EQ(fake_holds_left(&self), 0);
}

static const struct record_ring_shape bad_shapes[] = {
	{ 0, 8, true },
	{ SHARED_RECORD_BYTES_MAX + 1, 8, true },
	{ 16, 0, true },
	{ 16, 1, true },
	{ 16, 3, true },
	{ 16, 12, true },
	{ 16, SHARED_COUNT_MAX * 2, true },
	{ SHARED_RECORD_BYTES_MAX, 256, true }, /* the first page is too much */
	{ 1, SHARED_COUNT_MAX, true },
	{ UINT32_MAX, UINT32_MAX, true },
	{ 1, UINT32_MAX, true },
};

TEST(shapes_that_cannot_be_are_refused)
{
	for (size_t i = 0; i < sizeof(bad_shapes) / sizeof(bad_shapes[0]); i++) {
		struct shared_parts parts;

		start(true);
		parts = theirs;
		parts.record_bytes = bad_shapes[i].record_bytes;
		parts.count = bad_shapes[i].count;
		fake_shared.memory_bytes = UINT64_MAX;
		CHECK_EQ(record_ring_accept(&parts, &ring), CAP_ERR_INVALID_ARGUMENT);
		fake_start(&self);
		maker = fake_shared_start(&self);
		CHECK_EQ(record_ring_make(&maker, &bad_shapes[i], &ring, &parts),
		    CAP_ERR_INVALID_ARGUMENT);
		CHECK_EQ(fake.entries, 0);
	}
}

TEST(an_end_that_is_not_whole_is_refused_and_stays_the_callers)
{
	struct shared_parts parts;

	start(true);
	for (uint32_t i = 0; i < 6; i++) {
		parts = theirs;
		if (i == 0)
			parts.memory.cap_id = 0;
		if (i == 1)
			parts.notification.cap_id = 0;
		if (i == 2)
			parts.signaller.cap_id = 0;
		if (i == 3)
			parts.signal_bits = 0;
		if (i == 4)
			parts.role = BUFFER_ROLE_POOL_PEER;
		if (i == 5)
			fake_shared.memory_bytes -= SHARED_PAGE_BYTES;
		CHECK_EQ(record_ring_accept(&parts, &ring), CAP_ERR_INVALID_ARGUMENT);
		CHECK_EQ(fake_shared.mappings, 1);
	}
}

/* A process may have made it: what it answered would be where we write. */
TEST(something_else_than_memory_is_never_mapped)
{
	struct shared_parts parts;

	start(true);
	for (uint32_t i = 0; i < 3; i++) {
		struct capos_cap *caps[] = { &parts.memory, &parts.notification, &parts.signaller };

		parts = theirs;
		caps[i]->interface_id = ENDPOINT_INTERFACE_ID;
		CHECK_EQ(record_ring_accept(&parts, &ring), CAP_ERR_WRONG_INTERFACE);
		CHECK_EQ(fake_shared.mappings, 1);
	}
}

TEST(a_making_that_is_refused_in_the_middle_leaves_nothing)
{
	const struct record_ring_shape shape = { RECORD, COUNT, true };

	for (uint32_t call = 1; call <= 6; call++) {
		fake_start(&self);
		maker = fake_shared_start(&self);
		fake_shared.refused_call = call;
		CHECK_EQ(record_ring_make(&maker, &shape, &ring, &theirs),
		    CAP_ERR_APPLICATION_EXCEPTION);
		CHECK_EQ(fake_shared.mappings, 0);
		CHECK_EQ(fake_holds_left(&self), 0);
	}
}

TEST(an_offer_says_all_that_the_other_side_needs)
{
	uint64_t words[64];
	struct capnp_builder builder;
	struct capnp_reader reader;
	struct shared_parts parts;

	start(true);
	capnp_builder_init(&builder, words, sizeof(words));
	shared_parts_offer(shared_buffer_init_root(&builder), &theirs);
	CHECK_EQ(builder.cap_count, 3);
	CHECK_EQ(builder.caps[0].mode, CAPNP_CAP_COPY);
	CHECK_EQ(builder.caps[0].cap_id, ring.end.memory.cap.cap_id);
	CHECK_EQ(builder.caps[1].mode, CAPNP_CAP_MOVE);
	CHECK_EQ(builder.caps[1].cap_id, FAKE_NOTIFICATION_CAP + 1);
	CHECK_EQ(builder.caps[2].mode, CAPNP_CAP_MOVE);
	CHECK_EQ(builder.caps[2].cap_id, FAKE_SIGNALLER_CAP);
	CHECK_EQ(
	    capnp_reader_init_single(&reader, words, capnp_builder_finish(&builder)), CAPNP_OK);
	parts = shared_parts_read(shared_buffer_root(&reader));
	CHECK_EQ(parts.role, BUFFER_ROLE_CONSUMER);
	CHECK_EQ(parts.record_bytes, RECORD);
	CHECK_EQ(parts.count, COUNT);
	CHECK_EQ(parts.signal_bits, SHARED_MOVED);
	CHECK_EQ(parts.memory.cap_id, 0);
}

TEST(the_other_end_works_as_the_makers_does)
{
	struct record_ring accepted;
	uint64_t next = 0;

	start(true);
	CHECK_EQ(record_ring_accept(&theirs, &accepted), CAP_OK);
	CHECK(!accepted.view.produces);
	for (uint32_t round = 0; round < 40; round++) {
		uint64_t *slot;

		for (uint32_t i = 0; i < 1 + round % 5; i++) {
			slot = record_take(&ring);
			CHECK(slot != NULL);
			*slot = next + i;
		}
		record_publish(&ring);
		while ((slot = record_take(&accepted)) != NULL)
			CHECK_EQ(*slot, next++);
		record_publish(&accepted);
	}
	record_ring_close(&ring);
	CHECK_EQ(record_wait(&accepted, 1, 0), CAP_ERR_END_OF_STREAM);
	record_ring_close(&accepted);
	CHECK_EQ(fake_shared.mappings, 0);
}
