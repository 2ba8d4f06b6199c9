/* SPDX-License-Identifier: Apache-2.0 */
#include "frames_used.h"

#include <capos/call.h>
#include <capos/ring.h>

#define YIELDS 100

uint64_t
frames_used(struct kernel_stats stats)
{
	uint64_t total = 0;
	uint64_t free = 0;
	uint64_t reserved;

	if (capos_release_flush(stats.cap.self) != CAP_OK ||
	    kernel_stats_frames(stats, &total, &free, &reserved) != CAP_OK)
		return 0;
	return total - free;
}

void
frames_settle(struct kernel_stats stats)
{
	uint64_t frames = 0;

	for (uint32_t same = 0; same < YIELDS; same++) {
		uint64_t now = frames_used(stats);

		if (now != frames)
			same = 0;
		frames = now;
		(void)!capos_enter(CAP_ENTER_YIELD, 0);
	}
}
