/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A thread's registers. The machine lays out struct arch_thread; portable code embeds it at the end
 * of struct thread's pool object (arch_thread_bytes()) and holds pointers only.
 */
#include "base/types.h"

struct arch_thread;
struct thread;

/* Size of struct arch_thread on this machine, extended state included; a multiple of 64;
 * alignment 64. */
size_t arch_thread_bytes(void);

struct arch_thread_start {
	uaddr_t entry;
	uaddr_t stack;
	uint64_t arguments[5]; /* RDI, RSI, RDX, RCX, R8 */
	uint64_t fs_base;
};

/* Registers for a first entry: everything not named in `start` is zero. */
void arch_thread_init(struct arch_thread *registers, const struct arch_thread_start *start);

/* What the interrupted system call returns when the thread runs again. */
void arch_thread_result_set(struct arch_thread *registers, int64_t result);

/* Make the thread execute its system call again with the same arguments when it runs. */
void arch_thread_restart(struct arch_thread *registers);

/* The system call's arguments as they were. */
uint64_t arch_thread_argument(const struct arch_thread *registers, unsigned index);

/*
 * Make `next`, which is another one, the thread of this CPU: save the extended state and FS base of
 * `previous` (NULL: none), load those of `next`, its address space root and its I/O permission map
 * (NULL: no ports).
 */
struct arch_switch {
	struct arch_thread *previous;
	struct arch_thread *next;
	paddr_t root;
	const uint8_t *io_bitmap; /* ARCH_IO_BITMAP_BYTES, a zero bit allows; NULL: none allowed */
};
#define ARCH_IO_BITMAP_BYTES 8192
void arch_thread_switch(const struct arch_switch *change);

/* Leave the kernel into the thread that arch_thread_switch() made current. Kernel stacks hold
 * nothing. */
_Noreturn void arch_resume(struct arch_thread *registers);
/* The same for a thread that is in its system call. */
_Noreturn void arch_resume_syscall(struct arch_thread *registers);

/* Leave the address space of a dying process: load the kernel's own root; no thread is current. */
void arch_thread_none(struct arch_thread *previous);

/* The map of the thread that is loaded; NULL: no ports. */
void arch_io_bitmap_load(const uint8_t *bitmap);

/* A bitmap that was given to arch_thread_switch() was written: it is loaded again the next time. */
/* CAPSET_FEATURE_* bits of abi/capset.h that this processor offers. */
uint64_t arch_capset_features(void);

void arch_io_bitmap_changed(const uint8_t *bitmap);
