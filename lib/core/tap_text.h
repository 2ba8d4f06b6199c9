/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Records of a tap (abi/tap.h) as lines for people, by the schema's tables:
 *
 *   t=12.345ms pid 7 client -> Echo.ping (data = 0x"00 07") [1]
 *   t=12.390ms pid 7 client <- Echo.ping in 45us: ok (data = 0x"00 07") [1]
 *
 * A submission and its completion have the same number in brackets. Without payloads lengths stand
 * in place of values. Every record gets its line, whatever stands in it: nothing in it is believed
 * further than it can be checked.
 */
#include <abi/tap.h>

#include "text.h"

/* More than a ring has ops, and calls that a server usually holds. */
#define TAP_TEXT_CALLS_MAX 64

/* What a later record refers to: a submission by its number, a delivered call by its id. */
struct tap_text_call {
	uint64_t id; /* 0: none */
	uint64_t time_ns;
	uint64_t interface_id;
	uint16_t method;
};

struct tap_text {
	const char *name; /* of the process */
	uint64_t next_sequence;
	uint64_t dropped;				 /* as the sequence numbers say */
	struct tap_text_call calls[TAP_TEXT_CALLS_MAX];	 /* in flight, by number */
	struct tap_text_call served[TAP_TEXT_CALLS_MAX]; /* delivered to the process, by call id */
};

void tap_text_init(struct tap_text *view, const char *name);

/*
 * The lines of one record, each with its newline: one, and one before it if records were dropped.
 * `payload`: record->payload_bytes bytes, 8-byte aligned. What does not fit `printer` is cut.
 */
void tap_text_record(struct tap_text *view, const struct cap_tap_record *record,
    const void *payload, struct capnp_printer *printer);
