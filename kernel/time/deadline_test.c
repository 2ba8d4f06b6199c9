/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines run in their order, once, and the clock event follows the earliest. */
#include "time/deadline.h"

#include <stdlib.h>

#include "arch/sim/sim.h"
#include "base/list.h"
#include "base/test.h"

#define COUNT 300

struct timed {
	struct deadline deadline;
	uint32_t fired;
	uint32_t fired_as; /* how many had fired before */
};

static struct timed items[COUNT];
static uint64_t last_ns;
static uint32_t fired_count;

static void
expired(struct deadline *deadline)
{
	CHECK(deadline->when_ns >= last_ns);
	last_ns = deadline->when_ns;
	LIST_ENTRY(deadline, struct timed, deadline)->fired++;
	LIST_ENTRY(deadline, struct timed, deadline)->fired_as = fired_count;
	fired_count++;
}

static void
start(void)
{
	sim_reset(1 << 16);
	deadline_init();
	for (int i = 0; i < COUNT; i++) {
		items[i].fired = 0;
		deadline_prepare(&items[i].deadline, expired);
	}
	last_ns = 0;
	fired_count = 0;
}

TEST(deadlines_run_in_order_and_at_most_sixteen_at_a_time)
{
	uint32_t runs = 0;

	start();
	srand(7);
	for (int i = 0; i < COUNT; i++)
		deadline_arm(&items[i].deadline, (uint64_t)(rand() % 1000));
	while (deadline_run(499)) {
		runs++;
		CHECK_EQ(fired_count, runs * 16);
	}
	for (int i = 0; i < COUNT; i++)
		CHECK_EQ(items[i].fired, items[i].deadline.when_ns <= 499);
	while (deadline_run(1000))
		;
	CHECK_EQ(fired_count, COUNT);
	CHECK_EQ(deadline_next_ns(), UINT64_MAX);
}

TEST(a_disarmed_deadline_does_not_run)
{
	start();
	srand(11);
	for (int i = 0; i < COUNT; i++)
		deadline_arm(&items[i].deadline, (uint64_t)(rand() % 50));
	for (int i = 0; i < COUNT; i += 2)
		CHECK(deadline_disarm(&items[i].deadline));
	CHECK(!deadline_disarm(&items[0].deadline));
	while (deadline_run(1000))
		;
	for (int i = 0; i < COUNT; i++)
		CHECK_EQ(items[i].fired, i % 2);
	CHECK(!deadline_disarm(&items[1].deadline));
}

TEST(the_clock_event_is_set_only_for_an_earlier_deadline)
{
	start();
	deadline_arm(&items[0].deadline, 5000);
	CHECK_EQ(sim.event_ns, 5000);
	deadline_arm(&items[1].deadline, 3000);
	CHECK_EQ(sim.event_ns, 3000);
	deadline_arm(&items[2].deadline, 4000);
	CHECK_EQ(sim.event_ns, 3000);
	CHECK(deadline_disarm(&items[1].deadline));
	/* It is left to fire, and the next one is set then. */
	CHECK_EQ(sim.event_ns, 3000);
	sim.event_ns = UINT64_MAX;
	CHECK(!deadline_run(3000));
	CHECK_EQ(fired_count, 0);
	CHECK_EQ(sim.event_ns, 4000);
	CHECK_EQ(deadline_next_ns(), 4000);
}

TEST(equal_deadlines_run_in_the_order_of_arming)
{
	start();
	for (int i = 0; i < 10; i++)
		deadline_arm(&items[9 - i].deadline, 100);
	(void)deadline_run(100);
	CHECK_EQ(fired_count, 10);
	for (uint32_t i = 0; i < 10; i++)
		CHECK_EQ(items[9 - i].fired_as, i);
}

TEST(an_expiry_may_arm_itself_again)
{
	start();
	deadline_arm(&items[0].deadline, 10);
	CHECK(!deadline_run(10));
	deadline_arm(&items[0].deadline, 20);
	CHECK_EQ(sim.event_ns, 20);
	CHECK(!deadline_run(19));
	CHECK(!deadline_run(20));
	CHECK_EQ(items[0].fired, 2);
}
