/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that change an address space. What one step does is answered at once; for more, the op
 * waits and the rest is a job of its thread, which makes room for others between two steps. An op
 * that ends before (its deadline, the end of its process) lets the job take back what it made.
 */
#include "base/assert.h"
#include "cap/process.h"
#include "mm/pool.h"
#include "object/memory.h"
#include "ring/ring.h"
#include "sched/thread.h"

struct space_call {
	struct op_waiter waiter; /* first: see forget() */
	struct job job;
	struct op *op; /* NULL: it has ended */
	struct space_job *work;
	const struct space_answer *answer;
	struct object *object; /* a reference */
	struct ledger *payer;  /* a reference */
};

static struct pool call_pool;

void
space_call_module_init(void)
{
	pool_init(&call_pool, "space-call", sizeof(struct space_call));
}

static void
forget(struct op_waiter *waiter, struct op *op)
{
	struct space_call *call = LIST_ENTRY(waiter, struct space_call, waiter);

	KASSERT(call->op == op);
	call->op = NULL;
	space_request_give_up(call->work);
}

static void
answer(struct space_call *call, enum cap_status status, uaddr_t address)
{
	struct object_answer answered;

	if (status != CAP_OK) {
		(void)object_answer_fail(call->op, status);
		return;
	}
	if (!object_answer_begin(call->op, &answered))
		return;
	if (call->answer->fill != NULL)
		call->answer->fill(answered.call.results, address);
	else
		(void)capnp_builder_root(answered.call.results, 0, 0, 0);
	object_answer_end(&answered);
}

static enum job_state
call_step(struct job *job)
{
	struct space_call *call = LIST_ENTRY(job, struct space_call, job);
	struct ledger *payer = call->payer;
	uaddr_t address = 0;
	enum cap_status status;

	if (space_request_step(call->work) == JOB_AGAIN)
		return JOB_AGAIN;
	status = space_request_end(call->work, &address);
	if (status != CAP_OK && call->answer->failed != NULL)
		call->answer->failed(call->object);
	if (call->op != NULL)
		answer(call, status, address);
	object_put(call->object);
	pool_free(&call_pool, payer, call);
	ledger_put(payer);
	return JOB_DONE;
}

static enum cap_status
wait_for(struct object_call *call, struct space_job *work, const struct space_answer *given)
{
	struct space_call *waiting;
	void *memory;
	enum cap_status status = pool_alloc(&call_pool, call->process->ledger, &memory);

	if (status != CAP_OK)
		return status;
	waiting = memory;
	waiting->waiter.forget = forget;
	waiting->job.step = call_step;
	waiting->op = call->op;
	waiting->work = work;
	waiting->answer = given;
	waiting->object = call->object;
	object_get(call->object);
	waiting->payer = call->process->ledger;
	ledger_get(waiting->payer);
	object_call_defer(call, &waiting->waiter);
	thread_job_queue(ring_thread(call->op->ring), &waiting->job);
	return OBJECT_PENDING;
}

enum cap_status
space_call_run(struct object_call *call, struct address_space *space, struct space_request *request,
    const struct space_answer *given)
{
	struct space_job *work;
	enum cap_status status = space_request_begin(space, request, &work);

	if (status != CAP_OK)
		return status;
	if (space_request_step(work) == JOB_DONE)
		return space_request_end(work, &request->address);
	status = wait_for(call, work, given);
	if (status == OBJECT_PENDING)
		return status;
	/* No memory to wait with: one step is taken back. */
	space_request_give_up(work);
	while (space_request_step(work) == JOB_AGAIN)
		;
	(void)!space_request_end(work, NULL);
	return status;
}
