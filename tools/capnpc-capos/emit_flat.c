/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed clients of methods whose messages are flat: scalars, and at most one Text or Data each,
 * with a capability behind that of the parameters. They need neither builder nor reader; see
 * lib/capos/flat_call.h for the forms.
 */
#include "emit.h"

static bool
is_bytes(view_t field)
{
	enum type_kind kind = type_kind(field_type(field));

	return kind == TYPE_TEXT || kind == TYPE_DATA;
}

/* The Text or Data of a struct; false: it has none. */
static bool
bytes_field(view_t node, view_t *out)
{
	struct capnp_list fields = node_members(node);

	for (uint32_t i = 0; i < fields.count; i++) {
		*out = capnp_list_struct(fields, i);
		if (is_bytes(*out))
			return true;
	}
	return false;
}

/* The name of the capability among parameters that have one. */
static struct name
cap_name(view_t params)
{
	struct capnp_list fields = node_members(params);
	uint32_t at = 0;

	while (!type_is_cap(type_kind(field_type(capnp_list_struct(fields, at)))))
		at++;
	return name_snake(member_name(capnp_list_struct(fields, at)));
}

static const char *
bytes_kind(view_t field)
{
	return type_kind(field_type(field)) == TYPE_TEXT ? "text" : "data";
}

/* Scalars alone, both ways: in the smallest block. */
static bool
is_small(const struct client_method *method)
{
	return struct_is_scalar(method->params) && struct_is_scalar(method->results);
}

/* The message begun, with its bytes. */
static void
emit_begin(struct emitter *emitter, const struct client_method *method, bool has_bytes)
{
	struct name params = name_of_node(method->params);
	bool has_cap = struct_is_flat_with_cap(method->params);

	fprintf(emitter->out,
	    "\tstruct %s_builder params = { capos_flat_begin%s(call, target.cap.self, %s_DATA_WORDS",
	    params.text,
	    is_small(method) ? ""
		: has_cap    ? "_with_cap"
			     : "_with",
	    name_upper(params).text);
	if (!is_small(method))
		fprintf(emitter->out, has_bytes ? ", &bytes" : ", NULL");
	if (has_cap)
		fprintf(emitter->out, ", %s", cap_name(method->params).text);
	fprintf(emitter->out, ") };\n");
}

static void
emit_lengths(struct emitter *emitter, const struct client_method *method, bool has_bytes)
{
	struct name upper = name_upper(name_of_node(method->params));

	fprintf(emitter->out, "\tconst uint64_t lengths = ");
	if (is_small(method))
		fprintf(emitter->out,
		    "capos_flat_lengths(capnp_flat_bytes(%s_DATA_WORDS), CAPOS_SCALAR_BYTES);\n",
		    upper.text);
	else if (has_bytes)
		fprintf(emitter->out,
		    "capos_flat_lengths_with(call, capnp_flat_bytes_with%s(%s_DATA_WORDS, bytes.count));\n",
		    struct_is_flat_with_cap(method->params) ? "_cap" : "", upper.text);
	else
		fprintf(emitter->out,
		    "capos_flat_lengths_with(call, capnp_flat_bytes(%s_DATA_WORDS));\n",
		    upper.text);
}

/* `params` is begun and filled in. */
static void
emit_params(struct emitter *emitter, const struct client_method *method)
{
	struct capnp_list fields = node_members(method->params);
	view_t bytes;
	bool has_bytes = bytes_field(method->params, &bytes);

	if (has_bytes)
		fprintf(emitter->out,
		    "\tconst struct capos_flat_bytes bytes = capos_flat_%s(%s);\n",
		    bytes_kind(bytes), name_snake(member_name(bytes)).text);
	emit_begin(emitter, method, has_bytes);
	emit_lengths(emitter, method, has_bytes);
	fprintf(emitter->out, "\n\t(void)params;\n");
	for (uint32_t i = 0; i < fields.count; i++) {
		view_t field = capnp_list_struct(fields, i);

		if (!is_bytes(field) && !type_is_cap(type_kind(field_type(field))))
			emit_setter(emitter, method->params, field);
	}
}

/* What was begun is sent, and perhaps awaited. */
static void
emit_submit(struct emitter *emitter, const struct client_method *method, const char *verb)
{
	bool has_cap = struct_is_flat_with_cap(method->params);

	fprintf(emitter->out,
	    "capos_flat_%s%s(call, target.cap.cap_id, capos_flat_head(%u), lengths", verb,
	    has_cap ? "_with" : "", method->index);
	if (has_cap)
		fprintf(emitter->out, ", capos_flat_caps(%s)", cap_name(method->params).text);
	fprintf(emitter->out, ");\n");
}

/* The answer is opened, and its fields go where the caller wants them; the block goes back, but for
 * bytes that stand in it. */
static void
emit_answer(struct emitter *emitter, const struct client_method *method)
{
	struct name results = name_of_node(method->results);
	struct name upper = name_upper(results);
	struct capnp_list fields = node_members(method->results);
	view_t bytes;
	bool has_bytes = bytes_field(method->results, &bytes);

	if (has_bytes)
		fprintf(emitter->out,
		    "\tstatus = capos_flat_open_%s(call, %s_DATA_WORDS, &results.s, out_%s);\n",
		    bytes_kind(bytes), upper.text, name_snake(member_name(bytes)).text);
	else
		fprintf(emitter->out,
		    "\tstatus = capos_flat_open(call, %s_DATA_WORDS, &results.s);\n", upper.text);
	for (uint32_t i = 0; i < fields.count; i++) {
		view_t field = capnp_list_struct(fields, i);
		struct name name = name_snake(member_name(field));

		if (!is_bytes(field) && type_kind(field_type(field)) != TYPE_VOID)
			fprintf(emitter->out,
			    "\tif (status == CAP_OK)\n\t\t*out_%s = %s_%s(results);\n", name.text,
			    results.text, name.text);
	}
	fprintf(emitter->out,
	    has_bytes ? "\tif (status != CAP_OK)\n\t\tcapos_flat_end(call);\n"
		      : "\tcapos_flat_end(call);\n");
	fprintf(emitter->out, "\treturn status;\n}\n\n");
}

static void
emit_send(struct emitter *emitter, const struct client_method *method)
{
	fprintf(emitter->out,
	    "MUST_CHECK static inline enum cap_status\n%s_send(struct capos_flat_call *call, struct %s target",
	    method->name, method->handle);
	emit_plain_params(emitter, method->params);
	fprintf(emitter->out, ")\n{\n");
	emit_params(emitter, method);
	fprintf(emitter->out, "\treturn ");
	emit_submit(emitter, method, "send");
	fprintf(emitter->out, "}\n\n");
}

static void
emit_receive(struct emitter *emitter, const struct client_method *method)
{
	fprintf(emitter->out,
	    "MUST_CHECK static inline enum cap_status\n%s_receive(struct capos_flat_call *call",
	    method->name);
	emit_plain_outs(emitter, method->results);
	fprintf(emitter->out,
	    ")\n{\n\tstruct %s results;\n\tenum cap_status status;\n\n\tcapos_flat_await(call);\n",
	    name_of_node(method->results).text);
	emit_answer(emitter, method);
}

/* Send and wait in one: with a call of its own, unless bytes of the answer outlive the function. */
static void
emit_run(struct emitter *emitter, const struct client_method *method)
{
	view_t bytes;
	bool has_bytes = bytes_field(method->results, &bytes);

	fprintf(emitter->out, "MUST_CHECK static inline enum cap_status\n%s%s(%sstruct %s target",
	    method->name, has_bytes ? "_call" : "",
	    has_bytes ? "struct capos_flat_call *call, " : "", method->handle);
	emit_plain_params(emitter, method->params);
	emit_plain_outs(emitter, method->results);
	fprintf(emitter->out, ")\n{\n");
	if (!has_bytes)
		fprintf(emitter->out,
		    "\tstruct capos_flat_call own;\n\tstruct capos_flat_call *call = &own;\n");
	fprintf(emitter->out, "\tstruct %s results;\n\tenum cap_status status;\n",
	    name_of_node(method->results).text);
	emit_params(emitter, method);
	fprintf(emitter->out, "\tstatus = ");
	emit_submit(emitter, method, "run");
	fprintf(emitter->out, "\tif (status != CAP_OK)\n\t\treturn status;\n");
	emit_answer(emitter, method);
}

void
emit_flat(struct emitter *emitter, const struct client_method *method)
{
	emit_send(emitter, method);
	emit_receive(emitter, method);
	emit_run(emitter, method);
}
