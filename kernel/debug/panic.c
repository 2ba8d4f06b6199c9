/* SPDX-License-Identifier: Apache-2.0 */
/* The log's sink, panics and failed assertions. A panic inside a panic stops at once. */
#include "debug/panic.h"

#include <core/format.h>
#include <stdarg.h>

#include "arch/cpu.h"
#include "base/assert.h"
#include "base/log.h"

#define BACKTRACE_MAX 16

static bool is_panicking;

void
debug_start(void)
{
	log_sink_set(arch_debug_write);
}

static void
print_backtrace(void)
{
	uint64_t addresses[BACKTRACE_MAX];
	uint32_t count = arch_backtrace(addresses, BACKTRACE_MAX);

	for (uint32_t i = 0; i < count; i++)
		log_line(LOG_ERROR, "panic", "  from 0x%llx", (unsigned long long)addresses[i]);
}

void
kernel_panic(const char *format, ...)
{
	char text[200];
	va_list arguments;

	if (is_panicking)
		arch_machine_stop(DEBUG_EXIT_PANIC);
	is_panicking = true;
	va_start(arguments, format);
	format_text_list(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_line(LOG_ERROR, "panic", "%s", text);
	print_backtrace();
	arch_machine_stop(DEBUG_EXIT_PANIC);
}

void
kernel_assert_failed(const char *condition, const char *file, int line)
{
	kernel_panic("%s:%d: %s does not hold", file, line, condition);
}
