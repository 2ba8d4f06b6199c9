/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls on capabilities of answers. A dependant that is claimed by someone else (its deadline,
 * FINISH) while it waits is unlinked under the answers' lock by whoever comes first.
 */
#include "base/assert.h"
#include "cap/process.h"
#include "ipc/answer_internal.h"
#include "ipc/endpoint_internal.h"
#include "sched/thread.h"

/* What a RETURN does for dependants itself: so many, and so many bytes. The job does the rest. */
#define SPLICE_CALLS_MAX 16
#define SPLICE_BYTES_MAX JOB_STEP_BYTES

static answer_run_fn run_on_target;

void answer_pools_init(void);

void
answer_init(answer_run_fn run)
{
	run_on_target = run;
	answer_pools_init();
}

static inline uint64_t
promised_id(const struct op *op)
{
	return op->sqe.target >> CAP_PROMISE_ORDINAL_BITS;
}

enum cap_status
answer_check_promise(const struct op *op)
{
	return answer_find(op->ring, promised_id(op)) == NULL ? CAP_ERR_UNKNOWN_ANSWER : CAP_OK;
}

/* One that the caller's table has: it may have been moved on or released there. */
static enum cap_status
named_target(const struct op *op, cap_id_t cap_id, struct cap_ref *out)
{
	enum cap_status status = cap_lookup(op_process(op)->table, cap_id, out);

	return status == CAP_OK || status == CAP_ERR_REVOKED ? status : CAP_ERR_BROKEN_PROMISE;
}

/* CAP_ERR_BROKEN_PROMISE: it failed, or has no such capability; CAP_ERR_REVOKED. */
static enum cap_status
kept_target(const struct op *op, const struct answer *answer, struct cap_ref *out)
{
	uint32_t ordinal = op->sqe.target & ((1U << CAP_PROMISE_ORDINAL_BITS) - 1);
	const struct kept_cap *cap;

	if (answer->state == ANSWER_FAILED || ordinal >= answer->count ||
	    answer->place[ordinal] == 0)
		return CAP_ERR_BROKEN_PROMISE;
	cap = &answer->caps[answer->place[ordinal] - 1];
	if (cap->cap_id != 0)
		return named_target(op, cap->cap_id, out);
	if (!cap_hold_is_live(&cap->hold))
		return CAP_ERR_REVOKED;
	*out = (struct cap_ref){ cap->hold.object, cap->hold.cell, cap->hold.object_epoch,
		cap->hold.interface_index, cap->hold.mode };
	return CAP_OK;
}

/*
 * It cannot be called. An answer that failed has a type, and passes it on; one that only lacks the
 * capability has none, which is `failed`.
 */
static COLD void
end_unkept(struct op *op, const struct answer *answer, enum cap_status status)
{
	op_unreserve_slots(op);
	if (status == CAP_ERR_BROKEN_PROMISE)
		op_complete_exception_as(op, status, (enum exception_type)answer->exception_type);
	else
		op_complete_exception(op, status);
}

enum cap_status
answer_target(struct op *op, struct cap_ref *out)
{
	struct answers *answers = *ring_answers(op->ring);
	struct answer *answer = &answers->at[answer_place((uint32_t)promised_id(op))];
	enum cap_status status = op_reserve_slots(op);
	bool waits;

	if (status != CAP_OK)
		return status;
	spin_lock(&answers->lock);
	waits = atomic_load_explicit(&answer->state, memory_order_acquire) == ANSWER_PENDING ||
	    !list_is_empty(&answer->dependants);
	if (waits) {
		op->peer = answer;
		op->place = OP_PLACE_PROMISED;
		list_append(&answer->dependants, &op->link);
	}
	spin_unlock(&answers->lock);
	if (waits)
		return ANSWER_WAITS;
	status = kept_target(op, answer, out);
	if (status == CAP_OK)
		return CAP_OK;
	end_unkept(op, answer, status);
	return ANSWER_ENDED;
}

bool
answer_forget(struct op *op)
{
	struct answers *answers = *ring_answers(op->ring);
	bool waits;

	spin_lock(&answers->lock);
	waits = op->place == OP_PLACE_PROMISED;
	if (waits) {
		list_remove(&op->link);
		op->place = OP_PLACE_NONE;
	}
	spin_unlock(&answers->lock);
	return waits;
}

enum job_state
promise_wake_step(struct job *job)
{
	struct answers *answers = LIST_ENTRY(job, struct answers, wake);

	answers->is_wake_queued = false;
	thread_jobs_wake(ring_thread(answers->ring));
	return JOB_DONE;
}

/*
 * Of a thread that is dead, the dependants end one by one, and nothing is left to do here. One that
 * runs may be past its jobs and about to wait: it is looked at behind its entry.
 */
void
promise_job_bring(struct answers *answers)
{
	struct thread *thread = ring_thread(answers->ring);

	if (answers->is_job_queued || thread->state == THREAD_DEAD)
		return;
	answers->is_job_queued = true;
	thread_job_queue(thread, &answers->job);
	if (thread->state != THREAD_RUNNING) {
		thread_jobs_wake(thread);
	} else if (!answers->is_wake_queued) {
		answers->is_wake_queued = true;
		job_reap_queue(&answers->wake);
	}
}

static void
unlink_locked(struct op *op)
{
	list_remove(&op->link);
	op->place = OP_PLACE_NONE;
}

/*
 * The oldest dependant joins its endpoint. False: it is not one that does, and stays; all that are
 * behind it do, too, so that order is kept.
 */
static bool
splice_one_locked(struct answers *answers, struct answer *answer, uint32_t *bytes)
    REQUIRES(&answers->lock)
{
	struct op *op = LIST_ENTRY(answer->dependants.next, struct op, link);
	struct cap_ref target;

	/* Claimed, and to be unlinked next. */
	if (op->state != OP_PENDING) {
		unlink_locked(op);
		return true;
	}
	if (kept_target(op, answer, &target) != CAP_OK || target.interface_index == 0 ||
	    op->sqe.len > SPLICE_BYTES_MAX - *bytes)
		return false;
	*bytes += op->sqe.len;
	unlink_locked(op);
	endpoint_call_spliced(op, &target);
	return true;
}

void
promise_splice(struct answers *answers, struct answer *answer)
{
	uint32_t bytes = 0;
	bool is_rest;
	bool is_over;

	spin_lock(&answers->lock);
	/* While older ones wait for the job, it does all, in their order. */
	for (uint32_t i = 0;
	    i < SPLICE_CALLS_MAX && !answers->is_job_queued && !list_is_empty(&answer->dependants);
	    i++)
		if (!splice_one_locked(answers, answer, &bytes))
			break;
	is_rest = !list_is_empty(&answer->dependants);
	/* With the job under way, it is the job's. */
	is_over = !answers->is_job_queued && answer_is_over_locked(answer);
	spin_unlock(&answers->lock);
	if (is_over)
		answer_free(answers, answer);
	else if (is_rest)
		promise_job_bring(answers);
}

/* The oldest dependant that needs not wait any more, of all answers; NULL: there is none. */
static struct op *
oldest_ready_locked(struct answers *answers) REQUIRES(&answers->lock)
{
	struct op *oldest = NULL;

	for (uint32_t i = 0; i < CAP_ANSWERS_MAX; i++) {
		struct answer *answer = &answers->at[i];
		struct op *op;

		if (answer->id == 0 || list_is_empty(&answer->dependants) ||
		    atomic_load_explicit(&answer->state, memory_order_acquire) == ANSWER_PENDING)
			continue;
		op = LIST_ENTRY(answer->dependants.next, struct op, link);
		/* Sequence numbers run freely, as in find_by_user_data() of dispatch/. */
		if (oldest == NULL || (int32_t)(op->sequence - oldest->sequence) < 0)
			oldest = op;
	}
	return oldest;
}

/* One that is over, or NULL. Nobody else frees it: a FINISH that comes finds it finished. */
static struct answer *
over_locked(struct answers *answers) REQUIRES(&answers->lock)
{
	for (uint32_t i = 0; i < CAP_ANSWERS_MAX; i++) {
		struct answer *answer = &answers->at[i];

		if (answer->id != 0 && answer_is_over_locked(answer))
			return answer;
	}
	return NULL;
}

/*
 * The op is nobody's but this thread's while its deadline is not armed: as when it was taken.
 */
static void
run_dependant(struct op *op, const struct answer *answer)
{
	struct cap_ref target;
	enum cap_status status;

	op_deadline_pause(op);
	if (op->state != OP_PENDING)
		return;
	status = kept_target(op, answer, &target);
	if (status == CAP_OK)
		run_on_target(op, &target);
	else
		end_unkept(op, answer, status);
}

enum job_state
promise_step(struct job *job)
{
	struct answers *answers = LIST_ENTRY(job, struct answers, job);
	struct thread *thread = ring_thread(answers->ring);
	struct answer *over = NULL;
	struct op *op;

	spin_lock(&answers->lock);
	op = thread->state == THREAD_DEAD ? NULL : oldest_ready_locked(answers);
	if (op != NULL)
		unlink_locked(op);
	else if (thread->state != THREAD_DEAD)
		over = over_locked(answers);
	spin_unlock(&answers->lock);
	if (op != NULL)
		run_dependant(op, op->peer);
	if (over != NULL)
		answer_free(answers, over);
	/*
	 * What it ran may have ended this very process, or begun a job of its own, which goes
	 * first.
	 */
	answers->is_job_queued = (op != NULL || over != NULL) && thread->state != THREAD_DEAD;
	if (answers->is_job_queued)
		thread_job_queue(thread, job);
	return JOB_DONE;
}
