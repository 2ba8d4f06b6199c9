/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After each step: every op is where the model says, endpoints' queues have their order, threads
 * wait or do not, and the kernel has as many things of each kind as the model has.
 */
#include <stdlib.h>
#include <string.h>

#include "ipc/answer_internal.h"
#include "ipc/endpoint_internal.h"
#include "mm/pool.h"
#include "simulation.h"

/* The kernel's op of each op of the model that is in flight. */
static struct op *twins[MODEL_PROCESSES][RING_CQ_ENTRIES];

static enum op_place
place_of(enum model_place place)
{
	switch (place) {
	case MODEL_CALLING:
		return OP_PLACE_CALL_QUEUE;
	case MODEL_RECEIVING:
		return OP_PLACE_RECV_QUEUE;
	case MODEL_DELIVERED:
		return OP_PLACE_DELIVERED;
	case MODEL_WAITING:
		return OP_PLACE_NOTIFICATION;
	case MODEL_SLEEPING:
		return OP_PLACE_OBJECT;
	case MODEL_PROMISED:
		return OP_PLACE_PROMISED;
	case MODEL_FREE:
	case MODEL_RUNNING:
		break;
	}
	return OP_PLACE_NONE;
}

/* A pending op of the ring, known by the number of its submission. */
static struct op *
op_find(struct ring *ring, uint32_t age)
{
	for (uint32_t i = 0; i < ring_cq_entries(ring); i++) {
		struct op *op = ring_op(ring, i);

		if (op->state == OP_PENDING && op->sequence == age + 1)
			return op;
	}
	return NULL;
}

static void
compare_op(struct simulation *simulation, const struct model_op *op, uint32_t index)
{
	uint32_t process = op->process->index;
	struct op *twin = op_find(simulation->processes[process].thread->ring, op->age);

	twins[process][index] = twin;
	if (twin == NULL || twin->sqe.user_data != op->sqe.user_data ||
	    twin->sqe.op != op->sqe.op || twin->place != place_of(op->place) ||
	    (op->object != NULL && twin->object != op->object->kernel))
		simulation_fail(simulation,
		    "process %u: the op of user data %llx is in place %d, expected %u", process,
		    (unsigned long long)op->sqe.user_data, twin == NULL ? -1 : (int)twin->place,
		    place_of(op->place));
}

static void
compare_ring(struct simulation *simulation, const struct model_process *process)
{
	const struct world_process *world = &simulation->processes[process->index];
	uint32_t pending = 0;
	uint32_t kernel_pending = 0;

	for (uint32_t i = 0; i < RING_CQ_ENTRIES; i++) {
		struct op *op = ring_op(world->thread->ring, i);

		kernel_pending += op->state == OP_PENDING || op->state == OP_CLAIMED;
		if (process->ops[i].place == MODEL_FREE)
			continue;
		pending++;
		compare_op(simulation, &process->ops[i], i);
	}
	if (kernel_pending != pending)
		simulation_fail(simulation, "process %u: %u ops in flight, expected %u",
		    process->index, kernel_pending, pending);
	if (world->ring->sq_tail - world->ring->sq_head != process->queued ||
	    world->ring->cq_tail - world->ring->cq_head != process->unread)
		simulation_fail(simulation, "process %u: %u submissions and %u completions wait",
		    process->index, world->ring->sq_tail - world->ring->sq_head,
		    world->ring->cq_tail - world->ring->cq_head);
	if ((world->thread->state == THREAD_WAITING) != process->waits)
		simulation_fail(simulation, "process %u %s", process->index,
		    process->waits ? "does not wait" : "was not woken");
}

/* One after the other, and nobody else. */
static void
compare_order(struct simulation *simulation, struct model_op *const *queue, uint32_t count)
{
	struct op *first = NULL;
	struct op *last = NULL;

	for (uint32_t i = 0; i < count; i++) {
		struct model_process *process = queue[i]->process;
		struct op *twin = twins[process->index][queue[i] - process->ops];

		if (twin == NULL)
			return; /* said before */
		if (last != NULL && last->link.next != &twin->link)
			simulation_fail(simulation, "an endpoint's queue has another order");
		first = first == NULL ? twin : first;
		last = twin;
	}
	/* The head of the queue stands between its end and its beginning. */
	if (last != NULL && last->link.next != first->link.previous)
		simulation_fail(simulation, "an endpoint's queue has others in it");
}

static bool
is_same_answer(const struct model_answer *answer, const struct answer *kernel)
{
	static const enum answer_state states[] = { [MODEL_ANSWER_PENDING] = ANSWER_PENDING,
		[MODEL_ANSWER_KEPT] = ANSWER_KEPT,
		[MODEL_ANSWER_FAILED] = ANSWER_FAILED };

	if (answer->id != kernel->id)
		return false;
	return answer->id == 0 ||
	    (kernel->state == states[answer->state] && kernel->slots == answer->slots &&
		kernel->count == answer->count && kernel->is_finished == answer->is_finished &&
		list_is_empty(&kernel->dependants) == (answer->waiting_count == 0));
}

static bool
is_same_kept(
    struct simulation *simulation, const struct model_kept *kept, const struct kept_cap *kernel)
{
	struct model_object *object = kept->hold.object;

	if (object == NULL || kernel->hold.object == NULL)
		return object == NULL && kernel->hold.object == NULL &&
		    kept->cap_id == kernel->cap_id;
	/* It may be in no table. */
	if (object->kernel == NULL)
		compare_bind(simulation, object, kernel->hold.object);
	if (kernel->hold.object != object->kernel || kernel->cap_id != 0 ||
	    kernel->hold.interface_index != kept->hold.interface_index)
		return false;
	/* Of a dead grant, the run has let go. */
	return !model_slot_is_live(&kept->hold) ||
	    kernel->hold.cell == (kept->hold.cell == NULL ? NULL : kept->hold.cell->kernel);
}

static const struct kept_cap *
kept_at(const struct answer *answer, uint32_t ordinal)
{
	static const struct kept_cap hole;

	return answer->place[ordinal] == 0 ? &hole : &answer->caps[answer->place[ordinal] - 1];
}

/* What the answers of a process have. */
static void
compare_kept(struct simulation *simulation, const struct model_process *process)
{
	struct answers *kernel = *ring_answers(simulation->processes[process->index].thread->ring);

	for (uint32_t i = 0; kernel != NULL && i < CAP_ANSWERS_MAX; i++) {
		const struct model_answer *answer = &process->answers[i];

		if (answer->id == 0 || answer->id != kernel->at[i].id)
			continue;
		for (uint32_t k = 0; k < answer->count && k < kernel->at[i].count; k++)
			if (!is_same_kept(simulation, &answer->caps[k], kept_at(&kernel->at[i], k)))
				simulation_fail(simulation,
				    "process %u: capability %u of answer %u is another one",
				    process->index, k, answer->id);
	}
}

/* Named answers, and what waits for each, in its order. */
static void
compare_answers(struct simulation *simulation, const struct model_process *process)
{
	struct answers *kernel = *ring_answers(simulation->processes[process->index].thread->ring);

	if ((kernel != NULL) != process->has_answers) {
		simulation_fail(simulation, "process %u has memory for answers", process->index);
		return;
	}
	for (uint32_t i = 0; kernel != NULL && i < CAP_ANSWERS_MAX; i++) {
		const struct model_answer *answer = &process->answers[i];

		if (!is_same_answer(answer, &kernel->at[i]))
			simulation_fail(simulation,
			    "process %u: answer %u is in state %u with %u of %u slots, expected %u "
			    "in state %u with %u of %u",
			    process->index, kernel->at[i].id, kernel->at[i].state,
			    kernel->at[i].count, kernel->at[i].slots, answer->id, answer->state,
			    answer->count, answer->slots);
		compare_order(
		    simulation, answer->waiting, answer->id == 0 ? 0 : answer->waiting_count);
	}
}

/* What an endpoint counts, and whose turn it is next. */
static void
compare_endpoint(struct simulation *simulation, const struct model_object *object)
{
	const struct endpoint *endpoint = object->kernel;

	if (object->kind != MODEL_ENDPOINT || endpoint == NULL)
		return;
	if (endpoint->call_count != object->call_count ||
	    endpoint->receive_count != object->receive_count)
		simulation_fail(simulation, "an endpoint has %u calls and %u receivers",
		    endpoint->call_count, endpoint->receive_count);
	if (endpoint->last_caller != object->last_caller)
		simulation_fail(simulation, "an endpoint served %u last, expected %u",
		    endpoint->last_caller, object->last_caller);
}

static uint64_t
pool_objects(const char *name)
{
	struct pool_numbers numbers;

	for (uint32_t i = 0; pool_numbers_get(i, &numbers); i++)
		if (strcmp(numbers.name, name) == 0)
			return numbers.object_count;
	abort();
}

static void
compare_pool(struct simulation *simulation, const char *name, uint64_t expected)
{
	uint64_t found = pool_objects(name);

	if (found != expected)
		simulation_fail(simulation, "%llu of %s exist, expected %llu",
		    (unsigned long long)found, name, (unsigned long long)expected);
}

static void
compare_pools(struct simulation *simulation)
{
	const struct model *model = &simulation->model;
	uint64_t endpoints = 0, memories = 0, spaces = 0, processes = 0, sleepers = 0,
		 deadlines = 0, notifications = 0, answers = 0, answer_caps = 0;

	for (uint32_t i = 0; i < simulation->model.object_end; i++) {
		const struct model_object *object = &model->objects[i];

		endpoints += object->exists && object->kind == MODEL_ENDPOINT;
		notifications += object->exists && object->kind == MODEL_NOTIFICATION;
		spaces += object->exists && object->kind == MODEL_SPACE;
		memories += object->exists && object->kind == MODEL_MEMORY;
	}
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++) {
		const struct model_process *process = &model->processes[i];

		if (!process->alive)
			continue;
		processes++;
		deadlines += process->has_deadlines;
		answers += process->has_answers;
		for (uint32_t k = 0; k < CAP_ANSWERS_MAX; k++)
			answer_caps += process->answers[k].id != 0 && process->answers[k].has_more;
		for (uint32_t k = 0; k < RING_CQ_ENTRIES; k++)
			sleepers += process->ops[k].place == MODEL_SLEEPING;
	}
	compare_pool(simulation, "endpoint", endpoints);
	compare_pool(simulation, "notification", notifications);
	/* Each process has memory for a tap, too: tap.h. */
	compare_pool(simulation, "memory-object", memories + MODEL_PROCESSES);
	compare_pool(simulation, "virtual-memory", spaces);
	compare_pool(simulation, "process", processes);
	compare_pool(simulation, "ring", processes);
	compare_pool(simulation, "sleeper", sleepers);
	compare_pool(simulation, "ring_deadlines", deadlines);
	compare_pool(simulation, "answers", answers);
	compare_pool(simulation, "answer_caps", answer_caps);
	compare_pool(simulation, "ipc_copy", 0);
}

void
compare_queues(struct simulation *simulation)
{
	struct model *model = &simulation->model;

	for (uint32_t i = 0; i < MODEL_PROCESSES; i++)
		if (model->processes[i].alive)
			compare_kept(simulation, &model->processes[i]);
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++)
		if (model->processes[i].alive)
			compare_ring(simulation, &model->processes[i]);
	for (uint32_t i = 0; i < simulation->model.object_end; i++) {
		struct model_object *object = &model->objects[i];

		if (!object->exists)
			continue;
		compare_order(simulation, object->calls, object->call_count);
		compare_order(simulation, object->receives, object->receive_count);
		compare_endpoint(simulation, object);
	}
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++)
		if (model->processes[i].alive)
			compare_answers(simulation, &model->processes[i]);
	compare_pools(simulation);
}
