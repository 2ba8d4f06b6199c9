/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of entered lines; see line_history.h. */
#include "line_history.h"

#include <string.h>

void
line_history_add(struct line_history *history, const char *line, uint32_t byte_count)
{
	uint32_t newest_bytes;
	const char *newest = line_history_get(history, 0, &newest_bytes);

	if (byte_count == 0 || byte_count > LINE_BYTES_MAX)
		return;
	if (newest != NULL && newest_bytes == byte_count && memcmp(newest, line, byte_count) == 0)
		return;
	history->newest = (history->newest + 1) % LINE_HISTORY_COUNT;
	memcpy(history->lines[history->newest], line, byte_count);
	history->bytes[history->newest] = byte_count;
	if (history->count < LINE_HISTORY_COUNT)
		history->count++;
}

const char *
line_history_get(const struct line_history *history, uint32_t age, uint32_t *length)
{
	uint32_t index;

	if (age >= history->count)
		return NULL;
	index = (history->newest + LINE_HISTORY_COUNT - age) % LINE_HISTORY_COUNT;
	*length = history->bytes[index];
	return history->lines[index];
}
