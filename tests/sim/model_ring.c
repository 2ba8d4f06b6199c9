/* SPDX-License-Identifier: Apache-2.0 */
/* Ops and completions of the model: each op ends once, and what ends it decides what it says. */
#include <assert.h>
#include <schema/exception.capnp.h>
#include <string.h>

#include "model.h"
#include "wire.h"

uint32_t
model_in_flight(const struct model_process *process)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < RING_CQ_ENTRIES; i++)
		count += process->ops[i].place != MODEL_FREE;
	return count;
}

void
model_submit(struct model_process *process, const struct cap_sqe *sqe)
{
	assert(process->queued < RING_SQ_ENTRIES);
	process->queue[process->queued++] = *sqe;
}

uint64_t
model_deadline_of(const struct cap_sqe *sqe)
{
	return sqe->deadline_ns == 0 || model_is_turn(sqe) ? UINT64_MAX : sqe->deadline_ns;
}

bool
model_is_due(const struct model *model, const struct model_op *op)
{
	return model_deadline_of(&op->sqe) <= model->now_ns;
}

enum cap_status
model_write(
    struct model *model, struct model_op *op, uint64_t offset, const void *from, size_t bytes)
{
	uint64_t address = op->sqe.result_addr + offset;

	if (!memory_is_writable(address, bytes))
		return CAP_ERR_INVALID_BUFFER;
	memory_write(&op->process->memory, address, from, bytes);
	assert(model->write_count < MODEL_WRITES);
	model->writes[model->write_count++] =
	    (struct model_write){ op->process, address, bytes, false };
	return CAP_OK;
}

void
model_spoil(struct model *model, const struct model_op *op)
{
	assert(model->write_count < MODEL_WRITES);
	model->writes[model->write_count++] =
	    (struct model_write){ op->process, op->sqe.result_addr, op->sqe.result_len, true };
}

void
model_post(struct model *model, const struct model_op *op, const struct cap_cqe *cqe)
{
	struct model_process *process = op->process;
	struct model_expected *expected = &model->expected[model->expected_count];

	if (!process->alive)
		return;
	assert(model->expected_count < MODEL_EXPECTED);
	model->expected_count++;
	*expected =
	    (struct model_expected){ .process = process, .cqe = *cqe, .opcode = op->sqe.op };
	expected->cqe.user_data = op->sqe.user_data;
	process->unread++;
	if (process->waits && process->unread >= process->wait_count) {
		process->waits = false;
		process->woken_with = process->unread;
		model->wakes++;
	}
}

void
model_end_with(struct model *model, struct model_op *op, const struct cap_cqe *cqe)
{
	struct model_object *object = op->object;
	int32_t status = cqe->result < 0 ? -cqe->result : 0;

	assert(status < MODEL_STATUSES);
	model->ends[op->left != MODEL_FREE && op->place == MODEL_RUNNING ? op->left : op->place]
		   [status]++;
	model_unreserve(op);
	model_answer_settle(model, op, cqe->result);
	model_post(model, op, cqe);
	if (op->cell != NULL)
		op->cell->references--;
	op->cell = NULL;
	op->place = MODEL_FREE;
	op->object = NULL;
	if (object != NULL)
		model_object_put(object);
}

void
model_end(struct model *model, struct model_op *op, int32_t result)
{
	const struct cap_cqe cqe = { .result = result };

	model_end_with(model, op, &cqe);
}

uint16_t
model_exception_type(enum cap_status status)
{
	switch (status) {
	case CAP_ERR_TABLE_FULL:
	case CAP_ERR_QUOTA_EXCEEDED:
	case CAP_ERR_NO_MEMORY:
	case CAP_ERR_QUEUE_FULL:
		return EXCEPTION_TYPE_OVERLOADED;
	case CAP_ERR_REVOKED:
	case CAP_ERR_DISCONNECTED:
		return EXCEPTION_TYPE_DISCONNECTED;
	case CAP_ERR_UNIMPLEMENTED_METHOD:
		return EXCEPTION_TYPE_UNIMPLEMENTED;
	default:
		return EXCEPTION_TYPE_FAILED;
	}
}

void
model_end_exception(struct model *model, struct model_op *op, enum cap_status status)
{
	model_end_exception_as(model, op, status, model_exception_type(status));
}

void
model_end_exception_as(
    struct model *model, struct model_op *op, enum cap_status status, uint16_t type)
{
	struct wire wire = wire_exception(type, status, cap_status_sentence(status));
	int32_t result = CAP_ERR_APPLICATION_EXCEPTION;
	uint32_t before = model->expected_count;

	model_answer_fails_as(op, type);
	if (op->sqe.result_len == 0 || !op->process->alive) {
		model_end(model, op, status);
		return;
	}
	/* The sentence is left out where there is little room. */
	if (wire.bytes > op->sqe.result_len)
		wire = wire_exception(type, status, NULL);
	if (wire.bytes > op->sqe.result_len)
		result = CAP_ERR_APPLICATION_EXCEPTION_TRUNCATED;
	else if (model_write(model, op, 0, wire.message, wire.bytes) != CAP_OK)
		result = CAP_ERR_INVALID_BUFFER;
	model_end(model, op, result);
	if (model->expected_count > before)
		model->expected[before].exception = status;
}

/* Wherever it waits. */
static void
forget(struct model *model, struct model_op *op)
{
	switch (op->place) {
	case MODEL_FREE:
	case MODEL_RUNNING:
		assert(false);
		break;
	case MODEL_CALLING:
	case MODEL_RECEIVING:
		model_endpoint_forget(model, op);
		break;
	case MODEL_DELIVERED:
		op->call->op = NULL;
		break;
	case MODEL_WAITING:
		model_notification_forget(op);
		break;
	case MODEL_PROMISED:
		model_answer_forget(op);
		break;
	case MODEL_SLEEPING:
		model_release(op->process->ledger, LEDGER_KERNEL_BYTES, model->prices.sleeper);
		break;
	}
}

void
model_end_revoked(struct model *model, struct model_op *op)
{
	forget(model, op);
	if (op->sqe.op == CAP_OP_CALL)
		model_end_exception(model, op, CAP_ERR_REVOKED);
	else
		model_end(model, op, CAP_ERR_REVOKED);
}

void
model_cancel(struct model *model, struct model_op *op, enum cap_status status)
{
	forget(model, op);
	if (status == CAP_ERR_DISCONNECTED && op->sqe.op == CAP_OP_CALL)
		model_end_exception(model, op, status);
	else
		model_end(model, op, status);
}

/* What happens next because of the time, or nothing. */
struct event {
	uint64_t when_ns;
	struct model_op *op;
	struct model_process *waiter;
	bool wakes;
};

static void
event_of_op(struct event *event, struct model_op *op)
{
	uint64_t deadline_ns = model_deadline_of(&op->sqe);

	if (op->place == MODEL_FREE || op->place == MODEL_RUNNING)
		return;
	if (op->place == MODEL_SLEEPING && op->until_ns < event->when_ns)
		*event = (struct event){ op->until_ns, op, NULL, true };
	if (deadline_ns < event->when_ns)
		*event = (struct event){ deadline_ns, op, NULL, false };
}

static struct event
next_event(struct model *model)
{
	struct event event = { .when_ns = UINT64_MAX };

	for (uint32_t i = 0; i < MODEL_PROCESSES; i++) {
		struct model_process *process = &model->processes[i];

		if (!process->alive)
			continue;
		if (process->waits && process->wait_until_ns < event.when_ns)
			event = (struct event){ process->wait_until_ns, NULL, process, true };
		for (uint32_t k = 0; k < RING_CQ_ENTRIES; k++)
			event_of_op(&event, &process->ops[k]);
	}
	return event;
}

void
model_run_due(struct model *model)
{
	for (;;) {
		struct event event = next_event(model);

		if (event.when_ns > model->now_ns || (event.op == NULL && event.waiter == NULL))
			return;
		if (event.waiter != NULL) {
			event.waiter->waits = false;
			event.waiter->woken_with = event.waiter->unread;
			model->wakes++;
		} else if (event.wakes) {
			model_object_wake(model, event.op);
		} else {
			model_cancel(model, event.op, CAP_ERR_TIMED_OUT);
		}
	}
}

void
model_window(struct model *model)
{
	struct model_process *victim = model->window_kills;

	model->windows++;
	if (model->windows == model->window_at)
		model->now_ns += model->window_ns;
	model_run_due(model);
	if (model->windows != model->window_at || victim == NULL)
		return;
	model->window_kills = NULL;
	model_exit(model, victim);
	/* The machine settles before the entry goes on: a copy may have lost its endpoint. */
	model_close_all(model);
}
