/* SPDX-License-Identifier: Apache-2.0 */
/* One run, step by step: see simulation.h. */
#include "simulation.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mm/frame.h"
#include "object/endpoint.h"
#include "object/permanent.h"
#include "object/timer.h"
#include "tap.h"
#include "trace.h"

#define PROCESSES_MIN 4

typedef struct cap_sqe (*operation_fn)(
    struct simulation *simulation, struct model_process *process);

static const struct {
	const char *name;
	operation_fn make;
} operations[] = {
	{ "CALL", operation_call },
	{ "RECV", operation_receive },
	{ "RETURN", operation_return },
	{ "RELEASE", operation_release },
	{ "FINISH", operation_finish },
	{ "NOP", operation_nop },
	{ "SIGNAL", operation_signal },
	{ "WAIT", operation_wait_bits },
	{ "reserved", operation_reserved },
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

void
simulation_fail(struct simulation *simulation, const char *format, ...)
{
	va_list arguments;

	if (simulation_failed(simulation))
		return;
	va_start(arguments, format);
	vsnprintf(simulation->failure, sizeof(simulation->failure), format, arguments);
	va_end(arguments);
}

bool
simulation_failed(const struct simulation *simulation)
{
	return simulation->failure[0] != 0;
}

void
simulation_note(struct simulation *simulation, const char *format, ...)
{
	char *text = simulation->history[simulation->history_count++ % SIMULATION_HISTORY];
	va_list arguments;
	int used = snprintf(text, SIMULATION_TEXT, "%llu: ", (unsigned long long)simulation->step);

	va_start(arguments, format);
	vsnprintf(text + used, SIMULATION_TEXT - (size_t)used, format, arguments);
	va_end(arguments);
	if (simulation->keeps_all)
		printf("  %s\n", text);
}

/*
 * The kernel is left by longjmp(), so that frames of the sanitizer's second stack stay behind;
 * collecting them would be most of the run.
 */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_stack_use_after_return=0";
}

/* There is none in a simulator that is built without them. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));

/* For what ends the program: a panic of the kernel, a report of a sanitizer. */
static struct simulation *current;

void
simulation_print_failure(const struct simulation *simulation)
{
	uint32_t count = simulation->history_count;
	uint32_t first = count > SIMULATION_HISTORY ? count - SIMULATION_HISTORY : 0;

	for (uint32_t i = first; i < count; i++)
		fprintf(stderr, "  %s\n", simulation->history[i % SIMULATION_HISTORY]);
	if (simulation->explored != NULL) {
		fprintf(stderr, "step %llu: %s\nagain: build/test/simulator --explore %s\n",
		    (unsigned long long)simulation->step, simulation->failure,
		    simulation->explored);
		return;
	}
	fprintf(stderr, "seed %llu, step %llu: %s\n", (unsigned long long)simulation->seed,
	    (unsigned long long)simulation->step, simulation->failure);
	fprintf(stderr,
	    "again: build/test/simulator --seed %llu --steps %llu, the least of it: --shrink\n",
	    (unsigned long long)simulation->seed, (unsigned long long)simulation->operations);
}

static void
die(void)
{
	simulation_fail(current, "the program was stopped");
	simulation_print_failure(current);
}

static void
aborted(int signal_number)
{
	(void)signal_number;
	die();
	_Exit(1);
}

static uint32_t
choose(struct simulation *simulation, const struct model_process *process)
{
	uint32_t weights[OPERATIONS] = { 40, 22, 1, 5, 3, 3, 4, 4, 1 };
	uint32_t in_flight = model_in_flight(process);

	for (uint32_t i = 0; i < process->call_capacity; i++)
		weights[2] += process->calls[i].used ? 12 : 0;
	weights[4] += 2 * operation_answers_kept(process);
	/* A full ring takes nothing more. */
	if (in_flight > RING_CQ_ENTRIES - 6)
		weights[4] = 60;
	return random_weighted(&simulation->random, weights, OPERATIONS);
}

/* It may have a long message to copy. */
static bool
is_long(const struct cap_sqe *sqe)
{
	return sqe->len > KERNEL_MESSAGE_BYTES_MAX ||
	    (sqe->op == CAP_OP_RECV && sqe->result_len > KERNEL_MESSAGE_BYTES_MAX);
}

/*
 * Now and then time passes in the entry. Not where an object may close: whether its ops are told
 * that or that they are late has no order then.
 */
static void
window_plan(struct simulation *simulation, const struct model_process *process)
{
	struct random *random = &simulation->random;
	struct model *model = &simulation->model;

	if (process->queued != 1 || process->queue[0].op == CAP_OP_RELEASE ||
	    operation_awaits_answers(model) ||
	    !random_chance(random, is_long(&process->queue[0]) ? 60 : 5))
		return;
	model->window_at = 1 + random_below(random, 4);
	model->window_ns = random_below(random, 300000);
	simulation_note(simulation, "  %llu ns pass in window %u",
	    (unsigned long long)model->window_ns, model->window_at);
}

static void
submit_one(struct simulation *simulation, struct model_process *process, bool unique)
{
	uint32_t choice = choose(simulation, process);
	struct cap_sqe sqe = operations[choice].make(simulation, process);
	const struct model_op *other = &process->ops[random_below(&simulation->random, 4)];

	/* The model has to be told when the machine was short of memory. */
	if (unique && sqe.op == CAP_OP_CALL) {
		sqe.result_addr = part_result(simulation, process, 256);
		sqe.result_len = sqe.result_addr == 0 ? 0 : 256;
	}
	if (is_long(&sqe) && !model_is_turn(&sqe) && random_chance(&simulation->random, 40))
		sqe.deadline_ns =
		    simulation->model.now_ns + 1 + random_below(&simulation->random, 200000);
	if (unique && sqe.deadline_ns == 0 && !model_is_turn(&sqe) && sqe.op < CAP_OP_COUNT &&
	    random_chance(&simulation->random, process->has_deadlines ? 10 : 60))
		sqe.deadline_ns = simulation->model.now_ns + 10000;
	if (operation_is_promiser(process))
		operation_promise(simulation, process, &sqe);
	sqe.user_data = ++simulation->user_data;
	if (!unique && other->place != MODEL_FREE && random_chance(&simulation->random, 5))
		sqe.user_data = other->sqe.user_data;
	simulation_note(simulation,
	    "process %u: %s %u target %llx method %u, %u bytes at %llx, %u to %llx, %u of %u "
	    "caps, until %llx: %llx",
	    process->index, operations[choice].name, sqe.op, (unsigned long long)sqe.target,
	    sqe.method, sqe.len, (unsigned long long)sqe.addr, sqe.result_len,
	    (unsigned long long)sqe.result_addr, sqe.xfer_count, sqe.cap_max,
	    (unsigned long long)sqe.deadline_ns, (unsigned long long)sqe.user_data);
	tap_sent(simulation, process, &sqe);
	trace_sent(simulation, process->index, sqe.user_data);
	world_submit(&simulation->processes[process->index], &sqe);
	model_submit(process, &sqe);
	simulation->operations++;
}

/* One submission, or several in one entry; now and then the machine is out of memory. */
static void
step_submit(struct simulation *simulation, struct model_process *process)
{
	struct random *random = &simulation->random;
	uint32_t count = random_chance(random, 92) ? 1 : 1 + random_below(random, 8);
	/* Not where the shortage may meet a call that was sent before, which does not tell. */
	bool is_short = count == 1 && process->queued == 0 &&
	    !operation_awaits_answers(&simulation->model) &&
	    random_chance(random, process->has_deadlines ? 4 : 40);

	if (!random_chance(random, 5))
		machine_reap(simulation, process, process->unread);
	/* Whoever names answers does nothing long, either: that goes on in its own time, too. */
	simulation->is_batch = count > 1 || process->queued != 0 ||
	    operation_is_promiser(process) ||
	    process->unread + model_in_flight(process) == RING_CQ_ENTRIES;
	for (uint32_t i = 0; i < count && process->queued < RING_SQ_ENTRIES; i++)
		submit_one(simulation, process, is_short);
	if (!simulation->is_batch && !is_short && process->queued == 1 &&
	    !operation_awaits_answers(&simulation->model) && is_long(&process->queue[0]) &&
	    random_chance(random, 25)) {
		operation_kill_in_copy(simulation, process);
		return;
	}
	if (is_short) {
		simulation_note(simulation, "  short of memory");
		simulation->coverage.events[COVERAGE_SHORTAGES]++;
		frame_fail_after(random_chance(random, 80) ? 0 : 1);
	}
	simulation->model.memory_short = is_short;
	if (!simulation->is_batch)
		window_plan(simulation, process);
	operation_enter(simulation, process, 0, 0);
	frame_fail_after(UINT64_MAX);
	simulation->model.memory_short = false;
	simulation->model.window_at = 0;
}

static struct model_object *flooded;

static bool
is_of_flooded(const struct model_process *process, const struct model_slot *slot)
{
	(void)process;
	return slot->object == flooded && slot->interface_index != 0 &&
	    slot->epoch == slot->object->epoch;
}

/* An endpoint that nobody serves just now, and a facet of it for everyone. */
static void
flood_begin(struct simulation *simulation)
{
	struct model *model = &simulation->model;
	uint32_t first = random_below(&simulation->random, model->object_end);

	simulation->flooded = NULL;
	for (uint32_t i = 0; i < model->object_end && simulation->flooded == NULL; i++) {
		struct model_object *object = &model->objects[(first + i) % model->object_end];

		if (object->exists && object->kind == MODEL_ENDPOINT && !object->closed &&
		    object->interface_count != 0 && object->receive_count == 0)
			simulation->flooded = object;
	}
	for (uint32_t i = 0; i < MODEL_PROCESSES && simulation->flooded != NULL; i++)
		if (model->processes[i].alive)
			operation_give_facet(simulation, &model->processes[i], simulation->flooded);
}

/* Many calls in one go, and again by the next process, so that queues fill. */
static bool
step_flood(struct simulation *simulation, struct model_process *process)
{
	struct model_slot *slot;
	struct cap_sqe sqe = { .op = CAP_OP_CALL };

	if (simulation->flood_steps == 0) {
		flood_begin(simulation);
		simulation->flood_steps = 16;
	}
	simulation->flood_steps--;
	flooded = simulation->flooded;
	slot = part_slot(simulation, process, is_of_flooded);
	if (slot == NULL)
		return false;
	if (flooded->call_count == MODEL_QUEUE)
		simulation->flood_steps = 0;
	machine_reap(simulation, process, process->unread);
	sqe.target = model_id(process, slot);
	simulation_note(
	    simulation, "process %u floods %llx", process->index, (unsigned long long)sqe.target);
	while (process->queued < RING_SQ_ENTRIES) {
		sqe.user_data = ++simulation->user_data;
		tap_sent(simulation, process, &sqe);
		trace_sent(simulation, process->index, sqe.user_data);
		world_submit(&simulation->processes[process->index], &sqe);
		model_submit(process, &sqe);
		simulation->operations++;
	}
	operation_enter(simulation, process, 0, 0);
	return true;
}

/* A process that can run, or NULL. */
static struct model_process *
pick_process(struct simulation *simulation)
{
	/* The one that names answers a bit more often. */
	uint32_t first = random_below(&simulation->random, MODEL_PROCESSES + 2);

	if (first >= MODEL_PROCESSES)
		first = 0;
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++) {
		struct model_process *process =
		    &simulation->model.processes[(first + i) % MODEL_PROCESSES];

		if (process->alive && !process->waits)
			return process;
	}
	return NULL;
}

/* New ones take the place of those that ended. */
static bool
step_born(struct simulation *simulation)
{
	uint32_t running = 0;
	uint32_t dead = MODEL_PROCESSES;

	for (uint32_t i = 0; i < MODEL_PROCESSES; i++) {
		struct model_process *process = &simulation->model.processes[i];

		running += process->alive && !process->waits;
		if (!process->alive)
			dead = i;
	}
	if (dead == MODEL_PROCESSES ||
	    (running >= PROCESSES_MIN && !random_chance(&simulation->random, 2)))
		return false;
	operation_born(simulation, dead);
	return true;
}

/* Nothing of it can end, and nothing be submitted that would end something. */
static bool
is_stuck(const struct model_process *process)
{
	return process->queued == RING_SQ_ENTRIES && model_in_flight(process) == RING_CQ_ENTRIES;
}

/* Mostly one that waits, maybe for something that never comes. */
static struct model_process *
victim(struct simulation *simulation, struct model_process *process)
{
	for (uint32_t i = 0; i < MODEL_PROCESSES && random_chance(&simulation->random, 95); i++)
		if (simulation->model.processes[i].alive && simulation->model.processes[i].waits)
			return &simulation->model.processes[i];
	return process;
}

static void
step_act(struct simulation *simulation, struct model_process *process)
{
	uint32_t weights[] = { 860, 40, 25, 8, 4, 30, 3, 1, 3, 6, 20, 6 };

	if (is_stuck(process))
		weights[8] = 100;
	if (simulation->flood_steps != 0 && step_flood(simulation, process))
		return;
	switch (
	    random_weighted(&simulation->random, weights, sizeof(weights) / sizeof(weights[0]))) {
	default:
		step_submit(simulation, process);
		return;
	case 1:
		operation_time(simulation);
		break;
	case 2:
		operation_wait(simulation, process);
		break;
	case 3:
		operation_bad_entry(simulation, process);
		break;
	case 4:
		operation_corrupt_ring(simulation, process);
		break;
	case 5:
		operation_give(simulation, process);
		break;
	case 6:
		operation_revoke(simulation);
		break;
	case 7:
		(void)step_flood(simulation, process);
		return;
	case 9:
		tap_choose(simulation, process);
		break;
	case 8:
		operation_end(simulation, victim(simulation, process));
		break;
	case 10:
		operation_grant(simulation, process);
		break;
	case 11:
		operation_revoke_grant(simulation);
		break;
	}
	simulation->operations++;
}

static void
step(struct simulation *simulation)
{
	struct model_process *process;

	simulation->step++;
	if (simulation->step_told != NULL)
		*simulation->step_told = simulation->step;
	/* Each step has numbers of its own: those that are left out leave the others as they are.
	 */
	simulation->random.state = simulation->seed * UINT64_C(0xd1342543de82ef95) +
	    simulation->step * UINT64_C(0x2545f4914f6cdd1d);
	if (simulation->left_out != NULL && simulation->left_out[simulation->step])
		return;
	process = pick_process(simulation);
	simulation->word_count = 0;
	simulation->model.now_ns = sim.now_ns;
	model_step_begin(&simulation->model);
	if (step_born(simulation))
		simulation->operations++;
	else if (process == NULL)
		operation_time(simulation);
	else
		step_act(simulation, process);
	operation_catch_up(simulation);
	if (simulation->corrupt_step != 0 && simulation->step >= simulation->corrupt_step &&
	    simulation->corrupt(simulation))
		simulation->corrupt_step = 0;
	trace_step(simulation);
	compare(simulation);
}

void
simulation_end(struct simulation *simulation)
{
	for (uint32_t i = 0; i < MODEL_PROCESSES && !simulation_failed(simulation); i++) {
		if (!simulation->model.processes[i].alive)
			continue;
		model_step_begin(&simulation->model);
		operation_end(simulation, &simulation->model.processes[i]);
		compare(simulation);
	}
	model_step_begin(&simulation->model);
	operation_revoke_all(simulation);
	compare(simulation);
	compare_baseline(simulation);
}

static uint64_t
kernel_bytes_of(const struct model_ledger *ledger)
{
	return ledger->kernel->used[LEDGER_KERNEL_BYTES];
}

static uint64_t
call_id_at(const struct model_process *server, uint64_t address)
{
	uint64_t id = 0;

	if (server->alive)
		world_read(&current->processes[server->index], address, &id, sizeof(id));
	return id;
}

void
simulation_begin(struct simulation *simulation, const struct model_prices *prices)
{
	current = simulation;
	if (__sanitizer_set_death_callback != NULL)
		__sanitizer_set_death_callback(die);
	(void)signal(SIGABRT, aborted);
	machine_start(simulation->arena_bytes);
	tap_start();
	baseline_take();
	model_start(&simulation->model, prices);
	simulation->model.kernel_bytes_of = kernel_bytes_of;
	simulation->model.call_id_at = call_id_at;
	simulation->model.timer->kernel = timer_object();
	simulation->model.factory->kernel = endpoint_factory_object();
	simulation->model.frames->kernel = frame_allocator_object();
}

bool
simulation_run(struct simulation *simulation, uint64_t operation_count)
{
	struct model_prices prices;

	machine_measure(&prices);
	simulation_begin(simulation, &prices);
	while (simulation->operations < operation_count && !simulation_failed(simulation) &&
	    (simulation->last_step == 0 || simulation->step < simulation->last_step))
		step(simulation);
	if (!simulation_failed(simulation))
		simulation_end(simulation);
	simulation->coverage.events[COVERAGE_WAKES] = simulation->model.wakes;
	simulation->coverage.events[COVERAGE_SHORT_CALLS] = simulation->model.short_calls;
	simulation->coverage.events[COVERAGE_SHORT_RETURNS] = simulation->model.short_returns;
	simulation->coverage.events[COVERAGE_TURNS] = simulation->model.turns;
	simulation->coverage.events[COVERAGE_PROMISED] = simulation->model.promised;
	simulation->coverage.events[COVERAGE_SPLICED] = simulation->model.spliced;
	simulation->coverage.events[COVERAGE_BROKEN_COPIES] = simulation->model.copies_broken;
	memcpy(simulation->coverage.ends, simulation->model.ends, sizeof(simulation->model.ends));
	if (!simulation_failed(simulation))
		return true;
	simulation_print_failure(simulation);
	return false;
}
