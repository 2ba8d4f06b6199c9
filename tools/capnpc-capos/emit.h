/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Writing generated files. Each emitter writes one kind of file for one schema file; all of them
 * walk the nodes of that file, outer before inner, in the order of the schema.
 */
#include <stdio.h>

#include "names.h"
#include "request.h"

struct emitter {
	const struct request *request;
	FILE *out;
	struct capnp_text schema_name; /* "timer" */
};

void emit_messages(struct emitter *emitter, view_t file);
void emit_server(struct emitter *emitter, view_t file);
void emit_client(struct emitter *emitter, view_t file);
void emit_reflection(struct emitter *emitter, view_t file);
void emit_reflection_declarations(const struct request *request, FILE *out);
/* registry.c: all interfaces of the request. */
void emit_registry(const struct request *request, FILE *out);

/* Call `visit` for each node below `scope` of kind `kind`. */
typedef void (*visit_fn)(struct emitter *emitter, view_t node);
void for_each_node(struct emitter *emitter, view_t scope, enum node_kind kind, visit_fn visit);
/* Also the parameter and result structs that methods declare in place. */
void for_each_struct(struct emitter *emitter, view_t scope, visit_fn visit);

/* True if the node carries the annotation of that name (as name_of_node() has it); its value. */
bool annotation_find(const struct emitter *emitter, view_t node, const char *wanted, view_t *value);

/* A doc comment, indented by one level if `is_member`. Nothing if there is none. */
void emit_comment(struct emitter *emitter, struct capnp_text comment, bool is_member);
/* First lines of a generated file. */
void emit_head(struct emitter *emitter, const char *purpose);

/* True if the struct is what a method takes or returns: its capability fields have fixed numbers.
 */
bool struct_is_message_root(const struct emitter *emitter, uint64_t struct_id);
/* Capability fields of the struct itself, its groups included, in schema order. */
uint32_t struct_cap_count(const struct emitter *emitter, view_t node);
/* Capabilities that a message with this root can carry at most. */
uint32_t struct_cap_max(const struct emitter *emitter, view_t node);
/* Scalars alone, outside unions and groups, as many as a block of scalars holds (lib/capos/ring.h).
 */
bool struct_is_scalar(view_t node);
/* The same, and perhaps one Text or Data. */
bool struct_is_flat(view_t node);
/* Such a Text or Data, and one capability behind it. */
bool struct_is_flat_with_cap(view_t node);

/* A method as its typed client has it. */
struct client_method {
	const char *name;
	const char *handle;
	uint32_t index;
	view_t params;
	view_t results;
};
/* emit_flat.c: the calls of a method whose messages are flat. */
void emit_flat(struct emitter *emitter, const struct client_method *method);
/* Parameters of a plain function, and where its results go, behind what stands before them. */
void emit_plain_params(struct emitter *emitter, view_t params);
void emit_plain_outs(struct emitter *emitter, view_t results);
/* Put the parameter of that name into `params`. */
void emit_setter(struct emitter *emitter, view_t params, view_t field);
