/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long messages are copied in steps, each with a window behind it, in the time of the thread whose
 * submission made the match. The receiving op stays pending until the last step: whichever op ends
 * before leaves the copy, which then gives the other one back to where it waited, as if nothing had
 * come.
 *
 * The ops of a call's copy are guarded by the endpoint, the op of an answer's by its process.
 */
#include "base/assert.h"
#include "ipc/endpoint_internal.h"
#include "mm/grace.h"
#include "mm/pool.h"
#include "mm/user_copy.h"
#include "sched/thread.h"

struct ipc_copy {
	struct job job;
	struct endpoint *endpoint; /* of a call; counted */
	struct op *call;	   /* NULL: it has ended */
	struct op *receive;	   /* NULL: it has ended */
	struct op *answer;	   /* NULL: it has ended, or this is a call */
	struct process *server;	   /* of an answer */
	struct ledger *payer;	   /* counted */
	uint32_t offset;
};

static struct pool copy_pool;

void
ipc_copy_init(void)
{
	pool_init(&copy_pool, "ipc_copy", sizeof(struct ipc_copy));
}

static enum cap_status
copy_create(struct ledger *payer, struct ipc_copy **out)
{
	void *memory;
	enum cap_status status = pool_alloc(&copy_pool, payer, &memory);
	struct ipc_copy *copy = memory;

	if (status != CAP_OK)
		return status;
	ledger_get(payer);
	copy->payer = payer;
	list_init(&copy->job.link);
	*out = copy;
	return CAP_OK;
}

static void
copy_free(struct ipc_copy *copy)
{
	struct ledger *payer = copy->payer;

	if (copy->endpoint != NULL)
		object_put(endpoint_object(copy->endpoint));
	pool_free(&copy_pool, payer, copy);
	ledger_put(payer);
}

void
copy_detach_locked(struct ipc_copy *copy, const struct op *op)
{
	KASSERT(copy->call == op || copy->receive == op || copy->answer == op);
	if (copy->call == op)
		copy->call = NULL;
	else if (copy->receive == op)
		copy->receive = NULL;
	else
		copy->answer = NULL;
}

static void
copy_attach(struct ipc_copy *copy, struct op *op)
{
	op->place = OP_PLACE_COPY;
	op->peer = copy;
}

/*
 * The next bytes. `*receiver_failed`: whose buffer it was if a status is returned. One copy, and a
 * second look only to tell whose fault a failure is.
 */
struct chunk {
	const struct op *from;
	const struct op *to;
	uaddr_t to_address;
	bool receiver_failed;
};

static enum cap_status
chunk_copy(struct ipc_copy *copy, struct chunk *chunk)
{
	uint32_t left = chunk->from->sqe.len - copy->offset;
	uint32_t bytes = left < JOB_STEP_BYTES ? left : JOB_STEP_BYTES;
	struct address_space *to_space = op_process(chunk->to)->space;
	enum cap_status status = user_copy_across(to_space, chunk->to_address + copy->offset,
	    op_process(chunk->from)->space, chunk->from->sqe.addr + copy->offset, bytes);

	if (status == CAP_OK)
		copy->offset += bytes;
	else
		chunk->receiver_failed = user_check_writable(to_space,
					     chunk->to_address + copy->offset, bytes) != CAP_OK;
	return status;
}

/*
 * What is left of a copy that ends early goes back to the head of its queue, and looks for another
 * partner.
 */
static void
give_back_locked(struct endpoint *endpoint, struct ipc_copy *copy) REQUIRES(&endpoint->lock)
{
	struct op *call = copy->call;
	struct op *receive = copy->receive;

	copy->call = NULL;
	copy->receive = NULL;
	if (call != NULL) {
		call->place = OP_PLACE_CALL_QUEUE;
		list_prepend(&endpoint->calls, &call->link);
	}
	if (receive != NULL) {
		receive->place = OP_PLACE_RECV_QUEUE;
		list_prepend(&endpoint->receives, &receive->link);
	}
	if (endpoint->closed) {
		if (call != NULL)
			end_waiting_locked(endpoint, call, CAP_ERR_DISCONNECTED);
		if (receive != NULL)
			end_waiting_locked(endpoint, receive, CAP_ERR_DISCONNECTED);
	} else if (call != NULL) {
		rematch_call_locked(endpoint, call, NULL);
	} else if (receive != NULL) {
		rematch_receive_locked(endpoint, receive, NULL);
	}
}

/* One of the two is at fault and ends. */
static void
blame_locked(struct endpoint *endpoint, struct op *op, enum cap_status status)
    REQUIRES(&endpoint->lock)
{
	if (op->sqe.op == CAP_OP_RECV)
		(*ring_strikes(op->ring))++;
	end_waiting_locked(endpoint, op, status);
}

/*
 * A thread that was ended: its teardown, which is to come, ends its ops; nothing more is done for
 * them.
 */
static void
end_if_dead_locked(struct endpoint *endpoint, struct op *op) REQUIRES(&endpoint->lock)
{
	if (op != NULL && ring_thread(op->ring)->state == THREAD_DEAD)
		end_waiting_locked(endpoint, op, CAP_ERR_CANCELLED);
}

/* True: more is to be copied. */
static bool
call_step_locked(struct endpoint *endpoint, struct ipc_copy *copy) REQUIRES(&endpoint->lock)
{
	struct chunk chunk = { 0 };
	enum cap_status status;

	end_if_dead_locked(endpoint, copy->call);
	end_if_dead_locked(endpoint, copy->receive);
	if (copy->call == NULL || copy->receive == NULL || endpoint->closed)
		return false;
	chunk.from = copy->call;
	chunk.to = copy->receive;
	chunk.to_address = copy->receive->sqe.result_addr + sizeof(struct cap_delivery);
	status = chunk_copy(copy, &chunk);
	if (status != CAP_OK) {
		blame_locked(endpoint, chunk.receiver_failed ? copy->receive : copy->call, status);
		return false;
	}
	if (copy->offset < copy->call->sqe.len)
		return true;
	if (deliver_now_locked(endpoint, copy->call, copy->receive, &status) ==
	    DELIVERY_CALL_REFUSED)
		blame_locked(endpoint, copy->call, status);
	return false;
}

static enum job_state
call_step(struct job *job)
{
	struct ipc_copy *copy = LIST_ENTRY(job, struct ipc_copy, job);
	struct endpoint *endpoint = copy->endpoint;
	bool more;

	spin_lock(&endpoint->lock);
	more = call_step_locked(endpoint, copy);
	if (!more)
		give_back_locked(endpoint, copy);
	spin_unlock(&endpoint->lock);
	if (more)
		return JOB_AGAIN;
	copy_free(copy);
	return JOB_DONE;
}

enum cap_status
copy_call_begin_locked(
    struct endpoint *endpoint, struct op *call, struct op *receive, struct thread *runner)
{
	struct ipc_copy *copy;
	enum cap_status status = copy_create(op_process(call)->ledger, &copy);

	if (status != CAP_OK)
		return status;
	if (call->place == OP_PLACE_NONE)
		status = queue_call_locked(endpoint, call);
	if (status != CAP_OK) {
		copy_free(copy);
		return status;
	}
	object_get(endpoint_object(endpoint));
	copy->endpoint = endpoint;
	copy->call = call;
	copy->receive = receive;
	list_remove(&call->link);
	list_remove(&receive->link);
	copy_attach(copy, call);
	copy_attach(copy, receive);
	copy->job.step = call_step;
	if (runner != NULL)
		thread_job_queue(runner, &copy->job);
	else
		job_reap_queue(&copy->job);
	return CAP_OK;
}

/*
 * The call that an answer is for, or NULL with the status to end the RETURN with: the last step
 * finds out what it is.
 */
static struct op *
answered_call_locked(struct ipc_copy *copy)
{
	struct call_slot *slot = call_table_find_locked(copy->server, copy->answer->sqe.target);

	return slot == NULL ? NULL : slot->op;
}

/* True: more is to be copied. *caller_status: the caller's buffer was bad. */
static bool
answer_step_locked(
    struct ipc_copy *copy, enum cap_status *server_status, enum cap_status *caller_status)
{
	struct op *call = answered_call_locked(copy);
	struct chunk chunk = { copy->answer, call, 0, false };
	enum cap_status status;

	if (call == NULL || copy->answer->sqe.len > call->sqe.result_len)
		return false;
	chunk.to_address = call->sqe.result_addr;
	status = chunk_copy(copy, &chunk);
	if (status == CAP_OK)
		return copy->offset < copy->answer->sqe.len;
	*(chunk.receiver_failed ? caller_status : server_status) = status;
	return false;
}

/* The bytes are there, or will not come. */
static void
answer_end(struct op *answer, enum cap_status server_status, enum cap_status caller_status)
{
	enum cap_status status = server_status;

	if (!op_claim_end(answer))
		return;
	if (status == CAP_OK)
		status = return_finish(answer, caller_status);
	op_complete_status(answer, status);
}

static enum job_state
answer_step(struct job *job)
{
	struct ipc_copy *copy = LIST_ENTRY(job, struct ipc_copy, job);
	struct process *server = copy->server;
	enum cap_status server_status = CAP_OK;
	enum cap_status caller_status = CAP_OK;
	struct op *answer;
	bool more = false;

	spin_lock(&server->lock);
	if (copy->answer != NULL && ring_thread(copy->answer->ring)->state == THREAD_DEAD) {
		copy->answer->place = OP_PLACE_NONE;
		copy->answer = NULL;
	}
	answer = copy->answer;
	if (answer != NULL)
		more = answer_step_locked(copy, &server_status, &caller_status);
	spin_unlock(&server->lock);
	if (more)
		return JOB_AGAIN;
	if (answer != NULL)
		answer_end(answer, server_status, caller_status);
	copy_free(copy);
	return JOB_DONE;
}

enum cap_status
copy_answer_begin(struct op *answer)
{
	struct process *server = op_process(answer);
	struct ipc_copy *copy;
	enum cap_status status;

	spin_lock(&server->lock);
	status = call_table_find_locked(server, answer->sqe.target) == NULL
	    ? CAP_ERR_INVALID_CALL_ID
	    : CAP_OK;
	spin_unlock(&server->lock);
	if (status == CAP_OK)
		status = copy_create(server->ledger, &copy);
	if (status != CAP_OK)
		return status;
	copy->answer = answer;
	copy->server = server;
	copy_attach(copy, answer);
	copy->job.step = answer_step;
	thread_job_queue(ring_thread(answer->ring), &copy->job);
	return CAP_OK;
}
