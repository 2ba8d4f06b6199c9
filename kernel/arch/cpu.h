/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The processor that runs this code. The kernel runs with interrupts off, except inside
 * arch_interrupt_window() and arch_idle().
 */
#include "base/types.h"

#define CPU_COUNT_MAX 64

/* The dense number of this CPU, from 0. */
uint32_t arch_cpu_id(void);

/* The element of per_cpus[] (sync/per_cpu.h) that is this CPU's. */
struct per_cpu;
struct per_cpu *arch_per_cpu(void);

/* Let pending interrupts in, once. Handlers run to their end before it returns. */
void arch_interrupt_window(void);

/* Halt with interrupts on until one interrupt was handled; returns with interrupts off. */
void arch_idle(void);

/* A hint inside spin loops. The simulator changes to another CPU here. */
void arch_spin_hint(void);

/* Stop this CPU for good: after a panic. */
_Noreturn void arch_halt_forever(void);

/* Stop the machine and, where the machine can, report `code`. */
_Noreturn void arch_machine_stop(uint8_t code);

/* Bytes to the debug console (COM1), polled; usable at any time, also during a panic. */
void arch_debug_write(const char *bytes, unsigned long byte_count);

/*
 * For panics, which may come anywhere: nothing of this CPU's data is looked at.
 * arch_panic_cpu: as the machine numbers its CPUs. arch_panic_registers: what the exception found
 * that the panic is about; returns how many were stored, 0 if it is about none.
 */
struct arch_register {
	const char *name;
	uint64_t value;
};
uint32_t arch_panic_cpu(void);
uint32_t arch_panic_registers(struct arch_register *registers, uint32_t register_count_max);

/* Return addresses of the current call chain, innermost first; returns how many were stored. */
uint32_t arch_backtrace(uint64_t *addresses, uint32_t address_count_max);
