/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Line editing: a state machine that eats the bytes a person types and shows the line on an ANSI
 * terminal. Pure logic: output goes to a sink, so that it runs on the host. One editor edits one
 * line at a time:
 *
 *   line_editor_begin -> line_editor_feed ... until an event that is not NONE -> line_editor_scrub
 *
 * The line may be longer than the screen is wide: a window of it is shown, and moves with the
 * cursor. Characters are UTF-8; each is taken to be one column wide.
 *
 * Keys: Enter; Backspace, ^H, Delete, ^D; arrows, ^B ^F ^P ^N; Home, End, ^A ^E; ^U ^K ^W; ^L
 * redraws; Tab completes; ^C cancels; ^D on an empty line ends the input. Hidden input knows Enter,
 * Backspace, ^U, ^C and ^D only.
 */
#include <stdbool.h>
#include <stdint.h>

#include "line_history.h"

#define LINE_PROMPT_BYTES_MAX 256
#define LINE_SCREEN_COLUMNS 80

enum line_event {
	LINE_EVENT_NONE,
	LINE_EVENT_LINE,
	LINE_EVENT_COMPLETE,
	LINE_EVENT_CANCELLED,
	LINE_EVENT_END_OF_INPUT,
};

/* How far an escape sequence has been read. */
enum line_escape {
	LINE_ESCAPE_NONE,
	LINE_ESCAPE_STARTED,	/* ESC */
	LINE_ESCAPE_BRACKET,	/* ESC [ or ESC O */
	LINE_ESCAPE_PARAMETERS, /* ESC [ digits */
};

struct line_sink {
	void (*write)(void *context, const char *bytes, uint32_t byte_count);
	void *context;
};

struct line_start {
	const char *prompt; /* not NUL-terminated */
	uint32_t prompt_bytes;
	const char *initial;
	uint32_t initial_bytes;
	uint32_t cursor;
	uint32_t bytes_max; /* 0: LINE_BYTES_MAX */
	bool hidden;
	bool completion;
	bool history;
};

struct line_editor {
	struct line_sink sink;
	struct line_history *history;
	char line[LINE_BYTES_MAX];
	uint32_t length;
	uint32_t cursor; /* in bytes, at a character's start */
	uint32_t bytes_max;
	uint32_t prompt_bytes;
	uint32_t history_age; /* 0: the new line; n: the n-th newest */
	uint32_t stash_bytes;
	uint8_t escape; /* enum line_escape */
	uint8_t escape_number;
	bool active;
	bool hidden;
	bool completion;
	bool use_history;
	char prompt[LINE_PROMPT_BYTES_MAX];
	char stash[LINE_BYTES_MAX]; /* the new line while an older one is shown */
};

void
line_editor_init(struct line_editor *editor, struct line_sink sink, struct line_history *history);

/* Show the prompt and start a line. False, and nothing happens, if the request is out of range. */
bool line_editor_begin(struct line_editor *editor, const struct line_start *request);

/* One typed byte. The line and the cursor stay readable after an event, until line_editor_scrub. */
enum line_event line_editor_feed(struct line_editor *editor, uint8_t byte);

/* Take the line off the screen so that something else can be written, and put it back. No-ops
 * without a line. */
void line_editor_hide(struct line_editor *editor);
void line_editor_show(struct line_editor *editor);

/* End the line and overwrite everything that was typed. */
void line_editor_scrub(struct line_editor *editor);
