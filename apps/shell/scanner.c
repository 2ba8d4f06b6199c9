/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one command line; see scanner.h. */
#include "scanner.h"

#include <string.h>

#include <core/format.h>

static bool
is_name_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	    (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

static void
skip_spaces(struct scanner *scanner)
{
	while (scanner->position < scanner->size && scanner->line[scanner->position] == ' ')
		scanner->position++;
}

void
scanner_init(struct scanner *scanner, const char *line, uint32_t size)
{
	memset(scanner, 0, sizeof(*scanner));
	scanner->line = line;
	scanner->size = size;
}

void
scanner_fail(struct scanner *scanner, uint32_t position, const char *text)
{
	if (scanner->failed)
		return;
	scanner->failed = true;
	scanner->error_position = position;
	format_text(scanner->error, sizeof(scanner->error), "%s", text);
}

bool
scanner_is_at_end(struct scanner *scanner)
{
	skip_spaces(scanner);
	return scanner->position == scanner->size;
}

char
scanner_peek(struct scanner *scanner)
{
	return scanner_is_at_end(scanner) ? '\0' : scanner->line[scanner->position];
}

bool
scanner_try(struct scanner *scanner, const char *symbol)
{
	uint32_t size = (uint32_t)strlen(symbol);

	skip_spaces(scanner);
	if (scanner->failed || scanner->size - scanner->position < size)
		return false;
	if (memcmp(scanner->line + scanner->position, symbol, size) != 0)
		return false;
	scanner->position += size;
	return true;
}

static void
fail_expected(struct scanner *scanner, uint32_t position, const char *what)
{
	char text[sizeof(scanner->error)];

	format_text(text, sizeof(text), "%s was expected here", what);
	scanner_fail(scanner, position, text);
}

void
scanner_expect(struct scanner *scanner, const char *symbol)
{
	char quoted[16];

	if (scanner_try(scanner, symbol))
		return;
	format_text(quoted, sizeof(quoted), "`%s`", symbol);
	fail_expected(scanner, scanner->position, quoted);
}

void
scanner_expect_end(struct scanner *scanner)
{
	if (!scanner_is_at_end(scanner))
		fail_expected(scanner, scanner->position, "the end of the line");
}

struct shell_text
scanner_name(struct scanner *scanner, const char *what)
{
	struct shell_text name = { "", 0 };
	uint32_t start;

	skip_spaces(scanner);
	start = scanner->position;
	if (scanner->failed)
		return name;
	while (scanner->position < scanner->size && is_name_byte(scanner->line[scanner->position]))
		scanner->position++;
	if (scanner->position == start) {
		fail_expected(scanner, start, what);
		return name;
	}
	name.bytes = scanner->line + start;
	name.size = scanner->position - start;
	return name;
}

struct shell_text
scanner_name_or_string(struct scanner *scanner, const char *what)
{
	struct shell_text text = { "", 0 };
	const char *end;

	if (scanner_peek(scanner) != '"')
		return scanner_name(scanner, what);
	scanner->position++;
	end = memchr(scanner->line + scanner->position, '"', scanner->size - scanner->position);
	if (end == NULL) {
		scanner_fail(scanner, scanner->position - 1, "this string has no closing `\"`");
		return text;
	}
	text.bytes = scanner->line + scanner->position;
	text.size = (uint32_t)(end - text.bytes);
	if (text.size == 0)
		fail_expected(scanner, scanner->position, what);
	scanner->position += text.size + 1;
	return text;
}

struct shell_text
scanner_rest(struct scanner *scanner)
{
	struct shell_text rest;

	skip_spaces(scanner);
	rest.bytes = scanner->line + scanner->position;
	rest.size = scanner->size - scanner->position;
	scanner->position = scanner->size;
	return rest;
}

bool
shell_text_is(struct shell_text text, const char *other)
{
	return text.size == strlen(other) && memcmp(text.bytes, other, text.size) == 0;
}

bool
scanner_text_equal(struct shell_text text, const char *bytes, uint32_t size)
{
	return text.size == size && memcmp(text.bytes, bytes, size) == 0;
}
