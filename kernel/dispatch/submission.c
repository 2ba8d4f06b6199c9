/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The switch on the opcode. The submission is the copy that ring_take() made; its words are looked
 * at together, so that a reserved bit anywhere costs one comparison.
 */
#include "dispatch/submission.h"

#include "base/assert.h"
#include "cap/process.h"
#include "dispatch/diagnostic.h"
#include "dispatch/submission_internal.h"
#include "ipc/answer.h"
#include "ipc/endpoint.h"
#include "ipc/notification.h"
#include "object/call.h"
#include "object/signal.h"
#include "ring/ring.h"
#include "schema/exception.capnp.h"

static bool
is_malformed(enum cap_status status)
{
	switch (status) {
	case CAP_ERR_INVALID_REQUEST:
	case CAP_ERR_UNSUPPORTED_OPCODE:
	case CAP_ERR_INVALID_BUFFER:
	case CAP_ERR_MALFORMED_MESSAGE:
	case CAP_ERR_INVALID_CAP:
	case CAP_ERR_STALE_GENERATION:
	case CAP_ERR_WRONG_INTERFACE:
	case CAP_ERR_INVALID_TRANSFER_DESCRIPTOR:
	case CAP_ERR_INVALID_CALL_ID:
	case CAP_ERR_UNKNOWN_ANSWER:
	case CAP_ERR_ANSWER_IN_USE:
		return true;
	default:
		return false;
	}
}

static COLD void
refuse(struct op *op, enum cap_status status)
{
	if (is_malformed(status)) {
		struct diagnostic what = { op_process(op)->pid, status, op->sqe.op,
			op->sqe.target };

		diagnostic_refused(&what);
	}
	/* A dead target answers like one that fails, where there is room for the answer. */
	if (op->sqe.op == CAP_OP_CALL && status == CAP_ERR_DISCONNECTED)
		op_complete_exception(op, status);
	else
		op_complete_status(op, status);
}

/* A target that cannot be called. */
static COLD enum cap_status
refuse_target(struct op *op, enum cap_status status)
{
	if (status != CAP_ERR_REVOKED)
		return status;
	/* As refuse() does; one that travels is the caller's fault instead. */
	op_complete_exception(op, status);
	return CAP_OK;
}

/* To whoever answers it: the kernel, or a process behind an endpoint. */
static inline enum cap_status
run_call_on(struct op *op, struct cap_ref target)
{
	if (target.interface_index != 0)
		return endpoint_call(op, &target);
	/* Of others, object_call_hold() finds it in the table. */
	if ((op->sqe.flags & CAP_SQE_PROMISED) != 0)
		op_hold_set(op, &target);
	return object_call_run(op, target.object);
}

/* The shape of what makes a pipeline; then the CALL has its answer. */
static enum cap_status
open_answer(struct op *op)
{
	bool is_promised = (op->sqe.flags & CAP_SQE_PROMISED) != 0;

	if (((op->sqe.flags & CAP_SQE_ANSWER_ONLY) != 0 && op->sqe.answer_id == 0) ||
	    ((op->sqe.flags & CAP_SQE_LAST) != 0 && !is_promised))
		return CAP_ERR_INVALID_REQUEST;
	if (is_promised) {
		enum cap_status status = answer_check_promise(op);

		if (status != CAP_OK)
			return status;
	}
	return op->sqe.answer_id == 0 ? CAP_OK : answer_open(op);
}

static enum cap_status
run_promised_call(struct op *op)
{
	struct ring *ring = op->ring;
	uint64_t last = 0;
	struct cap_ref target;
	enum cap_status status;

	/* Read before: the op may have ended when its call was run. */
	if (op->sqe.flags & CAP_SQE_LAST)
		last = op->sqe.target >> CAP_PROMISE_ORDINAL_BITS;
	status = answer_target(op, &target);
	if (status == CAP_OK)
		status = run_call_on(op, target);
	else if (status == ANSWER_WAITS || status == ANSWER_ENDED)
		status = CAP_OK;
	/* Unlike for others, its slots were reserved before anything was looked at. */
	if (status != CAP_OK)
		op_unreserve_slots(op);
	/* It was there, and nobody else finishes it. */
	if (last != 0)
		(void)!answer_finish(ring, last);
	return status;
}

static enum cap_status
run_call(struct op *op)
{
	struct cap_ref target;
	enum cap_status status;

	if (((word(op, WORD_OP) & ((OP_FLAGS & ~CALL_FLAGS) | OP_OP_FLAGS)) |
		(word(op, WORD_TRANSFER) & TRANSFER_RESERVED)) != 0)
		return CAP_ERR_INVALID_REQUEST;
	if (op->sqe.cap_max > TRANSFER_CAPS_MAX)
		return CAP_ERR_INVALID_REQUEST;
	if (op->sqe.xfer_count > TRANSFER_CAPS_MAX)
		return CAP_ERR_INVALID_TRANSFER_DESCRIPTOR;
	if ((op->sqe.flags | op->sqe.answer_id) != 0) {
		status = open_answer(op);
		if (status != CAP_OK)
			return status;
		if (op->sqe.flags & CAP_SQE_PROMISED)
			return run_promised_call(op);
	}
	status = cap_lookup(op_process(op)->table, op->sqe.target, &target);
	return status == CAP_OK ? run_call_on(op, target) : refuse_target(op, status);
}

/* Everything but op, flags, target, user_data and deadline. */
static inline uint64_t
words_besides_flags(const struct op *op)
{
	return (word(op, WORD_OP) >> 16) | word(op, WORD_ADDR) | word(op, WORD_RESULT_ADDR) |
	    word(op, WORD_LENGTHS) | word(op, WORD_TRANSFER);
}

static inline uint64_t
words_besides_target(const struct op *op)
{
	return op->sqe.flags | words_besides_flags(op);
}

static enum cap_status
run_release(struct op *op)
{
	enum cap_status status;

	if (words_besides_target(op) != 0)
		return CAP_ERR_INVALID_REQUEST;
	status = cap_table_release(op_process(op)->table, op->sqe.target);
	if (status == CAP_OK)
		op_complete_status(op, CAP_OK);
	return status;
}

/* The oldest pending op of this ring with that user data, `except` left out. */
static struct op *
find_by_user_data(struct ring *ring, uint64_t user_data, const struct op *except)
{
	struct op *oldest = NULL;

	for (uint32_t i = 0; i < ring_cq_entries(ring); i++) {
		struct op *op = ring_op(ring, i);

		if (op == except || op->state != OP_PENDING || op->sqe.user_data != user_data)
			continue;
		/* Sequence numbers run freely; ops in flight are never 2^31 submissions apart. */
		if (oldest == NULL || (int32_t)(op->sequence - oldest->sequence) < 0)
			oldest = op;
	}
	return oldest;
}

static enum cap_status
run_finish_answer(struct op *op)
{
	enum cap_status status = answer_finish(op->ring, op->sqe.target);

	if (status == CAP_OK)
		op_complete_status(op, CAP_OK);
	return status;
}

static enum cap_status
run_finish(struct op *op)
{
	struct op *found;

	if (op->sqe.flags == CAP_SQE_ANSWER) {
		if (words_besides_flags(op) != 0)
			return CAP_ERR_INVALID_REQUEST;
		return run_finish_answer(op);
	}
	if (words_besides_target(op) != 0)
		return CAP_ERR_INVALID_REQUEST;
	found = find_by_user_data(op->ring, op->sqe.target, op);
	if (found == NULL || !op_cancel(found, CAP_ERR_CANCELLED))
		return CAP_ERR_NOT_FOUND;
	op_complete_status(op, CAP_OK);
	return CAP_OK;
}

/* SIGNAL or WAIT: only a mask in `addr`. */
static inline bool
is_mask_alone(const struct op *op)
{
	return ((word(op, WORD_OP) >> 8) | word(op, WORD_RESULT_ADDR) | word(op, WORD_LENGTHS) |
		   word(op, WORD_TRANSFER)) == 0 &&
	    op->sqe.addr != 0;
}

/* By a hold with a cell, or one that does not exist. */
static COLD enum cap_status
run_other_signal(struct op *op)
{
	struct cap_ref target;
	enum cap_status status = cap_lookup(op_process(op)->table, op->sqe.target, &target);

	return status == CAP_OK ? signal_by(target.object, op->sqe.addr) : status;
}

/* CAP_OK: the bits are set; the op is the caller's to end. */
static inline enum cap_status
run_signal(struct op *op)
{
	struct cap_ref target;

	if (!is_mask_alone(op))
		return CAP_ERR_INVALID_REQUEST;
	if (cap_lookup_plain(op_process(op)->table, op->sqe.target, &target) != CAP_OK)
		return run_other_signal(op);
	return signal_by(target.object, op->sqe.addr);
}

static inline enum cap_status
wait_on(struct op *op, struct object *object)
{
	return object->type->kind == OBJECT_KIND_NOTIFICATION
	    ? notification_wait(notification_of_waiting_side(object), op)
	    : CAP_ERR_WRONG_INTERFACE;
}

static COLD enum cap_status
run_other_wait(struct op *op)
{
	const cap_id_t named = op->sqe.target;
	struct cap_ref target;
	enum cap_status status = cap_lookup(op_process(op)->table, named, &target);

	if (status != CAP_OK)
		return status;
	/* Before it can end. */
	if (target.cell != NULL)
		op_cell_set(op, target.cell);
	status = wait_on(op, target.object);
	if (status != CAP_OK) {
		op_cell_drop(op);
		op->sqe.target = named; /* the refusal may be told with it */
	}
	return status;
}

static inline enum cap_status
run_wait(struct op *op)
{
	struct cap_ref target;

	if (!is_mask_alone(op))
		return CAP_ERR_INVALID_REQUEST;
	if (cap_lookup_plain(op_process(op)->table, op->sqe.target, &target) != CAP_OK)
		return run_other_wait(op);
	return wait_on(op, target.object);
}

static enum cap_status
run_signal_and_end(struct op *op)
{
	enum cap_status status = run_signal(op);

	if (status == CAP_OK)
		op_complete_status(op, CAP_OK);
	return status;
}

static enum cap_status
run(struct op *op)
{
	switch (op->sqe.op) {
	case CAP_OP_NOP:
		/* A valid one ended where it was taken. */
		return CAP_ERR_INVALID_REQUEST;
	case CAP_OP_CALL:
		return run_call(op);
	case CAP_OP_RECV:
		return serve_receive(op_process(op), op);
	case CAP_OP_RETURN:
		return is_turn(op) ? serve_turn(op) : serve_return(op);
	case CAP_OP_RELEASE:
		return run_release(op);
	case CAP_OP_FINISH:
		return run_finish(op);
	case CAP_OP_SIGNAL:
		return run_signal_and_end(op);
	case CAP_OP_WAIT:
		return run_wait(op);
	default:
		return CAP_ERR_UNSUPPORTED_OPCODE;
	}
}

/*
 * With a deadline of its own: it is known before the op is dispatched (a receiver sees it), and
 * armed behind.
 */
static NO_INLINE void
run_with_deadline(struct op *op)
{
	enum cap_status status = op_deadline_set(op, op->sqe.deadline_ns);

	if (status == CAP_OK)
		status = run(op);
	if (status != CAP_OK)
		refuse(op, status);
	else
		op_deadline_arm(op);
}

/* A turn has no deadline: something else stands there. */
static inline bool
has_deadline(const struct op *op)
{
	return op_deadline_ns(op) != UINT64_MAX && !is_turn(op);
}

NO_INLINE void
submission_run_unusual(struct op *op)
{
	enum cap_status status;

	if (has_deadline(op)) {
		run_with_deadline(op);
		return;
	}
	status = run(op);
	if (status != CAP_OK)
		refuse(op, status);
}

/* The parts of the reference apart: on the short way they have no place in memory. */
static NO_INLINE enum cap_status
call_plain_endpoint(struct op *op, struct object *object, uint32_t object_epoch,
    uint16_t interface_index, uint8_t mode)
{
	const struct cap_ref target = {
		.object = object,
		.object_epoch = object_epoch,
		.interface_index = interface_index,
		.mode = mode,
	};

	return endpoint_call(op, &target);
}

/* True: it was short, and has ended or been delivered. */
static inline bool
run_plain_call(struct process *process, struct op *op)
{
	struct cap_ref target;
	enum cap_status status;

	if (cap_lookup_plain(process->table, op->sqe.target, &target) != CAP_OK) {
		submission_run_unusual(op);
		return false;
	}
	if (target.interface_index == 0) {
		if (object_call_run_scalar(process, op, target.object))
			return true;
		status = object_call_run(op, target.object);
	} else {
		if (endpoint_call_short(process, op, &target))
			return true;
		status = call_plain_endpoint(
		    op, target.object, target.object_epoch, target.interface_index, target.mode);
	}
	if (status != CAP_OK)
		refuse(op, status);
	return false;
}

/* True: it waits for a call. */
static inline bool
run_plain_receive(struct process *process, struct op *op)
{
	enum cap_status status = serve_receive(process, op);

	if (status != CAP_OK)
		refuse(op, status);
	return status == CAP_OK && op->place == OP_PLACE_RECV_QUEUE;
}

/* True: it waits for a signal, or had it. */
static inline bool
run_plain_wait(struct process *process, struct op *op)
{
	struct cap_ref target;
	enum cap_status status;

	if (!is_mask_alone(op) ||
	    cap_lookup_plain(process->table, op->sqe.target, &target) != CAP_OK) {
		submission_run_unusual(op);
		return false;
	}
	status = wait_on(op, target.object);
	if (status != CAP_OK)
		refuse(op, status);
	return status == CAP_OK;
}

/* True: it was short, and has been delivered. */
static NO_INLINE bool
run_call_with_cap(struct process *process, struct op *op)
{
	struct cap_ref target;

	if (cap_lookup_plain(process->table, op->sqe.target, &target) == CAP_OK &&
	    target.interface_index != 0 && endpoint_call_short_cap(process, op, &target))
		return true;
	submission_run_unusual(op);
	return false;
}

/* The usual one has no op_flags, no capabilities either way or one to give, and no deadline. */
HOT_INLINE bool
submission_run_call(struct process *process, struct op *op)
{
	uint64_t rest = op->sqe.deadline_ns | op->sqe.op_flags;

	if ((word(op, WORD_TRANSFER) | rest) == 0)
		return run_plain_call(process, op);
	if (word(op, WORD_TRANSFER) == TRANSFER_ONE && rest == 0)
		return run_call_with_cap(process, op);
	submission_run_unusual(op);
	return false;
}

HOT_INLINE bool
submission_run(struct process *process, struct op *op)
{
	if (op->sqe.deadline_ns == 0) {
		if (op->sqe.op == CAP_OP_RECV)
			return run_plain_receive(process, op);
		if (op->sqe.op == CAP_OP_WAIT)
			return run_plain_wait(process, op);
	}
	submission_run_unusual(op);
	return false;
}

/* Nothing has changed. */
static inline enum submission_end
run_unusual_bare(struct ring *ring, struct ring_bare bare)
{
	submission_run_unusual(ring_bare_op(ring, bare));
	return SUBMISSION_UNUSUAL;
}

/* Many wait, or one that does not take it, or nobody can. */
static inline enum submission_end
run_other_signal_bare(struct ring *ring, struct notification *notification, struct ring_bare bare)
{
	if (notification_signal(notification, bare.addr) != CAP_OK)
		return run_unusual_bare(ring, bare);
	/* It may have woken many. */
	ring_bare_end(ring, bare);
	return SUBMISSION_LONG;
}

HOT_INLINE enum submission_end
submission_run_signal(struct process *process, struct ring *ring, struct ring_bare bare)
{
	struct notification *notification;
	struct cap_ref target;

	if (bare.addr == 0 || cap_lookup_plain(process->table, bare.target, &target) != CAP_OK ||
	    target.object->type->kind != OBJECT_KIND_SIGNALLER)
		return run_unusual_bare(ring, bare);
	notification = notification_of_signalling_side(target.object);
	if (!notification_signal_short(notification, bare.addr))
		return run_other_signal_bare(ring, notification, bare);
	ring_bare_end(ring, bare);
	return SUBMISSION_SHORT;
}

/* What ends with the last hold ends in jobs of its own (reap), or has woken many. */
HOT_INLINE enum submission_end
submission_run_release(struct process *process, struct ring *ring, struct ring_bare bare)
{
	if (bare.addr != 0 || cap_table_release(process->table, bare.target) != CAP_OK)
		return run_unusual_bare(ring, bare);
	ring_bare_end(ring, bare);
	return SUBMISSION_LONG;
}

HOT_INLINE enum submission_end
submission_run_return(struct process *process, struct ring *ring, struct ring_bare bare)
{
	if (endpoint_return_short(process, ring, bare))
		return SUBMISSION_SHORT;
	return run_unusual_bare(ring, bare);
}

void
submission_run_promised(struct op *op, const struct cap_ref *target)
{
	enum cap_status status = run_call_on(op, *target);

	if (status != CAP_OK) {
		op_unreserve_slots(op);
		refuse(op, status);
	} else if (op->extras & OP_TIMED) {
		op_deadline_arm(op);
	}
}

/* The same bits as ring/ looks at: user_data and deadline are free, and no deadline is armed. */
static bool
is_plain_nop(const struct op *op)
{
	return op->sqe.op == CAP_OP_NOP && (words_besides_target(op) | op->sqe.target) == 0;
}

COLD void
submission_run_general(struct op *op)
{
	enum cap_status status = CAP_OK;

	if (op->sqe.op == CAP_OP_NOP) {
		status = is_plain_nop(op) ? CAP_OK : CAP_ERR_INVALID_REQUEST;
		if (status == CAP_OK)
			op_complete_status(op, CAP_OK);
	} else if (has_deadline(op)) {
		run_with_deadline(op);
	} else {
		status = run(op);
	}
	if (status != CAP_OK)
		refuse(op, status);
}

COLD uint64_t
submission_interface(const struct op *op)
{
	struct cap_ref target;

	/* Not all name a capability of the table. */
	if (op->sqe.op == CAP_OP_NOP || op->sqe.op == CAP_OP_RETURN ||
	    op->sqe.op == CAP_OP_FINISH || (op->sqe.flags & CAP_SQE_PROMISED) != 0 ||
	    cap_lookup(op_process(op)->table, op->sqe.target, &target) != CAP_OK)
		return 0;
	return object_interface_id(target.object, target.interface_index);
}
