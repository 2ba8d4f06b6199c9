/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Scalars by reflection: reading and writing what the schema's tables describe. Values are bits as
 * they stand in a message: signed ones are not extended, floating point is not converted.
 */
#include "builder.h"
#include "reflect.h"

/* Bool, integers, floating point, enums. */
bool reflect_is_scalar(const struct reflect_type *type);
/* How elements of this type stand in a list. */
enum capnp_element reflect_element(const struct reflect_type *type);

/* A scalar field; its default counts. */
uint64_t reflect_field_bits(const struct reflect_field *field, struct capnp_struct from);
void
reflect_field_set(const struct reflect_field *field, struct capnp_struct_builder to, uint64_t bits);

/* A scalar element. */
uint64_t reflect_list_bits(const struct reflect_type *type, struct capnp_list list, uint32_t index);
void reflect_list_set(
    const struct reflect_type *type, struct capnp_list_builder list, uint32_t index, uint64_t bits);
