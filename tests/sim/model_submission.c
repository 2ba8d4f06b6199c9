/* SPDX-License-Identifier: Apache-2.0 */
/* One submission: its shape, then what its opcode does. */
#include <assert.h>
#include <string.h>

#include "model.h"

/* Does the submission set nothing but its opcode, user data, deadline and what `allowed` sets? */
static bool
sets_only(const struct cap_sqe *sqe, struct cap_sqe allowed)
{
	static const struct cap_sqe zero;
	struct cap_sqe rest = *sqe;
	uint8_t *bytes = (uint8_t *)&rest;
	const uint8_t *mask = (const uint8_t *)&allowed;

	allowed.op = UINT8_MAX;
	allowed.user_data = UINT64_MAX;
	allowed.deadline_ns = UINT64_MAX;
	for (size_t i = 0; i < sizeof(rest); i++)
		bytes[i] = (uint8_t)(bytes[i] & ~mask[i]);
	return memcmp(&rest, &zero, sizeof(zero)) == 0;
}

enum cap_status
model_call_on(struct model *model, struct model_op *op, const struct model_slot *target)
{
	model_op_begins(op, target);
	if (target->object->kind == MODEL_ENDPOINT && target->interface_index != 0)
		return model_endpoint_call(model, op, target);
	return model_object_call(model, op, target);
}

static enum cap_status
run_call(struct model *model, struct model_op *op)
{
	const struct cap_sqe allowed = {
		.flags = CAP_SQE_PROMISED | CAP_SQE_ANSWER_ONLY | CAP_SQE_LAST,
		.target = UINT64_MAX,
		.method = UINT16_MAX,
		.addr = UINT64_MAX,
		.result_addr = UINT64_MAX,
		.len = UINT32_MAX,
		.result_len = UINT32_MAX,
		.xfer_count = UINT8_MAX,
		.cap_max = UINT8_MAX,
		.answer_id = UINT32_MAX,
	};
	struct model_slot *target;
	enum cap_status status;

	if (!sets_only(&op->sqe, allowed) || op->sqe.cap_max > MESSAGE_CAPS_MAX)
		return CAP_ERR_INVALID_REQUEST;
	if (op->sqe.xfer_count > MESSAGE_CAPS_MAX)
		return CAP_ERR_INVALID_TRANSFER_DESCRIPTOR;
	status = model_answer_open(model, op);
	if (status != CAP_OK)
		return status;
	if ((op->sqe.flags & CAP_SQE_PROMISED) != 0)
		return model_answer_call(model, op);
	status = model_lookup(op->process, op->sqe.target, &target);
	/* A revoked target answers like one that fails. */
	if (status == CAP_ERR_REVOKED) {
		model_end_exception(model, op, status);
		return CAP_OK;
	}
	return status == CAP_OK ? model_call_on(model, op, target) : status;
}

/* The endpoint's own side. */
static enum cap_status
receiving_side(struct model_process *process, uint64_t cap_id, struct model_slot **out)
{
	enum cap_status status = model_lookup(process, cap_id, out);

	if (status != CAP_OK)
		return status;
	return (*out)->object->kind == MODEL_ENDPOINT && (*out)->interface_index == 0
	    ? CAP_OK
	    : CAP_ERR_WRONG_INTERFACE;
}

static enum cap_status
run_receive(struct model *model, struct model_op *op)
{
	const struct cap_sqe allowed = {
		.target = UINT64_MAX,
		.result_addr = UINT64_MAX,
		.result_len = UINT32_MAX,
		.cap_max = UINT8_MAX,
	};
	struct model_slot *target;
	enum cap_status status;

	if (!sets_only(&op->sqe, allowed) || op->sqe.cap_max > MESSAGE_CAPS_MAX)
		return CAP_ERR_INVALID_REQUEST;
	status = receiving_side(op->process, op->sqe.target, &target);
	if (status != CAP_OK)
		return status;
	model_op_begins(op, target);
	return model_endpoint_receive(model, op, target);
}

static enum cap_status
run_return(struct model *model, struct model_op *op)
{
	const struct cap_sqe allowed = {
		.flags = CAP_SQE_EXCEPTION,
		.method = (op->sqe.flags & CAP_SQE_EXCEPTION) != 0 ? 3 : 0,
		.target = UINT64_MAX,
		.addr = UINT64_MAX,
		.len = UINT32_MAX,
		.xfer_count = UINT8_MAX,
	};

	if (!sets_only(&op->sqe, allowed))
		return CAP_ERR_INVALID_REQUEST;
	if (op->sqe.xfer_count > MESSAGE_CAPS_MAX)
		return CAP_ERR_INVALID_TRANSFER_DESCRIPTOR;
	return model_return(model, op);
}

/* The answer first, and then a RECV, which is looked at as far as it can be before. */
static enum cap_status
run_turn(struct model *model, struct model_op *op)
{
	const struct cap_sqe allowed = {
		.flags = CAP_SQE_EXCEPTION | CAP_SQE_RECEIVE,
		.method = (op->sqe.flags & CAP_SQE_EXCEPTION) != 0 ? 3 : 0,
		.target = UINT64_MAX,
		.addr = UINT64_MAX,
		.result_addr = UINT64_MAX,
		.len = UINT32_MAX,
		.result_len = UINT32_MAX,
		.xfer_count = UINT8_MAX,
		.cap_max = UINT8_MAX,
	};
	struct model_slot *from;
	enum cap_status status;

	if (!sets_only(&op->sqe, allowed))
		return CAP_ERR_INVALID_REQUEST;
	if (op->sqe.xfer_count > MESSAGE_CAPS_MAX)
		return CAP_ERR_INVALID_TRANSFER_DESCRIPTOR;
	if (op->sqe.cap_max > MESSAGE_CAPS_MAX)
		return CAP_ERR_INVALID_REQUEST;
	status = receiving_side(op->process, op->sqe.receive_from, &from);
	if (status != CAP_OK)
		return status;
	if (op->sqe.result_len < sizeof(struct cap_delivery))
		return CAP_ERR_BUFFER_TOO_SMALL;
	if (op->sqe.result_addr % 8 != 0)
		return CAP_ERR_INVALID_BUFFER;
	status = model_return(model, op);
	if (status != CAP_OK)
		return status;
	op->is_turn = true;
	op->sqe = (struct cap_sqe){ .op = CAP_OP_RECV,
		.target = op->sqe.receive_from,
		.user_data = op->sqe.user_data,
		.result_addr = op->sqe.result_addr,
		.result_len = op->sqe.result_len,
		.cap_max = op->sqe.cap_max };
	return run_receive(model, op);
}

/* SIGNAL or WAIT. */
static enum cap_status
run_notification(struct model *model, struct model_op *op)
{
	bool signals = op->sqe.op == CAP_OP_SIGNAL;
	struct model_slot *target;
	enum cap_status status;

	if (!sets_only(&op->sqe, (struct cap_sqe){ .target = UINT64_MAX, .addr = UINT64_MAX }) ||
	    op->sqe.addr == 0)
		return CAP_ERR_INVALID_REQUEST;
	status = model_lookup(op->process, op->sqe.target, &target);
	if (status != CAP_OK)
		return status;
	if (target->object->kind != (signals ? MODEL_SIGNALLER : MODEL_NOTIFICATION))
		return CAP_ERR_WRONG_INTERFACE;
	model_op_begins(op, target);
	if (!signals)
		return model_notification_wait(model, op, target->object);
	status = model_notification_signal(model, target->object, op->sqe.addr);
	if (status == CAP_OK)
		model_end(model, op, 0);
	return status;
}

static enum cap_status
run_release(struct model *model, struct model_op *op)
{
	struct model_object *object;
	struct model_slot *slot;
	uint16_t interface_index;
	enum cap_status status;

	if (!sets_only(&op->sqe, (struct cap_sqe){ .target = UINT64_MAX }))
		return CAP_ERR_INVALID_REQUEST;
	status = model_find(op->process, op->sqe.target, &slot);
	if (status != CAP_OK)
		return status;
	object = slot->object;
	interface_index = slot->interface_index;
	model_remove(op->process, slot);
	model_drop(model, object, interface_index);
	model_end(model, op, 0);
	return CAP_OK;
}

static enum cap_status
run_finish(struct model *model, struct model_op *op)
{
	struct model_process *process = op->process;
	struct model_op *oldest = NULL;

	if (!sets_only(&op->sqe,
		(struct cap_sqe){ .flags = op->sqe.flags == CAP_SQE_ANSWER ? CAP_SQE_ANSWER : 0,
		    .target = UINT64_MAX }))
		return CAP_ERR_INVALID_REQUEST;
	if (op->sqe.flags == CAP_SQE_ANSWER) {
		enum cap_status status = model_answer_finish(model, process, op->sqe.target);

		if (status == CAP_OK)
			model_end(model, op, 0);
		return status;
	}
	for (uint32_t i = 0; i < RING_CQ_ENTRIES; i++) {
		struct model_op *other = &process->ops[i];

		if (other->place == MODEL_FREE || other == op ||
		    other->sqe.user_data != op->sqe.target)
			continue;
		if (oldest == NULL || other->age < oldest->age)
			oldest = other;
	}
	if (oldest == NULL)
		return CAP_ERR_NOT_FOUND;
	model_cancel(model, oldest, CAP_ERR_CANCELLED);
	model_end(model, op, 0);
	return CAP_OK;
}

static enum cap_status
run(struct model *model, struct model_op *op)
{
	switch (op->sqe.op) {
	case CAP_OP_NOP:
		if (!sets_only(&op->sqe, (struct cap_sqe){ 0 }))
			return CAP_ERR_INVALID_REQUEST;
		model_end(model, op, 0);
		return CAP_OK;
	case CAP_OP_CALL:
		return run_call(model, op);
	case CAP_OP_RECV:
		return run_receive(model, op);
	case CAP_OP_RETURN:
		return model_is_turn(&op->sqe) ? run_turn(model, op) : run_return(model, op);
	case CAP_OP_RELEASE:
		return run_release(model, op);
	case CAP_OP_FINISH:
		return run_finish(model, op);
	case CAP_OP_SIGNAL:
	case CAP_OP_WAIT:
		return run_notification(model, op);
	default:
		return CAP_ERR_UNSUPPORTED_OPCODE;
	}
}

/* The first deadline of a ring takes memory for all that follow; a NOP needs none. */
static enum cap_status
deadline_take(struct model *model, const struct model_op *op)
{
	struct model_process *process = op->process;
	enum cap_status status;

	if (op->sqe.op == CAP_OP_NOP || process->has_deadlines ||
	    model_deadline_of(&op->sqe) == UINT64_MAX)
		return CAP_OK;
	status = model_take(model, op, model->prices.deadlines);
	if (status != CAP_OK)
		return status;
	process->has_deadlines = true;
	process->kernel_bytes += model->prices.deadlines;
	return CAP_OK;
}

void
model_refuse(struct model *model, struct model_op *op, enum cap_status status)
{
	/* A dead target answers like one that fails. */
	if (op->sqe.op == CAP_OP_CALL && status == CAP_ERR_DISCONNECTED)
		model_end_exception(model, op, status);
	else
		model_end(model, op, status);
}

void
model_submission_run(struct model *model, struct model_process *process, const struct cap_sqe *sqe)
{
	struct model_op *op = process->ops;
	enum cap_status status;

	while (op->place != MODEL_FREE)
		op++;
	assert(op < process->ops + RING_CQ_ENTRIES);
	*op = (struct model_op){ .place = MODEL_RUNNING, .sqe = *sqe, .process = process };
	op->age = process->taken++;
	status = deadline_take(model, op);
	if (status == CAP_OK)
		status = run(model, op);
	if (status != CAP_OK)
		model_refuse(model, op, status);
}
