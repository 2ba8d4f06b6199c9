/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the files of this machine share with each other.
 */
#include "base/types.h"
#include "mm/frame.h"
#include "registers.h"

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
extern char cpu_stack_guard[], cpu_stacks_top[], ist_stack_guard[], ist_stacks_top[];

extern struct cpu_local cpu_locals[];

static inline struct cpu_local *
cpu_local(void)
{
	struct cpu_local *local;

	__asm__("mov %%gs:24, %0" : "=r"(local));
	return local;
}

/* cpu.c */
void cpu_init(void);	       /* GDT, TSS, IDT, SYSCALL, control registers */
const char *cpu_refusal(void); /* why this processor is not safe, or NULL */
size_t cpu_extended_bytes(void);
bool cpu_has_fsgsbase(void);
void cpu_extended_save(struct arch_thread *thread);
void cpu_extended_load(const struct arch_thread *thread);

/* paging.c */
struct boot_memory;
void paging_init(const struct boot_memory *memory);
paddr_t paging_kernel_root(void);
/* Device memory through the direct map, uncached. */
volatile void *paging_device(paddr_t address);

/* acpi.c: fills what the MADT says; false if there is none that can be trusted. */
struct acpi_interrupts {
	paddr_t lapic;
	paddr_t ioapic;
	uint32_t ioapic_base; /* its first global number */
	struct {
		uint32_t global;
		uint16_t flags;
	} isa[16];
};
bool acpi_find_interrupts(paddr_t rsdp, struct acpi_interrupts *out);

/* apic.c */
void interrupt_init(const struct acpi_interrupts *found);
void interrupt_line_fired(uint32_t vector);  /* masks and acknowledges; calls irq_fired */
void interrupt_timer_set(uint64_t delta_ns); /* one shot; 0: off */
void interrupt_timer_acknowledge(void);
void interrupt_timer_calibrate(uint64_t lapic_ticks, uint64_t elapsed_ns);
uint32_t interrupt_timer_read(void);
void interrupt_timer_start_calibration(void);
bool interrupt_has_lapic(void);

/* clock.c */
void clock_init(void);

/* The commands that the loader passed, and what it left in memory. */
struct boot_memory {
	struct memory_range usable[64];
	uint32_t usable_count;
	paddr_t module;
	uint64_t module_bytes;
	uint32_t module_count;
	paddr_t rsdp;
	const char *loader;
	char command_line[256];
};
