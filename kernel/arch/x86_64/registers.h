/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The saved registers of a thread, and what the CPU finds through GS. entry.S knows the offsets;
 * the assertions hold them.
 */
#include "base/types.h"

struct arch_thread {
	uint64_t rax;
	uint64_t rbx;
	uint64_t rcx;
	uint64_t rdx;
	uint64_t rsi;
	uint64_t rdi;
	uint64_t rbp;
	uint64_t r8;
	uint64_t r9;
	uint64_t r10;
	uint64_t r11;
	uint64_t r12;
	uint64_t r13;
	uint64_t r14;
	uint64_t r15;
	uint64_t rip;
	uint64_t rflags;
	uint64_t rsp;
	uint64_t by_syscall; /* 1: in user mode or entered by SYSCALL, caller-saved registers are
				not kept; 0: by a trap, or never run */
	uint64_t fs_base;
	uint64_t gs_base;
	uint64_t unused[3];
	uint8_t extended[]; /* XSAVE or FXSAVE area; 64-byte aligned */
};
_Static_assert(offsetof(struct arch_thread, rip) == 120, "entry.S");
_Static_assert(offsetof(struct arch_thread, rsp) == 136, "entry.S");
_Static_assert(offsetof(struct arch_thread, by_syscall) == 144, "entry.S");
_Static_assert(offsetof(struct arch_thread, extended) % 64 == 0, "XSAVE alignment");

/* What GS points to in the kernel. */
struct cpu_local {
	struct arch_thread *current; /* offset 0: entry.S */
	uint64_t stack_top;	     /* offset 8: entry.S */
	uint32_t id;
	uint32_t unused;
	struct cpu_local *self;	 /* offset 24: cpu_local() */
	struct per_cpu *per_cpu; /* offset 32: arch_per_cpu() */
};
_Static_assert(offsetof(struct cpu_local, self) == 24, "cpu_local()");
_Static_assert(offsetof(struct cpu_local, per_cpu) == 32, "arch_per_cpu()");

/* What the interrupt stubs push. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector;
	uint64_t error;
	uint64_t rip;
	uint64_t cs;
	uint64_t rflags;
	uint64_t rsp;
	uint64_t ss;
};
