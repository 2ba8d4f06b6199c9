/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A terminal: a serial line on one side, TerminalSession and Console on the other. One thread;
 * everything runs from the service loop.
 */
#include <capos/capos.h>
#include <schema/device.client.h>
#include <service/serve.h>

#include "line_editor.h"

#define TERMINAL_QUEUE_BYTES 1024 /* typed and not yet fed to the editor; a power of two */
#define TERMINAL_OUTPUT_BYTES 4096
#define TERMINAL_READ_BYTES 256

struct terminal {
	struct service service;
	struct service_endpoint session_endpoint;
	struct service_endpoint output_endpoint;
	struct serial_port serial;
	struct capos_call serial_read; /* in flight while the queue has room */
	struct line_editor editor;
	struct line_history history;
	bool is_writing;	    /* to the serial line: one write at a time */
	struct capos_ticket reader; /* of the open readLine; call_id 0: none */
	bool is_feeding;	    /* the editor */
	bool is_listening;
	uint32_t queue_head, queue_tail; /* of what was typed: free-running */
	uint8_t queue[TERMINAL_QUEUE_BYTES];
	uint32_t output_bytes;
	uint8_t output[TERMINAL_OUTPUT_BYTES];
};

void terminal_init(struct terminal *terminal, struct capos *self, struct serial_port serial);

/* Listen to the serial line as long as the queue has room; the loop calls back when bytes arrive.
 */
void terminal_listen(struct terminal *terminal);

/* The capabilities that it serves. */
struct capos_interface terminal_session_of(struct terminal *terminal);
struct capos_interface terminal_output_of(struct terminal *terminal);

/* Show text above the line that is being typed; a line feed starts a new line. */
void terminal_show(struct terminal *terminal, const char *bytes, uint32_t byte_count);
