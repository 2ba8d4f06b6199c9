/* SPDX-License-Identifier: Apache-2.0 */
/* Restarts: who is started again, when, and when no more. */
#include "restart_rule.h"

#include <capnp/builder.h>

#include "base/test.h"

#define SECOND UINT64_C(1000000000)

static const struct restart_rule rule = {
	.when = RESTART_WHEN_ON_FAILURE,
	.max_restarts = 3,
	.window_ns = 10 * SECOND,
	.backoff_ns = SECOND,
	.backoff_max_ns = 3 * SECOND,
};

TEST(who_is_started_again_is_said_by_the_rule)
{
	static const struct {
		enum restart_when when;
		bool is_failure;
		enum restart_decision expected;
	} cases[] = {
		{ RESTART_WHEN_NEVER, false, RESTART_NEVER },
		{ RESTART_WHEN_NEVER, true, RESTART_NEVER },
		{ RESTART_WHEN_ON_FAILURE, false, RESTART_NEVER },
		{ RESTART_WHEN_ON_FAILURE, true, RESTART_LATER },
		{ RESTART_WHEN_ALWAYS, false, RESTART_LATER },
		{ RESTART_WHEN_ALWAYS, true, RESTART_LATER },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct restart_history history = { 0 };
		struct restart_rule with = rule;
		uint64_t at_ns = 0;

		with.when = cases[i].when;
		CHECK_EQ(restart_decide(&with, &history, cases[i].is_failure, 5, &at_ns),
		    cases[i].expected);
		CHECK_EQ(history.count, cases[i].expected == RESTART_LATER);
	}
}

TEST(each_restart_in_a_row_waits_twice_as_long_up_to_a_maximum)
{
	struct restart_history history = { 0 };
	uint64_t at_ns = 0;

	CHECK_EQ(restart_decide(&rule, &history, true, 0, &at_ns), RESTART_LATER);
	CHECK_EQ(at_ns, SECOND);
	CHECK_EQ(restart_decide(&rule, &history, true, SECOND, &at_ns), RESTART_LATER);
	CHECK_EQ(at_ns, 3 * SECOND);
	CHECK_EQ(restart_decide(&rule, &history, true, 3 * SECOND, &at_ns), RESTART_LATER);
	CHECK_EQ(at_ns, 6 * SECOND);
}

TEST(who_ends_too_often_within_the_window_is_given_up)
{
	struct restart_history history = { 0 };
	uint64_t at_ns = 0;

	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(restart_decide(&rule, &history, true, i, &at_ns), RESTART_LATER);
	CHECK_EQ(restart_decide(&rule, &history, true, 4, &at_ns), RESTART_GIVE_UP);
	CHECK_EQ(history.count, 3);
}

TEST(what_lies_behind_the_window_does_not_count)
{
	struct restart_history history = { 0 };
	uint64_t at_ns = 0;

	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(restart_decide(&rule, &history, true, i * SECOND, &at_ns), RESTART_LATER);
	/* Counted at 1, 3 and 5 seconds: at the end of the first one's window it still counts. */
	CHECK_EQ(restart_decide(&rule, &history, true, 11 * SECOND, &at_ns), RESTART_GIVE_UP);
	CHECK_EQ(restart_decide(&rule, &history, true, 11 * SECOND + 1, &at_ns), RESTART_LATER);
	CHECK_EQ(history.count, 3);
	/* Long after, it is as at first. */
	CHECK_EQ(restart_decide(&rule, &history, true, 100 * SECOND, &at_ns), RESTART_LATER);
	CHECK_EQ(history.count, 1);
	CHECK_EQ(at_ns, 101 * SECOND);
}

TEST(without_restarts_it_is_given_up_at_once)
{
	struct restart_history history = { 0 };
	struct restart_rule none = rule;
	uint64_t at_ns = 0;

	none.max_restarts = 0;
	CHECK_EQ(restart_decide(&none, &history, true, 0, &at_ns), RESTART_GIVE_UP);
}

TEST(more_restarts_than_are_remembered_are_as_many)
{
	struct restart_history history = { 0 };
	struct restart_rule many = rule;
	uint64_t at_ns = 0;

	many.max_restarts = UINT32_MAX;
	for (uint32_t i = 0; i < RESTARTS_MAX; i++)
		CHECK_EQ(restart_decide(&many, &history, true, i, &at_ns), RESTART_LATER);
	CHECK_EQ(restart_decide(&many, &history, true, RESTARTS_MAX, &at_ns), RESTART_GIVE_UP);
}

TEST(the_schema_has_the_defaults)
{
	uint64_t words[8];
	struct capnp_builder builder;
	struct capnp_reader reader;
	struct restart_rule read;

	capnp_builder_init(&builder, words, sizeof(words));
	restart_policy_set_when(restart_policy_init_root(&builder), RESTART_WHEN_ALWAYS);
	CHECK_EQ(
	    capnp_reader_init_single(&reader, words, capnp_builder_finish(&builder)), CAPNP_OK);
	read = restart_rule_read(restart_policy_root(&reader));
	CHECK_EQ(read.when, RESTART_WHEN_ALWAYS);
	CHECK_EQ(read.max_restarts, 5);
	CHECK_EQ(read.window_ns, 60 * SECOND);
	CHECK_EQ(read.backoff_ns, SECOND / 10);
	CHECK_EQ(read.backoff_max_ns, 5 * SECOND);
}
