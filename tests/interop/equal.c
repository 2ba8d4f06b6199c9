/* SPDX-License-Identifier: Apache-2.0 */
/* Reading two messages side by side; see interop.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interop.h"

static bool equal_pointer(const struct reflect_type *type, struct capnp_any one,
    struct capnp_any other, struct interop_comparison *comparison);

/* The stock tool prints 8 digits of a Float32 at most; some need 9. */
static float
stock_float(float value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.6g", (double)value);
	if (strtof(text, NULL) != value)
		snprintf(text, sizeof(text), "%.8g", (double)value);
	return strtof(text, NULL);
}

/* What a scalar is at the end of its way. */
static uint64_t
expected_bits(const struct reflect_type *type, uint64_t bits, struct interop_comparison *comparison)
{
	float narrow = capnp_float((uint32_t)bits);
	bool is_narrow = type->kind == REFLECT_FLOAT32;

	if (comparison->way < INTEROP_OUR_TEXT || (!is_narrow && type->kind != REFLECT_FLOAT64))
		return bits;
	if (is_narrow ? isnan(narrow) : isnan(capnp_double(bits))) {
		comparison->nans++;
		return is_narrow ? capnp_float_bits(NAN) : capnp_double_bits((double)NAN);
	}
	if (is_narrow && comparison->way == INTEROP_STOCK_TEXT) {
		comparison->rounded += stock_float(narrow) != narrow;
		return capnp_float_bits(stock_float(narrow));
	}
	return bits;
}

static bool
equal_list(const struct reflect_type *element, struct capnp_list one, struct capnp_list other,
    struct interop_comparison *comparison)
{
	if (one.count != other.count)
		return false;
	if (element->kind == REFLECT_VOID) {
		/* A damaged one may claim any number of them. */
		comparison->lists[REFLECT_VOID] += one.count;
		return true;
	}
	for (uint32_t i = 0; i < one.count; i++) {
		bool equal = true;

		comparison->lists[element->kind]++;
		if (reflect_is_scalar(element))
			equal = expected_bits(element, reflect_list_bits(element, one, i),
				    comparison) == reflect_list_bits(element, other, i);
		else if (element->kind == REFLECT_STRUCT)
			equal = interop_equal(element->structure, capnp_list_struct(one, i),
			    capnp_list_struct(other, i), comparison);
		else
			equal = equal_pointer(
			    element, capnp_list_any(one, i), capnp_list_any(other, i), comparison);
		if (!equal)
			return false;
	}
	return true;
}

static bool
equal_bytes(const void *one, uint32_t one_size, const void *other, uint32_t other_size)
{
	return one_size == other_size && (one_size == 0 || memcmp(one, other, one_size) == 0);
}

static bool
equal_pointer(const struct reflect_type *type, struct capnp_any one, struct capnp_any other,
    struct interop_comparison *comparison)
{
	switch (type->kind) {
	case REFLECT_TEXT: {
		struct capnp_text a = capnp_any_text(one);
		struct capnp_text b = capnp_any_text(other);

		return equal_bytes(a.data, a.size, b.data, b.size);
	}
	case REFLECT_DATA: {
		struct capnp_data a = capnp_any_data(one);
		struct capnp_data b = capnp_any_data(other);

		return equal_bytes(a.data, a.size, b.data, b.size);
	}
	case REFLECT_LIST:
		return equal_list(type->element,
		    capnp_any_list(one, reflect_element(type->element)),
		    capnp_any_list(other, reflect_element(type->element)), comparison);
	case REFLECT_STRUCT:
		return interop_equal(
		    type->structure, capnp_any_struct(one), capnp_any_struct(other), comparison);
	default:
		return true;
	}
}

/* Text and setters say which member of a union is set even if nothing is there; our text shows
 * empty text and lists. */
static bool
may_become_empty(const struct reflect_field *field, enum interop_way way)
{
	if (field->has_default || way == INTEROP_BINARY)
		return false;
	return field->discriminant != REFLECT_NO_DISCRIMINANT ||
	    (way == INTEROP_OUR_TEXT && field->type.kind != REFLECT_STRUCT);
}

static bool
equal_field(const struct reflect_field *field, struct capnp_struct one, struct capnp_struct other,
    struct interop_comparison *comparison)
{
	struct capnp_any a;
	struct capnp_any b;

	comparison->fields[field->type.kind]++;
	if (field->is_group) {
		comparison->groups++;
		return interop_equal(field->type.structure, one, other, comparison);
	}
	if (field->type.kind == REFLECT_VOID)
		return true;
	if (reflect_is_scalar(&field->type)) {
		uint64_t bits = reflect_field_bits(field, one);

		comparison->defaults += field->default_bits != 0 && bits == field->default_bits;
		return expected_bits(&field->type, bits, comparison) ==
		    reflect_field_bits(field, other);
	}
	a = capnp_get_any(one, (uint16_t)field->offset);
	b = capnp_get_any(other, (uint16_t)field->offset);
	if (capnp_any_is_null(a) && capnp_any_is_null(b))
		return true;
	if (capnp_any_is_null(a) || capnp_any_is_null(b)) {
		if (capnp_any_is_null(b) || !may_become_empty(field, comparison->way))
			return false;
		comparison->nulls++;
	}
	return equal_pointer(&field->type, a, b, comparison);
}

bool
interop_equal(const struct reflect_struct *type, struct capnp_struct one, struct capnp_struct other,
    struct interop_comparison *comparison)
{
	uint16_t member = capnp_get_u16(one, type->discriminant_offset * 2, 0);

	if (type->discriminant_count != 0) {
		comparison->union_members++;
		if (member != capnp_get_u16(other, type->discriminant_offset * 2, 0))
			return false;
	}
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct reflect_field *field = &type->fields[i];

		if (field->discriminant != REFLECT_NO_DISCRIMINANT && field->discriminant != member)
			continue;
		if (equal_field(field, one, other, comparison))
			continue;
		fprintf(stderr, "%s.%s differs\n", type->name, field->name);
		return false;
	}
	return true;
}
