/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a tap as lines; see tap_text.h. */
#include "tap_text.h"

#include <abi/ring.h>
#include <capnp/reflect_value.h>
#include <schema/exception.capnp.h>
#include <schema/status.capnp.h>
#include <stdarg.h>
#include <string.h>

#include "format.h"

#define PIECE_BYTES 192
#define RAW_BYTES_SHOWN 16

struct line {
	struct tap_text *view;
	const struct cap_tap_record *record;
	const uint8_t *payload;
	struct capnp_printer *printer;
};

static __attribute__((format(printf, 2, 3))) void
print(const struct line *line, const char *format, ...)
{
	struct capnp_printer *printer = line->printer;
	char piece[PIECE_BYTES];
	va_list arguments;
	size_t bytes;

	va_start(arguments, format);
	bytes = format_text_list(piece, sizeof(piece), format, arguments);
	va_end(arguments);
	for (size_t i = 0; i < bytes; i++) {
		if (printer->used + 1 >= printer->capacity) {
			printer->is_cut = true;
			return;
		}
		printer->buffer[printer->used++] = piece[i];
		printer->buffer[printer->used] = '\0';
	}
}

void
tap_text_init(struct tap_text *view, const char *name)
{
	memset(view, 0, sizeof(*view));
	view->name = name;
}

static struct tap_text_call *
call_find(struct tap_text_call *calls, uint64_t id)
{
	for (uint32_t i = 0; i < TAP_TEXT_CALLS_MAX && id != 0; i++)
		if (calls[i].id == id)
			return &calls[i];
	return NULL;
}

/* In a free place, or in that of the oldest: its end was dropped. */
static void
call_keep(struct tap_text_call *calls, const struct tap_text_call *call)
{
	struct tap_text_call *place = &calls[0];

	for (uint32_t i = 0; i < TAP_TEXT_CALLS_MAX; i++) {
		if (calls[i].id == 0 || calls[i].id == call->id) {
			place = &calls[i];
			break;
		}
		if (calls[i].time_ns < place->time_ns)
			place = &calls[i];
	}
	*place = *call;
}

static const struct reflect_method *
method_find(uint64_t interface_id, uint16_t method)
{
	const struct reflect_interface *interface = reflect_interface_find(interface_id);

	return interface == NULL || method >= interface->method_count ? NULL
								      : &interface->methods[method];
}

/* `Echo.ping`, or as much of it as the schema knows. */
static void
print_method(const struct line *line, uint64_t interface_id, uint16_t method)
{
	const struct reflect_interface *interface = reflect_interface_find(interface_id);
	const struct reflect_method *found = method_find(interface_id, method);

	if (found != NULL)
		print(line, "%s.%s", interface->name, found->name);
	else if (interface != NULL)
		print(line, "%s.method%u", interface->name, method);
	else if (interface_id != 0)
		print(line, "interface 0x%llx.method%u", (unsigned long long)interface_id, method);
	else
		print(line, "unknown.method%u", method);
}

/* The interface of an operation's target, if that had one. */
static void
print_target(const struct line *line)
{
	const struct reflect_interface *interface =
	    reflect_interface_find(line->record->interface_id);

	if (interface != NULL)
		print(line, " %s", interface->name);
	else
		print(line, " cap 0x%llx", (unsigned long long)line->record->target);
}

static void
print_raw(const struct line *line, const uint8_t *bytes, uint32_t size)
{
	print(line, " 0x\"");
	for (uint32_t i = 0; i < size && i < RAW_BYTES_SHOWN; i++)
		print(line, "%02x", bytes[i]);
	print(line, size > RAW_BYTES_SHOWN ? "\"..." : "\"");
}

/* A message of which `had` bytes were recorded, of `whole`. */
struct message {
	const uint8_t *bytes;
	uint32_t had;
	uint32_t whole;
	uint32_t cap_count;
};

/* The bytes before its capabilities are named by nobody: what they are called is their number. */
static void
reader_open(struct capnp_reader *reader, const struct message *message)
{
	reader->cap_count =
	    message->cap_count < CAPNP_CAPS_MAX ? message->cap_count : CAPNP_CAPS_MAX;
	for (uint32_t i = 0; i < reader->cap_count; i++)
		reader->caps[i] = (struct capnp_cap){ .cap_id = i + 1, .mode = CAPNP_CAP_COPY };
}

/* Decoded as far as it is whole and of the type; else its length, and its first bytes. */
static void
print_message(
    const struct line *line, const struct reflect_struct *type, const struct message *message)
{
	struct capnp_reader reader;

	if (message->had == 0) {
		if (message->whole != 0)
			print(line, " %u bytes", message->whole);
		return;
	}
	if (message->had < message->whole)
		print(line, " the first %u of", message->had);
	if (type == NULL || message->had < message->whole ||
	    capnp_reader_init(&reader, message->bytes, message->had) != CAPNP_OK) {
		print(line, " %u bytes:", message->whole);
		print_raw(line, message->bytes, message->had);
		return;
	}
	reader_open(&reader, message);
	print(line, " ");
	capnp_print_struct(line->printer, type, capnp_reader_root(&reader));
	if (capnp_reader_error(&reader) != CAPNP_OK)
		print(line, " (damaged: %s)", capnp_error_name(capnp_reader_error(&reader)));
}

static void
print_reason(const struct line *line, struct capnp_text reason)
{
	uint32_t size = reason.size < PIECE_BYTES - 8 ? reason.size : PIECE_BYTES - 8;

	print(line, ": ");
	/* Nothing that a program wrote moves the cursor of whoever reads. */
	for (uint32_t i = 0; i < size; i++) {
		char byte = reason.data[i];

		print(line, "%c", byte >= ' ' && byte != 0x7f ? byte : '?');
	}
}

static const char *const exception_names[] = {
	[EXCEPTION_TYPE_FAILED] = "failed",
	[EXCEPTION_TYPE_OVERLOADED] = "overloaded",
	[EXCEPTION_TYPE_DISCONNECTED] = "disconnected",
	[EXCEPTION_TYPE_UNIMPLEMENTED] = "unimplemented",
};

/* An exception is a message as any other, with a type of its own. */
static void
print_exception(const struct line *line, const uint8_t *bytes, uint32_t size)
{
	struct capnp_reader reader;
	struct cap_exception exception;
	struct capnp_text reason;
	uint32_t type;
	int32_t status;

	print(line, " exception");
	if (size == 0)
		return;
	if (capnp_reader_init(&reader, bytes, size) != CAPNP_OK) {
		print_raw(line, bytes, size);
		return;
	}
	exception = cap_exception_root(&reader);
	type = (uint32_t)cap_exception_type(exception);
	reason = cap_exception_reason(exception);
	status = cap_exception_status(exception);
	print(line, " %s",
	    type < sizeof(exception_names) / sizeof(exception_names[0]) ? exception_names[type]
									: "of an unknown type");
	if (capnp_reader_error(&reader) == CAPNP_OK && reason.size != 0)
		print_reason(line, reason);
	else if (status != 0)
		print(line, ": %s", cap_status_sentence((enum cap_status)status));
}

static uint32_t
payload_bytes(const struct line *line)
{
	uint32_t bytes = line->record->payload_bytes;

	return bytes <= CAP_TAP_PAYLOAD_MAX ? bytes : CAP_TAP_PAYLOAD_MAX;
}

static void
print_call_params(const struct line *line)
{
	const struct cap_tap_record *record = line->record;
	const struct reflect_method *method = method_find(record->interface_id, record->method);
	const struct message message = { line->payload, payload_bytes(line), record->len,
		record->xfer_count };

	print_method(line, record->interface_id, record->method);
	print_message(line, method == NULL ? NULL : method->params, &message);
	if (record->flags & CAP_SQE_PROMISED)
		print(line, " on a promise");
}

static void
print_return(const struct line *line)
{
	const struct cap_tap_record *record = line->record;
	struct tap_text_call *call = call_find(line->view->served, record->target);
	const struct reflect_method *method =
	    call == NULL ? NULL : method_find(call->interface_id, call->method);
	const struct message message = { line->payload, payload_bytes(line), record->len,
		record->xfer_count };

	print(line, "RETURN of call %llu", (unsigned long long)record->target);
	if (call != NULL) {
		print(line, " ");
		print_method(line, call->interface_id, call->method);
		call->id = 0;
	}
	if (record->flags & CAP_SQE_EXCEPTION)
		print_exception(line, line->payload, payload_bytes(line));
	else
		print_message(line, method == NULL ? NULL : method->results, &message);
	if (record->flags & CAP_SQE_RECEIVE)
		print(line, ", then RECV");
}

static void
print_submission(const struct line *line)
{
	const struct cap_tap_record *record = line->record;

	switch (record->op) {
	case CAP_OP_NOP:
		print(line, "NOP");
		break;
	case CAP_OP_CALL:
		print_call_params(line);
		break;
	case CAP_OP_RECV:
		print(line, "RECV");
		print_target(line);
		break;
	case CAP_OP_RETURN:
		print_return(line);
		break;
	case CAP_OP_RELEASE:
		print(line, "RELEASE");
		print_target(line);
		break;
	case CAP_OP_FINISH:
		print(line, "FINISH 0x%llx", (unsigned long long)record->target);
		break;
	case CAP_OP_SIGNAL:
		print(line, "SIGNAL");
		print_target(line);
		break;
	case CAP_OP_WAIT:
		print(line, "WAIT");
		print_target(line);
		break;
	default:
		print(line, "opcode %u", record->op);
		break;
	}
}

static const char *
op_name(uint8_t op)
{
	static const char *const names[] = {
		[CAP_OP_NOP] = "NOP",
		[CAP_OP_CALL] = "CALL",
		[CAP_OP_RECV] = "RECV",
		[CAP_OP_RETURN] = "RETURN",
		[CAP_OP_RELEASE] = "RELEASE",
		[CAP_OP_FINISH] = "FINISH",
		[CAP_OP_SIGNAL] = "SIGNAL",
		[CAP_OP_WAIT] = "WAIT",
	};
	const char *name = op < sizeof(names) / sizeof(names[0]) ? names[op] : NULL;

	return name != NULL ? name : "unknown opcode";
}

/* What a RECV brought: a header of the kernel's, and the parameters of somebody's call. */
static void
print_delivery(const struct line *line)
{
	uint32_t had = payload_bytes(line);
	struct tap_text_call call;
	struct cap_delivery delivery;
	const struct reflect_method *method;
	struct message message;

	if (had < sizeof(delivery)) {
		print(line, " %d bytes", line->record->result);
		return;
	}
	memcpy(&delivery, line->payload, sizeof(delivery));
	method = method_find(delivery.interface_id, delivery.method);
	message = (struct message){ line->payload + sizeof(delivery),
		had - (uint32_t)sizeof(delivery), delivery.param_bytes, delivery.cap_count };
	if (message.had > message.whole)
		message.had = message.whole;
	call = (struct tap_text_call){ delivery.call_id, line->record->time_ns,
		delivery.interface_id, delivery.method };
	call_keep(line->view->served, &call);
	print(line, " call %llu ", (unsigned long long)delivery.call_id);
	print_method(line, delivery.interface_id, delivery.method);
	print_message(line, method == NULL ? NULL : method->params, &message);
}

static void
print_results(const struct line *line)
{
	const struct cap_tap_record *record = line->record;
	const struct reflect_method *method = method_find(record->interface_id, record->method);
	const struct message message = { line->payload, payload_bytes(line),
		(uint32_t)record->result, record->cap_count };

	print_message(line, method == NULL ? NULL : method->results, &message);
}

static void
print_outcome(const struct line *line)
{
	const struct cap_tap_record *record = line->record;

	if (record->result >= 0)
		print(line, " ok");
	else if (record->result == CAP_ERR_APPLICATION_EXCEPTION)
		print_exception(line, line->payload, payload_bytes(line));
	else
		print(line, " refused: %s", cap_status_sentence((enum cap_status)record->result));
}

static void
print_duration(const struct line *line, uint64_t ns)
{
	if (ns < 10000)
		print(line, " in %lluns", (unsigned long long)ns);
	else if (ns < 10000000)
		print(line, " in %lluus", (unsigned long long)(ns / 1000));
	else
		print(line, " in %llums", (unsigned long long)(ns / 1000000));
}

static void
print_completion(const struct line *line)
{
	const struct cap_tap_record *record = line->record;
	struct tap_text_call *call = call_find(line->view->calls, record->call_id);

	if (record->op == CAP_OP_CALL)
		print_method(line, record->interface_id, record->method);
	else
		print(line, "%s", op_name(record->op));
	if (call != NULL && record->time_ns >= call->time_ns)
		print_duration(line, record->time_ns - call->time_ns);
	if (call == NULL)
		print(line, " (its submission was dropped)");
	else
		call->id = 0;
	print(line, ":");
	print_outcome(line);
	if (record->result < 0)
		return;
	if (record->op == CAP_OP_CALL)
		print_results(line);
	else if (record->op == CAP_OP_RECV)
		print_delivery(line);
	else if (record->op == CAP_OP_WAIT)
		print(line, " bits 0x%llx", (unsigned long long)record->cap_id);
}

static void
print_dropped(const struct line *line)
{
	const struct cap_tap_record *record = line->record;
	uint64_t missing = record->sequence - line->view->next_sequence;

	/* Numbers that run backwards say nothing about how many are missing. */
	if (record->sequence > line->view->next_sequence) {
		print(line, "... %llu records were dropped\n", (unsigned long long)missing);
		line->view->dropped += missing;
	}
	line->view->next_sequence = record->sequence + 1;
}

void
tap_text_record(struct tap_text *view, const struct cap_tap_record *record, const void *payload,
    struct capnp_printer *printer)
{
	const struct line line = { view, record, payload, printer };
	const struct tap_text_call call = { record->call_id, record->time_ns, record->interface_id,
		record->method };

	print_dropped(&line);
	print(&line, "t=%llu.%03ums pid %u %s ", (unsigned long long)(record->time_ns / 1000000),
	    (unsigned)(record->time_ns / 1000 % 1000), record->pid, view->name);
	if (record->direction == CAP_TAP_SUBMISSION) {
		print(&line, "-> ");
		print_submission(&line);
		call_keep(view->calls, &call);
	} else if (record->direction == CAP_TAP_COMPLETION) {
		print(&line, "<- ");
		print_completion(&line);
	} else {
		print(&line, "?? a record of an unknown direction");
	}
	if (record->payload_flags & CAP_TAP_PAYLOAD_LOST)
		print(&line, " (payload not mapped)");
	print(&line, " [%llu]\n", (unsigned long long)record->call_id);
}
