/* SPDX-License-Identifier: Apache-2.0 */
/* `call NAME.method (field = value, ...)`: any method of any capability, with typed arguments and
 * results. */
#include <capnp/reflect.h>
#include <core/format.h>
#include <core/text.h>

#include "shell.h"

/* What a call line names, once it has been understood. */
struct call_line {
	struct cap_name *target;
	const struct reflect_method *method;
	uint16_t ordinal;
	uint32_t arguments_position;
	struct shell_text arguments;
};

static bool
resolve_cap(struct capnp_parser *parser, struct capnp_text name, struct capnp_cap *out)
{
	struct shell *shell = parser->context;
	struct cap_name *entry =
	    cap_names_find(&shell->names, (struct shell_text){ name.data, name.size });

	if (entry == NULL) {
		capnp_parser_fail(parser, parser->position - name.size,
		    "%.*s: no such capability; `caps` lists what this shell holds",
		    (int)(name.size > 31 ? 31 : name.size), name.data);
		return false;
	}
	*out = (struct capnp_cap){ .cap_id = entry->cap_id, .interface_id = entry->interface_id };
	return true;
}

static void
parse_method(struct scanner *scanner, struct call_line *line)
{
	const struct reflect_interface *interface =
	    reflect_interface_find(line->target->interface_id);
	uint32_t position = scanner->position;
	struct shell_text name = scanner_name(scanner, "a method");
	char text[120];

	if (scanner->failed)
		return;
	if (interface == NULL) {
		scanner_fail(
		    scanner, position, "this system's schema does not describe the interface");
		return;
	}
	line->method = reflect_method_find(interface, (struct capnp_text){ name.bytes, name.size });
	if (line->method == NULL) {
		format_text(text, sizeof(text), "%s has no method `%.*s`; `inspect %s` lists them",
		    interface->name, (int)(name.size > 40 ? 40 : name.size), name.bytes,
		    line->target->name);
		scanner_fail(scanner, position, text);
		return;
	}
	line->ordinal = (uint16_t)(line->method - interface->methods);
}

static bool
parse_call(struct shell *shell, struct scanner *scanner, struct call_line *line)
{
	line->target = shell_expect_cap(shell, scanner);
	if (line->target == NULL)
		return false;
	scanner_expect(scanner, ".");
	if (!scanner->failed)
		parse_method(scanner, line);
	if (scanner->failed)
		return false;
	(void)scanner_peek(scanner);
	line->arguments_position = scanner->position;
	line->arguments = scanner_rest(scanner);
	return true;
}

static bool
build_arguments(struct shell *shell, struct scanner *scanner, const struct call_line *line,
    struct capos_call *call)
{
	const struct reflect_struct *type = line->method->params;
	struct capnp_struct_builder root = capnp_builder_root(
	    &call->params, type->data_words, type->pointer_count, type->cap_count);
	struct capnp_parser parser;

	capnp_parser_init(&parser, line->arguments.bytes, line->arguments.size);
	parser.resolve_cap = resolve_cap;
	parser.context = shell;
	if (line->arguments.size == 0)
		return true; /* `call timer.now` means `call timer.now ()` */
	(void)capnp_parse_struct(&parser, type, root);
	while (
	    !parser.failed && parser.position < parser.size && parser.text[parser.position] == ' ')
		parser.position++;
	if (!parser.failed && parser.position < parser.size)
		capnp_parser_fail(
		    &parser, parser.position, "the end of the line was expected here");
	if (parser.failed)
		scanner_fail(
		    scanner, line->arguments_position + parser.error_position, parser.error);
	return !parser.failed;
}

/* Give every capability of the results a name. The printer then finds it. */
static const char *
name_of_cap(void *context, struct capnp_cap cap)
{
	struct shell *shell = context;

	for (uint32_t i = 0; i < shell->names.count; i++)
		if (shell->names.names[i].cap_id == cap.cap_id)
			return shell->names.names[i].name;
	return NULL;
}

static struct shell_text
stem_of_result(const struct reflect_struct *results, uint32_t ordinal)
{
	const char *name = "result";
	struct shell_text stem;

	for (uint32_t i = 0; i < results->field_count; i++)
		if (results->fields[i].cap_ordinal == ordinal)
			name = results->fields[i].name;
	stem.bytes = name;
	stem.size = 0;
	while (name[stem.size] != '\0')
		stem.size++;
	return stem;
}

static void
keep_results(struct shell *shell, const struct call_line *line, struct capos_call *call)
{
	char from[CAP_NAME_BYTES];

	format_text(from, sizeof(from), "%s", line->target->name);
	for (uint32_t i = 0; i < call->results.cap_count; i++) {
		struct capos_cap cap;

		if (call->results.caps[i].cap_id == 0)
			continue;
		if (capos_adopt(call, i, 0, &cap) == CAP_OK &&
		    shell_keep(shell, cap, stem_of_result(line->method->results, i), from) == NULL)
			shell_print(shell,
			    "no name is left for a capability of the answer: it was released\n");
	}
}

static void
show_results(struct shell *shell, const struct call_line *line, struct capos_call *call)
{
	static char text[SHELL_OUTPUT_BYTES - 100];
	struct capnp_printer printer = {
		.buffer = text, .capacity = sizeof(text), .cap_name = name_of_cap, .context = shell
	};

	keep_results(shell, line, call);
	capnp_print_struct(&printer, line->method->results, capnp_reader_root(&call->results));
	shell_print(shell, "%s%s\n", text, printer.is_cut ? " ..." : "");
	if (capnp_reader_error(&call->results) != CAPNP_OK)
		shell_print(shell, "the answer is damaged: %s\n",
		    capnp_error_name(capnp_reader_error(&call->results)));
}

/* A capability that the call gave away is not the shell's any more. */
static void
forget_moved(struct shell *shell, const struct capnp_cap *sent, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < shell->names.count; k++)
			if (sent[i].mode == CAPNP_CAP_MOVE &&
			    shell->names.names[k].cap_id == sent[i].cap_id)
				cap_names_remove(&shell->names, &shell->names.names[k]);
}

void
command_call(struct shell *shell, struct scanner *scanner)
{
	struct capnp_cap sent[CAPNP_CAPS_MAX];
	struct call_line line = { 0 };
	struct capos_call call;
	uint32_t sent_count;
	enum cap_status status;

	if (!parse_call(shell, scanner, &line))
		return;
	capos_call_begin_kind(&call,
	    (struct capos_cap){ shell->self, line.target->cap_id, line.target->interface_id },
	    line.ordinal, CAPNP_CAPS_MAX, CAPOS_BLOCK_LARGE);
	if (!build_arguments(shell, scanner, &line, &call)) {
		capos_call_end(&call);
		return;
	}
	sent_count = call.params.cap_count;
	for (uint32_t i = 0; i < sent_count; i++)
		sent[i] = call.params.caps[i];
	status = capos_call_run(&call);
	if (status == CAP_OK) {
		show_results(shell, &line, &call);
		forget_moved(shell, sent, sent_count);
	} else {
		shell_show_failure(shell, status, &call);
	}
	capos_call_end(&call);
}
