/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to text and back by reflection; see interop.h. */
#include <core/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interop.h"

#define TEXT_BYTES_MAX (1 << 26)

static const struct reflect_struct *const root_type = &reflect_struct_ba1b2c3d4e5f6073;

bool
interop_print_messages(FILE *from, FILE *to)
{
	static _Alignas(8) uint8_t bytes[MESSAGE_BYTES_MAX];
	static char text[TEXT_BYTES_MAX];
	size_t size;

	while ((size = interop_read_message(from, bytes)) != 0) {
		struct capnp_printer printer = { .buffer = text, .capacity = sizeof(text) };
		struct capnp_reader reader;

		if (capnp_reader_init(&reader, bytes, size) != CAPNP_OK)
			return false;
		capnp_print_struct(&printer, root_type, capnp_reader_root(&reader));
		if (printer.is_cut || capnp_reader_error(&reader) != CAPNP_OK) {
			fprintf(stderr, "print: %s\n", printer.is_cut ? "cut" : "unreadable");
			return false;
		}
		interop_write_line(to, text, printer.used);
	}
	return true;
}

static bool
parse_line(const char *line, uint32_t size, FILE *to)
{
	static _Alignas(8) uint8_t bytes[MESSAGE_BYTES_MAX];
	struct capnp_parser parser;
	struct capnp_builder builder;

	capnp_parser_init(&parser, line, size);
	capnp_builder_init(&builder, bytes, sizeof(bytes));
	if (!capnp_parse_struct(&parser, root_type,
		capnp_builder_root(&builder, root_type->data_words, root_type->pointer_count, 0))) {
		fprintf(
		    stderr, "parse: %s, at `%.40s`\n", parser.error, line + parser.error_position);
		return false;
	}
	return interop_write_message(to, &builder, bytes);
}

bool
interop_parse_messages(FILE *from, FILE *to)
{
	char *line = NULL;
	size_t capacity = 0;
	bool is_well = true;
	ssize_t size;

	while (is_well && (size = getline(&line, &capacity, from)) > 0)
		is_well = parse_line(line, (uint32_t)size, to);
	free(line);
	return is_well;
}
