/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages read and built again by the accessors that the generator wrote. Each field of
 * features.capnp is named here.
 */
#include <features.capnp.h>

#include "interop.h"

typedef void element_copy_fn(struct capnp_list_builder to, struct capnp_list from, uint32_t index);

static void copy_everything(struct everything_builder to, struct everything from);

#define COPY(owner, field) owner##_set_##field(to, owner##_##field(from))
#define COPY_IF_SET(owner, field)                                                                  \
	do {                                                                                       \
		if (owner##_has_##field(from))                                                     \
			COPY(owner, field);                                                        \
	} while (0)
#define COPY_LIST(field, copy_element)                                                             \
	do {                                                                                       \
		if (everything_has_##field(from))                                                  \
			copy_list(everything_init_##field(to, everything_##field(from).count),     \
			    everything_##field(from), copy_element);                               \
	} while (0)

static void
copy_list(struct capnp_list_builder to, struct capnp_list from, element_copy_fn *copy_element)
{
	for (uint32_t i = 0; i < from.count; i++)
		copy_element(to, from, i);
}

static void
void_element(struct capnp_list_builder to, struct capnp_list from, uint32_t index)
{
	(void)to;
	(void)from;
	(void)index;
}

static void
bool_element(struct capnp_list_builder to, struct capnp_list from, uint32_t index)
{
	capnp_list_set_bool(to, index, capnp_list_bool(from, index));
}

static void
byte_element(struct capnp_list_builder to, struct capnp_list from, uint32_t index)
{
	capnp_list_set_u8(to, index, capnp_list_u8(from, index));
}

static void
u16_element(struct capnp_list_builder to, struct capnp_list from, uint32_t index)
{
	capnp_list_set_u16(to, index, capnp_list_u16(from, index));
}

static void
u32_element(struct capnp_list_builder to, struct capnp_list from, uint32_t index)
{
	capnp_list_set_u32(to, index, capnp_list_u32(from, index));
}

static void
u64_element(struct capnp_list_builder to, struct capnp_list from, uint32_t index)
{
	capnp_list_set_u64(to, index, capnp_list_u64(from, index));
}

static void
text_element(struct capnp_list_builder to, struct capnp_list from, uint32_t index)
{
	struct capnp_any any = capnp_list_any(from, index);

	if (!capnp_any_is_null(any))
		capnp_any_set_text(capnp_list_any_builder(to, index), capnp_any_text(any));
}

static void
data_element(struct capnp_list_builder to, struct capnp_list from, uint32_t index)
{
	struct capnp_any any = capnp_list_any(from, index);

	if (!capnp_any_is_null(any))
		capnp_any_set_data(capnp_list_any_builder(to, index), capnp_any_data(any));
}

/* A list as an element of another. */
static void
inner_list(struct capnp_any_builder to, struct capnp_any from, enum capnp_element element,
    element_copy_fn *copy_element)
{
	struct capnp_list list = capnp_any_list(from, element);

	if (!capnp_any_is_null(from))
		copy_list(capnp_any_init_list(to, element, list.count), list, copy_element);
}

static void
matrix_element(struct capnp_list_builder to, struct capnp_list from, uint32_t index)
{
	inner_list(capnp_list_any_builder(to, index), capnp_list_any(from, index), CAPNP_ELEMENT_4,
	    u32_element);
}

static void
texts_element(struct capnp_list_builder to, struct capnp_list from, uint32_t index)
{
	inner_list(capnp_list_any_builder(to, index), capnp_list_any(from, index),
	    CAPNP_ELEMENT_POINTER, text_element);
}

static void
cube_element(struct capnp_list_builder to, struct capnp_list from, uint32_t index)
{
	inner_list(capnp_list_any_builder(to, index), capnp_list_any(from, index),
	    CAPNP_ELEMENT_POINTER, texts_element);
}

static void
copy_leaf(struct leaf_builder to, struct leaf from)
{
	COPY(leaf, number);
	COPY_IF_SET(leaf, text);
}

static void
copy_leaves(struct leaf_list_builder to, struct leaf_list from)
{
	for (uint32_t i = 0; i < leaf_list_size(from); i++)
		copy_leaf(leaf_builder_at(to, i), leaf_at(from, i));
}

static void
copy_children(struct everything_list_builder to, struct everything_list from)
{
	for (uint32_t i = 0; i < everything_list_size(from); i++)
		copy_everything(everything_builder_at(to, i), everything_at(from, i));
}

static void
copy_scalars(struct everything_builder to, struct everything from)
{
	COPY(everything, flag);
	COPY(everything, tiny);
	COPY(everything, small);
	COPY(everything, medium);
	COPY(everything, large);
	COPY(everything, unsigned_tiny);
	COPY(everything, unsigned_small);
	COPY(everything, unsigned_medium);
	COPY(everything, unsigned_large);
	COPY(everything, single);
	COPY(everything, double);
	COPY(everything, color);
	COPY(everything, flag_default);
	COPY(everything, number_default);
	COPY(everything, large_default);
	COPY(everything, color_default);
	COPY(everything, after_all);
	COPY(everything, tiny_default);
	COPY(everything, small_default);
	COPY(everything, unsigned_default);
	COPY(everything, single_default);
	COPY(everything, double_default);
	COPY(everything, infinite_default);
	COPY(everything, nan_default);
}

static void
copy_blobs_and_structs(struct everything_builder to, struct everything from)
{
	COPY_IF_SET(everything, text);
	COPY_IF_SET(everything, data);
	COPY_IF_SET(everything, text_default);
	COPY_IF_SET(everything, data_default);
	if (everything_has_leaf(from))
		copy_leaf(everything_init_leaf(to), everything_leaf(from));
	if (everything_has_child(from))
		copy_everything(everything_init_child(to), everything_child(from));
	if (everything_has_leaf_default(from))
		copy_leaf(everything_init_leaf_default(to), everything_leaf_default(from));
}

static void
copy_lists(struct everything_builder to, struct everything from)
{
	COPY_LIST(numbers_default, u16_element);
	COPY_LIST(voids, void_element);
	COPY_LIST(flags, bool_element);
	COPY_LIST(tinies, byte_element);
	COPY_LIST(smalls, u16_element);
	COPY_LIST(mediums, u32_element);
	COPY_LIST(larges, u64_element);
	COPY_LIST(singles, u32_element);
	COPY_LIST(doubles, u64_element);
	COPY_LIST(texts, text_element);
	COPY_LIST(datas, data_element);
	COPY_LIST(colors, u16_element);
	COPY_LIST(matrix, matrix_element);
	COPY_LIST(cube, cube_element);
	COPY_LIST(doubles_default, u64_element);
}

static void
copy_struct_lists(struct everything_builder to, struct everything from)
{
	struct leaf_list leaves = everything_leaves(from);
	struct leaf_list leaves_default = everything_leaves_default(from);
	struct everything_list children = everything_children(from);

	if (everything_has_leaves(from))
		copy_leaves(everything_init_leaves(to, leaf_list_size(leaves)), leaves);
	if (everything_has_leaves_default(from))
		copy_leaves(everything_init_leaves_default(to, leaf_list_size(leaves_default)),
		    leaves_default);
	if (everything_has_children(from))
		copy_children(
		    everything_init_children(to, everything_list_size(children)), children);
}

static void
copy_group(struct everything_group_builder to, struct everything_group from)
{
	COPY(everything_group, inner);
	COPY_IF_SET(everything_group, inner_text);
}

static void
copy_four(struct everything_four_builder to, struct everything_four from)
{
	struct leaf_list leaves = everything_four_b(from);

	COPY(everything_four, a);
	if (everything_four_has_b(from))
		copy_leaves(everything_four_init_b(to, leaf_list_size(leaves)), leaves);
}

/* A member that is a pointer and is not set is told by setting it to nothing. */
static void
copy_union(struct everything_builder to, struct everything from)
{
	switch (everything_which(from)) {
	case EVERYTHING_WHICH_ONE:
		COPY(everything, one);
		break;
	case EVERYTHING_WHICH_TWO:
		COPY(everything, two);
		break;
	case EVERYTHING_WHICH_THREE:
		everything_set_three(to);
		break;
	case EVERYTHING_WHICH_FOUR:
		copy_four(everything_init_four(to), everything_get_four(from));
		break;
	}
}

static void
copy_named(struct everything_named_builder to, struct everything_named from)
{
	switch (everything_named_which(from)) {
	case EVERYTHING_NAMED_WHICH_LEFT:
		COPY(everything_named, left);
		break;
	case EVERYTHING_NAMED_WHICH_RIGHT:
		copy_leaf(everything_named_init_right(to), everything_named_right(from));
		break;
	case EVERYTHING_NAMED_WHICH_MIDDLE:
		COPY(everything_named, middle);
		break;
	}
}

static void
copy_everything(struct everything_builder to, struct everything from)
{
	copy_scalars(to, from);
	copy_blobs_and_structs(to, from);
	copy_lists(to, from);
	copy_struct_lists(to, from);
	copy_group(everything_init_group(to), everything_get_group(from));
	copy_union(to, from);
	copy_named(everything_init_named(to), everything_get_named(from));
}

bool
interop_copy_messages(FILE *from, FILE *to)
{
	static _Alignas(8) uint8_t original[MESSAGE_BYTES_MAX];
	static _Alignas(8) uint8_t copy[MESSAGE_BYTES_MAX];
	size_t size;

	while ((size = interop_read_message(from, original)) != 0) {
		struct capnp_builder builder;
		struct capnp_reader reader;

		if (capnp_reader_init(&reader, original, size) != CAPNP_OK)
			return false;
		capnp_builder_init(&builder, copy, sizeof(copy));
		copy_everything(everything_init_root(&builder), everything_root(&reader));
		if (capnp_reader_error(&reader) != CAPNP_OK ||
		    !interop_write_message(to, &builder, copy))
			return false;
	}
	return true;
}
