/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: the time-stamp counter, its rate from the processor or the hypervisor, else measured
 * against the PIT's channel 2, together with the rate of the local APIC's timer.
 */
#include "arch/clock.h"
#include "base/log.h"
#include "instructions.h"
#include "machine.h"

#define PIT_HZ UINT64_C(1193182)
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_GATE 0x61
#define CALIBRATION_TICKS 11932 /* 10 ms */
#define CALIBRATION_NS (CALIBRATION_TICKS * UINT64_C(1000000000) / PIT_HZ)
#define POLLS_MAX 50000000
#define CLOCK_SHIFT 32

static struct arch_clock_parameters parameters;

/* Count TSC and LAPIC ticks while the PIT counts down once. False if the PIT does not move. */
static bool
measure(uint64_t *tsc_ticks, uint64_t *lapic_ticks)
{
	uint8_t gate = (uint8_t)((port_read8(PIT_GATE) & ~2) | 1);
	uint64_t start;
	uint32_t polls = 0;

	port_write8(PIT_GATE, (uint8_t)(gate & ~1));
	port_write8(PIT_COMMAND, 0xb0); /* channel 2, terminal count */
	port_write8(PIT_CHANNEL2, CALIBRATION_TICKS & 0xff);
	port_write8(PIT_CHANNEL2, CALIBRATION_TICKS >> 8);
	if (interrupt_has_lapic())
		interrupt_timer_start_calibration();
	start = time_stamp();
	port_write8(PIT_GATE, gate);
	while (!(port_read8(PIT_GATE) & 0x20))
		if (++polls == POLLS_MAX)
			return false;
	*tsc_ticks = time_stamp() - start;
	*lapic_ticks = interrupt_has_lapic() ? UINT32_MAX - interrupt_timer_read() : 0;
	return true;
}

/* CPUID 15h: crystal and ratio; hypervisor leaf 0x40000010: kHz. Zero where neither says it. */
static uint64_t
announced_hz(void)
{
	struct cpuid leaf;

	if (cpuid(0, 0).eax >= 0x15) {
		leaf = cpuid(0x15, 0);
		if (leaf.eax != 0 && leaf.ebx != 0 && leaf.ecx != 0)
			return (uint64_t)leaf.ecx * leaf.ebx / leaf.eax;
	}
	if ((cpuid(1, 0).ecx & (1U << 31)) && cpuid(0x40000000, 0).eax >= 0x40000010)
		return (uint64_t)cpuid(0x40000010, 0).eax * 1000;
	return 0;
}

void
clock_init(void)
{
	uint64_t tsc_ticks = 0;
	uint64_t lapic_ticks = 0;
	uint64_t hz = announced_hz();
	bool invariant =
	    cpuid(0x80000000, 0).eax >= 0x80000007 && (cpuid(0x80000007, 0).edx & (1U << 8));

	if (measure(&tsc_ticks, &lapic_ticks)) {
		if (interrupt_has_lapic())
			interrupt_timer_calibrate(lapic_ticks, CALIBRATION_NS);
		if (hz == 0)
			hz = tsc_ticks * 1000000000 / CALIBRATION_NS;
	}
	if (hz == 0) {
		log_line(LOG_WARN, "clock", "no rate to be had: taking 1 GHz");
		hz = 1000000000;
	}
	parameters.multiplier = (UINT64_C(1000000000) << CLOCK_SHIFT) / hz;
	parameters.shift = CLOCK_SHIFT;
	parameters.base_tsc = time_stamp();
	parameters.base_ns = 1;
	log_line(LOG_INFO, "clock", "time-stamp counter at %llu kHz%s",
	    (unsigned long long)(hz / 1000),
	    invariant ? "" : ", not invariant: trusted because this is a virtual machine");
}

uint64_t
arch_clock_now_ns(void)
{
	uint64_t ticks = time_stamp() - parameters.base_tsc;

	return parameters.base_ns +
	    (uint64_t)(((unsigned __int128)ticks * parameters.multiplier) >> CLOCK_SHIFT);
}

const struct arch_clock_parameters *
arch_clock_parameters(void)
{
	return &parameters;
}

void
arch_clock_event_set(uint64_t deadline_ns)
{
	uint64_t now_ns;

	if (deadline_ns == UINT64_MAX) {
		interrupt_timer_set(0);
		return;
	}
	now_ns = arch_clock_now_ns();
	interrupt_timer_set(deadline_ns > now_ns ? deadline_ns - now_ns : 1);
}
