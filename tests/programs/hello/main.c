/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest program that can be seen: one line on its console, and its name as the reason to
 * exit with 0. */
#include <capos/capos.h>
#include <schema/console.client.h>

int
capos_main(struct capos *self)
{
	struct console console;

	if (console_from_capset(self, "console", &console) != CAP_OK)
		return 1;
	return console_write_line(console, CAPNP_TEXT("hello: here")) == CAP_OK ? 0 : 2;
}
