/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server answers. Its own faults leave the call as it is; after that the RETURN succeeds, and
 * what goes wrong is told to the caller.
 */
#include <assert.h>
#include <string.h>

#include "model.h"

static uint8_t payload[MESSAGE_BYTES_MAX];

static struct model_call *
call_find(struct model_process *server, uint64_t id)
{
	for (uint32_t i = 0; i < server->call_capacity; i++)
		if (server->calls[i].used && server->calls[i].id == id)
			return &server->calls[i];
	return NULL;
}

/* The caller's table gets nothing, and the caller no records. */
static bool
is_answer_only(const struct model_op *call)
{
	return (call->sqe.flags & CAP_SQE_ANSWER_ONLY) != 0;
}

/* The bytes, and the records but for the first, which stands in the completion. */
static enum cap_status
answer_write(struct model *model, struct model_op *op, struct model_op *call,
    const struct model_transfers *transfers)
{
	uint64_t records_at = (op->sqe.len + UINT64_C(7)) / 8 * 8;
	uint64_t records_bytes = transfers->count > 1 && !is_answer_only(call)
	    ? (transfers->count - 1) * sizeof(struct cap_record)
	    : 0;
	uint64_t total = records_bytes != 0 ? records_at + records_bytes : op->sqe.len;

	if (total > call->sqe.result_len) {
		/* A long answer may have come as far as its records. */
		model_spoil(model, call);
		return CAP_ERR_BUFFER_TOO_SMALL;
	}
	if (!memory_is_writable(call->sqe.result_addr, total)) {
		model_spoil(model, call);
		return CAP_ERR_INVALID_BUFFER;
	}
	memory_read(&op->process->memory, op->sqe.addr, payload, op->sqe.len);
	return model_write(model, call, 0, payload, op->sqe.len);
}

/* From here on the answer is given, whatever the caller's buffer is like. */
static void
answer(struct model *model, struct model_op *op, struct model_op *call,
    struct model_transfers *transfers)
{
	bool exception = (op->sqe.flags & CAP_SQE_EXCEPTION) != 0;
	enum cap_status status = answer_write(model, op, call, transfers);
	struct cap_cqe cqe = { .result = (int32_t)op->sqe.len };

	if (exception)
		model_answer_fails_as(call, op->sqe.method);
	if (status == CAP_OK && exception)
		status = CAP_ERR_APPLICATION_EXCEPTION;
	if (status == CAP_ERR_BUFFER_TOO_SMALL && exception)
		status = CAP_ERR_APPLICATION_EXCEPTION_TRUNCATED;
	if (status == CAP_OK && transfers->count != 0 && is_answer_only(call)) {
		model_transfers_keep(op->process, call, transfers);
	} else if (status == CAP_OK && transfers->count != 0) {
		model_transfers_commit(op->process, call, transfers);
		for (uint32_t i = 0; i < transfers->count; i++)
			model_answer_keep_of_table(call, i, transfers->records[i].cap_id);
		cqe.cap_count = (uint16_t)transfers->count;
		cqe.cap_id = transfers->records[0].cap_id;
		cqe.interface_id = transfers->records[0].interface_id;
		status = model_write(model, call, (op->sqe.len + UINT64_C(7)) / 8 * 8,
		    &transfers->records[1], (transfers->count - 1) * sizeof(struct cap_record));
		assert(status == CAP_OK);
	}
	if (status != CAP_OK)
		cqe.result = status;
	model_end_with(model, call, &cqe);
}

/* What a long answer meets before all of it is copied; CAP_OK: nothing. */
static enum cap_status
copy_long(struct model *model, struct model_op *op, const struct model_call *slot)
{
	model->copies++;
	if (slot->op == NULL || op->sqe.len > slot->op->sqe.result_len)
		return CAP_OK;
	model_spoil(model, slot->op);
	for (uint64_t at = 0; at < op->sqe.len; at += KERNEL_MESSAGE_BYTES_MAX) {
		uint64_t left = op->sqe.len - at;
		uint64_t bytes = left < KERNEL_MESSAGE_BYTES_MAX ? left : KERNEL_MESSAGE_BYTES_MAX;

		if (at != 0)
			model_window(model);
		if (op->place == MODEL_FREE)
			return CAP_OK;
		if (at != 0 && model_is_due(model, op))
			return CAP_ERR_TIMED_OUT;
		model->copies_broken += slot->op == NULL;
		if (slot->op == NULL || !memory_is_writable(slot->op->sqe.result_addr + at, bytes))
			return CAP_OK;
		if (!memory_is_readable(op->sqe.addr + at, bytes))
			return CAP_ERR_INVALID_BUFFER;
	}
	return CAP_OK;
}

static enum cap_status
check_long(struct model *model, struct model_op *op, const struct model_call *slot)
{
	struct model_ledger *ledger = op->process->ledger;
	uint64_t room = ledger->limit[LEDGER_KERNEL_BYTES] - ledger->used[LEDGER_KERNEL_BYTES];

	if (model->memory_short && model_was_told(model, op, CAP_ERR_NO_MEMORY))
		return CAP_ERR_NO_MEMORY;
	if (room < model->prices.copy_max && model_was_told(model, op, CAP_ERR_QUOTA_EXCEEDED))
		return CAP_ERR_QUOTA_EXCEEDED;
	return copy_long(model, op, slot);
}

static enum cap_status
call_check(struct model_op *op, struct model_op *call, struct model_transfers *transfers)
{
	enum cap_status status = CAP_OK;

	if (op->sqe.len <= KERNEL_MESSAGE_BYTES_MAX &&
	    !memory_is_readable(op->sqe.addr, op->sqe.len))
		return CAP_ERR_INVALID_BUFFER;
	status = model_transfers_read(op, transfers);
	if (status == CAP_OK)
		status = model_transfers_check(op->process, transfers);
	if (status == CAP_OK && transfers->slots > call->reserved)
		status = CAP_ERR_TOO_MANY_CAPS;
	return status;
}

enum cap_status
model_return(struct model *model, struct model_op *op)
{
	const bool is_turn = model_is_turn(&op->sqe);
	struct model_transfers transfers;
	struct model_call *slot;
	enum cap_status status = CAP_OK;

	if (op->sqe.len > MESSAGE_BYTES_MAX)
		return CAP_ERR_MESSAGE_TOO_LARGE;
	if ((op->sqe.flags & CAP_SQE_EXCEPTION) != 0 && op->sqe.xfer_count != 0)
		return CAP_ERR_INVALID_REQUEST;
	if (is_turn && op->sqe.len > KERNEL_MESSAGE_BYTES_MAX)
		return CAP_ERR_MESSAGE_TOO_LARGE;
	slot = call_find(op->process, op->sqe.target);
	if (slot == NULL)
		return CAP_ERR_INVALID_CALL_ID;
	if (op->sqe.len > KERNEL_MESSAGE_BYTES_MAX)
		status = check_long(model, op, slot);
	if (status != CAP_OK)
		return status;
	/* Its process ended in the middle. */
	if (op->place == MODEL_FREE)
		return CAP_OK;
	if (slot->op == NULL) {
		slot->used = false;
		return CAP_ERR_CALL_GONE;
	}
	status = call_check(op, slot->op, &transfers);
	if (status != CAP_OK)
		return status;
	slot->used = false;
	model->turns += is_turn;
	model->short_returns += (is_turn || op->sqe.deadline_ns == 0) &&
	    (op->sqe.flags & ~CAP_SQE_RECEIVE) == 0 && op->sqe.xfer_count == 0 &&
	    op->sqe.len % 8 == 0 && op->sqe.len <= slot->op->sqe.result_len &&
	    memory_is_in_ring(op->sqe.addr, op->sqe.len) &&
	    memory_is_in_ring(slot->op->sqe.result_addr, op->sqe.len);
	answer(model, op, slot->op, &transfers);
	if (!is_turn)
		model_end(model, op, 0);
	return CAP_OK;
}
