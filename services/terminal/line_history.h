/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The lines that were entered before, newest last. Fixed size; the oldest is forgotten. An empty
 * line and a line equal to the newest are not remembered. Hidden input never comes here.
 */
#include <stdint.h>

#define LINE_BYTES_MAX 1024
#define LINE_HISTORY_COUNT 32

struct line_history {
	uint32_t count;	 /* entries that are valid */
	uint32_t newest; /* index of the newest entry */
	uint32_t bytes[LINE_HISTORY_COUNT];
	char lines[LINE_HISTORY_COUNT][LINE_BYTES_MAX];
};

void line_history_add(struct line_history *history, const char *line, uint32_t byte_count);

/**
 * line_history_get - an earlier line.
 * @age:    0 is the newest
 * @length: receives the number of bytes
 * Returns: the line, not NUL-terminated, valid until the next add; NULL if there is none that old.
 */
const char *line_history_get(const struct line_history *history, uint32_t age, uint32_t *length);
