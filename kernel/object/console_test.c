/* SPDX-License-Identifier: Apache-2.0 */
/* Console: what appears on the log, byte for byte, and what is refused with nothing written. */
#include <schema/console.capnp.h>
#include <stdio.h>
#include <string.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "object/permanent.h"
#include "proc/process.h"

#define WRITE_BYTES_MAX 4096

static struct world_process one;
static cap_id_t console;
static struct world_call call;
static char written[5 * WRITE_BYTES_MAX];
static size_t written_bytes;

static void
collect(const char *bytes, unsigned long byte_count)
{
	CHECK(byte_count <= sizeof(written) - written_bytes);
	memcpy(written + written_bytes, bytes, byte_count);
	written_bytes += byte_count;
}

static void
start(void)
{
	world_start();
	objects_init();
	one = world_process(NULL);
	console = world_give(&one, console_object(), 0);
	written_bytes = 0;
	sim.on_write = collect;
}

static enum cap_status
write_bytes(const void *bytes, uint32_t byte_count)
{
	world_call_begin(&call, &one, console, CONSOLE_METHOD_WRITE);
	console_write_params_set_data(
	    console_write_params_init_root(&call.params), (struct capnp_data){ bytes, byte_count });
	return world_call(&call);
}

static enum cap_status
write_line(const char *text, uint32_t byte_count)
{
	world_call_begin(&call, &one, console, CONSOLE_METHOD_WRITE_LINE);
	console_write_line_params_set_text(console_write_line_params_init_root(&call.params),
	    (struct capnp_text){ text, byte_count });
	return world_call(&call);
}

static void
check_written(const char *expected)
{
	CHECK_EQ(written_bytes, strlen(expected));
	CHECK_MEMORY(written, expected, written_bytes);
}

TEST(bytes_appear_as_they_are_without_a_line_end)
{
	start();
	CHECK_EQ(write_bytes("a b\tc\nd", 7), CAP_OK);
	check_written("a b\tc\nd");
	CHECK_EQ(write_bytes("", 0), CAP_OK);
	check_written("a b\tc\nd");
}

TEST(a_line_gets_its_end)
{
	start();
	CHECK_EQ(write_line("text", 4), CAP_OK);
	CHECK_EQ(write_line("", 0), CAP_OK);
	check_written("text\n\n");
}

TEST(every_byte_that_could_move_a_cursor_is_escaped)
{
	static const char digits[] = "0123456789abcdef";

	for (uint32_t byte = 0; byte < 256; byte++) {
		char escaped[5] = { '\\', 'x', digits[byte >> 4], digits[byte & 15], 0 };
		char same[2] = { (char)byte, 0 };
		bool moves = (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f;

		start();
		CHECK_EQ(write_bytes(&same, 1), CAP_OK);
		check_written(moves ? escaped : same);
	}
}

TEST(what_takes_several_parts_comes_whole_and_in_order)
{
	char text[WRITE_BYTES_MAX];
	char expected[4 * WRITE_BYTES_MAX + 1];
	size_t used = 0;

	start();
	/* Escapes stand at every distance from the end of a part. */
	for (uint32_t i = 0; i < sizeof(text); i++) {
		text[i] = i % 7 == 0 ? '\x1b' : (char)('a' + i % 26);
		used += (size_t)snprintf(expected + used, sizeof(expected) - used,
		    text[i] == '\x1b' ? "\\x1b" : "%c", text[i]);
	}
	CHECK_EQ(write_bytes(text, sizeof(text)), CAP_OK);
	check_written(expected);
	CHECK(sim.windows > sizeof(text) / 256);
}

TEST(the_longest_of_escapes_alone_is_written)
{
	char text[WRITE_BYTES_MAX];

	start();
	memset(text, 0, sizeof(text));
	CHECK_EQ(write_bytes(text, sizeof(text)), CAP_OK);
	CHECK_EQ(written_bytes, 4 * sizeof(text));
	for (uint32_t i = 0; i < written_bytes; i += 4)
		CHECK_MEMORY(written + i, "\\x00", 4);
}

TEST(more_than_four_kibibytes_is_refused_and_nothing_written)
{
	static char text[WRITE_BYTES_MAX + 1];

	start();
	memset(text, 'x', sizeof(text));
	CHECK_EQ(write_line(text, WRITE_BYTES_MAX), CAP_OK);
	CHECK_EQ(written_bytes, WRITE_BYTES_MAX + 1);
	written_bytes = 0;
	CHECK_EQ(write_bytes(text, sizeof(text)), CAP_ERR_MESSAGE_TOO_LARGE);
	CHECK_EQ(write_line(text, sizeof(text)), CAP_ERR_MESSAGE_TOO_LARGE);
	CHECK_EQ(written_bytes, 0);
}

/* The pointer of the parameters, changed in the message: first word of its only pointer. */
static enum cap_status
write_with_pointer(uint16_t method, uint64_t pointer)
{
	world_call_begin(&call, &one, console, method);
	if (method == CONSOLE_METHOD_WRITE)
		console_write_params_set_data(console_write_params_init_root(&call.params),
		    (struct capnp_data){ (const uint8_t *)"abcdefgh", 8 });
	else
		console_write_line_params_set_text(
		    console_write_line_params_init_root(&call.params), CAPNP_TEXT("abcdefg"));
	call.param_words[2] = pointer;
	return world_call(&call);
}

TEST(a_damaged_message_is_refused_and_nothing_written)
{
	static const uint64_t bad[] = {
		UINT64_C(0x0000004a00000001), /* nine bytes in a message of eight */
		UINT64_C(0xfffffffa00000001), /* as many as a list may have */
		UINT64_C(0x0000004200000005), /* beyond the end */
		UINT64_C(0x00000042fffffff1), /* before the start */
		UINT64_C(0x0000004500000001), /* a list of eight-byte words */
		UINT64_C(0x0000000100000000), /* a struct */
		UINT64_C(0x0000000100000003), /* a capability */
		UINT64_C(0x0000000000000002), /* another segment */
	};

	start();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_EQ(
		    write_with_pointer(CONSOLE_METHOD_WRITE, bad[i]), CAP_ERR_MALFORMED_MESSAGE);
		CHECK_EQ(write_with_pointer(CONSOLE_METHOD_WRITE_LINE, bad[i]),
		    CAP_ERR_MALFORMED_MESSAGE);
	}
	CHECK_EQ(written_bytes, 0);
	CHECK_EQ(write_with_pointer(CONSOLE_METHOD_WRITE, UINT64_C(0x0000004200000001)), CAP_OK);
	check_written("abcdefgh");
}

TEST(a_text_without_its_end_is_refused)
{
	start();
	/* Seven bytes of text and no zero behind them. */
	CHECK_EQ(write_with_pointer(CONSOLE_METHOD_WRITE_LINE, UINT64_C(0x0000003a00000001)),
	    CAP_ERR_MALFORMED_MESSAGE);
	CHECK_EQ(written_bytes, 0);
}

/* Lines of 4,096 bytes until one is refused; how many there were. */
static uint32_t
write_until_refused(void)
{
	static char text[WRITE_BYTES_MAX - 1];
	uint32_t lines = 0;
	enum cap_status status;

	memset(text, 'x', sizeof(text));
	while ((status = write_line(text, sizeof(text))) == CAP_OK) {
		lines++;
		written_bytes = 0;
	}
	CHECK_EQ(status, CAP_ERR_RATE_LIMITED);
	CHECK_EQ(written_bytes, 0);
	return lines;
}

TEST(who_floods_the_log_is_refused_after_its_burst_and_then_has_its_rate)
{
	start();
	CHECK_EQ(write_until_refused(), PROCESS_LOG_BURST_BYTES / WRITE_BYTES_MAX);
	/* A refusal takes nothing: a second later there is room for what a second gives. */
	sim_time_pass(1000000000);
	CHECK_EQ(write_until_refused(), PROCESS_LOG_BYTES_PER_SECOND / WRITE_BYTES_MAX);
	CHECK_EQ(process_log_refused_bytes(one.process), 2 * WRITE_BYTES_MAX);
}

TEST(what_is_escaped_counts_as_it_is_shown)
{
	char text[WRITE_BYTES_MAX];
	uint32_t writes = 0;

	start();
	memset(text, 0, sizeof(text));
	for (; write_bytes(text, sizeof(text)) == CAP_OK; writes++)
		written_bytes = 0;
	CHECK_EQ(writes, PROCESS_LOG_BURST_BYTES / (4 * sizeof(text)));
}

TEST(who_floods_the_log_takes_no_room_of_others)
{
	start();
	(void)write_until_refused();
	one = world_process(NULL);
	console = world_give(&one, console_object(), 0);
	CHECK_EQ(write_line("mine", 4), CAP_OK);
	check_written("mine\n");
}

TEST(how_much_was_refused_is_told_once_there_is_room)
{
	start();
	(void)write_until_refused();
	CHECK_EQ(write_line("again", 5), CAP_ERR_RATE_LIMITED);
	sim_time_pass(1000000000);
	CHECK_EQ(write_line("again", 5), CAP_OK);
	CHECK(written_bytes > 6);
	written[written_bytes] = 0;
	CHECK(strstr(written, "wrote too fast: 4102 bytes were refused") != NULL);
	written_bytes = 0;
	CHECK_EQ(write_line("more", 4), CAP_OK);
	check_written("more\n");
}

TEST(a_method_that_does_not_exist_is_refused)
{
	start();
	world_call_begin(&call, &one, console, 2);
	CHECK_EQ(world_call(&call), CAP_ERR_UNIMPLEMENTED_METHOD);
	world_call_begin(&call, &one, console, UINT16_MAX);
	CHECK_EQ(world_call(&call), CAP_ERR_UNIMPLEMENTED_METHOD);
	CHECK_EQ(written_bytes, 0);
}

TEST(the_console_outlives_every_hold)
{
	struct world_process other;

	start();
	CHECK_EQ(world_release(&one, console), CAP_OK);
	world_settle();
	other = world_process(NULL);
	one = other;
	console = world_give(&one, console_object(), 0);
	CHECK_EQ(write_line("still", 5), CAP_OK);
	check_written("still\n");
}
