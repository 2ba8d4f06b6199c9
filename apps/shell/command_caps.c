/* SPDX-License-Identifier: Apache-2.0 */
/* `caps`, `inspect` and `release`: what the shell holds, and what it can do. */
#include <capnp/reflect.h>
#include <core/format.h>
#include <core/text.h>

#include "shell.h"

const char *
shell_interface_name(uint64_t interface_id)
{
	const struct reflect_interface *interface = reflect_interface_find(interface_id);

	return interface == NULL ? "(unknown)" : interface->name;
}

struct cap_name *
shell_expect_cap(struct shell *shell, struct scanner *scanner)
{
	char text[96];
	uint32_t position;
	struct shell_text name;
	struct cap_name *entry;

	(void)scanner_peek(scanner);
	position = scanner->position;
	name = scanner_name(scanner, "a capability name");
	if (scanner->failed)
		return NULL;
	entry = cap_names_find(&shell->names, name);
	if (entry == NULL) {
		format_text(text, sizeof(text),
		    "%.*s: no such capability; `caps` lists what this shell holds",
		    (int)(name.size > 31 ? 31 : name.size), name.bytes);
		scanner_fail(scanner, position, text);
	}
	return entry;
}

const char *
shell_keep(struct shell *shell, struct capos_cap cap, struct shell_text stem, const char *from)
{
	struct cap_name entry = { .cap_id = cap.cap_id, .interface_id = cap.interface_id };

	format_text(entry.from, sizeof(entry.from), "%s", from);
	if (!cap_names_invent(&shell->names, stem, entry.name) ||
	    cap_names_add(&shell->names, &entry) != CAP_NAMES_OK) {
		capos_release(cap);
		return NULL;
	}
	return shell->names.names[shell->names.count - 1].name;
}

void
command_caps(struct shell *shell, struct scanner *scanner)
{
	scanner_expect_end(scanner);
	if (scanner->failed)
		return;
	shell_print(shell, "  %-14s %-19s %s\n", "name", "interface", "from");
	for (uint32_t i = 0; i < shell->names.count; i++) {
		const struct cap_name *entry = &shell->names.names[i];

		shell_print(shell, "  %-14s %-19s %s\n", entry->name,
		    shell_interface_name(entry->interface_id), entry->from);
	}
}

/* The first line of a comment. */
static int
first_line_size(const char *comment)
{
	int size = 0;

	while (comment[size] != '\0' && comment[size] != '\n')
		size++;
	return size;
}

static void
show_method(struct shell *shell, const struct reflect_method *method)
{
	char params[200] = "";
	char results[200] = "";
	struct capnp_printer params_printer = { .buffer = params, .capacity = sizeof(params) };
	struct capnp_printer results_printer = { .buffer = results, .capacity = sizeof(results) };

	capnp_print_signature(&params_printer, method->params);
	capnp_print_signature(&results_printer, method->results);
	shell_print(shell, "  %s %s -> %s\n", method->name, params, results);
	if (method->comment[0] != '\0')
		shell_print(
		    shell, "      %.*s\n", first_line_size(method->comment), method->comment);
}

void
command_inspect(struct shell *shell, struct scanner *scanner)
{
	struct cap_name *entry = shell_expect_cap(shell, scanner);
	const struct reflect_interface *interface;

	scanner_expect_end(scanner);
	if (scanner->failed)
		return;
	interface = reflect_interface_find(entry->interface_id);
	if (interface == NULL) {
		shell_print(shell,
		    "interface 0x%llx, which this system's schema does not describe\n",
		    (unsigned long long)entry->interface_id);
		return;
	}
	shell_print(shell, "%s: %.*s\n", interface->name, first_line_size(interface->comment),
	    interface->comment);
	for (uint32_t i = 0; i < interface->method_count; i++)
		show_method(shell, &interface->methods[i]);
}

void
command_release(struct shell *shell, struct scanner *scanner)
{
	uint32_t position = (scanner_peek(scanner), scanner->position);
	struct cap_name *entry = shell_expect_cap(shell, scanner);
	enum cap_status status;

	scanner_expect_end(scanner);
	if (scanner->failed)
		return;
	if (entry->pinned) {
		scanner_fail(scanner, position, "the shell itself needs this one");
		return;
	}
	capos_release((struct capos_cap){ shell->self, entry->cap_id, entry->interface_id });
	status = capos_release_flush(shell->self);
	cap_names_remove(&shell->names, entry);
	if (status != CAP_OK)
		shell_print(
		    shell, "%s: %s\n", cap_status_name(status), cap_status_sentence(status));
}
