/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of scalars have a short path: whatever a caller sends, it must answer as the general one
 * does. The same submission is made twice: with parameters and results in one place, as the short
 * path wants it, and with the results elsewhere.
 */
#include <schema/timer.capnp.h>
#include <stdlib.h>
#include <string.h>

#include "arch/sim/world.h"
#include "base/test.h"
#include "object/permanent.h"
#include "object/timer.h"

#define ROOM 96
#define ROUNDS 20000

static struct world_process process;
static cap_id_t timer;
static cap_id_t null_cap;

struct outcome {
	int32_t result; /* 1: pending */
	uint8_t bytes[ROOM];
};

static uint64_t
any_of(const uint64_t *values, size_t count)
{
	return values[(size_t)rand() % count];
}

#define ANY_OF(...)                                                                                \
	any_of((const uint64_t[]){ __VA_ARGS__ },                                                  \
	    sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

/* Good ones more often than not, near misses, and nonsense. */
static void
message_fill(uint64_t *words, uint32_t byte_count)
{
	uint64_t data_words = byte_count / 8 - 2;

	for (uint32_t i = 0; i < ROOM / 8; i++)
		words[i] = ANY_OF(0, 1, UINT64_MAX, sim.now_ns, sim.now_ns + 1000);
	words[0] = (data_words + 1) << 32;
	words[1] = data_words == 0 ? UINT32_C(0xfffffffc) : data_words << 32;
	if (rand() % 4 == 0)
		words[0] = ANY_OF(data_words << 32, 1, UINT64_C(2) << 32 | 1);
	if (rand() % 4 == 0)
		words[1] =
		    ANY_OF(UINT32_C(0xfffffffc), 0, (data_words + 1) << 32, (data_words - 1) << 32,
			data_words << 32 | 4, data_words << 32 | 1, (uint64_t)rand() << 32);
}

/* Without waiting; what was begun and does not end at once is cancelled. */
static struct outcome
run(struct cap_sqe call)
{
	struct cap_sqe finish = { .op = CAP_OP_FINISH, .target = call.user_data };
	struct outcome outcome = { .result = 1 };
	struct cap_cqe cqe;

	world_submit(&process, &call);
	CHECK(world_enter(&process, 0, 0) >= 0);
	if (world_reap(&process, &cqe)) {
		outcome.result = cqe.result;
		CHECK_EQ(cqe.cap_count, 0);
		CHECK_EQ(cqe.user_data, call.user_data);
	} else {
		world_submit(&process, &finish);
		CHECK(world_enter(&process, 0, 0) >= 0);
		CHECK(world_reap(&process, &cqe) && world_reap(&process, &cqe));
	}
	return outcome;
}

static void
start(void)
{
	world_start();
	objects_init();
	process = world_process(NULL);
	timer = world_give(&process, timer_object(), 0);
	null_cap = world_give(&process, null_cap_object(), 0);
}

static struct cap_sqe
random_call(void)
{
	struct cap_sqe call = {
		.op = CAP_OP_CALL,
		.target = ANY_OF(timer, timer, null_cap),
		.method = (uint16_t)ANY_OF(TIMER_METHOD_NOW, TIMER_METHOD_SLEEP_UNTIL, 2, 65535),
		.user_data = 9,
		.addr = process.message + ANY_OF(0, 8, 16, 64, 4, 1),
		.len = (uint32_t)ANY_OF(16, 24, 24, 32, 40, 48, 56, 0, 8, 15, 17, 23),
		.result_len = (uint32_t)ANY_OF(48, 48, 64, 24, 16, 23, 15, 8, 0),
		/* Zero is no deadline; the past is one. */
		.deadline_ns = ANY_OF(0, 0, 0, UINT64_MAX, 1),
	};

	/* The end of the ring, or just before it. */
	if (rand() % 8 == 0)
		call.addr = process.message + process.message_bytes - ANY_OF(48, 40, 24, 16, 8);
	return call;
}

TEST(a_call_of_scalars_is_answered_as_any_other)
{
	uint64_t words[ROOM / 8];
	uint32_t ended_well = 0;
	uint32_t refused = 0;
	uint32_t pending = 0;

	start();
	srand(1);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct cap_sqe call = random_call();
		uaddr_t end = process.message + process.message_bytes;
		size_t room = end - call.addr < ROOM ? (size_t)(end - call.addr) : ROOM;
		struct outcome one;
		struct outcome other;

		message_fill(words, call.len);
		world_write(&process, call.addr, words, room);
		call.result_addr = call.addr;
		one = run(call);
		world_read(&process, call.result_addr, one.bytes, room);
		world_write(&process, call.addr, words, room);
		call.result_addr = process.message + 256 + call.addr % 8;
		world_write(&process, call.result_addr, words, room);
		other = run(call);
		world_read(&process, call.result_addr, other.bytes, room);
		/* What does not lie in the ring is refused by both, but not the same bytes of it.
		 */
		if (call.addr + call.result_len > end)
			continue;
		CHECK_EQ(one.result, other.result);
		if (one.result != 1)
			CHECK_MEMORY(one.bytes, other.bytes,
			    call.result_len < room ? call.result_len : room);
		ended_well += one.result >= 0 && one.result != 1;
		refused += one.result < 0;
		pending += one.result == 1;
	}
	CHECK(ended_well > ROUNDS / 50 && refused > ROUNDS / 50 && pending > ROUNDS / 100);
	CHECK_EQ(ring_in_flight(process.thread->ring), 0);
}

static struct cap_sqe
sleep_call(uint64_t until_ns)
{
	uint64_t words[] = { UINT64_C(2) << 32, UINT64_C(1) << 32, until_ns };

	world_write(&process, process.message, words, sizeof(words));
	return (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = timer,
		.method = TIMER_METHOD_SLEEP_UNTIL,
		.user_data = 9,
		.addr = process.message,
		.len = sizeof(words),
		.result_addr = process.message,
		.result_len = 48 };
}

TEST(results_may_overwrite_the_parameters)
{
	start();
	CHECK_EQ(run(sleep_call(sim.now_ns + 5000)).result, 1);
	CHECK_EQ(run(sleep_call(sim.now_ns)).result, 16);
}

TEST(a_method_of_scalars_that_fails_answers_with_an_exception)
{
	struct ledger *ledger;

	start();
	ledger = process.process->ledger;
	ledger->limit[LEDGER_KERNEL_BYTES] = ledger->used[LEDGER_KERNEL_BYTES];
	CHECK_EQ(run(sleep_call(sim.now_ns + 5000)).result, CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(ring_in_flight(process.thread->ring), 0);
}

TEST(results_do_not_leave_the_ring)
{
	/* A message at the very end of the region: there is no room for what is one word longer. */
	uint64_t words[] = { UINT64_C(1) << 32, UINT32_C(0xfffffffc) };
	struct cap_sqe call = { .op = CAP_OP_CALL,
		.method = TIMER_METHOD_NOW,
		.user_data = 9,
		.len = sizeof(words),
		.result_len = 48 };

	start();
	call.target = timer;
	call.addr = process.message + process.message_bytes - sizeof(words);
	call.result_addr = call.addr;
	world_write(&process, call.addr, words, sizeof(words));
	CHECK_EQ(run(call).result, CAP_ERR_INVALID_BUFFER);
}
