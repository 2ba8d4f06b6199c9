/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What each CPU has for itself and looks at in every entry, in one place, so that one load finds
 * it. Only the CPU itself touches it, but for `pending.ready` (see pending.h).
 */
#include "arch/cpu.h"
#include "sync/pending.h"

struct thread;
struct arch_thread;

struct per_cpu {
	struct pending pending;
	struct thread *current;	    /* the one that runs; NULL: none */
	struct thread *handoff;	    /* ready beside the queue, if pending.handoff */
	struct arch_thread *loaded; /* whose extended state and address space the CPU has */
	uint32_t id;		    /* arch_cpu_id() */
	bool slice_over;
};

extern struct per_cpu per_cpus[CPU_COUNT_MAX];

static inline struct pending *
pending_here(void)
{
	return &arch_per_cpu()->pending;
}
