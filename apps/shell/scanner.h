/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Reading one command line, from left to right. The first mistake is kept with its place and with
 * what was expected there; after it, everything fails, so that a parser needs to look only once, at
 * its end.
 */
#include <stdbool.h>
#include <stdint.h>

struct shell_text {
	const char *bytes; /* not NUL-terminated */
	uint32_t size;
};

struct scanner {
	const char *line;
	uint32_t size;
	uint32_t position;
	bool failed;
	uint32_t error_position;
	char error[160]; /* NUL-terminated */
};

void scanner_init(struct scanner *scanner, const char *line, uint32_t size);

/* Only the first mistake is kept. `text` says what was expected or is wrong. */
void scanner_fail(struct scanner *scanner, uint32_t position, const char *text);

/* True at the end of the line, spaces skipped. */
bool scanner_is_at_end(struct scanner *scanner);
/* The next byte that is no space, or 0 at the end. */
char scanner_peek(struct scanner *scanner);

/* Take `symbol` (for example "{" or "->") if it is next. */
bool scanner_try(struct scanner *scanner, const char *symbol);
void scanner_expect(struct scanner *scanner, const char *symbol);
void scanner_expect_end(struct scanner *scanner);

/*
 * A name: letters, digits, `-` and `_`; `what` names it in the error ("a capability name"). Empty
 * text on failure.
 */
struct shell_text scanner_name(struct scanner *scanner, const char *what);
/* A name, or a string in double quotes (no escapes: program names have none). */
struct shell_text scanner_name_or_string(struct scanner *scanner, const char *what);
/* All the rest of the line, from the next byte that is no space. */
struct shell_text scanner_rest(struct scanner *scanner);

bool shell_text_is(struct shell_text text, const char *other);
bool scanner_text_equal(struct shell_text text, const char *bytes, uint32_t size);
