/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about kernel/ring/ring.c. From any state of a ring that keeps its invariant, with any
 * values of its counters, each step keeps it, although the process rewrites all that it shares
 * before every look: so the claims hold after any number of steps.
 */
#include <stdbool.h>
#include <stdint.h>

static void process_rewrites(void);
#define PROOF_INTERFERE() process_rewrites()

#include "kernel_base.h"
#include "ring/ring.h"

#ifndef ENTRIES
#define ENTRIES 2 /* of both queues: the smallest size in which order and wrap-around show */
#endif

/* The largest ring is as small as the one that is looked at: CBMC follows every op of it. */
#undef RING_OPS_MAX
#define RING_OPS_MAX ENTRIES
#include "ring/ring.c"

#include "ring/op_deadline.c"

static struct {
	struct cap_ring header;
	struct cap_sqe sq[ENTRIES];
	struct cap_cqe cq[ENTRIES];
} region;
static struct ring ring;
static uint32_t waits_over;

/* The process owns these words; the kernel's own are looked at by nobody in the kernel. */
static void
process_rewrites(void)
{
	region.header.sq_tail = any_u32();
	region.header.cq_head = any_u32();
	region.header.sq_head = any_u32();
	region.header.cq_tail = any_u32();
}

static uint32_t
unread(void)
{
	return ring.cq_tail - ring.cq_head;
}

/* Each op is free, or in flight, or posted once; none is two of these. */
static bool
is_sound(void)
{
	uint32_t posted = 0;
	uint32_t taken = ring.sq_head - ring.skipped - ring.cq_head;

	if (taken > ENTRIES || unread() > taken || ring.sq_tail - ring.sq_head > ENTRIES)
		return false;
	for (uint32_t i = 0; i < ENTRIES; i++) {
		uint32_t op = ring.posted[(ring.cq_head + i) & (ENTRIES - 1)];

		if (i >= unread())
			continue;
		if (op >= ENTRIES || (posted >> op & 1) != 0)
			return false;
		posted |= 1U << op;
	}
	return ring.free_ops < 1U << ENTRIES && (posted & ring.free_ops) == 0 &&
	    (uint32_t)__builtin_popcount(ring.free_ops) == ENTRIES - taken;
}

static void
set_up(void)
{
	ring.shared = &region.header;
	ring.sq = region.sq;
	ring.cq = region.cq;
	ring.sq_mask = ENTRIES - 1;
	ring.cq_mask = ENTRIES - 1;
	/* As of a tapped ring, or of another. */
	ring.sq_ready_max = any_bool() ? 0 : ENTRIES;
	ring.sq_head = any_u32();
	ring.sq_tail = any_u32();
	ring.skipped = any_u32();
	ring.cq_head = any_u32();
	ring.cq_tail = any_u32();
	ring.free_ops = any_u32();
	ring.wait_count = any_u32();
	ring.address = any_u64();
	ring.region_bytes = sizeof(region);
	for (uint32_t i = 0; i < ENTRIES; i++) {
		ring.posted[i] = (uint8_t)any_u32();
		ring.ops[i].index = (uint8_t)i;
		ring.ops[i].ring = &ring;
		region.sq[i].op = (uint8_t)any_u32();
		region.sq[i].target = any_u64();
		region.sq[i].user_data = any_u64();
	}
	GIVEN(is_sound());
}

void
prove_refresh_bounds_forged_indexes(void)
{
	uint32_t head;
	uint32_t cq_head;
	bool valid;

	set_up();
	head = ring.sq_head;
	cq_head = ring.cq_head;
	valid = ring_refresh(&ring);
	PROVE(is_sound(), "the invariant is kept");
	PROVE(ring_ready(&ring) <= ENTRIES, "no more is ready than the queue holds");
	PROVE(ring_unread(&ring) <= ENTRIES, "no more is unread than the queue holds");
	if (valid || !ring.is_refused)
		PROVE(ring.sq_head == head, "nothing is skipped");
	else
		PROVE(ring.cq_head == cq_head || ring.sq_head != head,
		    "a forged cq_head reaps nothing");
}

void
prove_take_uses_each_position_once(void)
{
	struct ring_bare bare;
	struct op *op = NULL;
	uint32_t head;
	uint32_t outstanding;
	uint32_t free_ops;
	enum ring_take taken;
	bool is_bare;

	set_up();
	GIVEN(ring_ready(&ring) != 0);
	head = ring.sq_head;
	outstanding = ring_outstanding(&ring);
	free_ops = ring.free_ops;
	taken = ring_take(&ring, &op, &bare);
	/* One that was taken without an op ends straight, or gets its op after all. */
	is_bare = taken == RING_RETURN || taken == RING_SIGNAL || taken == RING_RELEASE;
	if (is_bare && any_below(2) == 0)
		ring_bare_end(&ring, bare);
	else if (is_bare)
		op = ring_bare_op(&ring, bare);
	PROVE(is_sound(), "the invariant is kept");
	PROVE((taken == RING_FULL) == (free_ops == 0), "full exactly without a free op");
	if (taken == RING_FULL) {
		PROVE(ring.sq_head == head && op == NULL, "nothing is fetched");
		return;
	}
	PROVE(ring.sq_head == head + 1, "the position is never taken again");
	PROVE(ring_outstanding(&ring) == outstanding + 1, "one completion is owed");
	if (op == NULL)
		return;
	PROVE((free_ops >> op->index & 1) != 0, "its op was free");
	PROVE(op->state == OP_PENDING && op->sequence == head + 1, "it is pending");
}

void
prove_an_op_ends_once(void)
{
	struct op_result result = { .result = (int32_t)any_u32() };
	struct op *op;
	uint32_t before;
	uint32_t place;
	bool first;

	set_up();
	op = &ring.ops[any_below(ENTRIES)];
	GIVEN((ring.free_ops >> op->index & 1) == 0);
	for (uint32_t i = 0; i < ENTRIES; i++)
		GIVEN(
		    i >= unread() || ring.posted[(ring.cq_head + i) & (ENTRIES - 1)] != op->index);
	op->state = (uint8_t)any_below(OP_POSTED + 1);
	op->sqe.user_data = any_u64();
	first = op->state == OP_PENDING;
	before = ring.cq_tail;
	place = before & (ENTRIES - 1);
	PROVE(op_claim_end(op) == first, "claimed exactly if it was pending");
	PROVE(!op_claim_end(op), "nobody claims it after that");
	if (!first)
		return;
	op_complete(op, &result);
	PROVE(is_sound(), "the invariant is kept: no completion that is unread was overwritten");
	PROVE(ring.cq_tail == before + 1, "one completion");
	PROVE(region.cq[place].user_data == op->sqe.user_data &&
		region.cq[place].result == result.result,
	    "it is this op's");
	PROVE(!op_claim_end(op), "nobody claims it after that");
}

/* Any address and size that a process names. */
void
prove_pinned_ranges_lie_in_the_region(void)
{
	uint64_t address = any_u64();
	uint64_t bytes = any_u64();
	uint32_t words = any_below(8192);
	uint64_t *found;
	char *range;

	set_up();
	range = ring_pinned(&ring, address, bytes);
	if (range != NULL)
		PROVE((uint64_t)(range - (char *)&region) <= sizeof(region) &&
			bytes <= sizeof(region) - (uint64_t)(range - (char *)&region),
		    "inside, the last byte too");
	GIVEN(words * sizeof(uint64_t) <= ring.region_bytes);
	found = ring_pinned_words(&ring, address, words);
	if (found != NULL)
		PROVE((uint64_t)((char *)found - (char *)&region) <=
			sizeof(region) - words * sizeof(uint64_t),
		    "inside, the last word too");
}

void
ring_wait_over(struct thread *thread, uint32_t count, bool hands_over)
{
	(void)thread;
	(void)count;
	(void)hands_over;
	waits_over++;
}

/* Deadlines and memory are no part of these claims: no op here has extras. */
void
pool_init(struct pool *pool, const char *name, size_t object_bytes)
{
	(void)pool;
	(void)name;
	(void)object_bytes;
}

enum cap_status
pool_alloc(struct pool *pool, struct ledger *payer, void **out)
{
	(void)pool;
	(void)payer;
	(void)out;
	return CAP_ERR_NO_MEMORY;
}

void
pool_free(struct pool *pool, struct ledger *payer, void *object)
{
	(void)pool;
	(void)payer;
	(void)object;
}
