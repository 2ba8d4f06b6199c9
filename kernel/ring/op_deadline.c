/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines of ops: memory for a ring's is taken at the first one, and stays as long as the ring.
 */
#include <stdatomic.h>

#include "ring/ring_internal.h"

static struct pool deadlines_pool;

void
op_deadlines_init(void)
{
	pool_init(&deadlines_pool, "ring_deadlines", sizeof(struct ring_deadlines));
}

void
op_deadlines_free(struct ring *ring)
{
	if (ring->deadlines != NULL)
		pool_free(&deadlines_pool, ring->payer, ring->deadlines);
}

static inline struct op_deadline *
deadline_of(const struct op *op)
{
	return &op->ring->deadlines->items[op->index];
}

/* A deadline is armed only under the lock, and only while the op is pending. */
void
op_deadline_drop(struct op *op)
{
	struct op_deadline *item = deadline_of(op);

	spin_lock(&op->ring->lock);
	if (item->op == op)
		(void)deadline_disarm(&item->deadline);
	item->op = NULL;
	spin_unlock(&op->ring->lock);
}

void
op_deadline_pause(struct op *op)
{
	struct ring *ring = op->ring;

	if ((op->extras & OP_TIMED) == 0)
		return;
	spin_lock(&ring->lock);
	(void)deadline_disarm(&deadline_of(op)->deadline);
	spin_unlock(&ring->lock);
}

static void
op_deadline_expired(struct deadline *deadline)
{
	struct op_deadline *item = LIST_ENTRY(deadline, struct op_deadline, deadline);

	/*
	 * Unlinked, no lock held. Another CPU may have ended the op meanwhile: op_cancel() finds
	 * that out by the one end, and op_deadline_drop() cleared `op` under the ring's lock, whose
	 * record outlives this CPU's stay in the kernel. The op is of no later submission: only its
	 * thread begins one, on the CPU where its deadlines are armed, and that is this one.
	 */
	struct op *op = __atomic_load_n(&item->op, __ATOMIC_RELAXED);

	if (op != NULL)
		ring_op_expired(op);
}

enum cap_status
op_deadline_set(struct op *op, uint64_t when_ns)
{
	struct ring *ring = op->ring;
	struct op_deadline *item;
	void *memory;

	if (ring->deadlines == NULL) {
		enum cap_status status = pool_alloc(&deadlines_pool, ring->payer, &memory);

		if (status != CAP_OK)
			return status;
		ring->deadlines = memory;
	}
	item = deadline_of(op);
	deadline_prepare(&item->deadline, op_deadline_expired);
	item->deadline.when_ns = when_ns;
	item->op = op;
	op->extras |= OP_TIMED;
	return CAP_OK;
}

void
op_deadline_arm(struct op *op)
{
	struct ring *ring = op->ring;

	spin_lock(&ring->lock);
	/*
	 * Claimed or posted already: whoever claimed it comes through op_complete() and finds
	 * nothing armed.
	 */
	if (atomic_load_explicit(&op->state, memory_order_relaxed) == OP_PENDING)
		deadline_arm(&deadline_of(op)->deadline, deadline_of(op)->deadline.when_ns);
	spin_unlock(&ring->lock);
}
