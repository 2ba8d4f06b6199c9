/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After each step: every op is where the model says, endpoints' queues have their order, threads
 * wait or do not, and the kernel has as many things of each kind as the model has.
 */
#include <stdlib.h>
#include <string.h>

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
	    twin->object != op->object->kernel)
		simulation_fail(simulation, "process %u: the op of user data %llx is %s", process,
		    (unsigned long long)op->sqe.user_data,
		    twin == NULL ? "not in flight" : "somewhere else");
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
		 deadlines = 0, notifications = 0;

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
	compare_pool(simulation, "ipc_copy", 0);
}

void
compare_queues(struct simulation *simulation)
{
	struct model *model = &simulation->model;

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
	compare_pools(simulation);
}
