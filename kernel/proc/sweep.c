/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sweeps; see sweep.h. A sweep keeps the pid that it is at, not the process: between two steps
 * processes come and go. One that comes later holds nothing that is dead: only live holds are
 * granted and begin anything.
 */
#include "proc/sweep.h"

#include "ipc/endpoint.h"
#include "proc/process.h"
#include "ring/ring.h"
#include "sched/thread.h"

/* So many entries is an op that is ended worth: an exception is built and copied for it. */
#define ENDED_OP_ENTRIES 8

static bool
waits_by_a_hold(const struct op *op)
{
	if (op->state != OP_PENDING)
		return false;
	switch (op->place) {
	case OP_PLACE_CALL_QUEUE:
	case OP_PLACE_RECV_QUEUE:
	case OP_PLACE_DELIVERED:
	case OP_PLACE_NOTIFICATION:
	case OP_PLACE_OBJECT:
		return true;
	case OP_PLACE_COPY:
		/* An answer is named by its call. */
		return op->sqe.op != CAP_OP_RETURN;
	default:
		return false;
	}
}

/* What is left of the entries. */
static uint32_t
sweep_ops(struct process_sweep *sweep, struct ring *ring, uint32_t entries)
{
	while (entries != 0 && sweep->op < ring_cq_entries(ring)) {
		struct op *op = ring_op(ring, sweep->op++);
		uint32_t price = 1;

		if (waits_by_a_hold(op) && !op_hold_is_live(op) && op_revoke(op))
			price = ENDED_OP_ENTRIES;
		entries -= price < entries ? price : entries;
	}
	return entries;
}

static uint32_t
sweep_process(struct process_sweep *sweep, struct process *process, uint32_t entries)
{
	/* Of one that ends, everything does. */
	if (process->thread != NULL)
		entries = sweep_ops(sweep, process->thread->ring, entries);
	if (entries != 0 && process->space != NULL)
		entries = address_space_sweep(process->space, &sweep->address, entries);
	return entries;
}

enum job_state
process_sweep_step(struct process_sweep *sweep)
{
	uint32_t entries = JOB_STEP_ENTRIES;

	for (;;) {
		struct process *process = process_from(sweep->pid);

		if (process == NULL)
			return JOB_DONE;
		if (process->pid != sweep->pid)
			*sweep = (struct process_sweep){ .pid = process->pid };
		entries = sweep_process(sweep, process, entries);
		/* With the last entry something may be left. */
		if (entries == 0)
			return JOB_AGAIN;
		*sweep = (struct process_sweep){ .pid = process->pid + 1 };
		if (--entries == 0)
			return JOB_AGAIN;
	}
}
