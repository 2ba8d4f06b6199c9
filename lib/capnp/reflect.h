/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The schema at run time: what the shell, the ring-tap viewer and the manual know about interfaces.
 * The tables are generated constants (build/gen/include/schema/<area>.reflect.c).
 */
#include "message.h"

enum reflect_kind {
	REFLECT_VOID = 0,
	REFLECT_BOOL = 1,
	REFLECT_INT8 = 2,
	REFLECT_INT16 = 3,
	REFLECT_INT32 = 4,
	REFLECT_INT64 = 5,
	REFLECT_UINT8 = 6,
	REFLECT_UINT16 = 7,
	REFLECT_UINT32 = 8,
	REFLECT_UINT64 = 9,
	REFLECT_FLOAT32 = 10,
	REFLECT_FLOAT64 = 11,
	REFLECT_TEXT = 12,
	REFLECT_DATA = 13,
	REFLECT_LIST = 14,
	REFLECT_ENUM = 15,
	REFLECT_STRUCT = 16,
	REFLECT_INTERFACE = 17,
	REFLECT_ANY = 18,
	REFLECT_CAPABILITY = 100, /* of any interface */
};

struct reflect_struct;
struct reflect_enum;
struct reflect_interface;

struct reflect_type {
	uint8_t kind; /* enum reflect_kind */
	union {
		const struct reflect_type *element; /* LIST */
		const struct reflect_enum *enumeration;
		const struct reflect_struct *structure;
		const struct reflect_interface *interface;
	};
};

#define REFLECT_NO_DISCRIMINANT 0xffff
#define REFLECT_NO_ORDINAL 0xff

struct reflect_field {
	const char *name;
	const char *comment;
	struct reflect_type type; /* of a group: STRUCT */
	uint32_t offset;	  /* in units of the type's size; of pointers: their index */
	uint16_t discriminant;
	uint8_t cap_ordinal; /* of a capability field of a method's struct */
	bool is_group;	     /* its fields stand in the same struct */
	bool has_default;    /* the schema gives a value, also of a pointer */
	uint64_t default_bits;
};

struct reflect_struct {
	const char *name;
	uint64_t id;
	uint16_t data_words;
	uint16_t pointer_count;
	uint16_t discriminant_count;
	uint16_t cap_count;	      /* capabilities with fixed numbers */
	uint32_t discriminant_offset; /* in 16-bit units */
	uint32_t field_count;
	const struct reflect_field *fields; /* in schema order */
};

struct reflect_enum {
	const char *name;
	uint32_t count;
	const char *const *names;
};

struct reflect_method {
	const char *name;
	const char *comment;
	const struct reflect_struct *params;
	const struct reflect_struct *results;
};

/* TransferMode of schema/annotations.capnp. */
enum reflect_transfer {
	REFLECT_TRANSFER_COPY = 0,
	REFLECT_TRANSFER_MOVE = 1,
	REFLECT_TRANSFER_NONE = 2,
};

struct reflect_interface {
	const char *name;
	const char *comment;
	uint64_t id;
	uint8_t transfer; /* enum reflect_transfer */
	uint32_t method_count;
	const struct reflect_method *methods; /* by ordinal */
};

/* All interfaces of the schema, by name; the last is NULL. */
extern const struct reflect_interface *const reflect_registry[];

/* All structs, those of methods and groups too; the last is NULL. */
extern const struct reflect_struct *const reflect_structs[];

/* NULL if there is none. */
const struct reflect_struct *reflect_struct_find(uint64_t struct_id);
const struct reflect_interface *reflect_interface_find(uint64_t interface_id);
const struct reflect_interface *reflect_interface_find_by_name(struct capnp_text name);
const struct reflect_method *
reflect_method_find(const struct reflect_interface *interface, struct capnp_text name);
const struct reflect_field *
reflect_field_find(const struct reflect_struct *structure, struct capnp_text name);
