/* SPDX-License-Identifier: Apache-2.0 */
/* Named answers and calls on what they carry, by one of the processes; and when those run. */
#include <string.h>

#include "simulation.h"
#include "wire.h"

#define ANSWER_IDS 24 /* more than there are places */
#define LATE_NS UINT64_C(1000000000)

bool
operation_is_promiser(const struct model_process *process)
{
	return process->index == 0;
}

bool
operation_awaits_answers(const struct model *model)
{
	const struct model_process *process = &model->processes[0];

	for (uint32_t i = 0; process->alive && i < CAP_ANSWERS_MAX; i++)
		if (process->answers[i].id != 0 &&
		    (process->answers[i].state == MODEL_ANSWER_PENDING ||
			process->answers[i].waiting_count != 0))
			return true;
	return false;
}

uint32_t
operation_answers_kept(const struct model_process *process)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < CAP_ANSWERS_MAX; i++)
		count += process->answers[i].id != 0 &&
		    process->answers[i].state != MODEL_ANSWER_PENDING;
	return count;
}

/* One that is not finished, mostly one that is to come; 0: there is none. */
static uint32_t
answer_choose(struct simulation *simulation, const struct model_process *process)
{
	struct random *random = &simulation->random;
	uint32_t first = random_below(random, CAP_ANSWERS_MAX);
	bool any = random_chance(random, 40);
	uint32_t id = 0;

	if (random_chance(random, 3))
		return (uint32_t)random_next(random);
	for (uint32_t i = 0; i < CAP_ANSWERS_MAX; i++) {
		const struct model_answer *answer =
		    &process->answers[(first + i) % CAP_ANSWERS_MAX];

		if (answer->id == 0 || (answer->is_finished && !random_chance(random, 5)))
			continue;
		id = answer->id;
		if (any || answer->state == MODEL_ANSWER_PENDING)
			break;
	}
	return id;
}

static void
name_answer(struct simulation *simulation, const struct model_process *process, struct cap_sqe *sqe)
{
	struct random *random = &simulation->random;

	/* Mostly one whose place is free. */
	for (uint32_t i = 0; i < 4; i++) {
		sqe->answer_id = 1 + random_below(random, ANSWER_IDS);
		if (process->answers[sqe->answer_id % CAP_ANSWERS_MAX].id == 0)
			break;
	}
	sqe->cap_max = (uint8_t)(1 + random_below(random, random_chance(random, 80) ? 2 : 5));
	if (random_chance(random, 50))
		sqe->flags |= CAP_SQE_ANSWER_ONLY;
}

/*
 * Its target may be any kernel object, or a server: a message and methods that are known of all of
 * them.
 */
static void
call_promise(
    struct simulation *simulation, struct model_process *process, uint32_t id, struct cap_sqe *sqe)
{
	struct random *random = &simulation->random;
	const uint64_t word = 1 + random_below(random, 3);
	struct wire wire = wire_struct(&word, 1);

	sqe->flags |= CAP_SQE_PROMISED;
	if (random_chance(random, 15))
		sqe->flags |= CAP_SQE_LAST;
	sqe->target = CAP_PROMISE(id, random_chance(random, 80) ? 0 : random_below(random, 4));
	sqe->method = random_chance(random, 85) ? 0 : (uint16_t)(32 + random_below(random, 65504));
	sqe->xfer_count = 0;
	sqe->addr = part_source(simulation, process, wire.bytes + 128);
	sqe->len = (uint32_t)wire.bytes;
	machine_write(simulation, process, sqe->addr, wire.message, wire.bytes);
	if (random_chance(random, 20))
		part_transfers(simulation, process, sqe);
	if (random_chance(random, 50) && sqe->cap_max == 0)
		sqe->cap_max = 1;
}

/* Before it in the same entry: such a call may end in a window between the two. */
static bool
names_answer(const struct model_process *process)
{
	for (uint32_t i = 0; i < process->queued; i++)
		if (process->queue[i].op == CAP_OP_CALL && process->queue[i].answer_id != 0)
			return true;
	return false;
}

/*
 * Behind what is short, what waits for an answer is left to a later submission, and the ABI does
 * not say which: with a deadline it is not short.
 */
static void
make_general(
    const struct simulation *simulation, const struct model_process *process, struct cap_sqe *sqe)
{
	if ((sqe->op != CAP_OP_RECV && sqe->op != CAP_OP_RETURN) ||
	    !(names_answer(process) || operation_awaits_answers(&simulation->model)))
		return;
	/* A turn has no deadline: what is left is its answer. */
	if (model_is_turn(sqe)) {
		sqe->flags &= (uint8_t)~CAP_SQE_RECEIVE;
		sqe->deadline_ns = 0;
		sqe->result_addr = 0;
		sqe->result_len = 0;
		sqe->cap_max = 0;
	}
	if (sqe->deadline_ns == 0)
		sqe->deadline_ns = simulation->model.now_ns + LATE_NS;
}

void
operation_promise(struct simulation *simulation, struct model_process *process, struct cap_sqe *sqe)
{
	struct random *random = &simulation->random;
	uint32_t id = answer_choose(simulation, process);

	make_general(simulation, process, sqe);
	if (sqe->op != CAP_OP_CALL)
		return;

	if (random_chance(random, 40))
		name_answer(simulation, process, sqe);
	if (id != 0 && random_chance(random, 45))
		call_promise(simulation, process, id, sqe);
	/* Of nothing, or for nobody. */
	if (random_chance(random, 1))
		sqe->flags |= random_chance(random, 50) ? CAP_SQE_LAST : CAP_SQE_ANSWER_ONLY;
}

static bool
is_live_facet(const struct model_process *process, const struct model_slot *slot)
{
	(void)process;
	return model_slot_is_live(slot) && slot->object->kind == MODEL_ENDPOINT &&
	    slot->interface_index != 0;
}

void
operation_answer_promise(
    struct simulation *simulation, struct model_process *process, struct cap_sqe *sqe)
{
	struct model_slot *slot = part_slot(simulation, process, is_live_facet);
	struct cap_transfer entry = { .mode = CAP_TRANSFER_COPY };
	uint64_t address = (sqe->addr + sqe->len + 7) / 8 * 8;

	if (slot == NULL || random_chance(&simulation->random, 30) ||
	    !memory_is_writable(address, sizeof(entry)) ||
	    memory_at(&process->memory, address) == NULL)
		return;
	entry.cap_id = model_id(process, slot);
	machine_write(simulation, process, address, &entry, sizeof(entry));
	sqe->flags = 0;
	sqe->method = 0;
	sqe->xfer_count = 1;
}

struct cap_sqe
operation_finish_answer(struct simulation *simulation, struct model_process *process)
{
	uint64_t id = answer_choose(simulation, process);

	/* Ids have 32 bits. */
	if (random_chance(&simulation->random, 1))
		id |= UINT64_C(1) << 32;
	return (struct cap_sqe){ .op = CAP_OP_FINISH, .flags = CAP_SQE_ANSWER, .target = id };
}

/* The kernel runs it when the thread enters, or while it waits. */
static void
catch_up(struct simulation *simulation, struct model_process *process)
{
	struct model *model = &simulation->model;
	struct world_process *world = &simulation->processes[process->index];

	(void)world_enter(world, 0, 0);
	machine_settle();
	machine_collect_more(simulation);
	if (process->waits)
		model_answers_run(model, process);
	else
		(void)model_enter(model, process, 0, 0);
	model->now_ns = sim.now_ns;
	model_settle(model);
}

void
operation_catch_up(struct simulation *simulation)
{
	struct model_process *process = &simulation->model.processes[0];

	while (process->alive && process->has_answer_job && !simulation_failed(simulation))
		catch_up(simulation, process);
}
