/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that succeed, that fail by their server, and that the kernel refuses: for whoever watches.
 * CapSet: `console` (Console), `echo` (Echo).
 */
#include <capos/capos.h>
#include <schema/console.client.h>
#include <schema/echo.client.h>

CAPOS_LARGE_MESSAGES(1);

#define MANY 300      /* bytes, which make a long line */
#define TOO_MANY 4200 /* for an Echo */

static uint8_t bytes[TOO_MANY] = { 0xca, 0xfe };

static enum cap_status
ping(struct echo echo, uint32_t count)
{
	struct capos_call call;
	struct echo_ping_results results;
	enum cap_status status;

	capos_call_begin_kind(&call, echo.cap, ECHO_METHOD_PING, 0, CAPOS_BLOCK_LARGE);
	echo_ping_params_set_data(
	    echo_ping_params_init_root(&call.params), (struct capnp_data){ bytes, count });
	status = echo_ping_run(&call, &results);
	capos_call_end(&call);
	return status;
}

int
capos_main(struct capos *self)
{
	struct console console;
	struct echo echo;
	struct capos_call call;
	bool fails;

	if (console_from_capset(self, "console", &console) != CAP_OK ||
	    echo_from_capset(self, "echo", &echo) != CAP_OK)
		return 2;
	if (ping(echo, 2) != CAP_OK || ping(echo, MANY) != CAP_OK)
		return 3;
	fails = ping(echo, TOO_MANY) == CAP_ERR_APPLICATION_EXCEPTION;
	/* A method that no Console has. */
	capos_call_begin(&call, console.cap, 9, 0);
	(void)console_write_line_params_init_root(&call.params);
	fails = capos_call_run(&call) == CAP_ERR_APPLICATION_EXCEPTION && fails;
	capos_call_end(&call);
	return fails && console_write_line(console, CAPNP_TEXT("failing-call: done")) == CAP_OK ? 7
												: 4;
}
