/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised calls at random: a client that names answers, calls on them, finishes and cancels, with
 * deadlines; a server that answers, fails, or lets calls lie; and what holds whatever they do. Each
 * submission ends once. Calls on one promise are served in their order. When all is over,
 * everything that was charged is back.
 */
#include "arch/sim/promise_pair.h"
#include "ipc/answer.h"
#include "proc/process.h"

#define ROUNDS 400
#define STEPS 120
#define NAMES 6
#define OPEN_MAX 128

static uint64_t state;

static uint32_t
below(uint32_t bound)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % bound;
}

/* What the client has submitted: a number for each submission, which is its user data. */
static struct run {
	struct pair pair;
	uint64_t last;		    /* number of the newest */
	uint64_t open[OPEN_MAX];    /* not ended */
	uint64_t promise[OPEN_MAX]; /* the target of a promised one; 0: another one */
	uint32_t open_count;
	uint64_t served[NAMES + 1]; /* by promise: the newest that came to the server */
	uint32_t generation[NAMES + 1];
	uint64_t held[OPEN_MAX]; /* calls that the server has */
	uint32_t held_count;
	uint32_t promised, kept, broken;
} run_state;

static struct run *const at = &run_state;

static void
open_add(uint64_t number, uint64_t promise)
{
	CHECK(at->open_count < OPEN_MAX);
	at->open[at->open_count] = number;
	at->promise[at->open_count++] = promise;
}

/* Every completion is of a submission that has not ended. */
static void
reap_all(void)
{
	struct cap_cqe cqe;

	while (world_reap(&at->pair.client, &cqe)) {
		uint32_t i = 0;

		while (i < at->open_count && at->open[i] != cqe.user_data)
			i++;
		CHECK(i < at->open_count);
		at->broken += cqe.result == CAP_ERR_BROKEN_PROMISE ||
		    (cqe.result == CAP_ERR_APPLICATION_EXCEPTION && at->promise[i] != 0);
		at->open_count--;
		at->open[i] = at->open[at->open_count];
		at->promise[i] = at->promise[at->open_count];
		if (cqe.cap_count != 0 && cqe.cap_id != 0 && below(2) == 0)
			CHECK_EQ(
			    cap_table_release(at->pair.client.process->table, cqe.cap_id), CAP_OK);
	}
}

static bool
has_room(void)
{
	return ring_outstanding(at->pair.client.thread->ring) < 24;
}

static void
client_posts(struct cap_sqe sqe, uint64_t promise)
{
	sqe.user_data = ++at->last;
	open_add(at->last, promise);
	world_submit(&at->pair.client, &sqe);
	if (below(3) != 0)
		CHECK(world_enter(&at->pair.client, 0, 0) >= 0);
}

/* The number goes with the call, so that the server knows which one it is. */
static struct cap_sqe
any_call(void)
{
	struct cap_sqe sqe = call_of(&at->pair, 0);

	sqe.addr = WORLD_DATA + (at->last + 1) % 64 * 32;
	world_write(&at->pair.client, sqe.addr, &(uint64_t){ at->last + 1 }, 8);
	sqe.addr = sqe.addr;
	sqe.len = 16;
	sqe.result_addr = WORLD_DATA + 8192 + (at->last + 1) % 64 * 128;
	sqe.result_len = below(4) == 0 ? 0 : 128;
	sqe.deadline_ns = below(6) == 0 ? sim.now_ns + below(5000) : 0;
	if (below(2) == 0)
		return sqe;
	sqe.answer_id = 1 + below(NAMES);
	sqe.cap_max = (uint8_t)below(4);
	sqe.flags = below(2) == 0 ? CAP_SQE_ANSWER_ONLY : 0;
	return sqe;
}

static void
client_calls(void)
{
	struct cap_sqe sqe = any_call();
	uint32_t id = 1 + below(NAMES);

	if (below(3) == 0) {
		client_posts(sqe, 0);
		return;
	}
	sqe = promised(sqe, id, below(8) == 0 ? 1 : 0);
	sqe.flags |= below(4) == 0 ? CAP_SQE_LAST : 0;
	at->promised++;
	client_posts(sqe, id);
}

static void
client_steps(void)
{
	if (!has_room()) {
		CHECK(world_enter(&at->pair.client, 0, 0) >= 0);
		reap_all();
	}
	switch (below(8)) {
	case 0:
		if (has_room())
			client_posts(finish_of(1 + below(NAMES)), 0);
		break;
	case 1:
		if (has_room() && at->open_count != 0)
			client_posts((struct cap_sqe){ .op = CAP_OP_FINISH,
					 .target = at->open[below(at->open_count)] },
			    0);
		break;
	case 2:
		sim_time_pass(below(3000));
		CHECK(world_enter(&at->pair.client, 0, 0) >= 0);
		break;
	default:
		if (has_room())
			client_calls();
		break;
	}
	reap_all();
}

static void
server_answers(void)
{
	uint32_t which = below(at->held_count);
	uint64_t call_id = at->held[which];
	const struct cap_transfer entry = { .cap_id = below(3) == 0 ? at->pair.timer : at->pair.own,
		.mode = CAP_TRANSFER_COPY };
	int32_t result;

	switch (below(6)) {
	case 0:
		result = answer_exception(&at->pair, call_id, (enum exception_type)below(4));
		break;
	case 1:
		result = answer_plain(&at->pair, call_id);
		break;
	case 2:
		result = answer_with(&at->pair, call_id, (struct cap_transfer){ .mode = 0 });
		break;
	default:
		result = answer_with(&at->pair, call_id, entry);
		break;
	}
	CHECK(result == 0 || result == CAP_ERR_CALL_GONE || result == CAP_ERR_TOO_MANY_CAPS);
	at->kept += result == 0;
	if (result != CAP_ERR_TOO_MANY_CAPS)
		at->held[which] = at->held[--at->held_count];
}

/* Calls of one client come in the order of their queue: of one promise, in that of submission. */
static void
server_receives(void)
{
	uint64_t call_id = 0;
	uint64_t number = 0;

	if (at->held_count == OPEN_MAX || receive(&at->pair, &call_id) < 0)
		return;
	at->held[at->held_count++] = call_id;
	world_read(&at->pair.server, at->pair.server.message + sizeof(struct cap_delivery), &number,
	    sizeof(number));
	for (uint32_t i = 0; i < at->open_count; i++) {
		uint64_t promise = at->promise[i];

		if (at->open[i] != number || promise == 0)
			continue;
		CHECK(number > at->served[promise]);
		at->served[promise] = number;
	}
}

static void
finish_all(void)
{
	for (uint32_t id = 1; id <= NAMES; id++) {
		world_submit(&at->pair.client,
		    &(struct cap_sqe){ .op = CAP_OP_FINISH,
			.flags = CAP_SQE_ANSWER,
			.target = id,
			.user_data = ++at->last });
		open_add(at->last, 0);
	}
	CHECK(world_enter(&at->pair.client, 0, 0) >= 0);
	reap_all();
}

/* Everything is answered or cancelled, and nothing is left to be had. */
static void
end_quietly(void)
{
	struct ledger *ledger = at->pair.client.process->ledger;

	for (uint32_t i = 0; i < 200 && at->open_count != 0; i++) {
		server_receives();
		if (at->held_count != 0)
			(void)answer_plain(&at->pair, at->held[--at->held_count]);
		CHECK(world_enter(&at->pair.client, 0, 0) >= 0);
		reap_all();
	}
	CHECK_EQ(at->open_count, 0);
	finish_all();
	CHECK_EQ(at->open_count, 0);
	CHECK_EQ(ledger->used[LEDGER_CAP_SLOTS], cap_table_used(at->pair.client.process->table));
	CHECK_EQ(ledger->used[LEDGER_ENDPOINT_CALLS], 0);
}

static void
end_client(void)
{
	const struct process_exit exit = { .kind = 0 };
	struct ledger *ledger = at->pair.client.process->ledger;

	ledger_get(ledger);
	process_exit(at->pair.client.thread, &exit);
	world_settle();
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		CHECK_EQ(ledger->used[i], i == LEDGER_KERNEL_BYTES ? ledger->used[i] : 0);
	ledger_put(ledger);
}

TEST(whatever_is_promised_each_call_ends_once_and_nothing_is_left)
{
	uint32_t promised_calls = 0;
	uint32_t kept = 0;
	uint32_t broken = 0;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		state = UINT64_C(0x9e3779b97f4a7c15) * (round + 1);
		memset(at, 0, sizeof(*at));
		at->pair = pair_start();
		for (uint32_t i = 0; i < STEPS; i++) {
			if (below(5) < 3)
				client_steps();
			else if (at->held_count == 0 || below(2) == 0)
				server_receives();
			else
				server_answers();
		}
		if (round % 2 == 0)
			end_quietly();
		end_client();
		promised_calls += at->promised;
		kept += at->kept;
		broken += at->broken;
	}
	/* It went everywhere. */
	CHECK(promised_calls > ROUNDS * 10);
	CHECK(kept > ROUNDS * 5);
	CHECK(broken > ROUNDS);
}
