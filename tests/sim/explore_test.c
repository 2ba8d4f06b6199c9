/* SPDX-License-Identifier: Apache-2.0 */
/* The exploration with sanitizers, as far as that is quick; `test_explore.py` runs all of it. */
#include "base/test.h"
#include "corruptions.h"
#include "explore.h"

static struct explore_result result;

static void
explore_some(const char *name, uint32_t depth)
{
	struct explore_scope scope = *explore_scope_find(name);

	scope.depth = depth;
	explore(&scope, &result);
	explore_print(&scope, &result);
}

TEST(two_processes_do_everything_that_takes_four_steps)
{
	explore_some("2x2", 4);
	CHECK(result.agreed);
	CHECK(!result.is_closed);
	CHECK_EQ(result.states, 371);
}

TEST(three_processes_do_everything_that_takes_three_steps)
{
	explore_some("3x4", 3);
	CHECK(result.agreed);
	CHECK_EQ(result.states, 712);
	CHECK(result.verbs[EXPLORE_TURN] != 0);
}

TEST(nothing_that_takes_three_steps_is_left_out_in_a_new_world)
{
	explore_some("2x2-new", 3);
	CHECK(result.agreed);
	CHECK(explore_is_expected(explore_scope_find("2x2-new"), &result));
}

TEST(what_is_granted_is_explored)
{
	explore_some("2x3-grants", 4);
	CHECK(result.agreed);
	CHECK_EQ(result.states, 508);
	CHECK(result.verbs[EXPLORE_GRANT] != 0 && result.verbs[EXPLORE_REVOKE_GRANT] != 0);
}

static bool
is_found(bool (*corrupt)(struct simulation *simulation))
{
	struct explore_scope scope = *explore_scope_find("2x2");

	scope.depth = 3;
	scope.corrupt = corrupt;
	scope.corrupt_step = 100;
	explore(&scope, &result);
	return !result.agreed && result.steps > 100;
}

TEST(a_fault_in_one_state_is_found)
{
	CHECK(is_found(corrupt_ledger));
	CHECK(is_found(corrupt_slot));
	CHECK(is_found(corrupt_completion));
}

TEST(another_number_of_states_is_noticed)
{
	struct explore_scope scope = *explore_scope_find("2x2");

	scope.depth = 2;
	explore(&scope, &result);
	result.is_closed = true;
	scope.depth = UINT32_MAX;
	scope.states = result.states;
	scope.steps = result.steps;
	CHECK(explore_is_expected(&scope, &result));
	scope.states++;
	CHECK(!explore_is_expected(&scope, &result));
	scope.states--;
	scope.steps++;
	CHECK(!explore_is_expected(&scope, &result));
	scope.steps--;
	result.is_closed = false;
	CHECK(!explore_is_expected(&scope, &result));
}
