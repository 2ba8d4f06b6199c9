/* SPDX-License-Identifier: Apache-2.0 */
/* What is no submission: entering, waiting, time, birth and death, gifts, revocation, forgery. */
#include <abi/start.h>
#include <string.h>

#include "proc/process.h"
#include "simulation.h"
#include "tap.h"

/* In a window of the entry that is going on, time passes. */
static uint32_t windows_left;
static uint64_t window_ns;

static void
pass_in_window(void)
{
	if (windows_left != 0 && --windows_left == 0)
		sim.now_ns += window_ns;
}

static int64_t
world_enter_with_windows(const struct model *model, struct world_process *world,
    uint64_t min_complete, uint64_t deadline_ns)
{
	int64_t result;

	windows_left = model->window_at;
	window_ns = model->window_ns;
	sim.on_window = pass_in_window;
	result = world_enter(world, min_complete, deadline_ns);
	sim.on_window = NULL;
	return result;
}

/* Any living process; the one that copies in half of the cases. */
static struct model_process *
victim_choose(struct simulation *simulation, struct model_process *process)
{
	uint32_t first = random_below(&simulation->random, MODEL_PROCESSES);

	for (uint32_t i = 0; i < MODEL_PROCESSES && random_chance(&simulation->random, 50); i++) {
		struct model_process *other =
		    &simulation->model.processes[(first + i) % MODEL_PROCESSES];

		if (other->alive)
			return other;
	}
	return process;
}

/*
 * In a window of its entry the process has to make room, and somebody ends; NULL: there was nothing
 * left to do then.
 */
static struct model_process *
interrupt_and_kill(struct simulation *simulation, struct model_process *process)
{
	struct world_process *world = &simulation->processes[process->index];
	struct model_process *victim = NULL;

	windows_left = simulation->model.window_at;
	window_ns = simulation->model.window_ns;
	sim.on_window = pass_in_window;
	world_call_once(world, 0, 0);
	sim.on_window = NULL;
	if (!list_is_empty(&world->thread->jobs)) {
		victim = victim_choose(simulation, process);
		process_exit(simulation->processes[victim->index].thread,
		    &(struct process_exit){ .code = 1 });
	}
	machine_settle();
	if (victim != process)
		(void)world_enter(world, 0, 0);
	machine_settle();
	return victim;
}

void
operation_kill_in_copy(struct simulation *simulation, struct model_process *process)
{
	struct model *model = &simulation->model;
	struct model_process *victim;

	model->window_at = 1 + random_below(&simulation->random, 3);
	model->window_ns = SCHED_SLICE_NS;
	victim = interrupt_and_kill(simulation, process);
	if (victim != NULL)
		simulation_note(simulation, "  in window %u, process %u is killed",
		    model->window_at, victim->index);
	/* Nobody reads the ring of the dead. */
	if (victim != NULL)
		simulation->processes[victim->index].ring = NULL;
	machine_collect(simulation);
	model->window_kills = victim;
	(void)model_enter(model, process, 0, 0);
	model->now_ns = sim.now_ns;
	model_settle(model);
	model->window_at = 0;
	if (victim != NULL) {
		machine_bury(simulation, victim->index);
		simulation->coverage.events[COVERAGE_DEATHS]++;
		simulation->coverage.events[COVERAGE_KILLED_COPIES]++;
	}
}

static void
kernel_enter(struct simulation *simulation, struct model_process *process, uint64_t min_complete,
    uint64_t deadline_ns)
{
	struct world_process *world = &simulation->processes[process->index];
	struct model *model = &simulation->model;
	int64_t result = world_enter_with_windows(model, world, min_complete, deadline_ns);
	int64_t expected;

	machine_settle();
	machine_collect(simulation);
	expected = model_enter(model, process, min_complete, deadline_ns);
	model->now_ns = sim.now_ns;
	model_settle(model);
	if (expected == MODEL_WAITS) {
		simulation->coverage.events[COVERAGE_WAITS]++;
		/* It may have been woken by what was left to do. */
		expected = process->waits ? WORLD_WAITS : process->woken_with;
		result = process->waits ? result : world->thread->registers->result;
	}
	if (result != expected)
		simulation_fail(simulation, "cap_enter of process %u: %lld, expected %lld",
		    process->index, (long long)result, (long long)expected);
	coverage_count(&simulation->coverage, COVERAGE_ENTER, result == WORLD_WAITS ? 0 : result);
}

void
operation_enter(struct simulation *simulation, struct model_process *process, uint64_t min_complete,
    uint64_t deadline_ns)
{
	simulation_note(simulation, "process %u enters: at least %llx by %lld", process->index,
	    (unsigned long long)min_complete, (long long)deadline_ns);
	kernel_enter(simulation, process, min_complete, deadline_ns);
}

void
operation_wait(struct simulation *simulation, struct model_process *process)
{
	struct random *random = &simulation->random;
	uint32_t count = process->unread + 1 + random_below(random, 2);
	uint64_t deadline_ns = random_chance(random, 15)
	    ? CAP_DEADLINE_NONE
	    : simulation->model.now_ns - 10 + random_below(random, 40000);
	uint32_t running = 0;

	for (uint32_t i = 0; i < MODEL_PROCESSES; i++)
		running +=
		    simulation->model.processes[i].alive && !simulation->model.processes[i].waits;
	/* Somebody has to be left to answer. */
	if (running < 3)
		count = 0;
	if (count > RING_CQ_ENTRIES)
		count = RING_CQ_ENTRIES;
	operation_enter(simulation, process, count, deadline_ns);
}

void
operation_time(struct simulation *simulation)
{
	struct random *random = &simulation->random;

	operation_time_pass(
	    simulation, random_below(random, random_chance(random, 80) ? 20000 : 2000000));
}

void
operation_time_pass(struct simulation *simulation, uint64_t ns)
{
	simulation_note(simulation, "%llu ns pass", (unsigned long long)ns);
	sim_time_pass(ns);
	machine_settle();
	machine_collect(simulation);
	model_time(&simulation->model, sim.now_ns);
	model_settle(&simulation->model);
}

void
operation_bad_entry(struct simulation *simulation, struct model_process *process)
{
	struct random *random = &simulation->random;
	struct world_process *world = &simulation->processes[process->index];
	uint64_t number = 2 + random_next(random) / 2;
	int64_t result;

	switch (random_below(random, 4)) {
	case 0:
		operation_enter(
		    simulation, process, RING_CQ_ENTRIES + 1 + random_next(random) / 2, 0);
		return;
	case 1:
		operation_enter(simulation, process, CAP_ENTER_YIELD, 1 + random_below(random, 9));
		return;
	case 2:
		operation_enter(simulation, process, CAP_ENTER_YIELD, 0);
		return;
	default:
		break;
	}
	simulation_note(
	    simulation, "process %u: system call %llx", process->index, (unsigned long long)number);
	result = world_syscall(world, number, random_next(random), random_next(random));
	machine_settle();
	machine_collect(simulation);
	model_settle(&simulation->model);
	coverage_count(&simulation->coverage, COVERAGE_SYSCALL, result);
	if (result != CAP_ERR_UNKNOWN_SYSCALL)
		simulation_fail(
		    simulation, "a system call that does not exist: %lld", (long long)result);
}

/* A forged tail loses what was submitted; a forged head changes nothing. */
void
operation_corrupt_ring(struct simulation *simulation, struct model_process *process)
{
	struct random *random = &simulation->random;
	struct world_process *world = &simulation->processes[process->index];
	uint32_t distance = random_below(random, 65536);
	uint32_t cq_head = world->ring->cq_head;
	bool tail = random_chance(random, 50);
	int64_t result;

	simulation_note(
	    simulation, "process %u forges its %s", process->index, tail ? "tail" : "head");
	if (tail) {
		world->ring->sq_tail += RING_SQ_ENTRIES + 1 + distance;
		process->taken = world->ring->sq_tail;
		process->queued = 0;
		tap_skipped(process);
	} else {
		world->ring->cq_head += RING_CQ_ENTRIES + 1 + distance;
	}
	result = world_enter(world, 0, 0);
	world->ring->cq_head = cq_head;
	machine_settle();
	machine_collect(simulation);
	model_settle(&simulation->model);
	simulation->coverage.events[COVERAGE_FORGERIES]++;
	coverage_count(&simulation->coverage, COVERAGE_ENTER, result);
	if (result != CAP_ERR_RING_CORRUPT)
		simulation_fail(simulation, "a forged ring: %lld", (long long)result);
}

void
operation_end(struct simulation *simulation, struct model_process *process)
{
	operation_end_as(
	    simulation, process, process->waits || random_chance(&simulation->random, 50));
}

void
operation_end_as(struct simulation *simulation, struct model_process *process, bool kill)
{
	uint32_t index = process->index;
	struct world_process *world = &simulation->processes[index];

	simulation_note(simulation, "process %u %s", index, kill ? "is killed" : "exits");
	if (kill)
		process_exit(world->thread, &(struct process_exit){ .code = 1 });
	else if (world_syscall(world, SYSCALL_EXIT, 0, 0) != WORLD_GONE)
		simulation_fail(simulation, "process %u came back from exit", index);
	machine_settle();
	model_exit(&simulation->model, process);
	model_settle(&simulation->model);
	machine_bury(simulation, index);
	machine_collect(simulation);
	simulation->coverage.events[COVERAGE_DEATHS]++;
}

/* Some are poor, so that what they may have runs out. */
static void
limits_choose(struct simulation *simulation, uint64_t *limits)
{
	static const uint64_t room[LEDGER_RESOURCE_COUNT][4] = {
		[LEDGER_FRAME_PAGES] = { 2, 20, 100, 400 },
		[LEDGER_VIRTUAL_PAGES] = { 100, 1000, 10000, 100000 },
		[LEDGER_KERNEL_BYTES] = { 2500, 7000, 30000, 200000 },
		[LEDGER_CAP_SLOTS] = { 20, 40, 80, 160 },
		[LEDGER_ENDPOINT_CALLS] = { 2, 8, 64, 128 },
		[LEDGER_OUTSTANDING_CALLS] = { 16, 32, 64, 64 },
	};
	static const uint32_t weights[] = { 1, 2, 4, 14 };

	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		limits[i] = simulation->model.prices.process[i] +
		    room[i][random_weighted(&simulation->random, weights, 4)];
}

void
operation_born(struct simulation *simulation, uint32_t index)
{
	struct model *model = &simulation->model;
	struct model_process *process;
	uint64_t limits[LEDGER_RESOURCE_COUNT];

	simulation_note(simulation, "process %u is born", index);
	limits_choose(simulation, limits);
	process = machine_born(simulation, index, limits);
	if (random_chance(&simulation->random, 40))
		tap_choose(simulation, process);
	machine_give(simulation, process, model->timer, 0);
	machine_give(simulation, process, model->factory, 0);
	machine_give(simulation, process, model->frames, 0);
	machine_give_space(simulation, process);
	machine_give_notification(simulation, process);
	machine_settle();
	machine_collect(simulation);
	model_settle(model);
	simulation->coverage.events[COVERAGE_BIRTHS]++;
}

/* Both sides of one, even if the table has to grow. */
static bool
has_room_for_notification(const struct model *model, const struct model_process *process)
{
	const struct model_ledger *ledger = process->ledger;

	return ledger->used[LEDGER_CAP_SLOTS] + 2 < ledger->limit[LEDGER_CAP_SLOTS] &&
	    ledger->used[LEDGER_KERNEL_BYTES] + model->prices.first_chunk +
		model->prices.notification <=
	    ledger->limit[LEDGER_KERNEL_BYTES];
}

void
operation_give_facet(
    struct simulation *simulation, struct model_process *process, struct model_object *endpoint)
{
	uint32_t index = random_below(&simulation->random, endpoint->interface_count);

	if (!model_has_room(&simulation->model, process))
		return;
	simulation_note(simulation, "process %u is given a facet", process->index);
	machine_give(simulation, process, endpoint, (uint16_t)(index + 1));
}

/* Does somebody serve, or wait, there? */
static bool
is_worth_giving(const struct model_object *object)
{
	return object->exists && object->kernel != NULL &&
	    ((object->kind == MODEL_ENDPOINT && !object->closed && object->interface_count != 0) ||
		object->kind == MODEL_SIGNALLER);
}

/* A facet of an endpoint, as a launcher hands them out, a notification, or somebody's signaller. */
void
operation_give(struct simulation *simulation, struct model_process *process)
{
	struct model *model = &simulation->model;
	struct model_object *found[MODEL_OBJECTS];
	uint32_t count = 0;
	struct model_object *object;

	if (random_chance(&simulation->random, 40) && has_room_for_notification(model, process)) {
		simulation_note(simulation, "process %u is given a notification", process->index);
		machine_give_notification(simulation, process);
		machine_collect(simulation);
		return;
	}
	for (uint32_t i = 0; i < model->object_end; i++)
		if (is_worth_giving(&model->objects[i]))
			found[count++] = &model->objects[i];
	object = count == 0 ? NULL : found[random_below(&simulation->random, count)];
	if (object != NULL && object->kind == MODEL_ENDPOINT) {
		operation_give_facet(simulation, process, object);
	} else if (object != NULL && model_has_room(model, process)) {
		simulation_note(simulation, "process %u is given a signaller", process->index);
		machine_give(simulation, process, object, 0);
	}
	machine_collect(simulation);
}
