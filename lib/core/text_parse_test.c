/* SPDX-License-Identifier: Apache-2.0 */
/* Messages from text: what is typed is what is built, and a mistake is told with its place. */
#include <capnp/builder.h>
#include <capnp/reflect_value.h>
#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "text.h"

static const struct reflect_type double_type = { .kind = REFLECT_FLOAT64 };
static const struct reflect_type void_type = { .kind = REFLECT_VOID };

static const struct reflect_field sample_fields[] = {
	{ .name = "single",
	    .type = { .kind = REFLECT_FLOAT32 },
	    .offset = 0,
	    .discriminant = REFLECT_NO_DISCRIMINANT },
	{ .name = "double",
	    .type = { .kind = REFLECT_FLOAT64 },
	    .offset = 1,
	    .discriminant = REFLECT_NO_DISCRIMINANT },
	{ .name = "half",
	    .type = { .kind = REFLECT_FLOAT64 },
	    .offset = 2,
	    .discriminant = REFLECT_NO_DISCRIMINANT,
	    .has_default = true,
	    .default_bits = UINT64_C(0x3fe0000000000000) },
	{ .name = "quarter",
	    .type = { .kind = REFLECT_FLOAT32 },
	    .offset = 1,
	    .discriminant = REFLECT_NO_DISCRIMINANT,
	    .has_default = true,
	    .default_bits = UINT32_C(0x3e800000) },
	{ .name = "list",
	    .type = { .kind = REFLECT_LIST, .element = &double_type },
	    .offset = 0,
	    .discriminant = REFLECT_NO_DISCRIMINANT },
	{ .name = "data",
	    .type = { .kind = REFLECT_DATA },
	    .offset = 1,
	    .discriminant = REFLECT_NO_DISCRIMINANT,
	    .has_default = true },
	{ .name = "number",
	    .type = { .kind = REFLECT_INT64 },
	    .offset = 3,
	    .discriminant = REFLECT_NO_DISCRIMINANT },
	{ .name = "voids",
	    .type = { .kind = REFLECT_LIST, .element = &void_type },
	    .offset = 2,
	    .discriminant = REFLECT_NO_DISCRIMINANT,
	    .has_default = true },
};

static const struct reflect_struct sample_type = {
	.name = "Sample",
	.data_words = 4,
	.pointer_count = 3,
	.field_count = 8,
	.fields = sample_fields,
};

static uint64_t message[64];
static size_t message_size;
static struct capnp_parser parser;

static bool
parse(const char *typed)
{
	struct capnp_builder builder;

	memset(message, 0, sizeof(message));
	capnp_builder_init(&builder, message, sizeof(message));
	capnp_parser_init(&parser, typed, (uint32_t)strlen(typed));
	if (!capnp_parse_struct(&parser, &sample_type, capnp_builder_root(&builder, 4, 3, 0)))
		return false;
	message_size = capnp_builder_finish(&builder);
	return message_size != 0;
}

/* What was built, as text. */
static const char *
shown(const char *typed)
{
	static char text[1024];
	struct capnp_printer printer = { .buffer = text, .capacity = sizeof(text) };
	struct capnp_reader reader;

	if (!parse(typed))
		fail_msg("%s: %s", typed, parser.error);
	CHECK_EQ(capnp_reader_init(&reader, message, message_size), CAPNP_OK);
	capnp_print_struct(&printer, &sample_type, capnp_reader_root(&reader));
	return text;
}

TEST(floating_point_is_shown_as_it_was_typed)
{
	CHECK_STR(shown("(single = 0.1, double = -1.5e300, half = inf, quarter = -inf, "
			"list = [nan, 1e-07, 3, -0.0])"),
	    "(single = 0.1, double = -1.5e300, half = inf, quarter = -inf, "
	    "list = [nan, 1e-07, 3, -0.0], number = 0)");
}

TEST(defaults_in_floating_point_count)
{
	CHECK_STR(shown("()"),
	    "(single = 0, double = 0, half = 0.5, quarter = 0.25, list = [], number = 0)");
	CHECK_STR(shown("(half = 0, quarter = 0)"),
	    "(single = 0, double = 0, half = 0, quarter = 0, list = [], number = 0)");
	/* What is the default is zero in the message. */
	CHECK(parse("(half = 0.5, quarter = 0.25)"));
	for (size_t i = 2; i < sizeof(message) / sizeof(message[0]); i++)
		CHECK_EQ(message[i], 0);
}

static const struct {
	const char *typed;
	uint64_t bits;
} doubles[] = {
	{ "0", 0 },
	{ "-0", UINT64_C(0x8000000000000000) },
	{ "- 2", UINT64_C(0xc000000000000000) },
	{ "1e+2", UINT64_C(0x4059000000000000) },
	{ "1E2", UINT64_C(0x4059000000000000) },
	{ "0.1", UINT64_C(0x3fb999999999999a) },
	{ "9007199254740993", UINT64_C(0x4340000000000000) },
	{ "100000000000000000000000", UINT64_C(0x44b52d02c7e14af6) },
	{ "0x10", UINT64_C(0x4030000000000000) },
	{ "010", UINT64_C(0x4020000000000000) },
	{ "00.5", UINT64_C(0x3fe0000000000000) },
	{ "010.0", UINT64_C(0x4024000000000000) },
	{ "010e1", UINT64_C(0x4059000000000000) },
	{ "-0x10", UINT64_C(0xc030000000000000) },
	{ "0xffffffffffffffff", UINT64_C(0x43f0000000000000) },
	{ "1e-400", 0 },
	{ "-inf", UINT64_C(0xfff0000000000000) },
};

TEST(numbers_are_read_as_the_nearest_double)
{
	for (size_t i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++) {
		char typed[64];

		snprintf(typed, sizeof(typed), "(double = %s)", doubles[i].typed);
		if (!parse(typed))
			fail_msg("%s: %s", typed, parser.error);
		CHECK_EQ(message[3], doubles[i].bits);
	}
}

static const struct {
	const char *typed;
	uint32_t position;
	const char *error;
} mistakes[] = {
	{ "(double = )", 10, "a number was expected, for Float64" },
	{ "(double = \"1\")", 10, "a number was expected, for Float64" },
	{ "(double = true)", 10, "a number was expected, for Float64" },
	{ "(double = 1e)", 10, "a number was expected, for Float64" },
	{ "(double = .5)", 10, "a number was expected, for Float64" },
	{ "(double = 1.5.5)", 10, "a number was expected, for Float64" },
	{ "(double = 1-5)", 10, "a number was expected, for Float64" },
	{ "(double = --5)", 11, "a number was expected, for Float64" },
	{ "(double = -nan)", 11, "a number was expected, for Float64" },
	{ "(double = 0x)", 10, "a number was expected, for Float64" },
	{ "(double = 0x1p5)", 10, "a number was expected, for Float64" },
	{ "(double = 0x10000000000000000)", 10, "a number was expected, for Float64" },
	{ "(number = 08)", 10, "a number was expected, for Int64" },
	{ "(number = 1.0)", 11, "`)` was expected" },
	{ "(number = 0777777777777777777778)", 10, "a number was expected, for Int64" },
	{ "(number = 9223372036854775808)", 10, "a number in range was expected, for Int64" },
	{ "(double = 1+5)", 11, "`)` was expected" },
	{ "(double = 1e400)", 10, "a number in range was expected, for Float64" },
	{ "(single = -1e39)", 11, "a number in range was expected, for Float32" },
	{ "(data = \"a\\400\")", 10, "there is no such escape; a backslash is `\\\\`" },
	{ "(data = \"a\\8\")", 10, "there is no such escape; a backslash is `\\\\`" },
	{ "(data = \"a\\q\")", 10, "there is no such escape; a backslash is `\\\\`" },
	{ "(data = \"a\\x4\")", 10, "there is no such escape; a backslash is `\\\\`" },
	{ "(list = [1, 2e])", 12, "a number was expected, for Float64" },
};

TEST(a_mistake_in_a_value_is_told_with_its_place)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		if (parse(mistakes[i].typed))
			fail_msg("%s was taken", mistakes[i].typed);
		CHECK_STR(parser.error, mistakes[i].error);
		CHECK_EQ(parser.error_position, mistakes[i].position);
	}
}

static const struct {
	const char *typed;
	const char *shown;
} strings[] = {
	/* The stock tool does not read 0x without a byte. */
	{ "\"\"", "\"\"" },
	{ "0x\"\"", "\"\"" },
	{ "\"a'\"", "0x\"6127\"" },
	{ "\"\\n\\t\\\"\\\\\"", "0x\"0a09225c\"" },
	{ "\"\\a\\b\\f\\r\\v\\'\\?\"", "0x\"07080c0d0b273f\"" },
	{ "\"\\x41\\xfF\"", "0x\"41ff\"" },
	{ "\"\\101\\377\\000\"", "0x\"41ff00\"" },
	/* Up to three digits. */
	{ "\"\\1018\\08\\7\\12\"", "0x\"41380038070a\"" },
};

TEST(escapes_are_those_of_the_stock_tool)
{
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		const char *data;
		char typed[64];

		snprintf(typed, sizeof(typed), "(data = %s)", strings[i].typed);
		data = strstr(shown(typed), "data = ") + strlen("data = ");
		if (strncmp(data, strings[i].shown, strlen(strings[i].shown)) != 0)
			fail_msg("%s is shown as %s", typed, data);
	}
}

static const struct {
	const char *typed;
	int64_t value;
} integers[] = {
	{ "0", 0 },
	{ "-7", -7 },
	{ "- 7", -7 },
	{ "9223372036854775807", INT64_MAX },
	{ "-9223372036854775808", INT64_MIN },
	{ "0x1f", 31 },
	{ "-0x1F", -31 },
	{ "00", 0 },
	{ "010", 8 },
	{ "-017", -15 },
	{ "0777777777777777777777", INT64_MAX },
};

TEST(integers_are_read_as_the_stock_tool_reads_them)
{
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
		char typed[64];

		snprintf(typed, sizeof(typed), "(number = %s)", integers[i].typed);
		if (!parse(typed))
			fail_msg("%s: %s", typed, parser.error);
		CHECK_EQ((int64_t)message[5], integers[i].value);
	}
}

TEST(a_list_of_nothing_has_a_length)
{
	CHECK(strstr(shown("(voids = [void, void])"), "voids = [void, void]") != NULL);
	CHECK(!parse("(voids = [void, 1])"));
	CHECK_STR(parser.error, "void was expected, for Void");
	CHECK_EQ(parser.error_position, 16);
}

TEST(lines_may_end_where_a_space_may_stand)
{
	CHECK_STR(
	    shown(
		"\n( single = 1,\r\n\tdata = 0x\"00\n01\",\nlist = [\n\t1,\n\t2 ],\n number = 3\n)"),
	    "(single = 1, double = 0, half = 0.5, quarter = 0.25, list = [1, 2], "
	    "data = 0x\"0001\", number = 3)");
}
