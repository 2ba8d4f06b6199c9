/* SPDX-License-Identifier: Apache-2.0 */
/* A command line: launch commands and what Tab offers. */
#include <schema/echo.capnp.h>
#include <schema/timer.capnp.h>

#include "fuzz.h"

#include "apps/shell/complete.h"
#include "apps/shell/launch_command.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cap_names names;
	static struct completions found;
	struct scanner scanner;
	struct launch_command command;
	struct shell_text line = { (const char *)data, (uint32_t)size };

	memset(&names, 0, sizeof(names));
	(void)!cap_names_add(
	    &names, &(struct cap_name){ .name = "timer", .interface_id = TIMER_INTERFACE_ID });
	(void)!cap_names_add(
	    &names, &(struct cap_name){ .name = "echo", .interface_id = ECHO_INTERFACE_ID });
	scanner_init(&scanner, line.bytes, line.size);
	launch_command_parse(&scanner, &command, LAUNCH_CAPS_MAX);
	fuzz_require(!scanner.failed || scanner.error_position <= line.size);
	fuzz_require(command.grant_count <= LAUNCH_GRANTS_MAX);
	shell_complete(&names, line, &found);
	fuzz_require(found.count <= COMPLETIONS_MAX && found.start <= line.size);
	return 0;
}
