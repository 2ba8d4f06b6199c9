/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* From a taken submission to its object or endpoint. */
#include "base/types.h"

struct op;
struct process;

/*
 * Check the shape and do it: afterwards the op, one of `process`, is pending or has ended. True:
 * nothing else has changed; false: the process may have ended, and its thread may have jobs.
 */
bool submission_run(struct process *process, struct op *op);
/* The same for a CALL whose `flags` are zero, and for a RING_TURN. */
bool submission_run_call(struct process *process, struct op *op);
bool submission_run_turn(struct process *process, struct op *op);

struct ring;
struct ring_bare;
enum submission_end {
	SUBMISSION_SHORT, /* as true above */
	SUBMISSION_LONG,  /* nothing else has changed, but others should have their turn before the
			     next */
	SUBMISSION_UNUSUAL, /* as false above */
};
/* The same for what has no op: RING_RETURN, RING_SIGNAL, RING_RELEASE. */
enum submission_end
submission_run_return(struct process *process, struct ring *ring, struct ring_bare bare);
enum submission_end
submission_run_signal(struct process *process, struct ring *ring, struct ring_bare bare);
enum submission_end
submission_run_release(struct process *process, struct ring *ring, struct ring_bare bare);

/* The same for a CALL that waited for its target: answer_run_fn of ipc/answer.h. */
struct cap_ref;
void submission_run_promised(struct op *op, const struct cap_ref *target);
/* The same by no shorter way, NOPs included: for tapped rings. */
void submission_run_general(struct op *op);
/* What the capability shows that a submission names; 0: it names none, or no valid one. */
uint64_t submission_interface(const struct op *op);
