/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the files of this machine share with each other.
 */
#include "base/types.h"
#include "registers.h"

struct acpi_machine;
struct boot_memory;

#define KERNEL_BASE UINT64_C(0xffffffff80000000)
#define DIRECT_MAP UINT64_C(0xffff800000000000)

#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_USER_DATA 0x1b
#define SELECTOR_USER_CODE 0x23
#define SELECTOR_TSS 0x28

#define VECTOR_LEGACY_BASE 0x20 /* the PIC's 16 lines, when it is used */
#define VECTOR_TIMER 0x30
#define VECTOR_LINE_BASE 0x40 /* I/O APIC pins */
#define VECTOR_SPURIOUS 0xff

extern char kernel_start[], kernel_end[];
extern char kernel_text_start[], kernel_text_end[];
extern char kernel_rodata_start[], kernel_rodata_end[];
extern char kernel_data_start[], kernel_data_end[];
extern char cpu_stack_guard[], cpu_stack_top[], ist_stacks[];
#define IST_STACKS 3 /* each has a guard page below it */
#define IST_STRIDE (3 * PAGE_BYTES)

extern struct cpu_local cpu_locals[];

static inline struct cpu_local *
cpu_local(void)
{
	struct cpu_local *local;

	__asm__("mov %%gs:24, %0" : "=r"(local));
	return local;
}

/* Whose registers an entry saves. */
static inline void
cpu_current_set(struct arch_thread *current)
{
	__asm__ volatile("mov %0, %%gs:0" : : "r"(current) : "memory");
}

/* cpu.c */
void cpu_init(void);	       /* GDT, TSS, IDT, SYSCALL, control registers */
const char *cpu_refusal(void); /* why this processor is not safe, or NULL */
bool cpu_has_local_apic(void);
bool cpu_is_virtual(void); /* a hypervisor says that it is there */
size_t cpu_extended_bytes(void);
bool cpu_has_fsgsbase(void);
bool cpu_has_xsave_and_fsgsbase(void);
void cpu_extended_save(struct arch_thread *thread);
void cpu_extended_load(const struct arch_thread *thread);

/* Of a processor that has XSAVE: all that is enabled. */
static inline void
cpu_xsave(struct arch_thread *thread)
{
	__asm__ volatile("xsave64 (%0)" : : "r"(thread->extended), "a"(-1), "d"(-1) : "memory");
}

static inline void
cpu_xrstor(const struct arch_thread *thread)
{
	__asm__ volatile("xrstor64 (%0)" : : "r"(thread->extended), "a"(-1), "d"(-1) : "memory");
}

/* paging.c */
void paging_init(const struct boot_memory *memory);
paddr_t paging_kernel_root(void);
/* Device memory through the direct map, uncached; `address` is between the two below. */
#define DEVICES_BASE UINT64_C(0xfec00000)
#define DEVICES_END UINT64_C(0xff000000)
volatile void *paging_device(paddr_t address);

/* apic.c */
void interrupt_init(const struct acpi_machine *found); /* NULL: only the legacy controllers */
void interrupt_line_fired(uint32_t vector);	       /* masks and acknowledges; calls irq_fired */
void interrupt_timer_set(uint64_t delta_ns);	       /* one shot, perhaps early; 0: off */
void interrupt_timer_acknowledge(void);
/* The local APIC's timer counts down without an interrupt, to be measured. */
void interrupt_timer_calibration_start(void);
uint32_t interrupt_timer_read(void);
void interrupt_timer_calibration_end(uint64_t ticks, uint64_t elapsed_ns);
bool interrupt_has_lapic(void);

/* clock.c */
void clock_init(paddr_t hpet); /* 0: none */
void clock_event_fired(void);  /* the timer's interrupt came */

/* trap.c: the stack that a fault with a stack of its own interrupted; 0: none */
uint64_t trap_interrupted_stack(void);
