/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A call to a kernel object. dispatch/ has copied the parameters into this CPU's scratch and opened
 * them; the method decodes, checks, commits, and builds its results. A method returns
 *   CAP_OK          the results are built, the caller's op is completed with them,
 *   OBJECT_PENDING  the op waits (object_call_defer() was called), someone completes it with
 * object_complete_*(), another status  nothing was changed; the caller gets a CapException with the
 * status and its sentence (type: overloaded for shortages, disconnected, unimplemented, else
 * failed).
 */
#include <capnp/builder.h>
#include <capnp/reader.h>

#include "cap/table.h"
#include "cap/transfer.h"
#include "ring/op.h"

struct process;
struct thread;

#define OBJECT_PENDING ((enum cap_status)1)

struct object_call {
	struct object *object;
	uint16_t method;
	struct op *op;
	struct process *process;     /* the caller's: from the op, never "current" */
	struct capnp_reader *params; /* its cap table holds the caller's own cap ids */
	struct capnp_builder *results;
	/*
	 * The capabilities that came with the call, still in the caller's table: entry k is
	 * capability k of the message. A method that keeps one takes it with
	 * cap_table_peek_locked() and, for a move, cap_table_take_locked().
	 */
	struct transfer_list transfers;
	/* Filled by object_call_result_cap(); object NULL: none. */
	struct cap_hold holds[TRANSFER_CAPS_MAX];
	uint32_t hold_count;
	bool in_place; /* the results are built in the caller's buffer */
};

/*
 * Run a CALL to a kernel object, from the taken op to its completion, or leave it pending. A
 * refusal is returned, op untouched.
 */
MUST_CHECK enum cap_status object_call_run(struct op *op, struct object *object);

/*
 * The same for a plain call of a method of scalars as generated clients send it: the message stands
 * in the caller's ring and is overwritten by the results. Two words are compared instead of a
 * message opened. Such a method neither ends its caller nor queues jobs. False: it is another call,
 * and nothing was done.
 */
bool object_call_run_scalar(struct process *process, struct op *op, struct object *object);

/*
 * A capability in the results. Takes over the caller's reference to hold->object; *out is what the
 * generated setter for the field of this ordinal takes. CAP_ERR_TOO_MANY_CAPS, and the reference
 * stays with the method, if the caller takes fewer.
 */
MUST_CHECK enum cap_status object_call_result_cap(
    struct object_call *call, uint32_t ordinal, const struct cap_hold *hold, struct capnp_cap *out);

/*
 * The hold that the call was made by: codes of cap_lookup, if it is there no more. Takes no
 * reference. Lock: LOCK_RANK_PROCESS, inside.
 */
MUST_CHECK enum cap_status object_call_hold(const struct object_call *call, struct cap_hold *out);

/*
 * The method returns OBJECT_PENDING next: the op waits on the object (counted until the op ends).
 * `waiter` lives in the method's own record; its `forget` is called if the op ends by cancellation,
 * deadline or exit before someone completes it.
 */
void object_call_defer(struct object_call *call, struct op_waiter *waiter);

/*
 * Complete a deferred op. object_answer_begin: false if the op has ended meanwhile (forget was or
 * will be called); else the op is the caller's, and one of the other two must follow.
 * The results may be built in this CPU's scratch: no call to another answer in between.
 */
struct object_answer {
	struct object_call call;
	struct capnp_builder builder;
};
bool object_answer_begin(struct op *op, struct object_answer *answer);
void object_answer_end(struct object_answer *answer);
/* Instead of begin and end: the op ends with a CapException; false if it had ended already. */
bool object_answer_fail(struct op *op, enum cap_status status);

/* What generated dispatch hands to a method as `caller`. */
struct capos_caller {
	struct object_call *call;
};
