/* SPDX-License-Identifier: Apache-2.0 */
/* What Tab completes; see complete.h. */
#include "complete.h"

#include <capnp/reflect.h>
#include <string.h>

static const char *const command_words[] = { "help", "caps", "inspect", "call", "run", "spawn",
	"trace", "wait", "kill", "release", "stats", "exit" };

static bool
is_word_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	    (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
}

static void
offer(struct completions *out, struct shell_text line, const char *word)
{
	uint32_t typed = line.size - out->start;

	if (out->count < COMPLETIONS_MAX && strlen(word) >= typed &&
	    memcmp(word, line.bytes + out->start, typed) == 0)
		out->words[out->count++] = word;
}

static const struct reflect_interface *
interface_of(const struct cap_names *names, struct shell_text name)
{
	for (uint32_t i = 0; i < names->count; i++)
		if (shell_text_is(name, names->names[i].name))
			return reflect_interface_find(names->names[i].interface_id);
	return NULL;
}

static void
offer_names(struct completions *out, const struct cap_names *names, struct shell_text line)
{
	for (uint32_t i = 0; i < names->count; i++)
		offer(out, line, names->names[i].name);
}

/* `call name.method (` : where the method's arguments start, and the method. NULL: the line is not
 * that far. */
static const struct reflect_method *
method_of_line(const struct cap_names *names, struct shell_text line, uint32_t dot)
{
	const struct reflect_interface *interface;
	uint32_t start = dot;
	uint32_t end = dot + 1;

	while (start > 0 && is_word_byte(line.bytes[start - 1]))
		start--;
	interface = interface_of(names, (struct shell_text){ line.bytes + start, dot - start });
	if (interface == NULL)
		return NULL;
	while (end < line.size && is_word_byte(line.bytes[end]))
		end++;
	return reflect_method_find(
	    interface, (struct capnp_text){ line.bytes + dot + 1, end - dot - 1 });
}

static void
offer_methods(struct completions *out, const struct cap_names *names, struct shell_text line)
{
	uint32_t dot = out->start - 1;
	uint32_t start = dot;
	const struct reflect_interface *interface;

	while (start > 0 && is_word_byte(line.bytes[start - 1]))
		start--;
	interface = interface_of(names, (struct shell_text){ line.bytes + start, dot - start });
	for (uint32_t i = 0; interface != NULL && i < interface->method_count; i++)
		offer(out, line, interface->methods[i].name);
	out->suffix = " (";
}

static void
offer_fields(struct completions *out, const struct cap_names *names, struct shell_text line)
{
	const char *dot = memchr(line.bytes, '.', line.size);
	const struct reflect_method *method =
	    dot == NULL ? NULL : method_of_line(names, line, (uint32_t)(dot - line.bytes));

	for (uint32_t i = 0; method != NULL && i < method->params->field_count; i++)
		offer(out, line, method->params->fields[i].name);
	out->suffix = " = ";
}

/* The last byte before the word that is no space; 0 at the start of the line. */
static char
byte_before(struct shell_text line, uint32_t start)
{
	while (start > 0 && line.bytes[start - 1] == ' ')
		start--;
	return start == 0 ? '\0' : line.bytes[start - 1];
}

void
shell_complete(const struct cap_names *names, struct shell_text line, struct completions *out)
{
	char before;

	memset(out, 0, sizeof(*out));
	out->start = line.size;
	out->suffix = " ";
	while (out->start > 0 && is_word_byte(line.bytes[out->start - 1]))
		out->start--;
	before = byte_before(line, out->start);
	if (before == '\0') {
		for (uint32_t i = 0; i < sizeof(command_words) / sizeof(command_words[0]); i++)
			offer(out, line, command_words[i]);
	} else if (before == '.') {
		offer_methods(out, names, line);
	} else if (before == '(' || before == ',') {
		offer_fields(out, names, line);
	} else {
		offer_names(out, names, line);
		if (line.size >= 5 && memcmp(line.bytes, "call ", 5) == 0 && before != '@')
			out->suffix = ".";
	}
}

uint32_t
completions_common_size(const struct completions *completions)
{
	uint32_t size = 0;

	if (completions->count == 0)
		return 0;
	for (;; size++)
		for (uint32_t i = 0; i < completions->count; i++)
			if (completions->words[i][size] == '\0' ||
			    completions->words[i][size] != completions->words[0][size])
				return size;
}
