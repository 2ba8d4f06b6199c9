/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as text: printing; see text.h. The depth of views bounds the recursion. */
#include <capnp/reflect_value.h>
#include <string.h>

#include "float_text.h"
#include "format.h"
#include "text.h"

static void
print_value(struct capnp_printer *printer, const struct reflect_type *type, struct capnp_any any);

static void
put(struct capnp_printer *printer, const char *bytes, size_t byte_count)
{
	for (size_t i = 0; i < byte_count; i++) {
		if (printer->used + 1 >= printer->capacity) {
			printer->is_cut = true;
			break;
		}
		printer->buffer[printer->used++] = bytes[i];
	}
	if (printer->capacity != 0)
		printer->buffer[printer->used] = '\0';
}

static void
put_string(struct capnp_printer *printer, const char *string)
{
	put(printer, string, strlen(string));
}

static void
put_escaped(struct capnp_printer *printer, uint8_t byte)
{
	char escape[8];

	if (byte == '"' || byte == '\\') {
		escape[0] = '\\';
		escape[1] = (char)byte;
		put(printer, escape, 2);
	} else if (byte == '\n') {
		put_string(printer, "\\n");
	} else if (byte == '\t') {
		put_string(printer, "\\t");
	} else if (byte < 0x20 || byte == 0x7f) {
		format_text(escape, sizeof(escape), "\\x%02x", byte);
		put_string(printer, escape);
	} else {
		put(printer, (const char *)&byte, 1);
	}
}

static void
print_text(struct capnp_printer *printer, struct capnp_text text)
{
	put_string(printer, "\"");
	for (uint32_t i = 0; i < text.size; i++)
		put_escaped(printer, (uint8_t)text.data[i]);
	put_string(printer, "\"");
}

static void
print_data(struct capnp_printer *printer, struct capnp_data data)
{
	char hex[4];

	/* The stock tool does not read 0x without a byte. */
	put_string(printer, data.size == 0 ? "\"" : "0x\"");
	for (uint32_t i = 0; i < data.size; i++) {
		format_text(hex, sizeof(hex), "%02x", data.data[i]);
		put_string(printer, hex);
	}
	put_string(printer, "\"");
}

static void
print_cap(struct capnp_printer *printer, struct capnp_cap cap)
{
	const char *name = NULL;

	if (cap.cap_id == 0) {
		put_string(printer, "null");
		return;
	}
	if (printer->cap_name != NULL)
		name = printer->cap_name(printer->context, cap);
	put_string(printer, name != NULL ? "@" : "<capability>");
	if (name != NULL)
		put_string(printer, name);
}

static void
print_enum(struct capnp_printer *printer, const struct reflect_enum *type, uint16_t value)
{
	char number[12];

	if (value < type->count) {
		put_string(printer, type->names[value]);
		return;
	}
	format_text(number, sizeof(number), "(%u)", value);
	put_string(printer, number);
}

static void
print_float(struct capnp_printer *printer, const struct float_format *format, uint64_t bits)
{
	char number[FLOAT_TEXT_BYTES_MAX];

	put(printer, number, float_text_print(format, bits, number));
}

static void
print_bits(struct capnp_printer *printer, const struct reflect_type *type, uint64_t bits)
{
	char number[32];

	switch (type->kind) {
	case REFLECT_BOOL:
		put_string(printer, bits ? "true" : "false");
		return;
	case REFLECT_INT8:
		bits = (uint64_t)(int64_t)(int8_t)bits;
		break;
	case REFLECT_INT16:
		bits = (uint64_t)(int64_t)(int16_t)bits;
		break;
	case REFLECT_INT32:
		bits = (uint64_t)(int64_t)(int32_t)bits;
		break;
	case REFLECT_ENUM:
		print_enum(printer, type->enumeration, (uint16_t)bits);
		return;
	case REFLECT_FLOAT32:
		print_float(printer, &float_binary32, bits);
		return;
	case REFLECT_FLOAT64:
		print_float(printer, &float_binary64, bits);
		return;
	default:
		break;
	}
	if (type->kind >= REFLECT_INT8 && type->kind <= REFLECT_INT64)
		format_text(number, sizeof(number), "%lld", (long long)bits);
	else
		format_text(number, sizeof(number), "%llu", (unsigned long long)bits);
	put_string(printer, number);
}

static void
print_list(
    struct capnp_printer *printer, const struct reflect_type *element, struct capnp_list list)
{
	put_string(printer, "[");
	for (uint32_t i = 0; i < list.count && !printer->is_cut; i++) {
		if (i != 0)
			put_string(printer, ", ");
		if (element->kind == REFLECT_VOID)
			put_string(printer, "void");
		else if (reflect_is_scalar(element))
			print_bits(printer, element, reflect_list_bits(element, list, i));
		else if (element->kind == REFLECT_STRUCT)
			capnp_print_struct(printer, element->structure, capnp_list_struct(list, i));
		else
			print_value(printer, element, capnp_list_any(list, i));
	}
	put_string(printer, "]");
}

static void
print_value(struct capnp_printer *printer, const struct reflect_type *type, struct capnp_any any)
{
	switch (type->kind) {
	case REFLECT_TEXT:
		print_text(printer, capnp_any_text(any));
		break;
	case REFLECT_DATA:
		print_data(printer, capnp_any_data(any));
		break;
	case REFLECT_LIST:
		print_list(
		    printer, type->element, capnp_any_list(any, reflect_element(type->element)));
		break;
	case REFLECT_STRUCT:
		capnp_print_struct(printer, type->structure, capnp_any_struct(any));
		break;
	case REFLECT_INTERFACE:
	case REFLECT_CAPABILITY:
		print_cap(printer, capnp_any_cap(any));
		break;
	default:
		put_string(printer, capnp_any_is_null(any) ? "null" : "<any>");
		break;
	}
}

/*
 * A pointer that is not set: what its field would read as is the schema's business. Shown as if it
 * were there, a type that contains itself would never end.
 */
static bool
is_absent(const struct reflect_field *field, struct capnp_struct from)
{
	bool is_pointer = !field->is_group &&
	    (field->type.kind == REFLECT_STRUCT || field->type.kind == REFLECT_ANY ||
		(field->has_default && field->type.kind >= REFLECT_TEXT &&
		    field->type.kind != REFLECT_ENUM));

	return is_pointer && !capnp_has_pointer(from, (uint16_t)field->offset);
}

static void
print_field(
    struct capnp_printer *printer, const struct reflect_field *field, struct capnp_struct from)
{
	put_string(printer, field->name);
	put_string(printer, " = ");
	if (field->is_group)
		capnp_print_struct(printer, field->type.structure, from);
	else if (field->type.kind == REFLECT_STRUCT && is_absent(field, from))
		put_string(printer, "()");
	else if (field->type.kind == REFLECT_VOID)
		put_string(printer, "void");
	else if (reflect_is_scalar(&field->type))
		print_bits(printer, &field->type, reflect_field_bits(field, from));
	else
		print_value(printer, &field->type, capnp_get_any(from, (uint16_t)field->offset));
}

/* Of a union only the member that is set is shown, and that always. */
static bool
is_shown(
    const struct reflect_struct *type, const struct reflect_field *field, struct capnp_struct from)
{
	if (field->discriminant == REFLECT_NO_DISCRIMINANT)
		return !is_absent(field, from);
	return capnp_get_u16(from, type->discriminant_offset * 2, 0) == field->discriminant;
}

void
capnp_print_struct(
    struct capnp_printer *printer, const struct reflect_struct *type, struct capnp_struct value)
{
	bool is_first = true;

	put_string(printer, "(");
	for (uint32_t i = 0; i < type->field_count && !printer->is_cut; i++) {
		if (!is_shown(type, &type->fields[i], value))
			continue;
		if (!is_first)
			put_string(printer, ", ");
		is_first = false;
		print_field(printer, &type->fields[i], value);
	}
	put_string(printer, ")");
}

void
capnp_print_type(struct capnp_printer *printer, const struct reflect_type *type)
{
	static const char *const names[] = { "Void", "Bool", "Int8", "Int16", "Int32", "Int64",
		"UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64", "Text", "Data" };

	switch (type->kind) {
	case REFLECT_LIST:
		put_string(printer, "List(");
		capnp_print_type(printer, type->element);
		put_string(printer, ")");
		break;
	case REFLECT_ENUM:
		put_string(printer, type->enumeration->name);
		break;
	case REFLECT_STRUCT:
		put_string(printer, type->structure->name);
		break;
	case REFLECT_INTERFACE:
		put_string(printer, type->interface->name);
		break;
	case REFLECT_CAPABILITY:
		put_string(printer, "Capability");
		break;
	case REFLECT_ANY:
		put_string(printer, "AnyPointer");
		break;
	default:
		put_string(printer, names[type->kind]);
		break;
	}
}

void
capnp_print_signature(struct capnp_printer *printer, const struct reflect_struct *type)
{
	put_string(printer, "(");
	for (uint32_t i = 0; i < type->field_count; i++) {
		put_string(printer, i == 0 ? "" : ", ");
		put_string(printer, type->fields[i].name);
		put_string(printer, " :");
		capnp_print_type(printer, &type->fields[i].type);
	}
	put_string(printer, ")");
}
