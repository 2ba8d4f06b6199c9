/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The end of the kernel: a broken invariant. The message with the CPU, the registers
 * of an exception, a backtrace (addresses for llvm-symbolizer), and the machine stops with
 * DEBUG_EXIT_PANIC.
 */
#include "base/annotate.h"

#define DEBUG_EXIT_PANIC 125

/* Log to the debug console from here on. */
void debug_start(void);
_Noreturn void kernel_panic(const char *format, ...) PRINTF_LIKE(1, 2) COLD;
