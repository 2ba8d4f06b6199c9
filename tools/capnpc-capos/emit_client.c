/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `<area>.client.h`: typed handles and calls over lib/capos. Every method has `_begin` (build the
 * parameters in place) and `_wait` (read the results in place). A method whose parameters are
 * scalars, Text, Data and capabilities and whose results are scalars and capabilities is a plain
 * function as well; if both messages are flat, it comes from emit_flat.c instead. A capability of
 * the results has a `_promised_<field>`, by its number in the schema's order: lists have none.
 */
#include "emit.h"

static bool
is_plain_param(enum type_kind kind)
{
	return kind == TYPE_VOID || (kind >= TYPE_BOOL && kind <= TYPE_DATA) || kind == TYPE_ENUM ||
	    type_is_cap(kind);
}

static bool
is_plain_result(enum type_kind kind)
{
	return kind == TYPE_VOID || (kind >= TYPE_BOOL && kind <= TYPE_FLOAT64) ||
	    kind == TYPE_ENUM || kind == TYPE_INTERFACE;
}

static bool
all_fields(view_t node, bool (*is_plain)(enum type_kind))
{
	struct capnp_list fields = node_members(node);

	if (struct_discriminant_count(node) != 0)
		return false;
	for (uint32_t i = 0; i < fields.count; i++) {
		view_t field = capnp_list_struct(fields, i);

		if (field_is_group(field) || !is_plain(type_kind(field_type(field))))
			return false;
	}
	return true;
}

/* The C type of a value that crosses a plain function. */
static struct name
plain_c_type(struct emitter *emitter, view_t type)
{
	static const char *const scalars[] = { "", "bool", "int8_t", "int16_t", "int32_t",
		"int64_t", "uint8_t", "uint16_t", "uint32_t", "uint64_t", "float", "double",
		"struct capnp_text", "struct capnp_data" };
	enum type_kind kind = type_kind(type);
	struct name c_type = { "struct capnp_cap" };

	if (kind <= TYPE_DATA)
		snprintf(c_type.text, sizeof(c_type.text), "%s", scalars[kind]);
	else if (kind == TYPE_ENUM)
		snprintf(c_type.text, sizeof(c_type.text), "enum %s",
		    name_of_node(request_node(emitter->request, type_id(type))).text);
	else if (kind == TYPE_INTERFACE)
		snprintf(c_type.text, sizeof(c_type.text), "struct %s",
		    name_of_node(request_node(emitter->request, type_id(type))).text);
	return c_type;
}

/* Parameters of a plain function, behind what stands before them. */
void
emit_plain_params(struct emitter *emitter, view_t params)
{
	struct capnp_list fields = node_members(params);

	for (uint32_t i = 0; i < fields.count; i++) {
		view_t type = field_type(capnp_list_struct(fields, i));
		const char *c_type = type_is_cap(type_kind(type))
		    ? "struct capnp_cap"
		    : plain_c_type(emitter, type).text;

		if (type_kind(type) != TYPE_VOID)
			fprintf(emitter->out, ", %s %s", c_type,
			    name_snake(member_name(capnp_list_struct(fields, i))).text);
	}
}

/* Where its results go. */
void
emit_plain_outs(struct emitter *emitter, view_t results)
{
	struct capnp_list fields = node_members(results);

	for (uint32_t i = 0; i < fields.count; i++) {
		view_t type = field_type(capnp_list_struct(fields, i));

		if (type_kind(type) != TYPE_VOID)
			fprintf(emitter->out, ", %s *out_%s", plain_c_type(emitter, type).text,
			    name_snake(member_name(capnp_list_struct(fields, i))).text);
	}
}

static void
emit_plain_head(
    struct emitter *emitter, const char *name, const char *handle, view_t params, view_t results)
{
	fprintf(emitter->out, "MUST_CHECK static inline enum cap_status\n%s(struct %s target", name,
	    handle);
	emit_plain_params(emitter, params);
	emit_plain_outs(emitter, results);
	fprintf(emitter->out, ")\n{\n");
}

static void
emit_plain_results(struct emitter *emitter, view_t results)
{
	struct name results_name = name_of_node(results);
	struct capnp_list fields = node_members(results);
	uint32_t ordinal = 0;

	for (uint32_t i = 0; i < fields.count; i++) {
		view_t field = capnp_list_struct(fields, i);
		view_t type = field_type(field);
		struct name name = name_snake(member_name(field));

		if (type_kind(type) == TYPE_VOID)
			continue;
		if (type_is_cap(type_kind(type))) {
			struct name target =
			    name_upper(name_of_node(request_node(emitter->request, type_id(type))));

			fprintf(emitter->out,
			    "\tif (status == CAP_OK)\n"
			    "\t\tstatus = capos_adopt(&call, %u, %s_INTERFACE_ID, &out_%s->cap);\n",
			    ordinal++, target.text, name.text);
			continue;
		}
		fprintf(emitter->out, "\tif (status == CAP_OK)\n\t\t*out_%s = %s_%s(results);\n",
		    name.text, results_name.text, name.text);
	}
}

/* Whether anything but capabilities is read from the results. */
static bool
has_values(view_t results)
{
	struct capnp_list fields = node_members(results);

	for (uint32_t i = 0; i < fields.count; i++) {
		enum type_kind kind = type_kind(field_type(capnp_list_struct(fields, i)));

		if (kind != TYPE_VOID && !type_is_cap(kind))
			return true;
	}
	return false;
}

void
emit_setter(struct emitter *emitter, view_t params, view_t field)
{
	struct name field_name = name_snake(member_name(field));

	if (type_kind(field_type(field)) != TYPE_VOID)
		fprintf(emitter->out, "\t%s_set_%s(params, %s);\n", name_of_node(params).text,
		    field_name.text, field_name.text);
}

static void
emit_setters(struct emitter *emitter, view_t params)
{
	struct capnp_list fields = node_members(params);

	for (uint32_t i = 0; i < fields.count; i++)
		emit_setter(emitter, params, capnp_list_struct(fields, i));
}

static void
emit_plain(
    struct emitter *emitter, const char *name, const char *handle, view_t params, view_t results)
{
	struct name params_name = name_of_node(params);
	struct name results_name = name_of_node(results);

	emit_plain_head(emitter, name, handle, params, results);
	fprintf(emitter->out,
	    "\tstruct capos_call call;\n\tstruct %s_builder params = %s_begin(&call, target);\n",
	    params_name.text, name);
	if (has_values(results))
		fprintf(emitter->out, "\tstruct %s results;\n", results_name.text);
	fprintf(emitter->out, "\tenum cap_status status;\n\n\t(void)params;\n");
	emit_setters(emitter, params);
	fprintf(emitter->out, "\tstatus = capos_call_run(&call);\n");
	if (has_values(results))
		fprintf(emitter->out,
		    "\tif (status == CAP_OK)\n\t\tresults = %s_root(&call.results);\n",
		    results_name.text);
	emit_plain_results(emitter, results);
	fprintf(emitter->out, "\tcapos_call_end(&call);\n\treturn status;\n}\n\n");
}

#define UNBOUNDED 0xffff

/* Words of a message with this struct as its root, at most; UNBOUNDED with lists, text, data or
 * untyped pointers. */
static uint32_t
words_max(struct emitter *emitter, view_t node, uint32_t depth)
{
	struct capnp_list fields = node_members(node);
	uint32_t words = struct_data_words(node) + struct_pointer_count(node);

	for (uint32_t i = 0; i < fields.count && words < UNBOUNDED; i++) {
		view_t field = capnp_list_struct(fields, i);
		enum type_kind kind = type_kind(field_type(field));

		if (field_is_group(field))
			return UNBOUNDED;
		if (kind == TYPE_TEXT || kind == TYPE_DATA || kind == TYPE_LIST || kind == TYPE_ANY)
			return UNBOUNDED;
		if (kind == TYPE_STRUCT && depth == 0)
			return UNBOUNDED;
		if (kind == TYPE_STRUCT)
			words += words_max(emitter,
			    request_node(emitter->request, type_id(field_type(field))), depth - 1);
	}
	return words;
}

#define STRUCT_DEPTH 2

/* Whether parameters and results fit into the runtime's smallest blocks (lib/capos/ring.h). */
static bool
is_small(struct emitter *emitter, view_t params, view_t results)
{
	uint32_t cap_count = struct_cap_count(emitter, results);
	uint32_t record_words = cap_count > 1 ? (cap_count - 1) * 2 : 0;

	return struct_cap_count(emitter, params) == 0 &&
	    words_max(emitter, params, STRUCT_DEPTH) <= 2 &&
	    words_max(emitter, results, STRUCT_DEPTH) + record_words <= 6;
}

/* Lists and structs may be of any size; Text and Data are small more often than not. */
static bool
is_large(struct emitter *emitter, view_t message)
{
	struct capnp_list fields = node_members(message);

	if (words_max(emitter, message, STRUCT_DEPTH) < UNBOUNDED)
		return false;
	for (uint32_t i = 0; i < fields.count; i++) {
		view_t field = capnp_list_struct(fields, i);
		enum type_kind kind = type_kind(field_type(field));

		if (field_is_group(field) || kind == TYPE_LIST || kind == TYPE_STRUCT ||
		    kind == TYPE_ANY)
			return true;
	}
	return false;
}

static const char *
block_kind(struct emitter *emitter, view_t params, view_t results)
{
	if (struct_is_scalar(params) && struct_is_scalar(results))
		return "SCALAR";
	if (is_small(emitter, params, results))
		return "SMALL";
	return is_large(emitter, params) || is_large(emitter, results) ? "LARGE" : "MEDIUM";
}

/* `<method>_wait` for a call that was sent, `<method>_run` for one that was built. */
static void
emit_results(struct emitter *emitter, const char *name, const char *results_name, const char *verb)
{
	fprintf(emitter->out,
	    "MUST_CHECK static inline enum cap_status\n%s_%s(struct capos_call *call, struct %s *out)\n{\n"
	    "\tenum cap_status status = capos_call_%s(call);\n\n"
	    "\tif (status == CAP_OK)\n\t\t*out = %s_root(&call->results);\n\treturn status;\n}\n\n",
	    name, verb, results_name, verb, results_name);
}

/* `<method>_promised_<field>`: a capability of an answer that needs not be there. */
static void
emit_promises(struct emitter *emitter, const char *name, view_t results)
{
	struct capnp_list fields = node_members(results);
	uint32_t ordinal = 0;

	for (uint32_t i = 0; i < fields.count; i++) {
		view_t field = capnp_list_struct(fields, i);
		enum type_kind kind =
		    field_is_group(field) ? TYPE_VOID : type_kind(field_type(field));
		struct name field_name = name_snake(member_name(field));

		if (kind == TYPE_INTERFACE)
			fprintf(emitter->out,
			    "static inline struct %s\n%s_promised_%s(struct capos_call *call)\n{\n"
			    "\treturn (struct %s){ capos_promised(call, %u) };\n}\n\n",
			    plain_c_type(emitter, field_type(field)).text + strlen("struct "), name,
			    field_name.text,
			    plain_c_type(emitter, field_type(field)).text + strlen("struct "),
			    ordinal);
		else if (kind == TYPE_CAPABILITY)
			fprintf(emitter->out,
			    "static inline struct capos_cap\n%s_promised_%s(struct capos_call *call)\n{\n"
			    "\treturn capos_promised(call, %u);\n}\n\n",
			    name, field_name.text, ordinal);
		ordinal += type_is_cap(kind);
	}
}

static void
emit_method(struct emitter *emitter, view_t node, uint32_t index)
{
	view_t method = capnp_list_struct(node_members(node), index);
	view_t params = request_node(emitter->request, method_params_id(method));
	view_t results = request_node(emitter->request, method_results_id(method));
	struct name handle = name_of_node(node);
	struct name name = name_join(handle, name_snake(member_name(method)));
	struct name params_name = name_of_node(params);
	struct name results_name = name_of_node(results);
	struct capnp_text comment = request_member_comment(emitter->request, node_id(node), index);

	emit_comment(emitter, comment, false);
	fprintf(emitter->out,
	    "static inline struct %s_builder\n%s_begin(struct capos_call *call, struct %s target)\n{\n"
	    "\tcapos_call_begin_kind(call, target.cap, %u, %s_CAP_MAX, CAPOS_BLOCK_%s);\n"
	    "\treturn %s_init_root(&call->params);\n}\n\n",
	    params_name.text, name.text, handle.text, index, name_upper(results_name).text,
	    block_kind(emitter, params, results), params_name.text);
	emit_results(emitter, name.text, results_name.text, "wait");
	emit_results(emitter, name.text, results_name.text, "run");
	emit_promises(emitter, name.text, results);
	if ((struct_is_flat(params) || struct_is_flat_with_cap(params)) &&
	    struct_is_flat(results)) {
		emit_flat(emitter,
		    &(struct client_method){ name.text, handle.text, index, params, results });
	} else if (all_fields(params, is_plain_param) && all_fields(results, is_plain_result)) {
		emit_plain(emitter, name.text, handle.text, params, results);
	}
}

static void
emit_handle(struct emitter *emitter, view_t node)
{
	struct name name = name_of_node(node);
	struct name upper = name_upper(name);
	const char *n = name.text;

	emit_comment(emitter, request_comment(emitter->request, node_id(node)), false);
	fprintf(emitter->out, "struct %s {\n\tstruct capos_cap cap;\n};\n\n", n);
	fprintf(emitter->out,
	    "MUST_CHECK static inline enum cap_status\n%s_from_capset(struct capos *self, const char *name, "
	    "struct %s *out)\n{\n\treturn capos_capset_find(self, name, %s_INTERFACE_ID, &out->cap);\n}\n\n",
	    n, n, upper.text);
}

static void
emit_methods(struct emitter *emitter, view_t node)
{
	for (uint32_t i = 0; i < node_members(node).count; i++)
		emit_method(emitter, node, i);
}

/* Results may be handles of interfaces that other files declare. */
static void
emit_client_imports(struct emitter *emitter, view_t file)
{
	struct capnp_list files = emitter->request->files;

	for (uint32_t i = 0; i < files.count; i++) {
		view_t requested = capnp_list_struct(files, i);
		struct capnp_list imports = capnp_get_list(requested, 1, CAPNP_ELEMENT_STRUCT);

		for (uint32_t k = 0; node_id(requested) == node_id(file) && k < imports.count;
		    k++) {
			struct capnp_text name = capnp_get_text(capnp_list_struct(imports, k), 0);

			if (strcmp(name.data, "annotations.capnp") != 0)
				fprintf(emitter->out, "#include \"%.*s.client.h\"\n",
				    (int)name.size - 6, name.data);
		}
	}
}

void
emit_client(struct emitter *emitter, view_t file)
{
	emit_head(emitter, "typed clients");
	fprintf(emitter->out,
	    "#pragma once\n#include <capos/flat_call.h>\n#include <capos/promise.h>\n\n#include \"%.*s.capnp.h\"\n",
	    (int)emitter->schema_name.size, emitter->schema_name.data);
	emit_client_imports(emitter, file);
	fprintf(emitter->out, "\n");
	for_each_node(emitter, file, NODE_INTERFACE, emit_handle);
	for_each_node(emitter, file, NODE_INTERFACE, emit_methods);
}
