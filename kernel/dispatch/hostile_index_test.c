/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile entries: indexes of the ring, what cap_enter waits for, system calls that are none. */
#include "arch/sim/hostile.h"

/* What is written to the ring besides what is right, and the arguments. */
struct hostile_entry_case {
	const char *what;
	uint32_t tail, head; /* added */
	uint64_t number, argument0, argument1;
	enum cap_status expected;
};

#define INDEXES(tail_added, head_added)                                                            \
	{ "tail + " #tail_added ", head + " #head_added, (uint32_t)(tail_added),                   \
		(uint32_t)(head_added), 0, 0, 0, CAP_ERR_RING_CORRUPT }
#define ENTER(error, min_complete, deadline)                                                       \
	{ "enter " #min_complete ", " #deadline, 0, 0, 0, (min_complete), (deadline),              \
		CAP_ERR_##error }
#define SYSCALL(call_number)                                                                       \
	{ "system call " #call_number, 0, 0, (call_number), 1, 2, CAP_ERR_UNKNOWN_SYSCALL }

/* Where the process's tail points stand submissions that would be seen if they were run. */
static void
fill_queue(struct world_process *process)
{
	const struct cap_sqe signal = { .op = CAP_OP_SIGNAL,
		.target = hostile_id(HOSTILE_SIGNALLER),
		.addr = 1,
		.user_data = 99 };

	for (uint32_t i = 0; i < process->ring->sq_entries; i++)
		world_submit(process, &signal);
	process->ring->sq_tail -= process->ring->sq_entries;
}

static void
check_entry(struct world_process *process, const struct hostile_entry_case *c)
{
	struct cap_ring *ring = process->ring;
	struct hostile_snapshot before, after;
	uint32_t head = ring->cq_head;
	struct cap_cqe cqe;
	int64_t result;

	/* The kernel knows what was reaped: a head before it is forged, too. */
	CHECK_EQ(world_enter(process, 0, 0), 0);
	before = hostile_snapshot();
	ring->sq_tail += c->tail;
	ring->cq_head += c->head;
	result = world_syscall(process, c->number, c->argument0, c->argument1);
	ring->cq_head = head;
	ring->sq_tail = ring->sq_head;
	world_settle();
	after = hostile_snapshot();
	if (result != (int64_t)c->expected || memcmp(&before, &after, sizeof(before)) != 0)
		(void)printf("%s: %lld\n", c->what, (long long)result);
	CHECK_EQ(result, c->expected);
	CHECK(!world_reap(process, &cqe));
	CHECK_MEMORY(&before, &after, sizeof(before));
	/* Where the queue goes on is what the process was told: it can be used again. */
	CHECK_EQ(world_do(process, &(struct cap_sqe){ .user_data = 5 }).user_data, 5);
	fill_queue(process);
}

static void
check_entries(const struct hostile_entry_case *cases, size_t count)
{
	struct world_process *process = hostile_start();

	fill_queue(process);
	for (size_t i = 0; i < count; i++)
		check_entry(process, &cases[i]);
}

TEST(indexes_that_cannot_be)
{
	static const struct hostile_entry_case cases[] = {
		INDEXES(17, 0),
		INDEXES(18, 0),
		INDEXES(32, 0),
		INDEXES(255, 0),
		INDEXES(0x7fffffff, 0),
		INDEXES(0x80000000, 0),
		INDEXES(0x80000001, 0),
		INDEXES(-1, 0),
		INDEXES(-2, 0),
		INDEXES(-15, 0),
		INDEXES(-16, 0),
		INDEXES(-17, 0),
		INDEXES(-32, 0),
		INDEXES(0, 1),
		INDEXES(0, 2),
		INDEXES(0, 32),
		INDEXES(0, 33),
		INDEXES(0, 0x7fffffff),
		INDEXES(0, 0x80000000),
		INDEXES(0, -1),
		INDEXES(0, -32),
		INDEXES(0, -33),
		INDEXES(1, 1),
		INDEXES(16, -1),
		INDEXES(17, 1),
		INDEXES(-1, -1),
		INDEXES(0x80000000, 0x80000000),
	};

	check_entries(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(a_process_whose_indexes_cannot_be_runs_for_its_slice_alone)
{
	struct world_process corrupt, other;

	world_start();
	corrupt = world_process(NULL);
	other = world_process(NULL);
	corrupt.ring->cq_head++;
	CHECK_EQ(world_enter(&corrupt, 0, 0), CAP_ERR_RING_CORRUPT);
	/* It makes no room for the other one, and need not be asked. */
	CHECK_EQ(world_enter(&other, 0, 0), 0);
	CHECK_EQ(world_enter(&corrupt, 0, 0), CAP_ERR_RING_CORRUPT);
}

TEST(waits_that_cannot_be)
{
	static const struct hostile_entry_case cases[] = {
		ENTER(INVALID_REQUEST, 33, 0),
		ENTER(INVALID_REQUEST, 34, CAP_DEADLINE_NONE),
		ENTER(INVALID_REQUEST, 0x7fffffff, 0),
		ENTER(INVALID_REQUEST, 0x40000000, 0),
		ENTER(INVALID_REQUEST, UINT64_C(1) << 32, 0),
		ENTER(INVALID_REQUEST, UINT64_C(1) << 63, 0),
		ENTER(INVALID_REQUEST, UINT64_MAX, 0),
		ENTER(INVALID_REQUEST, CAP_ENTER_YIELD | 1, 0),
		ENTER(INVALID_REQUEST, CAP_ENTER_YIELD | 32, 0),
		ENTER(INVALID_REQUEST, CAP_ENTER_YIELD, 1),
		ENTER(INVALID_REQUEST, CAP_ENTER_YIELD, CAP_DEADLINE_NONE),
		ENTER(UNENDABLE_WAIT, 32, CAP_DEADLINE_NONE),
	};

	check_entries(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(system_calls_that_do_not_exist)
{
	static const struct hostile_entry_case cases[] = {
		SYSCALL(2),
		SYSCALL(3),
		SYSCALL(59),
		SYSCALL(60),
		SYSCALL(255),
		SYSCALL(256),
		SYSCALL(UINT32_MAX),
		SYSCALL(UINT64_C(1) << 32),
		SYSCALL((UINT64_C(1) << 32) | 1),
		SYSCALL(UINT64_C(1) << 63),
		SYSCALL(UINT64_MAX),
		SYSCALL(UINT64_MAX - 1),
	};

	check_entries(cases, sizeof(cases) / sizeof(cases[0]));
}

/* The snapshot sees what submissions do that are accepted, each in its own way. */
TEST(what_is_compared_changes_with_what_is_accepted)
{
	const struct cap_sqe accepted[] = {
		{ .op = CAP_OP_RELEASE, .target = HOSTILE_TIMER },
		{ .op = CAP_OP_RELEASE, .target = HOSTILE_REVOKED },
		{ .op = CAP_OP_SIGNAL, .target = HOSTILE_SIGNALLER, .addr = 1 },
		{ .op = CAP_OP_WAIT, .target = HOSTILE_NOTIFICATION, .addr = 1 },
		{ .op = CAP_OP_RECV, .target = HOSTILE_OWNER, .result_len = 64 },
		{ .op = CAP_OP_CALL, .target = HOSTILE_FACET, .addr = HOSTILE_MESSAGE },
		{ .op = CAP_OP_RETURN, .target = HOSTILE_CALL, .addr = HOSTILE_MESSAGE },
		{ .op = CAP_OP_FINISH, .flags = CAP_SQE_ANSWER, .target = HOSTILE_ANSWER },
	};

	for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
		struct world_process *process = hostile_start();
		struct hostile_snapshot before = hostile_snapshot();
		struct hostile_snapshot after;
		struct cap_sqe sqe = accepted[i];

		if (sqe.op != CAP_OP_FINISH)
			sqe.target = hostile_id((enum hostile_target)sqe.target);
		world_submit(process, &sqe);
		CHECK(world_enter(process, 0, 0) >= 0);
		after = hostile_snapshot();
		if (memcmp(&before, &after, sizeof(before)) == 0)
			(void)printf("case %zu is not seen\n", i);
		CHECK(memcmp(&before, &after, sizeof(before)) != 0);
	}
}

TEST(one_byte_of_memory_is_compared)
{
	struct world_process *process = hostile_start();
	struct hostile_snapshot before = hostile_snapshot();
	struct hostile_snapshot after = hostile_snapshot();

	CHECK_MEMORY(&before, &after, sizeof(before));
	world_write(process, HOSTILE_MESSAGE + process->message_bytes - 1, "x", 1);
	after = hostile_snapshot();
	CHECK_NE(before.memory, after.memory);
}
