/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Line editing; see line_editor.h. Every key is one function; the switch stands in one place for
 * each kind of key. Drawing has two forms: a character at the end of a line that fits is written as
 * it is, everything else redraws the window.
 */
#include "line_editor.h"

#include <string.h>

#define KEY(letter) ((uint8_t)((letter) - 0x40)) /* with Control held */
#define KEY_ESCAPE 0x1b
#define KEY_DELETE_BACK 0x7f

static void
put(struct line_editor *editor, const char *bytes, uint32_t byte_count)
{
	editor->sink.write(editor->sink.context, bytes, byte_count);
}

static void
put_text(struct line_editor *editor, const char *text)
{
	put(editor, text, (uint32_t)strlen(text));
}

static bool
is_continuation(char byte)
{
	return ((uint8_t)byte & 0xc0) == 0x80;
}

/* Columns that `byte_count` bytes of UTF-8 take. */
static uint32_t
columns_of(const char *bytes, uint32_t byte_count)
{
	uint32_t columns = 0;

	for (uint32_t i = 0; i < byte_count; i++)
		columns += !is_continuation(bytes[i]);
	return columns;
}

static uint32_t
previous_character(const struct line_editor *editor, uint32_t position)
{
	while (position > 0) {
		position--;
		if (!is_continuation(editor->line[position]))
			break;
	}
	return position;
}

static uint32_t
next_character(const struct line_editor *editor, uint32_t position)
{
	while (position < editor->length) {
		position++;
		if (position == editor->length || !is_continuation(editor->line[position]))
			break;
	}
	return position;
}

/* Columns that are left for the line beside the prompt: at least a few, whatever the prompt is. */
static uint32_t
window_columns(const struct line_editor *editor)
{
	uint32_t prompt_columns = columns_of(editor->prompt, editor->prompt_bytes);

	return prompt_columns + 16 < LINE_SCREEN_COLUMNS ? LINE_SCREEN_COLUMNS - 1 - prompt_columns
							 : 16;
}

static void
put_cursor_left(struct line_editor *editor, uint32_t columns)
{
	char sequence[16] = "\x1b[";
	uint32_t length = 2;
	char digits[10];
	uint32_t digit_count = 0;

	if (columns == 0)
		return;
	for (; columns != 0; columns /= 10)
		digits[digit_count++] = (char)('0' + columns % 10);
	while (digit_count != 0)
		sequence[length++] = digits[--digit_count];
	sequence[length++] = 'D';
	put(editor, sequence, length);
}

/* Draw prompt and line on the current screen line, whatever stands there. */
static void
redraw(struct line_editor *editor)
{
	uint32_t room = window_columns(editor);
	uint32_t start = 0;
	uint32_t end;

	put_text(editor, "\r");
	put(editor, editor->prompt, editor->prompt_bytes);
	if (editor->hidden) {
		put_text(editor, "\x1b[K");
		return;
	}
	while (columns_of(editor->line + start, editor->cursor - start) >= room)
		start = next_character(editor, start);
	end = start;
	while (end < editor->length && columns_of(editor->line + start, end - start) < room)
		end = next_character(editor, end);
	put(editor, editor->line + start, end - start);
	put_text(editor, "\x1b[K");
	put_cursor_left(editor, columns_of(editor->line + editor->cursor, end - editor->cursor));
}

static void
erase_range(struct line_editor *editor, uint32_t from, uint32_t to)
{
	memmove(editor->line + from, editor->line + to, editor->length - to);
	editor->length -= to - from;
	editor->cursor = from;
	redraw(editor);
}

static void
replace_line(struct line_editor *editor, const char *line, uint32_t byte_count)
{
	if (byte_count > editor->bytes_max)
		byte_count = editor->bytes_max;
	while (
	    byte_count > 0 && byte_count < editor->bytes_max && is_continuation(line[byte_count]))
		byte_count--;
	memcpy(editor->line, line, byte_count);
	editor->length = byte_count;
	editor->cursor = byte_count;
	redraw(editor);
}

static void
insert_byte(struct line_editor *editor, uint8_t byte)
{
	bool at_end = editor->cursor == editor->length;

	if (editor->length == editor->bytes_max) {
		put_text(editor, "\a");
		return;
	}
	memmove(editor->line + editor->cursor + 1, editor->line + editor->cursor,
	    editor->length - editor->cursor);
	editor->line[editor->cursor] = (char)byte;
	editor->length++;
	editor->cursor++;
	if (editor->hidden)
		return;
	if (at_end && columns_of(editor->line, editor->length) < window_columns(editor))
		put(editor, (const char *)&byte, 1);
	else
		redraw(editor);
}

static void
erase_word_back(struct line_editor *editor)
{
	uint32_t start = editor->cursor;

	while (start > 0 && editor->line[start - 1] == ' ')
		start--;
	while (start > 0 && editor->line[start - 1] != ' ')
		start--;
	erase_range(editor, start, editor->cursor);
}

static void
move_to(struct line_editor *editor, uint32_t position)
{
	editor->cursor = position;
	redraw(editor);
}

static void
show_older(struct line_editor *editor)
{
	uint32_t byte_count;
	const char *line;

	if (!editor->use_history)
		return;
	line = line_history_get(editor->history, editor->history_age, &byte_count);
	if (line == NULL)
		return;
	if (editor->history_age == 0) {
		memcpy(editor->stash, editor->line, editor->length);
		editor->stash_bytes = editor->length;
	}
	editor->history_age++;
	replace_line(editor, line, byte_count);
}

static void
show_newer(struct line_editor *editor)
{
	uint32_t byte_count;
	const char *line;

	if (!editor->use_history || editor->history_age == 0)
		return;
	editor->history_age--;
	if (editor->history_age == 0) {
		replace_line(editor, editor->stash, editor->stash_bytes);
		return;
	}
	line = line_history_get(editor->history, editor->history_age - 1, &byte_count);
	if (line != NULL)
		replace_line(editor, line, byte_count);
}

static enum line_event
finish(struct line_editor *editor, enum line_event event)
{
	if (!editor->hidden && event != LINE_EVENT_COMPLETE)
		move_to(editor, editor->length);
	if (event == LINE_EVENT_CANCELLED)
		put_text(editor, "^C");
	if (event != LINE_EVENT_COMPLETE)
		put_text(editor, "\r\n");
	if (event == LINE_EVENT_LINE && editor->use_history)
		line_history_add(editor->history, editor->line, editor->length);
	editor->active = false;
	return event;
}

/* Keys that hidden input knows as well. */
static bool
feed_common(struct line_editor *editor, uint8_t byte, enum line_event *event)
{
	*event = LINE_EVENT_NONE;
	switch (byte) {
	case '\r':
	case '\n':
		*event = finish(editor, LINE_EVENT_LINE);
		return true;
	case KEY('C'):
		*event = finish(editor, LINE_EVENT_CANCELLED);
		return true;
	case KEY('H'):
	case KEY_DELETE_BACK:
		erase_range(editor, previous_character(editor, editor->cursor), editor->cursor);
		return true;
	case KEY('U'):
		erase_range(editor, 0, editor->cursor);
		return true;
	case KEY('D'):
		if (editor->length == 0)
			*event = finish(editor, LINE_EVENT_END_OF_INPUT);
		else
			erase_range(editor, editor->cursor, next_character(editor, editor->cursor));
		return true;
	default:
		return false;
	}
}

static enum line_event
feed_control(struct line_editor *editor, uint8_t byte)
{
	switch (byte) {
	case '\t':
		return editor->completion ? finish(editor, LINE_EVENT_COMPLETE) : LINE_EVENT_NONE;
	case KEY('A'):
		move_to(editor, 0);
		break;
	case KEY('E'):
		move_to(editor, editor->length);
		break;
	case KEY('B'):
		move_to(editor, previous_character(editor, editor->cursor));
		break;
	case KEY('F'):
		move_to(editor, next_character(editor, editor->cursor));
		break;
	case KEY('K'):
		erase_range(editor, editor->cursor, editor->length);
		break;
	case KEY('W'):
		erase_word_back(editor);
		break;
	case KEY('P'):
		show_older(editor);
		break;
	case KEY('N'):
		show_newer(editor);
		break;
	case KEY('L'):
		put_text(editor, "\x1b[H\x1b[2J");
		redraw(editor);
		break;
	default:
		break; /* other control characters are not part of a line */
	}
	return LINE_EVENT_NONE;
}

/* `ESC [ letter` */
static void
feed_letter_sequence(struct line_editor *editor, uint8_t letter)
{
	switch (letter) {
	case 'A':
		show_older(editor);
		break;
	case 'B':
		show_newer(editor);
		break;
	case 'C':
		move_to(editor, next_character(editor, editor->cursor));
		break;
	case 'D':
		move_to(editor, previous_character(editor, editor->cursor));
		break;
	case 'H':
		move_to(editor, 0);
		break;
	case 'F':
		move_to(editor, editor->length);
		break;
	default:
		break;
	}
}

/* `ESC [ number ~` */
static void
feed_number_sequence(struct line_editor *editor, uint8_t number)
{
	switch (number) {
	case 1:
	case 7:
		move_to(editor, 0);
		break;
	case 3:
		erase_range(editor, editor->cursor, next_character(editor, editor->cursor));
		break;
	case 4:
	case 8:
		move_to(editor, editor->length);
		break;
	default:
		break;
	}
}

/* Escape sequences end at a letter or `~`; what is unknown is eaten whole and does nothing. */
static void
feed_escape(struct line_editor *editor, uint8_t byte)
{
	enum line_escape state = editor->escape;
	bool is_number = byte >= '0' && byte <= '9';

	if (state == LINE_ESCAPE_STARTED) {
		bool opens = byte == '[' || byte == 'O';

		editor->escape = opens ? LINE_ESCAPE_BRACKET : LINE_ESCAPE_NONE;
		editor->escape_number = 0;
		return;
	}
	if (is_number || byte == ';') {
		editor->escape = LINE_ESCAPE_PARAMETERS;
		editor->escape_number =
		    is_number ? (uint8_t)(editor->escape_number * 10 + (byte - '0')) : 0;
		return;
	}
	editor->escape = LINE_ESCAPE_NONE;
	if (editor->hidden)
		return;
	if (byte == '~')
		feed_number_sequence(editor, editor->escape_number);
	else
		feed_letter_sequence(editor, byte);
}

void
line_editor_init(struct line_editor *editor, struct line_sink sink, struct line_history *history)
{
	memset(editor, 0, sizeof(*editor));
	editor->sink = sink;
	editor->history = history;
}

bool
line_editor_begin(struct line_editor *editor, const struct line_start *request)
{
	uint32_t bytes_max = request->bytes_max == 0 ? LINE_BYTES_MAX : request->bytes_max;

	if (bytes_max > LINE_BYTES_MAX || request->prompt_bytes > LINE_PROMPT_BYTES_MAX)
		return false;
	if (request->initial_bytes > bytes_max || request->cursor > request->initial_bytes)
		return false;
	editor->bytes_max = bytes_max;
	memcpy(editor->prompt, request->prompt, request->prompt_bytes);
	editor->prompt_bytes = request->prompt_bytes;
	memcpy(editor->line, request->initial, request->initial_bytes);
	editor->length = request->initial_bytes;
	editor->cursor = request->cursor;
	editor->hidden = request->hidden;
	editor->completion = request->completion && !request->hidden;
	editor->use_history = request->history && !request->hidden;
	editor->history_age = 0;
	editor->stash_bytes = 0;
	editor->escape = LINE_ESCAPE_NONE;
	editor->active = true;
	redraw(editor);
	return true;
}

enum line_event
line_editor_feed(struct line_editor *editor, uint8_t byte)
{
	enum line_event event;

	if (!editor->active)
		return LINE_EVENT_NONE;
	if (editor->escape != LINE_ESCAPE_NONE) {
		feed_escape(editor, byte);
		return LINE_EVENT_NONE;
	}
	if (byte == KEY_ESCAPE) {
		editor->escape = LINE_ESCAPE_STARTED;
		return LINE_EVENT_NONE;
	}
	if (feed_common(editor, byte, &event))
		return event;
	if (byte >= 0x20) {
		insert_byte(editor, byte);
		return LINE_EVENT_NONE;
	}
	return editor->hidden ? LINE_EVENT_NONE : feed_control(editor, byte);
}

void
line_editor_hide(struct line_editor *editor)
{
	if (editor->active)
		put_text(editor, "\r\x1b[K");
}

void
line_editor_show(struct line_editor *editor)
{
	if (editor->active)
		redraw(editor);
}

void
line_editor_scrub(struct line_editor *editor)
{
	/* A plain memset of memory that is not read again may be dropped by the compiler. */
	volatile char *line = editor->line;
	volatile char *stash = editor->stash;

	for (uint32_t i = 0; i < LINE_BYTES_MAX; i++) {
		line[i] = 0;
		stash[i] = 0;
	}
	editor->length = 0;
	editor->cursor = 0;
	editor->stash_bytes = 0;
	editor->active = false;
}
