/* SPDX-License-Identifier: Apache-2.0 */
/* What the shell shows: collected output, mistakes and failures. */
#include <core/format.h>
#include <stdarg.h>
#include <string.h>

#include "shell.h"

static enum cap_status
write_terminal(struct shell *shell, struct capnp_data data)
{
	struct capos_call call;
	enum cap_status status;

	/* The generated call takes a buffer for short data; output may fill the largest. */
	capos_call_begin_kind(
	    &call, shell->terminal.cap, TERMINAL_SESSION_METHOD_WRITE, 0, CAPOS_BLOCK_LARGE);
	terminal_session_write_params_set_data(
	    terminal_session_write_params_init_root(&call.params), data);
	status = capos_call_run(&call);
	capos_call_end(&call);
	return status;
}

void
shell_flush(struct shell *shell)
{
	struct capnp_data data = { (const uint8_t *)shell->output, shell->output_bytes };

	if (shell->output_bytes == 0)
		return;
	shell->output_bytes = 0;
	/* Without its terminal the shell has nobody to serve. */
	if (write_terminal(shell, data) != CAP_OK) {
		shell->is_leaving = true;
		shell->exit_code = 1;
	}
}

void
shell_print(struct shell *shell, const char *format, ...)
{
	va_list arguments;
	size_t room = sizeof(shell->output) - shell->output_bytes;
	size_t used;

	va_start(arguments, format);
	used = format_text_list(shell->output + shell->output_bytes, room, format, arguments);
	va_end(arguments);
	if (used + 1 >= room && shell->output_bytes != 0) {
		/* It did not fit: write what was there, and format again. */
		shell_flush(shell);
		va_start(arguments, format);
		used = format_text_list(shell->output, sizeof(shell->output), format, arguments);
		va_end(arguments);
	}
	shell->output_bytes += (uint32_t)used;
}

void
shell_show_mistake(struct shell *shell, uint32_t position, const char *text)
{
	uint32_t column = position + (uint32_t)strlen(SHELL_PROMPT);

	shell_print(shell, "%*s^ %s\n", (int)column, "", text);
}

static const char *
exception_name(enum exception_type type)
{
	static const char *const names[] = { "failed", "overloaded", "disconnected",
		"unimplemented" };

	return (unsigned)type < sizeof(names) / sizeof(names[0]) ? names[type]
								 : "unknown exception";
}

void
shell_show_failure(struct shell *shell, enum cap_status status, const struct capos_call *call)
{
	if (status != CAP_ERR_APPLICATION_EXCEPTION) {
		shell_print(
		    shell, "%s: %s\n", cap_status_name(status), cap_status_sentence(status));
		return;
	}
	shell_print(shell, "%s: %.*s\n", exception_name(call->error.type),
	    (int)call->error.reason.size, call->error.reason.data);
}
