/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CALL meets a RECV. What can be the caller's fault is found first, while the RECV is as it was;
 * then the RECV is claimed and written; then transfers commit. So a bad receiver costs the call
 * nothing, and the other way round.
 */
#include "base/assert.h"
#include "ipc/endpoint_internal.h"
#include "mm/user_copy.h"
#include "ring/scratch.h"
#include "sched/thread.h"

struct match {
	struct endpoint *endpoint;
	struct op *call;
	struct op *receive;
	struct process *client;
	struct process *server;
	uint32_t total; /* bytes that the RECV gets */
	struct message message;
	struct cap_hold holds[TRANSFER_CAPS_MAX];
	struct cap_record records[TRANSFER_CAPS_MAX];
};

static void
match_lock(struct match *match) NO_LOCK_ANALYSIS
{
	if (match->message.transfers.count == 0)
		spin_lock(&match->server->lock);
	else
		spin_lock_pair(&match->client->lock, &match->server->lock);
}

static void
match_unlock(struct match *match) NO_LOCK_ANALYSIS
{
	if (match->message.transfers.count == 0)
		spin_unlock(&match->server->lock);
	else
		spin_unlock_pair(&match->client->lock, &match->server->lock);
}

static void
header_fill(struct cap_delivery *header, const struct match *match, uint64_t call_id)
{
	const struct op *call = match->call;

	header->call_id = call_id;
	header->interface_id = object_interface_id(call->object, call->interface_index);
	header->deadline_ns = op_deadline_ns(call);
	header->param_bytes = call->sqe.len;
	header->method = call->sqe.method;
	header->cap_count = (uint16_t)match->message.transfers.count;
	/* No session yet: an all-zero reference. */
	__builtin_memset(header->caller_reference, 0, sizeof(header->caller_reference));
	header->caller_epoch = 0;
	header->flags = 0;
	header->result_len = call->sqe.result_len;
	header->cap_max = call->sqe.cap_max;
}

static enum cap_status
write_by_copy(struct match *match, uint64_t call_id)
{
	struct address_space *space = match->server->space;
	uaddr_t to = match->receive->sqe.result_addr;
	struct cap_delivery header;
	uint32_t count = match->message.transfers.count;
	enum cap_status status;

	header_fill(&header, match, call_id);
	status = user_copy_out(space, to, &header, sizeof(header));
	if (status == CAP_OK && match->message.bytes != NULL)
		status = user_copy_out(
		    space, to + sizeof(header), match->message.bytes, match->message.byte_count);
	if (status == CAP_OK && count != 0)
		status =
		    user_copy_out(space, to + sizeof(header) + align_8(match->message.byte_count),
			match->records, count * sizeof(struct cap_record));
	return status;
}

/* Into the RECV's buffer: header, parameters, records. */
static enum cap_status
delivery_write(struct match *match, uint64_t call_id)
{
	uint8_t *to =
	    ring_pinned(match->receive->ring, match->receive->sqe.result_addr, match->total);
	uint32_t count = match->message.transfers.count;

	if (to == NULL || match->message.bytes == NULL)
		return write_by_copy(match, call_id);
	header_fill((struct cap_delivery *)(void *)to, match, call_id);
	copy_short(
	    to + sizeof(struct cap_delivery), match->message.bytes, match->message.byte_count);
	if (count != 0)
		copy_short(to + sizeof(struct cap_delivery) + align_8(match->message.byte_count),
		    match->records, count * sizeof(struct cap_record));
	return CAP_OK;
}

/* The RECV leaves the queue with its call slot used. */
static void
receive_dequeue_locked(struct endpoint *endpoint, struct op *receive)
{
	if (receive->place == OP_PLACE_COPY)
		copy_detach_locked(receive->peer, receive);
	list_remove(&receive->link);
	receive->place = OP_PLACE_NONE;
	endpoint->receive_count--;
}

/* The receiver's buffer refused the call: the RECV ends, the call is as before. */
static enum delivery
receive_failed_locked(struct match *match, enum cap_status status)
{
	queue_unlink_locked(match->endpoint, match->receive);
	(*ring_strikes(match->receive->ring))++;
	ipc_op_end_status(match->receive, status);
	return DELIVERY_RECV_ENDED;
}

static void
receive_complete_locked(struct match *match)
{
	struct op *receive = match->receive;
	struct op_result result = {
		.result = (int32_t)match->total,
		.cap_count = (uint16_t)match->message.transfers.count,
	};

	*ring_strikes(receive->ring) = 0;
	ipc_op_end(receive, &result);
}

/* Both processes' locks are held as far as they are needed. */
static enum cap_status
match_commit_locked(struct match *match)
{
	struct op *call = match->call;
	struct transfer_list *transfers = &match->message.transfers;
	struct call_slot *slot = call_table_take_locked(match->server, call);
	enum cap_status status = delivery_write(match, slot->id);

	if (status != CAP_OK) {
		call_table_give_locked(match->server, slot, true);
		return status;
	}
	if (transfers->count != 0) {
		transfer_commit_locked(
		    match->client->table, match->server->table, transfers, match->holds);
		match->receive->reserved_slots =
		    (uint8_t)(match->receive->reserved_slots - transfer_slots(transfers));
	}
	cap_table_keep_locked(match->server->table, match->receive->reserved_slots);
	match->receive->reserved_slots = 0;
	/* Before the server's lock is dropped: from then on it may answer. */
	queue_unlink_locked(match->endpoint, call);
	match->endpoint->last_caller = match->client->pid;
	call->place = OP_PLACE_DELIVERED;
	call->server = match->server;
	call->peer = slot;
	return CAP_OK;
}

/* What only the caller can have done wrong, with the locks held that keep it right. */
static enum cap_status
match_check_locked(struct match *match)
{
	struct transfer_list *transfers = &match->message.transfers;
	enum cap_status status;

	if (transfers->count == 0)
		return CAP_OK;
	status = transfer_check_locked(match->client->table, transfers, match->holds);
	if (status != CAP_OK)
		return status;
	if (transfer_slots(transfers) > match->receive->reserved_slots)
		return CAP_ERR_TOO_MANY_CAPS;
	transfer_predict_locked(match->server->table, transfers, match->holds, match->records);
	return CAP_OK;
}

uint32_t
delivery_bytes(const struct op *call)
{
	size_t bytes = sizeof(struct cap_delivery) + call->sqe.len;

	if (call->sqe.xfer_count != 0)
		bytes = align_8(bytes) + call->sqe.xfer_count * sizeof(struct cap_record);
	return (uint32_t)bytes;
}

enum delivery
deliver_locked(struct endpoint *endpoint, struct op *call, struct op *receive,
    enum cap_status *status, struct thread *runner)
{
	/* What does not fit is found out without a byte moved. */
	if (call->sqe.len <= JOB_STEP_BYTES || delivery_bytes(call) > receive->sqe.result_len)
		return deliver_now_locked(endpoint, call, receive, status);
	*status = copy_call_begin_locked(endpoint, call, receive, runner);
	return *status == CAP_OK ? DELIVERY_DONE : DELIVERY_CALL_REFUSED;
}

enum delivery
deliver_now_locked(
    struct endpoint *endpoint, struct op *call, struct op *receive, enum cap_status *status)
{
	struct match match;

	match.endpoint = endpoint;
	match.call = call;
	match.receive = receive;
	match.client = op_process(call);
	match.server = op_process(receive);
	match.total = delivery_bytes(call);
	*status = message_open(call, &match.message);
	if (*status != CAP_OK)
		return DELIVERY_CALL_REFUSED;
	match_lock(&match);
	*status = match_check_locked(&match);
	/*
	 * A buffer that is too small says what this target accepts: the caller asked for too much.
	 * Were it the receiver's fault, any client could stop any server with one long message.
	 */
	if (*status == CAP_OK && match.total > receive->sqe.result_len)
		*status = CAP_ERR_MESSAGE_TOO_LARGE;
	if (*status != CAP_OK) {
		match_unlock(&match);
		return DELIVERY_CALL_REFUSED;
	}
	if (!op_claim_end(receive)) {
		match_unlock(&match);
		queue_unlink_locked(endpoint, receive);
		return DELIVERY_RECV_ENDED;
	}
	*status = match_commit_locked(&match);
	match_unlock(&match);
	if (*status != CAP_OK)
		return receive_failed_locked(&match, *status);
	receive_dequeue_locked(endpoint, receive);
	receive_complete_locked(&match);
	return DELIVERY_DONE;
}
