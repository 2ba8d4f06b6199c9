/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The machine that unit tests and the simulator run the kernel on: an arena instead of physical
 * memory, a clock that moves when it is told, registers as a plain struct, and an end of the kernel
 * (resume, idle, stop) that comes back to whoever entered it.
 */
#include <setjmp.h>

#include "base/annotate.h"
#include "base/types.h"

/* What a thread asked for, and what it got. */
struct arch_thread {
	uint64_t number;
	uint64_t argument0;
	uint64_t argument1;
	int64_t result;
	bool restart; /* execute the same call again before anything else */
	uint64_t entry;
	uint64_t stack;
	uint64_t start_arguments[5];
	uint64_t fs_base;
	uint64_t padding[3];
};
_Static_assert(sizeof(struct arch_thread) % 64 == 0, "arch_thread_bytes()");

/* How the kernel was left. */
enum sim_left {
	SIM_RESUMED, /* sim.resumed runs in user mode */
	SIM_IDLE,    /* nobody is ready */
	SIM_STOPPED, /* arch_halt_forever, or arch_machine_stop where it is expected */
};

struct sim {
	uint8_t *arena; /* page aligned; physical address 0 is its start */
	uint64_t arena_bytes;
	uint64_t now_ns;
	uint64_t event_ns; /* the clock event; UINT64_MAX: none */
	uint32_t cpu;
	struct arch_thread *resumed;
	struct arch_thread *loaded; /* by the last arch_thread_switch */
	paddr_t root;
	uint64_t irq_unmasked; /* bit per line */
	uint64_t switches;     /* counted */
	uint64_t windows;
	uint64_t flushes;
	void (*on_window)(void); /* may be NULL: what interrupts bring in a window */
	bool quiet;		 /* nothing of the log is shown */
	/* May be NULL: what goes to the debug console. */
	void (*on_write)(const char *bytes, unsigned long byte_count);
	bool may_stop; /* the machine may be stopped: SIM_STOPPED, with this code */
	uint8_t stop_code;
	jmp_buf way_out;
	const void *entered_from; /* sim_enter()'s frame: those below it are left by longjmp */
};

extern struct sim sim;

/*
 * A machine with `arena_bytes` of zeroed memory, time 1,000, nothing armed. The last one's arena is
 * gone.
 */
void sim_reset(uint64_t arena_bytes);

/*
 * Enter the kernel: `enter(argument)` is a function that does not return, such as a wrapper of
 * kernel_syscall(). Returns how it was left.
 */
enum sim_left sim_enter(void (*enter)(void *argument), void *argument);

/* Let time pass; if the clock event is due, kernel_clock_event() is called as its handler would. */
void sim_time_pass(uint64_t ns);
