/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that have a name, and calls on what they will carry, as docs/abi.md tells it. What waits
 * for an answer runs when that is there: on endpoints at once, with the RETURN, in its order; the
 * rest in its client's own time, the oldest first.
 */
#include <assert.h>
#include <schema/exception.capnp.h>
#include <string.h>

#include "model.h"

/* What one RETURN brings to endpoints itself. */
#define SPLICED_CALLS_MAX 16
#define SPLICED_BYTES_MAX KERNEL_MESSAGE_BYTES_MAX

/* More capabilities than these take memory of their own. */
#define FEW_CAPS 2

static uint64_t
promised_id(const struct model_op *op)
{
	return op->sqe.target >> CAP_PROMISE_ORDINAL_BITS;
}

static struct model_answer *
answer_at(struct model_process *process, uint64_t id)
{
	return &process->answers[id % CAP_ANSWERS_MAX];
}

struct model_answer *
model_answer_find(struct model_process *process, uint64_t id)
{
	struct model_answer *answer = answer_at(process, id);

	return id == 0 || answer->id != id || answer->is_finished ? NULL : answer;
}

static enum cap_status
open_place(struct model *model, struct model_op *op)
{
	struct model_process *process = op->process;
	struct model_answer *answer = answer_at(process, op->sqe.answer_id);
	bool has_more = op->sqe.cap_max > FEW_CAPS;
	enum cap_status status = CAP_OK;

	if (answer->id != 0)
		return CAP_ERR_ANSWER_IN_USE;
	if (has_more)
		status = model_take(model, op, model->prices.answer_caps);
	if (status != CAP_OK)
		return status;
	status = model_charge(process->ledger, LEDGER_CAP_SLOTS, op->sqe.cap_max);
	if (status != CAP_OK) {
		model_release(
		    process->ledger, LEDGER_KERNEL_BYTES, has_more ? model->prices.answer_caps : 0);
		return status;
	}
	*answer = (struct model_answer){
		.id = op->sqe.answer_id, .slots = op->sqe.cap_max, .has_more = has_more
	};
	op->answer = answer;
	return CAP_OK;
}

enum cap_status
model_answer_open(struct model *model, struct model_op *op)
{
	struct model_process *process = op->process;
	bool is_promised = (op->sqe.flags & CAP_SQE_PROMISED) != 0;
	enum cap_status status;

	if (((op->sqe.flags & CAP_SQE_ANSWER_ONLY) != 0 && op->sqe.answer_id == 0) ||
	    ((op->sqe.flags & CAP_SQE_LAST) != 0 && !is_promised))
		return CAP_ERR_INVALID_REQUEST;
	if (is_promised && model_answer_find(process, promised_id(op)) == NULL)
		return CAP_ERR_UNKNOWN_ANSWER;
	if (op->sqe.answer_id == 0)
		return CAP_OK;
	if (!process->has_answers) {
		status = model_take(model, op, model->prices.answers);
		if (status != CAP_OK)
			return status;
		process->has_answers = true;
		process->kernel_bytes += model->prices.answers;
	}
	return open_place(model, op);
}

/* BROKEN_PROMISE, REVOKED, or a hold that can be called. */
static enum cap_status
target_find(const struct model_op *op, const struct model_answer *answer, struct model_slot *out)
{
	uint64_t ordinal = op->sqe.target & ((UINT64_C(1) << CAP_PROMISE_ORDINAL_BITS) - 1);
	const struct model_kept *kept;
	struct model_slot *slot;
	enum cap_status status;

	if (answer->state == MODEL_ANSWER_FAILED || ordinal >= answer->count)
		return CAP_ERR_BROKEN_PROMISE;
	kept = &answer->caps[ordinal];
	if (kept->cap_id != 0) {
		status = model_lookup(op->process, kept->cap_id, &slot);
		if (status == CAP_OK)
			*out = *slot;
		return status == CAP_OK || status == CAP_ERR_REVOKED ? status
								     : CAP_ERR_BROKEN_PROMISE;
	}
	if (kept->hold.object == NULL)
		return CAP_ERR_BROKEN_PROMISE;
	*out = kept->hold;
	return model_slot_is_live(out) ? CAP_OK : CAP_ERR_REVOKED;
}

/* On its target, or broken; the status is a refusal. */
static enum cap_status
run_on_target(struct model *model, struct model_op *op, const struct model_answer *answer)
{
	struct model_slot target;
	enum cap_status status = target_find(op, answer, &target);

	if (status == CAP_OK)
		return model_call_on(model, op, &target);
	model_unreserve(op);
	if (status == CAP_ERR_BROKEN_PROMISE)
		model_end_exception_as(model, op, status, answer->type);
	else
		model_end_exception(model, op, status);
	return CAP_OK;
}

enum cap_status
model_answer_call(struct model *model, struct model_op *op)
{
	struct model_process *process = op->process;
	uint64_t id = promised_id(op);
	bool is_last = (op->sqe.flags & CAP_SQE_LAST) != 0;
	struct model_answer *answer = answer_at(process, id);
	enum cap_status status = model_reserve_call(model, op);

	if (status == CAP_OK &&
	    (answer->state == MODEL_ANSWER_PENDING || answer->waiting_count != 0)) {
		op->place = MODEL_PROMISED;
		op->awaits = answer;
		answer->waiting[answer->waiting_count++] = op;
		model->promised++;
	} else if (status == CAP_OK) {
		status = run_on_target(model, op, answer);
	}
	if (status != CAP_OK)
		model_unreserve(op);
	if (is_last)
		(void)!model_answer_finish(model, process, id);
	return status;
}

void
model_answer_forget(struct model_op *op)
{
	struct model_answer *answer = op->awaits;
	uint32_t index = 0;

	while (answer->waiting[index] != op)
		index++;
	answer->waiting_count--;
	memmove(&answer->waiting[index], &answer->waiting[index + 1],
	    (answer->waiting_count - index) * sizeof(answer->waiting[0]));
	op->awaits = NULL;
	op->left = op->place;
	op->place = MODEL_RUNNING;
}

static void
answer_free(struct model *model, struct model_process *process, struct model_answer *answer)
{
	for (uint32_t i = 0; i < answer->count; i++) {
		struct model_slot *hold = &answer->caps[i].hold;

		if (hold->object == NULL)
			continue;
		if (hold->cell != NULL)
			hold->cell->references--;
		model_drop(model, hold->object, hold->interface_index);
	}
	model_release(process->ledger, LEDGER_CAP_SLOTS, answer->slots);
	if (answer->has_more)
		model_release(process->ledger, LEDGER_KERNEL_BYTES, model->prices.answer_caps);
	answer->id = 0;
}

static bool
is_over(const struct model_answer *answer)
{
	return answer->id != 0 && answer->is_finished && answer->waiting_count == 0 &&
	    answer->state != MODEL_ANSWER_PENDING;
}

enum cap_status
model_answer_finish(struct model *model, struct model_process *process, uint64_t id)
{
	struct model_answer *answer = model_answer_find(process, id);

	if (answer == NULL)
		return CAP_ERR_UNKNOWN_ANSWER;
	answer->is_finished = true;
	if (is_over(answer))
		answer_free(model, process, answer);
	return CAP_OK;
}

void
model_answers_drop(struct model *model, struct model_process *process)
{
	for (uint32_t i = 0; i < CAP_ANSWERS_MAX; i++)
		if (process->answers[i].id != 0)
			answer_free(model, process, &process->answers[i]);
}

void
model_answer_fails_as(struct model_op *op, uint16_t type)
{
	if (op->answer == NULL)
		return;
	op->answer->type = type;
	op->answer->has_type = true;
}

void
model_answer_keep(struct model_op *call, uint32_t ordinal, const struct model_slot *hold)
{
	struct model_answer *answer = call->answer;

	if (answer == NULL)
		return;
	answer->count = ordinal + 1;
	answer->caps[ordinal] = (struct model_kept){ 0 };
	if (hold != NULL)
		answer->caps[ordinal].hold = *hold;
}

/* There is one hold of what can only be moved. */
static bool
is_moved_only(const struct model_slot *hold)
{
	return hold->object->kind == MODEL_NOTIFICATION ||
	    (hold->object->kind == MODEL_ENDPOINT && hold->interface_index == 0);
}

void
model_answer_keep_of_table(struct model_op *call, uint32_t ordinal, cap_id_t cap_id)
{
	struct model_slot *slot;

	if (call->answer == NULL)
		return;
	model_answer_keep(call, ordinal, NULL);
	if (cap_id == 0)
		return;
	if (model_find(call->process, cap_id, &slot) != CAP_OK)
		assert(false);
	if (is_moved_only(slot)) {
		call->answer->caps[ordinal].cap_id = cap_id;
		return;
	}
	slot->object->references++;
	if (slot->cell != NULL)
		slot->cell->references++;
	call->answer->caps[ordinal].hold = *slot;
}

/* The oldest that waits joins its endpoint; false: it is none that does. */
static bool
splice_one(struct model *model, struct model_answer *answer, uint32_t *bytes)
{
	struct model_op *op = answer->waiting[0];
	struct model_slot target;
	enum cap_status status = target_find(op, answer, &target);

	if (status != CAP_OK || target.interface_index == 0 ||
	    op->sqe.len > SPLICED_BYTES_MAX - *bytes)
		return false;
	*bytes += op->sqe.len;
	model_answer_forget(op);
	model->spliced++;
	status = model_call_on(model, op, &target);
	if (status == CAP_OK)
		return true;
	model_refuse(model, op, status);
	return true;
}

static void
splice(struct model *model, struct model_process *process, struct model_answer *answer)
{
	uint32_t bytes = 0;

	for (uint32_t i = 0;
	    i < SPLICED_CALLS_MAX && !process->has_answer_job && answer->waiting_count != 0; i++)
		if (!splice_one(model, answer, &bytes))
			break;
	if (!process->has_answer_job && is_over(answer))
		answer_free(model, process, answer);
	else if (answer->waiting_count != 0)
		process->has_answer_job = true;
}

void
model_answer_settle(struct model *model, struct model_op *call, int32_t result)
{
	struct model_process *process = call->process;
	struct model_answer *answer = call->answer;
	uint32_t kept = 0;

	if (answer == NULL)
		return;
	call->answer = NULL;
	for (uint32_t i = 0; i < answer->count; i++)
		kept += answer->caps[i].hold.object != NULL;
	model_release(process->ledger, LEDGER_CAP_SLOTS, answer->slots - kept);
	answer->slots = kept;
	if (result < 0 && !answer->has_type)
		answer->type = model_exception_type((enum cap_status)result);
	answer->state = result >= 0 ? MODEL_ANSWER_KEPT : MODEL_ANSWER_FAILED;
	if (result >= 0 && call->place == MODEL_DELIVERED)
		splice(model, process, answer);
	else
		process->has_answer_job = process->alive;
}

/* The oldest whose answer is there. */
static struct model_op *
oldest_ready(struct model_process *process)
{
	struct model_op *oldest = NULL;

	for (uint32_t i = 0; i < CAP_ANSWERS_MAX; i++) {
		const struct model_answer *answer = &process->answers[i];

		if (answer->id == 0 || answer->waiting_count == 0 ||
		    answer->state == MODEL_ANSWER_PENDING)
			continue;
		if (oldest == NULL || answer->waiting[0]->age < oldest->age)
			oldest = answer->waiting[0];
	}
	return oldest;
}

static void
free_over(struct model *model, struct model_process *process)
{
	for (uint32_t i = 0; i < CAP_ANSWERS_MAX; i++)
		if (is_over(&process->answers[i]))
			answer_free(model, process, &process->answers[i]);
}

void
model_answers_run(struct model *model, struct model_process *process)
{
	struct model_op *op;

	if (!process->has_answer_job || !process->alive)
		return;
	for (op = oldest_ready(process); op != NULL; op = oldest_ready(process)) {
		const struct model_answer *answer = op->awaits;
		enum cap_status status;

		model_answer_forget(op);
		status = run_on_target(model, op, answer);
		if (status != CAP_OK) {
			model_unreserve(op);
			model_refuse(model, op, status);
		}
		/* There is a window after each. */
		model_run_due(model);
	}
	free_over(model, process);
	process->has_answer_job = false;
	model_run_due(model);
}
