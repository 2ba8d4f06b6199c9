/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Deadlines: an ordered intrusive tree per CPU; O(log n), nothing allocated. The clock event is
 * programmed only when an earlier deadline appears. Lock: LOCK_RANK_TIME, inside.
 */
#include "base/types.h"

struct deadline {
	uint64_t when_ns;
	struct deadline *parent, *left, *right;
	void (*expired)(
	    struct deadline *deadline); /* called with no lock held; the deadline is unlinked */
	uint32_t cpu;			/* whose tree it is in */
	bool armed;			/* it is in the tree */
};

/* Forget everything: at start, and between simulator runs. */
void deadline_init(void);
/* One that is not armed. */
void deadline_prepare(struct deadline *deadline, void (*expired)(struct deadline *deadline));

void deadline_arm(struct deadline *deadline, uint64_t when_ns);
/* False: it was not armed any more (expired runs, or ran). */
bool deadline_disarm(struct deadline *deadline);
/* Run up to 16 that are due; true if more are due. */
bool deadline_run(uint64_t now_ns);
/* The earliest deadline of this CPU; UINT64_MAX: none. */
uint64_t deadline_next_ns(void);
