/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which the portable kernel starts; see boot.h. */
#include "boot/boot.h"

#include <core/format.h>
#include <stdarg.h>

#include "arch/cpu.h"
#include "base/log.h"
#include "boot/first_process.h"
#include "dispatch/entry.h"
#include "mm/address_space.h"
#include "mm/job.h"
#include "mm/ledger.h"
#include "mm/memory_object.h"
#include "object/permanent.h"
#include "proc/process.h"

void
boot_fatal(uint8_t exit_code, const char *format, ...)
{
	char text[220];
	va_list arguments;

	va_start(arguments, format);
	format_text_list(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_line(LOG_ERROR, "boot", "fatal: %s", text);
	arch_machine_stop(exit_code);
}

void
kernel_boot(const struct boot_request *request)
{
	static const struct kernel_hooks hooks = { .exit = process_exit };
	enum cap_status status;
	char why[200];

	ledger_module_init();
	job_module_init();
	address_space_module_init();
	memory_object_module_init();
	kernel_core_init(&hooks);
	process_module_init();
	objects_init();
	log_line(LOG_INFO, "boot", "core ready; reading the boot package, %llu bytes",
	    (unsigned long long)request->package_bytes);
	boot_package_set(request->package, request->package_bytes);
	status = first_process_start(
	    request->package, request->package_bytes, request->cpu_refusal, why);
	if (status != CAP_OK)
		boot_fatal(
		    status == CAP_ERR_DEVICE_FAILED ? BOOT_EXIT_CPU : BOOT_EXIT_PACKAGE, "%s", why);
	log_line(LOG_INFO, "boot", "init started");
	kernel_leave();
}
