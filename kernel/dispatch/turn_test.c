/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server's turn: RETURN and RECV in one submission. It goes straight, or the general way if its
 * answer does not stand in the ring; both have to leave the same behind as the two do one by one.
 */
#include <string.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "cap/transfer.h"
#include "ipc/endpoint.h"
#include "mm/job.h"
#include "object/permanent.h"
#include "object/timer.h"

#define NOTHING -4711
#define ANSWER_BYTES 24
#define DELIVERED (sizeof(struct cap_delivery) + 16)

static struct world_process client;
static struct world_process server;
static struct endpoint *endpoints[2];
static cap_id_t facets[2]; /* the client's */
static cap_id_t owners[2]; /* the server's */

enum way {
	STRAIGHT,
	GENERAL,
	ONE_BY_ONE,
	WAYS,
};

struct row {
	const char *what;
	uint32_t room;	/* room that the caller has */
	uint32_t bytes; /* of the answer */
	uint8_t cap_max;
	uint8_t flags; /* of the RETURN */
	uint8_t gives; /* capabilities, copied */
	bool caller_has_gone;
	bool is_answered; /* already */
	bool other_waits; /* a second call, in the queue */
	bool at_other;	  /* it receives at the second endpoint */
	bool bad_result;  /* the caller's buffer cannot be written */
	bool no_slots;	  /* the server's table has no room for cap_max */
};

static const struct row rows[] = {
	{ "plain", .room = 64, .bytes = ANSWER_BYTES },
	{ "empty", .room = 64, .bytes = 0 },
	{ "longest short one", .room = 1032, .bytes = 1024 },
	{ "one word more", .room = 1032, .bytes = 1032 },
	{ "whole room", .room = ANSWER_BYTES, .bytes = ANSWER_BYTES },
	{ "no room", .room = ANSWER_BYTES - 1, .bytes = ANSWER_BYTES },
	{ "odd length", .room = 64, .bytes = 21 },
	{ "with slots", .room = 64, .bytes = ANSWER_BYTES, .cap_max = 8 },
	{ "exception", .room = 64, .bytes = ANSWER_BYTES, .flags = CAP_SQE_EXCEPTION },
	{ "one capability", .room = 64, .bytes = ANSWER_BYTES, .gives = 1 },
	{ "two capabilities", .room = 64, .bytes = ANSWER_BYTES, .gives = 2, .cap_max = 2 },
	{ "one too many", .room = 64, .bytes = ANSWER_BYTES, .gives = 3, .cap_max = 2 },
	{ "gone", .room = 64, .bytes = ANSWER_BYTES, .caller_has_gone = true },
	{ "answered", .room = 64, .bytes = ANSWER_BYTES, .is_answered = true },
	{ "next one waits", .room = 64, .bytes = ANSWER_BYTES, .other_waits = true },
	{ "next one waits, slots", .room = 64, .bytes = ANSWER_BYTES, .cap_max = 3,
	    .other_waits = true },
	{ "another endpoint", .room = 64, .bytes = ANSWER_BYTES, .at_other = true },
	{ "another endpoint, next one waits", .room = 64, .bytes = ANSWER_BYTES, .at_other = true,
	    .other_waits = true },
	{ "bad buffer of the caller", .room = 64, .bytes = ANSWER_BYTES, .bad_result = true },
	{ "no slots", .room = 64, .bytes = ANSWER_BYTES, .cap_max = 8, .no_slots = true },
};

/* What the ways are compared by. */
struct outcome {
	int32_t call_result;
	int32_t turn_result; /* of the RETURN, if it failed, else of the RECV */
	int32_t next_result; /* of the RECV, when another call was made */
	uint32_t cap_count;
	uint64_t client_slots;
	uint64_t server_slots;
	uint64_t server_charged;
	uint64_t server_calls;
	uint32_t references[2];
	uint8_t result[64];
	uint8_t delivered[DELIVERED]; /* but for the call id, which the header begins with */
};

static struct cap_cqe
reaped(struct world_process *process)
{
	struct cap_cqe cqe = { .result = NOTHING };

	(void)world_reap(process, &cqe);
	return cqe;
}

static struct cap_cqe
run(struct world_process *process, struct cap_sqe sqe)
{
	world_submit(process, &sqe);
	CHECK(world_enter(process, 0, 0) >= 0);
	return reaped(process);
}

static void
make_endpoint(uint32_t at)
{
	uint16_t index = 0;

	CHECK_EQ(endpoint_create(server.process->ledger, &endpoints[at]), CAP_OK);
	CHECK_EQ(endpoint_facet(endpoints[at], 7, &index), CAP_OK);
	facets[at] = world_give(&client, endpoint_object(endpoints[at]), index);
	owners[at] = world_give(&server, endpoint_object(endpoints[at]), 0);
	object_put(endpoint_object(endpoints[at]));
}

static struct cap_sqe
call_to(uint32_t at, const struct row *row)
{
	return (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = facets[at],
		.user_data = 5,
		.addr = client.message,
		.len = 16,
		.cap_max = 2,
		.result_addr = row->bad_result ? WORLD_READ_ONLY : client.message + 512,
		.result_len = row->room };
}

static struct cap_sqe
receive_at(uint32_t at, uint8_t cap_max)
{
	return (struct cap_sqe){ .op = CAP_OP_RECV,
		.target = owners[at],
		.cap_max = cap_max,
		.result_addr = server.message + 1536,
		.result_len = 256 };
}

/* A call that the server holds; its id. */
static uint64_t
take_call(const struct row *row)
{
	struct cap_delivery header;

	CHECK_EQ(run(&server, receive_at(0, 0)).result, NOTHING);
	CHECK_EQ(run(&client, call_to(0, row)).result, NOTHING);
	CHECK_EQ(reaped(&server).result, DELIVERED);
	world_read(&server, server.message + 1536, &header, sizeof(header));
	return header.call_id;
}

static struct cap_sqe
return_from(const struct row *row, uint64_t call_id, uaddr_t address)
{
	struct cap_transfer entry = { .mode = CAP_TRANSFER_COPY };
	uint32_t behind = (row->bytes + 7) / 8 * 8;
	uint8_t bytes[1032];

	for (uint32_t i = 0; i < row->bytes; i++)
		bytes[i] = (uint8_t)(i + 1);
	world_write(&server, address, bytes, row->bytes);
	for (uint32_t i = 0; i < row->gives; i++) {
		entry.cap_id = world_give(&server, timer_object(), 0);
		world_write(&server, address + behind + i * sizeof(entry), &entry, sizeof(entry));
	}
	return (struct cap_sqe){ .op = CAP_OP_RETURN,
		.flags = row->flags,
		.target = call_id,
		.addr = address,
		.len = row->bytes,
		.xfer_count = row->gives };
}

static void
prepare(const struct row *row, uint64_t call_id)
{
	struct world_process *own = &server;

	if (row->caller_has_gone)
		CHECK_EQ(run(&client, (struct cap_sqe){ .op = CAP_OP_FINISH, .target = 5 }).result,
		    CAP_ERR_CANCELLED);
	if (row->caller_has_gone)
		CHECK_EQ(reaped(&client).result, CAP_OK);
	if (row->is_answered) {
		CHECK_EQ(run(own,
			     (struct cap_sqe){
				 .op = CAP_OP_RETURN, .target = call_id, .addr = server.message })
			     .result,
		    0);
		CHECK_EQ(reaped(&client).result, 0);
	}
	if (row->other_waits)
		CHECK_EQ(run(&client, call_to(row->at_other, row)).result, NOTHING);
	if (row->no_slots)
		while (cap_table_used(server.process->table) + row->cap_max <=
		    server.process->ledger->limit[LEDGER_CAP_SLOTS])
			(void)world_give(&server, timer_object(), 0);
}

static struct cap_sqe
turn_of(const struct row *row, uint64_t call_id, enum way way)
{
	struct cap_sqe receive = receive_at(row->at_other, row->cap_max);
	struct cap_sqe sqe =
	    return_from(row, call_id, way == GENERAL ? WORLD_DATA : server.message);

	sqe.flags |= CAP_SQE_RECEIVE;
	sqe.receive_from = receive.target;
	sqe.result_addr = receive.result_addr;
	sqe.result_len = receive.result_len;
	sqe.cap_max = receive.cap_max;
	return sqe;
}

static int32_t
turn(const struct row *row, uint64_t call_id, enum way way)
{
	struct cap_cqe cqe;

	if (way != ONE_BY_ONE)
		return run(&server, turn_of(row, call_id, way)).result;
	cqe = run(&server, return_from(row, call_id, server.message));
	return cqe.result < 0 ? cqe.result
			      : run(&server, receive_at(row->at_other, row->cap_max)).result;
}

/* Two processes, of which one serves two endpoints. */
static void
start(void)
{
	world_start();
	objects_init();
	client = world_process(NULL);
	server = world_process(NULL);
	make_endpoint(0);
	make_endpoint(1);
}

static struct outcome
outcome_of(const struct row *row, enum way way)
{
	struct outcome out;
	struct cap_cqe cqe;
	uint64_t call_id;

	memset(&out, 0, sizeof(out));
	start();
	world_write(&client, client.message, "sixteen bytes...", 16);
	call_id = take_call(row);
	prepare(row, call_id);
	out.turn_result = turn(row, call_id, way);
	cqe = reaped(&client);
	out.call_result = cqe.result;
	out.cap_count = cqe.cap_count;
	world_read(&client, client.message + 512, out.result, sizeof(out.result));
	(void)run(&client, call_to(row->at_other, row));
	out.next_result = reaped(&server).result;
	world_read(&server, server.message + 1536 + sizeof(uint64_t), out.delivered,
	    sizeof(out.delivered) - sizeof(uint64_t));
	out.client_slots = cap_table_used(client.process->table);
	out.server_slots = cap_table_used(server.process->table);
	out.server_charged = server.process->ledger->used[LEDGER_CAP_SLOTS];
	out.server_calls = server.process->ledger->used[LEDGER_OUTSTANDING_CALLS];
	out.references[0] = endpoint_object(endpoints[0])->references;
	out.references[1] = endpoint_object(endpoints[1])->references;
	return out;
}

TEST(a_turn_leaves_the_same_as_its_two_parts)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome parts = outcome_of(&rows[i], ONE_BY_ONE);

		for (enum way way = STRAIGHT; way < ONE_BY_ONE; way++) {
			struct outcome one = outcome_of(&rows[i], way);

			if (memcmp(&one, &parts, sizeof(one)) != 0)
				fail_msg("%s, way %d: call %d, turn %d, next %d instead of %d, %d, "
					 "%d",
				    rows[i].what, (int)way, one.call_result, one.turn_result,
				    one.next_result, parts.call_result, parts.turn_result,
				    parts.next_result);
		}
	}
}

static struct outcome
outcome_named(const char *what)
{
	size_t i = 0;

	while (strcmp(rows[i].what, what) != 0)
		i++;
	return outcome_of(&rows[i], STRAIGHT);
}

TEST(a_turn_answers_and_then_receives)
{
	struct outcome plain = outcome_named("plain");
	struct outcome waits = outcome_named("next one waits");

	CHECK_EQ(plain.call_result, ANSWER_BYTES);
	CHECK_EQ(plain.result[0], 1);
	CHECK_EQ(plain.result[ANSWER_BYTES - 1], ANSWER_BYTES);
	CHECK_EQ(plain.turn_result, NOTHING);
	CHECK_EQ(plain.next_result, DELIVERED);
	CHECK_EQ(waits.call_result, ANSWER_BYTES);
	CHECK_EQ(waits.turn_result, DELIVERED);
}

TEST(a_turn_whose_answer_is_refused_does_not_receive)
{
	struct outcome gone = outcome_named("gone");
	struct outcome answered = outcome_named("answered");
	struct outcome many = outcome_named("one too many");

	CHECK_EQ(gone.turn_result, CAP_ERR_CALL_GONE);
	CHECK_EQ(gone.next_result, NOTHING);
	CHECK_EQ(answered.turn_result, CAP_ERR_INVALID_CALL_ID);
	CHECK_EQ(answered.next_result, NOTHING);
	CHECK_EQ(many.turn_result, CAP_ERR_TOO_MANY_CAPS);
	CHECK_EQ(many.call_result, NOTHING);
	CHECK_EQ(many.next_result, NOTHING);
}

TEST(a_turn_whose_receive_is_refused_has_answered)
{
	struct outcome full = outcome_named("no slots");

	CHECK_EQ(full.call_result, ANSWER_BYTES);
	CHECK_EQ(full.turn_result, CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(full.next_result, NOTHING);
}

/* As a RECV that was submitted on its own. */
TEST(a_turn_that_receives_can_be_cancelled)
{
	const struct ledger *ledger;
	uint64_t charged;
	struct cap_sqe sqe;

	start();
	ledger = server.process->ledger;
	charged = ledger->used[LEDGER_CAP_SLOTS];
	sqe = turn_of(&rows[0], take_call(&rows[0]), STRAIGHT);
	sqe.user_data = 9;
	sqe.cap_max = 3;
	CHECK_EQ(run(&server, sqe).result, NOTHING);
	CHECK_EQ(ledger->used[LEDGER_CAP_SLOTS], charged + 3);
	CHECK_EQ(reaped(&client).result, ANSWER_BYTES);
	CHECK_EQ(run(&server, (struct cap_sqe){ .op = CAP_OP_FINISH, .target = 9 }).result,
	    CAP_ERR_CANCELLED);
	CHECK_EQ(reaped(&server).result, CAP_OK);
	CHECK_EQ(ledger->used[LEDGER_CAP_SLOTS], charged);
	CHECK_EQ(run(&client, call_to(0, &rows[0])).result, NOTHING);
	CHECK_EQ(run(&server, receive_at(0, 0)).result, DELIVERED);
}

/* Though its answer could go straight: the call is the server's as before. */
TEST(a_turn_whose_receive_is_malformed_has_not_answered)
{
	static const struct {
		uint32_t room;
		uint32_t shift;
		uint8_t cap_max;
		bool at_facet;
		enum cap_status expected;
	} wrong[] = {
		{ 256, 0, TRANSFER_CAPS_MAX + 1, false, CAP_ERR_INVALID_REQUEST },
		{ sizeof(struct cap_delivery) - 1, 0, 0, false, CAP_ERR_BUFFER_TOO_SMALL },
		{ 256, 4, 0, false, CAP_ERR_INVALID_BUFFER },
		{ 256, 0, 0, true, CAP_ERR_WRONG_INTERFACE },
	};

	start();
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint64_t call_id = take_call(&rows[0]);
		struct cap_sqe sqe = turn_of(&rows[0], call_id, STRAIGHT);

		sqe.result_len = wrong[i].room;
		sqe.result_addr += wrong[i].shift;
		sqe.cap_max = wrong[i].cap_max;
		if (wrong[i].at_facet)
			sqe.receive_from = world_give(&server, endpoint_object(endpoints[0]), 1);
		CHECK_EQ(run(&server, sqe).result, wrong[i].expected);
		CHECK_EQ(reaped(&client).result, NOTHING);
		CHECK_EQ(
		    run(&server, return_from(&rows[0], call_id, server.message)).result, CAP_OK);
		CHECK_EQ(reaped(&client).result, ANSWER_BYTES);
	}
}

/* A ring has place for half of them. */
static void
fill_receivers(void)
{
	for (uint32_t i = 0; i < ENDPOINT_RECEIVES_MAX; i++) {
		static struct world_process other;
		static cap_id_t owner;

		if (i % 32 == 0) {
			other = world_process(NULL);
			owner = world_give(&other, endpoint_object(endpoints[0]), 0);
		}
		CHECK_EQ(run(&other,
			     (struct cap_sqe){ .op = CAP_OP_RECV,
				 .target = owner,
				 .result_addr = other.message,
				 .result_len = 256 })
			     .result,
		    NOTHING);
	}
}

TEST(a_turn_that_has_no_place_to_receive_has_answered)
{
	for (enum way way = STRAIGHT; way < WAYS; way++) {
		uint64_t call_id;

		start();
		call_id = take_call(&rows[0]);
		fill_receivers();
		CHECK_EQ(turn(&rows[0], call_id, way), CAP_ERR_QUEUE_FULL);
		CHECK_EQ(reaped(&client).result, ANSWER_BYTES);
	}
}

/* Its copy is the server's work, and done before the server goes on. */
TEST(a_turn_that_receives_a_long_call_has_it)
{
	const uint32_t bytes = JOB_STEP_BYTES + 8;
	struct cap_sqe call;
	struct cap_sqe sqe;

	start();
	sqe = turn_of(&rows[0], take_call(&rows[0]), STRAIGHT);
	sqe.result_addr = WORLD_DATA;
	sqe.result_len = bytes + sizeof(struct cap_delivery);
	call = call_to(0, &rows[0]);
	call.addr = WORLD_DATA;
	call.len = bytes;
	CHECK_EQ(run(&client, call).result, NOTHING);
	CHECK_EQ(run(&server, sqe).result, bytes + sizeof(struct cap_delivery));
}

/* What says where it receives stands where others have one. */
TEST(a_turn_has_no_deadline)
{
	for (enum way way = STRAIGHT; way < ONE_BY_ONE; way++) {
		uint64_t call_id;

		start();
		call_id = take_call(&rows[0]);
		CHECK_EQ(turn(&rows[0], call_id, way), NOTHING);
		CHECK_EQ(reaped(&client).result, ANSWER_BYTES);
		sim_time_pass(owners[0]);
		CHECK_EQ(reaped(&server).result, NOTHING);
		CHECK_EQ(run(&client, call_to(0, &rows[0])).result, NOTHING);
		CHECK_EQ(reaped(&server).result, DELIVERED);
	}
}
