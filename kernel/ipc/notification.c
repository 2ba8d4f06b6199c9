/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications; see notification.h. Lifetime: each side is an object of its own. The waiting side
 * keeps a reference to the signalling side until its hold is gone, so that it can give holds out;
 * the signalling side keeps one to the waiting side until it is destroyed, whose memory both are.
 */
#include "ipc/notification.h"

#include "base/assert.h"
#include "cap/process.h"
#include "ipc/endpoint_internal.h"
#include "mm/job.h"
#include "mm/pool.h"
#include "sched/thread.h"

struct notification {
	struct object waiting;
	struct object signalling;
	struct spinlock lock;	/* rank LOCK_RANK_OBJECT */
	struct ledger *payer;	/* [I] a reference */
	uint64_t bits;		/* guarded by lock */
	struct list_node waits; /* guarded by lock: struct op.link */
	uint32_t wait_count;
	bool closed;	  /* nobody holds the waiting side */
	struct job close; /* ends the waits then */
};

static struct pool notification_pool;
static const struct object_type *waiting_type;
static const struct object_type *signalling_type;

void
notification_init(
    const struct object_type *given_waiting_type, const struct object_type *given_signalling_type)
{
	waiting_type = given_waiting_type;
	signalling_type = given_signalling_type;
	pool_init(&notification_pool, "notification", sizeof(struct notification));
}

enum cap_status
notification_create(struct ledger *payer, struct notification **out)
{
	void *memory;
	enum cap_status status = pool_alloc(&notification_pool, payer, &memory);
	struct notification *notification = memory;

	if (status != CAP_OK)
		return status;
	ledger_get(payer);
	notification->payer = payer;
	spin_init(&notification->lock, LOCK_RANK_OBJECT, (uintptr_t)notification);
	list_init(&notification->waits);
	list_init(&notification->close.link);
	object_init(&notification->waiting, waiting_type);
	object_init(&notification->signalling, signalling_type);
	object_get(&notification->waiting); /* the signalling side's */
	*out = notification;
	return CAP_OK;
}

struct object *
notification_waiting_side(struct notification *notification)
{
	return &notification->waiting;
}

struct object *
notification_signalling_side(struct notification *notification)
{
	return &notification->signalling;
}

struct notification *
notification_of_waiting_side(struct object *object)
{
	return LIST_ENTRY(object, struct notification, waiting);
}

struct notification *
notification_of_signalling_side(struct object *object)
{
	return LIST_ENTRY(object, struct notification, signalling);
}

enum job_state
notification_waiting_destroy(struct object *object)
{
	struct notification *notification = notification_of_waiting_side(object);
	struct ledger *payer = notification->payer;

	/* Every op that waits here holds a reference. */
	KASSERT(list_is_empty(&notification->waits));
	pool_free(&notification_pool, payer, notification);
	ledger_put(payer);
	return JOB_DONE;
}

enum job_state
notification_signalling_destroy(struct object *object)
{
	object_put(&notification_of_signalling_side(object)->waiting);
	return JOB_DONE;
}

/* Out of the queue, if it is there. */
static void
unlink_locked(struct notification *notification, struct op *op)
{
	if (op->place != OP_PLACE_NOTIFICATION)
		return;
	list_remove(&op->link);
	op->place = OP_PLACE_NONE;
	notification->wait_count--;
}

static struct op *
first_locked(struct notification *notification)
{
	return LIST_ENTRY(notification->waits.next, struct op, link);
}

/* One WAIT at a closed notification ends; false: none is left. */
static bool
close_one(struct notification *notification)
{
	struct op *op = NULL;

	spin_lock(&notification->lock);
	if (!list_is_empty(&notification->waits)) {
		bool claimed;

		op = first_locked(notification);
		claimed = op_claim_end(op);
		/* Whoever claimed it before us finds it unlinked. */
		unlink_locked(notification, op);
		if (claimed)
			ipc_op_end_status(op, CAP_ERR_DISCONNECTED);
	}
	spin_unlock(&notification->lock);
	return op != NULL;
}

static enum job_state
close_step(struct job *job)
{
	struct notification *notification = LIST_ENTRY(job, struct notification, close);

	for (uint32_t i = 0; i < NOTIFICATION_WAITS_PER_STEP; i++)
		if (!close_one(notification)) {
			object_put(&notification->signalling);
			object_put(&notification->waiting);
			return JOB_DONE;
		}
	return JOB_AGAIN;
}

void
notification_hold_dropped(struct object *object, uint16_t interface_index)
{
	struct notification *notification = notification_of_waiting_side(object);
	bool closes;

	(void)interface_index;
	spin_lock(&notification->lock);
	closes = !notification->closed;
	notification->closed = true;
	spin_unlock(&notification->lock);
	if (!closes)
		return;
	object_get(object);
	notification->close.step = close_step;
	job_reap_queue(&notification->close);
}

/* A waiter gets what it waits for; the bits are cleared. False: it had ended by itself. */
static bool
give_locked(struct notification *notification, struct op *op)
{
	uint64_t bits = notification->bits & op->sqe.addr;
	struct op_result result = { .bits = bits };

	unlink_locked(notification, op);
	if (!op_claim_end(op))
		return false;
	notification->bits &= ~bits;
	ipc_op_end(op, &result);
	return true;
}

/* Waiters take turns, the oldest first, as long as bits are left. */
static void
wake_locked(struct notification *notification)
{
	struct list_node *node = notification->waits.next;

	while (node != &notification->waits && notification->bits != 0) {
		struct op *op = LIST_ENTRY(node, struct op, link);

		node = node->next;
		if ((op->sqe.addr & notification->bits) != 0 &&
		    ((op->extras & OP_CELLED) == 0 || op_hold_is_live(op)))
			(void)give_locked(notification, op);
	}
}

enum cap_status
notification_signal(struct notification *notification, uint64_t mask)
{
	enum cap_status status = CAP_OK;

	spin_lock(&notification->lock);
	if (notification->closed) {
		status = CAP_ERR_DISCONNECTED;
	} else {
		notification->bits |= mask;
		wake_locked(notification);
	}
	spin_unlock(&notification->lock);
	return status;
}

/* The one WAIT, by a hold without a cell, takes some of the bits and is claimed. */
static inline bool
give_short_locked(struct notification *notification, uint64_t mask)
{
	struct op *op = first_locked(notification);
	uint64_t bits = notification->bits | mask;
	uint64_t given = bits & op->sqe.addr;

	if (given == 0 || (op->extras & OP_CELLED) != 0 || !op_claim_end(op))
		return false;
	notification->bits = bits & ~given;
	unlink_locked(notification, op);
	ipc_op_end(op, &(struct op_result){ .bits = given });
	return true;
}

HOT_INLINE bool
notification_signal_short(struct notification *notification, uint64_t mask)
{
	bool is_done = false;

	spin_lock(&notification->lock);
	if ((notification->wait_count | notification->closed) == 0) {
		notification->bits |= mask;
		is_done = true;
	} else if (notification->wait_count == 1 && !notification->closed) {
		is_done = give_short_locked(notification, mask);
	}
	spin_unlock(&notification->lock);
	return is_done;
}

uint64_t
notification_poll(struct notification *notification, uint64_t mask)
{
	uint64_t bits;

	spin_lock(&notification->lock);
	bits = notification->bits & mask;
	notification->bits &= ~mask;
	spin_unlock(&notification->lock);
	return bits;
}

/* The op waits, or has what it waits for already. */
static enum cap_status
wait_locked(struct notification *notification, struct op *op)
{
	if (notification->closed)
		return CAP_ERR_DISCONNECTED;
	if (notification->wait_count == NOTIFICATION_WAITS_MAX)
		return CAP_ERR_QUEUE_FULL;
	object_get(&notification->waiting);
	op->object = &notification->waiting;
	op->place = OP_PLACE_NOTIFICATION;
	notification->wait_count++;
	list_append(&notification->waits, &op->link);
	/* Those before it do not want the bits that are set: they would have them. */
	if ((notification->bits & op->sqe.addr) != 0)
		(void)give_locked(notification, op);
	return CAP_OK;
}

enum cap_status
notification_wait(struct notification *notification, struct op *op)
{
	enum cap_status status;

	spin_lock(&notification->lock);
	status = wait_locked(notification, op);
	spin_unlock(&notification->lock);
	return status;
}

void
notification_forget(struct op *op)
{
	struct notification *notification = notification_of_waiting_side(op->object);

	spin_lock(&notification->lock);
	unlink_locked(notification, op);
	spin_unlock(&notification->lock);
}
