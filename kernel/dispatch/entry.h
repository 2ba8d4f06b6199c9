/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The ways into the kernel, called by arch/ with interrupts off, on this CPU's stack; the current
 * thread's registers are saved. None returns: kernel_leave() goes back to the current thread, to
 * another one, or idles.
 */
#include "base/annotate.h"
#include "base/types.h"

struct process_exit;
struct thread;

/* The arguments are read where they are wanted: arch_thread_argument(). */
KERNEL_ENTRY void kernel_syscall(uint64_t number);

struct kernel_fault {
	uint64_t vector;
	uint64_t error;
	uint64_t address; /* that was accessed */
	uint64_t instruction;
};
/* User code did what the processor refuses: the process ends. */
_Noreturn void kernel_user_fault(const struct kernel_fault *fault);

/* An interrupt was handled while a thread was in user mode; all its registers are saved. */
_Noreturn void kernel_user_interrupted(void);

/*
 * The clock event fired. Called by the handler, in a window, in idle or in user mode: only marks
 * that something is due.
 */
void kernel_clock_event(void);

/* Run whoever is ready: the end of start-up, and of every entry. */
KERNEL_ENTRY void kernel_leave(void);

/*
 * What later or optional modules give at start. All run with interrupts off and no lock held.
 */
struct kernel_hooks {
	/* The current thread's process ends; afterwards the thread is dead (thread_kill). */
	void (*exit)(struct thread *thread, const struct process_exit *exit);
};

/*
 * Once, at start, after mm and arch: initialises deadlines, rings, scheduler, tables, endpoints and
 * dispatch.
 */
void kernel_core_init(const struct kernel_hooks *hooks);
