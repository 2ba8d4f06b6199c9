/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* For claims that nothing is left behind. */
#include <schema/stats.client.h>

/* Frames in use now, once what this program has released has reached the kernel; 0: not known. */
uint64_t frames_used(struct kernel_stats stats);
/*
 * Before the first count: init and the spawner have started us and may not be done with it. Every
 * other program runs until it waits before a yield comes back, and while they still have something
 * to do, frames come and go.
 */
void frames_settle(struct kernel_stats stats);
