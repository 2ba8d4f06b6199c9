/* SPDX-License-Identifier: Apache-2.0 */
/* Whose an op is, and the slots that it keeps for what it will receive. */
#include "cap/process.h"

#include "base/assert.h"
#include "ring/ring.h"
#include "sched/thread.h"

struct process *
op_process(const struct op *op)
{
	return ring_thread(op->ring)->process;
}

enum cap_status
op_reserve_slots(struct op *op, uint32_t count)
{
	struct process *process = op_process(op);
	enum cap_status status;

	if (count == 0)
		return CAP_OK;
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
	process = op_process(op);
	spin_lock(&process->lock);
	cap_table_unreserve_locked(process->table, op->reserved_slots);
	spin_unlock(&process->lock);
	op->reserved_slots = 0;
}
