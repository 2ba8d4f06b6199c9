/* SPDX-License-Identifier: Apache-2.0 */
/* The log's sink, panics and failed assertions. A panic inside a panic stops at once. */
#include "debug/panic.h"

#include <core/format.h>
#include <stdarg.h>

#include "arch/cpu.h"
#include "base/assert.h"
#include "base/log.h"

#define BACKTRACE_MAX 16
#define REGISTERS_MAX 32
#define REGISTERS_PER_LINE 4

static bool is_panicking;

void
debug_start(void)
{
	log_sink_set(arch_debug_write);
}

static void
print_registers(void)
{
	struct arch_register registers[REGISTERS_MAX];
	uint32_t count = arch_panic_registers(registers, REGISTERS_MAX);
	char text[160];
	size_t used = 0;

	for (uint32_t i = 0; i < count; i++) {
		used += format_text(text + used, sizeof(text) - used, "  %s 0x%llx",
		    registers[i].name, (unsigned long long)registers[i].value);
		if ((i + 1) % REGISTERS_PER_LINE != 0 && i + 1 != count)
			continue;
		log_line(LOG_ERROR, "panic", "%s", text);
		used = 0;
	}
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
	log_line(LOG_ERROR, "panic", "cpu %u: %s", arch_panic_cpu(), text);
	print_registers();
	print_backtrace();
	arch_machine_stop(DEBUG_EXIT_PANIC);
}

void
kernel_assert_failed(const char *condition, const char *file, int line)
{
	kernel_panic("%s:%d: %s does not hold", file, line, condition);
}
