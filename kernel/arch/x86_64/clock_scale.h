/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Arithmetic between counters and nanoseconds, in 64 bits and products of 128: there is no
 * division of 128 bits in the kernel. Pure code, tested on the host.
 */
#include "base/types.h"

#define CLOCK_SHIFT 32
#define NS_PER_SECOND UINT64_C(1000000000)
#define HZ_MIN UINT64_C(1000000)
#define HZ_MAX UINT64_C(100000000000)

/* A rate from what was counted in a time; 0 if it is none that a counter may have. */
static inline uint64_t
clock_hz(uint64_t ticks, uint64_t elapsed_ns)
{
	uint64_t hz;

	if (elapsed_ns == 0 || ticks > UINT64_MAX / NS_PER_SECOND)
		return 0;
	hz = ticks * NS_PER_SECOND / elapsed_ns;
	return hz < HZ_MIN || hz > HZ_MAX ? 0 : hz;
}

/* CPUID leaf 15h: crystal times numerator by denominator; 0 if the processor does not say. */
static inline uint64_t
clock_hz_of_crystal(uint32_t denominator, uint32_t numerator, uint32_t crystal_hz)
{
	uint64_t hz;

	if (denominator == 0 || numerator == 0 || crystal_hz == 0)
		return 0;
	hz = (uint64_t)crystal_hz * numerator / denominator;
	return hz < HZ_MIN || hz > HZ_MAX ? 0 : hz;
}

/* `hz` is between HZ_MIN and HZ_MAX. */
static inline uint64_t
clock_multiplier(uint64_t hz)
{
	return (NS_PER_SECOND << CLOCK_SHIFT) / hz;
}

static inline uint64_t
clock_ticks_to_ns(uint64_t ticks, uint64_t multiplier)
{
	return (uint64_t)(((unsigned __int128)ticks * multiplier) >> CLOCK_SHIFT);
}

/*
 * The other way, for a counter with `multiplier` ticks per nanosecond (CLOCK_SHIFT bits of
 * fraction): at least 1, at most `ticks_max`.
 */
static inline uint64_t
clock_ns_to_ticks(uint64_t ns, uint64_t multiplier, uint64_t ticks_max)
{
	unsigned __int128 ticks = ((unsigned __int128)ns * multiplier) >> CLOCK_SHIFT;

	if (ticks == 0)
		return 1;
	return ticks > ticks_max ? ticks_max : (uint64_t)ticks;
}
