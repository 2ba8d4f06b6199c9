/* SPDX-License-Identifier: Apache-2.0 */
/* Random values for every field; see interop.h. */
#include <math.h>

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

/* Every bit pattern, of which many are large, small or no numbers; and values that are short. */
static uint64_t
random_float_bits(struct random *random, bool is_double)
{
	static const double special[] = { 0.0, -0.0, INFINITY, -INFINITY, NAN, 0.1, 1e23, -1e-5 };
	double value = (double)(int16_t)random_next(random) / (random->is_plain ? 16 : 1024);

	switch (random_below(random, 3)) {
	case 0:
		if (!random->is_plain)
			return random_next(random);
		break;
	case 1:
		value = special[random_below(random, sizeof(special) / sizeof(special[0]))];
		break;
	default:
		break;
	}
	if (random->is_plain && isnan(value))
		value = 0.5;
	return is_double ? capnp_double_bits(value) : capnp_float_bits((float)value);
}

/* Small, large and special values alike. */
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
	case REFLECT_FLOAT64:
		return random_float_bits(random, type->kind == REFLECT_FLOAT64);
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

	/* Of text an eighth of the bytes may need an escape. */
	for (uint32_t i = 0; bytes != NULL && i < size; i++)
		bytes[i] = is_text && random_below(random, 8) != 0
		    ? (uint8_t)(' ' + random_below(random, 95))
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

/* Where it is not allowed to be deeper. */
static void
fill_flat(struct random *random, const struct reflect_field *field, struct capnp_any_builder to)
{
	const struct reflect_type *type = &field->type;

	if (!random->is_plain)
		return;
	if (type->kind == REFLECT_LIST)
		(void)capnp_any_init_struct_list(to, 0, type->element->structure->data_words,
		    type->element->structure->pointer_count);
	else if (field->discriminant != REFLECT_NO_DISCRIMINANT)
		interop_fill(random, type->structure,
		    capnp_any_init_struct(
			to, type->structure->data_words, type->structure->pointer_count),
		    0);
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
	else if (nests && depth == 0)
		fill_flat(random, field, capnp_set_any(to, (uint16_t)field->offset));
	else if (field->type.kind != REFLECT_VOID)
		fill_pointer(
		    random, &field->type, capnp_set_any(to, (uint16_t)field->offset), depth);
}

/* A third of the fields stay as they are, if text can tell. */
static bool
is_left_out(struct random *random, const struct reflect_field *field)
{
	bool is_blob_or_list = field->type.kind >= REFLECT_TEXT && field->type.kind <= REFLECT_LIST;
	bool can_tell = field->has_default ||
	    (!is_blob_or_list && field->discriminant == REFLECT_NO_DISCRIMINANT &&
		!field->is_group);

	return random_below(random, 3) == 0 && (can_tell || !random->is_plain);
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

		if (!is_other_member && !is_left_out(random, field))
			fill_field(random, field, to, depth);
	}
}
