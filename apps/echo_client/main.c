/* SPDX-License-Identifier: Apache-2.0 */
/* Calls an Echo once and says so. CapSet: `echo` (Echo), `console` (Console). */
#include <capos/capos.h>
#include <schema/console.client.h>
#include <schema/echo.client.h>
#include <string.h>

#define ECHO_BYTES 64

static bool
ping(struct echo echo)
{
	uint8_t bytes[ECHO_BYTES];
	struct capos_call call;
	struct echo_ping_params_builder params = echo_ping_begin(&call, echo);
	struct echo_ping_results results;
	bool is_same = false;

	for (uint32_t i = 0; i < ECHO_BYTES; i++)
		bytes[i] = (uint8_t)(i * 7);
	echo_ping_params_set_data(params, (struct capnp_data){ bytes, ECHO_BYTES });
	if (echo_ping_run(&call, &results) == CAP_OK) {
		struct capnp_data data = echo_ping_results_data(results);

		is_same = data.size == ECHO_BYTES && memcmp(data.data, bytes, ECHO_BYTES) == 0;
	}
	capos_call_end(&call);
	return is_same;
}

int
capos_main(struct capos *self)
{
	struct console console;
	struct echo echo;

	if (console_from_capset(self, "console", &console) != CAP_OK)
		return 2;
	if (echo_from_capset(self, "echo", &echo) != CAP_OK)
		return console_write_line(console,
			   CAPNP_TEXT("echo-client: there is no `echo` among my capabilities")) ==
			CAP_OK
		    ? 1
		    : 2;
	if (!ping(echo))
		return 1;
	return console_write_line(console, CAPNP_TEXT("echo-client: 64 bytes there and back")) ==
		CAP_OK
	    ? 0
	    : 2;
}
