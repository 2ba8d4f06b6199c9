/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's log; see log.h. A line is built whole and handed to the sink at once. */
#include "base/log.h"

#include <core/format.h>
#include <stdarg.h>

#define LINE_BYTES 256

static log_sink_fn log_sink;
static enum log_level log_level_max = LOG_INFO;

void
log_sink_set(log_sink_fn sink)
{
	log_sink = sink;
}

void
log_level_set(enum log_level level)
{
	log_level_max = level;
}

void
log_line(enum log_level level, const char *module, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list arguments;
	size_t used;

	if (log_sink == NULL || level > log_level_max)
		return;
	used = format_text(line, sizeof(line) - 1, "capos: %s: ", module);
	va_start(arguments, format);
	used += format_text_list(line + used, sizeof(line) - 1 - used, format, arguments);
	va_end(arguments);
	line[used++] = '\n';
	log_sink(line, used);
}
