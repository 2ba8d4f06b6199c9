/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The CodeGeneratorRequest that the stock compiler writes to our standard input: the structs of its
 * schema.capnp, read with our own reader. Offsets are those that `capnp compile -ocapnp` prints for
 * that file.
 */
#include <capnp/reader.h>

enum node_kind {
	NODE_FILE = 0,
	NODE_STRUCT = 1,
	NODE_ENUM = 2,
	NODE_INTERFACE = 3,
	NODE_CONST = 4,
	NODE_ANNOTATION = 5,
};

enum type_kind {
	TYPE_VOID = 0,
	TYPE_BOOL = 1,
	TYPE_INT8 = 2,
	TYPE_INT16 = 3,
	TYPE_INT32 = 4,
	TYPE_INT64 = 5,
	TYPE_UINT8 = 6,
	TYPE_UINT16 = 7,
	TYPE_UINT32 = 8,
	TYPE_UINT64 = 9,
	TYPE_FLOAT32 = 10,
	TYPE_FLOAT64 = 11,
	TYPE_TEXT = 12,
	TYPE_DATA = 13,
	TYPE_LIST = 14,
	TYPE_ENUM = 15,
	TYPE_STRUCT = 16,
	TYPE_INTERFACE = 17,
	TYPE_ANY = 18,
	TYPE_CAPABILITY = 100, /* ours: AnyPointer that is known to be a capability */
};

#define NO_DISCRIMINANT 0xffff

struct request {
	struct capnp_reader reader;
	struct capnp_list nodes;
	struct capnp_list files;
	struct capnp_list sources; /* doc comments */
};

/* Everything below is a view of the request's bytes. */
typedef struct capnp_struct view_t;

/* False after a message on standard error. `bytes` stay in use. */
bool request_open(struct request *request, const void *bytes, size_t byte_count);

/* The node with this id; a missing one ends the program: the compiler always sends it. */
view_t request_node(const struct request *request, uint64_t id);
/* The comment of a node, or of its index-th member (field, enumerant, method); empty if there is
 * none. */
struct capnp_text request_comment(const struct request *request, uint64_t id);
struct capnp_text
request_member_comment(const struct request *request, uint64_t id, uint32_t index);

static inline uint64_t
node_id(view_t node)
{
	return capnp_get_u64(node, 0, 0);
}

static inline enum node_kind
node_kind(view_t node)
{
	return (enum node_kind)capnp_get_u16(node, 12, 0);
}

static inline struct capnp_text
node_display_name(view_t node)
{
	return capnp_get_text(node, 0);
}

static inline struct capnp_list
node_nested(view_t node)
{
	return capnp_get_list(node, 1, CAPNP_ELEMENT_STRUCT);
}

static inline struct capnp_list
node_annotations(view_t node)
{
	return capnp_get_list(node, 2, CAPNP_ELEMENT_STRUCT);
}

/* Fields, enumerants or methods. */
static inline struct capnp_list
node_members(view_t node)
{
	return capnp_get_list(node, 3, CAPNP_ELEMENT_STRUCT);
}

static inline bool
node_is_generic(view_t node)
{
	return capnp_get_bool(node, 288, false);
}

static inline uint16_t
struct_data_words(view_t node)
{
	return capnp_get_u16(node, 14, 0);
}

static inline uint16_t
struct_pointer_count(view_t node)
{
	return capnp_get_u16(node, 24, 0);
}

static inline bool
struct_is_group(view_t node)
{
	return capnp_get_bool(node, 224, false);
}

static inline uint16_t
struct_discriminant_count(view_t node)
{
	return capnp_get_u16(node, 30, 0);
}

static inline uint32_t
struct_discriminant_offset(view_t node)
{
	return capnp_get_u32(node, 32, 0);
}

/* Fields, enumerants and methods begin with their name. */
static inline struct capnp_text
member_name(view_t member)
{
	return capnp_get_text(member, 0);
}

static inline uint16_t
field_discriminant(view_t field)
{
	return capnp_get_u16(field, 2, NO_DISCRIMINANT);
}

static inline bool
field_is_group(view_t field)
{
	return capnp_get_u16(field, 8, 0) == 1;
}

static inline uint32_t
field_offset(view_t field)
{
	return capnp_get_u32(field, 4, 0);
}

static inline view_t
field_type(view_t field)
{
	return capnp_get_struct(field, 2);
}

static inline view_t
field_default(view_t field)
{
	return capnp_get_struct(field, 3);
}

static inline bool
field_has_default(view_t field)
{
	return capnp_get_bool(field, 128, false);
}

static inline uint64_t
field_group_id(view_t field)
{
	return capnp_get_u64(field, 16, 0);
}

static inline uint64_t
method_params_id(view_t method)
{
	return capnp_get_u64(method, 8, 0);
}

static inline uint64_t
method_results_id(view_t method)
{
	return capnp_get_u64(method, 16, 0);
}

static inline enum type_kind
type_kind(view_t type)
{
	enum type_kind kind = (enum type_kind)capnp_get_u16(type, 0, 0);

	if (kind == TYPE_ANY && capnp_get_u16(type, 8, 0) == 0 && capnp_get_u16(type, 10, 0) == 3)
		return TYPE_CAPABILITY;
	return kind;
}

static inline view_t
type_element(view_t type)
{
	return capnp_get_struct(type, 0);
}

/* Of enums, structs and interfaces. */
static inline uint64_t
type_id(view_t type)
{
	return capnp_get_u64(type, 8, 0);
}

static inline bool
type_is_cap(enum type_kind kind)
{
	return kind == TYPE_INTERFACE || kind == TYPE_CAPABILITY;
}

/* The value's bits as they stand in a data section, for scalar kinds. */
uint64_t value_bits(view_t value, enum type_kind kind);
