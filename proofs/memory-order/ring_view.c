/* SPDX-License-Identifier: Apache-2.0 */
/* Rings in memory that two processes share: lib/buffer/ring_view.h. */
#include "order.h"

#include <buffer/ring_view.h>

static struct ring_side sides[2];
static struct ring_view producer;
static struct ring_view consumer;
static uint64_t slot;
static bool is_woken, is_there, is_closed;

/* One slot, so that each use of it has to wait for the other side's. */
static void
start(void)
{
	memset(sides, 0, sizeof(sides));
	ring_view_init(&producer, sides, 1, true);
	ring_view_init(&consumer, sides, 1, false);
	is_woken = is_there = is_closed = false;
}

static bool
holds(void)
{
	return !producer.is_corrupt && !consumer.is_corrupt;
}

static void
fill_twice(void)
{
	for (uint32_t i = 0; i < 2; i++) {
		ring_view_refresh(&producer);
		if (ring_view_ready(&producer) == 0)
			continue;
		order_plain_write(&slot);
		(void)ring_view_take(&producer);
		(void)ring_view_publish(&producer);
	}
}

static void
drain_once(void)
{
	ring_view_refresh(&consumer);
	if (ring_view_ready(&consumer) == 0)
		return;
	order_plain_read(&slot);
	(void)ring_view_take(&consumer);
	(void)ring_view_publish(&consumer);
}

static void
publish(void)
{
	(void)ring_view_take(&producer);
	is_woken = ring_view_publish(&producer);
}

static void
sleep_for_a_slot(void)
{
	is_there = ring_view_arm(&consumer, 1);
}

static bool
sees_or_is_woken(void)
{
	return is_there || is_woken;
}

static void
publish_and_close(void)
{
	publish();
	ring_view_close(&producer);
}

/* What has no position: any state of the producer's. */
static void
write_and_close(void)
{
	order_plain_write(&slot);
	ring_view_close(&producer);
}

static void
read_behind_the_end(void)
{
	if (ring_view_is_closed(&consumer))
		order_plain_read(&slot);
}

static void
look_for_the_last(void)
{
	is_closed = ring_view_is_closed(&consumer);
	ring_view_refresh(&consumer);
}

static bool
has_the_last(void)
{
	return !is_closed || ring_view_ready(&consumer) == 1;
}

static const struct order_program programs[] = {
	{ "a slot is whole, and read before it is filled again", start, { fill_twice, drain_once },
	    holds },
	{ "who goes to sleep sees the slot or is woken", start, { publish, sleep_for_a_slot },
	    sees_or_is_woken },
	{ "behind the end of a ring its last slot is seen", start,
	    { publish_and_close, look_for_the_last }, has_the_last },
	{ "behind the end of a ring all is seen that was before it", start,
	    { write_and_close, read_behind_the_end }, holds },
};

int
main(void)
{
	return order_explore_all(programs, sizeof(programs) / sizeof(programs[0]));
}
