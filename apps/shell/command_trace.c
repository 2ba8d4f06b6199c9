/* SPDX-License-Identifier: Apache-2.0 */
/* `trace`: a program, and every call that it makes. */
#include <core/format.h>
#include <service/tap_session.h>

#include "launch.h"

static bool
write_line(void *context, struct capnp_text line)
{
	struct shell *shell = context;

	shell_print(shell, "%.*s\n", (int)line.size, line.data);
	shell_flush(shell);
	return !shell->is_leaving;
}

/* The program runs under the session's tap; the tap's records are shown until it ends. */
static void
follow(struct shell *shell, struct tap_session *session, struct process_handle handle,
    const char *name)
{
	struct capos_call wait;
	enum cap_status status;

	(void)process_handle_wait_begin(&wait, handle);
	status = capos_call_send(&wait);
	if (status == CAP_OK)
		status = tap_session_follow(session, &wait);
	if (status == CAP_OK)
		launch_show_end(shell, &wait, name, true);
	else
		shell_show_failure(shell, status, &wait);
	capos_call_end(&wait);
	if (tap_reader_dropped(&session->reader) != 0)
		shell_print(shell, "%llu records found no room\n",
		    (unsigned long long)tap_reader_dropped(&session->reader));
}

static void
start_and_follow(
    struct shell *shell, struct tap_session *session, const struct launch_command *command)
{
	struct launched launched;

	if (launch_start(shell, command, session->tap, &launched) != CAP_OK)
		return;
	follow(shell, session, launched.handle, session->text.name);
	capos_release(launched.handle.cap);
	capos_release(launched.control.cap);
}

void
command_trace(struct shell *shell, struct scanner *scanner)
{
	static struct tap_session session;
	struct launch_command command;
	char name[CAP_NAME_BYTES];
	enum cap_status status;

	if (!launch_parse(shell, scanner, &command, LAUNCH_CAPS_MAX - 1))
		return;
	format_text(name, sizeof(name), "%.*s", (int)command.program.size, command.program.bytes);
	status = tap_session_open(&session, shell->self, name, write_line, shell);
	if (status == CAP_ERR_NOT_FOUND) {
		shell_print(shell,
		    "a tap takes `frames`, and `payloads` or `taps`, in this shell's CapSet\n");
		return;
	}
	if (status != CAP_OK) {
		shell_print(
		    shell, "%s: %s\n", cap_status_name(status), cap_status_sentence(status));
		return;
	}
	start_and_follow(shell, &session, &command);
	tap_session_close(&session);
}
