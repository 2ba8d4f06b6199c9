/* SPDX-License-Identifier: Apache-2.0 */
/* `run`, `spawn` and `wait`: programs with exact grants. */
#include <core/format.h>
#include <string.h>

#include <capnp/reflect.h>

#include "launch.h"

static const struct reflect_interface *
find_interface(const struct launch_grant *grant)
{
	return reflect_interface_find_by_name(
	    (struct capnp_text){ grant->interface.bytes, grant->interface.size });
}

static bool
resolve_grants(struct shell *shell, struct scanner *scanner, const struct launch_command *command)
{
	char text[96];

	for (uint32_t i = 0; i < command->grant_count; i++) {
		const struct launch_grant *grant = &command->grants[i];
		struct cap_name *entry;

		if (grant->kind == LAUNCH_GRANT_ENDPOINT && find_interface(grant) == NULL) {
			scanner_fail(scanner, grant->cap_position, "there is no such interface");
			return false;
		}
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
		cap_grant_set_interface_id(to, find_interface(grant)->id);
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

/* What calls the endpoints that were made for the program, by the names that it has them under. */
static void
keep_clients(struct shell *shell, const struct launch_command *command, struct capos_call *call)
{
	uint32_t ordinal = 3; /* behind handle, control and manager */

	for (uint32_t i = 0; i < command->grant_count; i++) {
		struct capos_cap client;
		const char *name;

		if (command->grants[i].kind != LAUNCH_GRANT_ENDPOINT ||
		    capos_adopt(call, ordinal++, 0, &client) != CAP_OK)
			continue;
		name = shell_keep(shell, client, command->grants[i].name, "launcher");
		if (name != NULL)
			shell_print(shell, "its %.*s is called by %s\n",
			    (int)command->grants[i].name.size, command->grants[i].name.bytes, name);
	}
}

enum cap_status
launch_start(struct shell *shell, const struct launch_command *command, struct ring_tap tap,
    struct launched *out)
{
	uint32_t tap_count = tap.cap.cap_id != 0;
	struct capos_call call;
	struct process_launcher_launch_params_builder params =
	    process_launcher_launch_begin(&call, shell->launcher);
	struct process_launcher_launch_results results;
	struct cap_grant_list_builder grants;
	enum cap_status status;

	process_launcher_launch_params_set_name(params, as_text(command->program));
	process_launcher_launch_params_set_binary(params, as_text(command->program));
	grants =
	    process_launcher_launch_params_init_grants(params, command->grant_count + tap_count);
	for (uint32_t i = 0; i < command->grant_count; i++)
		set_grant(shell, cap_grant_builder_at(grants, i), &command->grants[i]);
	if (tap_count != 0)
		cap_grant_set_tap(cap_grant_builder_at(grants, command->grant_count),
		    (struct capnp_cap){ tap.cap.cap_id, tap.cap.interface_id, CAPNP_CAP_COPY });
	status = process_launcher_launch_run(&call, &results);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, PROCESS_HANDLE_INTERFACE_ID, &out->handle.cap);
	if (status == CAP_OK)
		status = capos_adopt(&call, 1, PROCESS_CONTROL_INTERFACE_ID, &out->control.cap);
	if (status == CAP_OK) {
		forget_moved(shell, command);
		keep_clients(shell, command, &call);
	} else {
		shell_show_failure(shell, status, &call);
	}
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

void
launch_show_end(struct shell *shell, struct capos_call *wait, const char *name, bool is_quiet)
{
	struct process_handle_wait_results results;
	enum cap_status status = process_handle_wait_wait(wait, &results);
	struct exit_status exit;

	if (status != CAP_OK) {
		shell_show_failure(shell, status, wait);
		return;
	}
	exit = process_handle_wait_results_status(results);
	if (!is_quiet || exit_status_kind(exit) != EXIT_KIND_EXITED || exit_status_code(exit) != 0)
		show_exit(shell, name, exit);
}

static void
wait_for(struct shell *shell, struct process_handle handle, const char *name, bool is_quiet)
{
	struct capos_call call;
	enum cap_status status;

	(void)process_handle_wait_begin(&call, handle);
	status = capos_call_send(&call);
	if (status == CAP_OK)
		launch_show_end(shell, &call, name, is_quiet);
	else
		shell_show_failure(shell, status, &call);
	capos_call_end(&call);
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

bool
launch_parse(
    struct shell *shell, struct scanner *scanner, struct launch_command *command, uint32_t caps_max)
{
	uint32_t position = (scanner_peek(scanner), scanner->position);

	if (!shell->has_launcher) {
		scanner_fail(scanner, position, "this shell holds no launcher");
		return false;
	}
	launch_command_parse(scanner, command, caps_max);
	return !scanner->failed && resolve_grants(shell, scanner, command) &&
	    is_known_program(shell, scanner, command);
}

void
command_run(struct shell *shell, struct scanner *scanner)
{
	struct launch_command command;
	struct launched launched;
	char name[CAP_NAME_BYTES];

	if (!launch_parse(shell, scanner, &command, LAUNCH_CAPS_MAX))
		return;
	format_text(name, sizeof(name), "%.*s", (int)command.program.size, command.program.bytes);
	if (launch_start(shell, &command, (struct ring_tap){ 0 }, &launched) != CAP_OK)
		return;
	wait_for(shell, launched.handle, name, true);
	capos_release(launched.handle.cap);
	capos_release(launched.control.cap);
}

#define CONTROL_SUFFIX "-control"

/* The control of a process stands beside its handle, by a name made of the handle's. */
static void
keep_started(struct shell *shell, const struct launched *launched, struct shell_text stem)
{
	const char *handle = shell_keep(shell, launched->handle.cap, stem, "launcher");
	char name[CAP_NAME_BYTES];

	if (handle == NULL) {
		capos_release(launched->control.cap);
		shell_print(shell, "started, but no name is left for its handle\n");
		return;
	}
	shell_print(shell, "started; its handle is %s\n", handle);
	format_text(name, sizeof(name), "%s" CONTROL_SUFFIX, handle);
	if (shell_keep(shell, launched->control.cap,
		(struct shell_text){ name, (uint32_t)strlen(name) }, "launcher") == NULL)
		shell_print(shell, "no name is left for its control: it cannot be killed\n");
}

void
command_spawn(struct shell *shell, struct scanner *scanner)
{
	struct launch_command command;
	struct launched launched;

	if (!launch_parse(shell, scanner, &command, LAUNCH_CAPS_MAX))
		return;
	if (command.handle.size == 0)
		command.handle = command.program;
	if (launch_start(shell, &command, (struct ring_tap){ 0 }, &launched) != CAP_OK)
		return;
	keep_started(shell, &launched, command.handle);
}

/* The control that belongs to what a person named: itself, or that of a handle. NULL: none. */
static struct cap_name *
find_control(struct shell *shell, struct cap_name *named)
{
	char name[CAP_NAME_BYTES];
	struct cap_name *control;

	if (named->interface_id == PROCESS_CONTROL_INTERFACE_ID)
		return named;
	format_text(name, sizeof(name), "%s" CONTROL_SUFFIX, named->name);
	control =
	    cap_names_find(&shell->names, (struct shell_text){ name, (uint32_t)strlen(name) });
	return named->interface_id == PROCESS_HANDLE_INTERFACE_ID && control != NULL &&
		control->interface_id == PROCESS_CONTROL_INTERFACE_ID
	    ? control
	    : NULL;
}

void
command_kill(struct shell *shell, struct scanner *scanner)
{
	uint32_t position = (scanner_peek(scanner), scanner->position);
	struct cap_name *entry;
	bool was_running = false;
	enum cap_status status;

	(void)scanner_try(scanner, "$");
	entry = shell_expect_cap(shell, scanner);
	scanner_expect_end(scanner);
	if (scanner->failed)
		return;
	entry = find_control(shell, entry);
	if (entry == NULL) {
		scanner_fail(scanner, position,
		    "a ProcessControl, or a handle beside its control, was expected here");
		return;
	}
	status = process_control_kill(
	    (struct process_control){ { shell->self, entry->cap_id, entry->interface_id } },
	    &was_running);
	if (status != CAP_OK)
		shell_print(shell, "%s\n", cap_status_sentence(status));
	else if (!was_running)
		shell_print(shell, "it was over already\n");
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
