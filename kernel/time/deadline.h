/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Deadlines: an ordered intrusive tree per CPU; O(log n), nothing allocated. The clock event is programmed only when an
 * earlier deadline appears. Lock: LOCK_RANK_TIME, inside.
 */
#include "base/types.h"

struct deadline {
	uint64_t	 when_ns;
	struct deadline *parent, *left, *right;
	void (*expired)(struct deadline *deadline); /* called with no lock held; the deadline is unlinked */
};

void deadline_arm(struct deadline *deadline, uint64_t when_ns);
/* False: it was not armed any more (expired runs, or ran). */
bool deadline_disarm(struct deadline *deadline);
/* Run up to 16 that are due; true if more are due. */
bool deadline_run(uint64_t now_ns);
