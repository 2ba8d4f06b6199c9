/* SPDX-License-Identifier: Apache-2.0 */
/* Random values for every field; see interop.h. */
#include "interop.h"

#define BLOB_BYTES_MAX 20
#define LIST_COUNT_MAX 4

static void fill_pointer(struct random *random, const struct reflect_type *type,
    struct capnp_any_builder to, uint32_t depth);

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators). */
uint64_t
random_next(struct random *random)
{
	uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint64_t
random_below(struct random *random, uint64_t limit)
{
	return random_next(random) % limit;
}

/* Small, large and special values alike. Floating point stays small: text cannot hold the others
 * exactly. */
static uint64_t
random_bits(struct random *random, const struct reflect_type *type)
{
	uint64_t bits = random_next(random) >> random_below(random, 64);

	switch (type->kind) {
	case REFLECT_BOOL:
		return bits & 1;
	case REFLECT_ENUM:
		return bits % type->enumeration->count;
	case REFLECT_FLOAT32:
		return capnp_float_bits((float)(int16_t)bits / 16);
	case REFLECT_FLOAT64:
		return capnp_double_bits((double)(int16_t)bits / 1024);
	default:
		return bits;
	}
}

static void
fill_blob(struct random *random, const struct reflect_type *type, struct capnp_any_builder to)
{
	uint32_t size = (uint32_t)random_below(random, BLOB_BYTES_MAX);
	bool is_text = type->kind == REFLECT_TEXT;
	uint8_t *bytes =
	    is_text ? (uint8_t *)capnp_any_init_text(to, size) : capnp_any_init_data(to, size);

	for (uint32_t i = 0; bytes != NULL && i < size; i++)
		bytes[i] = is_text ? (uint8_t)(' ' + random_below(random, 95))
				   : (uint8_t)random_next(random);
}

static void
fill_list(struct random *random, const struct reflect_type *element, struct capnp_any_builder to,
    uint32_t depth)
{
	uint32_t count = (uint32_t)random_below(random, LIST_COUNT_MAX + 1);
	struct capnp_list_builder list;

	if (element->kind == REFLECT_STRUCT) {
		list = capnp_any_init_struct_list(
		    to, count, element->structure->data_words, element->structure->pointer_count);
		for (uint32_t i = 0; i < list.count; i++)
			interop_fill(random, element->structure, capnp_list_struct_builder(list, i),
			    depth - 1);
		return;
	}
	list = capnp_any_init_list(to, reflect_element(element), count);
	for (uint32_t i = 0; i < list.count; i++) {
		if (reflect_is_scalar(element))
			reflect_list_set(element, list, i, random_bits(random, element));
		else if (element->kind != REFLECT_VOID)
			fill_pointer(random, element, capnp_list_any_builder(list, i), depth);
	}
}

static void
fill_pointer(struct random *random, const struct reflect_type *type, struct capnp_any_builder to,
    uint32_t depth)
{
	switch (type->kind) {
	case REFLECT_TEXT:
	case REFLECT_DATA:
		fill_blob(random, type, to);
		break;
	case REFLECT_LIST:
		fill_list(random, type->element, to, depth);
		break;
	case REFLECT_STRUCT:
		interop_fill(random, type->structure,
		    capnp_any_init_struct(
			to, type->structure->data_words, type->structure->pointer_count),
		    depth - 1);
		break;
	default:
		break;
	}
}

static void
fill_field(struct random *random, const struct reflect_field *field, struct capnp_struct_builder to,
    uint32_t depth)
{
	bool nests = field->type.kind == REFLECT_STRUCT ||
	    (field->type.kind == REFLECT_LIST && field->type.element->kind == REFLECT_STRUCT);

	if (field->is_group)
		interop_fill(random, field->type.structure, to, depth);
	else if (reflect_is_scalar(&field->type))
		reflect_field_set(field, to, random_bits(random, &field->type));
	else if (field->type.kind != REFLECT_VOID && !(nests && depth == 0))
		fill_pointer(
		    random, &field->type, capnp_set_any(to, (uint16_t)field->offset), depth);
}

void
interop_fill(struct random *random, const struct reflect_struct *type,
    struct capnp_struct_builder to, uint32_t depth)
{
	uint16_t member = 0;

	if (type->discriminant_count != 0) {
		member = (uint16_t)random_below(random, type->discriminant_count);
		capnp_set_u16(to, type->discriminant_offset * 2, member, 0);
	}
	for (uint32_t i = 0; i < type->field_count; i++) {
		const struct reflect_field *field = &type->fields[i];
		bool is_other_member =
		    field->discriminant != REFLECT_NO_DISCRIMINANT && field->discriminant != member;

		/* A third of the fields stay as they are. */
		if (!is_other_member && random_below(random, 3) != 0)
			fill_field(random, field, to, depth);
	}
}
