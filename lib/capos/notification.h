/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Notifications: set bits (SIGNAL) and wait for them (WAIT), without a message. A program that does
 * other things meanwhile has its waits in flight as it has calls:
 *
 *   capos_wait_send -> ... -> capos_event_await -> event->bits
 *
 * `struct capos_event` is the caller's storage and must not move from send to the end.
 */
#include <schema/notification.client.h>

#include "ring.h"

/* A WAIT in flight. */
struct capos_event {
	struct capos_completion completion; /* first: user_data points here */
	struct capos *self;
	uint64_t bits; /* after CAP_OK: they are the waiter's */
	int32_t result;
	uint8_t state; /* enum capos_call_state */
	void (*on_done)(
	    struct capos_event *event, void *context); /* NULL: optional, set behind the send */
	void *context;
};

/* Take what is set of `mask`, not 0, as soon as something is. `deadline_ns`: absolute; 0: none. */
MUST_CHECK enum cap_status capos_wait_send(struct capos_event *event,
    struct notification notification, uint64_t mask, uint64_t deadline_ns);
/* Wait for its end, once after a send that succeeded. */
MUST_CHECK enum cap_status capos_event_await(struct capos_event *event);
/*
 * End it early, and wait for that. Bits may have come before: then it has ended with CAP_OK, and
 * they are in event->bits. Nothing after a send that failed.
 */
void capos_event_end(struct capos_event *event);

/* Send and wait in one. */
MUST_CHECK enum cap_status capos_notification_wait(
    struct notification notification, uint64_t mask, uint64_t deadline_ns, uint64_t *bits);

/* Set bits, not 0, at once. CAP_ERR_DISCONNECTED: nobody can wait for them any more. */
MUST_CHECK enum cap_status capos_signal(struct signaller signaller, uint64_t mask);
/* The same with the next entry, whose wait it does not end. If it fails, capos_release_flush() says
 * so. */
void capos_signal_later(struct signaller signaller, uint64_t mask);
