/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator in `make test`: one long run, and the proof that its comparison sees faults. */
#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "corruptions.h"

#define OPERATIONS 200000
#define SEED 1

static struct simulation simulation;

static void
begin(uint64_t seed)
{
	memset(&simulation, 0, sizeof(simulation));
	simulation.seed = seed;
}

TEST(kernel_and_model_agree_after_each_of_200000_operations)
{
	bool agreed;

	begin(SEED);
	agreed = simulation_run(&simulation, OPERATIONS);
	coverage_print(&simulation.coverage);
	CHECK(agreed);
	CHECK(coverage_is_complete(&simulation.coverage));
}

/* The ABI does not say when what is short lets what waits for an answer run. */
TEST(nothing_is_short_behind_a_submission_that_names_an_answer)
{
	const struct cap_sqe call = { .op = CAP_OP_CALL, .answer_id = 1, .cap_max = 1 };
	const uint64_t limits[LEDGER_RESOURCE_COUNT] = { 0 };
	struct cap_sqe receive = { .op = CAP_OP_RECV };
	struct model_prices prices;
	struct model_process *process;

	begin(SEED);
	machine_measure(&prices);
	simulation_begin(&simulation, &prices);
	process = machine_born(&simulation, 0, limits);
	operation_promise(&simulation, process, &receive);
	CHECK_EQ(receive.deadline_ns, 0);
	model_submit(process, &call);
	operation_promise(&simulation, process, &receive);
	CHECK_NE(receive.deadline_ns, 0);
}

TEST(a_seed_makes_the_same_run_again)
{
	static struct coverage first;

	begin(7);
	CHECK(simulation_run(&simulation, 2000));
	first = simulation.coverage;
	begin(7);
	CHECK(simulation_run(&simulation, 2000));
	CHECK_MEMORY(&simulation.coverage, &first, sizeof(first));
	begin(8);
	CHECK(simulation_run(&simulation, 2000));
	CHECK_NE(memcmp(&simulation.coverage, &first, sizeof(first)), 0);
}

static bool
is_found(bool (*corrupt)(struct simulation *simulation))
{
	begin(3);
	simulation.corrupt = corrupt;
	simulation.corrupt_step = 500;
	return !simulation_run(&simulation, 5000) && simulation.corrupt_step == 0;
}

TEST(a_completion_that_says_something_else_is_found)
{
	CHECK(is_found(corrupt_completion));
}

TEST(a_completion_that_does_not_come_is_found)
{
	CHECK(is_found(corrupt_completion_lost));
}

TEST(a_capability_that_disappears_is_found)
{
	CHECK(is_found(corrupt_slot));
}

TEST(a_charge_that_nobody_made_is_found)
{
	CHECK(is_found(corrupt_ledger));
}

TEST(a_byte_that_nobody_wrote_is_found)
{
	CHECK(is_found(corrupt_byte));
}

TEST(a_call_that_ends_by_itself_is_found)
{
	CHECK(is_found(corrupt_op));
}

TEST(a_queue_in_another_order_is_found)
{
	CHECK(is_found(corrupt_order));
}

TEST(a_record_of_a_tap_that_lies_is_found)
{
	CHECK(is_found(corrupt_tap_record));
}

TEST(a_record_that_is_missing_is_found)
{
	CHECK(is_found(corrupt_tap));
}

TEST(a_run_that_misses_a_refusal_is_not_complete)
{
	begin(SEED);
	CHECK(simulation_run(&simulation, 300));
	CHECK(!coverage_is_complete(&simulation.coverage));
}
