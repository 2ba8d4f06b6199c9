/* SPDX-License-Identifier: Apache-2.0 */
/* The words of `run` and `spawn`; see launch_command.h. */
#include "launch_command.h"

#include <string.h>

static void
parse_interface(struct scanner *scanner, struct launch_grant *grant)
{
	grant->kind = LAUNCH_GRANT_ENDPOINT;
	(void)scanner_peek(scanner);
	grant->cap_position = scanner->position;
	grant->interface = scanner_name(scanner, "the interface that its clients see");
}

static void
parse_new_source(struct scanner *scanner, struct launch_grant *grant)
{
	uint32_t position = scanner->position;
	struct shell_text source = scanner_name(scanner, "`virtualMemory`, `endpoint` or `ledger`");

	if (shell_text_is(source, "virtualMemory"))
		grant->kind = LAUNCH_GRANT_VIRTUAL_MEMORY;
	else if (shell_text_is(source, "endpoint"))
		parse_interface(scanner, grant);
	else if (shell_text_is(source, "ledger"))
		grant->kind = LAUNCH_GRANT_LEDGER;
	else
		scanner_fail(
		    scanner, position + 1, "`new` makes `virtualMemory`, `endpoint` or `ledger`");
}

static void
parse_cap(struct scanner *scanner, struct launch_grant *grant)
{
	(void)scanner_peek(scanner);
	grant->cap_position = scanner->position;
	if (!scanner_try(scanner, "@")) {
		scanner_fail(scanner, scanner->position,
		    "`@` and a capability name, `move` or `new` was expected here");
		return;
	}
	grant->cap = scanner_name(scanner, "a capability name");
}

/* `word` followed by something that is no name byte. */
static bool
try_word(struct scanner *scanner, const char *word)
{
	struct scanner before = *scanner;

	if (shell_text_is(scanner_name(scanner, word), word))
		return true;
	*scanner = before;
	return false;
}

static void
parse_grant(struct scanner *scanner, struct launch_command *command)
{
	struct launch_grant *grant;

	if (command->grant_count == LAUNCH_GRANTS_MAX) {
		scanner_fail(scanner, scanner->position, "these are more than 16 grants");
		return;
	}
	grant = &command->grants[command->grant_count];
	memset(grant, 0, sizeof(*grant));
	grant->name = scanner_name(scanner, "a name for the program's capability");
	scanner_expect(scanner, ":");
	if (try_word(scanner, "new")) {
		parse_new_source(scanner, grant);
	} else {
		grant->kind = try_word(scanner, "move") ? LAUNCH_GRANT_MOVE : LAUNCH_GRANT_COPY;
		parse_cap(scanner, grant);
	}
	command->grant_count++;
}

static void
parse_grants(struct scanner *scanner, struct launch_command *command)
{
	scanner_expect(scanner, "{");
	if (scanner_try(scanner, "}"))
		return;
	do {
		parse_grant(scanner, command);
	} while (!scanner->failed && scanner_try(scanner, ","));
	scanner_expect(scanner, "}");
}

static void
check_cap_count(struct scanner *scanner, const struct launch_command *command, uint32_t caps_max)
{
	uint32_t cap_count = 0;

	for (uint32_t i = 0; i < command->grant_count; i++) {
		cap_count += command->grants[i].cap.size != 0;
		if (cap_count > caps_max) {
			scanner_fail(scanner, command->grants[i].cap_position,
			    caps_max == LAUNCH_CAPS_MAX
				? "one message carries at most 8 capabilities"
				: "one message carries at most 8 capabilities, the tap included");
			return;
		}
	}
}

void
launch_command_parse(struct scanner *scanner, struct launch_command *command, uint32_t caps_max)
{
	memset(command, 0, sizeof(*command));
	(void)scanner_peek(scanner);
	command->program_position = scanner->position;
	command->program = scanner_name_or_string(scanner, "a program name");
	if (!scanner->failed && try_word(scanner, "with"))
		parse_grants(scanner, command);
	if (scanner_try(scanner, "->")) {
		scanner_expect(scanner, "$");
		command->handle = scanner_name(scanner, "a name for the handle");
	}
	scanner_expect_end(scanner);
	if (!scanner->failed)
		check_cap_count(scanner, command, caps_max);
}
