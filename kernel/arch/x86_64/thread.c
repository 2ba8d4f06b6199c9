/* SPDX-License-Identifier: Apache-2.0 */
/* A thread's registers; see arch/thread.h. */
#include "arch/thread.h"

#include <abi/capset.h>
#include <core/string.h>

#include "base/annotate.h"
#include "instructions.h"
#include "machine.h"

#define FLAGS_USER 0x202 /* interrupts on */
#define SYSCALL_INSTRUCTION_BYTES 2
#define FPU_CONTROL_DEFAULT 0x37f
#define SSE_CONTROL_DEFAULT 0x1f80

size_t
arch_thread_bytes(void)
{
	return (sizeof(struct arch_thread) + cpu_extended_bytes() + 63) & ~(size_t)63;
}

void
arch_thread_init(struct arch_thread *registers, const struct arch_thread_start *start)
{
	uint16_t fpu_control = FPU_CONTROL_DEFAULT;
	uint32_t sse_control = SSE_CONTROL_DEFAULT;

	memset(registers, 0, arch_thread_bytes());
	registers->rip = start->entry;
	registers->rsp = start->stack;
	registers->rdi = start->arguments[0];
	registers->rsi = start->arguments[1];
	registers->rdx = start->arguments[2];
	registers->rcx = start->arguments[3];
	registers->r8 = start->arguments[4];
	registers->rflags = FLAGS_USER;
	registers->fs_base = start->fs_base;
	/* The legacy area's control words; with XSAVE the header says that nothing else is in use.
	 */
	memcpy(registers->extended, &fpu_control, sizeof(fpu_control));
	memcpy(registers->extended + 24, &sse_control, sizeof(sse_control));
}

void
arch_thread_result_set(struct arch_thread *registers, int64_t result)
{
	registers->rax = (uint64_t)result;
}

void
arch_thread_restart(struct arch_thread *registers)
{
	registers->rip -= SYSCALL_INSTRUCTION_BYTES;
}

uint64_t
arch_thread_argument(const struct arch_thread *registers, unsigned index)
{
	return index == 0 ? registers->rdi : registers->rsi;
}

/*
 * FS and GS bases: save those of the user side, put others there. Without FSGSBASE nobody can
 * change its GS base; with it, the one of the user side is behind SWAPGS.
 */
static inline void
bases_exchange(struct arch_thread *previous, const struct arch_thread *next)
{
	__asm__ volatile("rdfsbase %0\n\twrfsbase %1"
	    : "=&r"(previous->fs_base)
	    : "r"(next->fs_base));
	__asm__ volatile("swapgs\n\trdgsbase %0\n\twrgsbase %1\n\tswapgs"
	    : "=&r"(previous->gs_base)
	    : "r"(next->gs_base));
}

static void
bases_exchange_by_msr(struct arch_thread *previous, const struct arch_thread *next)
{
	previous->fs_base = msr_read(MSR_FS_BASE);
	msr_write(MSR_FS_BASE, next->fs_base);
}

/* Loading a selector loses its base. The kernel's is written back before anything looks through it.
 */
static COLD void
selectors_reset(uint64_t kernel_gs_base, uint64_t user_fs_base)
{
	__asm__ volatile("mov %0, %%ds\n\tmov %0, %%es\n\tmov %0, %%fs\n\tmov %0, %%gs" : : "r"(0));
	msr_write(MSR_GS_BASE, kernel_gs_base);
	msr_write(MSR_FS_BASE, user_fs_base);
}

/* Selectors mean nothing in user mode, but can be set and read: nobody finds those of another. */
static void
selectors_clear(const struct arch_thread *next)
{
	uint32_t ds, es, fs, gs;

	__asm__ volatile("mov %%ds, %0\n\tmov %%es, %1\n\tmov %%fs, %2\n\tmov %%gs, %3"
	    : "=r"(ds), "=r"(es), "=r"(fs), "=r"(gs));
	if ((ds | es | fs | gs) != 0)
		selectors_reset((uint64_t)cpu_local(), next->fs_base);
}

/* From a thread that is gone, or on a processor that lacks XSAVE or FSGSBASE. */
static COLD void
state_exchange_otherwise(struct arch_thread *previous, const struct arch_thread *next)
{
	static struct arch_thread nobody; /* takes what the last thread of a dead process left */
	struct arch_thread *bases = previous != NULL ? previous : &nobody;

	if (previous != NULL)
		cpu_extended_save(previous);
	if (cpu_has_fsgsbase())
		bases_exchange(bases, next);
	else
		bases_exchange_by_msr(bases, next);
	selectors_clear(next);
	cpu_extended_load(next);
}

static inline void
state_exchange(struct arch_thread *previous, const struct arch_thread *next)
{
	if (previous == NULL || !cpu_has_xsave_and_fsgsbase()) {
		state_exchange_otherwise(previous, next);
		return;
	}
	cpu_xsave(previous);
	bases_exchange(previous, next);
	selectors_clear(next);
	cpu_xrstor(next);
}

HOT_INLINE void
arch_thread_switch(const struct arch_switch *change)
{
	cpu_current_set(change->next);
	if (cr3_read() != change->root)
		cr3_write(change->root);
	state_exchange(change->previous, change->next);
	arch_io_bitmap_load(change->io_bitmap);
}

void
arch_thread_none(struct arch_thread *previous)
{
	(void)previous; /* never runs again: nothing of it is kept */
	cpu_current_set(NULL);
	cr3_write(paging_kernel_root());
	arch_io_bitmap_load(NULL);
}

uint64_t
arch_capset_features(void)
{
	return cpu_has_fsgsbase() ? CAPSET_FEATURE_FSGSBASE : 0;
}
