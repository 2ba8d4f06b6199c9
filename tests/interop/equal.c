/* SPDX-License-Identifier: Apache-2.0 */
/* Reading two messages side by side; see interop.h. */
#include <stdio.h>
#include <string.h>

#include "interop.h"

static bool equal_pointer(const struct reflect_type *type, struct capnp_any one,
    struct capnp_any other, struct interop_counts *counts);

static bool
equal_list(const struct reflect_type *element, struct capnp_list one, struct capnp_list other,
    struct interop_counts *counts)
{
	if (one.count != other.count)
		return false;
	for (uint32_t i = 0; i < one.count; i++) {
		bool equal = true;

		counts->lists[element->kind]++;
		if (reflect_is_scalar(element))
			equal = reflect_list_bits(element, one, i) ==
			    reflect_list_bits(element, other, i);
		else if (element->kind == REFLECT_STRUCT)
			equal = interop_equal(element->structure, capnp_list_struct(one, i),
			    capnp_list_struct(other, i), counts);
		else if (element->kind != REFLECT_VOID)
			equal = equal_pointer(
			    element, capnp_list_any(one, i), capnp_list_any(other, i), counts);
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
    struct interop_counts *counts)
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
		    capnp_any_list(other, reflect_element(type->element)), counts);
	case REFLECT_STRUCT:
		return interop_equal(
		    type->structure, capnp_any_struct(one), capnp_any_struct(other), counts);
	default:
		return true;
	}
}

static bool
equal_field(const struct reflect_field *field, struct capnp_struct one, struct capnp_struct other,
    struct interop_counts *counts)
{
	struct capnp_any a;
	struct capnp_any b;

	counts->fields[field->type.kind]++;
	if (field->is_group) {
		counts->groups++;
		return interop_equal(field->type.structure, one, other, counts);
	}
	if (field->type.kind == REFLECT_VOID)
		return true;
	if (reflect_is_scalar(&field->type)) {
		uint64_t bits = reflect_field_bits(field, one);

		counts->defaults += field->default_bits != 0 && bits == field->default_bits;
		return bits == reflect_field_bits(field, other);
	}
	a = capnp_get_any(one, (uint16_t)field->offset);
	b = capnp_get_any(other, (uint16_t)field->offset);
	/* The stock tool writes defaults of pointers out where we leave them null: what is there is
	 * compared. */
	if (capnp_any_is_null(a) || capnp_any_is_null(b))
		return field->has_default || (capnp_any_is_null(a) && capnp_any_is_null(b));
	return equal_pointer(&field->type, a, b, counts);
}

bool
interop_equal(const struct reflect_struct *type, struct capnp_struct one, struct capnp_struct other,
    struct interop_counts *counts)
{
	uint16_t member = capnp_get_u16(one, type->discriminant_offset * 2, 0);

	if (type->discriminant_count != 0) {
		counts->union_members++;
		if (member != capnp_get_u16(other, type->discriminant_offset * 2, 0))
			return false;
	}
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct reflect_field *field = &type->fields[i];

		if (field->discriminant != REFLECT_NO_DISCRIMINANT && field->discriminant != member)
			continue;
		if (equal_field(field, one, other, counts))
			continue;
		fprintf(stderr, "%s.%s differs\n", type->name, field->name);
		return false;
	}
	return true;
}
