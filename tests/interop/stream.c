/* SPDX-License-Identifier: Apache-2.0 */
/* Messages and lines of text in files; see interop.h. */
#include <stdio.h>
#include <string.h>

#include "interop.h"

size_t
interop_read_message(FILE *file, uint8_t bytes[MESSAGE_BYTES_MAX])
{
	uint32_t count;
	size_t table_bytes;
	size_t total = 0;

	if (fread(bytes, 4, 1, file) != 1)
		return 0;
	memcpy(&count, bytes, 4);
	table_bytes = (((size_t)count + 1) / 2 + 1) * 8;
	if (count >= CAPNP_SEGMENTS_MAX ||
	    fread(bytes + 4, 1, table_bytes - 4, file) != table_bytes - 4)
		return 0;
	for (uint32_t i = 0; i <= count; i++) {
		uint32_t words;

		memcpy(&words, bytes + 4 + (size_t)i * 4, 4);
		total += (size_t)words * 8;
	}
	if (total > MESSAGE_BYTES_MAX - table_bytes ||
	    fread(bytes + table_bytes, 1, total, file) != total)
		return 0;
	return table_bytes + total;
}

bool
interop_write_message(FILE *file, struct capnp_builder *builder, const void *bytes)
{
	size_t size = capnp_builder_finish(builder);

	if (size == 0) {
		fprintf(stderr, "build: %s\n", capnp_error_name(capnp_builder_error(builder)));
		return false;
	}
	return fwrite(bytes, 1, size, file) == size;
}

void
interop_write_line(FILE *to, const char *text, size_t size)
{
	bool is_string = false;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"') {
			is_string = !is_string;
		} else if (text[i] == '\\' && is_string) {
			/* The byte behind it is not the end of the string. */
			fputc(text[i++], to);
		} else if (is_string && strchr("#()", text[i]) != NULL && text[i] != '\0') {
			fprintf(to, "\\x%02x", (unsigned)text[i]);
			continue;
		}
		fputc(text[i], to);
	}
	fputc('\n', to);
}
