/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring of a process: kernel/ring/ring.c on one side, lib/capos/ring.h on the other. Entries are
 * written whole before they are shown; here one word stands for what is written to an entry, and a
 * thread touches it where it touches the entry.
 */
#include "order.h"

#include <capos/ring.h>

#include "ring/ring.c"

static struct {
	struct cap_ring header;
	struct cap_sqe sq[1];
	struct cap_cqe cq[1];
} region;
static struct ring kernel;
static struct capos process;
static uint64_t entry;
static struct capos_completion completion;

NO_LOCK_ANALYSIS void
spin_lock(struct spinlock *lock)
{
	(void)lock;
}

NO_LOCK_ANALYSIS void
spin_unlock(struct spinlock *lock)
{
	(void)lock;
}

void
ring_wait_over(struct thread *thread, uint32_t unread, bool hands_over)
{
	(void)thread;
	(void)unread;
	(void)hands_over;
}

static void
entry_is_read(struct capos_completion *done, const struct cap_cqe *cqe)
{
	(void)done;
	(void)cqe;
	order_plain_read(&entry);
}

/* Of one entry each: the next use of it waits for the other side. */
static void
start(void)
{
	memset(&region, 0, sizeof(region));
	kernel = (struct ring){ .shared = &region.header,
		.sq = region.sq,
		.cq = region.cq,
		.sq_ready_max = 1,
		.free_ops = 1 };
	kernel.ops[0].ring = &kernel;
	process = (struct capos){ .ring = &region.header, .sq = region.sq, .cq = region.cq };
	completion.done = entry_is_read;
}

static void
submit(void)
{
	order_plain_write(&entry);
	capos_submitted(&process);
}

static void
queue(void)
{
	order_plain_write(&entry);
	capos_queue(&process, (struct capos_sqe_words){ 0 });
	/* What it waits for in any program: the place is free again. */
	if (__atomic_load_n(&region.header.sq_head, __ATOMIC_ACQUIRE) == 1)
		order_plain_write(&entry);
}

static void
take(void)
{
	struct ring_bare bare;
	struct op *op;

	if (!ring_refresh(&kernel) || ring_ready(&kernel) == 0)
		return;
	order_plain_read(&entry);
	(void)ring_take(&kernel, &op, &bare);
}

static void
post(void)
{
	const struct op_result result = { 0 };

	order_plain_write(&entry);
	post_locked(
	    &kernel, (struct post){ .user_data = (uint64_t)(uintptr_t)&completion }, &result);
}

static void
reap_completions(void)
{
	(void)capos_reap(&process);
}

/* Of the completion that is there. */
static void
start_completed(void)
{
	start();
	kernel.sq_head = 1;
	kernel.cq_tail = 1;
	region.header.cq_tail = 1;
}

static void
pass(void)
{
	order_plain_read(&entry);
	process.cq_head++;
	capos_passed(&process);
}

static void
post_again(void)
{
	(void)ring_refresh(&kernel);
	if (kernel.cq_head == 1)
		post();
}

/* The owner's processor, after the process has said that it reaped what another one posted. */
static void
free_the_op(void)
{
	region.header.cq_head = 1;
	(void)ring_refresh(&kernel);
	if (kernel.cq_head == 1)
		order_plain_read(&entry);
}

static bool
holds(void)
{
	return true;
}

static const struct order_program programs[] = {
	{ "a submission is whole", start, { submit, take }, holds },
	{ "the place of a submission is used again when it was read", start, { queue, take },
	    holds },
	{ "a completion is whole", start, { post, reap_completions }, holds },
	{ "the place of a completion is used again when it was read", start_completed,
	    { pass, post_again }, holds },
	{ "the op of a completion is known to the owner", start, { post, free_the_op }, holds },
};

int
main(void)
{
	return order_explore_all(programs, sizeof(programs) / sizeof(programs[0]));
}
