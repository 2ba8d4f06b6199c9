/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated machine: see sim.h. */
#include "arch/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/interrupt.h"
#include "arch/page_table.h"
#include "arch/thread.h"
#include "base/assert.h"
#include "dispatch/entry.h"
#include "sync/per_cpu.h"

struct sim sim;

static char last_line[256];

void
sim_reset(uint64_t arena_bytes)
{
	uint8_t *arena = sim.arena;

	/* The last one's place will do: new pages cost more than zeroing does. */
	if (sim.arena_bytes != arena_bytes) {
		free(arena);
		arena = aligned_alloc(PAGE_BYTES, arena_bytes);
	}
	if (arena == NULL)
		abort();
	memset(arena, 0, arena_bytes);
	sim = (struct sim){ .now_ns = 1000, .event_ns = UINT64_MAX, .quiet = true };
	sim.arena = arena;
	sim.arena_bytes = arena_bytes;
}

static _Noreturn void
leave(enum sim_left how)
{
	longjmp(sim.way_out, (int)how + 1);
}

enum sim_left
sim_enter(void (*enter)(void *argument), void *argument)
{
	int how = setjmp(sim.way_out);

	if (how == 0) {
		sim.resumed = NULL;
		sim.entered_from = __builtin_frame_address(0);
		enter(argument);
		abort();
	}
	return (enum sim_left)(how - 1);
}

void
sim_time_pass(uint64_t ns)
{
	sim.now_ns += ns;
	if (sim.event_ns > sim.now_ns)
		return;
	sim.event_ns = UINT64_MAX;
	kernel_clock_event();
}

uint32_t
arch_cpu_id(void)
{
	return sim.cpu;
}

struct per_cpu *
arch_per_cpu(void)
{
	return &per_cpus[sim.cpu];
}

void
arch_interrupt_window(void)
{
	sim.windows++;
	if (sim.on_window != NULL)
		sim.on_window();
	if (sim.event_ns <= sim.now_ns)
		sim_time_pass(0);
}

void
arch_idle(void)
{
	leave(SIM_IDLE);
}

void
arch_spin_hint(void)
{
}

_Noreturn void
arch_halt_forever(void)
{
	leave(SIM_STOPPED);
}

_Noreturn void
arch_machine_stop(uint8_t code)
{
	if (sim.may_stop) {
		sim.stop_code = code;
		leave(SIM_STOPPED);
	}
	fprintf(stderr, "the kernel stopped the machine with %u; last line of its log: %s\n", code,
	    last_line);
	abort();
}

void
arch_debug_write(const char *bytes, unsigned long byte_count)
{
	snprintf(last_line, sizeof(last_line), "%.*s", (int)byte_count, bytes);
	if (sim.on_write != NULL)
		sim.on_write(bytes, byte_count);
	if (!sim.quiet)
		fwrite(bytes, 1, byte_count, stderr);
}

uint32_t
arch_panic_cpu(void)
{
	return sim.cpu;
}

uint32_t
arch_panic_registers(struct arch_register *registers, uint32_t register_count_max)
{
	(void)registers;
	(void)register_count_max;
	return 0;
}

uint32_t
arch_backtrace(uint64_t *addresses, uint32_t address_count_max)
{
	(void)addresses;
	(void)address_count_max;
	return 0;
}

uint64_t
arch_clock_now_ns(void)
{
	return sim.now_ns;
}

const struct arch_clock_parameters *
arch_clock_parameters(void)
{
	static const struct arch_clock_parameters none;

	return &none;
}

void
arch_clock_event_set(uint64_t deadline_ns)
{
	sim.event_ns = deadline_ns;
}

bool
arch_irq_exists(uint32_t line)
{
	return line < ARCH_IRQ_LINES;
}

void
arch_irq_mask(uint32_t line)
{
	sim.irq_unmasked &= ~(UINT64_C(1) << line);
}

void
arch_irq_unmask(uint32_t line)
{
	sim.irq_unmasked |= UINT64_C(1) << line;
}
