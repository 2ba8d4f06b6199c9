/* SPDX-License-Identifier: Apache-2.0 */
/* Calls between processes: who waits, who gets what, who pays, and whose fault is whose. */
#include "ipc/endpoint.h"

#include <schema/exception.capnp.h>
#include <string.h>

#include "arch/sim/world.h"
#include "base/test.h"
#include "cap/transfer.h"
#include "mm/job.h"
#include "object/timer.h"
#include "time/deadline.h"

#define INTERFACE UINT64_C(0x8000000000000001)

/* A client and a server with an endpoint, before either did anything. */
struct pair {
	struct world_process client;
	struct world_process server;
	cap_id_t facet; /* the client's */
	cap_id_t owner; /* the server's */
	struct endpoint *endpoint;
};

static struct pair
pair_start(void)
{
	struct pair pair;
	uint16_t index = 0;

	world_start();
	pair.client = world_process(NULL);
	pair.server = world_process(NULL);
	CHECK_EQ(endpoint_create(pair.server.process->ledger, &pair.endpoint), CAP_OK);
	CHECK_EQ(endpoint_facet(pair.endpoint, INTERFACE, &index), CAP_OK);
	pair.facet = world_give(&pair.client, endpoint_object(pair.endpoint), index);
	pair.owner = world_give(&pair.server, endpoint_object(pair.endpoint), 0);
	object_put(endpoint_object(pair.endpoint));
	return pair;
}

static struct cap_sqe
call_of(const struct pair *pair)
{
	return (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = pair->facet,
		.method = 3,
		.user_data = 1,
		.addr = pair->client.message,
		.len = 16,
		.result_addr = pair->client.message + 512,
		.result_len = 256 };
}

static struct cap_sqe
recv_of(const struct pair *pair)
{
	return (struct cap_sqe){ .op = CAP_OP_RECV,
		.target = pair->owner,
		.user_data = 2,
		.result_addr = pair->server.message,
		.result_len = 512 };
}

static struct cap_sqe
return_of(const struct pair *pair, uint64_t call_id)
{
	return (struct cap_sqe){ .op = CAP_OP_RETURN,
		.target = call_id,
		.user_data = 3,
		.addr = pair->server.message + 512,
		.len = 24 };
}

/* Submit and enter without waiting; completions stay. */
static void
post(struct world_process *process, struct cap_sqe sqe)
{
	world_submit(process, &sqe);
	CHECK(world_enter(process, 0, 0) >= 0);
}

static struct cap_cqe
reap(struct world_process *process)
{
	struct cap_cqe cqe = { .result = -4711 };

	CHECK(world_reap(process, &cqe));
	return cqe;
}

static bool
nothing_to_reap(struct world_process *process)
{
	struct cap_cqe cqe;

	return !world_reap(process, &cqe);
}

static struct cap_delivery
delivered(struct pair *pair)
{
	struct cap_delivery header;

	world_read(&pair->server, pair->server.message, &header, sizeof(header));
	return header;
}

/* A call that the server holds. */
static struct cap_delivery
deliver(struct pair *pair, struct cap_sqe call, struct cap_sqe receive)
{
	post(&pair->server, receive);
	post(&pair->client, call);
	CHECK(reap(&pair->server).result >= (int32_t)sizeof(struct cap_delivery));
	return delivered(pair);
}

TEST(a_call_meets_a_waiting_receiver_and_is_answered)
{
	struct pair pair = pair_start();
	struct cap_delivery header;
	struct cap_cqe cqe;
	char text[24] = { 0 };

	world_write(&pair.client, pair.client.message, "sixteen bytes ..", 16);
	world_write(&pair.server, pair.server.message + 512, "twenty-four bytes here..", 24);
	post(&pair.server, recv_of(&pair));
	CHECK(nothing_to_reap(&pair.server));
	post(&pair.client, call_of(&pair));
	cqe = reap(&pair.server);
	CHECK_EQ(cqe.result, 64 + 16);
	CHECK_EQ(cqe.user_data, 2);
	CHECK_EQ(cqe.cap_count, 0);
	header = delivered(&pair);
	CHECK_NE(header.call_id, 0);
	CHECK_EQ(header.interface_id, INTERFACE);
	CHECK_EQ(header.method, 3);
	CHECK_EQ(header.param_bytes, 16);
	CHECK_EQ(header.deadline_ns, UINT64_MAX);
	CHECK_EQ(header.result_len, 256);
	CHECK_EQ(header.cap_max, 0);
	world_read(&pair.server, pair.server.message + 64, text, 16);
	CHECK_MEMORY(text, "sixteen bytes ..", 16);
	CHECK(nothing_to_reap(&pair.client));
	post(&pair.server, return_of(&pair, header.call_id));
	CHECK_EQ(reap(&pair.server).result, 0);
	cqe = reap(&pair.client);
	CHECK_EQ(cqe.result, 24);
	CHECK_EQ(cqe.user_data, 1);
	world_read(&pair.client, pair.client.message + 512, text, 24);
	CHECK_MEMORY(text, "twenty-four bytes here..", 24);
	/* Once answered, the id is no more. */
	post(&pair.server, return_of(&pair, header.call_id));
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_INVALID_CALL_ID);
}

TEST(session_fields_of_a_delivery_are_zero)
{
	static const uint8_t zero[16];
	struct pair pair = pair_start();
	struct cap_delivery header;

	/* The receiver's buffer holds something else before. */
	uint8_t dirt[128];

	memset(dirt, 0xaa, sizeof(dirt));
	world_write(&pair.server, pair.server.message, dirt, sizeof(dirt));
	header = deliver(&pair, call_of(&pair), recv_of(&pair));
	CHECK_MEMORY(header.caller_reference, zero, sizeof(zero));
	CHECK_EQ(header.caller_epoch, 0);
	CHECK_EQ(header.flags, 0);
}

TEST(a_call_before_its_receiver_waits_in_its_op)
{
	struct pair pair = pair_start();

	post(&pair.client, call_of(&pair));
	CHECK_EQ(pair.client.process->ledger->used[LEDGER_ENDPOINT_CALLS], 1);
	CHECK_EQ(ring_in_flight(pair.client.thread->ring), 1);
	/* Nothing was copied: what is sent is what stands there when a receiver comes. */
	world_write(&pair.client, pair.client.message, "written later...", 16);
	post(&pair.server, recv_of(&pair));
	CHECK_EQ(reap(&pair.server).result, 80);
	CHECK_EQ(pair.client.process->ledger->used[LEDGER_ENDPOINT_CALLS], 0);
}

TEST(call_ids_are_never_reused)
{
	struct pair pair = pair_start();
	uint64_t last = 0;

	for (int i = 0; i < 40; i++) {
		struct cap_delivery header = deliver(&pair, call_of(&pair), recv_of(&pair));

		CHECK(header.call_id > last);
		last = header.call_id & ~UINT64_C(0xffff);
		post(&pair.server, return_of(&pair, header.call_id));
		CHECK_EQ(reap(&pair.server).result, 0);
		CHECK_EQ(reap(&pair.client).result, 24);
	}
}

/* In the ring the exchange is short; elsewhere it goes the general way. */
#define WAYS 2
static const uaddr_t ways[WAYS] = { 0, WORLD_DATA };

/* The server waits for a call, and somebody else is ready. */
static struct pair
pair_that_waits(struct world_process *other)
{
	struct pair pair = pair_start();
	struct cap_sqe receive = recv_of(&pair);

	*other = world_process(NULL);
	world_submit(&pair.server, &receive);
	CHECK_EQ(world_enter(&pair.server, 1, CAP_DEADLINE_NONE), WORLD_WAITS);
	CHECK_EQ(world_enter(other, 0, 0), 0);
	return pair;
}

static void
call_and_block(struct pair *pair, uaddr_t from)
{
	struct cap_sqe call = call_of(pair);

	if (from != 0)
		call.addr = from;
	world_submit(&pair->client, &call);
	CHECK_EQ(world_enter(&pair->client, 1, CAP_DEADLINE_NONE), WORLD_WAITS);
}

TEST(the_peer_runs_next_when_the_caller_blocks)
{
	for (uint32_t way = 0; way < WAYS; way++) {
		struct world_process other;
		struct pair pair = pair_that_waits(&other);

		call_and_block(&pair, ways[way]);
		/* `other` was ready before. */
		CHECK_EQ(thread_current(), pair.server.thread);
		CHECK_EQ(pair.server.thread->registers->result, 1);
	}
}

/* Its buffer is not there: the RECV fails, and the call waits for another one. */
TEST(who_is_woken_by_a_failure_waits_for_a_turn)
{
	struct pair pair = pair_start();
	struct world_process other = world_process(NULL);
	struct cap_sqe receive = recv_of(&pair);

	receive.result_addr = PAGE_BYTES;
	world_submit(&pair.server, &receive);
	CHECK_EQ(world_enter(&pair.server, 1, CAP_DEADLINE_NONE), WORLD_WAITS);
	CHECK_EQ(world_enter(&other, 0, 0), 0);
	call_and_block(&pair, 0);
	CHECK_EQ(pair.server.thread->state, THREAD_READY);
	CHECK_EQ(thread_current(), other.thread);
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_INVALID_BUFFER);
}

TEST(the_caller_runs_next_when_its_server_blocks)
{
	for (uint32_t way = 0; way < WAYS; way++) {
		struct world_process other;
		struct pair pair = pair_that_waits(&other);
		struct cap_sqe answer;
		struct cap_sqe receive = recv_of(&pair);

		call_and_block(&pair, ways[way]);
		(void)reap(&pair.server);
		answer = return_of(&pair, delivered(&pair).call_id);
		if (ways[way] != 0)
			answer.addr = ways[way];
		world_submit(&pair.server, &answer);
		world_submit(&pair.server, &receive);
		CHECK_EQ(world_enter(&pair.server, 2, CAP_DEADLINE_NONE), WORLD_WAITS);
		CHECK_EQ(thread_current(), pair.client.thread);
		CHECK_EQ(reap(&pair.client).result, 24);
	}
}

TEST(facets_cannot_receive_and_owners_are_not_called_as_facets)
{
	struct pair pair = pair_start();
	struct cap_sqe receive = recv_of(&pair);

	receive.target = pair.facet;
	receive.result_addr = pair.client.message;
	post(&pair.client, receive);
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_WRONG_INTERFACE);
}

TEST(a_receiver_without_room_for_a_header_is_refused)
{
	struct pair pair = pair_start();
	struct cap_sqe receive = recv_of(&pair);

	receive.result_len = 63;
	post(&pair.server, receive);
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_BUFFER_TOO_SMALL);
	receive = recv_of(&pair);
	receive.result_addr += 4;
	post(&pair.server, receive);
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_INVALID_BUFFER);
	CHECK_EQ(ring_in_flight(pair.server.thread->ring), 0);
}

TEST(a_bad_receive_buffer_costs_the_receiver_and_not_the_call)
{
	struct pair pair = pair_start();
	struct cap_sqe receive = recv_of(&pair);

	receive.result_addr = WORLD_READ_ONLY;
	post(&pair.server, receive);
	post(&pair.client, call_of(&pair));
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_INVALID_BUFFER);
	CHECK(nothing_to_reap(&pair.client));
	post(&pair.server, recv_of(&pair));
	CHECK_EQ(reap(&pair.server).result, 80);
}

TEST(a_call_larger_than_the_receive_buffer_is_refused_and_the_receiver_waits_on)
{
	struct pair pair = pair_start();
	struct cap_sqe receive = recv_of(&pair);

	receive.result_len = 79;
	post(&pair.server, receive);
	post(&pair.client, call_of(&pair));
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_MESSAGE_TOO_LARGE);
	CHECK(nothing_to_reap(&pair.server));
	CHECK_EQ(ring_in_flight(pair.server.thread->ring), 1);
}

TEST(a_receiver_that_fails_twice_is_passed_over)
{
	struct pair pair = pair_start();
	struct cap_sqe bad = recv_of(&pair);
	struct cap_sqe good = recv_of(&pair);

	bad.result_addr = WORLD_READ_ONLY;
	good.user_data = 20;
	*ring_strikes(pair.server.thread->ring) = 1;
	post(&pair.server, bad);
	post(&pair.client, call_of(&pair));
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_INVALID_BUFFER);
	CHECK_EQ(*ring_strikes(pair.server.thread->ring), 2);
	post(&pair.server, good);
	CHECK_EQ(reap(&pair.server).user_data, 20);
	CHECK_EQ(*ring_strikes(pair.server.thread->ring), 0);
}

TEST(a_long_call_blames_the_side_whose_buffer_ends_within_it)
{
	struct pair pair = pair_start();
	struct cap_sqe call = call_of(&pair);
	struct cap_sqe receive = recv_of(&pair);

	call.addr = WORLD_DATA;
	call.len = 20000;
	receive.result_addr = WORLD_READ_ONLY - JOB_STEP_BYTES;
	receive.result_len = 24576;
	post(&pair.server, receive);
	post(&pair.client, call);
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_INVALID_BUFFER);
	CHECK_EQ(*ring_strikes(pair.server.thread->ring), 1);
	CHECK(nothing_to_reap(&pair.client));
	/* The next receiver gets it whole. */
	receive.result_addr = WORLD_DATA;
	post(&pair.server, receive);
	CHECK_EQ(reap(&pair.server).result, 20000 + (int32_t)sizeof(struct cap_delivery));
	/* A caller's fault is no strike, and the receiver waits on. */
	call.addr = WORLD_UNMAPPED - JOB_STEP_BYTES;
	post(&pair.server, receive);
	post(&pair.client, call);
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_INVALID_BUFFER);
	CHECK(nothing_to_reap(&pair.server));
	CHECK_EQ(*ring_strikes(pair.server.thread->ring), 0);
	CHECK_EQ(*ring_strikes(pair.client.thread->ring), 0);
}

TEST(a_bad_parameter_buffer_costs_the_call_and_not_the_receiver)
{
	struct pair pair = pair_start();
	struct cap_sqe call = call_of(&pair);

	post(&pair.server, recv_of(&pair));
	call.addr = WORLD_UNMAPPED;
	post(&pair.client, call);
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_INVALID_BUFFER);
	call = call_of(&pair);
	call.len = 65537;
	post(&pair.client, call);
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_MESSAGE_TOO_LARGE);
	CHECK(nothing_to_reap(&pair.server));
	post(&pair.client, call_of(&pair));
	CHECK_EQ(reap(&pair.server).result, 80);
}

TEST(a_queued_call_that_turns_bad_gets_its_error_and_the_next_one_is_served)
{
	struct pair pair = pair_start();
	struct cap_sqe bad = call_of(&pair);

	bad.addr = WORLD_UNMAPPED;
	bad.user_data = 30;
	post(&pair.client, bad);
	post(&pair.client, call_of(&pair));
	post(&pair.server, recv_of(&pair));
	CHECK_EQ(reap(&pair.server).result, 80);
	CHECK_EQ(reap(&pair.client).user_data, 30);
	CHECK_EQ(pair.client.process->ledger->used[LEDGER_ENDPOINT_CALLS], 0);
}

TEST(a_bad_result_buffer_is_the_callers_error_and_the_return_succeeds)
{
	static const struct {
		uaddr_t address;
		uint32_t bytes;
		int32_t expected;
	} cases[] = {
		{ WORLD_READ_ONLY, 256, CAP_ERR_INVALID_BUFFER },
		{ WORLD_UNMAPPED, 256, CAP_ERR_INVALID_BUFFER },
		{ WORLD_DATA, 23, CAP_ERR_BUFFER_TOO_SMALL },
		{ 0, 0, CAP_ERR_BUFFER_TOO_SMALL },
		{ WORLD_DATA, 24, 24 },
	};
	struct pair pair = pair_start();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cap_sqe call = call_of(&pair);
		struct cap_delivery header;

		call.result_addr = cases[i].address;
		call.result_len = cases[i].bytes;
		header = deliver(&pair, call, recv_of(&pair));
		post(&pair.server, return_of(&pair, header.call_id));
		CHECK_EQ(reap(&pair.server).result, 0);
		CHECK_EQ(reap(&pair.client).result, cases[i].expected);
	}
}

TEST(a_bad_answer_is_the_servers_error_and_the_call_stays)
{
	struct pair pair = pair_start();
	struct cap_delivery header = deliver(&pair, call_of(&pair), recv_of(&pair));
	struct cap_sqe answer = return_of(&pair, header.call_id);

	answer.addr = WORLD_UNMAPPED;
	post(&pair.server, answer);
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_INVALID_BUFFER);
	answer = return_of(&pair, header.call_id + 65536);
	post(&pair.server, answer);
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_INVALID_CALL_ID);
	CHECK(nothing_to_reap(&pair.client));
	/* Another process does not have that call. */
	answer = return_of(&pair, header.call_id);
	answer.addr = pair.client.message;
	post(&pair.client, answer);
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_INVALID_CALL_ID);
	post(&pair.server, return_of(&pair, header.call_id));
	CHECK_EQ(reap(&pair.client).result, 24);
}

TEST(an_exception_arrives_as_one_or_truncated)
{
	struct pair pair = pair_start();
	struct cap_sqe call = call_of(&pair);
	struct cap_delivery header = deliver(&pair, call, recv_of(&pair));
	struct cap_sqe answer = return_of(&pair, header.call_id);

	answer.flags = CAP_SQE_EXCEPTION;
	post(&pair.server, answer);
	CHECK_EQ(reap(&pair.server).result, 0);
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_APPLICATION_EXCEPTION);
	call.result_len = 16;
	header = deliver(&pair, call, recv_of(&pair));
	answer.target = header.call_id;
	post(&pair.server, answer);
	CHECK_EQ(reap(&pair.server).result, 0);
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_APPLICATION_EXCEPTION_TRUNCATED);
}

TEST(a_cancelled_call_leaves_its_server_a_gone_call)
{
	struct pair pair = pair_start();
	struct cap_delivery header = deliver(&pair, call_of(&pair), recv_of(&pair));
	struct cap_sqe finish = { .op = CAP_OP_FINISH, .target = 1, .user_data = 5 };

	post(&pair.client, finish);
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_CANCELLED);
	CHECK_EQ(reap(&pair.client).result, 0);
	post(&pair.server, return_of(&pair, header.call_id));
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_CALL_GONE);
	post(&pair.server, return_of(&pair, header.call_id));
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_INVALID_CALL_ID);
}

TEST(queued_calls_and_receives_can_be_cancelled)
{
	struct pair pair = pair_start();
	struct cap_sqe finish = { .op = CAP_OP_FINISH, .target = 1, .user_data = 5 };
	uint64_t slots = pair.server.process->ledger->used[LEDGER_CAP_SLOTS];
	struct cap_sqe receive = recv_of(&pair);

	post(&pair.client, call_of(&pair));
	post(&pair.client, finish);
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_CANCELLED);
	CHECK_EQ(reap(&pair.client).result, 0);
	CHECK_EQ(pair.client.process->ledger->used[LEDGER_ENDPOINT_CALLS], 0);
	receive.cap_max = 4;
	post(&pair.server, receive);
	CHECK_EQ(pair.server.process->ledger->used[LEDGER_CAP_SLOTS], slots + 4);
	finish.target = 2;
	post(&pair.server, finish);
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_CANCELLED);
	CHECK_EQ(reap(&pair.server).result, 0);
	CHECK_EQ(pair.server.process->ledger->used[LEDGER_CAP_SLOTS], slots);
	/* Neither is there any more. */
	post(&pair.client, call_of(&pair));
	CHECK(nothing_to_reap(&pair.server));
}

TEST(finish_takes_the_oldest_of_several)
{
	struct pair pair = pair_start();
	struct cap_sqe call = call_of(&pair);
	struct cap_sqe finish = { .op = CAP_OP_FINISH, .target = 1, .user_data = 5 };

	call.method = 100;
	post(&pair.client, call);
	call.method = 200;
	post(&pair.client, call);
	post(&pair.client, finish);
	post(&pair.server, recv_of(&pair));
	CHECK_EQ(delivered(&pair).method, 200);
}

TEST(a_deadline_ends_a_call_wherever_it_is)
{
	struct pair pair = pair_start();
	struct cap_sqe call = call_of(&pair);
	struct cap_delivery header;

	call.deadline_ns = sim.now_ns + 10;
	post(&pair.client, call);
	sim_time_pass(10);
	world_settle();
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_TIMED_OUT);
	call.deadline_ns = sim.now_ns + 10;
	header = deliver(&pair, call, recv_of(&pair));
	CHECK_EQ(header.deadline_ns, call.deadline_ns);
	sim_time_pass(10);
	world_settle();
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_TIMED_OUT);
	post(&pair.server, return_of(&pair, header.call_id));
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_CALL_GONE);
	/* An answer in time disarms it, for whatever uses the op next. */
	call.deadline_ns = sim.now_ns + 10;
	header = deliver(&pair, call, recv_of(&pair));
	post(&pair.server, return_of(&pair, header.call_id));
	CHECK_NE(deadline_next_ns(), call.deadline_ns);
	sim_time_pass(20);
	world_settle();
	CHECK_EQ(reap(&pair.client).result, 24);
	CHECK(nothing_to_reap(&pair.client));
}

TEST(the_queue_is_bounded_by_the_endpoint_and_by_the_callers_ledger)
{
	uint64_t limits[LEDGER_RESOURCE_COUNT] = { [LEDGER_ENDPOINT_CALLS] = 2 };
	struct pair pair = pair_start();
	struct world_process poor = world_process(limits);
	struct pair of_poor = pair;

	of_poor.client = poor;
	of_poor.facet = world_give(&poor, endpoint_object(pair.endpoint), 1);
	post(&poor, call_of(&of_poor));
	post(&poor, call_of(&of_poor));
	post(&poor, call_of(&of_poor));
	CHECK_EQ(reap(&poor).result, CAP_ERR_QUOTA_EXCEEDED);
	for (int i = 2; i < 2 + 32; i++)
		post(&pair.client, call_of(&pair));
	of_poor.client = world_process(NULL);
	of_poor.facet = world_give(&of_poor.client, endpoint_object(pair.endpoint), 1);
	for (int i = 34; i < ENDPOINT_CALLS_MAX; i++)
		post(&of_poor.client, call_of(&of_poor));
	CHECK(nothing_to_reap(&of_poor.client));
	post(&of_poor.client, call_of(&of_poor));
	CHECK_EQ(reap(&of_poor.client).result, CAP_ERR_QUEUE_FULL);
}

TEST(callers_take_turns)
{
	struct pair pair = pair_start();
	struct pair second = pair;
	struct cap_sqe call = call_of(&pair);
	static const uint16_t expected[] = { 1, 11, 2, 12, 3 };

	second.client = world_process(NULL);
	second.facet = world_give(&second.client, endpoint_object(pair.endpoint), 1);
	for (uint16_t i = 1; i <= 3; i++) {
		call.method = i;
		post(&pair.client, call);
	}
	call = call_of(&second);
	for (uint16_t i = 11; i <= 12; i++) {
		call.method = i;
		post(&second.client, call);
	}
	for (size_t i = 0; i < 5; i++) {
		post(&pair.server, recv_of(&pair));
		CHECK_EQ(reap(&pair.server).result, 80);
		CHECK_EQ(delivered(&pair).method, expected[i]);
	}
}

TEST(the_end_of_the_owner_fails_queued_calls_and_later_ones)
{
	struct pair pair = pair_start();
	struct cap_sqe release = { .op = CAP_OP_RELEASE, .target = pair.owner };
	struct cap_sqe call = call_of(&pair);

	post(&pair.client, call);
	call.result_len = 0;
	post(&pair.client, call);
	post(&pair.server, release);
	CHECK_EQ(reap(&pair.server).result, 0);
	for (int i = 0; i < 4; i++)
		world_settle();
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_DISCONNECTED);
	post(&pair.client, call);
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_DISCONNECTED);
}

TEST(a_dropped_facet_ends_nothing)
{
	struct pair pair = pair_start();
	cap_id_t second = world_give(&pair.client, endpoint_object(pair.endpoint), 1);
	struct cap_sqe release = { .op = CAP_OP_RELEASE, .target = second };

	post(&pair.client, release);
	CHECK_EQ(reap(&pair.client).result, 0);
	CHECK_EQ(deliver(&pair, call_of(&pair), recv_of(&pair)).method, 3);
}

TEST(the_death_of_a_server_fails_the_calls_that_it_holds)
{
	struct pair pair = pair_start();
	struct cap_sqe call = call_of(&pair);

	(void)deliver(&pair, call, recv_of(&pair));
	call.user_data = 50;
	post(&pair.client, call);
	CHECK_EQ(world_syscall(&pair.server, 1, 0, 0), WORLD_GONE);
	for (int i = 0; i < 10; i++)
		world_settle();
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(ring_in_flight(pair.client.thread->ring), 0);
}

TEST(the_death_of_a_client_leaves_its_server_gone_calls_and_no_queued_ones)
{
	struct pair pair = pair_start();
	struct cap_delivery header = deliver(&pair, call_of(&pair), recv_of(&pair));

	post(&pair.client, call_of(&pair));
	CHECK_EQ(world_syscall(&pair.client, 1, 0, 0), WORLD_GONE);
	for (int i = 0; i < 10; i++)
		world_settle();
	post(&pair.server, recv_of(&pair));
	CHECK(nothing_to_reap(&pair.server));
	post(&pair.server, return_of(&pair, header.call_id));
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_CALL_GONE);
}

TEST(nobody_receives_at_an_endpoint_that_lost_its_owner)
{
	struct pair pair = pair_start();
	cap_id_t second = world_give(&pair.server, endpoint_object(pair.endpoint), 0);
	struct cap_sqe release = { .op = CAP_OP_RELEASE, .target = second };

	post(&pair.server, release);
	CHECK_EQ(reap(&pair.server).result, 0);
	post(&pair.server, recv_of(&pair));
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_DISCONNECTED);
	CHECK_EQ(ring_in_flight(pair.server.thread->ring), 0);
}
