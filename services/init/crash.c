/* SPDX-License-Identifier: Apache-2.0 */
/* Crash records; see crash.h. */
#include "crash.h"

#include <capnp/reflect.h>
#include <core/format.h>
#include <string.h>

#define VECTOR_PAGE_FAULT 14
#define SOURCE_BYTES 120

struct crash_exit
crash_exit_read(struct exit_status from)
{
	return (struct crash_exit){
		.kind = exit_status_kind(from),
		.code = exit_status_code(from),
		.fault_address = exit_status_fault_address(from),
		.fault_instruction = exit_status_fault_instruction(from),
		.fault_error = exit_status_fault_error(from),
		.serving_interface = exit_status_serving_interface(from),
		.serving_method = exit_status_serving_method(from),
	};
}

void
crash_log_add(struct crash_log *log, const struct crash *crash)
{
	if (log->count == CRASHES_KEPT)
		memmove(&log->kept[0], &log->kept[1], (--log->count) * sizeof(log->kept[0]));
	log->kept[log->count++] = *crash;
}

void
crash_serving(const struct crash_exit *exit, char text[SERVING_BYTES])
{
	const struct reflect_interface *interface = reflect_interface_find(exit->serving_interface);

	text[0] = '\0';
	if (exit->serving_interface == 0)
		return;
	if (interface == NULL)
		format_text(text, SERVING_BYTES, "0x%llx.%u",
		    (unsigned long long)exit->serving_interface, exit->serving_method);
	else if (exit->serving_method >= interface->method_count)
		format_text(text, SERVING_BYTES, "%s.%u", interface->name, exit->serving_method);
	else
		format_text(text, SERVING_BYTES, "%s.%s", interface->name,
		    interface->methods[exit->serving_method].name);
}

/* ` in FUNCTION (FILE:LINE)`, as far as it is known. */
static void
describe_source(const struct symbol *symbol, char text[SOURCE_BYTES])
{
	text[0] = '\0';
	if (symbol->line != 0)
		format_text(text, SOURCE_BYTES, " in %.*s (%.*s:%u)",
		    (int)(symbol->function.size < 40 ? symbol->function.size : 40),
		    symbol->function.data, (int)(symbol->file.size < 60 ? symbol->file.size : 60),
		    symbol->file.data, symbol->line);
}

static void
describe_end(const struct crash *crash, char text[CRASH_LINE_BYTES])
{
	const struct crash_exit *exit = &crash->exit;
	char source[SOURCE_BYTES];

	describe_source(&crash->symbol, source);
	if (exit->kind == EXIT_KIND_EXITED)
		format_text(text, CRASH_LINE_BYTES, "exited %lld", (long long)exit->code);
	else if (exit->kind == EXIT_KIND_KILLED)
		format_text(text, CRASH_LINE_BYTES, "killed");
	else if (exit->code == VECTOR_PAGE_FAULT)
		format_text(text, CRASH_LINE_BYTES, "page fault at 0x%llx, instruction 0x%llx%s",
		    (unsigned long long)exit->fault_address,
		    (unsigned long long)exit->fault_instruction, source);
	else
		format_text(text, CRASH_LINE_BYTES, "fault %lld, instruction 0x%llx%s",
		    (long long)exit->code, (unsigned long long)exit->fault_instruction, source);
}

void
crash_describe(const struct crash *crash, char text[CRASH_LINE_BYTES])
{
	char serving[SERVING_BYTES];
	size_t used;

	describe_end(crash, text);
	crash_serving(&crash->exit, serving);
	used = strlen(text);
	if (serving[0] != '\0')
		format_text(text + used, CRASH_LINE_BYTES - used, ", serving %s", serving);
}

void
crash_fill(struct crash_record_builder to, const struct crash *crash)
{
	struct exit_status_builder exit = crash_record_init_exit(to);
	char serving[SERVING_BYTES];

	crash_serving(&crash->exit, serving);
	crash_record_set_service(to, crash->service);
	crash_record_set_pid(to, crash->pid);
	crash_record_set_at_ns(to, crash->at_ns);
	exit_status_set_kind(exit, crash->exit.kind);
	exit_status_set_code(exit, crash->exit.code);
	exit_status_set_fault_address(exit, crash->exit.fault_address);
	exit_status_set_fault_instruction(exit, crash->exit.fault_instruction);
	exit_status_set_fault_error(exit, crash->exit.fault_error);
	exit_status_set_serving_interface(exit, crash->exit.serving_interface);
	exit_status_set_serving_method(exit, crash->exit.serving_method);
	crash_record_set_function(to, crash->symbol.function);
	crash_record_set_file(to, crash->symbol.file);
	crash_record_set_line(to, crash->symbol.line);
	crash_record_set_serving(to, capnp_text_from_string(serving));
	crash_record_set_restarts(to, crash->restarts);
	crash_record_set_status(to, crash->status);
}
