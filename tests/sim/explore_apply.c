/* SPDX-License-Identifier: Apache-2.0 */
/* One step of an exploration, on both sides. */
#include <abi/start.h>
#include <assert.h>
#include <string.h>

#include "explore.h"
#include "wire.h"

/*
 * A message area is in two halves: what is sent from, with a place for each op and one for what
 * takes no op for longer than its entry; and where answers go.
 */
#define SOURCE_BYTES 128
#define RESULT_BYTES 256
#define SOURCES (USER_RING_ADDRESS + MEMORY_MESSAGE_OFFSET)
#define RESULTS (SOURCES + MEMORY_MESSAGE_BYTES / 2)

#define DEADLINE_NS 1000
#define BIT 1
#define INTERFACE 9 /* of facets that are made: not that of the first ones */

static const char *const names[] = {
	[EXPLORE_CALL] = "call",
	[EXPLORE_MAKE] = "make",
	[EXPLORE_RECEIVE] = "receive",
	[EXPLORE_RETURN] = "return",
	[EXPLORE_THROW] = "throw",
	[EXPLORE_TURN] = "turn",
	[EXPLORE_THROW_TURN] = "throw in turn",
	[EXPLORE_RELEASE] = "release",
	[EXPLORE_FINISH] = "finish",
	[EXPLORE_SIGNAL] = "signal",
	[EXPLORE_WAIT] = "wait",
	[EXPLORE_ENTER] = "enter",
	[EXPLORE_TIME] = "time",
	[EXPLORE_EXIT] = "exit",
	[EXPLORE_REVOKE] = "revoke",
	[EXPLORE_GRANT] = "grant",
	[EXPLORE_REVOKE_GRANT] = "revoke grant",
	[EXPLORE_SWEEP] = "sweep",
};

const char *
explore_verb_name(enum explore_verb verb)
{
	return names[verb];
}

/* The first place that no op of the process uses. */
static uint32_t
place_find(const struct model_process *process)
{
	uint32_t place = 0;

	for (uint32_t i = 0; i < RING_CQ_ENTRIES; i++)
		if (process->ops[i].place != MODEL_FREE &&
		    process->ops[i].sqe.result_addr == RESULTS + place * RESULT_BYTES) {
			place++;
			i = UINT32_MAX;
		}
	return place;
}

static void
result_set(const struct model_process *process, struct cap_sqe *sqe)
{
	uint32_t place = place_find(process);

	assert(place < EXPLORE_IN_FLIGHT_MAX);
	sqe->result_addr = RESULTS + place * RESULT_BYTES;
	sqe->result_len = RESULT_BYTES;
}

/* The message, and behind it what it carries. */
static void
message_set(struct simulation *simulation, const struct explore_action *action, struct cap_sqe *sqe)
{
	const uint64_t word = INTERFACE;
	struct wire wire = wire_struct(&word, 1);
	struct model_process *process = &simulation->model.processes[action->process];
	struct cap_transfer entry = { .mode = action->carries };

	sqe->addr = SOURCES + place_find(process) * SOURCE_BYTES;
	sqe->len = (uint32_t)wire.bytes;
	machine_write(simulation, process, sqe->addr, wire.message, wire.bytes);
	if (action->carries == 0)
		return;
	entry.cap_id = model_id(process, &process->slots[action->carried]);
	machine_write(simulation, process, sqe->addr + sqe->len, &entry, sizeof(entry));
	sqe->xfer_count = 1;
}

/* That the process serves; or the last one that it does not any more; or one that never was. */
static uint64_t
call_id(const struct model_process *process, uint8_t index)
{
	uint64_t last;

	if (index != EXPLORE_NO_CALL)
		return process->calls[index].id;
	if (process->call_id_count == 0)
		return 1;
	last = process->call_ids[(process->call_id_count - 1) % MODEL_CALL_IDS];
	for (uint32_t i = 0; i < process->call_capacity; i++)
		if (process->calls[i].used && process->calls[i].id == last)
			return 1;
	return last;
}

static void
return_set(struct simulation *simulation, const struct explore_action *action, struct cap_sqe *sqe)
{
	const struct model_process *process = &simulation->model.processes[action->process];

	sqe->op = CAP_OP_RETURN;
	sqe->target = call_id(process, action->index);
	if (action->verb == EXPLORE_THROW || action->verb == EXPLORE_THROW_TURN)
		sqe->flags = CAP_SQE_EXCEPTION;
	message_set(simulation, action, sqe);
}

static void
sqe_fill(struct simulation *simulation, const struct explore_action *action, struct cap_sqe *sqe)
{
	const struct model_process *process = &simulation->model.processes[action->process];

	switch ((enum explore_verb)action->verb) {
	case EXPLORE_CALL:
	case EXPLORE_MAKE:
		sqe->op = CAP_OP_CALL;
		result_set(process, sqe);
		message_set(simulation, action, sqe);
		break;
	case EXPLORE_RECEIVE:
		sqe->op = CAP_OP_RECV;
		result_set(process, sqe);
		break;
	case EXPLORE_RETURN:
	case EXPLORE_THROW:
		return_set(simulation, action, sqe);
		break;
	case EXPLORE_TURN:
	case EXPLORE_THROW_TURN:
		return_set(simulation, action, sqe);
		result_set(process, sqe);
		sqe->flags |= CAP_SQE_RECEIVE;
		sqe->receive_from = model_id(process, &process->slots[action->receiver]);
		break;
	case EXPLORE_RELEASE:
		sqe->op = CAP_OP_RELEASE;
		break;
	case EXPLORE_FINISH:
		sqe->op = CAP_OP_FINISH;
		sqe->target = process->ops[action->index].sqe.user_data;
		break;
	default:
		sqe->op = action->verb == EXPLORE_SIGNAL ? CAP_OP_SIGNAL : CAP_OP_WAIT;
		sqe->addr = BIT;
		break;
	}
}

static void
submit(struct simulation *simulation, const struct explore_action *action)
{
	struct model_process *process = &simulation->model.processes[action->process];
	struct cap_sqe sqe = { .user_data = ++simulation->user_data, .cap_max = action->cap_max };

	if (action->index != EXPLORE_NO_CALL)
		sqe.target = model_id(process, &process->slots[action->index]);
	if (action->is_late)
		sqe.deadline_ns = simulation->model.now_ns + DEADLINE_NS;
	sqe_fill(simulation, action, &sqe);
	world_submit(&simulation->processes[action->process], &sqe);
	model_submit(process, &sqe);
	operation_enter(simulation, process, 0, 0);
}

static void
grant(struct simulation *simulation, const struct explore_action *action)
{
	struct model_process *from = &simulation->model.processes[action->process];
	struct model_slot *slot = &from->slots[action->index];
	const struct operation_grant made = {
		.from = from,
		.to = &simulation->model.processes[action->receiver],
		.source = *slot,
		.source_id = model_id(from, slot),
		.moves = action->carries == CAP_TRANSFER_MOVE,
	};

	operation_grant_make(simulation, &made);
}

/* What no process submits. */
static void
happen(struct simulation *simulation, const struct explore_action *action)
{
	struct model *model = &simulation->model;
	struct model_process *process = &model->processes[action->process];

	switch ((enum explore_verb)action->verb) {
	case EXPLORE_ENTER:
		operation_enter(simulation, process, 1, CAP_DEADLINE_NONE);
		break;
	case EXPLORE_TIME:
		operation_time_pass(simulation, DEADLINE_NS);
		break;
	case EXPLORE_EXIT:
		operation_end_as(simulation, process, process->waits);
		break;
	case EXPLORE_REVOKE:
		operation_revoke_object(simulation, &model->objects[action->index]);
		operation_sweep(simulation, false);
		break;
	case EXPLORE_GRANT:
		grant(simulation, action);
		break;
	case EXPLORE_REVOKE_GRANT:
		operation_revoke_cell(simulation, &model->cells[action->index]);
		operation_sweep(simulation, false);
		break;
	default:
		operation_sweep(simulation, true);
		break;
	}
}

static void
note(struct simulation *simulation, const struct explore_action *action)
{
	simulation_note(simulation, "process %u: %s %u, carries %u of slot %u, takes %u%s, to %u",
	    action->process, names[action->verb], action->index, action->carries, action->carried,
	    action->cap_max, action->is_late ? ", late" : "", action->receiver);
}

void
explore_apply(struct simulation *simulation, const struct explore_action *action)
{
	simulation->step++;
	simulation->word_count = 0;
	simulation->model.now_ns = sim.now_ns;
	model_step_begin(&simulation->model);
	note(simulation, action);
	if ((EXPLORE_SUBMITTED & EXPLORE_BIT(action->verb)) != 0)
		submit(simulation, action);
	else
		happen(simulation, action);
}
