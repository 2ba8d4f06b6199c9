/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions and interrupts. In the kernel, interrupts come only inside a window or in idle; an
 * exception there is a bug of ours. In user mode, an exception ends the process, an interrupt may
 * change the thread. A non-maskable interrupt comes anywhere, perhaps with the user's GS: its
 * handler looks at nothing of this CPU's.
 */
#include <core/string.h>

#include "arch/cpu.h"
#include "base/log.h"
#include "debug/panic.h"
#include "dispatch/entry.h"
#include "instructions.h"
#include "machine.h"

#define VECTOR_NMI 2
#define VECTOR_DOUBLE_FAULT 8
#define VECTOR_PAGE_FAULT 14
#define VECTOR_MACHINE_CHECK 18
#define VECTOR_EXCEPTIONS 32
#define PANIC_REGISTERS 20

void trap_in_kernel(struct trap_frame *frame);
_Noreturn void trap_in_user(struct trap_frame *frame);

static const struct trap_frame *fatal_frame;

uint64_t
trap_interrupted_stack(void)
{
	return fatal_frame != NULL ? fatal_frame->rsp : 0;
}

static void
registers_of(const struct trap_frame *frame, struct arch_register *registers)
{
	const struct arch_register all[PANIC_REGISTERS] = {
		{ "rax", frame->rax },
		{ "rbx", frame->rbx },
		{ "rcx", frame->rcx },
		{ "rdx", frame->rdx },
		{ "rsi", frame->rsi },
		{ "rdi", frame->rdi },
		{ "rbp", frame->rbp },
		{ "rsp", frame->rsp },
		{ "r8", frame->r8 },
		{ "r9", frame->r9 },
		{ "r10", frame->r10 },
		{ "r11", frame->r11 },
		{ "r12", frame->r12 },
		{ "r13", frame->r13 },
		{ "r14", frame->r14 },
		{ "r15", frame->r15 },
		{ "rip", frame->rip },
		{ "rflags", frame->rflags },
		{ "cs", frame->cs },
		{ "cr3", cr3_read() },
	};

	memcpy(registers, all, sizeof(all));
}

uint32_t
arch_panic_registers(struct arch_register *registers, uint32_t register_count_max)
{
	if (fatal_frame == NULL || register_count_max < PANIC_REGISTERS)
		return 0;
	registers_of(fatal_frame, registers);
	return PANIC_REGISTERS;
}

static void
handle_interrupt(uint64_t vector)
{
	if (vector == VECTOR_TIMER || (vector == VECTOR_LEGACY_BASE && !interrupt_has_lapic())) {
		interrupt_timer_acknowledge();
		clock_event_fired();
	} else if (vector >= VECTOR_LINE_BASE && vector < VECTOR_LINE_BASE + 16) {
		interrupt_line_fired((uint32_t)vector);
	} else if (vector > VECTOR_LEGACY_BASE && vector < VECTOR_LEGACY_BASE + 16 &&
	    !interrupt_has_lapic()) {
		interrupt_line_fired((uint32_t)vector);
	}
	/* What is left is spurious: it has no end of interrupt. */
}

static _Noreturn void
exception_is_fatal(const struct trap_frame *frame)
{
	fatal_frame = frame;
	kernel_panic("exception %llu, error 0x%llx, at 0x%llx, stack 0x%llx, address 0x%llx",
	    (unsigned long long)frame->vector, (unsigned long long)frame->error,
	    (unsigned long long)frame->rip, (unsigned long long)frame->rsp,
	    (unsigned long long)cr2_read());
}

void
trap_in_kernel(struct trap_frame *frame)
{
	if (frame->vector == VECTOR_NMI)
		log_line(LOG_WARN, "trap", "non-maskable interrupt");
	else if (frame->vector < VECTOR_EXCEPTIONS)
		exception_is_fatal(frame);
	else
		handle_interrupt(frame->vector);
}

static void
save_registers(struct arch_thread *thread, const struct trap_frame *frame)
{
	thread->rax = frame->rax;
	thread->rbx = frame->rbx;
	thread->rcx = frame->rcx;
	thread->rdx = frame->rdx;
	thread->rsi = frame->rsi;
	thread->rdi = frame->rdi;
	thread->rbp = frame->rbp;
	thread->r8 = frame->r8;
	thread->r9 = frame->r9;
	thread->r10 = frame->r10;
	thread->r11 = frame->r11;
	thread->r12 = frame->r12;
	thread->r13 = frame->r13;
	thread->r14 = frame->r14;
	thread->r15 = frame->r15;
	thread->rip = frame->rip;
	thread->rflags = frame->rflags;
	thread->rsp = frame->rsp;
	thread->by_syscall = 0;
}

void
trap_in_user(struct trap_frame *frame)
{
	save_registers(cpu_local()->current, frame);
	/* These two are the machine's failures or ours, wherever they come from. */
	if (frame->vector == VECTOR_DOUBLE_FAULT || frame->vector == VECTOR_MACHINE_CHECK)
		exception_is_fatal(frame);
	if (frame->vector < VECTOR_EXCEPTIONS) {
		struct kernel_fault fault = { frame->vector, frame->error,
			frame->vector == VECTOR_PAGE_FAULT ? cr2_read() : 0, frame->rip };

		kernel_user_fault(&fault);
	}
	handle_interrupt(frame->vector);
	kernel_user_interrupted();
}
