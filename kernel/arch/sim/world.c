/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of the simulated machine: see world.h. */
#include "arch/sim/world.h"

#include <abi/start.h>
#include <stdlib.h>
#include <string.h>

#include "arch/cpu.h"
#include "base/assert.h"
#include "base/log.h"
#include "dispatch/entry.h"
#include "mm/frame.h"
#include "mm/grace.h"
#include "mm/job.h"
#include "mm/memory_object.h"
#include "mm/user_copy.h"
#include "proc/process.h"

#define ARENA_BYTES (UINT64_C(16) << 20)

static enum job_state
handle_destroy(struct object *object)
{
	return process_record_free(object);
}

static const struct object_type handle_type = {
	.name = "handle",
	.interface_id = 1,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_MOVE,
	.destroy = handle_destroy,
};

static void
ended(struct process *process)
{
	(void)process;
}

void
world_start(void)
{
	world_start_in(ARENA_BYTES);
}

void
world_start_in(uint64_t arena_bytes)
{
	static const struct kernel_hooks hooks = { .exit = process_exit };
	static const struct process_hooks process_hooks = { &handle_type, &handle_type, ended };
	const struct memory_range all = { PAGE_BYTES, arena_bytes - PAGE_BYTES };

	sim_reset(arena_bytes);
	sim.quiet = getenv("CAPOS_LOG") == NULL;
	log_sink_set(arch_debug_write);
	frame_init(&all, 1, NULL, 0);
	memset(ledger_boot.used, 0, sizeof(ledger_boot.used));
	ledger_boot.references = 1;
	ledger_module_init();
	job_module_init();
	address_space_module_init();
	memory_object_module_init();
	process_module_init();
	process_hooks_set(&process_hooks);
	kernel_core_init(&hooks);
}

static void
must(enum cap_status status)
{
	KASSERT(status == CAP_OK);
}

static void
map_data(struct process *process)
{
	struct address_space_fixed data = { WORLD_DATA, WORLD_DATA_PAGES, PAGE_ACCESS_WRITE,
		false };
	struct address_space_fixed constant = { WORLD_READ_ONLY, 1, PAGE_ACCESS_READ, false };

	must(address_space_map_fixed(process->space, &data, NULL));
	must(address_space_map_fixed(process->space, &constant, NULL));
}

struct world_process
world_process(const uint64_t *limits)
{
	struct process_limits given = { 0 };
	struct process_entry entry = { .entry = USER_IMAGE_BASE };
	struct process *process;

	if (limits != NULL)
		memcpy(given.limit, limits, sizeof(given.limit));
	must(process_create(&ledger_boot, "world", 5, &given, &process));
	must(process_start(process, &entry));
	return world_process_of(process);
}

struct world_process
world_process_of(struct process *process)
{
	struct world_process made = { .process = process, .thread = process->thread };

	map_data(process);
	made.ring = ring_pinned(made.thread->ring, USER_RING_ADDRESS, PAGE_BYTES);
	made.message = USER_RING_ADDRESS + made.ring->message_offset;
	made.message_bytes = made.ring->message_bytes;
	return made;
}

void
world_submit(struct world_process *from, const struct cap_sqe *sqe)
{
	struct cap_sqe *queue =
	    (struct cap_sqe *)(void *)((char *)from->ring + from->ring->sq_offset);

	queue[from->ring->sq_tail & (from->ring->sq_entries - 1)] = *sqe;
	from->ring->sq_tail++;
}

static void
enter_syscall(void *argument)
{
	struct arch_thread *registers = argument;

	kernel_syscall(registers->number);
}

static void
enter_interrupted(void *argument)
{
	(void)argument;
	kernel_user_interrupted();
}

/*
 * The thread that is in user mode executes a system call; calls that are to be executed again are.
 */
static void
call(struct arch_thread *registers, uint64_t number, uint64_t argument0, uint64_t argument1)
{
	registers->number = number;
	registers->argument0 = argument0;
	registers->argument1 = argument1;
	registers->restart = false;
	(void)sim_enter(enter_syscall, registers);
}

/* Whoever was preempted in an entry executes it again when it is back. */
static void
finish_restarts(struct arch_thread *wanted)
{
	while (sim.resumed != NULL && sim.resumed->restart) {
		struct arch_thread *registers = sim.resumed;

		registers->restart = false;
		(void)sim_enter(enter_syscall, registers);
		if (registers == wanted && sim.resumed != wanted)
			return;
	}
}

/*
 * The thread in user mode lets others go on. One whose ring is corrupt cannot say so: its slice
 * passes.
 */
static void
make_room(void)
{
	struct arch_thread *registers = sim.resumed;

	call(registers, SYSCALL_CAP_ENTER, CAP_ENTER_YIELD, 0);
	if (sim.resumed != registers || registers->result != CAP_ERR_RING_CORRUPT)
		return;
	sim_time_pass(SCHED_SLICE_NS);
	(void)sim_enter(enter_interrupted, NULL);
}

/* Make it the thread in user mode; false: it is not ready. */
static bool
schedule(struct world_process *wanted)
{
	if (thread_current() == NULL)
		(void)sim_enter(enter_interrupted, NULL);
	for (uint32_t i = 0; i < 64 && thread_current() != wanted->thread; i++) {
		if (wanted->process->state != PROCESS_RUNNING ||
		    wanted->thread->state == THREAD_WAITING || thread_current() == NULL)
			return false;
		if (sim.resumed->restart)
			finish_restarts(NULL);
		else
			make_room();
	}
	finish_restarts(wanted->thread->registers);
	return thread_current() == wanted->thread;
}

int64_t
world_syscall(struct world_process *from, uint64_t number, uint64_t argument0, uint64_t argument1)
{
	struct arch_thread *registers;

	if (from->process->state != PROCESS_RUNNING)
		return WORLD_GONE;
	if (!schedule(from))
		return WORLD_WAITS;
	registers = from->thread->registers;
	call(registers, number, argument0, argument1);
	for (uint32_t i = 0; i < 64; i++) {
		if (from->process->state != PROCESS_RUNNING)
			return WORLD_GONE;
		if (from->thread->state == THREAD_WAITING)
			return WORLD_WAITS;
		if (!registers->restart)
			break;
		/* It made room for someone else, who makes room for it. */
		(void)schedule(from);
	}
	return registers->result;
}

int64_t
world_enter(struct world_process *from, uint64_t min_complete, uint64_t deadline_ns)
{
	return world_syscall(from, SYSCALL_CAP_ENTER, min_complete, deadline_ns);
}

void
world_call_once(struct world_process *from, uint64_t min_complete, uint64_t deadline_ns)
{
	bool scheduled = schedule(from);

	KASSERT(scheduled);
	call(from->thread->registers, SYSCALL_CAP_ENTER, min_complete, deadline_ns);
}

bool
world_reap(struct world_process *from, struct cap_cqe *out)
{
	struct cap_cqe *queue =
	    (struct cap_cqe *)(void *)((char *)from->ring + from->ring->cq_offset);

	if (from->ring->cq_head == from->ring->cq_tail)
		return false;
	*out = queue[from->ring->cq_head & (from->ring->cq_entries - 1)];
	from->ring->cq_head++;
	return true;
}

struct cap_cqe
world_do(struct world_process *from, const struct cap_sqe *sqe)
{
	struct cap_cqe cqe = { 0 };
	bool there;

	world_submit(from, sqe);
	(void)world_enter(from, 0, 0);
	there = world_reap(from, &cqe);
	KASSERT(there);
	return cqe;
}

void
world_settle(void)
{
	for (uint32_t i = 0; i < 1000; i++) {
		(void)sim_enter(enter_interrupted, NULL);
		if (!job_reap_pending() && !grace_pending())
			return;
	}
}

uint64_t
world_free_frames(void)
{
	struct frame_stats stats;

	frame_stats_get(&stats);
	return stats.free_pages;
}

struct world_accounts
world_accounts(const struct world_process *of)
{
	struct world_accounts accounts = {
		.free_frames = world_free_frames(),
		.slots = cap_table_used(of->process->table),
	};

	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
		accounts.own[i] = of->process->ledger->used[i];
		accounts.boot[i] = ledger_boot.used[i];
	}
	return accounts;
}

void
world_write(struct world_process *to, uaddr_t address, const void *from, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += PAGE_BYTES) {
		size_t part = bytes - at < PAGE_BYTES ? bytes - at : PAGE_BYTES;

		must(
		    user_copy_out(to->process->space, address + at, (const char *)from + at, part));
	}
}

void
world_read(struct world_process *from, uaddr_t address, void *to, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += PAGE_BYTES) {
		size_t part = bytes - at < PAGE_BYTES ? bytes - at : PAGE_BYTES;

		must(user_copy_in(from->process->space, (char *)to + at, address + at, part));
	}
}

cap_id_t
world_give(struct world_process *to, struct object *object, uint16_t interface_index)
{
	struct cap_hold hold = object_hold(object, interface_index);
	cap_id_t cap_id = 0;

	object_get(object);
	must(cap_table_add(to->process->table, &hold, &cap_id));
	return cap_id;
}
