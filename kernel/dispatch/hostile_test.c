/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile submissions, in tables: a good one with one field changed, and the error that it gets.
 * They all happen in one world, in which nothing changes: accounts, pools, tables and every byte of
 * both processes are compared after each, and at the end everything that is good still works.
 */
#include <abi/start.h>
#include <stdlib.h>
#include <string.h>

#include "arch/sim/world.h"
#include "base/test.h"
#include "ipc/endpoint.h"
#include "ipc/notification.h"
#include "mm/pool.h"
#include "object/notification.h"
#include "object/permanent.h"
#include "object/timer.h"

#define POOLS_MAX 96
#define UNMAPPED UINT64_C(0x20000000)
#define KERNEL UINT64_C(0xffff800000000000)
#define NOT_CANONICAL UINT64_C(0x0000900000000000)
#define BEFORE_WRAP (UINT64_MAX - 15)
#define STRADDLES (WORLD_READ_ONLY + PAGE_BYTES - 8) /* ends where nothing is mapped */
#define BEFORE_READ_ONLY (WORLD_READ_ONLY - 8)	     /* ends where nothing can be written */

/* In the data of the process: a good message, and ones that are not. */
#define GOOD_PARAMS (WORLD_DATA + 0x100)
#define RESULTS (WORLD_DATA + 0x1000)
#define BAD_MESSAGES (WORLD_DATA + 0x2000)
#define TRANSFERS (WORLD_DATA + 0x3000)

/* Good submissions, each of which can be done again and again. */
enum base {
	BASE_NOP,
	BASE_CALL,	    /* of a kernel object: Timer.now */
	BASE_CALL_ENDPOINT, /* of a process that receives */
	BASE_RECV,
	BASE_RETURN,
	BASE_RELEASE,
	BASE_FINISH,
	BASE_SIGNAL,
	BASE_WAIT,
	BASES,
};

struct hostile {
	enum base base;
	uint16_t offset;
	uint16_t bytes;
	uint64_t value;
	enum cap_status expected;
};

#define FIELD(name) offsetof(struct cap_sqe, name), sizeof(((struct cap_sqe *)0)->name)

static struct world_process one;
static struct world_process other;
static cap_id_t timer, owner, facet, waiting, signalling, spare, stale;
static uint64_t call_id;

static struct cap_sqe
base_of(enum base base)
{
	const struct cap_sqe bases[BASES] = {
		[BASE_NOP] = { .op = CAP_OP_NOP },
		[BASE_CALL] = { .op = CAP_OP_CALL,
		    .target = timer,
		    .addr = GOOD_PARAMS,
		    .len = 16,
		    .result_addr = RESULTS,
		    .result_len = 64 },
		[BASE_CALL_ENDPOINT] = { .op = CAP_OP_CALL,
		    .target = facet,
		    .addr = GOOD_PARAMS,
		    .len = 16,
		    .result_addr = RESULTS,
		    .result_len = 64 },
		[BASE_RECV] = { .op = CAP_OP_RECV,
		    .target = owner,
		    .result_addr = RESULTS,
		    .result_len = 256 },
		[BASE_RETURN] = { .op = CAP_OP_RETURN,
		    .target = call_id,
		    .addr = GOOD_PARAMS,
		    .len = 16 },
		[BASE_RELEASE] = { .op = CAP_OP_RELEASE, .target = spare },
		[BASE_FINISH] = { .op = CAP_OP_FINISH, .target = 0x7777 },
		[BASE_SIGNAL] = { .op = CAP_OP_SIGNAL, .target = signalling, .addr = 1 },
		[BASE_WAIT] = { .op = CAP_OP_WAIT, .target = waiting, .addr = 1 },
	};

	return bases[base];
}

/* Messages of 16 bytes, one behind the other, and what a kernel object says of them. */
static const struct {
	uint32_t words[4];
	enum cap_status expected;
} messages[] = {
	{ { 1, 1, 0, 0 }, CAP_ERR_MALFORMED_MESSAGE },		/* two segments */
	{ { UINT32_MAX, 1, 0, 0 }, CAP_ERR_MALFORMED_MESSAGE }, /* as many as can be said */
	{ { 0, 2, 0, 0 }, CAP_ERR_MALFORMED_MESSAGE },		/* a word more than there is */
	{ { 0, UINT32_MAX, 0, 0 }, CAP_ERR_MALFORMED_MESSAGE },
	{ { 0, 0x20000001, 0, 0 }, CAP_ERR_MALFORMED_MESSAGE }, /* bytes that wrap */
	{ { 15, 0, 0, 0 }, CAP_ERR_MALFORMED_MESSAGE },
	{ { 511, 1, 0, 0 }, CAP_ERR_MALFORMED_MESSAGE },
	{ { 0x80000000, 1, 0, 0 }, CAP_ERR_MALFORMED_MESSAGE },
};
#define MESSAGES (sizeof(messages) / sizeof(messages[0]))

/* Transfer entries behind a good payload. */
static const struct {
	uint8_t mode;
	uint8_t reserved;
	uint64_t cap_id; /* 0: the timer's; 1: none at all */
	enum cap_status expected;
} transfers[] = {
	{ 3, 0, 0, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ 4, 0, 0, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ 255, 0, 0, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ CAP_TRANSFER_COPY, 1, 0, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ CAP_TRANSFER_COPY, 2, 0, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ CAP_TRANSFER_COPY, 4, 0, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ CAP_TRANSFER_COPY, 7, 0, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ CAP_TRANSFER_MOVE, 1, 0, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ CAP_TRANSFER_MOVE, 7, 0, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ CAP_TRANSFER_HOLE, 0, 0, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ CAP_TRANSFER_HOLE, 1, 1, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
};
#define TRANSFER_CASES (sizeof(transfers) / sizeof(transfers[0]))
#define TRANSFER_STRIDE 64

struct snapshot {
	struct world_accounts accounts[2];
	struct pool_numbers pools[POOLS_MAX];
	uint8_t memory[2][WORLD_DATA_PAGES * PAGE_BYTES];
	uint8_t message[2][PAGE_BYTES];
};

static struct snapshot before, after;

static void
snapshot_take(struct snapshot *out)
{
	struct world_process *processes[] = { &one, &other };

	memset(out->pools, 0, sizeof(out->pools));
	for (uint32_t i = 0; pool_numbers_get(i, &out->pools[i]); i++)
		CHECK(i + 1 < POOLS_MAX);
	for (uint32_t i = 0; i < 2; i++) {
		out->accounts[i] = world_accounts(processes[i]);
		world_read(processes[i], WORLD_DATA, out->memory[i], sizeof(out->memory[i]));
		world_read(processes[i], processes[i]->message, out->message[i],
		    processes[i]->message_bytes);
	}
}

static void
check_unchanged(void)
{
	snapshot_take(&after);
	CHECK_MEMORY(&after, &before, sizeof(before));
}

static cap_id_t
give(struct object *object, uint16_t interface_index)
{
	return world_give(&one, object, interface_index);
}

static void
write_messages(void)
{
	static const uint32_t good[] = { 0, 1, 0, 0 };

	world_write(&one, GOOD_PARAMS, good, sizeof(good));
	for (uint32_t i = 0; i < MESSAGES; i++)
		world_write(&one, BAD_MESSAGES + i * 16, messages[i].words, 16);
	for (uint32_t i = 0; i < TRANSFER_CASES; i++) {
		struct cap_transfer entry = { .cap_id = transfers[i].cap_id == 0 ? timer : 0,
			.mode = transfers[i].mode };

		if (transfers[i].reserved != 0)
			entry.reserved[transfers[i].reserved - 1] = 1;
		world_write(&one, TRANSFERS + i * TRANSFER_STRIDE, good, sizeof(good));
		world_write(&one, TRANSFERS + i * TRANSFER_STRIDE + 16, &entry, sizeof(entry));
	}
}

/* A call of the other process that this one has and does not answer. */
static void
deliver_call(struct endpoint *endpoint, uint16_t index)
{
	struct cap_sqe receive = base_of(BASE_RECV);
	struct cap_sqe call = { .op = CAP_OP_CALL,
		.target = world_give(&other, endpoint_object(endpoint), index),
		.addr = other.message,
		.result_addr = other.message,
		.result_len = 64 };
	struct cap_cqe cqe;

	world_submit(&one, &receive);
	(void)world_enter(&one, 0, 0);
	world_submit(&other, &call);
	(void)world_enter(&other, 0, 0);
	CHECK(world_reap(&one, &cqe));
	world_read(&one, RESULTS, &call_id, sizeof(call_id));
}

static void
start(void)
{
	struct notification *notification;
	struct endpoint *endpoint, *others;
	uint16_t index = 0;

	world_start();
	objects_init();
	one = world_process(NULL);
	other = world_process(NULL);
	timer = give(timer_object(), 0);
	stale = give(timer_object(), 0);
	CHECK_EQ(cap_table_release(one.process->table, stale), CAP_OK);
	spare = give(timer_object(), 0);
	CHECK_EQ(notification_create(one.process->ledger, &notification), CAP_OK);
	waiting = give(notification_waiting_side(notification), 0);
	signalling = give(notification_signalling_side(notification), 0);
	object_put(notification_waiting_side(notification));
	CHECK_EQ(endpoint_create(one.process->ledger, &endpoint), CAP_OK);
	owner = give(endpoint_object(endpoint), 0);
	CHECK_EQ(endpoint_facet(endpoint, 7, &index), CAP_OK);
	deliver_call(endpoint, index);
	object_put(endpoint_object(endpoint));
	CHECK_EQ(endpoint_create(other.process->ledger, &others), CAP_OK);
	CHECK_EQ(endpoint_facet(others, 8, &index), CAP_OK);
	facet = give(endpoint_object(others), index);
	(void)world_give(&other, endpoint_object(others), 0);
	object_put(endpoint_object(others));
	write_messages();
	/* The kernel has seen what was reaped. */
	CHECK_EQ(world_enter(&one, 0, 0), 0);
	world_settle();
	snapshot_take(&before);
}

/* The submission gets that answer at once, and nothing else has happened. */
static void
check_refused(const struct cap_sqe *sqe, enum cap_status expected)
{
	struct cap_cqe cqe = { .result = 4711 };

	world_submit(&one, sqe);
	CHECK(world_enter(&one, 0, 0) >= 0);
	CHECK(world_reap(&one, &cqe));
	CHECK_EQ(cqe.result, expected);
	CHECK_EQ(cqe.user_data, sqe->user_data);
	CHECK_EQ(cqe.cap_count, 0);
	check_unchanged();
}

static void
check_cases(const struct hostile *cases, size_t count)
{
	start();
	for (size_t i = 0; i < count; i++) {
		struct cap_sqe sqe = base_of(cases[i].base);

		sqe.user_data = 0x1234000 + i;
		memcpy((char *)&sqe + cases[i].offset, &cases[i].value, cases[i].bytes);
		check_refused(&sqe, cases[i].expected);
	}
}

#define CHECK_CASES(cases) check_cases(cases, sizeof(cases) / sizeof((cases)[0]))

/* A field that the operation does not have, in its lowest and its highest bit. */
#define RESERVED_8(base, field)                                                                    \
	{ base, FIELD(field), 1, CAP_ERR_INVALID_REQUEST },                                        \
	{                                                                                          \
		base, FIELD(field), 0x80, CAP_ERR_INVALID_REQUEST                                  \
	}
#define RESERVED_16(base, field)                                                                   \
	{ base, FIELD(field), 1, CAP_ERR_INVALID_REQUEST },                                        \
	{                                                                                          \
		base, FIELD(field), 0x8000, CAP_ERR_INVALID_REQUEST                                \
	}
#define RESERVED_32(base, field)                                                                   \
	{ base, FIELD(field), 1, CAP_ERR_INVALID_REQUEST },                                        \
	{                                                                                          \
		base, FIELD(field), 0x80000000, CAP_ERR_INVALID_REQUEST                            \
	}
#define RESERVED_64(base, field)                                                                   \
	{ base, FIELD(field), 1, CAP_ERR_INVALID_REQUEST },                                        \
	{                                                                                          \
		base, FIELD(field), UINT64_C(1) << 63, CAP_ERR_INVALID_REQUEST                     \
	}

static const struct hostile reserved_fields[] = {
	RESERVED_8(BASE_NOP, flags),
	RESERVED_16(BASE_NOP, method),
	RESERVED_32(BASE_NOP, op_flags),
	RESERVED_64(BASE_NOP, target),
	RESERVED_64(BASE_NOP, addr),
	RESERVED_64(BASE_NOP, result_addr),
	RESERVED_32(BASE_NOP, len),
	RESERVED_32(BASE_NOP, result_len),
	RESERVED_32(BASE_NOP, answer_id),
	RESERVED_8(BASE_NOP, xfer_count),
	RESERVED_8(BASE_NOP, cap_max),
	RESERVED_16(BASE_NOP, reserved),
	{ BASE_CALL, FIELD(flags), CAP_SQE_EXCEPTION, CAP_ERR_INVALID_REQUEST },
	{ BASE_CALL, FIELD(flags), CAP_SQE_ANSWER, CAP_ERR_INVALID_REQUEST },
	{ BASE_CALL, FIELD(flags), 0x20, CAP_ERR_INVALID_REQUEST },
	{ BASE_CALL, FIELD(flags), 0x40, CAP_ERR_INVALID_REQUEST },
	{ BASE_CALL, FIELD(flags), 0x80, CAP_ERR_INVALID_REQUEST },
	{ BASE_CALL, FIELD(flags), CAP_SQE_ANSWER_ONLY, CAP_ERR_INVALID_REQUEST },
	{ BASE_CALL, FIELD(flags), CAP_SQE_LAST, CAP_ERR_INVALID_REQUEST },
	RESERVED_32(BASE_CALL, op_flags),
	RESERVED_16(BASE_CALL, reserved),
	RESERVED_32(BASE_CALL_ENDPOINT, op_flags),
	RESERVED_16(BASE_CALL_ENDPOINT, reserved),
	RESERVED_8(BASE_RECV, flags),
	RESERVED_16(BASE_RECV, method),
	RESERVED_32(BASE_RECV, op_flags),
	RESERVED_64(BASE_RECV, addr),
	RESERVED_32(BASE_RECV, len),
	RESERVED_32(BASE_RECV, answer_id),
	RESERVED_8(BASE_RECV, xfer_count),
	RESERVED_16(BASE_RECV, reserved),
	{ BASE_RETURN, FIELD(flags), CAP_SQE_PROMISED, CAP_ERR_INVALID_REQUEST },
	{ BASE_RETURN, FIELD(flags), CAP_SQE_ANSWER_ONLY, CAP_ERR_INVALID_REQUEST },
	{ BASE_RETURN, FIELD(flags), CAP_SQE_ANSWER, CAP_ERR_INVALID_REQUEST },
	{ BASE_RETURN, FIELD(flags), CAP_SQE_LAST, CAP_ERR_INVALID_REQUEST },
	{ BASE_RETURN, FIELD(flags), 0x80, CAP_ERR_INVALID_REQUEST },
	RESERVED_32(BASE_RETURN, op_flags),
	RESERVED_64(BASE_RETURN, result_addr),
	RESERVED_32(BASE_RETURN, result_len),
	RESERVED_32(BASE_RETURN, answer_id),
	RESERVED_8(BASE_RETURN, cap_max),
	RESERVED_16(BASE_RETURN, reserved),
	RESERVED_8(BASE_RELEASE, flags),
	RESERVED_16(BASE_RELEASE, method),
	RESERVED_32(BASE_RELEASE, op_flags),
	RESERVED_64(BASE_RELEASE, addr),
	RESERVED_64(BASE_RELEASE, result_addr),
	RESERVED_32(BASE_RELEASE, len),
	RESERVED_32(BASE_RELEASE, result_len),
	RESERVED_32(BASE_RELEASE, answer_id),
	RESERVED_8(BASE_RELEASE, xfer_count),
	RESERVED_8(BASE_RELEASE, cap_max),
	RESERVED_16(BASE_RELEASE, reserved),
	{ BASE_FINISH, FIELD(flags), CAP_SQE_EXCEPTION, CAP_ERR_INVALID_REQUEST },
	{ BASE_FINISH, FIELD(flags), CAP_SQE_PROMISED, CAP_ERR_INVALID_REQUEST },
	{ BASE_FINISH, FIELD(flags), 0x80, CAP_ERR_INVALID_REQUEST },
	RESERVED_16(BASE_FINISH, method),
	RESERVED_32(BASE_FINISH, op_flags),
	RESERVED_64(BASE_FINISH, addr),
	RESERVED_64(BASE_FINISH, result_addr),
	RESERVED_32(BASE_FINISH, len),
	RESERVED_32(BASE_FINISH, result_len),
	RESERVED_32(BASE_FINISH, answer_id),
	RESERVED_8(BASE_FINISH, xfer_count),
	RESERVED_8(BASE_FINISH, cap_max),
	RESERVED_16(BASE_FINISH, reserved),
	RESERVED_8(BASE_SIGNAL, flags),
	RESERVED_16(BASE_SIGNAL, method),
	RESERVED_32(BASE_SIGNAL, op_flags),
	RESERVED_64(BASE_SIGNAL, result_addr),
	RESERVED_32(BASE_SIGNAL, len),
	RESERVED_32(BASE_SIGNAL, result_len),
	RESERVED_32(BASE_SIGNAL, answer_id),
	RESERVED_8(BASE_SIGNAL, xfer_count),
	RESERVED_8(BASE_SIGNAL, cap_max),
	RESERVED_16(BASE_SIGNAL, reserved),
	{ BASE_SIGNAL, FIELD(addr), 0, CAP_ERR_INVALID_REQUEST },
	RESERVED_8(BASE_WAIT, flags),
	RESERVED_16(BASE_WAIT, method),
	RESERVED_32(BASE_WAIT, op_flags),
	RESERVED_64(BASE_WAIT, result_addr),
	RESERVED_32(BASE_WAIT, len),
	RESERVED_32(BASE_WAIT, result_len),
	RESERVED_32(BASE_WAIT, answer_id),
	RESERVED_8(BASE_WAIT, xfer_count),
	RESERVED_8(BASE_WAIT, cap_max),
	RESERVED_16(BASE_WAIT, reserved),
	{ BASE_WAIT, FIELD(addr), 0, CAP_ERR_INVALID_REQUEST },
};

TEST(fields_that_an_operation_does_not_have_are_refused)
{
	CHECK_CASES(reserved_fields);
}

TEST(numbers_of_capabilities_above_the_limit_are_refused)
{
	static const struct hostile cases[] = {
		{ BASE_CALL, FIELD(cap_max), 9, CAP_ERR_INVALID_REQUEST },
		{ BASE_CALL, FIELD(cap_max), 255, CAP_ERR_INVALID_REQUEST },
		{ BASE_CALL, FIELD(xfer_count), 9, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
		{ BASE_CALL, FIELD(xfer_count), 255, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
		{ BASE_CALL_ENDPOINT, FIELD(cap_max), 9, CAP_ERR_INVALID_REQUEST },
		{ BASE_CALL_ENDPOINT, FIELD(xfer_count), 9, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
		{ BASE_RECV, FIELD(cap_max), 9, CAP_ERR_INVALID_REQUEST },
		{ BASE_RECV, FIELD(cap_max), 255, CAP_ERR_INVALID_REQUEST },
		{ BASE_RETURN, FIELD(xfer_count), 9, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
		{ BASE_RETURN, FIELD(xfer_count), 255, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	};

	CHECK_CASES(cases);
}

TEST(opcodes_that_do_not_exist_are_unsupported)
{
	start();
	for (uint32_t op = CAP_OP_COUNT; op < 256; op++)
		for (enum base base = 0; base < BASES; base += 3) {
			struct cap_sqe sqe = base_of(base);

			sqe.op = (uint8_t)op;
			check_refused(&sqe, CAP_ERR_UNSUPPORTED_OPCODE);
		}
}

/* Everything that could name a capability, and does not. */
TEST(targets_that_name_nothing_are_refused)
{
	static const enum base bases[] = { BASE_CALL, BASE_CALL_ENDPOINT, BASE_RECV, BASE_RELEASE,
		BASE_SIGNAL, BASE_WAIT };

	start();
	const struct {
		uint64_t target;
		enum cap_status expected;
	} targets[] = {
		{ 0, CAP_ERR_INVALID_CAP },
		{ 1, CAP_ERR_INVALID_CAP }, /* generation zero */
		{ CAP_ID_INDEX_MASK, CAP_ERR_INVALID_CAP },
		{ UINT64_MAX, CAP_ERR_INVALID_CAP },
		{ UINT64_C(1) << 63, CAP_ERR_INVALID_CAP },
		{ (UINT64_C(1) << CAP_ID_INDEX_BITS) | 16384, CAP_ERR_INVALID_CAP },
		{ (UINT64_C(1) << CAP_ID_INDEX_BITS) | CAP_ID_INDEX_MASK, CAP_ERR_INVALID_CAP },
		{ (UINT64_C(1) << CAP_ID_INDEX_BITS) | 15, CAP_ERR_INVALID_CAP }, /* never used */
		{ timer & CAP_ID_INDEX_MASK, CAP_ERR_INVALID_CAP },
		{ timer + (UINT64_C(1) << CAP_ID_INDEX_BITS), CAP_ERR_INVALID_CAP }, /* not yet */
		{ timer | CAP_ID_GENERATION_MAX << CAP_ID_INDEX_BITS, CAP_ERR_INVALID_CAP },
		{ stale, CAP_ERR_STALE_GENERATION },
	};
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		for (size_t k = 0; k < sizeof(targets) / sizeof(targets[0]); k++) {
			struct cap_sqe sqe = base_of(bases[i]);

			sqe.target = targets[k].target;
			check_refused(&sqe, targets[k].expected);
		}
}

TEST(targets_of_another_kind_are_refused)
{
	start();
	const struct {
		enum base base;
		uint64_t target;
	} cases[] = {
		{ BASE_RECV, timer },
		{ BASE_RECV, facet },
		{ BASE_RECV, waiting },
		{ BASE_RECV, signalling },
		{ BASE_SIGNAL, timer },
		{ BASE_SIGNAL, facet },
		{ BASE_SIGNAL, owner },
		{ BASE_SIGNAL, waiting },
		{ BASE_WAIT, timer },
		{ BASE_WAIT, facet },
		{ BASE_WAIT, owner },
		{ BASE_WAIT, signalling },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cap_sqe sqe = base_of(cases[i].base);

		sqe.target = cases[i].target;
		check_refused(&sqe, CAP_ERR_WRONG_INTERFACE);
	}
}

TEST(calls_that_nobody_delivered_are_not_answered)
{
	start();
	const uint64_t ids[] = { 0, 1, 15, call_id - 1, call_id + 1, call_id & 0xffff,
		call_id | UINT64_C(1) << 63, call_id + (1 << 16), UINT64_MAX,
		(call_id & ~UINT64_C(0xffff)) | 0xffff };
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct cap_sqe sqe = base_of(BASE_RETURN);

		sqe.target = ids[i];
		check_refused(&sqe, CAP_ERR_INVALID_CALL_ID);
	}
}

/* Nothing is there that could be finished. */
TEST(what_is_not_in_flight_is_not_finished)
{
	static const uint64_t targets[] = { 0, 1, 0x1234, UINT64_MAX };

	start();
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		struct cap_sqe sqe = base_of(BASE_FINISH);

		sqe.user_data = 0x99;
		sqe.target = targets[i];
		check_refused(&sqe, CAP_ERR_NOT_FOUND);
		sqe.flags = CAP_SQE_ANSWER;
		check_refused(&sqe, CAP_ERR_UNKNOWN_ANSWER);
		/* Nor called on. */
		sqe = base_of(BASE_CALL);
		sqe.flags = CAP_SQE_PROMISED;
		sqe.target = targets[i] << 8 & UINT32_MAX;
		check_refused(&sqe, CAP_ERR_UNKNOWN_ANSWER);
	}
}

TEST(buffers_that_cannot_be_read_or_written_are_refused)
{
	static const struct hostile cases[] = {
		{ BASE_CALL, FIELD(addr), 0, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(addr), 8, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(addr), UNMAPPED, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(addr), KERNEL, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(addr), NOT_CANONICAL, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(addr), BEFORE_WRAP, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(addr), UINT64_MAX, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(addr), STRADDLES, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(result_addr), 0, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(result_addr), UNMAPPED, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(result_addr), KERNEL, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(result_addr), NOT_CANONICAL, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(result_addr), BEFORE_WRAP, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(result_addr), UINT64_MAX, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(result_addr), WORLD_READ_ONLY, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(result_addr), BEFORE_READ_ONLY, CAP_ERR_INVALID_BUFFER },
		{ BASE_CALL, FIELD(result_addr), USER_CAPSET_ADDRESS, CAP_ERR_INVALID_BUFFER },
		{ BASE_RETURN, FIELD(addr), 0, CAP_ERR_INVALID_BUFFER },
		{ BASE_RETURN, FIELD(addr), UNMAPPED, CAP_ERR_INVALID_BUFFER },
		{ BASE_RETURN, FIELD(addr), KERNEL, CAP_ERR_INVALID_BUFFER },
		{ BASE_RETURN, FIELD(addr), NOT_CANONICAL, CAP_ERR_INVALID_BUFFER },
		{ BASE_RETURN, FIELD(addr), BEFORE_WRAP, CAP_ERR_INVALID_BUFFER },
		{ BASE_RETURN, FIELD(addr), STRADDLES, CAP_ERR_INVALID_BUFFER },
	};

	CHECK_CASES(cases);
}

TEST(lengths_that_no_message_may_have_are_refused)
{
	static const struct hostile cases[] = {
		{ BASE_CALL, FIELD(len), 0, CAP_ERR_MALFORMED_MESSAGE },
		{ BASE_CALL, FIELD(len), 1, CAP_ERR_MALFORMED_MESSAGE },
		{ BASE_CALL, FIELD(len), 7, CAP_ERR_MALFORMED_MESSAGE },
		{ BASE_CALL, FIELD(len), 8, CAP_ERR_MALFORMED_MESSAGE },
		{ BASE_CALL, FIELD(len), 15, CAP_ERR_MALFORMED_MESSAGE },
		{ BASE_CALL, FIELD(len), 16385, CAP_ERR_MESSAGE_TOO_LARGE },
		{ BASE_CALL, FIELD(len), 65536, CAP_ERR_MESSAGE_TOO_LARGE },
		{ BASE_CALL, FIELD(len), UINT32_MAX, CAP_ERR_MESSAGE_TOO_LARGE },
		{ BASE_CALL_ENDPOINT, FIELD(len), 65537, CAP_ERR_MESSAGE_TOO_LARGE },
		{ BASE_CALL_ENDPOINT, FIELD(len), UINT32_MAX, CAP_ERR_MESSAGE_TOO_LARGE },
		{ BASE_RETURN, FIELD(len), 65537, CAP_ERR_MESSAGE_TOO_LARGE },
		{ BASE_RETURN, FIELD(len), UINT32_MAX, CAP_ERR_MESSAGE_TOO_LARGE },
		{ BASE_CALL, FIELD(result_len), 0, CAP_ERR_BUFFER_TOO_SMALL },
		{ BASE_CALL, FIELD(result_len), 1, CAP_ERR_BUFFER_TOO_SMALL },
		{ BASE_CALL, FIELD(result_len), 8, CAP_ERR_BUFFER_TOO_SMALL },
		{ BASE_CALL, FIELD(result_len), 16, CAP_ERR_BUFFER_TOO_SMALL },
		{ BASE_CALL, FIELD(result_len), 23, CAP_ERR_BUFFER_TOO_SMALL },
		{ BASE_RECV, FIELD(result_len), 0, CAP_ERR_BUFFER_TOO_SMALL },
		{ BASE_RECV, FIELD(result_len), 63, CAP_ERR_BUFFER_TOO_SMALL },
	};

	CHECK_CASES(cases);
}

TEST(messages_that_are_none_are_refused_by_the_kernel)
{
	start();
	for (uint32_t i = 0; i < MESSAGES; i++) {
		struct cap_sqe sqe = base_of(BASE_CALL);

		sqe.addr = BAD_MESSAGES + i * 16;
		check_refused(&sqe, messages[i].expected);
	}
}

TEST(transfers_of_no_known_form_are_refused)
{
	start();
	for (uint32_t i = 0; i < TRANSFER_CASES; i++) {
		struct cap_sqe sqe = base_of(BASE_CALL);

		sqe.addr = TRANSFERS + i * TRANSFER_STRIDE;
		sqe.xfer_count = 1;
		check_refused(&sqe, transfers[i].expected);
		sqe = base_of(BASE_RETURN);
		sqe.addr = TRANSFERS + i * TRANSFER_STRIDE;
		sqe.xfer_count = 1;
		check_refused(&sqe, transfers[i].expected);
	}
}

/* A forged index is of no submission: the entry says so, and takes nothing. */
TEST(indexes_that_cannot_be_are_refused_by_the_entry)
{
	static const uint32_t forged[] = { 17, 18, 1000, INT32_MAX, 0x80000000, UINT32_MAX - 100,
		UINT32_MAX - 1, UINT32_MAX };

	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		start();
		one.ring->sq_tail += forged[i];
		CHECK_EQ(world_enter(&one, 0, 0), CAP_ERR_RING_CORRUPT);
		check_unchanged();
		start();
		one.ring->cq_head += forged[i];
		CHECK_EQ(world_enter(&one, 0, 0), CAP_ERR_RING_CORRUPT);
		check_unchanged();
	}
}

TEST(what_was_good_is_good_still)
{
	static const enum cap_status expected[BASES] = {
		[BASE_CALL] = 24,
		[BASE_FINISH] = CAP_ERR_NOT_FOUND,
	};

	start();
	for (enum base base = 0; base < BASES; base++) {
		struct cap_sqe sqe = base_of(base);
		struct cap_cqe cqe = { .result = 4711 };

		world_submit(&one, &sqe);
		CHECK(world_enter(&one, 0, 0) >= 0);
		/* The call of an endpoint and the receive wait; the bit for the wait is there. */
		CHECK_EQ(world_reap(&one, &cqe), base != BASE_CALL_ENDPOINT && base != BASE_RECV);
		if (base != BASE_CALL_ENDPOINT && base != BASE_RECV)
			CHECK_EQ(cqe.result, expected[base]);
	}
}
