/* SPDX-License-Identifier: Apache-2.0 */
/* A thread's registers; see arch/thread.h. */
#include "arch/thread.h"

#include <core/string.h>

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

static uint64_t
fs_base_read(void)
{
	uint64_t value;

	if (!cpu_has_fsgsbase())
		return msr_read(MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(value));
	return value;
}

static void
fs_base_write(uint64_t value)
{
	if (cpu_has_fsgsbase())
		__asm__ volatile("wrfsbase %0" : : "r"(value));
	else
		msr_write(MSR_FS_BASE, value);
}

static void
save(struct arch_thread *previous)
{
	previous->fs_base = fs_base_read();
	cpu_extended_save(previous);
}

void
arch_thread_switch(const struct arch_switch *change)
{
	if (change->previous == change->next)
		return;
	if (change->previous != NULL)
		save(change->previous);
	cpu_local()->current = change->next;
	if (cr3_read() != change->root)
		cr3_write(change->root);
	fs_base_write(change->next->fs_base);
	cpu_extended_load(change->next);
	arch_io_bitmap_load(change->io_bitmap);
}

void
arch_thread_none(struct arch_thread *previous)
{
	if (previous != NULL)
		save(previous);
	cpu_local()->current = NULL;
	cr3_write(paging_kernel_root());
	arch_io_bitmap_load(NULL);
}

uint64_t
arch_capset_features(void)
{
	return cpu_has_fsgsbase() ? 2 : 0;
}
