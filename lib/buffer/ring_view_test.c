/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Positions of a ring: nothing is lost or repeated, nobody who sleeps is forgotten, and no position
 * that the other side writes leads out of the ring.
 */
#include "ring_view.h"

#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>

#include "base/test.h"

#define SLOTS 8

static struct ring_side sides[2];
static struct ring_view producer;
static struct ring_view consumer;

static void
start(uint32_t position)
{
	memset(sides, 0, sizeof(sides));
	sides[0].position = position;
	sides[1].position = position;
	ring_view_init(&producer, sides, SLOTS, true);
	ring_view_init(&consumer, sides, SLOTS, false);
	producer.published = producer.next = producer.theirs = position;
	producer.end += position;
	consumer.published = consumer.next = consumer.theirs = consumer.end = position;
}

static void
take(struct ring_view *view, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		CHECK(ring_view_ready(view) != 0);
		CHECK(ring_view_take(view) < SLOTS);
	}
}

TEST(what_is_taken_is_seen_when_it_is_published)
{
	start(0);
	CHECK_EQ(ring_view_ready(&producer), SLOTS);
	take(&producer, 3);
	ring_view_refresh(&consumer);
	CHECK_EQ(ring_view_ready(&consumer), 0);
	CHECK(!ring_view_publish(&producer));
	ring_view_refresh(&consumer);
	CHECK_EQ(ring_view_ready(&consumer), 3);
	take(&consumer, 2);
	ring_view_refresh(&producer);
	CHECK_EQ(ring_view_ready(&producer), SLOTS - 3);
	CHECK(!ring_view_publish(&consumer));
	ring_view_refresh(&producer);
	CHECK_EQ(ring_view_ready(&producer), SLOTS - 1);
}

TEST(positions_wrap)
{
	start(UINT32_MAX - 2);
	for (uint32_t round = 0; round < 3 * SLOTS; round++) {
		uint32_t slot = producer.next % SLOTS;

		CHECK_EQ(ring_view_take(&producer), slot);
		(void)ring_view_publish(&producer);
		ring_view_refresh(&consumer);
		CHECK_EQ(ring_view_ready(&consumer), 1);
		CHECK_EQ(ring_view_take(&consumer), slot);
		(void)ring_view_publish(&consumer);
		ring_view_refresh(&producer);
		CHECK_EQ(ring_view_ready(&producer), SLOTS);
	}
	CHECK(!producer.is_corrupt && !consumer.is_corrupt);
}

TEST(only_who_sleeps_is_woken_and_once)
{
	start(0);
	take(&producer, 1);
	CHECK(!ring_view_publish(&producer));
	CHECK(ring_view_arm(&consumer, 1));
	take(&consumer, 1);
	CHECK(!ring_view_publish(&consumer));
	CHECK(!ring_view_arm(&consumer, 1));
	take(&producer, 2);
	CHECK(ring_view_publish(&producer));
	take(&producer, 2);
	CHECK(!ring_view_publish(&producer));
	/* For more than one. */
	ring_view_refresh(&consumer);
	take(&consumer, 4);
	CHECK(!ring_view_publish(&consumer));
	CHECK(!ring_view_arm(&consumer, 3));
	take(&producer, 2);
	CHECK(!ring_view_publish(&producer));
	take(&producer, 1);
	CHECK(ring_view_publish(&producer));
	CHECK(!ring_view_publish(&producer));
}

TEST(a_producer_sleeps_until_there_is_room)
{
	start(0);
	take(&producer, SLOTS);
	(void)ring_view_publish(&producer);
	CHECK_EQ(ring_view_ready(&producer), 0);
	CHECK(!ring_view_arm(&producer, 4));
	ring_view_refresh(&consumer);
	take(&consumer, 3);
	CHECK(!ring_view_publish(&consumer));
	take(&consumer, 2);
	CHECK(ring_view_publish(&consumer));
	CHECK(ring_view_arm(&producer, 4));
	CHECK_EQ(ring_view_ready(&producer), 5);
}

TEST(nobody_sleeps_at_a_closed_ring)
{
	start(0);
	CHECK(!ring_view_arm(&consumer, 1));
	take(&producer, 1);
	(void)ring_view_publish(&producer);
	ring_view_close(&producer);
	CHECK(ring_view_arm(&consumer, 5));
	CHECK(ring_view_is_closed(&consumer));
	CHECK_EQ(ring_view_ready(&consumer), 1);
	CHECK(!ring_view_is_closed(&producer));
}

/* Positions of a ring where 5 were published and 2 given back. */
static const struct {
	uint32_t position;
	bool is_possible;
} producers[] = {
	{ 5, true }, { 6, true }, { 10, true }, /* 2 + SLOTS */
	{ 11, false }, { 4, false }, { 2, false }, { 0, false }, { 0x7fffffff, false },
	{ 0x80000000, false }, { UINT32_MAX, false },
}, consumers[] = {
	{ 2, true }, { 3, true }, { 5, true },
	{ 6, false }, { 1, false }, { 0, false }, { 13, false }, { 0x80000002, false },
	{ UINT32_MAX, false },
};

static void
start_in_the_middle(void)
{
	start(0);
	take(&producer, 5);
	(void)ring_view_publish(&producer);
	ring_view_refresh(&consumer);
	take(&consumer, 2);
	(void)ring_view_publish(&consumer);
	ring_view_refresh(&producer);
}

TEST(a_consumer_bounds_what_the_producer_writes)
{
	for (size_t i = 0; i < sizeof(producers) / sizeof(producers[0]); i++) {
		start_in_the_middle();
		sides[0].position = producers[i].position;
		ring_view_refresh(&consumer);
		CHECK_EQ(!consumer.is_corrupt, producers[i].is_possible);
		CHECK_EQ(ring_view_ready(&consumer),
		    producers[i].is_possible ? producers[i].position - 2 : 0);
		CHECK(ring_view_ready(&consumer) <= SLOTS);
		CHECK_EQ(ring_view_arm(&consumer, SLOTS),
		    consumer.is_corrupt || ring_view_ready(&consumer) == SLOTS);
	}
}

TEST(a_producer_bounds_what_the_consumer_writes)
{
	for (size_t i = 0; i < sizeof(consumers) / sizeof(consumers[0]); i++) {
		start_in_the_middle();
		sides[1].position = consumers[i].position;
		ring_view_refresh(&producer);
		CHECK_EQ(!producer.is_corrupt, consumers[i].is_possible);
		CHECK_EQ(ring_view_ready(&producer),
		    consumers[i].is_possible ? SLOTS - (5 - consumers[i].position) : 0);
	}
}

TEST(what_was_not_published_cannot_have_been_read)
{
	start_in_the_middle();
	take(&producer, 1);
	sides[1].position = 6;
	ring_view_refresh(&producer);
	CHECK(producer.is_corrupt);
	/* Nor can what was not given back have been filled. */
	start_in_the_middle();
	take(&consumer, 1);
	sides[0].position = 11;
	ring_view_refresh(&consumer);
	CHECK(consumer.is_corrupt);
}

TEST(a_corrupt_ring_stays_so)
{
	start_in_the_middle();
	sides[0].position = 4;
	ring_view_refresh(&consumer);
	sides[0].position = 5;
	ring_view_refresh(&consumer);
	CHECK_EQ(ring_view_ready(&consumer), 0);
	CHECK(ring_view_arm(&consumer, 1));
}

/* What a side has written it does not read back. */
TEST(our_own_line_is_never_believed)
{
	start_in_the_middle();
	sides[0].position = 77;
	sides[1].position = 5;
	ring_view_refresh(&producer);
	CHECK_EQ(ring_view_ready(&producer), SLOTS);
	CHECK(!producer.is_corrupt);
	take(&producer, 1);
	(void)ring_view_publish(&producer);
	CHECK_EQ(sides[0].position, 6);
}

/* --- two threads --- */

/*
 * One publishes a slot while the other goes to sleep for it, again and again at the same moment: it
 * must see the slot, or be woken. Without the fences neither happens, once in some thousand rounds.
 */
#define ROUNDS 100000
#define JITTER 256

static uint32_t round_begun; /* atomic */
static uint32_t round_ended; /* atomic */
static bool was_woken;

static void *
publish_in_rounds(void *context)
{
	(void)context;
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		while (__atomic_load_n(&round_begun, __ATOMIC_ACQUIRE) != round)
			;
		(void)ring_view_take(&producer);
		was_woken = ring_view_publish(&producer);
		__atomic_store_n(&round_ended, round, __ATOMIC_RELEASE);
	}
	return NULL;
}

TEST(who_goes_to_sleep_sees_the_slot_or_is_woken)
{
	uint32_t forgotten = 0;
	pthread_t thread;

	start(0);
	round_begun = 0;
	round_ended = 0;
	CHECK_EQ(pthread_create(&thread, NULL, publish_in_rounds, NULL), 0);
	for (uint32_t round = 1; round <= ROUNDS; round++) {
		bool sees;

		__atomic_store_n(&round_begun, round, __ATOMIC_RELEASE);
		/* The other thread hears of it later: now and then it is the same moment. */
		for (volatile uint32_t i = 0; i < round % JITTER; i++)
			;
		sees = ring_view_arm(&consumer, 1);
		while (__atomic_load_n(&round_ended, __ATOMIC_ACQUIRE) != round)
			;
		forgotten += !sees && !was_woken;
		ring_view_refresh(&consumer);
		(void)ring_view_take(&consumer);
		(void)ring_view_publish(&consumer);
		ring_view_refresh(&producer);
	}
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(forgotten, 0);
}

#define MESSAGES 200000
#define SLEEP_SECONDS_MAX 60

static uint64_t slots[SLOTS];
static sem_t wake[2];	  /* of the producer, of the consumer */
static bool is_forgotten; /* somebody slept for ever */

static void
move_on(struct ring_view *view, sem_t *other)
{
	if (ring_view_publish(view))
		sem_post(other);
}

/* With a deadline, so that a wake-up that is lost fails the test. */
static void
sleep_on(sem_t *semaphore)
{
	struct timespec deadline;

	CHECK_EQ(clock_gettime(CLOCK_REALTIME, &deadline), 0);
	deadline.tv_sec += SLEEP_SECONDS_MAX;
	if (sem_timedwait(semaphore, &deadline) != 0)
		is_forgotten = true;
}

static void *
produce(void *context)
{
	uint32_t batch = 0;

	(void)context;
	for (uint64_t i = 1; i <= MESSAGES; i++) {
		while (ring_view_ready(&producer) == 0) {
			move_on(&producer, &wake[1]);
			if (!ring_view_arm(&producer, 1 + (uint32_t)(i % 4)))
				sleep_on(&wake[0]);
		}
		slots[ring_view_take(&producer)] = i;
		if (++batch % (1 + i % 3) == 0)
			move_on(&producer, &wake[1]);
	}
	move_on(&producer, &wake[1]);
	ring_view_close(&producer);
	sem_post(&wake[1]);
	return NULL;
}

TEST(two_threads_lose_and_repeat_nothing)
{
	pthread_t thread;
	uint64_t expected = 1;

	start(0);
	sem_init(&wake[0], 0, 0);
	sem_init(&wake[1], 0, 0);
	CHECK_EQ(pthread_create(&thread, NULL, produce, NULL), 0);
	for (;;) {
		bool is_closed = ring_view_is_closed(&consumer);

		ring_view_refresh(&consumer);
		while (ring_view_ready(&consumer) != 0) {
			CHECK_EQ(slots[ring_view_take(&consumer)], expected);
			expected++;
			if (expected % 3 == 0)
				move_on(&consumer, &wake[0]);
		}
		if (is_closed)
			break;
		move_on(&consumer, &wake[0]);
		if (!ring_view_arm(&consumer, 1))
			sleep_on(&wake[1]);
	}
	CHECK_EQ(pthread_join(thread, NULL), 0);
	CHECK_EQ(expected, MESSAGES + 1);
	CHECK(!is_forgotten);
	CHECK(!consumer.is_corrupt && !producer.is_corrupt);
	sem_destroy(&wake[0]);
	sem_destroy(&wake[1]);
}
