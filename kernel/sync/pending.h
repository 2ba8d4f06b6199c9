/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a CPU has to look at before it goes to user mode, counted by whoever brings it, so that
 * "nothing" is one comparison on the way out. `ready` is guarded by the lock of the run queue; the
 * rest only the CPU itself touches, in the kernel or in its interrupt handlers, which run in
 * windows.
 */
#include "base/types.h"

struct pending {
	union {
		struct {
			uint16_t due;	  /* 1: a clock event or an interrupt came */
			uint16_t handoff; /* 1: the thread to run next is ready beside the queue */
			uint32_t ready;	  /* threads in the run queue */
			uint32_t reaps;	  /* jobs on the reap list */
			uint32_t grace;	  /* items that wait for the grace period */
		};
		uint64_t words[2]; /* all of them */
	};
};

/* Nothing but the hand-over. */
static inline bool
pending_is_handoff(const struct pending *pending)
{
	const struct pending handoff = { .handoff = 1 };

	return pending->words[0] == handoff.words[0] && pending->words[1] == 0;
}

static inline bool
pending_is_empty(const struct pending *pending)
{
	return (pending->words[0] | pending->words[1]) == 0;
}
