/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arguments as they are typed behind a method's name: a message or a mistake with its place. What
 * was parsed is printed and parsed again: the same text. The types are the boot manifest and one
 * that has every kind of field.
 */
#include <capnp/builder.h>
#include <capnp/reader.h>
#include <core/text.h>

#include "fuzz.h"

#define TEXT_BYTES_MAX (1 << 16)

/* Everything, of tests/interop/features.capnp. */
extern const struct reflect_struct reflect_struct_ba1b2c3d4e5f6073;

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
parse(const struct reflect_struct *type, struct capnp_text text, void *buffer, size_t buffer_bytes)
{
	struct capnp_parser parser;
	struct capnp_builder builder;

	capnp_parser_init(&parser, text.data, text.size);
	parser.resolve_cap = no_cap;
	capnp_builder_init(&builder, buffer, buffer_bytes);
	if (!capnp_parse_struct(&parser, type,
		capnp_builder_root(&builder, type->data_words, type->pointer_count, 0))) {
		fuzz_require(parser.failed && parser.error_position <= text.size);
		fuzz_require(memchr(parser.error, 0, sizeof(parser.error)) != NULL);
		return 0;
	}
	return capnp_builder_finish(&builder);
}

static uint32_t
print(const struct reflect_struct *type, struct capnp_data message, char text[TEXT_BYTES_MAX])
{
	struct capnp_printer printer = { .buffer = text, .capacity = TEXT_BYTES_MAX };
	struct capnp_reader reader;

	fuzz_require(capnp_reader_init(&reader, message.data, message.size) == CAPNP_OK);
	capnp_print_struct(&printer, type, capnp_reader_root(&reader));
	fuzz_require(capnp_reader_error(&reader) == CAPNP_OK);
	return printer.is_cut ? 0 : printer.used;
}

static void
check(const struct reflect_struct *type, struct capnp_text typed)
{
	static _Alignas(8) uint8_t message[1 << 14];
	static char text[TEXT_BYTES_MAX];
	static char text_again[TEXT_BYTES_MAX];
	size_t bytes = parse(type, typed, message, sizeof(message));
	uint32_t shown;

	if (bytes == 0)
		return;
	shown = print(type, (struct capnp_data){ message, (uint32_t)bytes }, text);
	if (shown == 0)
		return;
	bytes = parse(type, (struct capnp_text){ text, shown }, message, sizeof(message));
	fuzz_require(bytes != 0);
	fuzz_require(
	    print(type, (struct capnp_data){ message, (uint32_t)bytes }, text_again) == shown);
	fuzz_require(memcmp(text, text_again, shown) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct capnp_text typed = { (const char *)data, (uint32_t)size };

	check(&reflect_struct_cb076caa4772d8b2, typed);
	check(&reflect_struct_ba1b2c3d4e5f6073, typed);
	return 0;
}
