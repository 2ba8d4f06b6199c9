/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal service. CapSet: `serial` (SerialPort), `session` (Endpoint: serves
 * TerminalSession), `output` (Endpoint: serves Console).
 */
#include "terminal.h"

CAPOS_LARGE_MESSAGES(5);

static struct terminal terminal;

static enum cap_status
start(struct capos *self)
{
	struct serial_port serial;
	struct capos_cap session;
	struct capos_cap output;

	CAPOS_TRY(serial_port_from_capset(self, "serial", &serial));
	CAPOS_TRY(capos_capset_find(self, "session", ENDPOINT_INTERFACE_ID, &session));
	CAPOS_TRY(capos_capset_find(self, "output", ENDPOINT_INTERFACE_ID, &output));
	terminal_init(&terminal, self, serial);
	terminal_listen(&terminal);
	CAPOS_TRY(service_add(&terminal.service, &terminal.session_endpoint, session,
	    terminal_session_of(&terminal), CAPOS_BLOCK_LARGE));
	return service_add(&terminal.service, &terminal.output_endpoint, output,
	    terminal_output_of(&terminal), CAPOS_BLOCK_LARGE);
}

int
capos_main(struct capos *self)
{
	enum cap_status status = start(self);

	if (status != CAP_OK)
		capos_panic(self, "terminal: %s", cap_status_sentence(status));
	return service_run(&terminal.service);
}
