/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The time source and the one-shot clock event. Monotonic nanoseconds since the machine started.
 */
#include "base/types.h"

/* What a process needs to compute the time itself; see abi/capset.h. Valid if `multiplier` is not
 * 0. */
struct arch_clock_parameters {
	uint64_t base_tsc;
	uint64_t base_ns;
	uint64_t multiplier;
	uint32_t shift;
};

uint64_t arch_clock_now_ns(void);
const struct arch_clock_parameters *arch_clock_parameters(void);

/*
 * Program this CPU's clock event: kernel_clock_event() (dispatch/entry.h) is called at or after
 * `deadline_ns`, once. A past deadline fires at the next window. UINT64_MAX disarms.
 */
void arch_clock_event_set(uint64_t deadline_ns);
