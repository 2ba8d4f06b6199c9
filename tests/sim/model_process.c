/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of the model: born, entered, ended; and what is left to do when nobody runs. */
#include <assert.h>
#include <string.h>

#include "model.h"

void
model_step_begin(struct model *model)
{
	model->expected_count = 0;
	model->write_count = 0;
}

/* What was used of it: a model is big, and an exploration starts one for each step that it tries.
 */
static void
forget_all(struct model *model)
{
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++)
		model->processes[i].alive = false;
	memset(model->objects, 0, model->object_end * sizeof(model->objects[0]));
	memset(model->ledgers, 0, model->ledger_end * sizeof(model->ledgers[0]));
	memset(model->cells, 0, sizeof(model->cells));
	memset((char *)model + offsetof(struct model, object_end), 0,
	    sizeof(*model) - offsetof(struct model, object_end));
}

void
model_start(struct model *model, const struct model_prices *prices)
{
	forget_all(model);
	model->prices = *prices;
	model->timer = model_object_new(model, MODEL_TIMER, NULL);
	model->factory = model_object_new(model, MODEL_FACTORY, NULL);
	model->frames = model_object_new(model, MODEL_FRAMES, NULL);
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++)
		model->processes[i].index = i;
}

static struct model_ledger *
ledger_new(struct model *model, const uint64_t *limits)
{
	struct model_ledger *ledger = model->ledgers;

	while (ledger->references != 0 || ledger->kernel != NULL)
		ledger++;
	assert(ledger < model->ledgers + MODEL_LEDGERS);
	if (ledger == model->ledgers + model->ledger_end)
		model->ledger_end++;
	*ledger = (struct model_ledger){ .references = 1 };
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
		ledger->limit[i] = limits[i];
		ledger->used[i] = model->prices.process[i];
	}
	return ledger;
}

struct model_process *
model_born(struct model *model, uint32_t index, uint32_t pid, const uint64_t *limits)
{
	struct model_process *process = &model->processes[index];

	memset(process, 0, sizeof(*process));
	process->alive = true;
	process->index = index;
	process->pid = pid;
	process->ledger = ledger_new(model, limits);
	process->kernel_bytes = model->prices.process[LEDGER_KERNEL_BYTES];
	return process;
}

/* Ops first, then the calls that it served, then what it held. */
void
model_exit(struct model *model, struct model_process *process)
{
	process->alive = false;
	process->waits = false;
	/* What was posted for it just now is read by nobody. */
	for (uint32_t i = 0; i < model->expected_count; i++)
		model->expected[i].seen |= model->expected[i].process == process;
	process->queued = 0;
	for (uint32_t i = 0; i < RING_CQ_ENTRIES; i++) {
		struct model_op *op = &process->ops[i];

		if (op->place == MODEL_RUNNING)
			model_end(model, op, CAP_ERR_CANCELLED);
		else if (op->place != MODEL_FREE)
			model_cancel(model, op, CAP_ERR_CANCELLED);
	}
	for (uint32_t i = 0; i < process->call_capacity; i++) {
		struct model_call *call = &process->calls[i];

		if (call->used && call->op != NULL)
			model_cancel(model, call->op, CAP_ERR_DISCONNECTED);
		call->used = false;
	}
	for (uint32_t i = 0; i < process->slot_count; i++) {
		struct model_slot *slot = &process->slots[i];
		struct model_object *object = slot->object;
		uint16_t interface_index = slot->interface_index;

		if (object == NULL)
			continue;
		model_remove(process, slot);
		model_drop(model, object, interface_index);
	}
	model_answers_drop(model, process);
	model_kept_release(process);
	model_release(process->ledger, LEDGER_OUTSTANDING_CALLS, process->call_capacity);
	model_release(process->ledger, LEDGER_KERNEL_BYTES, process->kernel_bytes);
	model_release(
	    process->ledger, LEDGER_FRAME_PAGES, model->prices.process[LEDGER_FRAME_PAGES]);
	model_release(
	    process->ledger, LEDGER_VIRTUAL_PAGES, model->prices.process[LEDGER_VIRTUAL_PAGES]);
	model_ledger_put(process->ledger);
	process->ledger = NULL;
}

void
model_time(struct model *model, uint64_t now_ns)
{
	model->now_ns = now_ns;
	model_run_due(model);
}

/* Submissions are taken while there is a free op: one that is neither in flight nor unread. */
static void
drain(struct model *model, struct model_process *process)
{
	uint32_t room = RING_CQ_ENTRIES - process->unread - model_in_flight(process);

	for (uint32_t i = 0; i < ENTRY_SUBMISSIONS_MAX && process->queued != 0 && i < room; i++) {
		struct cap_sqe sqe = process->queue[0];

		process->queued--;
		memmove(&process->queue[0], &process->queue[1],
		    process->queued * sizeof(process->queue[0]));
		model_submission_run(model, process, &sqe);
		model_answers_run(model, process);
		if (process->queued != 0)
			model_run_due(model);
	}
}

int64_t
model_enter(
    struct model *model, struct model_process *process, uint64_t min_complete, uint64_t deadline_ns)
{
	if (min_complete > RING_CQ_ENTRIES && (min_complete != CAP_ENTER_YIELD || deadline_ns != 0))
		return CAP_ERR_INVALID_REQUEST;
	model->copies = 0;
	model->windows = 0;
	model->entered = process;
	model_answers_run(model, process);
	drain(model, process);
	/* Behind the last step of the one copy that was its own work. */
	if (model->copies == 1)
		model_window(model);
	if (min_complete <= process->unread || deadline_ns == CAP_DEADLINE_POLL)
		return model->copies > 1 ? model->unread_before : process->unread;
	if (deadline_ns == CAP_DEADLINE_NONE &&
	    min_complete > process->unread + model_in_flight(process))
		return CAP_ERR_UNENDABLE_WAIT;
	if (deadline_ns <= model->now_ns)
		return process->unread;
	process->waits = true;
	process->wait_count = (uint32_t)min_complete;
	process->wait_until_ns = deadline_ns;
	return MODEL_WAITS;
}

/* Whoever waits at an endpoint whose owner is gone, or for bits that nobody may wait for. */
static void
close_one(struct model *model, struct model_object *object)
{
	while (object->call_count != 0)
		model_cancel(model, object->calls[0], CAP_ERR_DISCONNECTED);
	while (object->receive_count != 0)
		model_cancel(model, object->receives[0], CAP_ERR_DISCONNECTED);
	if (object->kind == MODEL_NOTIFICATION)
		model_object_put(object->other);
	model_object_put(object);
}

void
model_close_all(struct model *model)
{
	for (uint32_t i = 0; i < model->closing_count; i++)
		close_one(model, model->closing[i]);
	model->closing_count = 0;
}

void
model_settle(struct model *model)
{
	model_close_all(model);
	model_run_due(model);
	model_objects_sweep(model);
}
