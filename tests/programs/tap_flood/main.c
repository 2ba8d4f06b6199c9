/* SPDX-License-Identifier: Apache-2.0 */
/* More calls than a tap has room for. CapSet: `console`, `echo` (Echo). */
#include <capos/capos.h>
#include <schema/echo.client.h>

#define PINGS 500

int
capos_main(struct capos *self)
{
	struct echo echo;

	if (echo_from_capset(self, "echo", &echo) != CAP_OK)
		return 2;
	for (uint32_t i = 0; i < PINGS; i++) {
		struct capos_call call;
		struct echo_ping_results results;
		enum cap_status status;

		(void)echo_ping_begin(&call, echo);
		status = echo_ping_run(&call, &results);
		capos_call_end(&call);
		if (status != CAP_OK)
			return 3;
	}
	return 0;
}
