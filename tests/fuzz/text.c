/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments as they are typed behind a method's name: a message or a mistake with its place. What
 * was parsed is printed and parsed again: the same text.
 */
#include <capnp/builder.h>
#include <capnp/reader.h>
#include <core/text.h>

#include "fuzz.h"

static bool
no_cap(struct capnp_parser *parser, struct capnp_text name, struct capnp_cap *out)
{
	(void)name;
	*out = (struct capnp_cap){ 0 };
	capnp_parser_fail(parser, parser->position, "there is no capability");
	return false;
}

/* The size of the message; 0: a mistake, or no room. */
static size_t
parse(const char *text, uint32_t size, void *buffer, size_t buffer_bytes)
{
	const struct reflect_struct *type = &reflect_struct_cb076caa4772d8b2;
	struct capnp_parser parser;
	struct capnp_builder builder;

	capnp_parser_init(&parser, text, size);
	parser.resolve_cap = no_cap;
	capnp_builder_init(&builder, buffer, buffer_bytes);
	if (!capnp_parse_struct(&parser, type,
		capnp_builder_root(&builder, type->data_words, type->pointer_count, 0))) {
		fuzz_require(parser.failed && parser.error_position <= size);
		fuzz_require(memchr(parser.error, 0, sizeof(parser.error)) != NULL);
		return 0;
	}
	return capnp_builder_finish(&builder);
}

static uint32_t
print(const void *message, size_t size, char *text, uint32_t capacity)
{
	struct capnp_printer printer = { .buffer = text, .capacity = capacity };
	struct capnp_reader reader;

	fuzz_require(capnp_reader_init(&reader, message, size) == CAPNP_OK);
	capnp_print_struct(&printer, &reflect_struct_cb076caa4772d8b2, capnp_reader_root(&reader));
	fuzz_require(capnp_reader_error(&reader) == CAPNP_OK);
	return printer.is_cut ? 0 : printer.used;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static _Alignas(8) uint8_t message[1 << 14], again[1 << 14];
	static char text[1 << 16], text_again[1 << 16];
	size_t bytes = parse((const char *)data, (uint32_t)size, message, sizeof(message));
	uint32_t shown;

	if (bytes == 0)
		return 0;
	shown = print(message, bytes, text, sizeof(text));
	if (shown == 0)
		return 0;
	bytes = parse(text, shown, again, sizeof(again));
	fuzz_require(bytes != 0);
	fuzz_require(print(again, bytes, text_again, sizeof(text_again)) == shown);
	fuzz_require(memcmp(text, text_again, shown) == 0);
	return 0;
}
