/* SPDX-License-Identifier: Apache-2.0 */
/* The life of answers; what waits for them is in promise.c. */
#include "base/assert.h"
#include "cap/process.h"
#include "ipc/answer_internal.h"
#include "ipc/endpoint_internal.h"
#include "mm/pool.h"

/* Eight answers have as many holds as a step may drop. */
#define DESTROY_ANSWERS_PER_STEP (JOB_STEP_ENTRIES / TRANSFER_CAPS_MAX)

static struct pool answers_pool;
static struct pool caps_pool;

void
answer_pools_init(void)
{
	pool_init(&answers_pool, "answers", sizeof(struct answers));
	pool_init(&caps_pool, "answer_caps", TRANSFER_CAPS_MAX * sizeof(struct kept_cap));
}

struct answer *
answer_find(struct ring *ring, uint64_t id)
{
	struct answers *answers = *ring_answers(ring);
	struct answer *answer;

	if (answers == NULL || id > UINT32_MAX)
		return NULL;
	answer = &answers->at[answer_place((uint32_t)id)];
	return id == 0 || answer->id != id || answer->is_finished ? NULL : answer;
}

/* At the ring's first answer; it stays as long as the ring. */
static enum cap_status
answers_make(struct ring *ring, struct ledger *payer)
{
	void *memory;
	struct answers *answers;
	enum cap_status status = pool_alloc(&answers_pool, payer, &memory);

	if (status != CAP_OK)
		return status;
	answers = memory;
	spin_init(&answers->lock, LOCK_RANK_ANSWERS, ring_address(ring));
	answers->ring = ring;
	answers->payer = payer;
	list_init(&answers->job.link);
	answers->job.step = promise_step;
	list_init(&answers->wake.link);
	answers->wake.step = promise_wake_step;
	*ring_answers(ring) = answers;
	return CAP_OK;
}

/* Memory for more capabilities than the answer has room for itself. */
static COLD enum cap_status
more_caps(const struct answers *answers, struct answer *answer)
{
	void *memory;
	enum cap_status status = pool_alloc(&caps_pool, answers->payer, &memory);

	if (status == CAP_OK)
		answer->caps = memory;
	return status;
}

static enum cap_status
answer_make(const struct answers *answers, struct answer *answer, const struct op *op)
{
	uint8_t slots = op->sqe.cap_max;
	enum cap_status status = CAP_OK;

	answer->caps = answer->few;
	if (slots > ANSWER_FEW_CAPS)
		status = more_caps(answers, answer);
	if (status != CAP_OK)
		return status;
	status = ledger_charge(answers->payer, LEDGER_CAP_SLOTS, slots);
	if (status != CAP_OK) {
		if (answer->caps != answer->few)
			pool_free(&caps_pool, answers->payer, answer->caps);
		return status;
	}
	answer->id = op->sqe.answer_id;
	atomic_store_explicit(&answer->state, ANSWER_PENDING, memory_order_relaxed);
	answer->exception_type = 0;
	answer->has_type = false;
	answer->slots = slots;
	answer->count = 0;
	answer->kept = 0;
	answer->is_finished = false;
	list_init(&answer->dependants);
	return CAP_OK;
}

enum cap_status
answer_open(struct op *op)
{
	struct answers *answers = *ring_answers(op->ring);
	struct answer *answer;
	enum cap_status status = CAP_OK;

	if (answers == NULL) {
		status = answers_make(op->ring, op_process(op)->ledger);
		if (status != CAP_OK)
			return status;
		answers = *ring_answers(op->ring);
	}
	answer = answer_of(op);
	if (answer->id != 0)
		return CAP_ERR_ANSWER_IN_USE;
	status = answer_make(answers, answer, op);
	if (status == CAP_OK)
		op->extras |= OP_ANSWERS;
	return status;
}

/* `cap_id`: where the caller's table has it; 0: nowhere, and the hold's references are ours. */
static void
keep_cap(struct kept_cap *cap, const struct cap_hold *hold, cap_id_t cap_id)
{
	cap->cap_id = 0;
	cap->hold = *hold;
	if (cap_id == 0)
		return;
	if (hold->mode == OBJECT_TRANSFER_COPY) {
		cap_hold_get(hold);
		return;
	}
	cap->hold.object = NULL;
	cap->cap_id = cap_id;
}

void
answer_keep(
    struct op *call, const struct cap_hold *holds, uint32_t count, const struct cap_record *records)
{
	struct answer *answer;

	if ((call->extras & OP_ANSWERS) == 0)
		return;
	answer = answer_of(call);
	KASSERT(answer->state == ANSWER_PENDING && count <= TRANSFER_CAPS_MAX);
	/* A hole has a number and no room: there may be more numbers than capabilities were taken.
	 */
	for (uint32_t i = 0; i < count; i++) {
		answer->place[i] = 0;
		if (holds[i].object == NULL)
			continue;
		keep_cap(&answer->caps[answer->kept], &holds[i],
		    records == NULL ? 0 : records[i].cap_id);
		answer->place[i] = ++answer->kept;
	}
	answer->count = (uint8_t)count;
}

void
answer_fails_as(struct op *call, uint8_t exception_type)
{
	struct answer *answer;

	if ((call->extras & OP_ANSWERS) == 0)
		return;
	answer = answer_of(call);
	answer->exception_type = exception_type;
	answer->has_type = true;
}

/* Slots that were taken for more capabilities than came. */
static void
shrink(struct answers *answers, struct answer *answer)
{
	uint8_t kept = 0;

	for (uint32_t i = 0; i < answer->kept; i++)
		kept += answer->caps[i].hold.object != NULL;
	KASSERT(kept <= answer->slots);
	if (answer->slots != kept)
		ledger_release(answers->payer, LEDGER_CAP_SLOTS, answer->slots - kept);
	answer->slots = kept;
}

/*
 * Whatever lock the end is under: only a RETURN, which holds none, goes on to the dependants
 * itself.
 */
void
answer_settle(struct op *call, int32_t result)
{
	struct answers *answers = *ring_answers(call->ring);
	struct answer *answer = answer_of(call);
	bool is_kept = result >= 0;

	KASSERT(answer->id == call->sqe.answer_id && answer->state == ANSWER_PENDING);
	call->extras &= (uint8_t)~OP_ANSWERS;
	shrink(answers, answer);
	if (!is_kept && !answer->has_type)
		answer->exception_type = (uint8_t)exception_type_of((enum cap_status)result);
	/* Pairs with the acquire loads of whoever looks at what it has. */
	atomic_store_explicit(
	    &answer->state, is_kept ? ANSWER_KEPT : ANSWER_FAILED, memory_order_release);
	if (is_kept && call->place == OP_PLACE_DELIVERED)
		promise_splice(answers, answer);
	else
		promise_job_bring(answers);
}

bool
answer_is_over_locked(const struct answer *answer)
{
	return answer->is_finished && list_is_empty(&answer->dependants) &&
	    atomic_load_explicit(&answer->state, memory_order_acquire) != ANSWER_PENDING;
}

void
answer_free(struct answers *answers, struct answer *answer)
{
	for (uint32_t i = 0; i < answer->kept; i++)
		if (answer->caps[i].hold.object != NULL)
			cap_hold_drop(&answer->caps[i].hold);
	if (answer->slots != 0)
		ledger_release(answers->payer, LEDGER_CAP_SLOTS, answer->slots);
	if (answer->caps != answer->few)
		pool_free(&caps_pool, answers->payer, answer->caps);
	/* Release: whoever finds the place free finds nothing of it in use. */
	__atomic_store_n(&answer->id, 0, __ATOMIC_RELEASE);
}

/* What still waits for it runs when it comes, and then it goes. */
enum cap_status
answer_finish(struct ring *ring, uint64_t answer_id)
{
	struct answers *answers = *ring_answers(ring);
	struct answer *answer = answer_find(ring, answer_id);
	bool is_over;

	if (answer == NULL)
		return CAP_ERR_UNKNOWN_ANSWER;
	spin_lock(&answers->lock);
	answer->is_finished = true;
	is_over = answer_is_over_locked(answer);
	spin_unlock(&answers->lock);
	if (is_over)
		answer_free(answers, answer);
	return CAP_OK;
}

enum job_state
answers_destroy_step(struct ring *ring)
{
	struct answers *answers = *ring_answers(ring);
	uint32_t count = 0;

	if (answers == NULL)
		return JOB_DONE;
	KASSERT(!answers->is_job_queued && !answers->is_wake_queued);
	for (uint32_t i = 0; i < CAP_ANSWERS_MAX; i++) {
		struct answer *answer = &answers->at[i];

		if (answer->id == 0)
			continue;
		if (count++ == DESTROY_ANSWERS_PER_STEP)
			return JOB_AGAIN;
		KASSERT(answer->state != ANSWER_PENDING && list_is_empty(&answer->dependants));
		answer_free(answers, answer);
	}
	*ring_answers(ring) = NULL;
	pool_free(&answers_pool, answers->payer, answers);
	return JOB_DONE;
}
