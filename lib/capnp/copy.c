/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deep copies from a reader into a builder. The reader's depth limit bounds the recursion, and its
 * traversal limit the work.
 */
#include "builder.h"
#include "pointer.h"

static void
copy_struct(struct capnp_struct_builder to, struct capnp_struct from)
{
	if (to.data_bits != 0)
		memcpy(to.data, from.data, to.data_bits / 8);
	for (uint16_t i = 0; i < to.pointer_count; i++)
		capnp_any_copy(capnp_set_any(to, i), capnp_get_any(from, i));
}

/* The element kind of a list, as its own pointer says: views of lists do not keep it. */
static enum capnp_element
element_of(struct capnp_list list)
{
	if (list.pointer_count == 1 && list.step_bits == 64)
		return CAPNP_ELEMENT_POINTER;
	switch (list.step_bits) {
	case 0:
		return CAPNP_ELEMENT_VOID;
	case 1:
		return CAPNP_ELEMENT_BIT;
	case 8:
		return CAPNP_ELEMENT_1;
	case 16:
		return CAPNP_ELEMENT_2;
	case 32:
		return CAPNP_ELEMENT_4;
	default:
		return CAPNP_ELEMENT_8;
	}
}

static void
copy_struct_list(struct capnp_any_builder any, struct capnp_list from)
{
	struct capnp_list_builder to = capnp_any_init_struct_list(
	    any, from.count, (uint16_t)(from.data_bits / 64), from.pointer_count);

	for (uint32_t i = 0; i < to.count; i++)
		copy_struct(capnp_list_struct_builder(to, i), capnp_list_struct(from, i));
}

static void
copy_plain_list(struct capnp_any_builder any, struct capnp_list from)
{
	struct capnp_list_builder to = capnp_any_init_list(any, element_of(from), from.count);

	if (to.data_bits != 0 && to.count != 0)
		memcpy(to.data, from.data, ((size_t)to.count * to.step_bits + 7) / 8);
	for (uint32_t i = 0; to.pointer_count != 0 && i < to.count; i++)
		capnp_any_copy(capnp_list_any_builder(to, i), capnp_list_any(from, i));
}

void
capnp_any_copy(struct capnp_any_builder any, struct capnp_any from)
{
	switch (capnp_any_kind(from)) {
	case CAPNP_ANY_NULL:
		break;
	case CAPNP_ANY_STRUCT: {
		struct capnp_struct source = capnp_any_struct(from);

		copy_struct(capnp_any_init_struct(
				any, (uint16_t)(source.data_bits / 64), source.pointer_count),
		    source);
		break;
	}
	case CAPNP_ANY_STRUCT_LIST:
		copy_struct_list(any, capnp_any_list(from, CAPNP_ELEMENT_VOID));
		break;
	case CAPNP_ANY_LIST:
		copy_plain_list(any, capnp_any_list(from, CAPNP_ELEMENT_VOID));
		break;
	case CAPNP_ANY_CAP:
		capnp_any_set_cap(any, capnp_any_cap(from));
		break;
	}
}
