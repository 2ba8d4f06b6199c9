/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal between its serial line and its readers; see terminal.h. What is shown is collected
 * and written to the line before the loop waits again. What was typed goes to the editor while
 * someone reads, and waits in the queue else.
 */
#include "terminal.h"

#include <schema/console.server.h>
#include <schema/terminal.server.h>
#include <string.h>

struct terminal_session_server {
	struct terminal terminal;
};

struct console_server {
	struct terminal terminal;
};

/* The end of a readLine. */
struct line_answer {
	struct terminal *terminal;
	enum line_status status;
};

/* The generated call takes a buffer for short data; output may fill the largest. */
static void
serial_write_begin(struct terminal *terminal, struct capos_call *call, struct capnp_data data)
{
	capos_call_begin_kind(
	    call, terminal->serial.cap, SERIAL_PORT_METHOD_WRITE, 0, CAPOS_BLOCK_LARGE);
	serial_port_write_params_set_data(serial_port_write_params_init_root(&call->params), data);
}

static enum cap_status
serial_write_end(struct capos_call *call)
{
	enum cap_status status = capos_call_send(call);

	if (status == CAP_OK)
		status = capos_call_wait(call);
	capos_call_end(call);
	return status;
}

/*
 * While one write is under way, bytes may be typed, and their echo comes here: it is collected, and
 * leaves with the next turn of the loop. The line takes one write at a time.
 */
static void
flush(struct terminal *terminal)
{
	if (terminal->is_writing)
		return;
	terminal->is_writing = true;
	while (terminal->output_bytes != 0 && !terminal->service.is_stopping) {
		struct capnp_data data = { terminal->output, terminal->output_bytes };
		struct capos_call call;

		/* The message holds a copy: the buffer can be filled again at once. */
		serial_write_begin(terminal, &call, data);
		terminal->output_bytes = 0;
		/* Without its line there is no terminal. */
		if (serial_write_end(&call) != CAP_OK)
			service_stop(&terminal->service, 1);
	}
	terminal->is_writing = false;
}

static void
put(void *context, const char *bytes, uint32_t byte_count)
{
	struct terminal *terminal = context;

	for (uint32_t i = 0; i < byte_count; i++) {
		if (terminal->output_bytes == TERMINAL_OUTPUT_BYTES)
			flush(terminal);
		if (terminal->output_bytes == TERMINAL_OUTPUT_BYTES)
			return; /* more echo than a whole buffer during one write: cut */
		terminal->output[terminal->output_bytes++] = (uint8_t)bytes[i];
	}
}

static void
put_lines(struct terminal *terminal, const char *bytes, uint32_t byte_count)
{
	for (uint32_t i = 0; i < byte_count; i++) {
		if (bytes[i] == '\n')
			put(terminal, "\r", 1);
		put(terminal, bytes + i, 1);
	}
}

void
terminal_show(struct terminal *terminal, const char *bytes, uint32_t byte_count)
{
	line_editor_hide(&terminal->editor);
	put_lines(terminal, bytes, byte_count);
	/* A line that goes on would be overwritten by the prompt. */
	if (terminal->editor.active && byte_count != 0 && bytes[byte_count - 1] != '\n')
		put_lines(terminal, "\n", 1);
	line_editor_show(&terminal->editor);
	flush(terminal);
}

static enum line_status
status_of(enum line_event event)
{
	switch (event) {
	case LINE_EVENT_COMPLETE:
		return LINE_STATUS_COMPLETE;
	case LINE_EVENT_CANCELLED:
		return LINE_STATUS_CANCELLED;
	case LINE_EVENT_END_OF_INPUT:
		return LINE_STATUS_END_OF_INPUT;
	default:
		return LINE_STATUS_LINE;
	}
}

static void
fill_line(
    struct terminal_session_read_line_results_builder results, const struct line_answer *answer)
{
	const struct line_editor *editor = &answer->terminal->editor;
	bool has_line =
	    answer->status == LINE_STATUS_LINE || answer->status == LINE_STATUS_COMPLETE;

	terminal_session_read_line_results_set_status(results, answer->status);
	terminal_session_read_line_results_set_line(
	    results, (struct capnp_text){ editor->line, has_line ? editor->length : 0 });
	terminal_session_read_line_results_set_cursor(results, has_line ? editor->cursor : 0);
}

static void
fill_line_answer(struct capnp_builder *results, void *context)
{
	fill_line(terminal_session_read_line_results_init_root(results), context);
}

static void on_serial_read(struct capos_call *call, void *context);

static uint32_t
queue_room(const struct terminal *terminal)
{
	return TERMINAL_QUEUE_BYTES - (terminal->queue_tail - terminal->queue_head);
}

/* A read is sent only when the queue can take all of it: the rest waits in the line. */
void
terminal_listen(struct terminal *terminal)
{
	struct serial_port_read_params_builder params;

	if (terminal->is_listening || queue_room(terminal) < TERMINAL_READ_BYTES)
		return;
	params = serial_port_read_begin(&terminal->serial_read, terminal->serial);
	serial_port_read_params_set_max_bytes(params, TERMINAL_READ_BYTES);
	terminal->serial_read.on_done = on_serial_read;
	terminal->serial_read.context = terminal;
	terminal->is_listening = true;
	if (capos_call_send(&terminal->serial_read) != CAP_OK)
		service_stop(&terminal->service, 1);
}

static void
forget_queue(struct terminal *terminal)
{
	memset(terminal->queue, 0, sizeof(terminal->queue));
	terminal->queue_head = terminal->queue_tail;
	terminal_listen(terminal);
}

static void
enqueue(struct terminal *terminal, struct capnp_data typed)
{
	for (uint32_t i = 0; i < typed.size && queue_room(terminal) != 0; i++)
		terminal->queue[terminal->queue_tail++ % TERMINAL_QUEUE_BYTES] = typed.data[i];
}

static uint8_t
dequeue(struct terminal *terminal)
{
	uint8_t *at = &terminal->queue[terminal->queue_head++ % TERMINAL_QUEUE_BYTES];
	uint8_t byte = *at;

	*at = 0;
	return byte;
}

/* The open readLine ends. A reader that is gone takes with it what was typed for it. */
static void
end_reading(struct terminal *terminal, enum line_status status)
{
	struct line_answer answer = { terminal, status };
	struct capos_ticket ticket = terminal->reader;
	enum cap_status replied;

	terminal->reader.call_id = 0;
	replied = capos_reply(ticket, fill_line_answer, &answer);
	if (replied == CAP_ERR_CALL_GONE)
		forget_queue(terminal);
	else if (replied != CAP_OK)
		service_stop(&terminal->service, 1);
	line_editor_scrub(&terminal->editor);
}

/*
 * Feed what was typed to the editor, up to the end of a line. Its echo may wait for the serial
 * line, and meanwhile more is typed: that only joins the queue, since the editor is not reentrant
 * and bytes keep their order.
 */
static enum line_event
feed_queue(struct terminal *terminal)
{
	enum line_event event = LINE_EVENT_NONE;

	terminal->is_feeding = true;
	while (terminal->queue_head != terminal->queue_tail && event == LINE_EVENT_NONE)
		event = line_editor_feed(&terminal->editor, dequeue(terminal));
	terminal->is_feeding = false;
	terminal_listen(terminal);
	return event;
}

static void
serve_typed(struct terminal *terminal)
{
	while (terminal->reader.call_id != 0 && terminal->queue_head != terminal->queue_tail) {
		enum line_event event = feed_queue(terminal);

		if (event != LINE_EVENT_NONE)
			end_reading(terminal, status_of(event));
	}
	flush(terminal);
}

static void
on_serial_read(struct capos_call *call, void *context)
{
	struct terminal *terminal = context;
	struct serial_port_read_results results;
	enum cap_status status = serial_port_read_wait(call, &results);

	if (status == CAP_OK)
		enqueue(terminal, serial_port_read_results_data(results));
	capos_call_end(call);
	terminal->is_listening = false;
	if (status != CAP_OK)
		service_stop(&terminal->service, 1);
	else if (!terminal->is_feeding)
		serve_typed(terminal);
	terminal_listen(terminal);
}

void
terminal_init(struct terminal *terminal, struct capos *self, struct serial_port serial)
{
	memset(terminal, 0, sizeof(*terminal));
	service_init(&terminal->service, self);
	terminal->serial = serial;
	line_editor_init(
	    &terminal->editor, (struct line_sink){ put, terminal }, &terminal->history);
}

static enum cap_status
session_write(struct terminal_session_server *server, struct terminal_session_write_params params,
    struct terminal_session_write_results_builder results, const struct capos_caller *caller)
{
	struct capnp_data data = terminal_session_write_params_data(params);

	(void)results;
	(void)caller;
	if (data.size > TERMINAL_OUTPUT_BYTES)
		return CAP_ERR_MESSAGE_TOO_LARGE;
	terminal_show(&server->terminal, (const char *)data.data, data.size);
	return CAP_OK;
}

static void
show_line(struct terminal *terminal, struct capnp_text text)
{
	line_editor_hide(&terminal->editor);
	put_lines(terminal, text.data, text.size);
	put_lines(terminal, "\n", 1);
	line_editor_show(&terminal->editor);
	flush(terminal);
}

static enum cap_status
session_write_line(struct terminal_session_server *server,
    struct terminal_session_write_line_params params,
    struct terminal_session_write_line_results_builder results, const struct capos_caller *caller)
{
	struct capnp_text text = terminal_session_write_line_params_text(params);

	(void)results;
	(void)caller;
	if (text.size > TERMINAL_OUTPUT_BYTES)
		return CAP_ERR_MESSAGE_TOO_LARGE;
	show_line(&server->terminal, text);
	return CAP_OK;
}

/* There is one holder: an older readLine that is still open is one that it has given up. */
static enum cap_status
session_read_line(struct terminal_session_server *server,
    struct terminal_session_read_line_params params,
    struct terminal_session_read_line_results_builder results, const struct capos_caller *caller)
{
	struct terminal *terminal = &server->terminal;
	struct line_request request = terminal_session_read_line_params_request(params);
	struct capnp_text prompt = line_request_prompt(request);
	struct capnp_text initial = line_request_initial(request);
	struct line_start start = {
		.prompt = prompt.data,
		.prompt_bytes = prompt.size,
		.initial = initial.data,
		.initial_bytes = initial.size,
		.cursor = line_request_cursor(request),
		.bytes_max = line_request_max_bytes(request),
		.hidden = line_request_echo(request) == ECHO_HIDDEN,
		.completion = line_request_completion(request),
		.history = line_request_history(request),
	};
	struct line_answer answer = { .terminal = terminal };
	enum line_event event;

	if (terminal->reader.call_id != 0) {
		end_reading(terminal, LINE_STATUS_CANCELLED);
		forget_queue(terminal);
	}
	if (start.hidden)
		forget_queue(terminal);
	if (!line_editor_begin(&terminal->editor, &start))
		return CAP_ERR_INVALID_ARGUMENT;
	do {
		event = feed_queue(terminal);
		flush(terminal);
	} while (event == LINE_EVENT_NONE && terminal->queue_head != terminal->queue_tail);
	if (event == LINE_EVENT_NONE) {
		terminal->reader = capos_defer(caller);
		return CAPOS_DEFERRED;
	}
	answer.status = status_of(event);
	fill_line(results, &answer);
	line_editor_scrub(&terminal->editor);
	return CAP_OK;
}

static enum cap_status
output_write(struct console_server *server, struct console_write_params params,
    struct console_write_results_builder results, const struct capos_caller *caller)
{
	struct capnp_data data = console_write_params_data(params);

	(void)results;
	(void)caller;
	if (data.size > TERMINAL_OUTPUT_BYTES)
		return CAP_ERR_MESSAGE_TOO_LARGE;
	terminal_show(&server->terminal, (const char *)data.data, data.size);
	return CAP_OK;
}

static enum cap_status
output_write_line(struct console_server *server, struct console_write_line_params params,
    struct console_write_line_results_builder results, const struct capos_caller *caller)
{
	struct capnp_text text = console_write_line_params_text(params);

	(void)results;
	(void)caller;
	if (text.size > TERMINAL_OUTPUT_BYTES)
		return CAP_ERR_MESSAGE_TOO_LARGE;
	show_line(&server->terminal, text);
	return CAP_OK;
}

static const struct terminal_session_methods session_methods = {
	.write = session_write,
	.write_line = session_write_line,
	.read_line = session_read_line,
};
TERMINAL_SESSION_SERVE_WITH(session_methods)

struct capos_interface
terminal_session_of(struct terminal *terminal)
{
	return terminal_session_interface((struct terminal_session_server *)terminal);
}

static const struct console_methods output_methods = {
	.write = output_write,
	.write_line = output_write_line,
};
CONSOLE_SERVE_WITH(output_methods)

struct capos_interface
terminal_output_of(struct terminal *terminal)
{
	return console_interface((struct console_server *)terminal);
}
