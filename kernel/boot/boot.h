/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The order in which the portable kernel starts, and how it ends when it cannot.
 */
#include "base/annotate.h"
#include "base/types.h"

/* Exit codes of the machine when the start fails; QEMU shows (code << 1) | 1. */
#define BOOT_EXIT_LOADER 110  /* what the loader left cannot be read */
#define BOOT_EXIT_MODULES 111 /* not exactly one module */
#define BOOT_EXIT_CPU 112     /* the processor is not safe to use, or cannot be used */
#define BOOT_EXIT_PACKAGE 113 /* the boot package cannot be started */
#define BOOT_EXIT_INIT 114    /* init ended otherwise than by exit */

#define MACHINE_CODE_MAX                                                                           \
	100 /* codes of init and of MachineControl.halt; above: the kernel's own                   \
	     */

struct boot_request {
	const void *package; /* the boot package, for ever */
	uint64_t package_bytes;
	const char *cpu_refusal; /* why this processor is not safe, or NULL */
};

/* Memory and machine are there: start the core, then init. */
_Noreturn void kernel_boot(const struct boot_request *request);

/* One line on the log, and the machine stops. */
_Noreturn void boot_fatal(uint8_t exit_code, const char *format, ...) PRINTF_LIKE(2, 3) COLD;
