/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The kernel's log. A line is `capos: <module>: <text>`. The sink is given by debug/ at start;
 * before that, lines are dropped. Formats: %s %c %d %u %x %lu %lx %llu %llx %p %zu, width and zero
 * padding.
 */
#include "base/annotate.h"

enum log_level {
	LOG_ERROR,
	LOG_WARN,
	LOG_INFO,
	LOG_DEBUG,
};

typedef void (*log_sink_fn)(const char *bytes, unsigned long byte_count);

void log_sink_set(log_sink_fn sink);
void log_level_set(enum log_level level);
void log_line(enum log_level level, const char *module, const char *format, ...) PRINTF_LIKE(3, 4);
