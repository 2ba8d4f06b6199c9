/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processor's tables and switches: segments, interrupt gates, system call entry, protection
 * bits, extended state (Intel SDM volume 3, chapters 2, 5, 6, 8, 13).
 */
#include <core/string.h>

#include "arch/cpu.h"
#include "arch/thread.h"
#include "base/assert.h"
#include "base/log.h"
#include "instructions.h"
#include "machine.h"
#include "sync/per_cpu.h"

#define CPUS 1 /* that are started so far */

struct __attribute__((packed)) tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map_offset;
	uint8_t io_bitmap[ARCH_IO_BITMAP_BYTES + 1]; /* the last byte is all ones */
};

struct __attribute__((packed)) gate {
	uint16_t offset_low;
	uint16_t selector;
	uint8_t ist;
	uint8_t type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

struct __attribute__((packed)) table_pointer {
	uint16_t limit;
	uint64_t base;
};

struct cpu_local cpu_locals[CPUS];
static struct tss tss;
static uint64_t gdt[7];
static struct gate idt[256];
static const uint8_t *io_bitmap_loaded;
static size_t extended_bytes;
static bool has_xsave;
static bool has_fsgsbase;
static bool has_xsave_and_fsgsbase;

extern char trap_stubs[];
void entry_syscall(void);

#define TSS_NO_IO_MAP 0xffff
#define IST_NMI 1
#define IST_DOUBLE_FAULT 2
#define IST_MACHINE_CHECK 3

static void
gdt_init(void)
{
	uint64_t base = (uint64_t)&tss;
	uint64_t limit = sizeof(tss) - 1;
	struct table_pointer pointer = { sizeof(gdt) - 1, (uint64_t)gdt };

	gdt[1] = UINT64_C(0x00af9b000000ffff); /* kernel code */
	gdt[2] = UINT64_C(0x00cf93000000ffff); /* kernel data */
	gdt[3] = UINT64_C(0x00cff3000000ffff); /* user data */
	gdt[4] = UINT64_C(0x00affb000000ffff); /* user code */
	gdt[5] = (limit & 0xffff) | (base & 0xffffff) << 16 | UINT64_C(0x89) << 40 |
	    (limit >> 16 & 0xf) << 48 | (base >> 24 & 0xff) << 56;
	gdt[6] = base >> 32;
	__asm__ volatile("lgdt %0" : : "m"(pointer));
	__asm__ volatile("pushq %0\n\tleaq 1f(%%rip), %%rax\n\tpushq %%rax\n\tlretq\n1:"
	    :
	    : "i"(SELECTOR_KERNEL_CODE)
	    : "rax", "memory");
	__asm__ volatile("mov %0, %%ss" : : "r"(SELECTOR_KERNEL_DATA));
	__asm__ volatile("mov %0, %%ds\n\tmov %0, %%es\n\tmov %0, %%fs\n\tmov %0, %%gs" : : "r"(0));
}

static void
tss_init(void)
{
	tss.rsp[0] = (uint64_t)cpu_stack_top;
	for (uint32_t i = 0; i < IST_STACKS; i++)
		tss.ist[i] = (uint64_t)ist_stacks + (i + 1) * IST_STRIDE;
	tss.io_map_offset = TSS_NO_IO_MAP;
	memset(tss.io_bitmap, 0xff, sizeof(tss.io_bitmap));
	__asm__ volatile("ltr %0" : : "r"((uint16_t)SELECTOR_TSS));
}

static void
idt_init(void)
{
	struct table_pointer pointer = { sizeof(idt) - 1, (uint64_t)idt };

	for (uint32_t i = 0; i < 256; i++) {
		uint64_t stub = (uint64_t)trap_stubs + i * 16;

		idt[i] = (struct gate){ (uint16_t)stub, SELECTOR_KERNEL_CODE, 0, 0x8e,
			(uint16_t)(stub >> 16), (uint32_t)(stub >> 32), 0 };
	}
	idt[2].ist = IST_NMI;
	idt[8].ist = IST_DOUBLE_FAULT;
	idt[18].ist = IST_MACHINE_CHECK;
	__asm__ volatile("lidt %0" : : "m"(pointer));
}

static void
syscall_init(void)
{
	msr_write(MSR_EFER, msr_read(MSR_EFER) | 1); /* SCE */
	msr_write(MSR_STAR,
	    (uint64_t)SELECTOR_KERNEL_CODE << 32 | (uint64_t)(SELECTOR_USER_DATA - 8) << 48);
	msr_write(MSR_LSTAR, (uint64_t)entry_syscall);
	/* Trap, interrupt, direction, nested task, alignment check and I/O level are off in the
	 * kernel. */
	msr_write(MSR_SYSCALL_MASK, 0x47700);
	msr_write(MSR_SYSENTER_CS, 0); /* the other way in is closed */
}

static void
extended_init(void)
{
	struct cpuid basic = cpuid(1, 0);

	extended_bytes = 512;
	if (!(basic.ecx & (1U << 26)))
		return;
	cr4_write(cr4_read() | CR4_OSXSAVE);
	/* x87, SSE and, where offered, AVX: what compilers use without being asked. */
	has_xsave = true;
	__asm__ volatile("xsetbv" : : "c"(0), "a"(3 | (basic.ecx & (1U << 28) ? 4 : 0)), "d"(0));
	extended_bytes = cpuid(0xd, 0).ebx;
}

static bool
vendor_is(const char *name)
{
	struct cpuid leaf = cpuid(0, 0);
	char vendor[12];

	memcpy(vendor, &leaf.ebx, 4);
	memcpy(vendor + 4, &leaf.edx, 4);
	memcpy(vendor + 8, &leaf.ecx, 4);
	return memcmp(vendor, name, sizeof(vendor)) == 0;
}

static uint64_t
architecture_capabilities(void)
{
	if (cpuid(0, 0).eax < 7 || !(cpuid(7, 0).edx & (1U << 29)))
		return 0;
	return msr_read(MSR_ARCH_CAPABILITIES);
}

/*
 * Without page-table isolation, a processor with Meltdown or L1TF would let user code read the
 * kernel. AMD's and Hygon's have neither; all others have to say so (RDCL_NO).
 */
const char *
cpu_refusal(void)
{
	if (vendor_is("AuthenticAMD") || vendor_is("HygonGenuine") ||
	    (architecture_capabilities() & ARCH_CAPABILITIES_RDCL_NO) != 0)
		return NULL;
	return "this processor does not say that it is free of Meltdown and L1TF; "
	       "allowVulnerableCpu in the manifest starts it all the same";
}

/*
 * User code must not train the branches of the kernel. Processors that keep the two apart once and
 * for all are told to; no emulator has them.
 */
static const char *
speculation_init(void)
{
	if (architecture_capabilities() & ARCH_CAPABILITIES_IBRS_ALL) {
		msr_write(MSR_SPECULATION_CONTROL, 1);
		return ", IBRS";
	}
	if (cpuid(0x80000000, 0).eax >= 0x80000021 && (cpuid(0x80000021, 0).eax & (1U << 8))) {
		msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_AUTOMATIC_IBRS);
		return ", automatic IBRS";
	}
	return "";
}

static void
protection_init(void)
{
	struct cpuid features = cpuid(0, 0).eax >= 7 ? cpuid(7, 0) : (struct cpuid){ 0 };
	uint64_t cr4 = cr4_read() | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_PGE;

	if (features.ebx & (1U << 7))
		cr4 |= CR4_SMEP;
	if (features.ebx & (1U << 20))
		cr4 |= CR4_SMAP;
	if (features.ecx & (1U << 2))
		cr4 |= CR4_UMIP;
	has_fsgsbase = features.ebx & 1;
	if (has_fsgsbase)
		cr4 |= CR4_FSGSBASE;
	cr4_write(cr4);
	log_line(LOG_INFO, "cpu", "NX, WP%s%s%s%s%s", cr4 & CR4_SMEP ? ", SMEP" : "",
	    cr4 & CR4_SMAP ? ", SMAP" : "", cr4 & CR4_UMIP ? ", UMIP" : "",
	    has_fsgsbase ? ", FSGSBASE" : "", speculation_init());
}

void
cpu_init(void)
{
	struct cpu_local *local = &cpu_locals[0];

	gdt_init();
	tss_init();
	idt_init();
	syscall_init();
	local->stack_top = (uint64_t)cpu_stack_top;
	local->self = local;
	local->per_cpu = &per_cpus[local->id];
	msr_write(MSR_GS_BASE, (uint64_t)local);
	msr_write(MSR_KERNEL_GS_BASE, 0);
	protection_init();
	extended_init();
	has_xsave_and_fsgsbase = has_xsave && has_fsgsbase;
}

bool
cpu_has_local_apic(void)
{
	return (cpuid(1, 0).edx & (1U << 9)) != 0;
}

bool
cpu_is_virtual(void)
{
	return (cpuid(1, 0).ecx & (1U << 31)) != 0;
}

size_t
cpu_extended_bytes(void)
{
	return extended_bytes;
}

bool
cpu_has_fsgsbase(void)
{
	return has_fsgsbase;
}

bool
cpu_has_xsave_and_fsgsbase(void)
{
	return has_xsave_and_fsgsbase;
}

void
cpu_extended_save(struct arch_thread *thread)
{
	if (has_xsave)
		cpu_xsave(thread);
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(thread->extended) : "memory");
}

void
cpu_extended_load(const struct arch_thread *thread)
{
	if (has_xsave)
		cpu_xrstor(thread);
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(thread->extended) : "memory");
}

/* Most threads have no ports: then the map is out of reach, and nothing is copied. */
void
arch_io_bitmap_load(const uint8_t *bitmap)
{
	if (bitmap == NULL) {
		tss.io_map_offset = TSS_NO_IO_MAP;
		return;
	}
	if (bitmap != io_bitmap_loaded) {
		memcpy(tss.io_bitmap, bitmap, ARCH_IO_BITMAP_BYTES);
		io_bitmap_loaded = bitmap;
	}
	tss.io_map_offset = (uint16_t)offsetof(struct tss, io_bitmap);
}

void
arch_io_bitmap_changed(const uint8_t *bitmap)
{
	if (bitmap == io_bitmap_loaded)
		io_bitmap_loaded = NULL;
}

uint32_t
arch_cpu_id(void)
{
	return cpu_local()->id;
}

HOT_INLINE struct per_cpu *
arch_per_cpu(void)
{
	struct per_cpu *per_cpu;

	__asm__ volatile("mov %%gs:32, %0" : "=r"(per_cpu));
	return per_cpu;
}

/* The processor says it itself: GS may be the user's. */
uint32_t
arch_panic_cpu(void)
{
	return cpuid(1, 0).ebx >> 24;
}

void
arch_interrupt_window(void)
{
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
}

void
arch_idle(void)
{
	__asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
}

void
arch_spin_hint(void)
{
	__asm__ volatile("pause");
}

void
arch_halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli\n\thlt");
}

#define EXIT_PORT 0xf4 /* QEMU's isa-debug-exit: its exit status is (code << 1) | 1 */

void
arch_machine_stop(uint8_t code)
{
	port_write8(EXIT_PORT, code);
	arch_halt_forever();
}
