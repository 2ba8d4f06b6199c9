/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities that travel with calls and answers, and messages that are copied in steps. */
#include <stdlib.h>
#include <string.h>

#include "arch/sim/world.h"
#include "base/test.h"
#include "cap/transfer.h"
#include "ipc/endpoint.h"
#include "object/timer.h"
#include "proc/process.h"

struct pair {
	struct world_process client;
	struct world_process server;
	cap_id_t facet;
	cap_id_t owner;
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
	CHECK_EQ(endpoint_facet(pair.endpoint, 7, &index), CAP_OK);
	pair.facet = world_give(&pair.client, endpoint_object(pair.endpoint), index);
	pair.owner = world_give(&pair.server, endpoint_object(pair.endpoint), 0);
	object_put(endpoint_object(pair.endpoint));
	return pair;
}

static int32_t
run(struct world_process *process, struct cap_sqe sqe)
{
	struct cap_cqe cqe = { .result = -4711 };

	world_submit(process, &sqe);
	CHECK(world_enter(process, 0, 0) >= 0);
	(void)world_reap(process, &cqe);
	return cqe.result;
}

static struct cap_cqe
reap(struct world_process *process)
{
	struct cap_cqe cqe = { .result = -4711 };

	CHECK(world_reap(process, &cqe));
	return cqe;
}

#define PENDING -4711

/*
 * A call with `count` entries, which stand behind 13 bytes of payload: at the next multiple of 8.
 */
static struct cap_sqe
call_with(struct pair *pair, const struct cap_transfer *entries, uint8_t count)
{
	world_write(&pair->client, pair->client.message + 16, entries, count * sizeof(*entries));
	return (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = pair->facet,
		.addr = pair->client.message,
		.len = 13,
		.xfer_count = count,
		.cap_max = 4,
		.result_addr = pair->client.message + 512,
		.result_len = 256 };
}

static struct cap_sqe
recv_of(struct pair *pair, uint8_t cap_max)
{
	return (struct cap_sqe){ .op = CAP_OP_RECV,
		.target = pair->owner,
		.cap_max = cap_max,
		.result_addr = pair->server.message,
		.result_len = 512 };
}

static cap_id_t
record_at(struct world_process *process, uaddr_t address, uint64_t *interface_id)
{
	struct cap_record record;

	world_read(process, address, &record, sizeof(record));
	*interface_id = record.interface_id;
	return record.cap_id;
}

static enum cap_status
look(struct world_process *process, cap_id_t cap_id)
{
	struct cap_ref ref;

	return cap_lookup(process->process->table, cap_id, &ref);
}

TEST(copies_moves_and_holes_arrive_in_their_order)
{
	struct pair pair = pair_start();
	cap_id_t copied = world_give(&pair.client, timer_object(), 0);
	cap_id_t moved = world_give(&pair.client, timer_object(), 0);
	const struct cap_transfer entries[] = {
		{ .cap_id = copied, .mode = CAP_TRANSFER_COPY },
		{ .mode = CAP_TRANSFER_HOLE },
		{ .cap_id = moved, .mode = CAP_TRANSFER_MOVE },
	};
	uint64_t interface_id;
	struct cap_cqe cqe;

	CHECK_EQ(run(&pair.server, recv_of(&pair, 2)), PENDING);
	CHECK_EQ(run(&pair.client, call_with(&pair, entries, 3)), PENDING);
	cqe = reap(&pair.server);
	CHECK_EQ(cqe.result, 64 + 16 + 3 * 16);
	CHECK_EQ(cqe.cap_count, 3);
	CHECK_EQ(
	    look(&pair.server, record_at(&pair.server, pair.server.message + 80, &interface_id)),
	    CAP_OK);
	CHECK_EQ(interface_id, timer_object()->type->interface_id);
	CHECK_EQ(record_at(&pair.server, pair.server.message + 96, &interface_id), 0);
	CHECK_EQ(
	    look(&pair.server, record_at(&pair.server, pair.server.message + 112, &interface_id)),
	    CAP_OK);
	CHECK_EQ(look(&pair.client, copied), CAP_OK);
	CHECK_EQ(look(&pair.client, moved), CAP_ERR_STALE_GENERATION);
	CHECK_EQ(cap_table_used(pair.server.process->table), 3);
}

TEST(a_transfer_goes_whole_or_not_at_all)
{
	struct pair pair = pair_start();
	cap_id_t timer = world_give(&pair.client, timer_object(), 0);
	cap_id_t other = world_give(&pair.client, timer_object(), 0);
	const struct {
		struct cap_transfer entries[3];
		uint8_t count;
		int32_t expected;
	} cases[] = {
		{ { { .cap_id = timer, .mode = 2 }, { .cap_id = 99, .mode = 1 } }, 2,
		    CAP_ERR_INVALID_CAP },
		{ { { .cap_id = timer, .mode = 2 }, { .cap_id = timer, .mode = 1 } }, 2,
		    CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
		{ { { .cap_id = timer, .mode = 1 }, { .cap_id = timer, .mode = 2 } }, 2,
		    CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
		{ { { .cap_id = timer, .mode = 3 } }, 1, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
		{ { { .cap_id = timer, .mode = 0 } }, 1, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
		{ { { .cap_id = timer, .mode = 1, .reserved = { 0, 0, 0, 0, 0, 0, 1 } } }, 1,
		    CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
		{ { { .cap_id = timer, .mode = 2 }, { .cap_id = other, .mode = 2 },
		      { .cap_id = pair.facet, .mode = 1 } },
		    3, CAP_ERR_TOO_MANY_CAPS },
	};

	CHECK_EQ(run(&pair.server, recv_of(&pair, 2)), PENDING);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_EQ(run(&pair.client, call_with(&pair, cases[i].entries, cases[i].count)),
		    cases[i].expected);
		CHECK_EQ(look(&pair.client, timer), CAP_OK);
		CHECK_EQ(look(&pair.client, other), CAP_OK);
		CHECK_EQ(cap_table_used(pair.client.process->table), 3);
		CHECK_EQ(cap_table_used(pair.server.process->table), 3); /* two of them reserved */
		CHECK_EQ(ring_in_flight(pair.server.thread->ring), 1);
	}
}

TEST(an_owner_side_may_only_be_moved_and_serves_elsewhere_then)
{
	struct pair pair = pair_start();
	struct cap_transfer entry = { .cap_id = pair.owner, .mode = CAP_TRANSFER_COPY };
	struct endpoint *second;
	struct pair back = pair;
	uint64_t interface_id;

	/* The server calls an endpoint of the client's, to hand over its own. */
	CHECK_EQ(endpoint_create(pair.client.process->ledger, &second), CAP_OK);
	back.client = pair.server;
	back.server = pair.client;
	back.owner = world_give(&pair.client, endpoint_object(second), 0);
	{
		uint16_t index = 0;

		CHECK_EQ(endpoint_facet(second, 8, &index), CAP_OK);
		back.facet = world_give(&pair.server, endpoint_object(second), index);
	}
	object_put(endpoint_object(second));
	CHECK_EQ(run(&back.server, recv_of(&back, 1)), PENDING);
	CHECK_EQ(run(&back.client, call_with(&back, &entry, 1)), CAP_ERR_TRANSFER_NOT_SUPPORTED);
	entry.mode = CAP_TRANSFER_MOVE;
	CHECK_EQ(run(&back.client, call_with(&back, &entry, 1)), PENDING);
	CHECK_EQ(reap(&back.server).cap_count, 1);
	pair.owner = record_at(&back.server, back.server.message + 80, &interface_id);
	CHECK_EQ(look(&pair.client, pair.owner), CAP_OK);
	/* A move is not the end of the owner: calls still wait. */
	CHECK_EQ(run(&pair.client, call_with(&pair, NULL, 0)), PENDING);
}

TEST(an_answer_carries_the_first_record_in_the_completion)
{
	struct pair pair = pair_start();
	cap_id_t first = world_give(&pair.server, timer_object(), 0);
	cap_id_t second = world_give(&pair.server, timer_object(), 0);
	const struct cap_transfer entries[] = {
		{ .cap_id = first, .mode = CAP_TRANSFER_MOVE },
		{ .cap_id = second, .mode = CAP_TRANSFER_COPY },
	};
	struct cap_delivery header;
	struct cap_cqe cqe;
	uint64_t interface_id;

	CHECK_EQ(run(&pair.server, recv_of(&pair, 0)), PENDING);
	CHECK_EQ(run(&pair.client, call_with(&pair, NULL, 0)), PENDING);
	(void)reap(&pair.server);
	world_read(&pair.server, pair.server.message, &header, sizeof(header));
	CHECK_EQ(header.cap_max, 4);
	world_write(&pair.server, pair.server.message + 512 + 24, entries, sizeof(entries));
	CHECK_EQ(run(&pair.server,
		     (struct cap_sqe){ .op = CAP_OP_RETURN,
			 .target = header.call_id,
			 .addr = pair.server.message + 512,
			 .len = 20,
			 .xfer_count = 2 }),
	    0);
	cqe = reap(&pair.client);
	CHECK_EQ(cqe.result, 20);
	CHECK_EQ(cqe.cap_count, 2);
	CHECK_EQ(cqe.interface_id, timer_object()->type->interface_id);
	CHECK_EQ(look(&pair.client, cqe.cap_id), CAP_OK);
	CHECK_EQ(look(&pair.client,
		     record_at(&pair.client, pair.client.message + 512 + 24, &interface_id)),
	    CAP_OK);
	CHECK_EQ(look(&pair.server, first), CAP_ERR_STALE_GENERATION);
	CHECK_EQ(look(&pair.server, second), CAP_OK);
	/* Two of the four reserved slots are used, the others are given back. */
	CHECK_EQ(cap_table_used(pair.client.process->table), 3);
}

TEST(an_answer_with_more_than_the_caller_takes_is_refused_and_the_call_stays)
{
	struct pair pair = pair_start();
	cap_id_t timer = world_give(&pair.server, timer_object(), 0);
	const struct cap_transfer entry = { .cap_id = timer, .mode = CAP_TRANSFER_MOVE };
	struct cap_sqe call = call_with(&pair, NULL, 0);
	struct cap_sqe answer = {
		.op = CAP_OP_RETURN, .addr = pair.server.message + 512, .len = 8, .xfer_count = 1
	};
	struct cap_delivery header;

	call.cap_max = 0;
	CHECK_EQ(run(&pair.server, recv_of(&pair, 0)), PENDING);
	CHECK_EQ(run(&pair.client, call), PENDING);
	(void)reap(&pair.server);
	world_read(&pair.server, pair.server.message, &header, sizeof(header));
	answer.target = header.call_id;
	world_write(&pair.server, pair.server.message + 520, &entry, sizeof(entry));
	CHECK_EQ(run(&pair.server, answer), CAP_ERR_TOO_MANY_CAPS);
	CHECK_EQ(look(&pair.server, timer), CAP_OK);
	answer.xfer_count = 0;
	CHECK_EQ(run(&pair.server, answer), 0);
	CHECK_EQ(reap(&pair.client).result, 8);
}

TEST(a_gone_call_leaves_the_capabilities_with_the_server)
{
	struct pair pair = pair_start();
	cap_id_t timer = world_give(&pair.server, timer_object(), 0);
	const struct cap_transfer entry = { .cap_id = timer, .mode = CAP_TRANSFER_MOVE };
	struct cap_sqe answer = {
		.op = CAP_OP_RETURN, .addr = pair.server.message + 512, .len = 8, .xfer_count = 1
	};
	struct cap_delivery header;

	CHECK_EQ(run(&pair.server, recv_of(&pair, 0)), PENDING);
	CHECK_EQ(run(&pair.client, call_with(&pair, NULL, 0)), PENDING);
	(void)reap(&pair.server);
	world_read(&pair.server, pair.server.message, &header, sizeof(header));
	CHECK_EQ(run(&pair.client, (struct cap_sqe){ .op = CAP_OP_FINISH }), CAP_ERR_CANCELLED);
	answer.target = header.call_id;
	world_write(&pair.server, pair.server.message + 520, &entry, sizeof(entry));
	CHECK_EQ(run(&pair.server, answer), CAP_ERR_CALL_GONE);
	CHECK_EQ(look(&pair.server, timer), CAP_OK);
	CHECK_EQ(cap_table_used(pair.client.process->table), 1);
}

TEST(slots_for_capabilities_are_reserved_when_the_call_is_made)
{
	uint64_t limits[LEDGER_RESOURCE_COUNT] = { [LEDGER_CAP_SLOTS] = 3 };
	struct pair pair = pair_start();
	struct cap_sqe call;

	pair.client = world_process(limits);
	pair.facet = world_give(&pair.client, endpoint_object(pair.endpoint), 1);
	call = call_with(&pair, NULL, 0);
	call.cap_max = 3;
	CHECK_EQ(run(&pair.client, call), CAP_ERR_QUOTA_EXCEEDED);
	call.cap_max = 2;
	CHECK_EQ(run(&pair.client, call), PENDING);
	CHECK_EQ(cap_table_used(pair.client.process->table), 3);
	CHECK_EQ(run(&pair.client, (struct cap_sqe){ .op = CAP_OP_FINISH, .target = 0 }),
	    CAP_ERR_CANCELLED);
	CHECK_EQ(cap_table_used(pair.client.process->table), 1);
}

#define LONG 50001

static uint8_t pattern[65536];

static struct cap_sqe
long_call(struct pair *pair)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 7 + i / 251);
	world_write(&pair->client, WORLD_DATA, pattern, LONG);
	return (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = pair->facet,
		.user_data = 1,
		.addr = WORLD_DATA,
		.len = LONG,
		.result_addr = WORLD_DATA + 65536,
		.result_len = 65536 };
}

static struct cap_sqe
long_recv(struct pair *pair)
{
	struct cap_sqe receive = recv_of(pair, 1);

	receive.user_data = 2;
	receive.result_addr = WORLD_DATA;
	receive.result_len = 65536;
	return receive;
}

static void
check_pattern(struct world_process *process, uaddr_t address)
{
	uint8_t *got = malloc(LONG);

	world_read(process, address, got, LONG);
	CHECK_EQ(memcmp(got, pattern, LONG), 0);
	free(got);
}

TEST(a_long_message_arrives_whole_with_windows_between_its_steps)
{
	struct pair pair = pair_start();
	struct cap_sqe call = long_call(&pair);
	uint64_t windows;
	struct cap_delivery header;

	CHECK_EQ(run(&pair.server, long_recv(&pair)), PENDING);
	windows = sim.windows;
	CHECK_EQ(run(&pair.client, call), PENDING);
	CHECK(sim.windows >= windows + 4);
	CHECK_EQ(reap(&pair.server).result, 64 + LONG);
	check_pattern(&pair.server, WORLD_DATA + 64);
	world_read(&pair.server, WORLD_DATA, &header, sizeof(header));
	CHECK_EQ(header.param_bytes, LONG);
	CHECK_EQ(run(&pair.server,
		     (struct cap_sqe){ .op = CAP_OP_RETURN,
			 .target = header.call_id,
			 .addr = WORLD_DATA + 64,
			 .len = LONG }),
	    0);
	CHECK_EQ(reap(&pair.client).result, LONG);
	check_pattern(&pair.client, WORLD_DATA + 65536);
	CHECK_EQ(pair.client.process->ledger->used[LEDGER_ENDPOINT_CALLS], 0);
}

/* Its last byte is the buffer's; with one byte less there is no room for it. */
TEST(a_long_answer_may_fill_its_buffer_to_the_end)
{
	for (uint32_t missing = 0; missing < 2; missing++) {
		struct pair pair = pair_start();
		struct cap_sqe call = long_call(&pair);
		struct cap_delivery header;

		call.result_len = LONG - missing;
		CHECK_EQ(run(&pair.server, long_recv(&pair)), PENDING);
		CHECK_EQ(run(&pair.client, call), PENDING);
		CHECK_EQ(reap(&pair.server).result, 64 + LONG);
		world_read(&pair.server, WORLD_DATA, &header, sizeof(header));
		CHECK_EQ(run(&pair.server,
			     (struct cap_sqe){ .op = CAP_OP_RETURN,
				 .target = header.call_id,
				 .addr = WORLD_DATA + 64,
				 .len = LONG }),
		    0);
		CHECK_EQ(reap(&pair.client).result, missing == 0 ? LONG : CAP_ERR_BUFFER_TOO_SMALL);
		if (missing == 0)
			check_pattern(&pair.client, WORLD_DATA + 65536);
	}
}

TEST(a_long_message_that_waited_is_copied_when_the_receiver_comes)
{
	struct pair pair = pair_start();

	CHECK_EQ(run(&pair.client, long_call(&pair)), PENDING);
	CHECK_EQ(run(&pair.server, long_recv(&pair)), 64 + LONG);
	check_pattern(&pair.server, WORLD_DATA + 64);
}

/* In the n-th window from now on, the call's deadline passes. */
static uint32_t windows_left;

static void
pass_in_window(void)
{
	if (windows_left != 0 && --windows_left == 0)
		sim.now_ns += 1000000;
}

TEST(a_call_that_ends_in_the_middle_leaves_its_receiver_waiting)
{
	struct pair pair = pair_start();
	struct cap_sqe call = long_call(&pair);
	struct cap_sqe receive = long_recv(&pair);

	CHECK_EQ(run(&pair.server, receive), PENDING);
	call.deadline_ns = sim.now_ns + 500000;
	sim.on_window = pass_in_window;
	windows_left = 2;
	CHECK_EQ(run(&pair.client, call), CAP_ERR_TIMED_OUT);
	sim.on_window = NULL;
	for (int i = 0; i < 4; i++)
		world_settle();
	CHECK_EQ(ring_in_flight(pair.server.thread->ring), 1);
	call.deadline_ns = 0;
	CHECK_EQ(run(&pair.client, call), PENDING);
	CHECK_EQ(reap(&pair.server).result, 64 + LONG);
	check_pattern(&pair.server, WORLD_DATA + 64);
}

TEST(a_receiver_that_ends_in_the_middle_leaves_the_call_waiting)
{
	struct pair pair = pair_start();
	struct cap_sqe receive = long_recv(&pair);

	receive.deadline_ns = sim.now_ns + 500000;
	CHECK_EQ(run(&pair.server, receive), PENDING);
	sim.on_window = pass_in_window;
	windows_left = 2;
	CHECK_EQ(run(&pair.client, long_call(&pair)), PENDING);
	sim.on_window = NULL;
	for (int i = 0; i < 4; i++)
		world_settle();
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_TIMED_OUT);
	CHECK_EQ(pair.client.process->ledger->used[LEDGER_ENDPOINT_CALLS], 1);
	receive.deadline_ns = 0;
	CHECK_EQ(run(&pair.server, receive), 64 + LONG);
	check_pattern(&pair.server, WORLD_DATA + 64);
}

TEST(a_call_that_is_given_back_is_the_next_one_again)
{
	struct pair pair = pair_start();
	struct cap_sqe receive = long_recv(&pair);
	struct cap_sqe call = long_call(&pair);
	struct cap_sqe later = call_with(&pair, NULL, 0);
	struct cap_delivery header;

	later.user_data = 7;
	receive.deadline_ns = sim.now_ns + 500000;
	call.method = 70;
	CHECK_EQ(run(&pair.client, call), PENDING);
	CHECK_EQ(run(&pair.client, later), PENDING);
	sim.on_window = pass_in_window;
	windows_left = 2;
	CHECK_EQ(run(&pair.server, receive), CAP_ERR_TIMED_OUT);
	sim.on_window = NULL;
	receive.deadline_ns = 0;
	CHECK_EQ(run(&pair.server, receive), 64 + LONG);
	world_read(&pair.server, WORLD_DATA, &header, sizeof(header));
	CHECK_EQ(header.method, 70);
}

TEST(buffers_of_long_messages_fail_whom_they_belong_to)
{
	struct pair pair = pair_start();
	struct cap_sqe call = long_call(&pair);
	struct cap_sqe receive = long_recv(&pair);
	struct cap_delivery header;

	/* The last step of the caller's bytes is not there. */
	CHECK_EQ(run(&pair.server, receive), PENDING);
	call.addr = WORLD_DATA + WORLD_DATA_PAGES * PAGE_BYTES - 40000;
	CHECK_EQ(run(&pair.client, call), CAP_ERR_INVALID_BUFFER);
	CHECK_EQ(ring_in_flight(pair.server.thread->ring), 1);
	CHECK_EQ(run(&pair.server, (struct cap_sqe){ .op = CAP_OP_FINISH, .target = 2 }),
	    CAP_ERR_CANCELLED);
	(void)reap(&pair.server);
	/* The receiver's. */
	receive.result_addr = WORLD_DATA + WORLD_DATA_PAGES * PAGE_BYTES - 40000;
	CHECK_EQ(run(&pair.server, receive), PENDING);
	CHECK_EQ(run(&pair.client, long_call(&pair)), PENDING);
	CHECK_EQ(reap(&pair.server).result, CAP_ERR_INVALID_BUFFER);
	CHECK_EQ(run(&pair.server, long_recv(&pair)), 64 + LONG);
	world_read(&pair.server, WORLD_DATA, &header, sizeof(header));
	/* The server's answer, then the caller's buffer for it. */
	CHECK_EQ(run(&pair.server,
		     (struct cap_sqe){ .op = CAP_OP_RETURN,
			 .target = header.call_id,
			 .addr = WORLD_UNMAPPED,
			 .len = LONG }),
	    CAP_ERR_INVALID_BUFFER);
	CHECK_EQ(run(&pair.server,
		     (struct cap_sqe){ .op = CAP_OP_RETURN,
			 .target = header.call_id + 65536,
			 .addr = WORLD_DATA,
			 .len = LONG }),
	    CAP_ERR_INVALID_CALL_ID);
	CHECK_EQ(run(&pair.server,
		     (struct cap_sqe){ .op = CAP_OP_RETURN,
			 .target = header.call_id,
			 .addr = WORLD_DATA,
			 .len = 65536 }),
	    0);
	CHECK_EQ(reap(&pair.client).result, 65536);
}

TEST(a_revoked_entry_is_the_callers_fault_whether_its_call_had_to_wait_or_not)
{
	for (int waits = 0; waits < 2; waits++) {
		struct pair pair = pair_start();
		struct endpoint *other;
		struct cap_transfer entry = { .mode = CAP_TRANSFER_COPY };
		uint16_t index = 0;

		CHECK_EQ(endpoint_create(pair.server.process->ledger, &other), CAP_OK);
		CHECK_EQ(endpoint_facet(other, 7, &index), CAP_OK);
		entry.cap_id = world_give(&pair.client, endpoint_object(other), index);
		CHECK(object_revoke(endpoint_object(other)));
		if (!waits)
			CHECK_EQ(run(&pair.server, recv_of(&pair, 1)), PENDING);
		CHECK_EQ(run(&pair.client, call_with(&pair, &entry, 1)),
		    waits ? PENDING : CAP_ERR_REVOKED);
		if (waits) {
			CHECK_EQ(run(&pair.server, recv_of(&pair, 1)), PENDING);
			CHECK_EQ(reap(&pair.client).result, CAP_ERR_REVOKED);
		}
		CHECK_EQ(ring_in_flight(pair.server.thread->ring), 1);
	}
}

TEST(a_long_message_of_a_process_to_itself_may_overlap_where_it_goes)
{
	struct pair pair = pair_start();
	struct cap_sqe call = long_call(&pair);
	struct cap_sqe receive = long_recv(&pair);

	call.target = world_give(&pair.server, endpoint_object(pair.endpoint), 1);
	receive.result_addr = WORLD_DATA + 8;
	CHECK_EQ(run(&pair.server, receive), PENDING);
	/* What arrives is its own affair; no other memory is touched. */
	world_submit(&pair.server, &call);
	CHECK(world_enter(&pair.server, 0, 0) >= 0);
	CHECK_EQ(reap(&pair.server).result, 64 + LONG);
}

/* By the short way, and by the general one when the call is there first. */
TEST(a_short_message_of_a_process_to_itself_may_overlap_where_it_goes)
{
	for (uint32_t i = 0; i < 4; i++) {
		struct pair pair = pair_start();
		struct cap_sqe receive = recv_of(&pair, 0);
		struct cap_sqe call = call_with(&pair, NULL, 0);
		struct cap_delivery header;

		call.target = world_give(&pair.server, endpoint_object(pair.endpoint), 1);
		call.addr = receive.result_addr + sizeof(header) - 8 + i % 2 * 16;
		call.len = 64;
		call.cap_max = 0;
		CHECK_EQ(run(&pair.server, i < 2 ? receive : call), PENDING);
		CHECK_EQ(run(&pair.server, i < 2 ? call : receive), 64 + (int32_t)sizeof(header));
		world_read(&pair.server, receive.result_addr, &header, sizeof(header));
		CHECK_EQ(run(&pair.server,
			     (struct cap_sqe){ .op = CAP_OP_RETURN,
				 .target = header.call_id,
				 .addr = call.result_addr - 8 + i % 2 * 16,
				 .len = 64 }),
		    64);
	}
}

TEST(a_long_answer_to_a_bad_buffer_is_the_callers_error)
{
	struct pair pair = pair_start();
	struct cap_sqe call = long_call(&pair);
	struct cap_delivery header;

	call.len = 8;
	call.result_addr = WORLD_DATA + WORLD_DATA_PAGES * PAGE_BYTES - 20000;
	CHECK_EQ(run(&pair.server, long_recv(&pair)), PENDING);
	CHECK_EQ(run(&pair.client, call), PENDING);
	(void)reap(&pair.server);
	world_read(&pair.server, WORLD_DATA, &header, sizeof(header));
	CHECK_EQ(run(&pair.server,
		     (struct cap_sqe){ .op = CAP_OP_RETURN,
			 .target = header.call_id,
			 .addr = WORLD_DATA,
			 .len = LONG }),
	    0);
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_INVALID_BUFFER);
}

/* In the n-th window from now on, the slice is over. */
static void
slice_over_in_window(void)
{
	if (windows_left != 0 && --windows_left == 0)
		sim.now_ns += SCHED_SLICE_NS;
}

TEST(a_sender_that_dies_in_the_middle_leaves_its_receiver_waiting)
{
	struct pair pair = pair_start();
	struct cap_sqe call = long_call(&pair);
	uint64_t bytes;

	CHECK_EQ(run(&pair.server, long_recv(&pair)), PENDING);
	bytes = pair.server.process->ledger->used[LEDGER_KERNEL_BYTES];
	object_get(process_handle_object(pair.client.process));
	/* The client has to make room in the middle of its copy, and is ended there. */
	CHECK_EQ(world_enter(&pair.client, 0, 0), 0);
	world_submit(&pair.client, &call);
	sim.on_window = slice_over_in_window;
	windows_left = 2;
	world_call_once(&pair.client, 0, 0);
	sim.on_window = NULL;
	CHECK(!list_is_empty(&pair.client.thread->jobs));
	CHECK_EQ(thread_current(), pair.server.thread);
	process_exit(pair.client.thread, &(struct process_exit){ .code = 1 });
	for (int i = 0; i < 12; i++)
		world_settle();
	CHECK_EQ(pair.client.process->state, PROCESS_DEAD);
	CHECK_EQ(ring_in_flight(pair.server.thread->ring), 1);
	CHECK_EQ(pair.server.process->ledger->used[LEDGER_KERNEL_BYTES], bytes);
}

TEST(a_receiver_that_dies_in_the_middle_leaves_the_call_to_its_queue)
{
	struct pair pair = pair_start();
	struct cap_sqe call = long_call(&pair);

	CHECK_EQ(run(&pair.server, long_recv(&pair)), PENDING);
	CHECK_EQ(world_enter(&pair.client, 0, 0), 0);
	world_submit(&pair.client, &call);
	sim.on_window = slice_over_in_window;
	windows_left = 2;
	world_call_once(&pair.client, 0, 0);
	sim.on_window = NULL;
	CHECK_EQ(world_syscall(&pair.server, 1, 0, 0), WORLD_GONE);
	for (int i = 0; i < 12; i++)
		world_settle();
	CHECK_EQ(world_enter(&pair.client, 1, CAP_DEADLINE_NONE), 1);
	/* The endpoint went with its owner. */
	CHECK_EQ(reap(&pair.client).result, CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(pair.client.process->ledger->used[LEDGER_ENDPOINT_CALLS], 0);
}
