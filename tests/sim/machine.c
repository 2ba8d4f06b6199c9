/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's side of a run: processes on the simulated machine, and the completions that they
 * find.
 */
#include <abi/start.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/notification.h"
#include "mm/frame.h"
#include "mm/grace.h"
#include "object/endpoint.h"
#include "object/memory.h"
#include "object/permanent.h"
#include "object/timer.h"
#include "proc/process.h"
#include "simulation.h"
#include "tap.h"
#include "trace.h"
#include "wire.h"

void
machine_start(uint64_t arena_bytes)
{
	if (arena_bytes == 0)
		world_start();
	else
		world_start_in(arena_bytes);
	objects_init();
}

static uint64_t
kernel_bytes(const struct world_process *process)
{
	return process->process->ledger->used[LEDGER_KERNEL_BYTES];
}

/* What a submission costs for as long as what it made is there. */
static uint64_t
price_of(struct world_process *process, const struct cap_sqe *sqe)
{
	uint64_t before = kernel_bytes(process);
	struct cap_cqe cqe;

	world_submit(process, sqe);
	(void)world_enter(process, 0, 0);
	(void)world_reap(process, &cqe);
	return kernel_bytes(process) - before;
}

static struct cap_sqe
call_of(const struct world_process *process, cap_id_t target, uint16_t method)
{
	return (struct cap_sqe){
		.op = CAP_OP_CALL,
		.target = target,
		.method = method,
		.addr = process->message,
		.len = 24,
		.result_addr = process->message + 512,
		.result_len = 256,
		.cap_max = 1,
	};
}

/* Each of these calls is refused, and has its answer. */
static void
measure_answers(struct model_prices *prices, struct world_process *process)
{
	struct cap_sqe sqe = call_of(process, 0, 0);

	sqe.answer_id = 1;
	prices->answers = price_of(process, &sqe);
	sqe.answer_id = 2;
	sqe.cap_max = 3;
	prices->answer_caps = price_of(process, &sqe);
}

/* Prices are measured, not known: each thing is made once in a world of its own. */
void
machine_measure(struct model_prices *prices)
{
	const uint64_t late = UINT64_MAX - 1;
	struct wire wire = wire_struct(&late, 1);
	struct wire one_page = wire_struct((const uint64_t[]){ 1 }, 1);
	struct world_process process;
	struct cap_sqe sqe;
	struct notification *notification;
	struct grant_cell *cell;
	struct object *space;
	cap_id_t timer, factory, frames, endpoint;
	uint64_t bytes;

	machine_start(0);
	process = world_process(NULL);
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		prices->process[i] = process.process->ledger->used[i];
	bytes = kernel_bytes(&process);
	timer = world_give(&process, timer_object(), 0);
	prices->first_chunk = kernel_bytes(&process) - bytes;
	factory = world_give(&process, endpoint_factory_object(), 0);
	frames = world_give(&process, frame_allocator_object(), 0);
	bytes = kernel_bytes(&process);
	if (virtual_memory_create(process.process, &space) != CAP_OK)
		abort();
	prices->space = kernel_bytes(&process) - bytes;
	bytes = kernel_bytes(&process);
	for (uint32_t i = 3; i < MODEL_CHUNK + 1; i++)
		(void)world_give(&process, timer_object(), 0);
	prices->chunk = kernel_bytes(&process) - bytes;
	world_write(&process, process.message, wire.message, wire.bytes);
	sqe = call_of(&process, timer, 1);
	prices->sleeper = price_of(&process, &sqe);
	sqe.target = 0;
	sqe.deadline_ns = late;
	prices->deadlines = price_of(&process, &sqe);
	sqe = call_of(&process, factory, 0);
	prices->endpoint = price_of(&process, &sqe);
	world_write(&process, process.message, one_page.message, one_page.bytes);
	sqe = call_of(&process, frames, 2);
	prices->memory_object = price_of(&process, &sqe);
	bytes = kernel_bytes(&process);
	if (notification_create(process.process->ledger, &notification) != CAP_OK)
		abort();
	prices->notification = kernel_bytes(&process) - bytes;
	/* The endpoint's id: the 18th slot, never used before. */
	endpoint = UINT64_C(1) << CAP_ID_INDEX_BITS | (MODEL_CHUNK + 1);
	sqe = (struct cap_sqe){ .op = CAP_OP_RECV,
		.target = endpoint,
		.result_addr = process.message,
		.result_len = 64 };
	bytes = price_of(&process, &sqe);
	for (uint32_t i = 1; i < MODEL_CHUNK; i++)
		(void)price_of(&process, &sqe);
	prices->call_chunk = price_of(&process, &sqe);
	prices->call_table = bytes - prices->call_chunk;
	measure_answers(prices, &process);
	bytes = kernel_bytes(&process);
	if (grant_cell_create(process.process->ledger, NULL, &cell) != CAP_OK)
		abort();
	prices->cell = kernel_bytes(&process) - bytes;
	prices->copy_max = 512;
	assert(prices->sleeper != 0 && prices->deadlines != 0 && prices->endpoint != 0);
	assert(prices->memory_object != 0 && prices->call_chunk != 0);
}

struct model_process *
machine_born(struct simulation *simulation, uint32_t index, const uint64_t *limits)
{
	struct world_process *made = &simulation->processes[index];
	struct model_process *process;

	*made = world_process(limits);
	object_get(process_handle_object(made->process));
	simulation->completions_seen[index] = 0;
	trace_born(index);
	process = model_born(&simulation->model, index, made->process->pid, limits);
	process->ledger->kernel = made->process->ledger;
	ledger_get(process->ledger->kernel);
	return process;
}

void
machine_bury(struct simulation *simulation, uint32_t index)
{
	struct world_process *dead = &simulation->processes[index];

	tap_forget(index);
	if (dead->process->state != PROCESS_DEAD)
		simulation_fail(simulation, "process %u did not die", index);
	object_put(process_handle_object(dead->process));
	machine_settle();
	*dead = (struct world_process){ 0 };
}

void
machine_give(struct simulation *simulation, struct model_process *process,
    struct model_object *object, uint16_t interface_index)
{
	cap_id_t expected = model_give(&simulation->model, process, object, interface_index);
	cap_id_t given = world_give(&simulation->processes[process->index],
	    (struct object *)(uintptr_t)object->kernel, interface_index);

	if (given != expected)
		simulation_fail(simulation, "given id %llx, expected %llx",
		    (unsigned long long)given, (unsigned long long)expected);
}

void
machine_give_space(struct simulation *simulation, struct model_process *process)
{
	struct model *model = &simulation->model;
	struct model_object *object = model_object_new(model, MODEL_SPACE, process->ledger);
	struct object *kernel;
	enum cap_status status;

	object->kernel_bytes = model->prices.space;
	status = model_charge(process->ledger, LEDGER_KERNEL_BYTES, object->kernel_bytes);
	assert(status == CAP_OK);
	status = virtual_memory_create(simulation->processes[process->index].process, &kernel);
	assert(status == CAP_OK);
	(void)status;
	object->kernel = kernel;
	machine_give(simulation, process, object, 0);
	model_object_put(object);
	object_put(kernel);
}

void
machine_give_notification(struct simulation *simulation, struct model_process *process)
{
	struct model *model = &simulation->model;
	struct model_object *object = model_notification_new(model, process->ledger);
	struct notification *kernel;
	enum cap_status status =
	    model_charge(process->ledger, LEDGER_KERNEL_BYTES, object->kernel_bytes);

	assert(status == CAP_OK);
	status =
	    notification_create(simulation->processes[process->index].process->ledger, &kernel);
	assert(status == CAP_OK);
	(void)status;
	object->kernel = notification_waiting_side(kernel);
	object->other->kernel = notification_signalling_side(kernel);
	machine_give(simulation, process, object, 0);
	machine_give(simulation, process, object->other, 0);
	model_object_put(object);
	object_put(notification_waiting_side(kernel));
}

void
machine_settle(void)
{
	sim_time_pass(0);
	world_settle();
}

void
machine_write(struct simulation *simulation, struct model_process *process, uint64_t address,
    const void *from, size_t bytes)
{
	memory_write(&process->memory, address, from, bytes);
	world_write(&simulation->processes[process->index], address, from, bytes);
}

/* The status in a CapException that the kernel or a server wrote, or 0. */
static int32_t
exception_status(struct simulation *simulation, uint32_t index, const struct cap_cqe *cqe)
{
	struct model_process *process = &simulation->model.processes[index];
	uint64_t address = 0;
	int32_t status = 0;

	if (cqe->result != CAP_ERR_APPLICATION_EXCEPTION)
		return 0;
	for (uint32_t i = 0; i < RING_CQ_ENTRIES; i++)
		if (process->ops[i].place != MODEL_FREE &&
		    process->ops[i].sqe.user_data == cqe->user_data)
			address = process->ops[i].sqe.result_addr;
	for (uint32_t i = 0; i < process->queued; i++)
		if (process->queue[i].user_data == cqe->user_data)
			address = process->queue[i].result_addr;
	/* Segment table, root pointer, type: 20 bytes. */
	if (memory_is_readable(address, 24))
		world_read(&simulation->processes[index], address + 20, &status, sizeof(status));
	return status;
}

void
machine_collect(struct simulation *simulation)
{
	simulation->word_count = 0;
	machine_collect_more(simulation);
}

void
machine_collect_more(struct simulation *simulation)
{
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++) {
		const struct cap_ring *ring = simulation->processes[i].ring;
		const struct cap_cqe *queue;

		if (!simulation->model.processes[i].alive || ring == NULL)
			continue;
		queue =
		    (const struct cap_cqe *)(const void *)((const char *)ring + ring->cq_offset);
		while (simulation->completions_seen[i] != ring->cq_tail) {
			struct model_word *word = &simulation->words[simulation->word_count++];
			uint32_t at = simulation->completions_seen[i]++;

			word->process = &simulation->model.processes[i];
			word->cqe = queue[at & (ring->cq_entries - 1)];
			word->exception = exception_status(simulation, i, &word->cqe);
			trace_completion(i, at, word->cqe.user_data);
		}
	}
	simulation->model.words = simulation->words;
	simulation->model.word_count = simulation->word_count;
}

void
machine_reap(struct simulation *simulation, struct model_process *process, uint32_t count)
{
	simulation->processes[process->index].ring->cq_head += count;
	process->unread -= count;
}
