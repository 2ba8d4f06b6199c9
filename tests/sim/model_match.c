/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call meets a receiver. The caller's faults cost the call, the receiver's the RECV, and neither
 * costs the other anything.
 */
#include <assert.h>
#include <string.h>

#include "model.h"

static uint8_t payload[MESSAGE_BYTES_MAX];

static uint64_t
align_8(uint64_t bytes)
{
	return (bytes + 7) / 8 * 8;
}

static uint64_t
delivery_bytes(const struct model_op *call)
{
	uint64_t bytes = sizeof(struct cap_delivery) + call->sqe.len;

	if (call->sqe.xfer_count != 0)
		bytes = align_8(bytes) + call->sqe.xfer_count * sizeof(struct cap_record);
	return bytes;
}

static bool
is_long(const struct model_op *op)
{
	return op->sqe.len > KERNEL_MESSAGE_BYTES_MAX;
}

/* To the head of its queue: a partner of a long message that did not arrive. */
static void
move_to_head(struct model_op **queue, uint32_t count, struct model_op *op)
{
	uint32_t index = 0;

	while (index < count && queue[index] != op)
		index++;
	if (index == count)
		return;
	memmove(&queue[1], &queue[0], index * sizeof(queue[0]));
	queue[0] = op;
}

static enum model_match
receive_failed(struct model *model, struct model_op *receive, enum cap_status status)
{
	if (status == CAP_ERR_INVALID_BUFFER)
		receive->process->strikes++;
	model_spoil(model, receive);
	model_cancel(model, receive, status);
	return MODEL_RECEIVE_ENDED;
}

/*
 * A long call needs a record of its copy. A new call whose first receiver's buffer was bad had one
 * for that, and may have been refused the next one: the first is there still.
 */
static enum cap_status
copy_charge(struct model *model, struct model_op *call, const struct model_op *receive)
{
	struct model_ledger *ledger = call->process->ledger;
	uint64_t room = ledger->limit[LEDGER_KERNEL_BYTES] - ledger->used[LEDGER_KERNEL_BYTES];

	if (call->place == MODEL_RUNNING && model_was_told(model, receive, CAP_ERR_INVALID_BUFFER))
		return CAP_OK;
	if (model->memory_short && model_was_told(model, call, CAP_ERR_NO_MEMORY))
		return CAP_ERR_NO_MEMORY;
	if (room < model->prices.copy_max && model_was_told(model, call, CAP_ERR_QUOTA_EXCEEDED))
		return CAP_ERR_QUOTA_EXCEEDED;
	return CAP_OK;
}

/* After a copy that did not arrive, the next is nobody's own work: it begins behind a window. */
static void
copy_begin(struct model *model)
{
	if (++model->copies == 1)
		return;
	model_window(model);
	if (model->copies == 2)
		model->unread_before = model->entered->unread;
}

/* The bytes, in steps; between two of them, deadlines pass. */
static enum model_match
copy_steps(
    struct model *model, struct model_op *call, struct model_op *receive, enum cap_status *status)
{
	uint64_t to = receive->sqe.result_addr + sizeof(struct cap_delivery);

	copy_begin(model);
	for (uint64_t at = 0; at < call->sqe.len; at += KERNEL_MESSAGE_BYTES_MAX) {
		uint64_t left = call->sqe.len - at;
		uint64_t bytes = left < KERNEL_MESSAGE_BYTES_MAX ? left : KERNEL_MESSAGE_BYTES_MAX;

		if (at != 0)
			model_window(model);
		model->copies_broken += call->place == MODEL_FREE || receive->place == MODEL_FREE;
		if (call->place == MODEL_FREE)
			return MODEL_CALL_ENDED;
		if (receive->place == MODEL_FREE)
			return MODEL_RECEIVE_ENDED;
		*status = CAP_ERR_INVALID_BUFFER;
		if (!memory_is_writable(to + at, bytes))
			return receive_failed(model, receive, *status);
		if (!memory_is_readable(call->sqe.addr + at, bytes))
			return MODEL_CALL_REFUSED;
	}
	*status = CAP_OK;
	return MODEL_MATCHED;
}

/* The call waits meanwhile; who is left of the two stands at the head of its queue then. */
static enum model_match
copy_long(
    struct model *model, struct model_op *call, struct model_op *receive, enum cap_status *status)
{
	struct model_object *endpoint = receive->object;
	bool is_fresh = call->place == MODEL_RUNNING;
	enum model_match match;

	*status = copy_charge(model, call, receive);
	if (*status == CAP_OK && is_fresh)
		*status = model_endpoint_queue(call);
	if (*status != CAP_OK)
		return MODEL_CALL_REFUSED;
	/* Whoever ends first may end the endpoint's last reference. */
	endpoint->references++;
	model_spoil(model, receive);
	match = copy_steps(model, call, receive, status);
	move_to_head(endpoint->receives, endpoint->receive_count, receive);
	move_to_head(endpoint->calls, endpoint->call_count, call);
	if (is_fresh && call->place == MODEL_CALLING)
		model_endpoint_forget(model, call);
	model_object_put(endpoint);
	return match;
}

/* The id of a delivered call is the server's to be told: it comes from the run, and is a new one.
 */
static uint64_t
call_id_learn(struct model *model, struct model_process *server, uint64_t address)
{
	uint64_t id = model->call_id_at(server, address);
	uint32_t known =
	    server->call_id_count < MODEL_CALL_IDS ? server->call_id_count : MODEL_CALL_IDS;

	for (uint32_t i = 0; i < known; i++)
		model->call_id_reused |= server->call_ids[i] == id;
	model->call_id_reused |= id == 0;
	server->call_ids[server->call_id_count++ % MODEL_CALL_IDS] = id;
	return id;
}

static bool
is_plain(const struct cap_sqe *sqe)
{
	return sqe->deadline_ns == 0 && sqe->cap_max == 0 && sqe->xfer_count == 0 &&
	    sqe->len % 8 == 0;
}

static void
deliver(struct model *model, struct model_op *call, struct model_op *receive,
    struct model_transfers *transfers)
{
	struct model_process *server = receive->process;
	uint64_t total = delivery_bytes(call);
	struct cap_delivery header = {
		.interface_id = model_interface_id(call->object, call->interface_index),
		.deadline_ns = model_deadline_of(&call->sqe),
		.param_bytes = call->sqe.len,
		.method = call->sqe.method,
		.cap_count = (uint16_t)transfers->count,
		.result_len = call->sqe.result_len,
		.cap_max = call->sqe.cap_max,
	};
	struct model_call *slot = server->calls;
	enum cap_status status;

	model->short_calls += call->place == MODEL_RUNNING && is_plain(&call->sqe) &&
	    memory_is_in_ring(call->sqe.addr, call->sqe.len) &&
	    memory_is_in_ring(receive->sqe.result_addr, total);
	while (slot->used)
		slot++;
	assert(slot < server->calls + server->call_capacity);
	model_transfers_commit(call->process, receive, transfers);
	memory_read(&call->process->memory, call->sqe.addr, payload, call->sqe.len);
	slot->id = call_id_learn(model, server, receive->sqe.result_addr);
	header.call_id = slot->id;
	status = model_write(model, receive, 0, &header, sizeof(header));
	assert(status == CAP_OK);
	status = model_write(model, receive, sizeof(header), payload, call->sqe.len);
	assert(status == CAP_OK);
	status = model_write(model, receive, sizeof(header) + align_8(call->sqe.len),
	    transfers->records, transfers->count * sizeof(struct cap_record));
	assert(status == CAP_OK);
	(void)status;
	if (call->place == MODEL_CALLING)
		model_endpoint_forget(model, call);
	model_endpoint_forget(model, receive);
	slot->used = true;
	slot->op = call;
	call->place = MODEL_DELIVERED;
	call->server = server;
	call->call = slot;
	call->object->last_caller = call->process->pid;
	server->strikes = 0;
	model_keep(receive);
	model_end_with(model, receive,
	    &(struct cap_cqe){ .result = (int32_t)total, .cap_count = (uint16_t)transfers->count });
}

enum model_match
model_match_try(
    struct model *model, struct model_op *call, struct model_op *receive, enum cap_status *status)
{
	bool fits = delivery_bytes(call) <= receive->sqe.result_len;
	struct model_transfers transfers;

	*status = CAP_OK;
	if (!is_long(call) && !memory_is_readable(call->sqe.addr, call->sqe.len)) {
		*status = CAP_ERR_INVALID_BUFFER;
		return MODEL_CALL_REFUSED;
	}
	if (is_long(call) && fits) {
		enum model_match match = copy_long(model, call, receive, status);

		if (match != MODEL_MATCHED)
			return match;
	}
	*status = model_transfers_read(call, &transfers);
	if (*status == CAP_OK)
		*status = model_transfers_check(call->process, &transfers);
	if (*status == CAP_OK && transfers.slots > receive->reserved)
		*status = CAP_ERR_TOO_MANY_CAPS;
	/* What does not fit is more than this receiver takes. */
	if (*status == CAP_OK && !fits)
		*status = CAP_ERR_MESSAGE_TOO_LARGE;
	if (*status != CAP_OK)
		return MODEL_CALL_REFUSED;
	if (!memory_is_writable(receive->sqe.result_addr, delivery_bytes(call)))
		return receive_failed(model, receive, CAP_ERR_INVALID_BUFFER);
	deliver(model, call, receive, &transfers);
	return MODEL_MATCHED;
}
