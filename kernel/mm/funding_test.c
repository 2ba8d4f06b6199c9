/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Funding: the donor pays, the recipient has the room, what both have in common sees only what is
 * used, and use never exceeds a limit.
 */
#include "mm/funding.h"

#include "arch/sim/sim.h"
#include "base/test.h"
#include "mm/frame.h"

#define R LEDGER_FRAME_PAGES
#define SLOTS LEDGER_CAP_SLOTS

static struct ledger *donor;
static struct ledger *recipient;
static struct ledger *group; /* above recipient, where there is one */

static struct ledger *
ledger_with(struct ledger *parent, uint64_t pages)
{
	const uint64_t limit[LEDGER_RESOURCE_COUNT] = {
		[LEDGER_FRAME_PAGES] = pages,
		[LEDGER_KERNEL_BYTES] = 100000,
		[LEDGER_CAP_SLOTS] = 10,
	};
	struct ledger *ledger;

	CHECK_EQ(ledger_create(parent, limit, &ledger), CAP_OK);
	return ledger;
}

static void
start(void)
{
	const struct memory_range all = { PAGE_BYTES, (1 << 20) - PAGE_BYTES };

	sim_reset(1 << 20);
	frame_init(&all, 1, NULL, 0);
	memset((void *)ledger_boot.used, 0, sizeof(ledger_boot.used));
	ledger_boot.references = 1;
	job_module_init();
	ledger_module_init();
	donor = ledger_with(&ledger_boot, 100);
	recipient = ledger_with(&ledger_boot, 10);
	group = NULL;
}

static void
start_with_group(void)
{
	start();
	ledger_put(recipient);
	group = ledger_with(&ledger_boot, 20);
	recipient = ledger_with(group, 10);
}

/* Nothing is left of anything. */
static void
finish(void)
{
	ledger_put(recipient);
	ledger_put(donor);
	if (group != NULL)
		ledger_put(group);
	while (job_reap_step())
		;
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		CHECK_EQ(ledger_boot.used[i], 0);
	CHECK_EQ(ledger_boot.references, 1);
}

static enum cap_status
fund(uint64_t pages, struct funding **out)
{
	const uint64_t amount[LEDGER_RESOURCE_COUNT] = { [LEDGER_FRAME_PAGES] = pages };

	return funding_create(donor, recipient, amount, out);
}

static enum cap_status
reduce(struct funding *funding, uint64_t pages)
{
	const uint64_t amount[LEDGER_RESOURCE_COUNT] = { [LEDGER_FRAME_PAGES] = pages };

	return funding_reduce(funding, amount);
}

TEST(the_donor_is_charged_and_the_recipient_has_the_room)
{
	struct funding *funding;

	start();
	CHECK_EQ(fund(30, &funding), CAP_OK);
	CHECK_EQ(donor->used[R], 30);
	CHECK_EQ(donor->limit[R], 100);
	CHECK_EQ(recipient->used[R], 0);
	CHECK_EQ(recipient->limit[R], 40);
	CHECK_EQ(ledger_boot.used[R], 0); /* nothing is used yet */
	CHECK_EQ(ledger_charge(recipient, R, 40), CAP_OK);
	CHECK_EQ(ledger_charge(recipient, R, 1), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(ledger_boot.used[R], 40);
	ledger_release(recipient, R, 40);
	funding_end(funding);
	CHECK_EQ(donor->used[R], 0);
	CHECK_EQ(recipient->limit[R], 10);
	finish();
}

TEST(a_donor_without_room_funds_nothing)
{
	const uint64_t amount[LEDGER_RESOURCE_COUNT] = { [R] = 100, [SLOTS] = 11 };
	struct funding *funding = NULL;
	uint64_t bytes;

	start();
	bytes = donor->used[LEDGER_KERNEL_BYTES];
	CHECK_EQ(fund(101, &funding), CAP_ERR_QUOTA_EXCEEDED);
	/* One resource has room, and the other has not: neither is charged. */
	CHECK_EQ(funding_create(donor, recipient, amount, &funding), CAP_ERR_QUOTA_EXCEEDED);
	CHECK(funding == NULL);
	CHECK_EQ(donor->used[R], 0);
	CHECK_EQ(donor->used[SLOTS], 0);
	CHECK_EQ(donor->used[LEDGER_KERNEL_BYTES], bytes);
	CHECK_EQ(recipient->limit[R], 10);
	CHECK_EQ(recipient->limit[SLOTS], 10);
	finish();
}

TEST(a_donor_pays_for_the_record_and_without_that_funds_nothing)
{
	struct funding *funding = NULL;

	start();
	donor->limit[LEDGER_KERNEL_BYTES] = donor->used[LEDGER_KERNEL_BYTES] + 16;
	CHECK_EQ(fund(1, &funding), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(donor->used[R], 0);
	CHECK_EQ(recipient->limit[R], 10);
	finish();
}

TEST(who_pays_already_is_funded_by_nobody)
{
	const uint64_t amount[LEDGER_RESOURCE_COUNT] = { [R] = 1 };
	struct ledger *part;
	struct funding *funding = NULL;

	start();
	part = ledger_with(recipient, 5);
	CHECK_EQ(funding_create(part, recipient, amount, &funding), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(funding_create(recipient, recipient, amount, &funding), CAP_ERR_INVALID_ARGUMENT);
	CHECK(funding == NULL);
	ledger_put(part);
	finish();
}

TEST(an_amount_at_which_a_limit_would_wrap_is_refused)
{
	static const uint64_t amounts[] = { UINT64_MAX, UINT64_MAX / 2 + 1, UINT64_MAX - 100 };
	struct funding *funding = NULL;

	start();
	donor->limit[R] = UINT64_MAX;
	for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++)
		CHECK_EQ(fund(amounts[i], &funding), CAP_ERR_INVALID_ARGUMENT);
	recipient->limit[R] = UINT64_MAX - 5;
	CHECK_EQ(fund(5, &funding), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(fund(4, &funding), CAP_OK);
	funding_end(funding);
	CHECK_EQ(recipient->limit[R], UINT64_MAX - 5);
	CHECK_EQ(donor->used[R], 0);
	finish();
}

/* An ancestor gives a member more room: its own limit counts what is used, as before. */
TEST(a_group_funds_a_member)
{
	const uint64_t amount[LEDGER_RESOURCE_COUNT] = { [R] = 8 };
	struct funding *funding;

	start_with_group();
	CHECK_EQ(funding_create(group, recipient, amount, &funding), CAP_OK);
	CHECK_EQ(group->used[R], 0);
	CHECK_EQ(group->limit[R], 20);
	CHECK_EQ(recipient->limit[R], 18);
	CHECK_EQ(ledger_charge(recipient, R, 18), CAP_OK);
	CHECK_EQ(group->used[R], 18);
	ledger_release(recipient, R, 18);
	funding_end(funding);
	CHECK_EQ(recipient->limit[R], 10);
	finish();
}

TEST(every_ledger_on_the_way_to_the_common_one_is_part_of_it)
{
	struct funding *funding;

	start_with_group();
	CHECK_EQ(fund(30, &funding), CAP_OK);
	CHECK_EQ(group->limit[R], 50);
	CHECK_EQ(group->used[R], 0);
	CHECK_EQ(ledger_charge(recipient, R, 40), CAP_OK);
	CHECK_EQ(group->used[R], 40);
	ledger_release(recipient, R, 40);
	funding_end(funding);
	CHECK_EQ(group->limit[R], 20);
	finish();
}

TEST(a_part_is_given_back_unless_it_is_in_use)
{
	struct funding *funding;

	start();
	CHECK_EQ(fund(30, &funding), CAP_OK);
	CHECK_EQ(ledger_charge(recipient, R, 25), CAP_OK);
	CHECK_EQ(reduce(funding, 31), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(reduce(funding, 16), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(recipient->used[R], 25);
	CHECK_EQ(recipient->limit[R], 40);
	CHECK_EQ(donor->used[R], 30);
	CHECK_EQ(reduce(funding, 15), CAP_OK);
	CHECK_EQ(recipient->used[R], 25);
	CHECK_EQ(recipient->limit[R], 25);
	CHECK_EQ(donor->used[R], 15);
	ledger_release(recipient, R, 25);
	CHECK_EQ(reduce(funding, 15), CAP_OK);
	CHECK_EQ(recipient->limit[R], 10);
	CHECK_EQ(donor->used[R], 0);
	funding_end(funding);
	finish();
}

TEST(what_is_in_use_at_the_end_stays_owed_until_another_funding_ends)
{
	struct funding *funding;
	struct funding *other;

	start();
	CHECK_EQ(fund(30, &funding), CAP_OK);
	CHECK_EQ(fund(5, &other), CAP_OK);
	CHECK_EQ(ledger_charge(recipient, R, 33), CAP_OK);
	funding_end(funding);
	/* Twelve were free: they are back, and there is no room beyond what is used. */
	CHECK_EQ(donor->used[R], 23);
	CHECK_EQ(recipient->limit[R], 33);
	CHECK_EQ(ledger_charge(recipient, R, 1), CAP_ERR_QUOTA_EXCEEDED);
	ledger_release(recipient, R, 33);
	CHECK_EQ(donor->used[R], 23);
	funding_end(other);
	CHECK_EQ(donor->used[R], 0);
	CHECK_EQ(recipient->limit[R], 10);
	finish();
}

TEST(what_is_owed_is_given_back_when_the_recipient_ends)
{
	struct funding *funding;

	start();
	CHECK_EQ(fund(30, &funding), CAP_OK);
	CHECK_EQ(ledger_charge(recipient, R, 40), CAP_OK);
	funding_end(funding);
	CHECK_EQ(donor->used[R], 30);
	ledger_release(recipient, R, 40);
	ledger_put(recipient);
	while (job_reap_step())
		;
	CHECK_EQ(donor->used[R], 0);
	recipient = ledger_with(&ledger_boot, 10);
	finish();
}

TEST(debts_of_a_ledger_that_ends_go_in_steps)
{
	struct funding *funding[70];
	uint32_t steps = 0;

	start();
	CHECK_EQ(ledger_charge(recipient, R, 10), CAP_OK);
	for (uint32_t i = 0; i < 70; i++)
		CHECK_EQ(fund(1, &funding[i]), CAP_OK);
	CHECK_EQ(ledger_charge(recipient, R, 70), CAP_OK);
	for (uint32_t i = 0; i < 70; i++)
		funding_end(funding[i]);
	CHECK_EQ(donor->used[R], 70);
	ledger_release(recipient, R, 80);
	ledger_put(recipient);
	for (; job_reap_step(); steps++)
		CHECK(donor->used[R] == 6 || donor->used[R] == 0);
	CHECK_EQ(steps, 2);
	CHECK_EQ(donor->used[R], 0);
	recipient = ledger_with(&ledger_boot, 10);
	finish();
}

/* A neighbour in the group took the room that came with the funding: the group owes it then. */
TEST(what_a_group_uses_is_owed_by_the_group_when_the_recipient_is_gone)
{
	struct ledger *neighbour;
	struct funding *funding;

	start_with_group();
	neighbour = ledger_with(group, 1000);
	CHECK_EQ(fund(30, &funding), CAP_OK);
	CHECK_EQ(ledger_charge(neighbour, R, 45), CAP_OK);
	funding_end(funding);
	CHECK_EQ(donor->used[R], 25);
	CHECK_EQ(group->limit[R], 45);
	ledger_put(recipient);
	while (job_reap_step())
		;
	CHECK_EQ(donor->used[R], 25);
	CHECK_EQ(group->limit[R], 45);
	ledger_release(neighbour, R, 45);
	ledger_put(neighbour);
	ledger_put(group);
	while (job_reap_step())
		;
	CHECK_EQ(donor->used[R], 0);
	group = NULL;
	recipient = ledger_with(&ledger_boot, 10);
	finish();
}

TEST(a_donor_that_is_gone_is_charged_until_it_has_everything_back)
{
	struct funding *funding;

	start();
	CHECK_EQ(fund(30, &funding), CAP_OK);
	ledger_put(donor);
	CHECK_EQ(donor->used[R], 30); /* the funding keeps it */
	funding_end(funding);
	CHECK(ledger_boot.references == 2); /* the recipient's */
	donor = ledger_with(&ledger_boot, 100);
	finish();
}

/* Whatever is funded, used and ended in whatever order: use stays within limits, sums fit. */
TEST(use_never_exceeds_a_limit)
{
	struct funding *funding[8] = { NULL };
	uint64_t used = 0, random = 7;

	start_with_group();
	for (uint32_t step = 0; step < 20000; step++) {
		uint32_t which;
		uint64_t amount;

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
		which = (uint32_t)(random >> 33) % 8;
		amount = (random >> 40) % 20;
		if (random >> 63 != 0 && funding[which] == NULL) {
			if (fund(amount, &funding[which]) != CAP_OK)
				funding[which] = NULL;
		} else if (funding[which] != NULL && which % 2 == 0) {
			funding_end(funding[which]);
			funding[which] = NULL;
		} else if (used != 0 && which % 3 == 0) {
			ledger_release(recipient, R, used / 2 + 1);
			used -= used / 2 + 1;
		} else if (ledger_charge(recipient, R, amount) == CAP_OK) {
			used += amount;
		}
		CHECK(recipient->used[R] <= recipient->limit[R]);
		CHECK(group->used[R] <= group->limit[R]);
		CHECK(donor->used[R] <= donor->limit[R]);
		/* What the recipient has beyond its own is what the donor is charged. */
		CHECK_EQ(recipient->limit[R] - 10, donor->used[R]);
		CHECK_EQ(group->limit[R] - 20, donor->used[R]);
		CHECK_EQ(ledger_boot.used[R], used);
	}
	ledger_release(recipient, R, used);
	for (uint32_t i = 0; i < 8; i++)
		if (funding[i] != NULL)
			funding_end(funding[i]);
	finish();
}
