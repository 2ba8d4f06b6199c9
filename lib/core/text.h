/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Messages as text, driven by the schema's tables: the syntax of the stock tools, `(field = value,
 * ...)`. Nothing is allocated; both directions are bounded in depth.
 *
 * Values: numbers (decimal, 0x1f, octal 017, negative; floating point also 0.5, 1e-7, inf, nan),
 * true, false, void, "text" with the escapes of C, 0x"00 ff" for Data, names of enumerants,
 * [lists], (structs), and for capabilities `@name` or `move @name`, which the caller resolves.
 */
#include <capnp/builder.h>
#include <capnp/reflect.h>

#define CAPNP_TEXT_DEPTH_MAX 16

/* Printing: what does not fit is cut, and `is_cut` says so. */
struct capnp_printer {
	char *buffer;
	uint32_t capacity;
	uint32_t used;
	bool is_cut;
	/* The name of a capability, or NULL: shown as `@name`. May be NULL itself. */
	const char *(*cap_name)(void *context, struct capnp_cap cap);
	void *context;
};

void capnp_print_struct(
    struct capnp_printer *printer, const struct reflect_struct *type, struct capnp_struct value);
/* The name of a type as the schema writes it: `UInt64`, `List(Text)`, `TerminalSession`. */
void capnp_print_type(struct capnp_printer *printer, const struct reflect_type *type);
/* `(deadlineNs :UInt64)` */
void capnp_print_signature(struct capnp_printer *printer, const struct reflect_struct *type);

/* Parsing: the first mistake is kept, with its place and what was expected. */
struct capnp_parser {
	const char *text;
	uint32_t size;
	uint32_t position;
	bool failed;
	uint32_t error_position;
	uint32_t depth;
	char error[128]; /* NUL-terminated */
	/* Find a capability by name; false after having called capnp_parser_fail(). */
	bool (*resolve_cap)(
	    struct capnp_parser *parser, struct capnp_text name, struct capnp_cap *out);
	void *context;
	/* Where completion would go on: the struct and the beginning of a field name at the end of
	 * the text. */
	const struct reflect_struct *open_struct;
	uint32_t open_position;
};

void capnp_parser_init(struct capnp_parser *parser, const char *text, uint32_t size);
void capnp_parser_fail(struct capnp_parser *parser, uint32_t position, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One struct in parentheses. Builds into `to`, the allocated struct of this type. False after a
 * mistake. */
bool capnp_parse_struct(
    struct capnp_parser *parser, const struct reflect_struct *type, struct capnp_struct_builder to);
