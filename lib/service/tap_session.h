/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A tap for a program that is about to be started, and what it records as lines for people
 * (core/tap_text.h), while the program runs:
 *
 *   tap_session_open -> a `tap` grant of the start -> tap_session_follow -> tap_session_close
 *
 * It works with what the CapSet has: `frames` (FrameAllocator), `payloads` (PayloadTapFactory) or
 * else `taps` (TapFactory), and `notifications` (NotificationFactory), without which records are
 * shown when the program has ended, as far as there was room for them.
 */
#include <capos/call.h>
#include <core/tap_text.h>
#include <schema/memory.client.h>
#include <schema/notification.client.h>
#include <schema/tap.client.h>

#include "tap_reader.h"

#define TAP_SESSION_PAGES 16	      /* for records */
#define TAP_SESSION_PAYLOAD_BYTES 512 /* of a message */
#define TAP_SESSION_LINE_BYTES 2048

/* Takes one line, without its newline; false: it could not be written. */
typedef bool (*tap_session_write_fn)(void *context, struct capnp_text line);

/* The caller's storage; it does not move while it is open. */
struct tap_session {
	struct capos *self;
	struct memory_object memory;
	uint64_t address;		  /* of the memory; 0: not mapped */
	struct notification notification; /* cap_id 0: none */
	struct ring_tap tap;
	struct tap_reader reader;
	struct tap_text text;
	tap_session_write_fn write;
	void *context;
	uint64_t records;   /* shown */
	uint64_t unwritten; /* of them, lines that `write` refused */
	_Alignas(8) uint8_t payload[CAP_TAP_PAYLOAD_MAX];
	char line[TAP_SESSION_LINE_BYTES];
};

/* Make a tap. On failure nothing is left. CAP_ERR_NOT_FOUND: the CapSet has no authority for one.
 * `name` stands in each line and is not copied. */
MUST_CHECK enum cap_status tap_session_open(struct tap_session *session, struct capos *self,
    const char *name, tap_session_write_fn write, void *context);
/* Show what is recorded until `end`, a call that was sent (ProcessHandle.wait), has its answer. */
MUST_CHECK enum cap_status
tap_session_follow(struct tap_session *session, const struct capos_call *end);
/* End the tap, and give everything back. */
void tap_session_close(struct tap_session *session);
