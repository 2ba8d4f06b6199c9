/* SPDX-License-Identifier: Apache-2.0 */
/* How answers and what waits for them end: FINISH, deadlines, and the end of either side. */
#include "arch/sim/promise_pair.h"
#include "ipc/answer.h"
#include "proc/process.h"

TEST(a_finish_before_the_answer_lets_what_waits_run)
{
	struct pair pair = pair_start();

	post(&pair.client, named_call(&pair, 1, 1));
	post(&pair.client, promised(call_of(&pair, 2), 1, 0));
	CHECK_EQ(run(&pair.client, finish_of(1)), 0);
	CHECK_EQ(run(&pair.client, finish_of(1)), CAP_ERR_UNKNOWN_ANSWER);
	CHECK_EQ(run(&pair.client, promised(call_of(&pair, 3), 1, 0)), CAP_ERR_UNKNOWN_ANSWER);
	/* Its place is its own until it is over. */
	CHECK_EQ(run(&pair.client, named_call(&pair, 3, 1)), CAP_ERR_ANSWER_IN_USE);
	serve(&pair, 1);
	serve(&pair, 2);
	client_runs(&pair);
	CHECK_EQ(next(&pair.client), 16);
	CHECK_EQ(next(&pair.client), 16);
	CHECK_EQ(slots_of(&pair), 1);
	CHECK_EQ(run(&pair.client, named_call(&pair, 3, 1)), PENDING);
}

TEST(a_finished_answer_goes_when_what_the_client_does_for_it_is_done)
{
	struct pair pair = pair_start();
	uint64_t call_id = 0;

	post(&pair.client, named_call(&pair, 1, 1));
	post(&pair.client, promised(call_of(&pair, 0), 1, 0));
	CHECK_EQ(run(&pair.client, finish_of(1)), 0);
	CHECK_EQ(receive(&pair, &call_id), 1);
	CHECK_EQ(
	    answer_with(&pair, call_id, (struct cap_transfer){ .cap_id = pair.timer, .mode = 1 }),
	    0);
	CHECK_EQ(slots_of(&pair), 1 + 1);
	client_runs(&pair);
	CHECK_EQ(next(&pair.client), 16);
	CHECK_EQ(next(&pair.client), 24);
	CHECK_EQ(slots_of(&pair), 1);
}

TEST(a_cancelled_call_breaks_its_promises)
{
	struct pair pair = pair_start();

	post(&pair.client, named_call(&pair, 1, 1));
	post(&pair.client, promised(call_of(&pair, 2), 1, 0));
	post(&pair.client, (struct cap_sqe){ .op = CAP_OP_FINISH, .target = 1, .user_data = 9 });
	CHECK_EQ(next(&pair.client), CAP_ERR_CANCELLED);
	CHECK_EQ(next(&pair.client), 0);
	check_broken(&pair, 2, EXCEPTION_TYPE_FAILED);
	CHECK_EQ(next(&pair.client), PENDING);
}

TEST(a_dependant_can_be_cancelled_wherever_it_is)
{
	for (uint32_t stage = 0; stage < 3; stage++) {
		struct pair pair = pair_start();
		uint64_t call_id = 0;

		post(&pair.client, named_call(&pair, 1, 1));
		post(&pair.client, promised(call_of(&pair, 2), 1, 0));
		post(&pair.client, promised(call_of(&pair, 3), 1, 0));
		if (stage > 0)
			serve(&pair, 1);
		if (stage > 1)
			CHECK_EQ(receive(&pair, &call_id), 2);
		post(&pair.client,
		    (struct cap_sqe){ .op = CAP_OP_FINISH, .target = 2, .user_data = 9 });
		if (stage > 0)
			CHECK_EQ(next(&pair.client), 16);
		CHECK_EQ(next(&pair.client), CAP_ERR_CANCELLED);
		CHECK_EQ(next(&pair.client), 0);
		if (stage > 1)
			CHECK_EQ(answer(&pair, call_id), CAP_ERR_CALL_GONE);
		if (stage == 0)
			serve(&pair, 1);
		serve(&pair, 3);
	}
}

TEST(a_dependant_keeps_its_deadline)
{
	struct pair pair = pair_start();
	struct cap_sqe second = promised(named_call(&pair, 2, 2), 1, 0);
	struct cap_sqe later = promised(call_of(&pair, 4), 1, 0);

	second.deadline_ns = sim.now_ns + 1000;
	later.deadline_ns = sim.now_ns + 1000000;
	post(&pair.client, named_call(&pair, 1, 1));
	post(&pair.client, second);
	post(&pair.client, promised(call_of(&pair, 3), 2, 0));
	post(&pair.client, later);
	sim_time_pass(2000);
	client_runs(&pair);
	CHECK_EQ(next(&pair.client), CAP_ERR_TIMED_OUT);
	/* The deadline passed behind that entry: what follows from it is the next one's. */
	client_runs(&pair);
	check_broken(&pair, 3, EXCEPTION_TYPE_FAILED);
	serve(&pair, 1);
	CHECK_EQ(next(&pair.client), 16);
	/* It waits at the endpoint now, with what is left of its time. */
	sim_time_pass(2000000);
	client_runs(&pair);
	CHECK_EQ(next(&pair.client), CAP_ERR_TIMED_OUT);
}

TEST(a_deadline_holds_for_a_promised_kernel_object)
{
	struct pair pair = pair_start();
	struct cap_sqe sleep = promised(call_of(&pair, 1), 1, 0);
	/* sleepUntil: the end of time. */
	const uint64_t params[3] = { UINT64_C(2) << 32, UINT64_C(1) << 32, UINT64_MAX - 1 };
	uint64_t call_id = 0;

	world_write(&pair.client, WORLD_DATA, params, sizeof(params));
	sleep.addr = WORLD_DATA;
	sleep.len = sizeof(params);
	sleep.deadline_ns = sim.now_ns + 5000;
	post(&pair.client, named_call(&pair, 3, 1));
	post(&pair.client, sleep);
	CHECK_EQ(receive(&pair, &call_id), 3);
	CHECK_EQ(
	    answer_with(&pair, call_id, (struct cap_transfer){ .cap_id = pair.timer, .mode = 1 }),
	    0);
	client_runs(&pair);
	CHECK_EQ(next(&pair.client), 16);
	CHECK_EQ(next(&pair.client), PENDING);
	sim_time_pass(6000);
	client_runs(&pair);
	CHECK_EQ(next(&pair.client), CAP_ERR_TIMED_OUT);
}

static void
kill(struct world_process *process)
{
	const struct process_exit exit = { .kind = 0 };

	process_exit(process->thread, &exit);
	world_settle();
}

TEST(the_end_of_a_server_breaks_promises_as_disconnected)
{
	struct pair pair = pair_start();
	uint64_t call_id = 0;

	post(&pair.client, named_call(&pair, 1, 1));
	post(&pair.client, promised(call_of(&pair, 2), 1, 0));
	post(&pair.client, named_call(&pair, 3, 2));
	post(&pair.client, promised(call_of(&pair, 4), 2, 0));
	CHECK_EQ(receive(&pair, &call_id), 1);
	kill(&pair.server);
	client_runs(&pair);
	CHECK_EQ(next(&pair.client), CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(next(&pair.client), CAP_ERR_APPLICATION_EXCEPTION);
	check_broken(&pair, 2, EXCEPTION_TYPE_DISCONNECTED);
	check_broken(&pair, 4, EXCEPTION_TYPE_DISCONNECTED);
}

/* Answers in every state, and what waits for them, do not outlive their process. */
TEST(the_end_of_a_client_leaves_nothing)
{
	struct world_accounts before;
	struct world_accounts after;
	struct pair pair = pair_start();
	uint64_t call_id = 0;

	before = world_accounts(&pair.server);
	for (int round = 0; round < 2; round++) {
		struct pair again = pair;

		again.client = world_process(NULL);
		again.facet = world_give(&again.client, endpoint_object(pair.endpoint), 1);
		for (uint32_t id = 1; id <= 12; id++)
			post(&again.client, named_call(&again, (uint16_t)id, id));
		post(&again.client, promised(named_call(&again, 20, 13), 1, 0));
		post(&again.client, promised(call_of(&again, 21), 12, 0));
		post(&again.client, promised(call_of(&again, 22), 13, 0));
		for (int i = 1; i <= 10; i++)
			serve(&again, i);
		CHECK_EQ(receive(&again, &call_id), 11);
		CHECK_EQ(run(&again.client, finish_of(11)), 16);
		kill(&again.client);
		CHECK_EQ(answer(&again, call_id), CAP_ERR_CALL_GONE);
		while (receive(&again, &call_id) >= 0)
			continue;
		after = world_accounts(&pair.server);
		if (round == 0)
			before = after;
	}
	CHECK_MEMORY(&after, &before, sizeof(before));
}

TEST(the_last_call_on_an_answer_finishes_it)
{
	struct pair pair = pair_start();
	struct cap_sqe last = promised(call_of(&pair, 2), 1, 0);
	struct cap_sqe refused = last;

	last.flags |= CAP_SQE_LAST;
	/* Before the answer: it is over when that one runs. */
	post(&pair.client, named_call(&pair, 1, 1));
	post(&pair.client, last);
	CHECK_EQ(run(&pair.client, promised(call_of(&pair, 3), 1, 0)), CAP_ERR_UNKNOWN_ANSWER);
	serve(&pair, 1);
	CHECK_EQ(slots_of(&pair), 1);
	serve(&pair, 2);
	/* Behind it, and the same for one that is refused. */
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(next(&pair.client), 16);
		if (i == 0)
			CHECK_EQ(next(&pair.client), 16);
		post(&pair.client, named_call(&pair, 1, 1));
		serve(&pair, 1);
		CHECK_EQ(next(&pair.client), 16);
		CHECK_EQ(slots_of(&pair), 2);
		last.len = i == 0 ? last.len : 65537;
		post(&pair.client, last);
		if (i == 0)
			serve(&pair, 2);
		else
			CHECK_EQ(next(&pair.client), CAP_ERR_MESSAGE_TOO_LARGE);
		CHECK_EQ(slots_of(&pair), 1);
	}
	/* It says nothing of a capability. */
	refused.flags = CAP_SQE_LAST;
	CHECK_EQ(run(&pair.client, refused), CAP_ERR_INVALID_REQUEST);
}
