/* SPDX-License-Identifier: Apache-2.0 */
/* Registers of the simulated machine. */
#include "arch/thread.h"

#include <string.h>

#include "arch/sim/sim.h"

size_t
arch_thread_bytes(void)
{
	return sizeof(struct arch_thread);
}

void
arch_thread_init(struct arch_thread *registers, const struct arch_thread_start *start)
{
	memset(registers, 0, sizeof(*registers));
	registers->entry = start->entry;
	registers->stack = start->stack;
	memcpy(registers->start_arguments, start->arguments, sizeof(registers->start_arguments));
	registers->fs_base = start->fs_base;
}

void
arch_thread_result_set(struct arch_thread *registers, int64_t result)
{
	registers->result = result;
}

void
arch_thread_restart(struct arch_thread *registers)
{
	registers->restart = true;
}

uint64_t
arch_thread_argument(const struct arch_thread *registers, unsigned index)
{
	return index == 0 ? registers->argument0 : registers->argument1;
}

void
arch_thread_switch(const struct arch_switch *change)
{
	sim.loaded = change->next;
	sim.root = change->root;
	sim.switches++;
}

_Noreturn void
arch_resume(struct arch_thread *registers)
{
	sim.resumed = registers;
	longjmp(sim.way_out, SIM_RESUMED + 1);
}

_Noreturn void
arch_resume_syscall(struct arch_thread *registers)
{
	arch_resume(registers);
}

void
arch_thread_none(struct arch_thread *previous)
{
	(void)previous;
	sim.loaded = NULL;
	sim.root = 0;
}

void
arch_io_bitmap_load(const uint8_t *bitmap)
{
	(void)bitmap; /* no ports */
}

uint64_t
arch_capset_features(void)
{
	return 0;
}

void
arch_io_bitmap_changed(const uint8_t *bitmap)
{
	(void)bitmap;
}
