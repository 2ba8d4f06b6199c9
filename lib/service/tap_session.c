/* SPDX-License-Identifier: Apache-2.0 */
/* See tap_session.h. */
#include "tap_session.h"

#include <capos/notification.h>

#define ARRIVED 1
#define MEMORY_BYTES ((uint64_t)TAP_SESSION_PAGES * 4096)

static struct capnp_cap
lend(struct capos_cap cap)
{
	return (struct capnp_cap){ cap.cap_id, cap.interface_id, CAPNP_CAP_COPY };
}

static enum cap_status
make_memory(struct tap_session *session)
{
	struct frame_allocator frames;

	CAPOS_TRY(frame_allocator_from_capset(session->self, "frames", &frames));
	CAPOS_TRY(frame_allocator_alloc(frames, TAP_SESSION_PAGES, &session->memory));
	return memory_object_map(
	    session->memory, 0, MEMORY_BYTES, 0, PROTECTION_READ_WRITE, &session->address);
}

/* None without notifications. */
static enum cap_status
make_signaller(struct tap_session *session, struct signaller *signaller)
{
	struct notification_factory factory;

	if (notification_factory_from_capset(session->self, "notifications", &factory) != CAP_OK)
		return CAP_OK;
	CAPOS_TRY(notification_factory_create(factory, &session->notification));
	return notification_signaller(session->notification, signaller);
}

/* With payloads, if there is the authority for them. */
static enum cap_status
make_tap(struct tap_session *session, struct signaller signaller)
{
	uint64_t mask = signaller.cap.cap_id != 0 ? ARRIVED : 0;
	struct payload_tap_factory payloads;
	struct tap_factory taps;

	if (payload_tap_factory_from_capset(session->self, "payloads", &payloads) == CAP_OK)
		return payload_tap_factory_create(payloads, lend(session->memory.cap),
		    TAP_SESSION_PAYLOAD_BYTES, lend(signaller.cap), mask, &session->tap);
	CAPOS_TRY(tap_factory_from_capset(session->self, "taps", &taps));
	return tap_factory_create(
	    taps, lend(session->memory.cap), lend(signaller.cap), mask, &session->tap);
}

static enum cap_status
make_all(struct tap_session *session)
{
	struct signaller signaller = { 0 };
	enum cap_status status;

	CAPOS_TRY(make_memory(session));
	CAPOS_TRY(make_signaller(session, &signaller));
	status = make_tap(session, signaller);
	/* The tap has its own. */
	if (signaller.cap.cap_id != 0)
		capos_release(signaller.cap);
	CAPOS_TRY(status);
	/* The memory is ours: where it is mapped stands in no message. */
	return tap_reader_open(&session->reader, (void *)(uintptr_t)session->address, MEMORY_BYTES);
}

enum cap_status
tap_session_open(struct tap_session *session, struct capos *self, const char *name,
    tap_session_write_fn write, void *context)
{
	enum cap_status status;

	*session = (struct tap_session){ .self = self, .write = write, .context = context };
	tap_text_init(&session->text, name);
	status = make_all(session);
	if (status != CAP_OK)
		tap_session_close(session);
	return status;
}

static void
show(struct tap_session *session)
{
	struct cap_tap_record record;

	while (tap_reader_next(&session->reader, &record, session->payload)) {
		struct capnp_printer printer = { .buffer = session->line,
			.capacity = TAP_SESSION_LINE_BYTES };

		session->records++;
		tap_text_record(&session->text, &record, session->payload, &printer);
		if (printer.used != 0 && session->line[printer.used - 1] == '\n')
			printer.used--;
		session->unwritten += !session->write(
		    session->context, (struct capnp_text){ session->line, printer.used });
	}
}

/* Whatever comes next: records, or the end. */
static enum cap_status
wait_for_either(struct tap_session *session, const struct capos_call *end)
{
	struct capos_event arrived;
	enum cap_status status;

	if (session->notification.cap.cap_id == 0)
		return capos_wait_any(session->self, CAP_DEADLINE_NONE);
	CAPOS_TRY(capos_wait_send(&arrived, session->notification, ARRIVED, 0));
	do
		status = capos_wait_any(session->self, CAP_DEADLINE_NONE);
	while (
	    status == CAP_OK && arrived.state == CAPOS_CALL_SENT && end->state == CAPOS_CALL_SENT);
	capos_event_end(&arrived);
	return status;
}

enum cap_status
tap_session_follow(struct tap_session *session, const struct capos_call *end)
{
	while (end->state == CAPOS_CALL_SENT) {
		CAPOS_TRY(wait_for_either(session, end));
		if (session->notification.cap.cap_id != 0)
			show(session);
	}
	show(session);
	return CAP_OK;
}

void
tap_session_close(struct tap_session *session)
{
	if (session->tap.cap.cap_id != 0)
		capos_release(session->tap.cap);
	if (session->notification.cap.cap_id != 0)
		capos_release(session->notification.cap);
	if (session->address != 0)
		(void)!memory_object_unmap(session->memory, session->address, MEMORY_BYTES);
	if (session->memory.cap.cap_id != 0)
		capos_release(session->memory.cap);
	session->tap.cap.cap_id = 0;
	session->notification.cap.cap_id = 0;
	session->memory.cap.cap_id = 0;
	session->address = 0;
}
