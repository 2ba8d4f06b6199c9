/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending ops that wait, wherever they do. The claim decides; what is undone afterwards depends on
 * the place.
 */
#include "base/assert.h"
#include "ipc/answer.h"
#include "ipc/endpoint_internal.h"
#include "ipc/notification.h"

/* A queued op: unlinked. True if it has been delivered in the meantime. */
static bool
forget_queued(struct op *op)
{
	struct endpoint *endpoint = endpoint_of(op->object);
	bool delivered;

	spin_lock(&endpoint->lock);
	queue_unlink_locked(endpoint, op);
	delivered = op->place == OP_PLACE_DELIVERED;
	spin_unlock(&endpoint->lock);
	return delivered;
}

/* A delivered call: its server learns from its RETURN that the call is gone. */
static void
forget_delivered(struct op *op)
{
	struct process *server = op->server;
	struct call_slot *slot = op->peer;

	spin_lock(&server->lock);
	/* The server may have answered (and lost the claim), or be gone. */
	if (server->calls != NULL && slot->op == op)
		slot->op = NULL;
	spin_unlock(&server->lock);
}

/* A long message: its copy goes on without this op, that is, it gives up at its next step. */
static void
forget_copy(struct op *op)
{
	struct process *server = op_process(op);

	if (op->sqe.op != CAP_OP_RETURN) {
		if (forget_queued(op))
			forget_delivered(op);
		return;
	}
	spin_lock(&server->lock);
	if (op->place == OP_PLACE_COPY)
		copy_detach_locked(op->peer, op);
	spin_unlock(&server->lock);
}

static void
forget(struct op *op)
{
	struct op_waiter *waiter;

	/* Its target may come meanwhile: then it waits there. */
	if (op->place == OP_PLACE_PROMISED && answer_forget(op))
		return;
	switch (op->place) {
	case OP_PLACE_NONE:
	case OP_PLACE_PROMISED:
		break;
	case OP_PLACE_CALL_QUEUE:
	case OP_PLACE_RECV_QUEUE:
		if (forget_queued(op))
			forget_delivered(op);
		break;
	case OP_PLACE_COPY:
		forget_copy(op);
		break;
	case OP_PLACE_DELIVERED:
		forget_delivered(op);
		break;
	case OP_PLACE_NOTIFICATION:
		notification_forget(op);
		break;
	case OP_PLACE_OBJECT:
		waiter = op->peer;
		waiter->forget(waiter, op);
		break;
	}
}

bool
op_cancel(struct op *op, enum cap_status status)
{
	if (!op_claim_end(op))
		return false;
	forget(op);
	ipc_op_end_status(op, status);
	return true;
}

bool
op_revoke(struct op *op)
{
	if (!op_claim_end(op))
		return false;
	forget(op);
	ipc_op_end_revoked(op);
	return true;
}

void
op_cancel_all(struct ring *ring)
{
	for (uint32_t i = 0; i < ring_cq_entries(ring); i++)
		(void)op_cancel(ring_op(ring, i), CAP_ERR_CANCELLED);
}
