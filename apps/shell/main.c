/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capos-shell. Expects in its CapSet: `terminal` (TerminalSession). Uses if they are there:
 * `launcher` (ProcessLauncher), `info` (SystemInfo), `stats` (KernelStats). Everything else it just
 * holds, for its user to call and to grant.
 */
#include <core/format.h>
#include <string.h>

#include "complete.h"
#include "shell.h"

CAPOS_LARGE_MESSAGES(2);

static struct shell shell;

/* What the shell is typing into, between two reads. */
static struct {
	char bytes[SHELL_LINE_BYTES];
	uint32_t size;
	uint32_t cursor;
} line;

static void
add_capset_name(struct shell *to, const struct capset_entry_view *view)
{
	struct cap_name entry = { .cap_id = view->cap.cap_id,
		.interface_id = view->cap.interface_id };

	format_text(entry.name, sizeof(entry.name), "%s", view->name);
	format_text(entry.from, sizeof(entry.from), "%s", view->is_kernel ? "kernel" : "init");
	entry.pinned = strcmp(view->name, "terminal") == 0;
	if (cap_names_add(&to->names, &entry) != CAP_NAMES_OK)
		shell_print(to, "the capability %s has no usable name\n", view->name);
}

static enum cap_status
start(struct capos *self)
{
	shell.self = self;
	CAPOS_TRY(terminal_session_from_capset(self, "terminal", &shell.terminal));
	shell.has_launcher =
	    process_launcher_from_capset(self, "launcher", &shell.launcher) == CAP_OK;
	shell.has_system_info = system_info_from_capset(self, "info", &shell.system_info) == CAP_OK;
	shell.has_stats = kernel_stats_from_capset(self, "stats", &shell.stats) == CAP_OK;
	for (uint32_t i = 0; i < capos_capset_count(self); i++) {
		struct capset_entry_view view = capos_capset_entry(self, i);

		add_capset_name(&shell, &view);
	}
	return CAP_OK;
}

static void
show_banner(void)
{
	struct capos_call call;
	struct system_info_motd_results results;

	if (!shell.has_system_info)
		return;
	(void)system_info_motd_begin(&call, shell.system_info);
	if (system_info_motd_run(&call, &results) == CAP_OK) {
		struct capnp_text text = system_info_motd_results_text(results);

		shell_print(&shell, "%.*s\n", (int)text.size, text.data);
	}
	capos_call_end(&call);
	shell_flush(&shell);
}

static void
replace_word(const struct completions *found, uint32_t size, const char *suffix)
{
	char tail[SHELL_LINE_BYTES];
	uint32_t tail_size = line.size - line.cursor;
	size_t used;

	memcpy(tail, line.bytes + line.cursor, tail_size);
	used = found->start;
	used += format_text(line.bytes + used, sizeof(line.bytes) - used, "%.*s%s", (int)size,
	    found->words[0], suffix);
	line.cursor = (uint32_t)used;
	if (tail_size > sizeof(line.bytes) - used)
		tail_size = (uint32_t)(sizeof(line.bytes) - used);
	memcpy(line.bytes + used, tail, tail_size);
	line.size = line.cursor + tail_size;
}

/* One match is filled in; of several what they share, and if that is nothing new they are listed.
 */
static void
complete(void)
{
	struct completions found;
	uint32_t common;

	shell_complete(&shell.names, (struct shell_text){ line.bytes, line.cursor }, &found);
	common = completions_common_size(&found);
	if (found.count == 1) {
		replace_word(&found, common, found.suffix);
	} else if (found.count > 1 && common > line.cursor - found.start) {
		replace_word(&found, common, "");
	} else if (found.count > 1) {
		shell_print(&shell, "\n");
		for (uint32_t i = 0; i < found.count; i++)
			shell_print(&shell, "%s%s", i == 0 ? "" : "  ", found.words[i]);
		shell_print(&shell, "\n");
		shell_flush(&shell);
	}
}

/* Read until something is to be done. False: the input has ended. */
static bool
read_line(void)
{
	struct capos_call call;
	struct terminal_session_read_line_params_builder params =
	    terminal_session_read_line_begin(&call, shell.terminal);
	struct line_request_builder request =
	    terminal_session_read_line_params_init_request(params);
	struct terminal_session_read_line_results results;
	enum line_status event = LINE_STATUS_END_OF_INPUT;

	line_request_set_prompt(request, CAPNP_TEXT(SHELL_PROMPT));
	line_request_set_max_bytes(request, SHELL_LINE_BYTES - 1);
	line_request_set_initial(request, (struct capnp_text){ line.bytes, line.size });
	line_request_set_cursor(request, line.cursor);
	line_request_set_completion(request, true);
	line_request_set_history(request, true);
	line.size = 0;
	line.cursor = 0;
	if (terminal_session_read_line_run(&call, &results) == CAP_OK) {
		struct capnp_text text = terminal_session_read_line_results_line(results);

		event = terminal_session_read_line_results_status(results);
		line.size = text.size < sizeof(line.bytes) ? text.size : 0;
		memcpy(line.bytes, text.data, line.size);
		line.cursor = terminal_session_read_line_results_cursor(results);
		if (line.cursor > line.size)
			line.cursor = line.size;
	}
	capos_call_end(&call);
	switch (event) {
	case LINE_STATUS_LINE:
		shell_run_line(&shell, (struct shell_text){ line.bytes, line.size });
		break;
	case LINE_STATUS_COMPLETE:
		complete();
		return true;
	case LINE_STATUS_CANCELLED:
		break;
	default:
		return false;
	}
	line.size = 0;
	line.cursor = 0;
	return true;
}

int
capos_main(struct capos *self)
{
	if (start(self) != CAP_OK)
		return 1;
	show_banner();
	while (!shell.is_leaving && read_line())
		;
	return shell.exit_code;
}
