/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands, and running one line. */
#include <core/format.h>

#include "shell.h"

const struct shell_command shell_commands[] = {
	{ "help", "[COMMAND or TOPIC]", "what there is", command_help },
	{ "caps", "", "the capabilities that this shell holds", command_caps },
	{ "inspect", "NAME", "what a capability can do", command_inspect },
	{ "call", "NAME.method (field = value, ...)", "call a method", command_call },
	{ "run", "\"PROGRAM\" [with { name: @cap, ... }]", "start a program and wait for its end",
	    command_run },
	{ "trace", "\"PROGRAM\" [with { ... }]", "the same, and show every call that it makes",
	    command_trace },
	{ "spawn", "\"PROGRAM\" [with { ... }] [-> $handle]", "start a program and go on",
	    command_spawn },
	{ "wait", "HANDLE", "wait for the end of a spawned program", command_wait },
	{ "kill", "HANDLE or CONTROL", "end a spawned program", command_kill },
	{ "release", "NAME", "give a capability back", command_release },
	{ "stats", "", "what the kernel uses, and its limits", command_stats },
	{ "exit", "[CODE]", "leave the shell", command_exit },
	{ 0 },
};

void
shell_run_line(struct shell *shell, struct shell_text line)
{
	struct scanner scanner;
	struct shell_text word;

	scanner_init(&scanner, line.bytes, line.size);
	if (scanner_is_at_end(&scanner))
		return;
	word = scanner_name(&scanner, "a command");
	for (const struct shell_command *command = shell_commands; !scanner.failed; command++) {
		if (command->name == NULL) {
			scanner_fail(&scanner, (uint32_t)(word.bytes - line.bytes),
			    "no such command; `help` lists them");
			break;
		}
		if (shell_text_is(word, command->name)) {
			command->run(shell, &scanner);
			break;
		}
	}
	if (scanner.failed)
		shell_show_mistake(shell, scanner.error_position, scanner.error);
	shell_flush(shell);
}
