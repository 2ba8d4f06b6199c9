/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A position of the submission queue is dispatched at most once, whatever its process writes to the
 * ring. Positions go on for ever: an index that is set back is forged, and what is submitted from
 * there is another position, judged by what the process has then.
 */
#include "arch/sim/hostile.h"

static struct cap_sqe *
queue_of(struct world_process *process)
{
	return (struct cap_sqe *)(void *)((char *)process->ring + process->ring->sq_offset);
}

TEST(a_submission_that_is_rewritten_is_the_one_that_was_taken)
{
	struct world_process *process = hostile_start();
	const struct cap_sqe wait = { .op = CAP_OP_WAIT,
		.target = hostile_id(HOSTILE_NOTIFICATION),
		.addr = 1,
		.user_data = 7 };
	const struct cap_sqe signal = { .op = CAP_OP_SIGNAL,
		.target = hostile_id(HOSTILE_SIGNALLER),
		.addr = 3,
		.user_data = 8 };
	struct hostile_snapshot before, after;
	struct cap_cqe cqe;

	world_submit(process, &wait);
	CHECK_EQ(world_enter(process, 0, 0), 0);
	before = hostile_snapshot();
	for (uint32_t i = 0; i < process->ring->sq_entries; i++)
		queue_of(process)[i] = (struct cap_sqe){
			.op = CAP_OP_RELEASE, .target = hostile_id(HOSTILE_TIMER), .user_data = 666
		};
	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(world_enter(process, 0, 0), 0);
	after = hostile_snapshot();
	CHECK_MEMORY(&before, &after, sizeof(before));
	world_submit(process, &signal);
	CHECK_EQ(world_enter(process, 0, 0), 2);
	CHECK(world_reap(process, &cqe));
	CHECK_EQ(cqe.user_data, 7);
	CHECK_EQ(cqe.bits, 1);
	CHECK(world_reap(process, &cqe));
	CHECK_EQ(cqe.user_data, 8);
}

TEST(a_move_that_is_submitted_again_by_rewinding_mints_nothing)
{
	struct world_process *process = hostile_start();
	const struct cap_transfer entry = { .cap_id = hostile_id(HOSTILE_TIMER),
		.mode = CAP_TRANSFER_MOVE };
	const struct cap_sqe call = { .op = CAP_OP_CALL,
		.target = hostile_id(HOSTILE_FACET),
		.addr = HOSTILE_MESSAGE,
		.xfer_count = 1,
		.user_data = 7 };
	struct hostile_snapshot before, after;
	struct cap_cqe cqe;

	world_write(process, HOSTILE_MESSAGE, &entry, sizeof(entry));
	world_submit(process, &call);
	CHECK_EQ(world_enter(process, 0, 0), 0);
	before = hostile_snapshot();
	for (uint32_t i = 0; i < 4; i++) {
		process->ring->sq_tail--;
		CHECK_EQ(world_enter(process, 0, 0), CAP_ERR_RING_CORRUPT);
		CHECK_EQ(process->ring->sq_head, process->ring->sq_tail);
		CHECK(!world_reap(process, &cqe));
		/* The same bytes at the next position: what they move is there no more. */
		process->ring->sq_tail++;
		CHECK_EQ(world_enter(process, 0, 0), 1);
		CHECK(world_reap(process, &cqe));
		CHECK_EQ(cqe.result, CAP_ERR_STALE_GENERATION);
		after = hostile_snapshot();
		CHECK_MEMORY(&before, &after, sizeof(before));
	}
}

/* What the process knows: which submissions stand at positions that were taken, in their order. */
static void
check_taken(struct world_process *process, uint32_t *head)
{
	struct cap_ring *ring = process->ring;
	uint32_t ready = ring->sq_tail - *head;
	int64_t result = world_enter(process, 0, 0);
	struct cap_cqe cqe;

	if (ready > ring->sq_entries) {
		CHECK_EQ(result, CAP_ERR_RING_CORRUPT);
		*head = ring->sq_tail;
		ready = 0;
	} else {
		CHECK_EQ(result, ready);
	}
	for (; ready != 0; ready--, ++*head) {
		CHECK(world_reap(process, &cqe));
		CHECK_EQ(
		    cqe.user_data, queue_of(process)[*head & (ring->sq_entries - 1)].user_data);
	}
	CHECK(!world_reap(process, &cqe));
	CHECK_EQ(world_enter(process, 0, 0), 0);
	CHECK(!world_reap(process, &cqe));
}

TEST(whatever_is_written_each_position_has_one_completion)
{
	struct world_process *process = hostile_start();
	uint32_t head = process->ring->sq_head;
	uint64_t state = 1;

	for (uint32_t i = 0; i < process->ring->sq_entries; i++)
		queue_of(process)[i] = (struct cap_sqe){ .op = CAP_OP_NOP };
	for (uint64_t round = 1; round <= 20000; round++) {
		struct cap_ring *ring = process->ring;
		uint32_t random;

		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		random = (uint32_t)(state >> 33);
		queue_of(process)[random % ring->sq_entries] =
		    (struct cap_sqe){ .op = CAP_OP_NOP, .user_data = round };
		if (random & 0x100)
			ring->sq_tail += random >> 10 & 31;
		else if (random & 0x200)
			ring->sq_tail -= random >> 10 & 31;
		/* The kernel's own words are written by it alone. */
		ring->sq_head += random >> 15 & 1;
		ring->cq_tail += random >> 16 & 1;
		ring->cq_tail = ring->cq_head;
		check_taken(process, &head);
	}
}
