/* SPDX-License-Identifier: Apache-2.0 */
/* Whose an op is, and the slots that it keeps for what it will receive. */
#include "cap/process.h"

#include <stdatomic.h>

#include "base/assert.h"
#include "cap/transfer.h"
#include "mm/user_copy.h"
#include "ring/ring.h"
#include "ring/scratch.h"
#include "sched/thread.h"

struct process *
op_process(const struct op *op)
{
	return ring_thread(op->ring)->process;
}

enum cap_status
op_reserve_slots(struct op *op)
{
	struct process *process = op_process(op);
	uint32_t count = op->sqe.cap_max;
	enum cap_status status;

	/* One that waited for its target took them when it began to. */
	if (count == 0 || op->reserved_slots != 0)
		return CAP_OK;
	if (op->sqe.flags & CAP_SQE_ANSWER_ONLY) {
		op->reserved_slots = (uint8_t)count;
		return CAP_OK;
	}
	spin_lock(&process->lock);
	status = cap_table_reserve_locked(process->table, count);
	spin_unlock(&process->lock);
	if (status == CAP_OK)
		op->reserved_slots = (uint8_t)count;
	return status;
}

void
op_unreserve_slots(struct op *op)
{
	struct process *process;

	if (op->reserved_slots == 0)
		return;
	if ((op->sqe.flags & CAP_SQE_ANSWER_ONLY) == 0) {
		process = op_process(op);
		spin_lock(&process->lock);
		cap_table_unreserve_locked(process->table, op->reserved_slots);
		spin_unlock(&process->lock);
	}
	op->reserved_slots = 0;
}

static struct grant_cell *
cell_of(const struct op *op)
{
	return (op->extras & OP_CELLED) != 0 ? (struct grant_cell *)(uintptr_t)op->sqe.target
					     : NULL;
}

void
op_cell_set(struct op *op, struct grant_cell *cell)
{
	KASSERT((op->extras & OP_CELLED) == 0);
	grant_cell_get(cell);
	op->sqe.target = (uintptr_t)cell;
	op->extras |= OP_CELLED;
}

void
op_cell_drop(struct op *op)
{
	grant_cell_put(cell_of(op));
	op->extras &= (uint8_t)~OP_CELLED;
}

void
op_hold_set(struct op *op, const struct cap_ref *hold)
{
	op->object_epoch = hold->object_epoch;
	if (hold->cell != NULL)
		op_cell_set(op, hold->cell);
}

void
op_hold_get(const struct op *op, struct cap_hold *out)
{
	struct grant_cell *cell = cell_of(op);

	*out = (struct cap_hold){
		.cell = cell,
		.cell_epoch = cell == NULL ? 0 : grant_cell_epoch(cell),
		.object_epoch = op->object_epoch,
	};
}

COLD bool
op_hold_is_live(const struct op *op)
{
	/* Pairs with the release in object_revoke(). */
	if (op->sqe.op == CAP_OP_CALL &&
	    atomic_load_explicit(&op->object->epoch, memory_order_acquire) != op->object_epoch)
		return false;
	return grant_cell_is_live(cell_of(op));
}

enum cap_status
op_transfers_read(const struct op *sender, struct transfer_list *list)
{
	size_t bytes = sender->sqe.xfer_count * sizeof(struct cap_transfer);
	uaddr_t from = sender->sqe.addr + sender->sqe.len;
	const void *pinned;

	if (sender->sqe.xfer_count > TRANSFER_CAPS_MAX)
		return CAP_ERR_INVALID_TRANSFER_DESCRIPTOR;
	if (from < sender->sqe.addr || from > UINT64_MAX - 7)
		return CAP_ERR_INVALID_BUFFER;
	from = (from + 7) & ~UINT64_C(7);
	pinned = ring_pinned(sender->ring, from, bytes);
	if (pinned != NULL) {
		copy_short(list->entries, pinned, bytes);
	} else {
		enum cap_status status =
		    user_copy_in(op_process(sender)->space, list->entries, from, bytes);

		if (status != CAP_OK)
			return status;
	}
	return transfer_decode(list, sender->sqe.xfer_count);
}
