/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server answers. What can be the server's fault is found first, while the call is as it was;
 * then the call is claimed. From there on the RETURN succeeds, and what goes wrong is told to the
 * caller.
 */
#include "base/assert.h"
#include "ipc/answer.h"
#include "ipc/endpoint_internal.h"
#include "mm/user_copy.h"
#include "ring/scratch.h"
#include "sched/thread.h"

struct answer {
	struct op *op;	 /* the RETURN */
	struct op *call; /* NULL: it is gone */
	struct call_slot *slot;
	struct process *server;
	struct process *client;
	bool paired;		       /* both processes are locked */
	enum cap_status caller_status; /* of a long message: the caller's buffer was bad */
	struct message message;
	struct cap_hold holds[TRANSFER_CAPS_MAX];
	struct cap_record records[TRANSFER_CAPS_MAX];
};

/*
 * Find the call and lock what is needed. To know the client, the server must be locked; if both are
 * needed, the call may be gone when they are.
 */
static enum cap_status
answer_lock(struct answer *answer) NO_LOCK_ANALYSIS
{
	struct process *server = answer->server;

	answer->paired = false;
	spin_lock(&server->lock);
	answer->slot = call_table_find_locked(server, answer->op->sqe.target);
	if (answer->slot == NULL) {
		spin_unlock(&server->lock);
		return CAP_ERR_INVALID_CALL_ID;
	}
	answer->call = answer->slot->op;
	if (answer->call == NULL || answer->op->sqe.xfer_count == 0)
		return CAP_OK;
	answer->client = op_process(answer->call);
	spin_unlock(&server->lock);
	spin_lock_pair(&server->lock, &answer->client->lock);
	answer->paired = true;
	answer->slot = call_table_find_locked(server, answer->op->sqe.target);
	if (answer->slot == NULL) {
		spin_unlock_pair(&server->lock, &answer->client->lock);
		return CAP_ERR_INVALID_CALL_ID;
	}
	answer->call = answer->slot->op;
	return CAP_OK;
}

static void
answer_unlock(struct answer *answer) NO_LOCK_ANALYSIS
{
	if (answer->paired)
		spin_unlock_pair(&answer->server->lock, &answer->client->lock);
	else
		spin_unlock(&answer->server->lock);
}

/* The caller's table gets nothing, and the caller no records. */
static inline bool
is_answer_only(const struct op *call)
{
	return (call->sqe.flags & CAP_SQE_ANSWER_ONLY) != 0;
}

/* The server's faults. */
static enum cap_status
answer_check_locked(struct answer *answer)
{
	struct transfer_list *transfers = &answer->message.transfers;
	enum cap_status status = message_open(answer->op, &answer->message);

	if (status != CAP_OK || transfers->count == 0)
		return status;
	status = transfer_check_locked(answer->server->table, transfers, answer->holds);
	if (status != CAP_OK)
		return status;
	if (transfer_slots(transfers) > answer->call->reserved_slots)
		return CAP_ERR_TOO_MANY_CAPS;
	if (!is_answer_only(answer->call))
		transfer_predict_locked(
		    answer->client->table, transfers, answer->holds, answer->records);
	return CAP_OK;
}

static enum cap_status
records_write(struct answer *answer, size_t records_at, size_t records_bytes)
{
	if (records_bytes == 0)
		return CAP_OK;
	return user_copy_out(answer->client->space, answer->call->sqe.result_addr + records_at,
	    &answer->records[1], records_bytes);
}

/* The payload, and the records but for the first, which stands in the completion. */
static enum cap_status
answer_write(struct answer *answer)
{
	struct op *call = answer->call;
	const struct message *message = &answer->message;
	uint32_t count = is_answer_only(call) ? 0 : message->transfers.count;
	size_t records_at = align_8(message->byte_count);
	size_t records_bytes = count > 1 ? (count - 1) * sizeof(struct cap_record) : 0;
	size_t total = records_bytes != 0 ? records_at + records_bytes : message->byte_count;
	uint8_t *to;
	enum cap_status status;

	if (total > call->sqe.result_len)
		return CAP_ERR_BUFFER_TOO_SMALL;
	if (answer->caller_status != CAP_OK)
		return answer->caller_status;
	if (message->bytes == NULL)
		return records_write(answer, records_at, records_bytes);
	to = ring_pinned(call->ring, call->sqe.result_addr, total);
	if (to != NULL) {
		copy_short(to, message->bytes, message->byte_count);
		copy_short(to + records_at, &answer->records[1], records_bytes);
		return CAP_OK;
	}
	status = user_copy_out(
	    answer->client->space, call->sqe.result_addr, message->bytes, message->byte_count);
	return status == CAP_OK ? records_write(answer, records_at, records_bytes) : status;
}

/* Write and commit; what the caller's completion says. */
static struct op_result
answer_commit_locked(struct answer *answer)
{
	struct transfer_list *transfers = &answer->message.transfers;
	bool exception = (answer->op->sqe.flags & CAP_SQE_EXCEPTION) != 0;
	enum cap_status status = answer_write(answer);
	struct op_result result = { .result = (int32_t)answer->message.byte_count };

	if (exception) {
		result.result = CAP_ERR_APPLICATION_EXCEPTION;
		answer_fails_as(answer->call, (uint8_t)answer->op->sqe.method);
	}
	if (status != CAP_OK) {
		result.result = status;
		if (exception && status == CAP_ERR_BUFFER_TOO_SMALL)
			result.result = CAP_ERR_APPLICATION_EXCEPTION_TRUNCATED;
		return result;
	}
	if (transfers->count == 0)
		return result;
	answer->call->reserved_slots =
	    (uint8_t)(answer->call->reserved_slots - transfer_slots(transfers));
	if (is_answer_only(answer->call)) {
		transfer_detach_locked(answer->server->table, transfers, answer->holds);
		answer_keep(answer->call, answer->holds, transfers->count, NULL);
		return result;
	}
	transfer_commit_locked(
	    answer->server->table, answer->client->table, transfers, answer->holds);
	answer_keep(answer->call, answer->holds, transfers->count, answer->records);
	result.cap_count = (uint16_t)transfers->count;
	result.cap_id = answer->records[0].cap_id;
	result.interface_id = answer->records[0].interface_id;
	return result;
}

/* The caller ended first: its record goes, the server's capabilities stay. */
static enum cap_status
answer_gone_locked(struct answer *answer)
{
	call_table_give_locked(answer->server, answer->slot, false);
	answer_unlock(answer);
	return CAP_ERR_CALL_GONE;
}

static enum cap_status
return_check(const struct op *op)
{
	if (op->sqe.len > MESSAGE_BYTES_MAX)
		return CAP_ERR_MESSAGE_TOO_LARGE;
	/* An exception carries no capabilities. */
	if ((op->sqe.flags & CAP_SQE_EXCEPTION) != 0 && op->sqe.xfer_count != 0)
		return CAP_ERR_INVALID_REQUEST;
	return CAP_OK;
}

enum cap_status
return_finish(struct op *op, enum cap_status caller_status)
{
	struct answer answer;
	struct op_result result;
	enum cap_status status;

	answer.op = op;
	answer.server = op_process(op);
	answer.caller_status = caller_status;
	status = answer_lock(&answer);
	if (status != CAP_OK)
		return status;
	if (answer.call == NULL)
		return answer_gone_locked(&answer);
	answer.client = op_process(answer.call);
	status = answer_check_locked(&answer);
	if (status != CAP_OK) {
		answer_unlock(&answer);
		return status;
	}
	/* From here on the call is ours, or someone else's who will look for it in the slot. */
	if (!op_claim_end(answer.call))
		return answer_gone_locked(&answer);
	call_table_give_locked(answer.server, answer.slot, false);
	result = answer_commit_locked(&answer);
	answer_unlock(&answer);
	ipc_op_end(answer.call, &result);
	return CAP_OK;
}

enum cap_status
endpoint_return_in_turn(struct op *op)
{
	enum cap_status status = return_check(op);

	if (status != CAP_OK)
		return status;
	/* Its copy would be a job, behind which the RECV would have to wait. */
	return op->sqe.len > JOB_STEP_BYTES ? CAP_ERR_MESSAGE_TOO_LARGE : return_finish(op, CAP_OK);
}

enum cap_status
endpoint_return(struct op *op)
{
	enum cap_status status = return_check(op);

	if (status != CAP_OK)
		return status;
	if (op->sqe.len > JOB_STEP_BYTES)
		return copy_answer_begin(op);
	status = return_finish(op, CAP_OK);
	if (status == CAP_OK)
		op_complete_status(op, CAP_OK);
	return status;
}
