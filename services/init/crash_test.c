/* SPDX-License-Identifier: Apache-2.0 */
/* Crash records: what a person reads, and no more kept than there is room for. */
#include "crash.h"

#include <capnp/builder.h>
#include <schema/echo.capnp.h>
#include <string.h>

#include "base/test.h"

static const struct crash page_fault = {
	.service = { "echo-server", 11 },
	.pid = 7,
	.exit = { .kind = EXIT_KIND_FAULTED,
	    .code = 14,
	    .fault_address = 0x10,
	    .fault_instruction = 0x401234,
	    .serving_interface = ECHO_INTERFACE_ID },
	.symbol = { { "handle_ping", 11 }, { "server.c", 8 }, 42 },
};

static void
check_described(const struct crash *crash, const char *expected)
{
	char text[CRASH_LINE_BYTES];

	crash_describe(crash, text);
	CHECK_STR(text, expected);
}

TEST(a_line_says_how_where_and_in_what)
{
	struct crash crash = page_fault;

	check_described(&crash,
	    "page fault at 0x10, instruction 0x401234 in handle_ping (server.c:42), serving Echo.ping");
	crash.symbol.line = 0;
	crash.exit.serving_interface = 0;
	check_described(&crash, "page fault at 0x10, instruction 0x401234");
	crash.exit.code = 6;
	check_described(&crash, "fault 6, instruction 0x401234");
	crash.exit.kind = EXIT_KIND_KILLED;
	check_described(&crash, "killed");
	crash.exit.kind = EXIT_KIND_EXITED;
	crash.exit.code = -3;
	check_described(&crash, "exited -3");
}

TEST(what_the_schema_does_not_know_is_told_by_number)
{
	struct crash_exit exit = page_fault.exit;
	char text[SERVING_BYTES];

	exit.serving_method = 99;
	crash_serving(&exit, text);
	CHECK_STR(text, "Echo.99");
	exit.serving_interface = 0xabc;
	crash_serving(&exit, text);
	CHECK_STR(text, "0xabc.99");
}

TEST(names_that_are_long_are_cut_and_the_line_ends)
{
	static char name[300];
	struct crash crash = page_fault;
	char text[CRASH_LINE_BYTES + 1];

	memset(name, 'x', sizeof(name));
	memset(text, 0x7f, sizeof(text));
	crash.symbol.function = (struct capnp_text){ name, sizeof(name) };
	crash.symbol.file = (struct capnp_text){ name, sizeof(name) };
	crash_describe(&crash, text);
	CHECK(memchr(text, 0, CRASH_LINE_BYTES) != NULL);
	CHECK_EQ(text[CRASH_LINE_BYTES], 0x7f);
	CHECK(strstr(text, "serving Echo.ping") != NULL);
}

TEST(the_last_ones_are_kept_oldest_first)
{
	static struct crash_log log;
	struct crash crash = page_fault;

	for (uint32_t i = 0; i < CRASHES_KEPT + 3; i++) {
		crash.pid = i;
		crash_log_add(&log, &crash);
	}
	CHECK_EQ(log.count, CRASHES_KEPT);
	for (uint32_t i = 0; i < CRASHES_KEPT; i++)
		CHECK_EQ(log.kept[i].pid, i + 3);
}

TEST(a_record_has_everything)
{
	uint64_t words[128];
	struct capnp_builder builder;
	struct capnp_reader reader;
	struct crash_record record;
	struct crash_exit exit;

	capnp_builder_init(&builder, words, sizeof(words));
	crash_fill(crash_record_init_root(&builder), &page_fault);
	CHECK_EQ(
	    capnp_reader_init_single(&reader, words, capnp_builder_finish(&builder)), CAPNP_OK);
	record = crash_record_root(&reader);
	CHECK_STR(crash_record_service(record).data, "echo-server");
	CHECK_STR(crash_record_function(record).data, "handle_ping");
	CHECK_STR(crash_record_file(record).data, "server.c");
	CHECK_EQ(crash_record_line(record), 42);
	CHECK_EQ(crash_record_pid(record), 7);
	CHECK_STR(crash_record_serving(record).data, "Echo.ping");
	exit = crash_exit_read(crash_record_exit(record));
	CHECK_MEMORY(&exit, &page_fault.exit, sizeof(exit));
}
