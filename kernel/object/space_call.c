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
	struct space_job work;
	struct space_request request;
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
	space_request_give_up(&call->work);
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

static void
call_free(struct space_call *call)
{
	struct ledger *payer = call->payer;

	pool_free(&call_pool, payer, call);
	ledger_put(payer);
}

static enum job_state
call_step(struct job *job)
{
	struct space_call *call = LIST_ENTRY(job, struct space_call, job);
	uaddr_t address = 0;
	enum cap_status status;

	if (space_request_step(&call->work) == JOB_AGAIN)
		return JOB_AGAIN;
	status = space_request_end(&call->work, &address);
	if (status != CAP_OK && call->answer->failed != NULL)
		call->answer->failed(call->object);
	if (call->op != NULL)
		answer(call, status, address);
	object_put(call->object);
	call_free(call);
	return JOB_DONE;
}

/* It takes more than a step: the op waits. */
static enum cap_status
wait_for(struct object_call *call, struct space_call *waiting, const struct space_answer *given)
{
	waiting->waiter.forget = forget;
	waiting->job.step = call_step;
	waiting->op = call->op;
	waiting->answer = given;
	waiting->object = call->object;
	object_get(call->object);
	object_call_defer(call, &waiting->waiter);
	thread_job_queue(ring_thread(call->op->ring), &waiting->job);
	return OBJECT_PENDING;
}

enum cap_status
space_call_run_long(struct object_call *call, struct address_space *space,
    struct space_request *request, const struct space_answer *given)
{
	struct ledger *payer = call->process->ledger;
	struct space_call *work;
	void *memory;
	enum cap_status status = pool_alloc(&call_pool, payer, &memory);

	/* Before anything changes: an unmapping cannot be taken back. */
	if (status != CAP_OK)
		return status;
	work = memory;
	work->payer = payer;
	ledger_get(payer);
	work->request = *request;
	status = space_request_begin(&work->work, space, &work->request);
	if (status == CAP_OK) {
		if (space_request_step(&work->work) == JOB_AGAIN)
			return wait_for(call, work, given);
		status = space_request_end(&work->work, &request->address);
	}
	call_free(work);
	return status;
}
