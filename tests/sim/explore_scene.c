/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning of an exploration: processes, two endpoints, a notification, and who holds what. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "explore.h"
#include "ipc/endpoint.h"
#include "ipc/notification.h"

#define INTERFACE 7

/* Everything that is charged has room, but for capability slots. */
static void
limits_set(const struct model *model, uint32_t slots, uint64_t *limits)
{
	static const uint64_t room[LEDGER_RESOURCE_COUNT] = {
		[LEDGER_FRAME_PAGES] = 100,
		[LEDGER_VIRTUAL_PAGES] = 10000,
		[LEDGER_KERNEL_BYTES] = 100000,
		[LEDGER_ENDPOINT_CALLS] = 64,
		[LEDGER_OUTSTANDING_CALLS] = 64,
	};

	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		limits[i] = model->prices.process[i] + room[i];
	limits[LEDGER_CAP_SLOTS] = slots;
}

static void
must(enum cap_status status)
{
	if (status != CAP_OK)
		abort();
}

/* Its first reference is the caller's, on both sides. */
static struct model_object *
endpoint_make(struct simulation *simulation, struct model_process *payer)
{
	struct model *model = &simulation->model;
	struct model_object *object = model_object_new(model, MODEL_ENDPOINT, payer->ledger);
	struct endpoint *kernel;
	uint16_t index = 0;

	object->kernel_bytes = model->prices.endpoint;
	must(model_charge(payer->ledger, LEDGER_KERNEL_BYTES, object->kernel_bytes));
	must(endpoint_create(simulation->processes[payer->index].process->ledger, &kernel));
	must(endpoint_facet(kernel, INTERFACE, &index));
	assert(index == 1);
	object->interfaces[object->interface_count++] = INTERFACE;
	object->kernel = endpoint_object(kernel);
	return object;
}

static struct model_object *
notification_make(struct simulation *simulation, struct model_process *payer)
{
	struct model *model = &simulation->model;
	struct model_object *object = model_notification_new(model, payer->ledger);
	struct notification *kernel;

	must(model_charge(payer->ledger, LEDGER_KERNEL_BYTES, object->kernel_bytes));
	must(notification_create(simulation->processes[payer->index].process->ledger, &kernel));
	object->kernel = notification_waiting_side(kernel);
	object->other->kernel = notification_signalling_side(kernel);
	return object;
}

static bool
is_held(const struct explore_scope *scope, enum explore_hold hold)
{
	for (uint32_t i = 0; i < scope->processes; i++)
		for (uint32_t k = 0; k < EXPLORE_SLOTS_MAX; k++)
			if (scope->holds[i][k] == hold)
				return true;
	return false;
}

/* Process 0 pays for all of them. */
static void
objects_make(struct simulation *simulation, const struct explore_scope *scope,
    struct model_object *objects[EXPLORE_HOLDS])
{
	struct model_process *payer = &simulation->model.processes[0];

	if (is_held(scope, EXPLORE_OWNER))
		objects[EXPLORE_OWNER] = endpoint_make(simulation, payer);
	objects[EXPLORE_FACET] = objects[EXPLORE_OWNER];
	if (is_held(scope, EXPLORE_OTHER_OWNER))
		objects[EXPLORE_OTHER_OWNER] = endpoint_make(simulation, payer);
	objects[EXPLORE_OTHER_FACET] = objects[EXPLORE_OTHER_OWNER];
	if (!is_held(scope, EXPLORE_WAITER))
		return;
	objects[EXPLORE_WAITER] = notification_make(simulation, payer);
	objects[EXPLORE_SIGNALLER] = objects[EXPLORE_WAITER]->other;
}

static void
let_go(struct model_object *object)
{
	if (object == NULL)
		return;
	object_put((struct object *)(uintptr_t)object->kernel);
	model_object_put(object);
}

static void
submit(struct simulation *simulation, struct model_process *process, const struct cap_sqe *sqe)
{
	simulation->model.now_ns = sim.now_ns;
	world_submit(&simulation->processes[process->index], sqe);
	model_submit(process, sqe);
	operation_enter(simulation, process, 0, 0);
	compare(simulation);
	machine_reap(simulation, process, process->unread);
	model_step_begin(&simulation->model);
	simulation->word_count = 0;
}

/* A deadline of its ring, and a RECV by what it may receive from, each of which ends at once. */
static void
use(struct simulation *simulation, struct model_process *process)
{
	struct cap_sqe sqe = {
		.op = CAP_OP_RECV, .deadline_ns = 1, .result_addr = WORLD_DATA, .result_len = 64
	};

	submit(simulation, process, &sqe);
	for (uint32_t i = 0; i < process->slot_count; i++) {
		const struct model_slot *slot = &process->slots[i];

		if (slot->object == NULL || slot->object->kind != MODEL_ENDPOINT ||
		    slot->interface_index != 0)
			continue;
		sqe.target = model_id(process, slot);
		submit(simulation, process, &sqe);
	}
}

void
explore_scene(struct simulation *simulation, const struct explore_scope *scope)
{
	struct model_object *objects[EXPLORE_HOLDS] = { NULL };
	uint64_t limits[LEDGER_RESOURCE_COUNT];

	limits_set(&simulation->model, scope->slots, limits);
	for (uint32_t i = 0; i < scope->processes; i++)
		(void)machine_born(simulation, i, limits);
	objects_make(simulation, scope, objects);
	for (uint32_t i = 0; i < scope->processes; i++)
		for (uint32_t k = 0; k < EXPLORE_SLOTS_MAX; k++) {
			enum explore_hold hold = scope->holds[i][k];

			if (hold != EXPLORE_NOTHING)
				machine_give(simulation, &simulation->model.processes[i],
				    objects[hold],
				    hold == EXPLORE_FACET || hold == EXPLORE_OTHER_FACET);
		}
	let_go(objects[EXPLORE_OWNER]);
	let_go(objects[EXPLORE_OTHER_OWNER]);
	let_go(objects[EXPLORE_WAITER]);
	machine_settle();
	machine_collect(simulation);
	model_settle(&simulation->model);
	for (uint32_t i = 0; i < scope->processes && scope->is_used; i++)
		use(simulation, &simulation->model.processes[i]);
}
