/* SPDX-License-Identifier: Apache-2.0 */
/* `run`, `spawn` and `wait`: programs with exact grants. */
#include <core/format.h>

#include "launch_command.h"
#include "shell.h"

static bool
resolve_grants(struct shell *shell, struct scanner *scanner, const struct launch_command *command)
{
	char text[96];

	for (uint32_t i = 0; i < command->grant_count; i++) {
		const struct launch_grant *grant = &command->grants[i];
		struct cap_name *entry;

		if (grant->cap.size == 0)
			continue;
		entry = cap_names_find(&shell->names, grant->cap);
		if (entry == NULL) {
			format_text(text, sizeof(text),
			    "%.*s: no such capability; `caps` lists what this shell holds",
			    (int)(grant->cap.size > 31 ? 31 : grant->cap.size), grant->cap.bytes);
			scanner_fail(scanner, grant->cap_position, text);
			return false;
		}
		if (grant->kind == LAUNCH_GRANT_MOVE && entry->pinned) {
			scanner_fail(
			    scanner, grant->cap_position, "the shell itself needs this one");
			return false;
		}
	}
	return true;
}

static struct capnp_text
as_text(struct shell_text text)
{
	return (struct capnp_text){ text.bytes, text.size };
}

static void
set_grant(struct shell *shell, struct cap_grant_builder to, const struct launch_grant *grant)
{
	const struct cap_name *entry;

	cap_grant_set_name(to, as_text(grant->name));
	switch (grant->kind) {
	case LAUNCH_GRANT_VIRTUAL_MEMORY:
		cap_grant_set_local(to, LOCAL_SOURCE_VIRTUAL_MEMORY);
		break;
	case LAUNCH_GRANT_ENDPOINT:
		cap_grant_set_local(to, LOCAL_SOURCE_ENDPOINT);
		break;
	case LAUNCH_GRANT_LEDGER:
		cap_grant_set_local(to, LOCAL_SOURCE_LEDGER);
		break;
	default:
		entry = cap_names_find(&shell->names, grant->cap);
		cap_grant_set_cap(to,
		    (struct capnp_cap){ .cap_id = entry->cap_id,
			.interface_id = entry->interface_id,
			.mode =
			    grant->kind == LAUNCH_GRANT_MOVE ? CAPNP_CAP_MOVE : CAPNP_CAP_COPY });
		break;
	}
}

static void
forget_moved(struct shell *shell, const struct launch_command *command)
{
	for (uint32_t i = 0; i < command->grant_count; i++)
		if (command->grants[i].kind == LAUNCH_GRANT_MOVE)
			cap_names_remove(
			    &shell->names, cap_names_find(&shell->names, command->grants[i].cap));
}

/* Start the program; CAP_OK: `handle` is its process. A failure has been shown. */
static enum cap_status
launch(struct shell *shell, const struct launch_command *command, struct process_handle *handle)
{
	struct capos_call call;
	struct process_launcher_launch_params_builder params =
	    process_launcher_launch_begin(&call, shell->launcher);
	struct process_launcher_launch_results results;
	struct cap_grant_list_builder grants;
	enum cap_status status;

	process_launcher_launch_params_set_name(params, as_text(command->program));
	process_launcher_launch_params_set_binary(params, as_text(command->program));
	grants = process_launcher_launch_params_init_grants(params, command->grant_count);
	for (uint32_t i = 0; i < command->grant_count; i++)
		set_grant(shell, cap_grant_builder_at(grants, i), &command->grants[i]);
	status = process_launcher_launch_run(&call, &results);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, PROCESS_HANDLE_INTERFACE_ID, &handle->cap);
	if (status == CAP_OK)
		forget_moved(shell, command);
	else
		shell_show_failure(shell, status, &call);
	capos_call_end(&call);
	return status;
}

static void
show_exit(struct shell *shell, const char *name, struct exit_status status)
{
	switch (exit_status_kind(status)) {
	case EXIT_KIND_EXITED:
		shell_print(shell, "%s: exited %lld\n", name, (long long)exit_status_code(status));
		break;
	case EXIT_KIND_KILLED:
		shell_print(shell, "%s: killed\n", name);
		break;
	default:
		shell_print(shell, "%s: fault %lld at instruction 0x%llx, address 0x%llx\n", name,
		    (long long)exit_status_code(status),
		    (unsigned long long)exit_status_fault_instruction(status),
		    (unsigned long long)exit_status_fault_address(status));
		break;
	}
}

/* Wait for the end of a process and show it; a plain success is not worth a line if `is_quiet`. */
static void
wait_for(struct shell *shell, struct process_handle handle, const char *name, bool is_quiet)
{
	struct capos_call call;
	struct process_handle_wait_results results;
	enum cap_status status;

	(void)process_handle_wait_begin(&call, handle);
	status = process_handle_wait_run(&call, &results);
	if (status == CAP_OK) {
		struct exit_status exit = process_handle_wait_results_status(results);
		bool is_success =
		    exit_status_kind(exit) == EXIT_KIND_EXITED && exit_status_code(exit) == 0;

		if (!is_quiet || !is_success)
			show_exit(shell, name, exit);
	} else {
		shell_show_failure(shell, status, &call);
	}
	capos_call_end(&call);
}

static bool
parse_launch(struct shell *shell, struct scanner *scanner, struct launch_command *command)
{
	uint32_t position = (scanner_peek(scanner), scanner->position);

	if (!shell->has_launcher) {
		scanner_fail(scanner, position, "this shell holds no launcher");
		return false;
	}
	launch_command_parse(scanner, command);
	return !scanner->failed && resolve_grants(shell, scanner, command);
}

static bool
is_known_program(struct shell *shell, struct scanner *scanner, const struct launch_command *command)
{
	struct capos_call call;
	struct process_launcher_binaries_results results;
	char text[96];
	bool is_known = false;

	(void)process_launcher_binaries_begin(&call, shell->launcher);
	if (process_launcher_binaries_run(&call, &results) == CAP_OK) {
		struct capnp_list names = process_launcher_binaries_results_names(results);

		for (uint32_t i = 0; i < names.count; i++) {
			struct capnp_text name = capnp_any_text(capnp_list_any(names, i));

			is_known |= scanner_text_equal(command->program, name.data, name.size);
		}
	}
	capos_call_end(&call);
	if (!is_known) {
		format_text(text, sizeof(text),
		    "%.*s: this shell's launcher starts no such program",
		    (int)(command->program.size > 31 ? 31 : command->program.size),
		    command->program.bytes);
		scanner_fail(scanner, command->program_position, text);
	}
	return is_known;
}

void
command_run(struct shell *shell, struct scanner *scanner)
{
	struct launch_command command;
	struct process_handle handle;
	char name[CAP_NAME_BYTES];

	if (!parse_launch(shell, scanner, &command) || !is_known_program(shell, scanner, &command))
		return;
	format_text(name, sizeof(name), "%.*s", (int)command.program.size, command.program.bytes);
	if (launch(shell, &command, &handle) != CAP_OK)
		return;
	wait_for(shell, handle, name, true);
	capos_release(handle.cap);
}

void
command_spawn(struct shell *shell, struct scanner *scanner)
{
	struct launch_command command;
	struct process_handle handle;
	const char *name;

	if (!parse_launch(shell, scanner, &command) || !is_known_program(shell, scanner, &command))
		return;
	if (command.handle.size == 0)
		command.handle = command.program;
	if (launch(shell, &command, &handle) != CAP_OK)
		return;
	name = shell_keep(shell, handle.cap, command.handle, "launcher");
	if (name == NULL)
		shell_print(shell, "started, but no name is left for its handle\n");
	else
		shell_print(shell, "started; its handle is %s\n", name);
}

void
command_wait(struct shell *shell, struct scanner *scanner)
{
	uint32_t position = (scanner_peek(scanner), scanner->position);
	struct cap_name *entry;

	(void)scanner_try(scanner, "$");
	entry = shell_expect_cap(shell, scanner);
	scanner_expect_end(scanner);
	if (scanner->failed)
		return;
	if (entry->interface_id != PROCESS_HANDLE_INTERFACE_ID) {
		scanner_fail(scanner, position, "a ProcessHandle was expected here");
		return;
	}
	wait_for(shell,
	    (struct process_handle){ { shell->self, entry->cap_id, entry->interface_id } },
	    entry->name, false);
}
