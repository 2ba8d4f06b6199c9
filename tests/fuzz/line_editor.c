/* SPDX-License-Identifier: Apache-2.0 */
/* What is typed at a terminal, byte by byte: the cursor stays in the line, and a hidden line is
 * never shown. */
#include "fuzz.h"

#include "services/terminal/line_editor.h"

static void
show(void *context, const char *bytes, uint32_t byte_count)
{
	bool *saw_secret = context;

	for (uint32_t i = 0; i < byte_count; i++)
		*saw_secret |= bytes[i] == 'S';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct line_history history;
	static struct line_editor editor;
	bool saw_secret = false;
	struct line_start start = { .prompt = "p> ", .prompt_bytes = 3, .initial = "" };

	if (size < 2)
		return 0;
	memset(&history, 0, sizeof(history));
	line_editor_init(&editor, (struct line_sink){ show, &saw_secret }, &history);
	start.hidden = data[0] & 1;
	start.completion = data[0] & 2;
	start.history = (data[0] & 4) && !start.hidden;
	start.bytes_max = data[1];
	if (!line_editor_begin(&editor, &start))
		return 0;
	for (size_t i = 2; i < size; i++) {
		enum line_event event = line_editor_feed(&editor, data[i]);

		fuzz_require(editor.cursor <= editor.length && editor.length <= LINE_BYTES_MAX);
		if (event == LINE_EVENT_NONE)
			continue;
		line_editor_scrub(&editor);
		if (!line_editor_begin(&editor, &start))
			return 0;
	}
	fuzz_require(!start.hidden || !saw_secret);
	return 0;
}
