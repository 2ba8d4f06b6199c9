/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Answers that have a name, and the calls that wait for them. A CALL may name its answer; CALLs of
 * the same ring may target a capability of it before it is there. The kernel keeps the answer's
 * capabilities until FINISH, so that no payload has to be read and no table searched.
 *
 *   PENDING (the CALL is in flight) -> KEPT (its capabilities are here) or FAILED -> gone (FINISH,
 *   and nothing waits any more)
 *
 * A dependant is a CALL that waits in its own op, linked to its answer (OP_PLACE_PROMISED), with
 * its slots reserved. When the answer comes with a RETURN, dependants on endpoints join the queues
 * there at once, in order, so that a server goes on without its client; all others (kernel objects,
 * failures, more than one step of work) run as a job in the client's own time, the oldest first,
 * before anything that is submitted later. Neither is nested: a chain of any length takes turns.
 *
 * Everything is charged to the ring's process: answers as LEDGER_KERNEL_BYTES, each capability that
 * one may have as a slot. Only the owner thread opens and finishes answers; LOCK_RANK_ANSWERS
 * guards what a RETURN elsewhere changes, too.
 */
#include "cap/table.h"
#include "cap/transfer.h"
#include "mm/job.h"
#include "ring/ring.h"

/* Runs a dependant on its target, in its thread's time: the op is pending, or has ended. */
typedef void (*answer_run_fn)(struct op *op, const struct cap_ref *target);

/* Once, at start. */
void answer_init(answer_run_fn run);

/*
 * A CALL names its answer (sqe.answer_id), and whatever ends the op from now on settles that.
 * CAP_ERR_ANSWER_IN_USE, CAP_ERR_QUOTA_EXCEEDED, CAP_ERR_NO_MEMORY: nothing has changed.
 */
MUST_CHECK enum cap_status answer_open(struct op *op);

/* CAP_ERR_UNKNOWN_ANSWER unless the CALL's target names an answer that is not finished. */
MUST_CHECK enum cap_status answer_check_promise(const struct op *op);

/*
 * The target of a promised CALL, after answer_check_promise(). ANSWER_WAITS: the op is pending
 * here; ANSWER_ENDED: the promise was broken, and the op has ended; CAP_OK: *out is as after
 * cap_lookup(); another status is the refusal.
 */
#define ANSWER_WAITS ((enum cap_status)1)
#define ANSWER_ENDED ((enum cap_status)2)
MUST_CHECK enum cap_status answer_target(struct op *op, struct cap_ref *out);

/* Interest in an answer ends. CAP_ERR_UNKNOWN_ANSWER. */
MUST_CHECK enum cap_status answer_finish(struct ring *ring, uint64_t answer_id);

/*
 * The capabilities of an answer, before its CALL ends; nothing if the CALL names none. `records`:
 * what the caller's table got; NULL: nothing, and the references of `holds` are the answer's
 * (CAP_SQE_ANSWER_ONLY).
 */
void answer_keep(struct op *call, const struct cap_hold *holds, uint32_t count,
    const struct cap_record *records);
/* The type of the exception that the CALL ends with; without it, the result decides. */
void answer_fails_as(struct op *call, uint8_t exception_type);

/* ring_hooks.op_answered. */
void answer_settle(struct op *call, int32_t result);

/* A dependant was claimed: unlink it. False: it does not wait here any more. */
bool answer_forget(struct op *op);

/* The thread is dead, its ops have ended: everything goes, in steps of 64 holds. */
enum job_state answers_destroy_step(struct ring *ring);
