/* SPDX-License-Identifier: Apache-2.0 */
/* The ring without help; see raw_ring.h. */
#include "raw_ring.h"

#include <abi/start.h>

void
raw_ring_begin(struct raw_ring *raw)
{
	uint8_t *region = (uint8_t *)USER_RING_ADDRESS;

	raw->ring = (volatile struct cap_ring *)(void *)region;
	raw->sq = (volatile struct cap_sqe *)(void *)(region + raw->ring->sq_offset);
	raw->cq = (volatile struct cap_cqe *)(void *)(region + raw->ring->cq_offset);
	raw->message = region + raw->ring->message_offset;
	raw->sq_tail = raw->ring->sq_tail;
	raw->cq_head = raw->ring->cq_head;
	raw->in_flight = 0;
}

int64_t
raw_syscall(uint64_t number, uint64_t argument0, uint64_t argument1)
{
	int64_t result;

	__asm__ volatile("syscall"
	    : "=a"(result), "+D"(argument0), "+S"(argument1)
	    : "a"(number)
	    : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
	return result;
}

int64_t
raw_enter(uint64_t min_complete, uint64_t deadline_ns)
{
	return raw_syscall(SYSCALL_CAP_ENTER, min_complete, deadline_ns);
}

void
raw_submit(struct raw_ring *raw, const struct cap_sqe *sqe)
{
	/* The runtime may have had its turn. */
	if (raw->in_flight == 0)
		raw_ring_begin(raw);
	raw->sq[raw->sq_tail % raw->ring->sq_entries] = *sqe;
	raw->sq_tail++;
	raw->in_flight++;
	/* Pairs with the kernel's acquire load in ring_take(). */
	__atomic_store_n(&raw->ring->sq_tail, raw->sq_tail, __ATOMIC_RELEASE);
}

bool
raw_complete(struct raw_ring *raw, struct cap_cqe *cqe)
{
	if (__atomic_load_n(&raw->ring->cq_tail, __ATOMIC_ACQUIRE) == raw->cq_head &&
	    raw_enter(1, CAP_DEADLINE_NONE) < 0)
		return false;
	*cqe = raw->cq[raw->cq_head % raw->ring->cq_entries];
	raw->cq_head++;
	raw->in_flight--;
	__atomic_store_n(&raw->ring->cq_head, raw->cq_head, __ATOMIC_RELEASE);
	return true;
}

int64_t
raw_run(struct raw_ring *raw, const struct cap_sqe *sqe)
{
	struct cap_cqe cqe;
	int64_t entered;

	raw_submit(raw, sqe);
	entered = raw_enter(1, CAP_DEADLINE_NONE);
	if (entered < 0)
		return entered;
	return raw_complete(raw, &cqe) ? cqe.result : INT64_MIN;
}
