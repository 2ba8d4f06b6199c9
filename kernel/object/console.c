/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Console: lines of processes on the kernel's log. Bytes that could move a terminal's cursor are
 * shown escaped. What a process may write in a time is bounded, so that none can hide what others
 * and the kernel say.
 */
#include <core/format.h>
#include <schema/console.server.h>

#include "arch/cpu.h"
#include "base/log.h"
#include "object/call.h"
#include "object/permanent.h"
#include "proc/process.h"

#define WRITE_BYTES_MAX 4096
#define PART_BYTES 128
#define ESCAPE_BYTES 4 /* \xNN */

static struct object console;

static bool
is_shown(uint8_t byte)
{
	return byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

static uint32_t
shown_bytes(const char *bytes, uint32_t byte_count)
{
	uint32_t shown = 0;

	for (uint32_t i = 0; i < byte_count; i++)
		shown += is_shown((uint8_t)bytes[i]) ? 1 : ESCAPE_BYTES;
	return shown;
}

/* So many bytes of the caller on the log; what was refused before is told first. */
static enum cap_status
take_room(const struct object_call *call, uint32_t bytes)
{
	uint64_t refused;
	enum cap_status status = process_log_take(call->process, bytes, &refused);

	if (status == CAP_OK && refused != 0)
		log_line(LOG_WARN, "console", "pid=%u wrote too fast: %llu bytes were refused",
		    call->process->pid, (unsigned long long)refused);
	return status;
}

static void
write_escaped(const char *bytes, uint32_t byte_count)
{
	char part[PART_BYTES + 8];
	size_t used = 0;

	for (uint32_t i = 0; i < byte_count; i++) {
		uint8_t byte = (uint8_t)bytes[i];

		if (is_shown(byte))
			part[used++] = (char)byte;
		else
			used += format_text(part + used, 8, "\\x%02x", byte);
		if (used >= PART_BYTES) {
			arch_debug_write(part, used);
			used = 0;
			arch_interrupt_window();
		}
	}
	arch_debug_write(part, used);
}

static enum cap_status
console_write(struct console_server *server, struct console_write_params params,
    struct console_write_results_builder results, const struct capos_caller *caller)
{
	struct capnp_data data = console_write_params_data(params);
	enum cap_status status;

	(void)server;
	(void)results;
	if (capnp_reader_error(caller->call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (data.size > WRITE_BYTES_MAX)
		return CAP_ERR_MESSAGE_TOO_LARGE;
	status = take_room(caller->call, shown_bytes((const char *)data.data, data.size));
	if (status == CAP_OK)
		write_escaped((const char *)data.data, data.size);
	return status;
}

static enum cap_status
console_write_line(struct console_server *server, struct console_write_line_params params,
    struct console_write_line_results_builder results, const struct capos_caller *caller)
{
	struct capnp_text text = console_write_line_params_text(params);
	enum cap_status status;

	(void)server;
	(void)results;
	if (capnp_reader_error(caller->call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (text.size > WRITE_BYTES_MAX)
		return CAP_ERR_MESSAGE_TOO_LARGE;
	status = take_room(caller->call, shown_bytes(text.data, text.size) + 1);
	if (status != CAP_OK)
		return status;
	write_escaped(text.data, text.size);
	arch_debug_write("\n", 1);
	return CAP_OK;
}

static const struct console_methods methods = {
	.write = console_write,
	.write_line = console_write_line,
};

static enum cap_status
console_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return console_dispatch(&methods, NULL, call->method, call->params, call->results, &caller);
}

static const struct object_type console_type = {
	.name = "console",
	.interface_id = CONSOLE_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = console_call,
	.destroy = permanent_destroy,
};

void console_init(void);

void
console_init(void)
{
	object_init(&console, &console_type);
}

struct object *
console_object(void)
{
	return &console;
}
