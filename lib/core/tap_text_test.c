/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a tap as lines: each operation, decoded as far as it is there, and records that lie.
 */
#include "tap_text.h"

#include <abi/ring.h>
#include <capnp/builder.h>
#include <schema/echo.capnp.h>
#include <schema/exception.capnp.h>
#include <schema/process.capnp.h>
#include <schema/status.capnp.h>
#include <schema/terminal.capnp.h>
#include <schema/timer.capnp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"

static struct tap_text view;
static struct cap_tap_record record;
static _Alignas(8) uint8_t payload[CAP_TAP_PAYLOAD_MAX];
static struct capnp_builder builder;
static char text[4096];

static void
start(void)
{
	tap_text_init(&view, "client");
	record = (struct cap_tap_record){
		.time_ns = 12345678,
		.call_id = 5,
		.pid = 7,
		.direction = CAP_TAP_SUBMISSION,
		.op = CAP_OP_CALL,
		.interface_id = ECHO_INTERFACE_ID,
	};
	memset(payload, 0, sizeof(payload));
	capnp_builder_init(&builder, (uint64_t *)(void *)payload, sizeof(payload));
}

static const char *
line(void)
{
	struct capnp_printer printer = { .buffer = text, .capacity = sizeof(text) };

	text[0] = '\0';
	tap_text_record(&view, &record, payload, &printer);
	CHECK(!printer.is_cut);
	CHECK_EQ(printer.used, strlen(text));
	record.sequence++;
	return text;
}

static void
check_line(const char *expected)
{
	if (strcmp(line(), expected) != 0)
		fprintf(stderr, "got      %sexpected %s", text, expected);
	CHECK(strcmp(text, expected) == 0);
}

/* What is in the builder is the payload of a submission, whole. */
static void
send_built(void)
{
	record.len = (uint32_t)capnp_builder_finish(&builder);
	record.payload_bytes = (uint16_t)record.len;
}

static void
complete(int32_t result)
{
	record.direction = CAP_TAP_COMPLETION;
	record.time_ns += 45000;
	record.result = result;
	record.payload_bytes = 0;
}

static void
answer_built(void)
{
	complete((int32_t)capnp_builder_finish(&builder));
	record.payload_bytes = (uint16_t)record.result;
}

static void
build_again(void)
{
	memset(payload, 0, sizeof(payload));
	capnp_builder_init(&builder, (uint64_t *)(void *)payload, sizeof(payload));
}

TEST(a_call_and_its_answer_are_shown_with_their_fields)
{
	static const uint8_t bytes[] = { 0, 7 };

	start();
	echo_ping_params_set_data(
	    echo_ping_params_init_root(&builder), (struct capnp_data){ bytes, 2 });
	send_built();
	check_line("t=12.345ms pid 7 client -> Echo.ping (data = 0x\"0007\") [5]\n");
	build_again();
	echo_ping_results_set_data(
	    echo_ping_results_init_root(&builder), (struct capnp_data){ bytes, 2 });
	answer_built();
	check_line("t=12.390ms pid 7 client <- Echo.ping in 45us: ok (data = 0x\"0007\") [5]\n");
}

TEST(without_payloads_lengths_are_shown)
{
	start();
	record.len = 64;
	check_line("t=12.345ms pid 7 client -> Echo.ping 64 bytes [5]\n");
	complete(40);
	check_line("t=12.390ms pid 7 client <- Echo.ping in 45us: ok 40 bytes [5]\n");
	start();
	complete(CAP_ERR_APPLICATION_EXCEPTION);
	check_line("t=12.390ms pid 7 client <- Echo.ping (its submission was dropped): exception "
		   "[5]\n");
}

TEST(an_exception_is_shown_with_its_type_and_reason)
{
	struct cap_exception_builder exception;

	start();
	(void)line();
	exception = cap_exception_init_root(&builder);
	cap_exception_set_type(exception, EXCEPTION_TYPE_OVERLOADED);
	cap_exception_set_reason(exception, CAPNP_TEXT("too much\x1b[2J"));
	answer_built();
	record.result = CAP_ERR_APPLICATION_EXCEPTION;
	check_line("t=12.390ms pid 7 client <- Echo.ping in 45us: exception overloaded: too "
		   "much?[2J [5]\n");
	start();
	exception = cap_exception_init_root(&builder);
	cap_exception_set_status(exception, CAP_ERR_NOT_FOUND);
	answer_built();
	record.result = CAP_ERR_APPLICATION_EXCEPTION;
	check_line("t=12.390ms pid 7 client <- Echo.ping (its submission was dropped): exception "
		   "failed: Nothing with that name or number exists. [5]\n");
}

TEST(a_refusal_is_shown_with_its_sentence)
{
	start();
	(void)line();
	complete(CAP_ERR_TIMED_OUT);
	check_line("t=12.390ms pid 7 client <- Echo.ping in 45us: refused: The deadline passed "
		   "first. [5]\n");
}

TEST(lines_that_are_read_are_shown_with_their_request)
{
	struct line_request_builder request;

	start();
	record.interface_id = TERMINAL_SESSION_INTERFACE_ID;
	record.method = TERMINAL_SESSION_METHOD_READ_LINE;
	request = terminal_session_read_line_params_init_request(
	    terminal_session_read_line_params_init_root(&builder));
	line_request_set_prompt(request, CAPNP_TEXT("name: "));
	line_request_set_max_bytes(request, 40);
	send_built();
	(void)line();
	CHECK(strstr(text, "-> TerminalSession.readLine (request = (prompt = \"name: \"") != NULL);
	CHECK(strstr(text, "maxBytes = 40") != NULL);
}

TEST(the_end_of_a_process_is_shown_with_how_it_ended)
{
	struct exit_status_builder status;

	start();
	record.interface_id = PROCESS_HANDLE_INTERFACE_ID;
	record.method = PROCESS_HANDLE_METHOD_WAIT;
	check_line("t=12.345ms pid 7 client -> ProcessHandle.wait [5]\n");
	status = process_handle_wait_results_init_status(
	    process_handle_wait_results_init_root(&builder));
	exit_status_set_kind(status, EXIT_KIND_FAULTED);
	exit_status_set_code(status, 14);
	answer_built();
	(void)line();
	CHECK(
	    strstr(text,
		"<- ProcessHandle.wait in 45us: ok (status = (kind = faulted, code = 14") != NULL);
}

TEST(what_was_cut_shows_its_first_bytes)
{
	static const uint8_t bytes[600];

	start();
	echo_ping_params_set_data(
	    echo_ping_params_init_root(&builder), (struct capnp_data){ bytes, sizeof(bytes) });
	send_built();
	record.payload_bytes = 64;
	(void)line();
	CHECK(strstr(text, "-> Echo.ping the first 64 of 624 bytes: 0x\"") != NULL);
	CHECK(strstr(text, "\"... [5]\n") != NULL);
}

TEST(what_a_server_receives_and_returns_is_shown_by_its_call)
{
	static const uint8_t bytes[] = { 0xab };
	struct cap_delivery delivery = { .call_id = 99, .interface_id = ECHO_INTERFACE_ID };

	start();
	record.op = CAP_OP_RECV;
	check_line("t=12.345ms pid 7 client -> RECV Echo [5]\n");
	capnp_builder_init(&builder, (uint64_t *)(void *)(payload + sizeof(delivery)), 512);
	echo_ping_params_set_data(
	    echo_ping_params_init_root(&builder), (struct capnp_data){ bytes, 1 });
	delivery.param_bytes = (uint32_t)capnp_builder_finish(&builder);
	memcpy(payload, &delivery, sizeof(delivery));
	complete((int32_t)(sizeof(delivery) + delivery.param_bytes));
	record.payload_bytes = (uint16_t)record.result;
	check_line(
	    "t=12.390ms pid 7 client <- RECV in 45us: ok call 99 Echo.ping (data = 0x\"ab\") "
	    "[5]\n");
	record.direction = CAP_TAP_SUBMISSION;
	record.op = CAP_OP_RETURN;
	record.target = 99;
	record.call_id = 6;
	build_again();
	echo_ping_results_set_data(
	    echo_ping_results_init_root(&builder), (struct capnp_data){ bytes, 1 });
	send_built();
	check_line(
	    "t=12.390ms pid 7 client -> RETURN of call 99 Echo.ping (data = 0x\"ab\") [6]\n");
	/* A second one is nobody's. */
	(void)line();
	CHECK(strstr(text, "-> RETURN of call 99 ") != NULL);
	CHECK(strstr(text, "Echo") == NULL);
}

TEST(small_operations_have_their_lines)
{
	static const struct {
		uint8_t op;
		const char *sent;
		const char *ended;
	} cases[] = {
		{ CAP_OP_NOP, "-> NOP [5]\n", "<- NOP in 45us: ok [5]\n" },
		{ CAP_OP_RELEASE, "-> RELEASE cap 0x33 [5]\n", "<- RELEASE in 45us: ok [5]\n" },
		{ CAP_OP_FINISH, "-> FINISH 0x33 [5]\n", "<- FINISH in 45us: ok [5]\n" },
		{ CAP_OP_SIGNAL, "-> SIGNAL cap 0x33 [5]\n", "<- SIGNAL in 45us: ok [5]\n" },
		{ CAP_OP_WAIT, "-> WAIT cap 0x33 [5]\n", "<- WAIT in 45us: ok bits 0x6 [5]\n" },
		{ 200, "-> opcode 200 [5]\n", "<- unknown opcode in 45us: ok [5]\n" },
	};

	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start();
		record.op = cases[i].op;
		record.interface_id = 0;
		record.target = 0x33;
		CHECK(strstr(line(), cases[i].sent) != NULL);
		complete(0);
		record.cap_id = 6;
		CHECK(strstr(line(), cases[i].ended) != NULL);
	}
}

TEST(what_the_schema_does_not_know_is_shown_by_number)
{
	start();
	record.method = 77;
	CHECK(strstr(line(), "-> Echo.method77") != NULL);
	record.interface_id = 0x1234;
	CHECK(strstr(line(), "-> interface 0x1234.method77") != NULL);
	record.interface_id = 0;
	record.flags = CAP_SQE_PROMISED;
	CHECK(strstr(line(), "-> unknown.method77 on a promise") != NULL);
}

TEST(dropped_records_are_counted_where_they_are_missing)
{
	start();
	(void)line();
	record.sequence = 4;
	check_line("... 3 records were dropped\nt=12.345ms pid 7 client -> Echo.ping [5]\n");
	CHECK_EQ(view.dropped, 3);
	/* Backwards: nothing is known. */
	record.sequence = 2;
	check_line("t=12.345ms pid 7 client -> Echo.ping [5]\n");
	CHECK_EQ(view.dropped, 3);
}

TEST(a_payload_that_was_lost_is_said_to_be)
{
	start();
	record.payload_flags = CAP_TAP_PAYLOAD_LOST;
	CHECK(strstr(line(), "(payload not mapped) [5]") != NULL);
}

TEST(a_line_that_does_not_fit_is_cut)
{
	char small[20];
	struct capnp_printer printer = { .buffer = small, .capacity = sizeof(small) };

	start();
	tap_text_record(&view, &record, payload, &printer);
	CHECK(printer.is_cut);
	CHECK_EQ(strlen(small), sizeof(small) - 1);
}

TEST(any_bytes_are_shown_somehow)
{
	srand(1);
	start();
	for (uint32_t i = 0; i < 20000; i++) {
		struct capnp_printer printer = { .buffer = text, .capacity = sizeof(text) };
		uint8_t *bytes = (uint8_t *)&record;

		for (uint32_t k = 0; k < sizeof(record); k++)
			bytes[k] = (uint8_t)rand();
		for (uint32_t k = 0; k < 256; k++)
			payload[k] = (uint8_t)(rand() % 3 == 0 ? rand() : 0);
		record.direction = (uint8_t)(rand() % 3);
		record.op = (uint8_t)(rand() % 10);
		if (rand() % 2) {
			record.interface_id = ECHO_INTERFACE_ID;
			record.method = 0;
			record.len = record.payload_bytes;
			record.result = record.payload_bytes;
		}
		tap_text_record(&view, &record, payload, &printer);
		CHECK(printer.used != 0);
	}
}
