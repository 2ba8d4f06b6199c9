/* SPDX-License-Identifier: Apache-2.0 */
/* The line editor: every key, every refusal, what the screen shows, and that hidden input leaves
 * nothing behind. */
#include "line_editor.h"

#include <string.h>

#include "base/test.h"

struct screen {
	char bytes[65536];
	uint32_t length;
};

static struct screen screen;
static struct line_history history;
static struct line_editor editor;

static void
screen_write(void *context, const char *bytes, uint32_t byte_count)
{
	struct screen *to = context;

	if (byte_count > sizeof(to->bytes) - to->length)
		byte_count = (uint32_t)sizeof(to->bytes) - to->length;
	memcpy(to->bytes + to->length, bytes, byte_count);
	to->length += byte_count;
}

static void
start(void)
{
	memset(&screen, 0, sizeof(screen));
	memset(&history, 0, sizeof(history));
	line_editor_init(&editor, (struct line_sink){ screen_write, &screen }, &history);
}

static void
begin(const struct line_start *request)
{
	CHECK(line_editor_begin(&editor, request));
}

static void
begin_plain(void)
{
	begin(&(struct line_start){ .prompt = "> ",
	    .prompt_bytes = 2,
	    .initial = "",
	    .history = true,
	    .completion = true });
}

/* Feed all bytes; the last event. */
static enum line_event
type(const char *keys)
{
	enum line_event event = LINE_EVENT_NONE;

	for (const char *key = keys; *key != '\0'; key++)
		event = line_editor_feed(&editor, (uint8_t)*key);
	return event;
}

static void
check_line(const char *expected)
{
	CHECK_EQ(editor.length, strlen(expected));
	CHECK(memcmp(editor.line, expected, editor.length) == 0);
}

TEST(typed_characters_are_echoed_and_enter_ends_the_line)
{
	start();
	begin_plain();
	CHECK_EQ(type("caps\r"), LINE_EVENT_LINE);
	check_line("caps");
	CHECK(memmem(screen.bytes, screen.length, "caps", 4) != NULL);
}

struct editing_case {
	const char *keys;
	const char *line;
};

TEST(each_editing_key_does_what_its_name_says)
{
	static const struct editing_case cases[] = {
		{ "abc\x7f\r", "ab" },
		{ "abc\bX\r", "abX" },
		{ "abc\x01X\r", "Xabc" },
		{ "abc\x01\x05X\r", "abcX" },
		{ "abc\x02X\r", "abXc" },
		{ "abc\x01\x06X\r", "aXbc" },
		{ "abc\x1b[D\x1b[DX\r", "aXbc" },
		{ "abc\x1b[HX\x1b[FY\r", "XabcY" },
		{ "abc\x1b[1~X\x1b[4~Y\r", "XabcY" },
		{ "abc\x01\x1b[3~\r", "bc" },
		{ "abc\x01\x04\r", "bc" },
		{ "abc\x02\x15\r", "c" },
		{ "abc\x02\x0b\r", "ab" },
		{ "one two  \x17\r", "one " },
		{ "a\x1b[15;3~b\r", "ab" },
		{ "a\x1b[Zb\r", "ab" },
		{ "\x7fx\r", "x" },
		{ "\x1b[Dx\r", "x" },
		{ "gr\xc3\xbc\xc3\x9f\x7f\x7fx\r", "grx" },
		{ "\xc3\xbc\x1b[Dx\r", "x\xc3\xbc" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start();
		begin_plain();
		CHECK_EQ(type(cases[i].keys), LINE_EVENT_LINE);
		check_line(cases[i].line);
	}
}

TEST(control_c_cancels_and_control_d_on_an_empty_line_ends)
{
	start();
	begin_plain();
	CHECK_EQ(type("abc\x03"), LINE_EVENT_CANCELLED);
	begin_plain();
	CHECK_EQ(type("\x04"), LINE_EVENT_END_OF_INPUT);
}

TEST(history_goes_back_and_forth_and_returns_the_new_line)
{
	start();
	begin_plain();
	type("first\r");
	begin_plain();
	type("second\r");
	begin_plain();
	type("new\x1b[A");
	check_line("second");
	type("\x10");
	check_line("first");
	type("\x10");
	check_line("first");
	type("\x1b[B");
	check_line("second");
	type("\x0e");
	check_line("new");
	type("\x0e");
	check_line("new");
}

TEST(history_forgets_the_oldest_and_takes_no_repetition)
{
	uint32_t byte_count;

	start();
	for (char c = 'A'; c < 'A' + LINE_HISTORY_COUNT + 2; c++) {
		line_history_add(&history, &c, 1);
		line_history_add(&history, &c, 1);
	}
	CHECK_EQ(history.count, LINE_HISTORY_COUNT);
	CHECK_EQ(*line_history_get(&history, LINE_HISTORY_COUNT - 1, &byte_count), 'A' + 2);
	CHECK(line_history_get(&history, LINE_HISTORY_COUNT, &byte_count) == NULL);
}

TEST(tab_completes_only_where_it_was_asked_for)
{
	start();
	begin_plain();
	CHECK_EQ(type("ca\t"), LINE_EVENT_COMPLETE);
	check_line("ca");
	CHECK_EQ(editor.cursor, 2);
	begin(&(struct line_start){ .prompt = "", .initial = "" });
	CHECK_EQ(type("ca\t"), LINE_EVENT_NONE);
	check_line("ca");
}

TEST(a_line_starts_with_what_was_given)
{
	start();
	begin(&(struct line_start){ .prompt = "> ",
	    .prompt_bytes = 2,
	    .initial = "call ",
	    .initial_bytes = 5,
	    .cursor = 5 });
	CHECK_EQ(type("x\r"), LINE_EVENT_LINE);
	check_line("call x");
}

TEST(a_full_line_takes_no_more)
{
	start();
	begin(&(struct line_start){ .prompt = "", .initial = "", .bytes_max = 3 });
	CHECK_EQ(type("abcd\r"), LINE_EVENT_LINE);
	check_line("abc");
	CHECK(memchr(screen.bytes, '\a', screen.length) != NULL);
}

TEST(requests_out_of_range_are_refused_and_change_nothing)
{
	static const struct line_start bad[] = {
		{ .prompt = "", .initial = "", .bytes_max = LINE_BYTES_MAX + 1 },
		{ .prompt = "", .initial = "", .prompt_bytes = LINE_PROMPT_BYTES_MAX + 1 },
		{ .prompt = "", .initial = "abcd", .initial_bytes = 4, .bytes_max = 3 },
		{ .prompt = "", .initial = "abcd", .initial_bytes = 4, .cursor = 5 },
	};
	struct line_editor before;

	start();
	memcpy(&before, &editor, sizeof(editor));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK(!line_editor_begin(&editor, &bad[i]));
		CHECK(memcmp(&before, &editor, sizeof(editor)) == 0);
	}
	CHECK_EQ(screen.length, 0);
}

TEST(hidden_input_is_never_shown_remembered_or_kept)
{
	start();
	begin(&(struct line_start){ .prompt = "Password: ",
	    .prompt_bytes = 10,
	    .initial = "",
	    .hidden = true,
	    .history = true,
	    .completion = true });
	CHECK_EQ(type("se\tcret\x1b[A\x01\x7f!\r"), LINE_EVENT_LINE);
	check_line("secre!");
	CHECK(memmem(screen.bytes, screen.length, "se", 2) == NULL);
	CHECK(memchr(screen.bytes, '!', screen.length) == NULL);
	CHECK_EQ(history.count, 0);
	line_editor_scrub(&editor);
	for (size_t i = 0; i < sizeof(editor.line); i++)
		CHECK_EQ(editor.line[i], 0);
}

TEST(a_line_longer_than_the_screen_shows_a_window_with_the_cursor)
{
	start();
	begin_plain();
	for (int i = 0; i < 200; i++)
		type("x");
	screen.length = 0;
	type("y");
	CHECK(screen.length < LINE_SCREEN_COLUMNS + 16);
	CHECK(memmem(screen.bytes, screen.length, "xy", 2) != NULL);
}

TEST(output_can_come_between_without_losing_the_line)
{
	start();
	begin_plain();
	type("half");
	screen.length = 0;
	line_editor_hide(&editor);
	line_editor_show(&editor);
	CHECK(memmem(screen.bytes, screen.length, "> half", 6) != NULL);
	CHECK_EQ(type(" done\r"), LINE_EVENT_LINE);
	check_line("half done");
}

TEST(without_a_line_nothing_is_eaten_or_drawn)
{
	start();
	CHECK_EQ(type("abc\r"), LINE_EVENT_NONE);
	line_editor_hide(&editor);
	line_editor_show(&editor);
	CHECK_EQ(screen.length, 0);
}
