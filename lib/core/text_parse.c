/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages from text: parsing; see text.h. Lists need their length before their content: they are
 * skipped over once to count, then read. A nesting limit bounds the recursion.
 */
#include <capnp/reflect_value.h>
#include <stdarg.h>
#include <string.h>

#include "float_text.h"
#include "format.h"
#include "text.h"

static void parse_pointer(struct capnp_parser *parser, const struct reflect_type *type,
    struct capnp_any_builder to, uint8_t root_ordinal);

void
capnp_parser_init(struct capnp_parser *parser, const char *text, uint32_t size)
{
	memset(parser, 0, sizeof(*parser));
	parser->text = text;
	parser->size = size;
}

void
capnp_parser_fail(struct capnp_parser *parser, uint32_t position, const char *format, ...)
{
	va_list arguments;

	if (parser->failed)
		return;
	parser->failed = true;
	parser->error_position = position;
	va_start(arguments, format);
	format_text_list(parser->error, sizeof(parser->error), format, arguments);
	va_end(arguments);
}

static void
skip_space(struct capnp_parser *parser)
{
	while (parser->position < parser->size &&
	    memchr(" \t\r\n", parser->text[parser->position], 4) != NULL)
		parser->position++;
}

static char
peek(struct capnp_parser *parser)
{
	skip_space(parser);
	return parser->position < parser->size ? parser->text[parser->position] : '\0';
}

static bool
take(struct capnp_parser *parser, char byte)
{
	if (parser->failed || peek(parser) != byte)
		return false;
	parser->position++;
	return true;
}

static void
expect(struct capnp_parser *parser, char byte)
{
	if (!take(parser, byte))
		capnp_parser_fail(parser, parser->position, "`%c` was expected", byte);
}

static bool
is_word_byte(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	    (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

static struct capnp_text
take_word(struct capnp_parser *parser)
{
	struct capnp_text word;
	uint32_t start;

	(void)peek(parser);
	start = parser->position;
	while (parser->position < parser->size && is_word_byte(parser->text[parser->position]))
		parser->position++;
	word.data = parser->text + start;
	word.size = parser->position - start;
	return word;
}

static bool
word_is(struct capnp_text word, const char *text)
{
	return word.size == strlen(text) && memcmp(word.data, text, word.size) == 0;
}

/* "an integer was expected; deadlineNs is UInt64" */
static void
fail_type(struct capnp_parser *parser, uint32_t position, const struct reflect_type *type,
    const char *what)
{
	char name[64] = "";
	struct capnp_printer printer = { .buffer = name, .capacity = sizeof(name) };

	capnp_print_type(&printer, type);
	capnp_parser_fail(parser, position, "%s was expected, for %s", what, name);
}

static int
digit_value(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return 99;
}

static char
byte_ahead(const struct capnp_parser *parser, uint32_t distance)
{
	return parser->size - parser->position > distance
	    ? parser->text[parser->position + distance]
	    : '\0';
}

/* The magnitude of a number, without its sign; as in C, 0x is hexadecimal and 0 is octal. */
static bool
take_magnitude(struct capnp_parser *parser, uint64_t *out)
{
	uint64_t base = 10;
	uint32_t digits = 0;

	*out = 0;
	if (byte_ahead(parser, 0) == '0' && byte_ahead(parser, 1) == 'x') {
		base = 16;
		parser->position += 2;
	} else if (byte_ahead(parser, 0) == '0') {
		base = 8;
	}
	for (; parser->position < parser->size; parser->position++, digits++) {
		int digit = digit_value(parser->text[parser->position]);

		if (digit >= (int)base)
			break;
		if (__builtin_mul_overflow(*out, base, out) ||
		    __builtin_add_overflow(*out, (uint64_t)digit, out))
			return false;
	}
	return digits != 0 &&
	    (parser->position == parser->size || !is_word_byte(parser->text[parser->position]));
}

static unsigned
integer_bits(uint8_t kind)
{
	static const uint8_t bits[] = { [REFLECT_INT8] = 8,
		[REFLECT_INT16] = 16,
		[REFLECT_INT32] = 32,
		[REFLECT_INT64] = 64,
		[REFLECT_UINT8] = 8,
		[REFLECT_UINT16] = 16,
		[REFLECT_UINT32] = 32,
		[REFLECT_UINT64] = 64 };

	return bits[kind];
}

static uint64_t
parse_integer(struct capnp_parser *parser, const struct reflect_type *type)
{
	bool is_signed = type->kind <= REFLECT_INT64;
	unsigned bits = integer_bits(type->kind);
	bool negative = take(parser, '-');
	uint32_t start = parser->position;
	uint64_t magnitude;
	uint64_t max;

	(void)peek(parser);
	if (!take_magnitude(parser, &magnitude)) {
		fail_type(parser, start, type, "a number");
		return 0;
	}
	max = is_signed ? (UINT64_C(1) << (bits - 1)) - 1 + negative : UINT64_MAX >> (64 - bits);
	if (magnitude > max || (negative && !is_signed)) {
		fail_type(parser, start, type, "a number in range");
		return 0;
	}
	return negative ? 0 - magnitude : magnitude;
}

/* A word that may hold a point, and a plus in its exponent. */
static struct capnp_text
take_number_word(struct capnp_parser *parser)
{
	struct capnp_text word = { .data = parser->text + parser->position };

	for (; parser->position < parser->size; parser->position++, word.size++) {
		char byte = parser->text[parser->position];
		char before = word.size == 0 ? '\0' : word.data[word.size - 1];

		if (!is_word_byte(byte) && byte != '.' &&
		    !(byte == '+' && (before == 'e' || before == 'E')))
			break;
	}
	return word;
}

/* 0x1e and 010 are integers, 0.1 and 01e1 are not. */
static bool
has_other_base(struct capnp_text word)
{
	if (word.size < 2 || word.data[0] != '0')
		return false;
	if (word.data[1] == 'x')
		return true;
	for (uint32_t i = 0; i < word.size; i++)
		if (digit_value(word.data[i]) > 9)
			return false;
	return true;
}

/* A number without its sign: decimal, inf, nan, or an integer in hexadecimal or octal. */
static enum float_text_result
take_float(struct capnp_parser *parser, const struct float_format *format, uint64_t *bits)
{
	uint32_t start = parser->position;
	struct capnp_text word = take_number_word(parser);
	char decimal[24];
	uint64_t integer;

	if (word.size == 0 || word.data[0] == '-')
		return FLOAT_TEXT_NO_NUMBER;
	if (has_other_base(word)) {
		parser->position = start;
		if (!take_magnitude(parser, &integer))
			return FLOAT_TEXT_NO_NUMBER;
		word.size = (uint32_t)format_text(
		    decimal, sizeof(decimal), "%llu", (unsigned long long)integer);
		word.data = decimal;
	}
	return float_text_parse(format, word.data, word.size, bits);
}

static uint64_t
parse_float(
    struct capnp_parser *parser, const struct reflect_type *type, const struct float_format *format)
{
	uint64_t sign = UINT64_C(1) << (format->fraction_bits + format->exponent_bits);
	uint64_t infinity = sign - (UINT64_C(1) << format->fraction_bits);
	bool negative = take(parser, '-');
	uint32_t start = (peek(parser), parser->position);
	uint64_t bits = 0;
	enum float_text_result result = take_float(parser, format, &bits);

	if (result == FLOAT_TEXT_TOO_LARGE)
		fail_type(parser, start, type, "a number in range");
	else if (result != FLOAT_TEXT_OK || (negative && bits > infinity))
		fail_type(parser, start, type, "a number");
	return negative ? bits | sign : bits;
}

static uint64_t
parse_enum(struct capnp_parser *parser, const struct reflect_type *type)
{
	uint32_t start = (peek(parser), parser->position);
	struct capnp_text word = take_word(parser);

	for (uint32_t i = 0; i < type->enumeration->count; i++)
		if (word_is(word, type->enumeration->names[i]))
			return i;
	fail_type(parser, start, type, "an enumerant");
	return 0;
}

static uint64_t
parse_scalar(struct capnp_parser *parser, const struct reflect_type *type)
{
	uint32_t start = (peek(parser), parser->position);
	struct capnp_text word;

	switch (type->kind) {
	case REFLECT_BOOL:
		word = take_word(parser);
		if (!word_is(word, "true") && !word_is(word, "false"))
			fail_type(parser, start, type, "true or false");
		return word_is(word, "true");
	case REFLECT_ENUM:
		return parse_enum(parser, type);
	case REFLECT_FLOAT32:
		return parse_float(parser, type, &float_binary32);
	case REFLECT_FLOAT64:
		return parse_float(parser, type, &float_binary64);
	default:
		return parse_integer(parser, type);
	}
}

/* \x41 or \101: the digits behind the backslash and the x, `count_min` to `count_max` of them. */
static bool
take_escape_number(
    struct capnp_parser *parser, int base, uint32_t count_min, uint32_t count_max, uint8_t *out)
{
	uint32_t count = 0;
	int value = 0;

	for (; count < count_max && parser->position < parser->size; count++) {
		int digit = digit_value(parser->text[parser->position]);

		if (digit >= base)
			break;
		value = value * base + digit;
		parser->position++;
	}
	*out = (uint8_t)value;
	return count >= count_min && value <= 0xff;
}

static void
parse_void(struct capnp_parser *parser, const struct reflect_type *type)
{
	uint32_t start = (peek(parser), parser->position);

	if (!word_is(take_word(parser), "void"))
		fail_type(parser, start, type, "void");
}

/* One byte of a quoted string; the escape is decoded. */
static bool
take_string_byte(struct capnp_parser *parser, uint8_t *out)
{
	static const char names[] = "abfnrtv'\"\\?";
	static const char bytes[] = "\a\b\f\n\r\t\v'\"\\?";
	char byte = parser->text[parser->position++];
	const char *name;

	*out = (uint8_t)byte;
	if (byte != '\\')
		return true;
	if (parser->position == parser->size)
		return false;
	byte = parser->text[parser->position];
	if (digit_value(byte) < 8)
		return take_escape_number(parser, 8, 1, 3, out);
	parser->position++;
	if (byte == 'x')
		return take_escape_number(parser, 16, 2, 2, out);
	name = memchr(names, byte, sizeof(names) - 1);
	if (name == NULL)
		return false;
	*out = (uint8_t)bytes[name - names];
	return true;
}

/* Read the string that starts behind its quote; with `out` NULL only count. Returns its length. */
static uint32_t
take_string(struct capnp_parser *parser, uint8_t *out)
{
	uint32_t start = parser->position - 1;
	uint32_t length = 0;

	while (parser->position < parser->size && parser->text[parser->position] != '"') {
		uint32_t at = parser->position;
		uint8_t byte;

		if (!take_string_byte(parser, &byte)) {
			capnp_parser_fail(
			    parser, at, "there is no such escape; a backslash is `\\\\`");
			return 0;
		}
		if (out != NULL)
			out[length] = byte;
		length++;
	}
	if (parser->position == parser->size) {
		capnp_parser_fail(parser, start, "this string has no closing `\"`");
		return 0;
	}
	parser->position++;
	return length;
}

/* 0x"00 ff": the digits behind the quote. */
static uint32_t
take_hex(struct capnp_parser *parser, uint8_t *out)
{
	uint32_t start = parser->position - 1;
	uint32_t length = 0;

	for (;;) {
		int high;
		int low;

		skip_space(parser);
		if (parser->position < parser->size && parser->text[parser->position] == '"') {
			parser->position++;
			return length;
		}
		if (parser->size - parser->position < 2) {
			capnp_parser_fail(parser, start, "this data has no closing `\"`");
			return 0;
		}
		high = digit_value(parser->text[parser->position]);
		low = digit_value(parser->text[parser->position + 1]);
		if (high > 15 || low > 15) {
			capnp_parser_fail(
			    parser, parser->position, "two hexadecimal digits were expected");
			return 0;
		}
		if (out != NULL)
			out[length] = (uint8_t)(high * 16 + low);
		length++;
		parser->position += 2;
	}
}

static void
parse_blob(
    struct capnp_parser *parser, const struct reflect_type *type, struct capnp_any_builder to)
{
	bool is_text = type->kind == REFLECT_TEXT;
	bool is_hex = false;
	uint32_t (*reader)(struct capnp_parser *, uint8_t *) = take_string;
	uint32_t content;
	uint32_t length;
	uint8_t *bytes;

	(void)peek(parser);
	if (!is_text && parser->size - parser->position >= 3 &&
	    memcmp(parser->text + parser->position, "0x\"", 3) == 0) {
		parser->position += 3;
		is_hex = true;
		reader = take_hex;
	}
	if (!is_hex && !take(parser, '"')) {
		fail_type(parser, parser->position, type,
		    is_text ? "a string in quotes" : "0x\"...\" or a string");
		return;
	}
	content = parser->position;
	length = reader(parser, NULL);
	if (parser->failed)
		return;
	bytes =
	    is_text ? (uint8_t *)capnp_any_init_text(to, length) : capnp_any_init_data(to, length);
	if (bytes == NULL)
		return;
	parser->position = content;
	(void)reader(parser, bytes);
}

/* Elements of the list that starts behind its bracket: commas at this level, plus one. */
static uint32_t
count_elements(const struct capnp_parser *parser)
{
	struct capnp_parser ahead = *parser;
	uint32_t count = 1;
	int depth = 0;

	if (peek(&ahead) == ']')
		return 0;
	for (; ahead.position < ahead.size; ahead.position++) {
		char byte = ahead.text[ahead.position];

		if (byte == '"') {
			ahead.position++;
			(void)take_string(&ahead, NULL);
			ahead.position--;
		} else if (byte == '[' || byte == '(') {
			depth++;
		} else if (byte == ')' || byte == ']') {
			if (depth-- == 0)
				break;
		} else if (byte == ',' && depth == 0) {
			count++;
		}
	}
	return count;
}

static void
parse_list(
    struct capnp_parser *parser, const struct reflect_type *element, struct capnp_any_builder to)
{
	struct capnp_list_builder list;
	uint32_t count;

	expect(parser, '[');
	if (parser->failed)
		return;
	count = count_elements(parser);
	list = element->kind == REFLECT_STRUCT
	    ? capnp_any_init_struct_list(
		  to, count, element->structure->data_words, element->structure->pointer_count)
	    : capnp_any_init_list(to, reflect_element(element), count);
	for (uint32_t i = 0; i < count && !parser->failed; i++) {
		if (i != 0)
			expect(parser, ',');
		if (reflect_is_scalar(element))
			reflect_list_set(element, list, i, parse_scalar(parser, element));
		else if (element->kind == REFLECT_STRUCT)
			(void)capnp_parse_struct(
			    parser, element->structure, capnp_list_struct_builder(list, i));
		else if (element->kind == REFLECT_VOID)
			parse_void(parser, element);
		else
			parse_pointer(
			    parser, element, capnp_list_any_builder(list, i), REFLECT_NO_ORDINAL);
	}
	expect(parser, ']');
}

static void
parse_cap(struct capnp_parser *parser, const struct reflect_type *type, struct capnp_any_builder to,
    uint8_t root_ordinal)
{
	struct capnp_cap cap = { 0 };
	uint32_t start = (peek(parser), parser->position);
	struct capnp_text word = take_word(parser);
	bool moves = word_is(word, "move");

	if (word.size != 0 && !moves) {
		fail_type(parser, start, type, "`@` and a capability name");
		return;
	}
	if (!take(parser, '@')) {
		fail_type(parser, parser->position, type, "`@` and a capability name");
		return;
	}
	word = take_word(parser);
	if (parser->resolve_cap == NULL || !parser->resolve_cap(parser, word, &cap)) {
		capnp_parser_fail(parser, start, "no such capability");
		return;
	}
	cap.mode = moves ? CAPNP_CAP_MOVE : CAPNP_CAP_COPY;
	if (root_ordinal != REFLECT_NO_ORDINAL)
		capnp_any_set_root_cap(to, root_ordinal, cap);
	else
		capnp_any_set_cap(to, cap);
}

static void
parse_pointer(struct capnp_parser *parser, const struct reflect_type *type,
    struct capnp_any_builder to, uint8_t root_ordinal)
{
	switch (type->kind) {
	case REFLECT_TEXT:
	case REFLECT_DATA:
		parse_blob(parser, type, to);
		break;
	case REFLECT_LIST:
		parse_list(parser, type->element, to);
		break;
	case REFLECT_STRUCT:
		(void)capnp_parse_struct(parser, type->structure,
		    capnp_any_init_struct(
			to, type->structure->data_words, type->structure->pointer_count));
		break;
	case REFLECT_INTERFACE:
	case REFLECT_CAPABILITY:
		parse_cap(parser, type, to, root_ordinal);
		break;
	default:
		capnp_parser_fail(parser, parser->position, "a value of this type cannot be typed");
		break;
	}
}

static void
parse_field_value(struct capnp_parser *parser, const struct reflect_struct *type,
    const struct reflect_field *field, struct capnp_struct_builder to)
{
	if (field->discriminant != REFLECT_NO_DISCRIMINANT)
		capnp_set_u16(to, type->discriminant_offset * 2, field->discriminant, 0);
	if (field->is_group)
		(void)capnp_parse_struct(parser, field->type.structure, to);
	else if (field->type.kind == REFLECT_VOID)
		parse_void(parser, &field->type);
	else if (reflect_is_scalar(&field->type))
		reflect_field_set(field, to, parse_scalar(parser, &field->type));
	else
		parse_pointer(parser, &field->type, capnp_set_any(to, (uint16_t)field->offset),
		    field->cap_ordinal);
}

static void
parse_field(
    struct capnp_parser *parser, const struct reflect_struct *type, struct capnp_struct_builder to)
{
	uint32_t start = (peek(parser), parser->position);
	struct capnp_text name = take_word(parser);
	const struct reflect_field *field = reflect_field_find(type, name);

	if (parser->position == parser->size) {
		parser->open_struct = type;
		parser->open_position = start;
	}
	if (name.size == 0) {
		capnp_parser_fail(parser, start, "a field name or `)` was expected");
		return;
	}
	if (field == NULL) {
		capnp_parser_fail(parser, start, "there is no field `%.*s` in %s", (int)name.size,
		    name.data, type->name);
		return;
	}
	expect(parser, '=');
	if (!parser->failed)
		parse_field_value(parser, type, field, to);
}

bool
capnp_parse_struct(
    struct capnp_parser *parser, const struct reflect_struct *type, struct capnp_struct_builder to)
{
	expect(parser, '(');
	if (++parser->depth > CAPNP_TEXT_DEPTH_MAX)
		capnp_parser_fail(parser, parser->position, "this is nested too deeply");
	if (!parser->failed && !take(parser, ')')) {
		do {
			parse_field(parser, type, to);
		} while (take(parser, ','));
		expect(parser, ')');
	}
	parser->depth--;
	return !parser->failed;
}
