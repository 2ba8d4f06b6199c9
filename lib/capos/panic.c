/* SPDX-License-Identifier: Apache-2.0 */
/* The last words of a program. They leave through memory of their own: what went wrong may be that
 * every buffer is taken. */
#include <core/format.h>
#include <schema/console.client.h>
#include <stdarg.h>

#include "capos.h"

#define TEXT_BYTES 200

/* Its end is not asked for: the process ends with it. */
static struct capos_call last_call;
static uint64_t last_params[(TEXT_BYTES + 64) / 8];
static uint64_t last_results[16];
static struct capos_block last_block = {
	.params = (uint8_t *)last_params,
	.results = (uint8_t *)last_results,
	.param_bytes = sizeof(last_params),
	.result_bytes = sizeof(last_results),
	.kind = CAPOS_BLOCK_KINDS,
};

void
capos_panic(struct capos *self, const char *format, ...)
{
	struct console console;
	char text[TEXT_BYTES];
	va_list arguments;

	va_start(arguments, format);
	format_text_list(text, sizeof(text), format, arguments);
	va_end(arguments);
	/* Nothing more can be done if the last words find no console. */
	if (console_from_capset(self, "console", &console) != CAP_OK)
		capos_exit(CAPOS_EXIT_PANIC);
	capos_call_begin_block(&last_call, console.cap, CONSOLE_METHOD_WRITE_LINE, 0, &last_block);
	console_write_line_params_set_text(
	    console_write_line_params_init_root(&last_call.params), capnp_text_from_string(text));
	if (capos_call_send(&last_call) != CAP_OK || capos_call_wait(&last_call) != CAP_OK)
		capos_exit(CAPOS_EXIT_PANIC);
	capos_exit(CAPOS_EXIT_PANIC);
}
