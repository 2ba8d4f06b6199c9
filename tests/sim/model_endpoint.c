/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints of the model: who waits, and whose turn it is. */
#include <assert.h>
#include <string.h>

#include "model.h"

#define STRIKES_MAX 2

static void
queue_remove(struct model_op **queue, uint32_t *count, const struct model_op *op)
{
	uint32_t index = 0;

	while (queue[index] != op) {
		index++;
		assert(index < *count);
	}
	(*count)--;
	memmove(&queue[index], &queue[index + 1], (*count - index) * sizeof(queue[0]));
}

void
model_endpoint_forget(struct model *model, struct model_op *op)
{
	struct model_object *endpoint = op->object;

	(void)model;
	if (op->place == MODEL_CALLING) {
		queue_remove(endpoint->calls, &endpoint->call_count, op);
		model_release(op->process->ledger, LEDGER_ENDPOINT_CALLS, 1);
	} else {
		queue_remove(endpoint->receives, &endpoint->receive_count, op);
		op->process->calls_reserved--;
	}
	op->left = op->place;
	op->place = MODEL_RUNNING;
}

/* The oldest call of the caller whose number follows that of the one served last. */
static struct model_op *
next_call(struct model_object *endpoint)
{
	struct model_op *best = NULL;
	uint32_t best_distance = 0;

	for (uint32_t i = 0; i < endpoint->call_count; i++) {
		uint32_t distance = endpoint->calls[i]->process->pid - endpoint->last_caller - 1;

		if (best != NULL && distance >= best_distance)
			continue;
		best = endpoint->calls[i];
		best_distance = distance;
	}
	return best;
}

/* The oldest receiver that did not fail twice in a row; the oldest, if all did. */
static struct model_op *
next_receive(struct model_object *endpoint)
{
	struct model_op *oldest = NULL;

	for (uint32_t i = 0; i < endpoint->receive_count; i++) {
		if (model_op_is_dead(endpoint->receives[i]))
			continue;
		if (endpoint->receives[i]->process->strikes < STRIKES_MAX)
			return endpoint->receives[i];
		if (oldest == NULL)
			oldest = endpoint->receives[i];
	}
	return oldest;
}

enum cap_status
model_endpoint_queue(struct model_op *op)
{
	struct model_object *endpoint = op->object;
	enum cap_status status;

	if (endpoint->call_count == MODEL_QUEUE)
		return CAP_ERR_QUEUE_FULL;
	status = model_charge(op->process->ledger, LEDGER_ENDPOINT_CALLS, 1);
	if (status != CAP_OK)
		return status;
	endpoint->calls[endpoint->call_count++] = op;
	op->place = MODEL_CALLING;
	return CAP_OK;
}

/* To a receiver, or into the queue. */
static enum cap_status
call_place(struct model *model, struct model_op *op)
{
	enum cap_status status = CAP_OK;

	for (;;) {
		struct model_op *receive = next_receive(op->object);

		if (op->object->closed)
			return CAP_ERR_DISCONNECTED;
		if (receive == NULL)
			return model_endpoint_queue(op);
		switch (model_match_try(model, op, receive, &status)) {
		case MODEL_MATCHED:
		case MODEL_CALL_ENDED:
			return CAP_OK;
		case MODEL_CALL_REFUSED:
			return status;
		case MODEL_RECEIVE_ENDED:
			break;
		}
	}
}

enum cap_status
model_endpoint_call(struct model *model, struct model_op *op, const struct model_slot *target)
{
	struct model_object *endpoint = target->object;
	enum cap_status status;

	if (op->sqe.len > MESSAGE_BYTES_MAX)
		return CAP_ERR_MESSAGE_TOO_LARGE;
	status = model_reserve_call(model, op);
	if (status != CAP_OK)
		return status;
	endpoint->references++;
	op->object = endpoint;
	op->interface_index = target->interface_index;
	status = call_place(model, op);
	if (status != CAP_OK) {
		op->object = NULL;
		model_unreserve(op);
		model_object_put(endpoint);
	}
	return status;
}

/* Room for one more call to serve. */
static enum cap_status
call_slot_reserve(struct model *model, struct model_op *op)
{
	struct model_process *process = op->process;
	uint32_t used = 0;
	enum cap_status status;

	for (uint32_t i = 0; i < process->call_capacity; i++)
		used += process->calls[i].used;
	if (!process->has_call_table) {
		status = model_take(model, op, model->prices.call_table);
		if (status != CAP_OK)
			return status;
		process->has_call_table = true;
		process->kernel_bytes += model->prices.call_table;
	}
	if (used + process->calls_reserved == process->call_capacity) {
		status = model_charge(process->ledger, LEDGER_OUTSTANDING_CALLS, MODEL_CHUNK);
		if (status != CAP_OK)
			return status;
		status = model_take(model, op, model->prices.call_chunk);
		if (status != CAP_OK) {
			model_release(process->ledger, LEDGER_OUTSTANDING_CALLS, MODEL_CHUNK);
			return status;
		}
		process->kernel_bytes += model->prices.call_chunk;
		process->call_capacity += MODEL_CHUNK;
		assert(process->call_capacity <= MODEL_CALLS);
	}
	process->calls_reserved++;
	return CAP_OK;
}

static enum cap_status
receive_queue(struct model_op *op)
{
	struct model_object *endpoint = op->object;

	if (endpoint->closed)
		return CAP_ERR_DISCONNECTED;
	if (endpoint->receive_count == MODEL_QUEUE)
		return CAP_ERR_QUEUE_FULL;
	endpoint->receives[endpoint->receive_count++] = op;
	op->place = MODEL_RECEIVING;
	return CAP_OK;
}

/* Calls that turn out to be bad end with their own error, and the next one is tried. */
static void
receive_match(struct model *model, struct model_op *op)
{
	enum model_match match = MODEL_CALL_ENDED;

	while (match == MODEL_CALL_ENDED && op->place == MODEL_RECEIVING) {
		struct model_op *call = next_call(op->object);
		enum cap_status status = CAP_OK;

		if (call == NULL)
			return;
		if (model_op_is_dead(call)) {
			model_end_revoked(model, call);
			continue;
		}
		match = model_match_try(model, call, op, &status);
		if (match != MODEL_CALL_REFUSED)
			continue;
		model_cancel(model, call, status);
		match = MODEL_CALL_ENDED;
	}
}

enum cap_status
model_endpoint_receive(struct model *model, struct model_op *op, const struct model_slot *target)
{
	struct model_object *endpoint = target->object;
	enum cap_status status;

	if (op->sqe.result_len < sizeof(struct cap_delivery))
		return CAP_ERR_BUFFER_TOO_SMALL;
	if (op->sqe.result_addr % 8 != 0)
		return CAP_ERR_INVALID_BUFFER;
	status = model_reserve(model, op, op->sqe.cap_max);
	if (status != CAP_OK)
		return status;
	status = call_slot_reserve(model, op);
	if (status != CAP_OK) {
		model_unreserve(op);
		return status;
	}
	endpoint->references++;
	op->object = endpoint;
	status = receive_queue(op);
	if (status != CAP_OK) {
		op->object = NULL;
		op->process->calls_reserved--;
		model_unreserve(op);
		model_object_put(endpoint);
		return status;
	}
	receive_match(model, op);
	return CAP_OK;
}

void
model_close(struct model *model, struct model_object *object)
{
	if (object->closed)
		return;
	object->closed = true;
	object->references++;
	assert(model->closing_count < MODEL_SLOTS);
	model->closing[model->closing_count++] = object;
}
