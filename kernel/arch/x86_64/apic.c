/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupt controllers: local APIC and I/O APIC (Intel SDM volume 3, chapter 11; 82093AA data
 * sheet), or the legacy PIC and PIT where they are missing. A line that fires is masked before
 * anyone hears of it, and unmasked by whoever serves it.
 */
#include "arch/interrupt.h"
#include "base/log.h"
#include "instructions.h"
#include "irq/irq.h"
#include "machine.h"

#define LAPIC_EOI 0xb0
#define LAPIC_SPURIOUS 0xf0
#define LAPIC_TIMER 0x320
#define LAPIC_LINT0 0x350
#define LAPIC_TIMER_START 0x380
#define LAPIC_TIMER_NOW 0x390
#define LAPIC_TIMER_DIVIDE 0x3e0
#define LAPIC_MASKED 0x10000

#define IOAPIC_MASKED 0x10000
#define IOAPIC_LEVEL 0x8000
#define IOAPIC_ACTIVE_LOW 0x2000

#define PIC_MASTER 0x20
#define PIC_SLAVE 0xa0
#define PIC_EOI 0x20

#define PIT_HZ 1193182
#define PIT_CHANNEL0 0x40
#define PIT_COMMAND 0x43
#define PIT_TICKS_MAX 0xffff

static volatile uint32_t *lapic;
static volatile uint32_t *ioapic;
static struct acpi_interrupts routes;
static uint64_t timer_multiplier; /* LAPIC ticks per nanosecond, 32 bits of fraction */
static uint16_t pic_mask = 0xffff;

static void
lapic_write(uint32_t offset, uint32_t value)
{
	lapic[offset / 4] = value;
}

static void
ioapic_write(uint32_t index, uint32_t value)
{
	ioapic[0] = index;
	ioapic[4] = value;
}

static void
pic_mask_set(uint16_t mask)
{
	pic_mask = mask;
	port_write8(PIC_MASTER + 1, (uint8_t)mask);
	port_write8(PIC_SLAVE + 1, (uint8_t)(mask >> 8));
}

/* The PIC is moved away from the exceptions in any case: a spurious interrupt of it must not look
 * like a fault. */
static void
pic_init(void)
{
	port_write8(PIC_MASTER, 0x11);
	port_write8(PIC_SLAVE, 0x11);
	port_write8(PIC_MASTER + 1, VECTOR_LEGACY_BASE);
	port_write8(PIC_SLAVE + 1, VECTOR_LEGACY_BASE + 8);
	port_write8(PIC_MASTER + 1, 4);
	port_write8(PIC_SLAVE + 1, 2);
	port_write8(PIC_MASTER + 1, 1);
	port_write8(PIC_SLAVE + 1, 1);
	pic_mask_set(0xffff);
}

static void
lapic_init(paddr_t address)
{
	lapic = paging_device(address);
	msr_write(MSR_APIC_BASE, msr_read(MSR_APIC_BASE) | 0x800);
	lapic_write(LAPIC_SPURIOUS, 0x100 | VECTOR_SPURIOUS);
	lapic_write(LAPIC_LINT0, LAPIC_MASKED);
	lapic_write(LAPIC_TIMER, LAPIC_MASKED | VECTOR_TIMER);
	lapic_write(LAPIC_TIMER_DIVIDE, 0x3); /* by 16 */
}

static uint32_t
ioapic_pin(uint32_t line)
{
	return routes.isa[line].global - routes.ioapic_base;
}

static void
ioapic_route(uint32_t line, bool masked)
{
	uint32_t entry = VECTOR_LINE_BASE + line;
	uint16_t flags = line < 16 ? routes.isa[line].flags : 0xf;

	/* MPS INTI flags: polarity in bits 0 and 1, trigger in bits 2 and 3; zero means as the bus
	 * says: ISA is high, edge. */
	if ((flags & 3) == 3)
		entry |= IOAPIC_ACTIVE_LOW;
	if ((flags >> 2 & 3) == 3)
		entry |= IOAPIC_LEVEL;
	ioapic_write(0x10 + ioapic_pin(line) * 2 + 1, 0);
	ioapic_write(0x10 + ioapic_pin(line) * 2, entry | (masked ? IOAPIC_MASKED : 0));
}

void
interrupt_init(const struct acpi_interrupts *found)
{
	bool has_lapic = found != NULL && (cpuid(1, 0).edx & (1U << 9)) != 0 && found->lapic != 0 &&
	    found->ioapic != 0;

	pic_init();
	if (!has_lapic) {
		log_line(LOG_WARN, "interrupt", "no local APIC: using the legacy PIC and PIT");
		pic_mask_set((uint16_t)~(1U << 0 | 1U << 2));
		return;
	}
	routes = *found;
	lapic_init(found->lapic);
	ioapic = paging_device(found->ioapic);
	for (uint32_t line = 0; line < 16; line++)
		if (arch_irq_exists(line))
			ioapic_route(line, true);
}

bool
interrupt_has_lapic(void)
{
	return lapic != NULL;
}

bool
arch_irq_exists(uint32_t line)
{
	if (line >= 16 || line == 0 || line == 2)
		return false; /* the timer's and the cascade's are the kernel's own */
	return ioapic == NULL || ioapic_pin(line) < ARCH_IRQ_LINES;
}

void
arch_irq_mask(uint32_t line)
{
	if (ioapic != NULL)
		ioapic_route(line, true);
	else
		pic_mask_set((uint16_t)(pic_mask | 1U << line));
}

void
arch_irq_unmask(uint32_t line)
{
	if (ioapic != NULL)
		ioapic_route(line, false);
	else
		pic_mask_set((uint16_t)(pic_mask & ~(1U << line)));
}

void
interrupt_line_fired(uint32_t vector)
{
	uint32_t line = vector - (ioapic != NULL ? VECTOR_LINE_BASE : VECTOR_LEGACY_BASE);

	arch_irq_mask(line);
	if (ioapic != NULL) {
		lapic_write(LAPIC_EOI, 0);
	} else {
		if (line >= 8)
			port_write8(PIC_SLAVE, PIC_EOI);
		port_write8(PIC_MASTER, PIC_EOI);
	}
	irq_fired(line);
}

void
interrupt_timer_acknowledge(void)
{
	if (lapic != NULL)
		lapic_write(LAPIC_EOI, 0);
	else
		port_write8(PIC_MASTER, PIC_EOI);
}

void
interrupt_timer_start_calibration(void)
{
	lapic_write(LAPIC_TIMER_START, UINT32_MAX);
}

uint32_t
interrupt_timer_read(void)
{
	return lapic[LAPIC_TIMER_NOW / 4];
}

void
interrupt_timer_calibrate(uint64_t lapic_ticks, uint64_t elapsed_ns)
{
	timer_multiplier = (lapic_ticks << 32) / elapsed_ns;
	lapic_write(LAPIC_TIMER_START, 0);
	lapic_write(LAPIC_TIMER, VECTOR_TIMER);
}

/* One shot after `delta_ns`, or as late as the counter reaches: whoever asked looks at the clock
 * again. */
void
interrupt_timer_set(uint64_t delta_ns)
{
	unsigned __int128 ticks;
	uint64_t pit_ticks;

	if (lapic != NULL) {
		ticks = ((unsigned __int128)delta_ns * timer_multiplier) >> 32;
		if (delta_ns != 0 && ticks == 0)
			ticks = 1;
		lapic_write(LAPIC_TIMER_START, ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks);
		return;
	}
	/* The PIT cannot be stopped: an early interrupt finds nothing due. */
	pit_ticks = PIT_TICKS_MAX;
	if (delta_ns != 0 && delta_ns < PIT_TICKS_MAX * UINT64_C(1000000000) / PIT_HZ)
		pit_ticks = delta_ns * PIT_HZ / 1000000000 + 1;
	port_write8(PIT_COMMAND, 0x30); /* channel 0, interrupt on terminal count */
	port_write8(PIT_CHANNEL0, (uint8_t)pit_ticks);
	port_write8(PIT_CHANNEL0, (uint8_t)(pit_ticks >> 8));
}
