/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending a process. The thread is stopped at once; the rest is a reap job in phases: ops end,
 * callers of the calls that it held get `disconnected`, answers and capabilities are dropped,
 * thread and memory go back. What it dropped is destroyed by later reap jobs: the end, which
 * completes ProcessHandle.wait, comes behind them. The ring goes behind the grace periods, too:
 * another CPU may still be recording its last completion for a tap.
 */
#include "base/assert.h"
#include "ipc/answer.h"
#include "ipc/endpoint.h"
#include "proc/process_internal.h"
#include "ring/ring.h"
#include "sched/thread.h"

enum teardown_phase {
	TEARDOWN_OPS,
	TEARDOWN_CALLS,
	TEARDOWN_ANSWERS,
	TEARDOWN_CAPS,
	TEARDOWN_DROPS, /* wait for the destruction of what was dropped */
	TEARDOWN_MEMORY,
};

#define DROP_ROUNDS 3 /* an object may hold another: a builder a process, a process its objects */

void process_ended(struct process_record *record);

static enum job_state teardown_step(struct job *job);

static void
continue_later(struct grace_item *item)
{
	struct process_record *record = LIST_ENTRY(item, struct process_record, last);

	record->teardown.step = teardown_step;
	job_reap_queue(&record->teardown);
}

static void
free_thread(struct process *process)
{
	struct thread *thread = process->thread;

	/* Behind this no tap finds the ring. */
	spin_lock(&process->lock);
	process->thread = NULL;
	spin_unlock(&process->lock);
	ring_destroy(thread->ring);
	thread_free(thread, process->ledger);
}

static bool
run_phase(struct process_record *record)
{
	struct process *process = &record->process;

	switch (record->phase) {
	case TEARDOWN_OPS:
		op_cancel_all(process->thread->ring);
		return true;
	case TEARDOWN_CALLS:
		if (endpoint_server_gone_step(process, &record->served) == JOB_AGAIN)
			return false;
		record->exit.serving_interface = record->served.interface_id;
		record->exit.serving_method = record->served.method;
		return true;
	case TEARDOWN_ANSWERS:
		return answers_destroy_step(process->thread->ring) == JOB_DONE;
	case TEARDOWN_CAPS:
		if (cap_table_destroy_step(process->table) == JOB_AGAIN)
			return false;
		process->table = NULL;
		return true;
	default:
		return true;
	}
}

static enum job_state
teardown_step(struct job *job)
{
	struct process_record *record = LIST_ENTRY(job, struct process_record, teardown);

	if (record->phase < TEARDOWN_DROPS) {
		if (run_phase(record))
			record->phase++;
		return JOB_AGAIN;
	}
	/* Behind everything that waits for its grace period now, and behind the jobs that follow
	 * from it. */
	if (record->phase < TEARDOWN_DROPS + DROP_ROUNDS) {
		record->phase++;
		grace_defer(&record->last, continue_later);
		return JOB_DONE;
	}
	if (record->process.thread != NULL)
		free_thread(&record->process);
	if (process_parts_free_step(record) == JOB_AGAIN)
		return JOB_AGAIN;
	process_ended(record);
	return JOB_DONE;
}

void
process_exit(struct thread *thread, const struct process_exit *exit)
{
	struct process_record *record = record_of(thread->process);

	KASSERT(record->process.state == PROCESS_RUNNING);
	record->process.state = PROCESS_EXITING;
	record->exit = *exit;
	thread_kill(thread);
	record->phase = TEARDOWN_OPS;
	record->teardown.step = teardown_step;
	job_reap_queue(&record->teardown);
}

bool
process_tap_set(struct process *process, struct ring_tap *tap)
{
	bool is_set = false;

	spin_lock(&process->lock);
	if (process->thread != NULL &&
	    (tap == NULL ||
		(process->state == PROCESS_RUNNING &&
		    ring_tapped(process->thread->ring) == NULL))) {
		ring_tap_set(process->thread->ring, tap);
		is_set = true;
	}
	spin_unlock(&process->lock);
	return is_set;
}
