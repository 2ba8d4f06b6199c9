/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: the time-stamp counter, its rate from the processor or the hypervisor, else measured
 * against the HPET or the PIT's channel 2, together with the rate of the local APIC's timer.
 */
#include "arch/clock.h"
#include "base/log.h"
#include "boot/boot.h"
#include "clock_scale.h"
#include "dispatch/entry.h"
#include "instructions.h"
#include "machine.h"

#define PIT_HZ UINT64_C(1193182)
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND 0x43
#define PIT_GATE 0x61
#define PIT_TICKS 11932 /* 10 ms: its steps are coarse */

#define HPET_PERIOD 0x04 /* femtoseconds: the upper half of the capabilities */
#define HPET_CONFIGURATION 0x10
#define HPET_COUNTER 0xf0
#define HPET_PERIOD_MAX 100000000
#define HPET_MEASURE_NS 1000000
#define FEMTOSECONDS_PER_NS UINT64_C(1000000)
#define SAMPLES 8

#define POLLS_MAX 5000000 /* a counter that stands still must not stop the kernel */

static struct arch_clock_parameters parameters;
static uint64_t event_ns = UINT64_MAX; /* when the clock event is due */

/* What passed while a reference counter measured the time. */
struct measurement {
	uint64_t elapsed_ns;
	uint64_t tsc_ticks;
	uint64_t lapic_ticks;
};

struct sample {
	uint32_t hpet;
	uint32_t lapic;
	uint64_t tsc;
};

static uint32_t
lapic_left(void)
{
	return interrupt_has_lapic() ? interrupt_timer_read() : 0;
}

static bool
measure_by_pit(struct measurement *out)
{
	uint8_t gate = (uint8_t)((port_read8(PIT_GATE) & ~2) | 1);
	uint64_t start;
	uint32_t polls = 0;
	uint32_t lapic;

	port_write8(PIT_GATE, (uint8_t)(gate & ~1));
	port_write8(PIT_COMMAND, 0xb0); /* channel 2, terminal count */
	port_write8(PIT_CHANNEL2, PIT_TICKS & 0xff);
	port_write8(PIT_CHANNEL2, PIT_TICKS >> 8);
	lapic = lapic_left();
	start = time_stamp();
	port_write8(PIT_GATE, gate);
	while (!(port_read8(PIT_GATE) & 0x20))
		if (++polls == POLLS_MAX)
			return false;
	out->tsc_ticks = time_stamp() - start;
	out->lapic_ticks = lapic - lapic_left();
	out->elapsed_ns = PIT_TICKS * NS_PER_SECOND / PIT_HZ;
	return true;
}

/* All counters at one moment: the closest of several looks. */
static struct sample
sample_take(volatile uint32_t *hpet)
{
	struct sample best = { 0 };
	uint64_t best_width = UINT64_MAX;

	for (uint32_t i = 0; i < SAMPLES; i++) {
		uint64_t before = time_stamp();
		uint32_t counter = hpet[HPET_COUNTER / 4];
		uint64_t width = time_stamp() - before;
		uint32_t lapic = lapic_left();
		if (width < best_width) {
			best_width = width;
			best = (struct sample){ counter, lapic, before + width / 2 };
		}
	}
	return best;
}

static bool
measure_by_hpet(paddr_t address, struct measurement *out)
{
	volatile uint32_t *hpet = paging_device(address);
	uint64_t period = hpet[HPET_PERIOD / 4];
	uint32_t polls = 0;
	uint32_t ticks;
	struct sample first;
	struct sample last;

	if (period == 0 || period > HPET_PERIOD_MAX)
		return false;
	hpet[HPET_CONFIGURATION / 4] |= 1; /* count */
	ticks = (uint32_t)(HPET_MEASURE_NS * FEMTOSECONDS_PER_NS / period);
	first = sample_take(hpet);
	while (hpet[HPET_COUNTER / 4] - first.hpet < ticks)
		if (++polls == POLLS_MAX)
			return false;
	last = sample_take(hpet);
	out->elapsed_ns = (uint64_t)(last.hpet - first.hpet) * period / FEMTOSECONDS_PER_NS;
	out->tsc_ticks = last.tsc - first.tsc;
	out->lapic_ticks = first.lapic - last.lapic;
	return true;
}

/* What the processor, or the hypervisor in kHz, says of the counter's rate; 0: neither does. */
static uint64_t
announced_hz(const char **source)
{
	struct cpuid leaf;
	uint64_t hz = 0;

	if (cpuid(0, 0).eax >= 0x15) {
		leaf = cpuid(0x15, 0);
		hz = clock_hz_of_crystal(leaf.eax, leaf.ebx, leaf.ecx);
		*source = "as the processor says";
	}
	if (hz == 0 && cpu_is_virtual() && cpuid(0x40000000, 0).eax >= 0x40000010) {
		hz = clock_hz((uint64_t)cpuid(0x40000010, 0).eax * 1000, NS_PER_SECOND);
		*source = "as the hypervisor says";
	}
	return hz;
}

static uint64_t
measured_hz(paddr_t hpet, const char **source)
{
	struct measurement measured = { 0 };

	if (interrupt_has_lapic())
		interrupt_timer_calibration_start();
	*source = "measured by the HPET";
	if (hpet == 0 || !measure_by_hpet(hpet, &measured)) {
		*source = "measured by the PIT";
		if (!measure_by_pit(&measured))
			boot_fatal(BOOT_EXIT_CPU, "no timer moves: the clock has no rate");
	}
	if (interrupt_has_lapic())
		interrupt_timer_calibration_end(measured.lapic_ticks, measured.elapsed_ns);
	return clock_hz(measured.tsc_ticks, measured.elapsed_ns);
}

static bool
is_invariant(void)
{
	return cpuid(0x80000000, 0).eax >= 0x80000007 &&
	    (cpuid(0x80000007, 0).edx & (1U << 8)) != 0;
}

/* The local APIC's timer is measured in any case. */
void
clock_init(paddr_t hpet)
{
	const char *announcer = "";
	const char *source;
	uint64_t announced = announced_hz(&announcer);
	uint64_t hz = measured_hz(hpet, &source);

	if (announced != 0) {
		hz = announced;
		source = announcer;
	}
	if (hz == 0)
		boot_fatal(BOOT_EXIT_CPU, "the time-stamp counter has no rate that can be true");
	if (!is_invariant() && !cpu_is_virtual())
		boot_fatal(BOOT_EXIT_CPU, "the time-stamp counter changes its rate");
	parameters.multiplier = clock_multiplier(hz);
	parameters.shift = CLOCK_SHIFT;
	parameters.base_tsc = time_stamp();
	parameters.base_ns = 1;
	log_line(LOG_INFO, "clock", "time-stamp counter at %llu kHz, %s%s",
	    (unsigned long long)(hz / 1000), source,
	    is_invariant() ? "" : "; not invariant: trusted because this is a virtual machine");
}

uint64_t
arch_clock_now_ns(void)
{
	return parameters.base_ns +
	    clock_ticks_to_ns(time_stamp() - parameters.base_tsc, parameters.multiplier);
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

	event_ns = deadline_ns;
	if (deadline_ns == UINT64_MAX) {
		interrupt_timer_set(0);
		return;
	}
	now_ns = arch_clock_now_ns();
	interrupt_timer_set(deadline_ns > now_ns ? deadline_ns - now_ns : 1);
}

/* The timers reach less far than deadlines may lie, and their rates are rounded: go on waiting. */
void
clock_event_fired(void)
{
	if (event_ns == UINT64_MAX)
		return;
	if (arch_clock_now_ns() < event_ns) {
		arch_clock_event_set(event_ns);
		return;
	}
	event_ns = UINT64_MAX;
	kernel_clock_event();
}
