/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupt controllers: local APIC and I/O APIC (Intel SDM volume 3, chapter 11; 82093AA data
 * sheet), or the legacy PIC and PIT where they are missing. A line that fires is masked before
 * anyone hears of it, and unmasked by whoever serves it.
 */
#include "acpi.h"
#include "arch/interrupt.h"
#include "base/log.h"
#include "clock_scale.h"
#include "instructions.h"
#include "irq/irq.h"
#include "machine.h"

#define LAPIC_ID 0x20
#define LAPIC_PRIORITY 0x80
#define LAPIC_EOI 0xb0
#define LAPIC_SPURIOUS 0xf0
#define LAPIC_TIMER 0x320
#define LAPIC_LINT0 0x350
#define LAPIC_TIMER_START 0x380
#define LAPIC_TIMER_NOW 0x390
#define LAPIC_TIMER_DIVIDE 0x3e0
#define LAPIC_MASKED 0x10000

#define APIC_BASE_X2APIC 0x400
#define APIC_BASE_ENABLED 0x800

#define IOAPIC_VERSION 1
#define IOAPIC_TABLE 0x10
#define IOAPIC_INPUTS_MAX 240
#define IOAPIC_MASKED 0x10000
#define IOAPIC_LEVEL 0x8000
#define IOAPIC_ACTIVE_LOW 0x2000

#define PIC_MASTER 0x20
#define PIC_SLAVE 0xa0
#define PIC_EOI 0x20
#define PIC_READ_SERVICED 0x0b

#define PIT_HZ 1193182
#define PIT_CHANNEL0 0x40
#define PIT_COMMAND 0x43
#define PIT_TICKS_MAX 0xffff

static volatile uint32_t *lapic;
static volatile uint32_t *ioapic;
static struct acpi_machine routes;
static uint32_t ioapic_inputs;
static uint32_t lapic_id;
static uint64_t timer_multiplier; /* LAPIC ticks per nanosecond, CLOCK_SHIFT bits of fraction */
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

/* Firmware may have left it in x2APIC mode, where its registers are not in memory; the way back is
 * through off. */
static void
lapic_init(paddr_t address)
{
	uint64_t base = msr_read(MSR_APIC_BASE);

	if (base & APIC_BASE_X2APIC) {
		base &= ~(uint64_t)(APIC_BASE_X2APIC | APIC_BASE_ENABLED);
		msr_write(MSR_APIC_BASE, base);
	}
	msr_write(MSR_APIC_BASE, base | APIC_BASE_ENABLED);
	lapic = paging_device(address);
	lapic_id = lapic[LAPIC_ID / 4] >> 24;
	lapic_write(LAPIC_PRIORITY, 0);
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
	uint16_t flags = routes.isa[line].flags;

	/* MPS INTI flags: polarity in bits 0 and 1, trigger in bits 2 and 3; zero means as the bus
	 * says: ISA is high, edge. */
	if ((flags & 3) == 3)
		entry |= IOAPIC_ACTIVE_LOW;
	if ((flags >> 2 & 3) == 3)
		entry |= IOAPIC_LEVEL;
	ioapic_write(IOAPIC_TABLE + ioapic_pin(line) * 2 + 1, lapic_id << 24);
	ioapic_write(IOAPIC_TABLE + ioapic_pin(line) * 2, entry | (masked ? IOAPIC_MASKED : 0));
}

/* Whatever the firmware left: no input reaches a processor until somebody asks for it. */
static void
ioapic_init(paddr_t address)
{
	ioapic = paging_device(address);
	ioapic[0] = IOAPIC_VERSION;
	ioapic_inputs = (ioapic[4] >> 16 & 0xff) + 1;
	if (ioapic_inputs > IOAPIC_INPUTS_MAX)
		ioapic_inputs = 0;
	for (uint32_t pin = 0; pin < ioapic_inputs; pin++)
		ioapic_write(IOAPIC_TABLE + pin * 2, IOAPIC_MASKED);
	for (uint32_t line = 0; line < ACPI_ISA_LINES; line++)
		if (arch_irq_exists(line))
			ioapic_route(line, true);
}

void
interrupt_init(const struct acpi_machine *found)
{
	pic_init();
	if (found == NULL || !cpu_has_local_apic()) {
		log_line(LOG_WARN, "interrupt", "no local APIC: using the legacy PIC and PIT");
		pic_mask_set((uint16_t)~(1U << 0 | 1U << 2));
		return;
	}
	routes = *found;
	lapic_init(found->lapic);
	ioapic_init(found->ioapic);
	log_line(LOG_INFO, "interrupt", "local APIC %u, I/O APIC with %u inputs", lapic_id,
	    ioapic_inputs);
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
	return ioapic == NULL || ioapic_pin(line) < ioapic_inputs;
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

static uint8_t
pic_serviced(uint16_t port)
{
	port_write8(port, PIC_READ_SERVICED);
	return port_read8(port);
}

/* A line that went down before it was asked who it is shows as the last of its PIC, and is not in
 * service. */
static bool
pic_is_spurious(uint32_t line)
{
	if (line == 7)
		return (pic_serviced(PIC_MASTER) & 0x80) == 0;
	if (line != 15 || (pic_serviced(PIC_SLAVE) & 0x80) != 0)
		return false;
	port_write8(PIC_MASTER, PIC_EOI); /* it knows of the cascade only */
	return true;
}

void
interrupt_line_fired(uint32_t vector)
{
	uint32_t line = vector - (ioapic != NULL ? VECTOR_LINE_BASE : VECTOR_LEGACY_BASE);

	if (ioapic == NULL && pic_is_spurious(line))
		return;
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
interrupt_timer_calibration_start(void)
{
	lapic_write(LAPIC_TIMER_START, UINT32_MAX);
}

uint32_t
interrupt_timer_read(void)
{
	return lapic[LAPIC_TIMER_NOW / 4];
}

void
interrupt_timer_calibration_end(uint64_t ticks, uint64_t elapsed_ns)
{
	timer_multiplier = (ticks << CLOCK_SHIFT) / elapsed_ns;
	lapic_write(LAPIC_TIMER_START, 0);
	lapic_write(LAPIC_TIMER, VECTOR_TIMER);
}

/* The PIT cannot be stopped: an interrupt that nobody asked for finds nothing due. */
static void
pit_set(uint64_t delta_ns)
{
	uint64_t ticks = PIT_TICKS_MAX;

	if (delta_ns != 0 && delta_ns < PIT_TICKS_MAX * NS_PER_SECOND / PIT_HZ)
		ticks = delta_ns * PIT_HZ / NS_PER_SECOND + 1;
	port_write8(PIT_COMMAND, 0x30); /* channel 0, interrupt on terminal count */
	port_write8(PIT_CHANNEL0, (uint8_t)ticks);
	port_write8(PIT_CHANNEL0, (uint8_t)(ticks >> 8));
}

void
interrupt_timer_set(uint64_t delta_ns)
{
	if (lapic == NULL)
		pit_set(delta_ns);
	else if (delta_ns == 0)
		lapic_write(LAPIC_TIMER_START, 0);
	else
		lapic_write(LAPIC_TIMER_START,
		    (uint32_t)clock_ns_to_ticks(delta_ns, timer_multiplier, UINT32_MAX));
}
