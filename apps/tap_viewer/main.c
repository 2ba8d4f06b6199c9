/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts a program and shows, on the Console, every call that it makes. CapSet: `console`
 * (Console), `launcher` (ProcessLauncher: the first program that it starts), `frames`
 * (FrameAllocator), `taps` (TapFactory) or `payloads` (PayloadTapFactory), optional `notifications`
 * (NotificationFactory). `console` and everything else is handed to the program.
 */
#include <capos/capos.h>
#include <core/format.h>
#include <schema/console.client.h>
#include <schema/process.client.h>
#include <service/tap_session.h>
#include <string.h>

CAPOS_LARGE_MESSAGES(2);

#define LINE_BYTES 256
#define NAME_BYTES 32

struct viewer {
	struct capos *self;
	struct console console;
	struct process_launcher launcher;
	struct process_handle process;
	struct tap_session session;
	char program[NAME_BYTES];
};

static struct viewer viewer;

static struct capnp_cap
lend(struct capos_cap cap)
{
	return (struct capnp_cap){ cap.cap_id, cap.interface_id, CAPNP_CAP_COPY };
}

static void
say(const char *text)
{
	(void)!console_write_line(viewer.console, capnp_text_from_string(text));
}

static enum cap_status
choose_program(void)
{
	struct capos_call call;
	struct process_launcher_binaries_results results;
	enum cap_status status;

	(void)process_launcher_binaries_begin(&call, viewer.launcher);
	status = process_launcher_binaries_run(&call, &results);
	if (status == CAP_OK) {
		struct capnp_list names = process_launcher_binaries_results_names(results);
		struct capnp_text name = capnp_any_text(capnp_list_any(names, 0));

		if (names.count == 0 || name.size == 0 || name.size >= NAME_BYTES)
			status = CAP_ERR_NOT_FOUND;
		else
			format_text(viewer.program, NAME_BYTES, "%.*s", (int)name.size, name.data);
	}
	capos_call_end(&call);
	return status;
}

/* What this program needs for itself is not handed on. */
static bool
is_own(const char *name)
{
	static const char *const own[] = { "launcher", "frames", "taps", "payloads",
		"notifications" };

	for (uint32_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(own[i], name) == 0)
			return true;
	return false;
}

static uint32_t
count_handed_on(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < capos_capset_count(viewer.self); i++)
		count += !is_own(capos_capset_entry(viewer.self, i).name);
	return count;
}

static enum cap_status
launch(void)
{
	struct capos_call call;
	struct process_launcher_launch_params_builder params =
	    process_launcher_launch_begin(&call, viewer.launcher);
	struct process_launcher_launch_results results;
	struct cap_grant_list_builder grants =
	    process_launcher_launch_params_init_grants(params, count_handed_on() + 1);
	uint32_t filled = 0;
	enum cap_status status;

	process_launcher_launch_params_set_name(params, capnp_text_from_string(viewer.program));
	process_launcher_launch_params_set_binary(params, capnp_text_from_string(viewer.program));
	cap_grant_set_tap(cap_grant_builder_at(grants, filled++), lend(viewer.session.tap.cap));
	for (uint32_t i = 0; i < capos_capset_count(viewer.self); i++) {
		struct capset_entry_view entry = capos_capset_entry(viewer.self, i);
		struct cap_grant_builder grant;

		if (is_own(entry.name))
			continue;
		grant = cap_grant_builder_at(grants, filled++);
		cap_grant_set_name(grant, capnp_text_from_string(entry.name));
		cap_grant_set_cap(grant, lend(entry.cap));
	}
	status = process_launcher_launch_run(&call, &results);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, PROCESS_HANDLE_INTERFACE_ID, &viewer.process.cap);
	capos_call_end(&call);
	return status;
}

/* Longer than what plain functions send. */
static bool
write_line(void *context, struct capnp_text line)
{
	struct capos_call call;
	enum cap_status status;

	(void)context;
	capos_call_begin_kind(
	    &call, viewer.console.cap, CONSOLE_METHOD_WRITE_LINE, 0, CAPOS_BLOCK_LARGE);
	console_write_line_params_set_text(console_write_line_params_init_root(&call.params), line);
	status = capos_call_run(&call);
	capos_call_end(&call);
	return status == CAP_OK;
}

/* Until the program has ended, with *code. */
static enum cap_status
follow(int64_t *code)
{
	struct capos_call call;
	struct process_handle_wait_results results;
	enum cap_status status;

	(void)process_handle_wait_begin(&call, viewer.process);
	status = capos_call_send(&call);
	if (status == CAP_OK)
		status = tap_session_follow(&viewer.session, &call);
	if (status == CAP_OK)
		status = process_handle_wait_wait(&call, &results);
	if (status == CAP_OK)
		*code = exit_status_code(process_handle_wait_results_status(results));
	capos_call_end(&call);
	return status;
}

/* False: what was shown and what was dropped is not what the kernel counted, or not all could be
 * written. */
static bool
summarise(int64_t code)
{
	const struct tap_session *session = &viewer.session;
	char line[LINE_BYTES];
	bool attached;
	uint64_t records;
	uint64_t dropped;
	uint32_t payload_max;

	if (ring_tap_status(session->tap, &attached, &records, &dropped, &payload_max) != CAP_OK)
		return false;
	format_text(line, LINE_BYTES,
	    "tap-viewer: %s exited %lld: %llu records shown, %llu dropped; the kernel counted %llu "
	    "and %llu",
	    viewer.program, (long long)code, (unsigned long long)session->records,
	    (unsigned long long)tap_reader_dropped(&session->reader), (unsigned long long)records,
	    (unsigned long long)dropped);
	say(line);
	if (session->unwritten != 0)
		say("tap-viewer: the Console refused some of the lines");
	return session->unwritten == 0 && session->records == records &&
	    tap_reader_dropped(&session->reader) == dropped;
}

int
capos_main(struct capos *self)
{
	char line[LINE_BYTES];
	int64_t code = 0;
	enum cap_status status;

	viewer.self = self;
	if (console_from_capset(self, "console", &viewer.console) != CAP_OK ||
	    process_launcher_from_capset(self, "launcher", &viewer.launcher) != CAP_OK)
		return 2;
	status = choose_program();
	if (status == CAP_OK)
		status = tap_session_open(&viewer.session, self, viewer.program, write_line, NULL);
	if (status == CAP_OK)
		status = launch();
	if (status == CAP_OK)
		status = follow(&code);
	if (status != CAP_OK) {
		format_text(line, LINE_BYTES, "tap-viewer: %s", cap_status_sentence(status));
		say(line);
		return 1;
	}
	return summarise(code) ? 0 : 1;
}
