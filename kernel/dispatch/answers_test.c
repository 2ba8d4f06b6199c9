/* SPDX-License-Identifier: Apache-2.0 */
/* Promised calls: order, chains, failures, refusals, and who pays. */
#include "ipc/answer.h"

#include <schema/endpoint.capnp.h>

#include "arch/sim/promise_pair.h"

/* A call 1 with a name, and calls up to `last` that its answer promises. */
static void
post_dependants(struct pair *pair, uint16_t last)
{
	post(&pair->client, named_call(pair, 1, 1));
	for (uint16_t i = 2; i <= last; i++)
		post(&pair->client, promised(call_of(pair, i), 1, 0));
}

/* The server takes what comes next, which has to be call 1, and answers. */
static void
answer_first(struct pair *pair)
{
	uint64_t call_id = 0;

	CHECK_EQ(receive(pair, &call_id), 1);
	CHECK_EQ(answer(pair, call_id), 0);
}

/* An answer to call 1 with so many of the server's own. */
static void
answer_first_with(struct pair *pair, uint8_t count)
{
	struct cap_transfer entries[TRANSFER_CAPS_MAX];
	uint64_t call_id = 0;

	CHECK_EQ(receive(pair, &call_id), 1);
	for (uint32_t i = 0; i < count; i++)
		entries[i] = (struct cap_transfer){ .cap_id = pair->own, .mode = 1 };
	world_write(
	    &pair->server, pair->server.message + 512 + 16, entries, count * sizeof(entries[0]));
	CHECK_EQ(run(&pair->server,
		     (struct cap_sqe){ .op = CAP_OP_RETURN,
			 .target = call_id,
			 .addr = pair->server.message + 512,
			 .len = 16,
			 .xfer_count = count }),
	    0);
}

/* A call of what the answer has is answered for the object, which is dead. */
static void
check_revoked(struct pair *pair, uint16_t method)
{
	enum cap_status status = CAP_OK;

	CHECK_EQ(run(&pair->client, promised(call_of(pair, method), 1, 0)),
	    CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(exception_at(pair, method, &status), EXCEPTION_TYPE_DISCONNECTED);
	CHECK_EQ(status, CAP_ERR_REVOKED);
}

TEST(a_chain_of_four_needs_one_entry_of_the_client)
{
	struct pair pair = pair_start();
	struct cap_sqe calls[4] = {
		named_call(&pair, 1, 1),
		promised(named_call(&pair, 2, 2), 1, 0),
		promised(named_call(&pair, 3, 3), 2, 0),
		promised(call_of(&pair, 4), 3, 0),
	};

	for (int i = 0; i < 4; i++)
		world_submit(&pair.client, &calls[i]);
	CHECK_EQ(world_enter(&pair.client, 4, CAP_DEADLINE_NONE), WORLD_WAITS);
	for (int i = 1; i <= 3; i++) {
		serve(&pair, i);
		CHECK_EQ(pair.client.thread->state, THREAD_WAITING);
	}
	serve(&pair, 4);
	CHECK_NE(pair.client.thread->state, THREAD_WAITING);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(next(&pair.client), 16);
}

TEST(dependants_run_in_their_order_and_before_later_calls)
{
	struct pair pair = pair_start();
	uint64_t call_id = 0;

	post_dependants(&pair, 7);
	answer_first(&pair);
	/* Its target is there: it goes behind those that waited for it. */
	post(&pair.client, promised(call_of(&pair, 8), 1, 0));
	post(&pair.client, call_of(&pair, 9));
	for (int i = 2; i < 10; i++)
		CHECK_EQ(receive(&pair, &call_id), i);
}

/* More than a RETURN does for others: the rest is the client's, and not overtaken. */
TEST(a_long_line_of_dependants_keeps_its_order)
{
	struct pair pair = pair_start();
	uint64_t call_id = 0;

	post_dependants(&pair, 27);
	answer_first(&pair);
	CHECK_EQ(pair.client.process->ledger->used[LEDGER_ENDPOINT_CALLS], 16);
	post(&pair.client, call_of(&pair, 28));
	for (int i = 2; i < 29; i++)
		CHECK_EQ(receive(&pair, &call_id), i);
}

/* While older calls wait for the client, a later answer's go behind them. */
TEST(what_is_left_to_the_client_is_not_overtaken_by_another_answer)
{
	struct pair pair = pair_start();
	uint64_t first = 0;
	uint64_t second = 0;

	post(&pair.client, named_call(&pair, 1, 1));
	post(&pair.client, named_call(&pair, 2, 2));
	for (uint16_t i = 3; i < 20; i++)
		post(&pair.client, promised(call_of(&pair, i), 1, 0));
	post(&pair.client, promised(call_of(&pair, 20), 2, 0));
	CHECK_EQ(receive(&pair, &first), 1);
	CHECK_EQ(receive(&pair, &second), 2);
	CHECK_EQ(answer(&pair, first), 0);
	CHECK_EQ(answer(&pair, second), 0);
	client_runs(&pair);
	for (int i = 3; i < 21; i++)
		CHECK_EQ(receive(&pair, &first), i);
}

TEST(large_dependants_are_left_to_the_client)
{
	struct pair pair = pair_start();

	post(&pair.client, named_call(&pair, 1, 1));
	for (uint16_t i = 2; i < 5; i++) {
		struct cap_sqe call = promised(call_of(&pair, i), 1, 0);

		call.addr = WORLD_DATA;
		call.len = 8192;
		post(&pair.client, call);
	}
	answer_first(&pair);
	CHECK_EQ(pair.client.process->ledger->used[LEDGER_ENDPOINT_CALLS], 2);
	client_runs(&pair);
	CHECK_EQ(pair.client.process->ledger->used[LEDGER_ENDPOINT_CALLS], 3);
}

TEST(a_promised_kernel_object_answers_in_the_time_of_a_client_that_waits)
{
	struct pair pair = pair_start();
	struct cap_sqe first = named_call(&pair, 1, 1);
	struct cap_sqe now = promised(call_of(&pair, 0), 1, 0);
	uint64_t call_id = 0;

	world_submit(&pair.client, &first);
	world_submit(&pair.client, &now);
	CHECK_EQ(world_enter(&pair.client, 2, CAP_DEADLINE_NONE), WORLD_WAITS);
	CHECK_EQ(receive(&pair, &call_id), 1);
	CHECK_EQ(
	    answer_with(&pair, call_id, (struct cap_transfer){ .cap_id = pair.timer, .mode = 1 }),
	    0);
	client_runs(&pair);
	CHECK_EQ(next(&pair.client), 16);
	CHECK_EQ(next(&pair.client), 24);
	/* And when the answer is there already. */
	CHECK_EQ(run(&pair.client, now), 24);
}

TEST(an_answer_that_fails_breaks_its_promises_with_its_type)
{
	const enum exception_type types[] = { EXCEPTION_TYPE_FAILED, EXCEPTION_TYPE_OVERLOADED,
		EXCEPTION_TYPE_DISCONNECTED, EXCEPTION_TYPE_UNIMPLEMENTED };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct pair pair = pair_start();
		struct cap_sqe without = promised(call_of(&pair, 4), 1, 0);
		uint64_t call_id = 0;

		without.result_len = 0;
		post(&pair.client, named_call(&pair, 1, 1));
		post(&pair.client, promised(named_call(&pair, 2, 2), 1, 0));
		/* Of a call that fails only because of the one before. */
		post(&pair.client, promised(call_of(&pair, 3), 2, 0));
		post(&pair.client, without);
		CHECK_EQ(receive(&pair, &call_id), 1);
		CHECK_EQ(answer_exception(&pair, call_id, types[i]), 0);
		client_runs(&pair);
		CHECK_EQ(next(&pair.client), CAP_ERR_APPLICATION_EXCEPTION);
		check_broken(&pair, 2, types[i]);
		/* The oldest that can run goes first: the third waited for the second. */
		check_broken(&pair, 3, types[i]);
		CHECK_EQ(next(&pair.client), CAP_ERR_BROKEN_PROMISE);
		/* It stays broken. */
		post(&pair.client, promised(call_of(&pair, 5), 2, 0));
		check_broken(&pair, 5, types[i]);
		CHECK_EQ(receive(&pair, &call_id), -1);
	}
}

TEST(a_call_that_is_refused_breaks_what_depends_on_it)
{
	struct pair pair = pair_start();
	struct cap_sqe bad = named_call(&pair, 1, 1);

	bad.target = 99;
	CHECK_EQ(run(&pair.client, bad), CAP_ERR_INVALID_CAP);
	post(&pair.client, promised(call_of(&pair, 2), 1, 0));
	check_broken(&pair, 2, EXCEPTION_TYPE_FAILED);
	CHECK_EQ(run(&pair.client, finish_of(1)), 0);
	CHECK_EQ(slots_of(&pair), 1);
}

TEST(holes_and_ordinals_that_never_come_are_broken)
{
	struct pair pair = pair_start();
	uint64_t call_id = 0;

	post(&pair.client, named_call(&pair, 1, 1));
	post(&pair.client, promised(call_of(&pair, 2), 1, 0));
	post(&pair.client, promised(call_of(&pair, 3), 1, 1));
	post(&pair.client, promised(call_of(&pair, 4), 1, 255));
	CHECK_EQ(receive(&pair, &call_id), 1);
	CHECK_EQ(answer_with(&pair, call_id, (struct cap_transfer){ .mode = 0 }), 0);
	client_runs(&pair);
	CHECK_EQ(next(&pair.client), 16);
	for (uint16_t i = 2; i < 5; i++)
		check_broken(&pair, i, EXCEPTION_TYPE_FAILED);
	/* An answer without any, which goes the short way. */
	post(&pair.client, named_call(&pair, 5, 2));
	post(&pair.client, promised(call_of(&pair, 6), 2, 0));
	CHECK_EQ(receive(&pair, &call_id), 5);
	CHECK_EQ(answer_plain(&pair, call_id), 0);
	client_runs(&pair);
	CHECK_EQ(next(&pair.client), 16);
	check_broken(&pair, 6, EXCEPTION_TYPE_FAILED);
}

TEST(what_has_no_sense_is_refused_and_changes_nothing)
{
	struct pair pair = pair_start();
	struct cap_sqe only = call_of(&pair, 1);
	struct cap_sqe unknown_target = promised(call_of(&pair, 1), 2, 0);
	struct cap_sqe long_id = promised(call_of(&pair, 1), 1, 0);
	struct cap_sqe no_id = promised(call_of(&pair, 1), 0, 0);
	struct cap_sqe flag = named_call(&pair, 1, 4);
	struct cap_sqe finish_extra = finish_of(1);
	struct cap_sqe many = named_call(&pair, 1, 4);
	struct cap_sqe type = { .op = CAP_OP_RETURN, .method = 1 };
	struct cap_sqe bad_type = { .op = CAP_OP_RETURN, .flags = CAP_SQE_EXCEPTION, .method = 4 };

	only.flags = CAP_SQE_ANSWER_ONLY;
	long_id.target |= UINT64_C(1) << 60;
	flag.flags |= CAP_SQE_ANSWER;
	finish_extra.answer_id = 1;
	many.cap_max = TRANSFER_CAPS_MAX + 1;
	post(&pair.client, named_call(&pair, 1, 1));
	{
		const struct {
			struct cap_sqe sqe;
			int32_t expected;
		} cases[] = {
			{ only, CAP_ERR_INVALID_REQUEST },
			{ unknown_target, CAP_ERR_UNKNOWN_ANSWER },
			{ long_id, CAP_ERR_UNKNOWN_ANSWER },
			{ no_id, CAP_ERR_UNKNOWN_ANSWER },
			{ flag, CAP_ERR_INVALID_REQUEST },
			{ many, CAP_ERR_INVALID_REQUEST },
			{ type, CAP_ERR_INVALID_REQUEST },
			{ bad_type, CAP_ERR_INVALID_REQUEST },
			{ finish_extra, CAP_ERR_INVALID_REQUEST },
			{ finish_of(2), CAP_ERR_UNKNOWN_ANSWER },
			{ finish_of(0), CAP_ERR_UNKNOWN_ANSWER },
			{ finish_of(1 + CAP_ANSWERS_MAX), CAP_ERR_UNKNOWN_ANSWER },
			{ named_call(&pair, 2, 1), CAP_ERR_ANSWER_IN_USE },
			{ named_call(&pair, 2, 1 + CAP_ANSWERS_MAX), CAP_ERR_ANSWER_IN_USE },
			{ promised(named_call(&pair, 2, 1), 1, 0), CAP_ERR_ANSWER_IN_USE },
			{ promised(call_of(&pair, 2), 1 + CAP_ANSWERS_MAX, 0),
			    CAP_ERR_UNKNOWN_ANSWER },
		};
		struct world_accounts before = world_accounts(&pair.client);

		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct world_accounts after;

			CHECK_EQ(run(&pair.client, cases[i].sqe), cases[i].expected);
			after = world_accounts(&pair.client);
			CHECK_MEMORY(&after, &before, sizeof(before));
			CHECK_EQ(ring_in_flight(pair.client.thread->ring), 1);
		}
	}
	/* The answer is as it was. */
	post(&pair.client, promised(call_of(&pair, 3), 1, 0));
	serve(&pair, 1);
	serve(&pair, 3);
}

TEST(every_place_is_one_answer_and_is_free_after_its_finish)
{
	struct pair pair = pair_start();

	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t id = 1; id <= CAP_ANSWERS_MAX; id++) {
			post(&pair.client, named_call(&pair, 1, round * CAP_ANSWERS_MAX + id));
			serve(&pair, 1);
			CHECK_EQ(next(&pair.client), 16);
		}
		CHECK_EQ(run(&pair.client, named_call(&pair, 1, 1000)), CAP_ERR_ANSWER_IN_USE);
		CHECK_EQ(slots_of(&pair), 1 + CAP_ANSWERS_MAX);
		for (uint32_t id = 1; id <= CAP_ANSWERS_MAX; id++)
			CHECK_EQ(run(&pair.client, finish_of(round * CAP_ANSWERS_MAX + id)), 0);
		CHECK_EQ(slots_of(&pair), 1);
	}
	/* An old id does not name what is in its place now. */
	post(&pair.client, named_call(&pair, 1, 1));
	CHECK_EQ(run(&pair.client, promised(call_of(&pair, 2), 1 + CAP_ANSWERS_MAX, 0)),
	    CAP_ERR_UNKNOWN_ANSWER);
}

TEST(an_answer_is_charged_for_what_it_may_have_and_then_for_what_it_has)
{
	struct pair pair = pair_start();
	struct cap_sqe call = named_call(&pair, 1, 1);
	struct world_accounts before = world_accounts(&pair.client);

	call.cap_max = 8;
	post(&pair.client, call);
	CHECK_EQ(slots_of(&pair), 1 + 8);
	CHECK_EQ(world_accounts(&pair.client).slots, before.slots);
	answer_first(&pair);
	CHECK_EQ(slots_of(&pair), 1 + 1);
	CHECK_EQ(next(&pair.client), 16);
	CHECK_EQ(run(&pair.client, finish_of(1)), 0);
	CHECK_EQ(slots_of(&pair), 1);
}

TEST(who_cannot_pay_for_an_answer_has_none)
{
	struct pair pair = pair_start();
	struct ledger *ledger = pair.client.process->ledger;
	struct world_accounts before = world_accounts(&pair.client);
	struct world_accounts after;
	struct cap_sqe many = named_call(&pair, 1, 1);

	ledger->limit[LEDGER_CAP_SLOTS] = ledger->used[LEDGER_CAP_SLOTS];
	CHECK_EQ(run(&pair.client, named_call(&pair, 1, 1)), CAP_ERR_QUOTA_EXCEEDED);
	ledger->limit[LEDGER_CAP_SLOTS] = 4096;
	ledger->limit[LEDGER_KERNEL_BYTES] = ledger->used[LEDGER_KERNEL_BYTES] + 64;
	many.cap_max = TRANSFER_CAPS_MAX;
	CHECK_EQ(run(&pair.client, many), CAP_ERR_QUOTA_EXCEEDED);
	/* What a ring's first answer takes once stays: not the answer. */
	after = world_accounts(&pair.client);
	CHECK_EQ(after.own[LEDGER_CAP_SLOTS], before.own[LEDGER_CAP_SLOTS]);
	CHECK_EQ(run(&pair.client, promised(call_of(&pair, 2), 1, 0)), CAP_ERR_UNKNOWN_ANSWER);
	CHECK_EQ(run(&pair.client, named_call(&pair, 1, 1)), PENDING);
}

/* More capabilities than an answer has room for itself. */
TEST(an_answer_may_have_as_many_capabilities_as_a_message)
{
	struct pair pair = pair_start();
	struct cap_sqe call = named_call(&pair, 1, 1);
	uint64_t bytes;

	post(&pair.client, named_call(&pair, 9, 2));
	serve(&pair, 9);
	CHECK_EQ(next(&pair.client), 16);
	bytes = pair.client.process->ledger->used[LEDGER_KERNEL_BYTES];
	call.cap_max = TRANSFER_CAPS_MAX;
	post(&pair.client, call);
	post(&pair.client, promised(call_of(&pair, 2), 1, TRANSFER_CAPS_MAX - 1));
	answer_first_with(&pair, TRANSFER_CAPS_MAX);
	serve(&pair, 2);
	CHECK_EQ(slots_of(&pair), 1 + 1 + TRANSFER_CAPS_MAX);
	CHECK_EQ(next(&pair.client), 16);
	CHECK_EQ(next(&pair.client), 16);
	CHECK_EQ(run(&pair.client, finish_of(1)), 0);
	CHECK_EQ(slots_of(&pair), 1 + 1);
	CHECK_EQ(pair.client.process->ledger->used[LEDGER_KERNEL_BYTES], bytes);
}

TEST(what_an_earlier_answer_had_is_not_of_the_next_one_in_its_place)
{
	struct pair pair = pair_start();
	struct cap_sqe call = named_call(&pair, 1, 1);

	call.cap_max = 2;
	post(&pair.client, call);
	answer_first_with(&pair, 2);
	CHECK_EQ(next(&pair.client), 16);
	CHECK_EQ(run(&pair.client, finish_of(1)), 0);
	post(&pair.client, named_call(&pair, 1, 1));
	serve(&pair, 1);
	CHECK_EQ(next(&pair.client), 16);
	post(&pair.client, promised(call_of(&pair, 2), 1, 1));
	check_broken(&pair, 2, EXCEPTION_TYPE_FAILED);
}

TEST(a_dependant_whose_slots_cannot_be_reserved_ends_at_once)
{
	struct pair pair = pair_start();
	struct ledger *ledger = pair.client.process->ledger;
	struct cap_sqe second = promised(call_of(&pair, 2), 1, 0);

	post(&pair.client, named_call(&pair, 1, 1));
	second.cap_max = 4;
	ledger->limit[LEDGER_CAP_SLOTS] = ledger->used[LEDGER_CAP_SLOTS] + 3;
	CHECK_EQ(run(&pair.client, second), CAP_ERR_QUOTA_EXCEEDED);
	ledger->limit[LEDGER_CAP_SLOTS]++;
	CHECK_EQ(run(&pair.client, second), PENDING);
	CHECK_EQ(run(&pair.client, second), CAP_ERR_QUOTA_EXCEEDED);
	serve(&pair, 1);
	serve(&pair, 2);
}

/* By an endpoint, and by a kernel object; at once, and after it waited. */
TEST(a_promised_call_that_is_refused_gives_its_slots_back)
{
	for (uint32_t way = 0; way < 4; way++) {
		struct pair pair = pair_start();
		struct cap_sqe second = promised(call_of(&pair, 2), 1, 0);
		struct cap_transfer entry = { .cap_id = way % 2 == 0 ? pair.own : pair.timer,
			.mode = 1 };
		uint64_t call_id = 0;

		second.cap_max = 3;
		second.len = 65537;
		post(&pair.client, named_call(&pair, 1, 1));
		if (way < 2)
			post(&pair.client, second);
		CHECK_EQ(receive(&pair, &call_id), 1);
		CHECK_EQ(answer_with(&pair, call_id, entry), 0);
		client_runs(&pair);
		CHECK_EQ(next(&pair.client), 16);
		if (way >= 2)
			post(&pair.client, second);
		CHECK_EQ(next(&pair.client), CAP_ERR_MESSAGE_TOO_LARGE);
		CHECK_EQ(slots_of(&pair), 1 + 1);
	}
}

TEST(the_table_and_the_answer_can_both_have_it)
{
	struct pair pair = pair_start();
	struct cap_sqe call = named_call(&pair, 1, 1);
	struct cap_cqe cqe = { 0 };
	uint32_t references = endpoint_object(pair.endpoint)->references;

	call.flags = 0;
	post(&pair.client, call);
	CHECK_EQ(slots_of(&pair), 1 + 2);
	serve(&pair, 1);
	CHECK(world_reap(&pair.client, &cqe));
	CHECK_EQ(cqe.cap_count, 1);
	CHECK_EQ(cqe.interface_id, 7);
	CHECK_EQ(slots_of(&pair), 1 + 2);
	/* Each lives without the other. */
	CHECK_EQ(cap_table_release(pair.client.process->table, cqe.cap_id), CAP_OK);
	post(&pair.client, promised(call_of(&pair, 2), 1, 0));
	serve(&pair, 2);
	CHECK_EQ(next(&pair.client), 16);
	CHECK_EQ(run(&pair.client, finish_of(1)), 0);
	CHECK_EQ(slots_of(&pair), 1);
	CHECK_EQ(endpoint_object(pair.endpoint)->references, references);
}

/* What can only be moved is one hold: the Endpoint's end would be its users' end. */
TEST(a_linear_capability_is_where_the_table_has_it)
{
	struct pair pair = pair_start();
	struct cap_sqe call = named_call(&pair, 1, 1);
	struct cap_cqe cqe = { 0 };
	struct endpoint *second;
	enum cap_status status = CAP_OK;
	cap_id_t owner;
	uint64_t call_id = 0;

	CHECK_EQ(endpoint_create(pair.server.process->ledger, &second), CAP_OK);
	owner = world_give(&pair.server, endpoint_object(second), 0);
	object_put(endpoint_object(second));
	call.flags = 0;
	post(&pair.client, call);
	CHECK_EQ(receive(&pair, &call_id), 1);
	CHECK_EQ(
	    answer_with(&pair, call_id, (struct cap_transfer){ .cap_id = owner, .mode = 2 }), 0);
	CHECK(world_reap(&pair.client, &cqe));
	CHECK_EQ(slots_of(&pair), 1 + 1);
	/* A method that there is not: the call reached the object. */
	CHECK_EQ(
	    run(&pair.client, promised(call_of(&pair, 23), 1, 0)), CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(exception_at(&pair, 23, &status), EXCEPTION_TYPE_UNIMPLEMENTED);
	/* Its clients are the owner's to revoke, by the hold that is in its table. */
	CHECK_EQ(run(&pair.client, promised(call_of(&pair, ENDPOINT_METHOD_REVOKE_CLIENTS), 1, 0)),
	    CAP_ERR_APPLICATION_EXCEPTION);
	(void)exception_at(&pair, ENDPOINT_METHOD_REVOKE_CLIENTS, &status);
	CHECK_EQ(status, CAP_ERR_INVALID_CAP);
	CHECK(object_revoke(endpoint_object(second)));
	check_revoked(&pair, 22);
	CHECK_EQ(cap_table_release(pair.client.process->table, cqe.cap_id), CAP_OK);
	post(&pair.client, promised(call_of(&pair, 2), 1, 0));
	check_broken(&pair, 2, EXCEPTION_TYPE_FAILED);
	CHECK_EQ(run(&pair.client, finish_of(1)), 0);
	CHECK_EQ(slots_of(&pair), 1);
}

/* More numbers than an answer of few capabilities has room for. */
TEST(holes_of_one_answer_do_not_reach_into_the_next)
{
	struct pair pair = pair_start();
	struct cap_transfer entries[5] = { { 0 }, { 0 }, { 0 }, { 0 },
		{ .cap_id = pair.own, .mode = CAP_TRANSFER_COPY } };
	struct cap_sqe give = {
		.op = CAP_OP_RETURN, .addr = pair.server.message + 512, .len = 16, .xfer_count = 5
	};

	post(&pair.client, named_call(&pair, 1, 1));
	post(&pair.client, named_call(&pair, 2, 2));
	CHECK_EQ(receive(&pair, &give.target), 1);
	world_write(&pair.server, give.addr + give.len, entries, sizeof(entries));
	CHECK_EQ(run(&pair.server, give), 0);
	CHECK_EQ(next(&pair.client), 16);
	post(&pair.client, promised(call_of(&pair, 3), 1, 4));
	post(&pair.client, promised(call_of(&pair, 4), 2, 0));
	serve(&pair, 2);
	serve(&pair, 3);
	serve(&pair, 4);
	for (int i = 2; i < 5; i++)
		CHECK_EQ(next(&pair.client), 16);
	post(&pair.client, promised(call_of(&pair, 5), 1, 0));
	check_broken(&pair, 5, EXCEPTION_TYPE_FAILED);
	CHECK_EQ(run(&pair.client, finish_of(1)), 0);
	CHECK_EQ(run(&pair.client, finish_of(2)), 0);
	CHECK_EQ(slots_of(&pair), 1);
}

TEST(a_revoked_capability_of_an_answer_is_not_called)
{
	struct pair pair = pair_start();

	post(&pair.client, named_call(&pair, 1, 1));
	serve(&pair, 1);
	CHECK_EQ(next(&pair.client), 16);
	CHECK(object_revoke(endpoint_object(pair.endpoint)));
	check_revoked(&pair, 2);
	CHECK_EQ(run(&pair.client, finish_of(1)), 0);
}

TEST(the_bytes_of_an_answer_reach_a_caller_whose_capabilities_stay_behind)
{
	struct pair pair = pair_start();
	struct cap_cqe cqe = { 0 };
	char text[16] = { 0 };

	post(&pair.client, named_call(&pair, 1, 1));
	world_write(&pair.server, pair.server.message + 512, "sixteen bytes ..", 16);
	answer_first(&pair);
	CHECK(world_reap(&pair.client, &cqe));
	CHECK_EQ(cqe.result, 16);
	CHECK_EQ(cqe.cap_count, 0);
	CHECK_EQ(cqe.cap_id, 0);
	world_read(&pair.client, call_of(&pair, 1).result_addr, text, 16);
	CHECK_MEMORY(text, "sixteen bytes ..", 16);
}

TEST(more_than_the_answer_has_room_for_is_the_servers_fault)
{
	struct pair pair = pair_start();
	struct cap_sqe call = named_call(&pair, 1, 1);
	uint64_t call_id = 0;

	call.cap_max = 0;
	post(&pair.client, call);
	CHECK_EQ(receive(&pair, &call_id), 1);
	CHECK_EQ(answer(&pair, call_id), CAP_ERR_TOO_MANY_CAPS);
	CHECK_EQ(next(&pair.client), PENDING);
}
