/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Which I/O ports a process may be given. Not those that the kernel itself uses, and none by which
 * a process could write memory, or stop or subvert the machine, around every capability.
 */
#include "base/types.h"

/* The `count` ports from `base` may be given; false also for none, and beyond the last port. */
bool device_ports_are_free(uint16_t base, uint16_t count);
