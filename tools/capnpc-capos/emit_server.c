/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `<area>.server.h`: for each interface a table of methods and the function that calls the right
 * one. The kernel's objects and the services use the same form.
 */
#include "emit.h"

static void
emit_method_table(struct emitter *emitter, view_t node, const char *name)
{
	struct capnp_list methods = node_members(node);

	fprintf(emitter->out, "struct %s_server; /* completed by the implementation */\n\n", name);
	fprintf(emitter->out, "struct %s_methods {\n", name);
	for (uint32_t i = 0; i < methods.count; i++) {
		view_t method = capnp_list_struct(methods, i);
		struct name params =
		    name_of_node(request_node(emitter->request, method_params_id(method)));
		struct name results =
		    name_of_node(request_node(emitter->request, method_results_id(method)));

		emit_comment(
		    emitter, request_member_comment(emitter->request, node_id(node), i), true);
		fprintf(emitter->out,
		    "\tenum cap_status (*%s)(struct %s_server *server, struct %s params, struct %s_builder results,\n"
		    "\t    const struct capos_caller *caller);\n",
		    name_snake(member_name(method)).text, name, params.text, results.text);
	}
	if (methods.count == 0)
		fprintf(emitter->out, "\tuint8_t none;\n");
	fprintf(emitter->out, "};\n\n");
}

/*
 * The parameters are opened before the method sees them: what is wrong with their root is refused
 * here, for every method. Without fields they are not looked at.
 */
static void
emit_params(struct emitter *emitter, view_t params)
{
	struct name name = name_of_node(params);

	if (struct_data_words(params) + struct_pointer_count(params) == 0) {
		fprintf(emitter->out, "\t\tstruct %s opened = { { .reader = params } };\n\n",
		    name.text);
		return;
	}
	fprintf(emitter->out,
	    "\t\tstruct %s opened = %s_root(params);\n\n"
	    "\t\tif (capnp_reader_error(params) != CAPNP_OK)\n"
	    "\t\t\treturn CAP_ERR_MALFORMED_MESSAGE;\n",
	    name.text, name.text);
}

static void
emit_dispatch_case(struct emitter *emitter, view_t method, uint32_t index)
{
	view_t params = request_node(emitter->request, method_params_id(method));
	struct name results =
	    name_of_node(request_node(emitter->request, method_results_id(method)));
	struct name field = name_snake(member_name(method));

	fprintf(emitter->out, "\tcase %u: {\n", index);
	emit_params(emitter, params);
	fprintf(emitter->out,
	    "\t\tif (methods->%s == NULL)\n\t\t\treturn CAP_ERR_UNIMPLEMENTED_METHOD;\n"
	    "\t\treturn methods->%s(server, opened, %s_init_root(results), caller);\n\t}\n",
	    field.text, field.text, results.text);
}

static void
emit_dispatch(struct emitter *emitter, view_t node, const char *name)
{
	struct capnp_list methods = node_members(node);

	fprintf(emitter->out,
	    "static inline enum cap_status\n%s_dispatch(const struct %s_methods *methods, struct %s_server *server, "
	    "uint16_t method,\n    struct capnp_reader *params, struct capnp_builder *results, "
	    "const struct capos_caller *caller)\n{\n",
	    name, name, name);
	if (methods.count != 0)
		fprintf(emitter->out,
		    "\tif (method >= %u)\n\t\treturn CAP_ERR_UNIMPLEMENTED_METHOD;\n"
		    "\tswitch (capnp_index_mask(method, %u)) {\n",
		    methods.count, methods.count);
	else
		fprintf(emitter->out,
		    "\t(void)methods;\n\t(void)server;\n\t(void)params;\n\t(void)results;\n"
		    "\t(void)caller;\n\tswitch (method) {\n");
	for (uint32_t i = 0; i < methods.count; i++)
		emit_dispatch_case(emitter, capnp_list_struct(methods, i), i);
	fprintf(emitter->out, "\tdefault:\n\t\treturn CAP_ERR_UNIMPLEMENTED_METHOD;\n\t}\n}\n\n");
}

static bool
method_is_scalar(struct emitter *emitter, view_t method)
{
	return struct_is_scalar(request_node(emitter->request, method_params_id(method))) &&
	    struct_is_scalar(request_node(emitter->request, method_results_id(method)));
}

static void
emit_scalar_case(struct emitter *emitter, view_t method, uint32_t index)
{
	struct name params = name_of_node(request_node(emitter->request, method_params_id(method)));
	struct name results =
	    name_of_node(request_node(emitter->request, method_results_id(method)));
	struct name field = name_snake(member_name(method));

	fprintf(emitter->out,
	    "\tcase %u:\n\t\tif (methods->%s == NULL || !capnp_flat_call_results(call, %s_DATA_WORDS, &results))\n"
	    "\t\t\treturn CAPNP_NOT_FLAT;\n"
	    "\t\treturn methods->%s(server, (struct %s){ capnp_flat_call_params(call) }, (struct %s_builder){ results }, caller);\n",
	    index, field.text, name_upper(results).text, field.text, params.text, results.text);
}

static const char *
flat_kind(view_t params)
{
	struct capnp_list fields = node_members(params);
	bool has_cap = struct_is_flat_with_cap(params);

	for (uint32_t i = 0; i < fields.count; i++) {
		enum type_kind kind = type_kind(field_type(capnp_list_struct(fields, i)));

		if (kind == TYPE_TEXT)
			return has_cap ? "TEXT_CAP" : "TEXT";
		if (kind == TYPE_DATA)
			return has_cap ? "DATA_CAP" : "DATA";
	}
	return "SCALARS";
}

/* Nothing for a method whose parameters are not flat. */
static void
emit_flat_case(struct emitter *emitter, view_t method, uint32_t index)
{
	view_t params = request_node(emitter->request, method_params_id(method));
	struct name results =
	    name_of_node(request_node(emitter->request, method_results_id(method)));
	struct name results_upper = name_upper(results);
	const char *upper = results_upper.text;
	struct name field = name_snake(member_name(method));

	if (!struct_is_flat(params) && !struct_is_flat_with_cap(params))
		return;
	fprintf(emitter->out,
	    "\tcase %u:\n\t\tif (methods->%s == NULL ||\n\t\t    !capnp_flat_read(exchange->message, "
	    "(struct capnp_flat_form){ %s_DATA_WORDS, CAPNP_FLAT_%s }, &exchange->reader, &params) ||\n"
	    "\t\t    !capnp_flat_exchange_has_room(exchange, %s_DATA_WORDS, %s_POINTER_COUNT))\n"
	    "\t\t\treturn CAPNP_NOT_FLAT;\n"
	    "\t\treturn methods->%s(server, (struct %s){ params }, (struct %s_builder){ capnp_builder_fitting_root(\n"
	    "\t\t    &exchange->results, %s_DATA_WORDS, %s_POINTER_COUNT, %s_CAP_COUNT) }, exchange->caller);\n",
	    index, field.text, name_upper(name_of_node(params)).text, flat_kind(params), upper,
	    upper, field.text, name_of_node(params).text, results.text, upper, upper, upper);
}

/* The same for messages that are flat, not opened before: CAPNP_NOT_FLAT for the rest. */
static void
emit_dispatch_flat(struct emitter *emitter, view_t node, const char *name)
{
	struct capnp_list methods = node_members(node);

	fprintf(emitter->out,
	    "static inline __attribute__((flatten)) enum cap_status\n%s_dispatch_flat(const struct %s_methods *methods, "
	    "struct %s_server *server, uint16_t method,\n    struct capnp_flat_exchange *exchange)\n{\n"
	    "\tstruct capnp_struct params;\n\n"
	    "\t(void)methods;\n\t(void)server;\n\t(void)exchange;\n"
	    "\t(void)params;\n\tswitch (method) {\n",
	    name, name, name);
	for (uint32_t i = 0; i < methods.count; i++)
		emit_flat_case(emitter, capnp_list_struct(methods, i), i);
	fprintf(emitter->out, "\tdefault:\n\t\treturn CAPNP_NOT_FLAT;\n\t}\n}\n\n");
}

/* The same for calls of scalars alone, without reader and builder: CAPNP_NOT_FLAT for the rest.
 */
static void
emit_dispatch_scalar(struct emitter *emitter, view_t node, const char *name)
{
	struct capnp_list methods = node_members(node);

	fprintf(emitter->out,
	    "static inline enum cap_status\n%s_dispatch_scalar(const struct %s_methods *methods, "
	    "struct %s_server *server, uint16_t method,\n    struct capnp_flat_call *call, "
	    "const struct capos_caller *caller)\n{\n"
	    "\tstruct capnp_struct_builder results;\n\n"
	    "\t(void)methods;\n\t(void)server;\n\t(void)call;\n\t(void)caller;\n"
	    "\t(void)results;\n\tswitch (method) {\n",
	    name, name, name);
	for (uint32_t i = 0; i < methods.count; i++)
		if (method_is_scalar(emitter, capnp_list_struct(methods, i)))
			emit_scalar_case(emitter, capnp_list_struct(methods, i), i);
	fprintf(emitter->out, "\tdefault:\n\t\treturn CAPNP_NOT_FLAT;\n\t}\n}\n\n");
}

static void
emit_interface(struct emitter *emitter, view_t node)
{
	struct name name = name_of_node(node);
	struct name upper = name_upper(name);
	const char *n = name.text;

	emit_method_table(emitter, node, n);
	emit_dispatch(emitter, node, n);
	emit_dispatch_flat(emitter, node, n);
	emit_dispatch_scalar(emitter, node, n);
	fprintf(emitter->out,
	    "/* %s_interface(server): the interface, served by this constant table of methods. */\n"
	    "#define %s_SERVE_WITH(methods) CAPOS_SERVE_WITH(%s, %s_INTERFACE_ID, methods)\n\n",
	    n, upper.text, n, upper.text);
}

void
emit_server(struct emitter *emitter, view_t file)
{
	emit_head(emitter, "method tables and dispatch");
	fprintf(emitter->out,
	    "#pragma once\n#include <capnp/interface.h>\n\n#include \"%.*s.capnp.h\"\n\n",
	    (int)emitter->schema_name.size, emitter->schema_name.data);
	for_each_node(emitter, file, NODE_INTERFACE, emit_interface);
}
