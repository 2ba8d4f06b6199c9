/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars by reflection; see reflect_value.h. */
#include "reflect_value.h"

bool
reflect_is_scalar(const struct reflect_type *type)
{
	return (type->kind >= REFLECT_BOOL && type->kind <= REFLECT_FLOAT64) ||
	    type->kind == REFLECT_ENUM;
}

enum capnp_element
reflect_element(const struct reflect_type *type)
{
	static const uint8_t elements[] = { CAPNP_ELEMENT_VOID, CAPNP_ELEMENT_BIT, CAPNP_ELEMENT_1,
		CAPNP_ELEMENT_2, CAPNP_ELEMENT_4, CAPNP_ELEMENT_8, CAPNP_ELEMENT_1, CAPNP_ELEMENT_2,
		CAPNP_ELEMENT_4, CAPNP_ELEMENT_8, CAPNP_ELEMENT_4, CAPNP_ELEMENT_8 };

	if (type->kind <= REFLECT_FLOAT64)
		return (enum capnp_element)elements[type->kind];
	if (type->kind == REFLECT_ENUM)
		return CAPNP_ELEMENT_2;
	return type->kind == REFLECT_STRUCT ? CAPNP_ELEMENT_STRUCT : CAPNP_ELEMENT_POINTER;
}

uint64_t
reflect_field_bits(const struct reflect_field *field, struct capnp_struct from)
{
	switch (reflect_element(&field->type)) {
	case CAPNP_ELEMENT_BIT:
		return capnp_get_bool(from, field->offset, field->default_bits != 0);
	case CAPNP_ELEMENT_1:
		return capnp_get_u8(from, field->offset, (uint8_t)field->default_bits);
	case CAPNP_ELEMENT_2:
		return capnp_get_u16(from, field->offset * 2, (uint16_t)field->default_bits);
	case CAPNP_ELEMENT_4:
		return capnp_get_u32(from, field->offset * 4, (uint32_t)field->default_bits);
	default:
		return capnp_get_u64(from, field->offset * 8, field->default_bits);
	}
}

void
reflect_field_set(const struct reflect_field *field, struct capnp_struct_builder to, uint64_t bits)
{
	switch (reflect_element(&field->type)) {
	case CAPNP_ELEMENT_BIT:
		capnp_set_bool(to, field->offset, bits != 0, field->default_bits != 0);
		break;
	case CAPNP_ELEMENT_1:
		capnp_set_u8(to, field->offset, (uint8_t)bits, (uint8_t)field->default_bits);
		break;
	case CAPNP_ELEMENT_2:
		capnp_set_u16(to, field->offset * 2, (uint16_t)bits, (uint16_t)field->default_bits);
		break;
	case CAPNP_ELEMENT_4:
		capnp_set_u32(to, field->offset * 4, (uint32_t)bits, (uint32_t)field->default_bits);
		break;
	default:
		capnp_set_u64(to, field->offset * 8, bits, field->default_bits);
		break;
	}
}

uint64_t
reflect_list_bits(const struct reflect_type *type, struct capnp_list list, uint32_t index)
{
	switch (reflect_element(type)) {
	case CAPNP_ELEMENT_BIT:
		return capnp_list_bool(list, index);
	case CAPNP_ELEMENT_1:
		return capnp_list_u8(list, index);
	case CAPNP_ELEMENT_2:
		return capnp_list_u16(list, index);
	case CAPNP_ELEMENT_4:
		return capnp_list_u32(list, index);
	default:
		return capnp_list_u64(list, index);
	}
}

void
reflect_list_set(
    const struct reflect_type *type, struct capnp_list_builder list, uint32_t index, uint64_t bits)
{
	switch (reflect_element(type)) {
	case CAPNP_ELEMENT_BIT:
		capnp_list_set_bool(list, index, bits != 0);
		break;
	case CAPNP_ELEMENT_1:
		capnp_list_set_u8(list, index, (uint8_t)bits);
		break;
	case CAPNP_ELEMENT_2:
		capnp_list_set_u16(list, index, (uint16_t)bits);
		break;
	case CAPNP_ELEMENT_4:
		capnp_list_set_u32(list, index, (uint32_t)bits);
		break;
	default:
		capnp_list_set_u64(list, index, bits);
		break;
	}
}
