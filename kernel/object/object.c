/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls to kernel objects. Parameters are copied into scratch once and read there; capabilities of
 * the results are put into the caller's table last, when nothing can fail any more.
 */
#include "base/assert.h"
#include "cap/process.h"
#include "ipc/answer.h"
#include "ipc/endpoint.h"
#include "mm/user_copy.h"
#include "object/call.h"
#include "ring/ring.h"
#include "ring/scratch.h"

/* The message into scratch, and a reader on it. */
static inline enum cap_status
params_open(const struct op *op, struct capnp_reader *reader)
{
	uint8_t *input = scratch_get()->input;
	const void *pinned = ring_pinned(op->ring, op->sqe.addr, op->sqe.len);

	if (pinned != NULL) {
		copy_short(input, pinned, op->sqe.len);
	} else {
		enum cap_status status =
		    user_copy_in(op_process(op)->space, input, op->sqe.addr, op->sqe.len);

		if (status != CAP_OK)
			return status;
	}
	return capnp_reader_init_single(reader, input, op->sqe.len) == CAPNP_OK
	    ? CAP_OK
	    : CAP_ERR_MALFORMED_MESSAGE;
}

/*
 * Results are built where the caller wants them if that is in its ring, which is pinned (a builder
 * writes and never believes what it reads back), else in scratch.
 */
static inline void
results_open(struct object_call *call)
{
	const struct op *op = call->op;
	uint8_t *pinned = NULL;

	if (op->sqe.result_addr % CAPNP_WORD_BYTES == 0)
		pinned = ring_pinned(op->ring, op->sqe.result_addr, op->sqe.result_len);
	call->in_place = pinned != NULL;
	if (pinned != NULL)
		capnp_builder_init(call->results, pinned, op->sqe.result_len);
	else
		capnp_builder_init(call->results, scratch_get()->output, KERNEL_MESSAGE_BYTES_MAX);
}

/* Transfer entries become the capabilities of the message. */
static enum cap_status
transfers_open(struct object_call *call)
{
	enum cap_status status = op_transfers_read(call->op, &call->transfers);

	if (status != CAP_OK)
		return status;
	call->params->cap_count = call->transfers.count;
	for (uint32_t i = 0; i < call->transfers.count; i++)
		call->params->caps[i] = (struct capnp_cap){
			.cap_id = call->transfers.entries[i].cap_id,
			.mode = call->transfers.entries[i].mode,
		};
	return CAP_OK;
}

static void
holds_drop(struct object_call *call)
{
	for (uint32_t i = 0; i < call->hold_count; i++) {
		if (call->holds[i].object != NULL)
			cap_hold_drop(&call->holds[i]);
	}
	call->hold_count = 0;
}

/* Holds into the slots that the caller reserved; holes keep their number. */
static void
holds_commit(struct object_call *call, struct cap_record *records)
{
	struct process *process = call->process;

	spin_lock(&process->lock);
	for (uint32_t i = 0; i < call->hold_count; i++) {
		const struct cap_hold *hold = &call->holds[i];

		records[i] = (struct cap_record){ 0 };
		if (hold->object == NULL)
			continue;
		records[i].interface_id = object_interface_id(hold->object, hold->interface_index);
		records[i].cap_id = cap_table_insert_locked(process->table, hold);
		call->op->reserved_slots--;
	}
	spin_unlock(&process->lock);
	answer_keep(call->op, call->holds, call->hold_count, records);
}

static enum cap_status
write_out(const struct op *op, size_t offset, const void *from, size_t bytes)
{
	void *pinned = ring_pinned(op->ring, op->sqe.result_addr + offset, bytes);

	if (pinned == NULL)
		return user_copy_out(
		    op_process(op)->space, op->sqe.result_addr + offset, from, bytes);
	copy_short(pinned, from, bytes);
	return CAP_OK;
}

/* Results with capabilities: see write_results(). */
static NO_INLINE enum cap_status
write_holds(struct object_call *call, size_t bytes, struct op_result *result)
{
	struct cap_record records[TRANSFER_CAPS_MAX];
	size_t records_at = (bytes + 7) & ~(size_t)7;
	size_t records_bytes = (call->hold_count - 1) * sizeof(records[0]);
	enum cap_status status;

	if (call->op->sqe.flags & CAP_SQE_ANSWER_ONLY) {
		answer_keep(call->op, call->holds, call->hold_count, NULL);
		return CAP_OK;
	}
	if (records_bytes != 0) {
		if (records_at + records_bytes > call->op->sqe.result_len)
			return CAP_ERR_BUFFER_TOO_SMALL;
		status = user_check_writable(
		    call->process->space, call->op->sqe.result_addr + records_at, records_bytes);
		if (status != CAP_OK)
			return status;
	}
	holds_commit(call, records);
	result->cap_count = (uint16_t)call->hold_count;
	result->cap_id = records[0].cap_id;
	result->interface_id = records[0].interface_id;
	/*
	 * Nothing is left to refuse: who unmaps the buffer meanwhile loses what is written there.
	 */
	if (records_bytes != 0)
		(void)!write_out(call->op, records_at, &records[1], records_bytes);
	return CAP_OK;
}

/* What was built goes to the caller, if it is not there already. */
static inline enum cap_status
write_results(struct object_call *call, struct op_result *result)
{
	size_t bytes = capnp_builder_finish(call->results);

	*result = (struct op_result){ .result = (int32_t)bytes };
	if (bytes == 0)
		return call->in_place ? CAP_ERR_BUFFER_TOO_SMALL : CAP_ERR_MESSAGE_TOO_LARGE;
	if (!call->in_place) {
		enum cap_status status;

		if (bytes > call->op->sqe.result_len)
			return CAP_ERR_BUFFER_TOO_SMALL;
		status = write_out(call->op, 0, scratch_get()->output, bytes);
		if (status != CAP_OK)
			return status;
	}
	return call->hold_count == 0 ? CAP_OK : write_holds(call, bytes, result);
}

static inline void
complete_results(struct object_call *call)
{
	struct op_result result;
	enum cap_status status = write_results(call, &result);

	if (status != CAP_OK) {
		holds_drop(call);
		result = (struct op_result){ .result = status };
	}
	op_unreserve_slots(call->op);
	op_complete(call->op, &result);
}

static COLD void
complete_refused(struct object_call *call, enum cap_status status)
{
	holds_drop(call);
	op_unreserve_slots(call->op);
	op_complete_exception(call->op, status);
}

enum cap_status
object_call_run(struct op *op, struct object *object)
{
	struct capnp_reader reader;
	struct capnp_builder builder;
	struct object_call call;
	enum cap_status status;

	if (op->sqe.len > KERNEL_MESSAGE_BYTES_MAX)
		return CAP_ERR_MESSAGE_TOO_LARGE;
	call.object = object;
	call.method = op->sqe.method;
	call.op = op;
	call.process = op_process(op);
	call.params = &reader;
	call.results = &builder;
	call.transfers.count = 0;
	call.hold_count = 0;
	status = params_open(op, &reader);
	if (status == CAP_OK && op->sqe.xfer_count != 0)
		status = transfers_open(&call);
	if (status == CAP_OK)
		status = op_reserve_slots(op);
	if (status != CAP_OK)
		return status;
	results_open(&call);
	status = object->type->call(&call);
	if (status == CAP_OK)
		complete_results(&call);
	else if (status != OBJECT_PENDING)
		complete_refused(&call, status);
	return CAP_OK;
}

enum cap_status
object_call_result_cap(
    struct object_call *call, uint32_t ordinal, const struct cap_hold *hold, struct capnp_cap *out)
{
	uint32_t taken = 0;

	KASSERT(ordinal < TRANSFER_CAPS_MAX);
	for (uint32_t i = 0; i < call->hold_count; i++)
		taken += call->holds[i].object != NULL;
	if (taken == call->op->reserved_slots)
		return CAP_ERR_TOO_MANY_CAPS;
	while (call->hold_count <= ordinal)
		call->holds[call->hold_count++].object = NULL;
	KASSERT(call->holds[ordinal].object == NULL);
	call->holds[ordinal] = *hold;
	/*
	 * The id is known only when the hold is in the table; the pointer in the message carries
	 * the ordinal alone.
	 */
	*out = (struct capnp_cap){ .cap_id = 1, .mode = CAPNP_CAP_MOVE };
	return CAP_OK;
}

enum cap_status
object_call_hold(const struct object_call *call, struct cap_hold *out)
{
	struct process *process = call->process;
	enum cap_status status;

	if ((call->op->sqe.flags & CAP_SQE_PROMISED) != 0) {
		op_hold_get(call->op, out);
		out->object = call->object;
		return CAP_OK;
	}
	spin_lock(&process->lock);
	status = cap_table_peek_locked(process->table, call->op->sqe.target, out);
	spin_unlock(&process->lock);
	if (status == CAP_OK && out->object != call->object)
		status = CAP_ERR_INVALID_CAP;
	return status;
}

void
object_call_defer(struct object_call *call, struct op_waiter *waiter)
{
	struct op *op = call->op;
	struct cap_hold hold;

	object_get(call->object);
	op->object = call->object;
	op->peer = waiter;
	op->place = OP_PLACE_OBJECT;
	/* It has its hold already. */
	if ((op->sqe.flags & CAP_SQE_PROMISED) != 0)
		return;
	/* Revoked since the lookup: epoch 0 is no object's, and the sweep that is to come ends it.
	 */
	if (object_call_hold(call, &hold) != CAP_OK)
		hold = (struct cap_hold){ 0 };
	op_hold_set(op, &(struct cap_ref){ .object_epoch = hold.object_epoch, .cell = hold.cell });
}

bool
object_answer_begin(struct op *op, struct object_answer *answer)
{
	if (!op_claim_end(op))
		return false;
	answer->call.object = op->object;
	answer->call.op = op;
	answer->call.process = op_process(op);
	answer->call.params = NULL;
	answer->call.results = &answer->builder;
	answer->call.transfers.count = 0;
	answer->call.hold_count = 0;
	results_open(&answer->call);
	return true;
}

void
object_answer_end(struct object_answer *answer)
{
	struct object *object = answer->call.object;

	complete_results(&answer->call);
	object_put(object);
}

bool
object_answer_fail(struct op *op, enum cap_status status)
{
	struct object *object;

	if (!op_claim_end(op))
		return false;
	object = op->object;
	op_unreserve_slots(op);
	op_complete_exception(op, status);
	object_put(object);
	return true;
}
