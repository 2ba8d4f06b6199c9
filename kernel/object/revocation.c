/* SPDX-License-Identifier: Apache-2.0 */
/* Revocations as jobs; see revocation.h. */
#include "object/revocation.h"

#include "base/assert.h"
#include "cap/process.h"
#include "ring/ring.h"
#include "sched/thread.h"

/* Whoever asked is gone: what was begun goes on. */
static void
forget(struct op_waiter *waiter, struct op *op)
{
	struct revocation *revocation = LIST_ENTRY(waiter, struct revocation, waiter);

	KASSERT(revocation->op == op);
	revocation->op = NULL;
}

static void
answer(struct op *op)
{
	struct object_answer answered;

	if (op == NULL || !object_answer_begin(op, &answered))
		return;
	(void)capnp_builder_root(answered.call.results, 0, 0, 0);
	object_answer_end(&answered);
}

static enum job_state
end_step(struct job *job)
{
	struct revocation *revocation = LIST_ENTRY(job, struct revocation, job);
	struct object *object = revocation->object;
	struct op *op = revocation->op;

	revocation->op = NULL;
	revocation->object = NULL;
	answer(op);
	if (revocation->ended != NULL)
		revocation->ended(revocation);
	object_put(object);
	return JOB_DONE;
}

/* No CPU is left in the middle of what it began by a hold that it had looked up before. */
static void
grace_over(struct grace_item *item)
{
	struct revocation *revocation = LIST_ENTRY(item, struct revocation, grace);

	revocation->job.step = end_step;
	job_reap_queue(&revocation->job);
}

static enum job_state
sweep_step(struct job *job)
{
	struct revocation *revocation = LIST_ENTRY(job, struct revocation, job);

	if (process_sweep_step(&revocation->sweep) == JOB_AGAIN)
		return JOB_AGAIN;
	grace_defer(&revocation->grace, grace_over);
	return JOB_DONE;
}

static enum job_state
lineage_step(struct job *job)
{
	struct revocation *revocation = LIST_ENTRY(job, struct revocation, job);

	if (grant_cell_revoke_below_step(&revocation->work) == JOB_DONE)
		job->step = sweep_step;
	return JOB_AGAIN;
}

bool
revocation_runs(const struct revocation *revocation)
{
	return revocation->object != NULL;
}

void
revocation_begin(struct revocation *revocation, void (*ended)(struct revocation *revocation))
{
	KASSERT(!revocation_runs(revocation));
	*revocation = (struct revocation){ .ended = ended };
	list_init(&revocation->work);
	list_init(&revocation->job.link);
	list_init(&revocation->grace.link);
}

enum cap_status
revocation_run(struct revocation *revocation, struct object_call *call)
{
	revocation->waiter.forget = forget;
	revocation->job.step = lineage_step;
	revocation->op = call->op;
	revocation->object = call->object;
	object_get(call->object);
	object_call_defer(call, &revocation->waiter);
	thread_job_queue(ring_thread(call->op->ring), &revocation->job);
	return OBJECT_PENDING;
}
