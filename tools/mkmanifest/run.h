/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Running the stock tools: what they print is read whole, and a failure of theirs is a failure of
 * ours. */
#include <stddef.h>
#include <stdint.h>

/* Bytes in memory of their own, 8-byte aligned. */
struct bytes {
	uint8_t *data;
	size_t size;
};

/* Says what is wrong on stderr and ends the program with status 1. */
_Noreturn void refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* malloc that does not fail; the bytes are zero. */
void *allocate(size_t byte_count);

struct bytes file_read(const char *path);
/* The file appears whole or not at all. */
void file_write(const char *path, struct bytes content);

/* Run arguments[0] (an absolute path) with `input` on its standard input; its output. It has to end
 * well. */
struct bytes run(char *const arguments[], struct bytes input);

/* The path of a stock tool: the variable of that name, or a clear refusal. */
const char *tool_path(const char *variable);
