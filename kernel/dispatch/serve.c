/* SPDX-License-Identifier: Apache-2.0 */
/* What servers submit: RECV, RETURN, and the turn that is both. */
#include "cap/process.h"
#include "cap/transfer.h"
#include "dispatch/submission.h"
#include "dispatch/submission_internal.h"
#include "ipc/endpoint.h"
#include "schema/exception.capnp.h"

/* The endpoint's own side. */
static inline enum cap_status
receiving_side(const struct process *process, cap_id_t cap_id, struct cap_ref *out)
{
	enum cap_status status = cap_lookup(process->table, cap_id, out);

	if (status != CAP_OK)
		return status;
	return out->object->type->kind == OBJECT_KIND_ENDPOINT && out->interface_index == 0
	    ? CAP_OK
	    : CAP_ERR_WRONG_INTERFACE;
}

HOT_INLINE enum cap_status
serve_receive(struct process *process, struct op *op)
{
	struct cap_ref target;
	enum cap_status status;

	if (((word(op, WORD_OP) ^ CAP_OP_RECV) | word(op, WORD_ADDR) |
		(word(op, WORD_LENGTHS) & LENGTHS_LEN) |
		(word(op, WORD_TRANSFER) & ~TRANSFER_CAP_MAX)) != 0)
		return CAP_ERR_INVALID_REQUEST;
	if (op->sqe.cap_max > TRANSFER_CAPS_MAX)
		return CAP_ERR_INVALID_REQUEST;
	status = receiving_side(process, op->sqe.target, &target);
	return status == CAP_OK ? endpoint_receive(process, op, &target) : status;
}

/* What is the same for the RETURN of a turn. */
static enum cap_status
check_return(const struct op *op)
{
	uint16_t type_max =
	    (op->sqe.flags & CAP_SQE_EXCEPTION) != 0 ? EXCEPTION_TYPE_UNIMPLEMENTED : 0;

	if (op->sqe.method > type_max ||
	    ((word(op, WORD_OP) & ((OP_FLAGS & ~RETURN_FLAGS) | OP_OP_FLAGS)) |
		(word(op, WORD_TRANSFER) & (TRANSFER_ANSWER | TRANSFER_RESERVED))) != 0)
		return CAP_ERR_INVALID_REQUEST;
	return op->sqe.xfer_count > TRANSFER_CAPS_MAX ? CAP_ERR_INVALID_TRANSFER_DESCRIPTOR
						      : CAP_OK;
}

enum cap_status
serve_return(struct op *op)
{
	enum cap_status status;

	if ((word(op, WORD_RESULT_ADDR) | (word(op, WORD_LENGTHS) & ~LENGTHS_LEN) |
		(word(op, WORD_TRANSFER) & TRANSFER_CAP_MAX)) != 0)
		return CAP_ERR_INVALID_REQUEST;
	status = check_return(op);
	return status == CAP_OK ? endpoint_return(op) : status;
}

/* What is wrong with the RECV of a turn is found before its answer goes. */
static enum cap_status
check_turn(const struct op *op, struct cap_ref *from)
{
	enum cap_status status = check_return(op);

	if (status == CAP_OK && op->sqe.cap_max > TRANSFER_CAPS_MAX)
		status = CAP_ERR_INVALID_REQUEST;
	if (status == CAP_OK)
		status = receiving_side(op_process(op), op->sqe.receive_from, from);
	return status == CAP_OK ? endpoint_receive_check(op) : status;
}

enum cap_status
serve_turn(struct op *op)
{
	struct cap_ref from;
	enum cap_status status = check_turn(op, &from);

	if (status == CAP_OK)
		status = endpoint_return_in_turn(op);
	if (status != CAP_OK)
		return status;
	op_turn_receives(op);
	return serve_receive(op_process(op), op);
}

/* Of the words about capabilities. Another's bits would be higher ones. */
static inline bool
is_cap_max_alone(const struct op *op)
{
	_Static_assert(TRANSFER_CAP_MAX == UINT64_C(0xff) << 40, "");
	return __builtin_rotateright64(word(op, WORD_TRANSFER), 40) <= TRANSFER_CAPS_MAX;
}

/* The usual one has neither capabilities nor anything else that is not a turn's. */
HOT_INLINE bool
submission_run_turn(struct process *process, struct op *op)
{
	struct cap_ref target;

	if (is_cap_max_alone(op) && endpoint_receive_check(op) == CAP_OK &&
	    cap_lookup_plain(process->table, op->sqe.receive_from, &target) == CAP_OK &&
	    target.interface_index == 0 && endpoint_turn_short(process, op, target.object))
		return op->place == OP_PLACE_RECV_QUEUE;
	submission_run_unusual(op);
	return false;
}
