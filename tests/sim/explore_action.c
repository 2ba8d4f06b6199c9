/* SPDX-License-Identifier: Apache-2.0 */
/* What can be done in a state of an exploration. */
#include <assert.h>
#include <string.h>

#include "explore.h"

/* What is looked at, and what was found. */
struct explore_view {
	struct model *model;
	const struct explore_scope *scope;
	struct explore_actions *actions;
};

static void
put(const struct explore_view *view, struct explore_action action)
{
	struct explore_actions *actions = view->actions;

	if ((view->scope->verbs & EXPLORE_BIT(action.verb)) == 0)
		return;
	assert(actions->count < EXPLORE_ACTIONS_MAX);
	actions->action[actions->count++] = action;
}

/* Of slots that are alike, the first stands for all. */
static bool
is_first_of_its_kind(const struct model *model, const struct model_process *process, uint32_t index)
{
	if (process->slots[index].object == NULL)
		return false;
	for (uint32_t i = 0; i < index; i++)
		if (explore_slots_are_alike(model, process, i, index))
			return false;
	return true;
}

/* With each capability that it could carry, and with none. */
static void
put_carrying(const struct explore_view *view, struct explore_action base)
{
	const struct model_process *process = &view->model->processes[base.process];

	put(view, base);
	for (uint32_t i = 0; i < process->slot_count; i++) {
		if (!is_first_of_its_kind(view->model, process, i))
			continue;
		base.carried = (uint8_t)i;
		base.carries = CAP_TRANSFER_MOVE;
		put(view, base);
		base.carries = CAP_TRANSFER_COPY;
		if (!view->scope->is_lean)
			put(view, base);
	}
}

static bool
may_be_late(const struct explore_view *view)
{
	return !view->scope->is_lean || view->scope->is_late;
}

/* Taking a capability or none; late or not. */
static void
put_waiting(const struct explore_view *view, struct explore_action base)
{
	for (uint32_t i = 0; i < 4; i++) {
		base.cap_max = (uint8_t)(i % 2);
		base.is_late = (uint8_t)(i < 2);
		if ((base.cap_max == 0 && view->scope->is_lean) ||
		    (base.is_late && !may_be_late(view)))
			continue;
		put(view, base);
	}
}

static void
put_calls(const struct explore_view *view, struct explore_action base)
{
	for (uint32_t i = view->scope->is_lean ? 1 : 0; i < 2; i++) {
		base.cap_max = (uint8_t)i;
		base.is_late = 0;
		put_carrying(view, base);
		base.is_late = 1;
		if (may_be_late(view))
			put(view, base);
	}
}

/* Those that are gone and were not answered, too. */
static uint32_t
calls_served(const struct model_process *process)
{
	uint32_t count = process->calls_reserved;

	for (uint32_t i = 0; i < process->call_capacity; i++)
		count += process->calls[i].used;
	return count;
}

static bool
is_owner(const struct model_slot *slot)
{
	return slot->object->kind == MODEL_ENDPOINT && slot->interface_index == 0;
}

/* What takes an op for as long as it waits. */
static void
enumerate_waiting(const struct explore_view *view, struct explore_action base)
{
	const struct model_slot *slot = &view->model->processes[base.process].slots[base.index];
	bool is_facet = slot->object->kind == MODEL_ENDPOINT && slot->interface_index != 0;
	bool is_notification = slot->object->kind == MODEL_NOTIFICATION;

	base.verb = EXPLORE_CALL;
	if (is_facet)
		put_calls(view, base);
	base.verb = EXPLORE_RECEIVE;
	if (is_owner(slot) &&
	    calls_served(&view->model->processes[base.process]) < view->scope->in_flight)
		put_waiting(view, base);
	else if (!is_owner(slot) && !view->scope->is_lean)
		put(view, base);
	base.verb = EXPLORE_WAIT;
	if (is_notification || !view->scope->is_lean)
		put(view, base);
	base.is_late = 1;
	if (is_notification && may_be_late(view))
		put(view, base);
}

static void
enumerate_grants(const struct explore_view *view, struct explore_action base)
{
	const struct model *model = view->model;
	const struct explore_scope *scope = view->scope;
	const struct model_slot *slot = &model->processes[base.process].slots[base.index];
	bool moves = slot->interface_index == 0 && slot->object->kind != MODEL_SIGNALLER;
	uint32_t cells = 0;

	for (uint32_t i = 0; i < MODEL_CELLS; i++)
		cells += model->cells[i].exists;
	if (!model_slot_is_live(slot) || cells >= scope->cells)
		return;
	base.verb = EXPLORE_GRANT;
	base.carries = moves ? CAP_TRANSFER_MOVE : CAP_TRANSFER_COPY;
	for (uint32_t i = 0; i < scope->processes; i++) {
		const struct model_process *to = &model->processes[i];

		base.receiver = (uint8_t)i;
		if (i != base.process && to->alive &&
		    to->ledger->used[LEDGER_CAP_SLOTS] < scope->slots)
			put(view, base);
	}
}

/* What takes no op for longer than its entry. */
static void
enumerate_passing(const struct explore_view *view, struct explore_action base)
{
	const struct model_slot *slot = &view->model->processes[base.process].slots[base.index];
	enum model_kind kind = slot->object->kind;

	base.verb = EXPLORE_SIGNAL;
	if (kind == MODEL_SIGNALLER || !view->scope->is_lean)
		put(view, base);
	base.verb = EXPLORE_RELEASE;
	put(view, base);
	base.verb = EXPLORE_MAKE;
	base.cap_max = 1;
	if (kind == MODEL_NOTIFICATION || (kind == MODEL_ENDPOINT && slot->interface_index == 0))
		put(view, base);
}

static void
enumerate_slots(const struct explore_view *view, uint8_t process_index)
{
	const struct model_process *process = &view->model->processes[process_index];
	bool has_room = model_in_flight(process) < view->scope->in_flight;

	for (uint32_t i = 0; i < process->slot_count; i++) {
		struct explore_action base = { .process = process_index, .index = (uint8_t)i };

		if (!is_first_of_its_kind(view->model, process, i))
			continue;
		if (has_room)
			enumerate_waiting(view, base);
		enumerate_passing(view, base);
		enumerate_grants(view, base);
	}
}

/*
 * A turn by the Endpoint. What is wrong with its RECV is found before its answer goes, whatever
 * that carries.
 */
static void
put_turns_at(const struct explore_view *view, struct explore_action base)
{
	for (uint32_t i = view->scope->is_lean ? 1 : 0; i < 2; i++) {
		base.cap_max = (uint8_t)i;
		base.verb = EXPLORE_TURN;
		put_carrying(view, base);
		base.verb = EXPLORE_THROW_TURN;
		put(view, base);
	}
	base.verb = EXPLORE_TURN;
	base.cap_max = MESSAGE_CAPS_MAX + 1;
	if (!view->scope->is_lean)
		put(view, base);
}

/* By each capability; of a call that it does not serve, too, with which all else is refused. */
static void
put_turns(const struct explore_view *view, struct explore_action base)
{
	const struct model_process *process = &view->model->processes[base.process];

	base.verb = EXPLORE_TURN;
	for (uint32_t i = 0; i < process->slot_count; i++) {
		if (!is_first_of_its_kind(view->model, process, i))
			continue;
		base.receiver = (uint8_t)i;
		if (is_owner(&process->slots[i]) && base.index != EXPLORE_NO_CALL)
			put_turns_at(view, base);
		else if (!view->scope->is_lean)
			put(view, base);
	}
}

/* Of calls that are gone, one stands for all. */
static void
enumerate_served(const struct explore_view *view, struct explore_action base)
{
	const struct model_process *process = &view->model->processes[base.process];
	bool has_room = model_in_flight(process) < view->scope->in_flight;
	bool has_gone = false;

	for (uint32_t i = 0; i < process->call_capacity; i++) {
		if (!process->calls[i].used || (has_gone && process->calls[i].op == NULL))
			continue;
		has_gone |= process->calls[i].op == NULL;
		base.index = (uint8_t)i;
		base.verb = EXPLORE_RETURN;
		put_carrying(view, base);
		base.verb = EXPLORE_THROW;
		put(view, base);
		if (has_room)
			put_turns(view, base);
	}
	base.index = EXPLORE_NO_CALL;
	if (has_room)
		put_turns(view, base);
}

static void
enumerate_process(const struct explore_view *view, uint8_t process_index)
{
	struct explore_action base = { .process = process_index, .verb = EXPLORE_EXIT };
	const struct model_process *process = &view->model->processes[process_index];

	put(view, base);
	if (process->waits)
		return;
	enumerate_slots(view, process_index);
	enumerate_served(view, base);
	base.verb = EXPLORE_ENTER;
	put(view, base);
	base.verb = EXPLORE_FINISH;
	for (uint32_t i = 0; i < RING_CQ_ENTRIES; i++) {
		base.index = (uint8_t)i;
		if (process->ops[i].place != MODEL_FREE)
			put(view, base);
	}
}

/* Is something held of it by a hold that is not dead yet? */
static bool
can_be_revoked(const struct model *model, const struct model_object *object)
{
	for (uint32_t i = 0; i < EXPLORE_PROCESSES_MAX; i++)
		for (uint32_t k = 0; k < model->processes[i].slot_count; k++) {
			const struct model_slot *slot = &model->processes[i].slots[k];

			if (model->processes[i].alive && slot->object == object &&
			    slot->epoch == object->epoch)
				return true;
		}
	return false;
}

static void
enumerate_revocations(const struct explore_view *view)
{
	const struct model *model = view->model;
	struct explore_action base = { .verb = EXPLORE_REVOKE };

	for (uint32_t i = 0; i < model->object_end; i++) {
		base.index = (uint8_t)i;
		if (model->objects[i].exists && model->objects[i].payer != NULL &&
		    can_be_revoked(model, &model->objects[i]))
			put(view, base);
	}
	base.verb = EXPLORE_REVOKE_GRANT;
	for (uint32_t i = 0; i < MODEL_CELLS; i++) {
		base.index = (uint8_t)i;
		if (model->cells[i].exists && model->cells[i].live)
			put(view, base);
	}
}

static void
enumerate_world(const struct explore_view *view)
{
	const struct model *model = view->model;
	bool is_late = false;
	bool is_dead = false;

	for (uint32_t i = 0; i < EXPLORE_PROCESSES_MAX; i++)
		for (uint32_t k = 0; model->processes[i].alive && k < RING_CQ_ENTRIES; k++) {
			const struct model_op *op = &model->processes[i].ops[k];

			if (op->place == MODEL_FREE)
				continue;
			is_late |= op->sqe.deadline_ns != 0;
			is_dead |= model_op_is_dead(op);
		}
	if (is_late)
		put(view, (struct explore_action){ .verb = EXPLORE_TIME });
	if (is_dead)
		put(view, (struct explore_action){ .verb = EXPLORE_SWEEP });
	enumerate_revocations(view);
}

void
explore_enumerate(struct simulation *simulation, const struct explore_scope *scope,
    struct explore_actions *actions)
{
	struct explore_view view = { &simulation->model, scope, actions };

	actions->count = 0;
	for (uint32_t i = 0; i < scope->processes; i++)
		if (view.model->processes[i].alive)
			enumerate_process(&view, (uint8_t)i);
	enumerate_world(&view);
}
