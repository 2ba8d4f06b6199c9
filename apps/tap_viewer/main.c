/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts a program and shows, on the Console, every call that it makes. CapSet: `console`
 * (Console), `launcher` (ProcessLauncher: the first program that it starts), `frames`
 * (FrameAllocator), `taps` (TapFactory) or `payloads` (PayloadTapFactory), optional `notifications`
 * (NotificationFactory). `console` and everything else is handed to the program.
 */
#include <capos/capos.h>
#include <capos/notification.h>
#include <core/format.h>
#include <core/tap_text.h>
#include <schema/console.client.h>
#include <schema/memory.client.h>
#include <schema/process.client.h>
#include <schema/tap.client.h>
#include <service/tap_reader.h>
#include <string.h>

CAPOS_LARGE_MESSAGES(2);

#define BUFFER_PAGES 16
#define PAYLOAD_BYTES 512
#define ARRIVED 1
#define LOOK_AGAIN_NS UINT64_C(20000000) /* the end of the program sets no bits */
#define LINE_BYTES 2048
#define NAME_BYTES 32

struct viewer {
	struct capos *self;
	struct console console;
	struct process_launcher launcher;
	struct notification notification; /* cap_id 0: none */
	struct memory_object memory;
	struct ring_tap tap;
	struct process_handle process;
	struct tap_reader reader;
	struct tap_text text;
	char program[NAME_BYTES];
	uint64_t records;
	uint64_t unwritten; /* of them, lines that the Console refused */
	_Alignas(8) uint8_t payload[CAP_TAP_PAYLOAD_MAX];
	char line[LINE_BYTES];
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

/* Memory for the records, mapped. */
static enum cap_status
make_memory(uint64_t *address)
{
	struct frame_allocator frames;

	CAPOS_TRY(frame_allocator_from_capset(viewer.self, "frames", &frames));
	CAPOS_TRY(frame_allocator_alloc(frames, BUFFER_PAGES, &viewer.memory));
	return memory_object_map(
	    viewer.memory, 0, (uint64_t)BUFFER_PAGES * 4096, 0, PROTECTION_READ_WRITE, address);
}

/* A signaller for the tap, if there are notifications; else none, and records wait for the end. */
static enum cap_status
make_signaller(struct signaller *signaller)
{
	struct notification_factory factory;

	if (notification_factory_from_capset(viewer.self, "notifications", &factory) != CAP_OK)
		return CAP_OK;
	CAPOS_TRY(notification_factory_create(factory, &viewer.notification));
	return notification_signaller(viewer.notification, signaller);
}

/* With payloads, if that is what this viewer was given. */
static enum cap_status
make_tap(void)
{
	struct signaller signaller = { 0 };
	struct payload_tap_factory payloads;
	struct tap_factory taps;
	uint64_t address;
	uint64_t mask;

	CAPOS_TRY(make_memory(&address));
	CAPOS_TRY(make_signaller(&signaller));
	mask = signaller.cap.cap_id != 0 ? ARRIVED : 0;
	if (payload_tap_factory_from_capset(viewer.self, "payloads", &payloads) == CAP_OK) {
		CAPOS_TRY(payload_tap_factory_create(payloads, lend(viewer.memory.cap),
		    PAYLOAD_BYTES, lend(signaller.cap), mask, &viewer.tap));
	} else {
		CAPOS_TRY(tap_factory_from_capset(viewer.self, "taps", &taps));
		CAPOS_TRY(tap_factory_create(
		    taps, lend(viewer.memory.cap), lend(signaller.cap), mask, &viewer.tap));
	}
	return tap_reader_open(&viewer.reader, (void *)address, (uint64_t)BUFFER_PAGES * 4096);
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
	cap_grant_set_tap(cap_grant_builder_at(grants, filled++), lend(viewer.tap.cap));
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

/* Of viewer.line; longer than what plain functions send. */
static enum cap_status
write_line(uint32_t bytes)
{
	struct capos_call call;
	enum cap_status status;

	capos_call_begin_kind(
	    &call, viewer.console.cap, CONSOLE_METHOD_WRITE_LINE, 0, CAPOS_BLOCK_LARGE);
	console_write_line_params_set_text(console_write_line_params_init_root(&call.params),
	    (struct capnp_text){ viewer.line, bytes });
	status = capos_call_run(&call);
	capos_call_end(&call);
	return status;
}

static void
show_records(void)
{
	struct cap_tap_record record;

	while (tap_reader_next(&viewer.reader, &record, viewer.payload)) {
		struct capnp_printer printer = { .buffer = viewer.line, .capacity = LINE_BYTES };

		viewer.records++;
		tap_text_record(&viewer.text, &record, viewer.payload, &printer);
		/* The Console ends the line. */
		if (printer.used != 0 && viewer.line[printer.used - 1] == '\n')
			viewer.line[--printer.used] = '\0';
		viewer.unwritten += write_line(printer.used) != CAP_OK;
	}
}

/* True: with *code. */
static bool
has_ended(int64_t *code)
{
	struct capos_call call;
	struct process_handle_status_results results;
	bool ended = false;

	(void)process_handle_status_begin(&call, viewer.process);
	if (process_handle_status_run(&call, &results) == CAP_OK &&
	    !process_handle_status_results_running(results)) {
		*code = exit_status_code(process_handle_status_results_status(results));
		ended = true;
	}
	capos_call_end(&call);
	return ended;
}

static enum cap_status
await_end(int64_t *code)
{
	struct capos_call call;
	struct process_handle_wait_results results;
	enum cap_status status;

	(void)process_handle_wait_begin(&call, viewer.process);
	status = process_handle_wait_run(&call, &results);
	if (status == CAP_OK)
		*code = exit_status_code(process_handle_wait_results_status(results));
	capos_call_end(&call);
	return status;
}

static enum cap_status
follow(int64_t *code)
{
	uint64_t bits;

	if (viewer.notification.cap.cap_id == 0)
		return await_end(code);
	while (!has_ended(code)) {
		enum cap_status status = capos_notification_wait(
		    viewer.notification, ARRIVED, capos_now(viewer.self) + LOOK_AGAIN_NS, &bits);

		if (status != CAP_OK && status != CAP_ERR_TIMED_OUT)
			return status;
		show_records();
	}
	return CAP_OK;
}

/* False: what was shown and what was dropped is not what the kernel counted, or not all could be
 * written. */
static bool
summarise(int64_t code)
{
	bool attached;
	uint64_t records;
	uint64_t dropped;
	uint32_t payload_max;

	if (ring_tap_status(viewer.tap, &attached, &records, &dropped, &payload_max) != CAP_OK)
		return false;
	format_text(viewer.line, LINE_BYTES,
	    "tap-viewer: %s exited %lld: %llu records shown, %llu dropped; the kernel counted %llu "
	    "and %llu",
	    viewer.program, (long long)code, (unsigned long long)viewer.records,
	    (unsigned long long)tap_reader_dropped(&viewer.reader), (unsigned long long)records,
	    (unsigned long long)dropped);
	say(viewer.line);
	if (viewer.unwritten != 0)
		say("tap-viewer: the Console refused some of the lines");
	return viewer.unwritten == 0 && viewer.records == records &&
	    tap_reader_dropped(&viewer.reader) == dropped;
}

int
capos_main(struct capos *self)
{
	int64_t code = 0;
	enum cap_status status;

	viewer.self = self;
	if (console_from_capset(self, "console", &viewer.console) != CAP_OK ||
	    process_launcher_from_capset(self, "launcher", &viewer.launcher) != CAP_OK)
		return 2;
	status = make_tap();
	if (status == CAP_OK)
		status = choose_program();
	tap_text_init(&viewer.text, viewer.program);
	if (status == CAP_OK)
		status = launch();
	if (status == CAP_OK)
		status = follow(&code);
	if (status != CAP_OK) {
		format_text(viewer.line, LINE_BYTES, "tap-viewer: %s", cap_status_sentence(status));
		say(viewer.line);
		return 1;
	}
	show_records();
	return summarise(code) ? 0 : 1;
}
