/* SPDX-License-Identifier: Apache-2.0 */
/* Shortages in what opcodes do: tables, deadlines, calls, answers, long messages. */
#include "arch/sim/promise_pair.h"
#include "shortage.h"

#define LONG_BYTES (20 * 1024)

static struct pair pair;

static void
prepare_pair(void)
{
	pair = pair_start();
	shortage_watch(&pair.client);
	shortage_watch(&pair.server);
}

static struct cap_sqe
receive_sqe(uint8_t cap_max)
{
	return (struct cap_sqe){ .op = CAP_OP_RECV,
		.target = pair.receives,
		.user_data = 7,
		.cap_max = cap_max,
		.result_addr = WORLD_DATA,
		.result_len = LONG_BYTES + 128 };
}

/* The server has served once: it has its call table, and room in it. */
static void
prepare_served(void)
{
	struct cap_sqe sqe = receive_sqe(0);

	prepare_pair();
	CHECK_EQ(shortage_do(&pair.server, &sqe), CAP_OK);
	(void)run(&pair.server, (struct cap_sqe){ .op = CAP_OP_FINISH, .target = 7 });
	while (next(&pair.server) != PENDING)
		continue;
}

static void
prepare_receiving(void)
{
	struct cap_sqe sqe = receive_sqe(0);

	prepare_pair();
	CHECK_EQ(shortage_do(&pair.server, &sqe), CAP_OK);
}

static enum cap_status
receive_plain(void)
{
	struct cap_sqe sqe = receive_sqe(0);

	return shortage_do(&pair.server, &sqe);
}

static enum cap_status
receive_caps(void)
{
	struct cap_sqe sqe = receive_sqe(8);

	return shortage_do(&pair.server, &sqe);
}

/* A table that has no capability yet has no slots. */
static void
prepare_empty(void)
{
	prepare_pair();
	pair.server = world_process(NULL);
}

static enum cap_status
first_capability(void)
{
	struct cap_hold hold = object_hold(timer_object(), 0);
	cap_id_t id = 0;
	enum cap_status status;

	object_get(timer_object());
	status = cap_table_add(pair.server.process->table, &hold, &id);
	if (status != CAP_OK)
		object_put(timer_object());
	return status;
}

/* The first chunk is full. */
static void
prepare_full(void)
{
	prepare_served();
	while (cap_table_used(pair.client.process->table) < 16)
		(void)world_give(&pair.client, timer_object(), 0);
}

static enum cap_status
call_plain(void)
{
	struct cap_sqe sqe = call_of(&pair, 1);

	sqe.cap_max = 2;
	return shortage_do(&pair.client, &sqe);
}

static enum cap_status
call_late(void)
{
	struct cap_sqe sqe = call_of(&pair, 1);

	sqe.deadline_ns = sim.now_ns + 1000;
	return shortage_do(&pair.client, &sqe);
}

static enum cap_status
call_long(void)
{
	struct cap_sqe sqe = call_of(&pair, 1);

	sqe.addr = WORLD_DATA;
	sqe.len = LONG_BYTES;
	return shortage_do(&pair.client, &sqe);
}

/* The server has a call, whose caller takes a long answer. */
static uint64_t call_id;

static void
prepare_delivered(void)
{
	struct cap_sqe sqe;

	prepare_pair();
	sqe = call_of(&pair, 1);
	sqe.result_addr = WORLD_DATA;
	sqe.result_len = LONG_BYTES;
	CHECK_EQ(shortage_do(&pair.client, &sqe), CAP_OK);
	CHECK_EQ(receive(&pair, &call_id), 1);
}

static enum cap_status
return_long(void)
{
	struct cap_sqe sqe = {
		.op = CAP_OP_RETURN, .target = call_id, .addr = WORLD_DATA, .len = LONG_BYTES
	};

	return shortage_do(&pair.server, &sqe);
}

/* A ring's first answer makes room for all; so this one has been there. */
static void
prepare_answered(void)
{
	prepare_served();
	CHECK_EQ(run(&pair.client, named_call(&pair, 1, 1)), PENDING);
}

/* One that was refused has its answer, too, which failed. */
static enum cap_status
call_then_finish(const struct cap_sqe *sqe)
{
	enum cap_status status = shortage_do(&pair.client, sqe);

	if (status != CAP_OK)
		(void)run(&pair.client, finish_of(sqe->answer_id));
	return status;
}

static enum cap_status
call_named(void)
{
	struct cap_sqe sqe = named_call(&pair, 2, 2);

	return call_then_finish(&sqe);
}

static enum cap_status
call_named_with_many(void)
{
	struct cap_sqe sqe = named_call(&pair, 2, 2);

	sqe.cap_max = 8;
	return call_then_finish(&sqe);
}

static enum cap_status
call_promised(void)
{
	struct cap_sqe sqe = promised(named_call(&pair, 3, 3), 1, 0);

	return call_then_finish(&sqe);
}

static const struct shortage_case cases[] = {
	{ "the first capability of a table", prepare_empty, first_capability, "cap_directory" },
	{ "RECV, the first of a process", prepare_pair, receive_plain, "call_table" },
	{ "RECV that takes capabilities", prepare_served, receive_caps, NULL },
	{ "CALL that takes capabilities, table full", prepare_full, call_plain, "cap_chunk" },
	{ "CALL with a deadline, the first of a ring", prepare_served, call_late,
	    "ring_deadlines" },
	{ "CALL into a queue", prepare_served, call_plain, NULL },
	{ "CALL of a long message", prepare_receiving, call_long, NULL },
	{ "RETURN of a long message", prepare_delivered, return_long, NULL },
	{ "CALL with a named answer, the first of a ring", prepare_served, call_named, "answers" },
	{ "CALL with a named answer", prepare_answered, call_named, NULL },
	{ "CALL with a named answer of many capabilities", prepare_answered, call_named_with_many,
	    NULL },
	{ "CALL of a promise", prepare_answered, call_promised, NULL },
};

TEST(opcodes_refuse_each_shortage_and_change_nothing)
{
	shortage_run(cases, sizeof(cases) / sizeof(cases[0]));
}
