/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `<area>.capnp.h`: views with getters (`struct foo`), views with setters (`struct foo_builder`),
 * lists, enums, constants, and the numbers of interfaces and methods. Everything is inline and
 * needs lib/capnp only.
 */
#include <inttypes.h>
#include <stdlib.h>

#include <capnp/builder.h>

#include "emit.h"

/* One field on its way to code. */
struct field_context {
	struct emitter *emitter;
	struct name owner; /* the struct */
	struct name name;  /* owner and field */
	view_t field;
	view_t node;
	uint32_t cap_ordinal;
	bool is_root;
};

static const char *
scalar_c_type(enum type_kind kind)
{
	static const char *const types[] = {
		[TYPE_BOOL] = "bool",
		[TYPE_INT8] = "int8_t",
		[TYPE_INT16] = "int16_t",
		[TYPE_INT32] = "int32_t",
		[TYPE_INT64] = "int64_t",
		[TYPE_UINT8] = "uint8_t",
		[TYPE_UINT16] = "uint16_t",
		[TYPE_UINT32] = "uint32_t",
		[TYPE_UINT64] = "uint64_t",
		[TYPE_FLOAT32] = "float",
		[TYPE_FLOAT64] = "double",
	};

	return types[kind];
}

static unsigned
scalar_bytes(enum type_kind kind)
{
	switch (kind) {
	case TYPE_INT8:
	case TYPE_UINT8:
		return 1;
	case TYPE_INT16:
	case TYPE_UINT16:
	case TYPE_ENUM:
		return 2;
	case TYPE_INT32:
	case TYPE_UINT32:
	case TYPE_FLOAT32:
		return 4;
	default:
		return 8;
	}
}

static const char *
element_constant(enum type_kind kind)
{
	switch (kind) {
	case TYPE_VOID:
		return "CAPNP_ELEMENT_VOID";
	case TYPE_BOOL:
		return "CAPNP_ELEMENT_BIT";
	case TYPE_STRUCT:
		return "CAPNP_ELEMENT_STRUCT";
	case TYPE_TEXT:
	case TYPE_DATA:
	case TYPE_LIST:
	case TYPE_INTERFACE:
	case TYPE_CAPABILITY:
	case TYPE_ANY:
		return "CAPNP_ELEMENT_POINTER";
	default:
		break;
	}
	switch (scalar_bytes(kind)) {
	case 1:
		return "CAPNP_ELEMENT_1";
	case 2:
		return "CAPNP_ELEMENT_2";
	case 4:
		return "CAPNP_ELEMENT_4";
	default:
		return "CAPNP_ELEMENT_8";
	}
}

static struct name
type_name(struct emitter *emitter, view_t type)
{
	return name_of_node(request_node(emitter->request, type_id(type)));
}

static bool
is_scalar(enum type_kind kind)
{
	return (kind >= TYPE_BOOL && kind <= TYPE_FLOAT64) || kind == TYPE_ENUM;
}

/* Setters of union members also say which member it is. */
static void
emit_discriminant(struct field_context *context)
{
	if (field_discriminant(context->field) == NO_DISCRIMINANT)
		return;
	fprintf(context->emitter->out, "\tcapnp_set_u16(to.s, %" PRIu32 ", %u, 0);\n",
	    struct_discriminant_offset(context->node) * 2, field_discriminant(context->field));
}

static void
emit_scalar(struct field_context *context, view_t type)
{
	FILE *out = context->emitter->out;
	enum type_kind kind = type_kind(type);
	unsigned bytes = scalar_bytes(kind);
	uint32_t offset = field_offset(context->field) * (kind == TYPE_BOOL ? 1 : bytes);
	uint64_t fallback = value_bits(field_default(context->field), kind);
	struct name c_type = { "" };
	const char *decode = "";
	const char *encode = "";

	if (kind == TYPE_ENUM)
		snprintf(c_type.text, sizeof(c_type.text), "enum %s",
		    type_name(context->emitter, type).text);
	else
		snprintf(c_type.text, sizeof(c_type.text), "%s", scalar_c_type(kind));
	if (kind == TYPE_BOOL) {
		fprintf(out,
		    "static inline bool\n%s(struct %s from)\n{\n\treturn capnp_get_bool(from.s, %" PRIu32
		    ", %s);\n}\n\n",
		    context->name.text, context->owner.text, offset, fallback ? "true" : "false");
		fprintf(out, "static inline void\n%s_set_%s(struct %s_builder to, bool value)\n{\n",
		    context->owner.text, context->name.text + strlen(context->owner.text) + 1,
		    context->owner.text);
		emit_discriminant(context);
		fprintf(out, "\tcapnp_set_bool(to.s, %" PRIu32 ", value, %s);\n}\n\n", offset,
		    fallback ? "true" : "false");
		return;
	}
	if (kind == TYPE_FLOAT32) {
		decode = "capnp_float";
		encode = "capnp_float_bits";
	} else if (kind == TYPE_FLOAT64) {
		decode = "capnp_double";
		encode = "capnp_double_bits";
	}
	fprintf(out,
	    "static inline %s\n%s(struct %s from)\n{\n\treturn (%s)%s(capnp_get_u%u(from.s, %" PRIu32
	    ", UINT64_C(%" PRIu64 ") & UINT%u_MAX));\n}\n\n",
	    c_type.text, context->name.text, context->owner.text, c_type.text, decode, bytes * 8,
	    offset, fallback, bytes * 8);
	fprintf(out, "static inline void\n%s_set_%s(struct %s_builder to, %s value)\n{\n",
	    context->owner.text, context->name.text + strlen(context->owner.text) + 1,
	    context->owner.text, c_type.text);
	emit_discriminant(context);
	fprintf(out,
	    "\tcapnp_set_u%u(to.s, %" PRIu32 ", (uint%u_t)%s(value), UINT64_C(%" PRIu64
	    ") & UINT%u_MAX);\n}\n\n",
	    bytes * 8, offset, bytes * 8, encode, fallback, bytes * 8);
}

/* The words of a default pointer value, as a constant of its own. False: it has none. */
static bool
emit_default_words(struct field_context *context, enum type_kind kind)
{
	static uint64_t buffer[4096];
	struct capnp_builder builder;
	size_t words;

	if (!field_has_default(context->field) || type_is_cap(kind))
		return false;
	capnp_builder_init(&builder, buffer, sizeof(buffer));
	capnp_any_copy(
	    capnp_builder_root_any(&builder), capnp_get_any(field_default(context->field), 0));
	words = capnp_builder_finish(&builder) / 8;
	if (words == 0) {
		fprintf(
		    stderr, "capnpc-capos: the default of %s is too large\n", context->name.text);
		exit(1);
	}
	fprintf(context->emitter->out, "static const uint64_t %s_default_words[] = {",
	    context->name.text);
	for (size_t i = 1; i < words; i++)
		fprintf(context->emitter->out, " UINT64_C(0x%" PRIx64 "),", buffer[i]);
	fprintf(context->emitter->out, " };\n");
	return true;
}

/* `any` expression for reading the field. */
static struct name
any_expression(struct field_context *context, bool has_default)
{
	struct name expression;

	if (has_default)
		snprintf(expression.text, sizeof(expression.text),
		    "capnp_get_any_or(from.s, %" PRIu32 ", %s_default_words)",
		    field_offset(context->field), context->name.text);
	else
		snprintf(expression.text, sizeof(expression.text),
		    "capnp_get_any(from.s, %" PRIu32 ")", field_offset(context->field));
	return expression;
}

static void
emit_getter(struct field_context *context, const char *c_type, const char *expression)
{
	fprintf(context->emitter->out,
	    "static inline %s\n%s(struct %s from)\n{\n\treturn %s;\n}\n\n", c_type,
	    context->name.text, context->owner.text, expression);
}

/* `verb` is "set" or "init"; `parameters` begins with a comma if there are any. */
static void
emit_setter_head(
    struct field_context *context, const char *c_type, const char *verb, const char *parameters)
{
	fprintf(context->emitter->out, "static inline %s\n%s_%s_%s(struct %s_builder to%s)\n{\n",
	    c_type, context->owner.text, verb, context->name.text + strlen(context->owner.text) + 1,
	    context->owner.text, parameters);
	emit_discriminant(context);
}

static void
emit_blob(struct field_context *context, bool is_text)
{
	const char *noun = is_text ? "text" : "data";
	bool has_default = emit_default_words(context, is_text ? TYPE_TEXT : TYPE_DATA);
	FILE *out = context->emitter->out;
	char buffer[NAME_BYTES * 2];
	char c_type[32];
	char parameters[64];

	snprintf(c_type, sizeof(c_type), "struct capnp_%s", noun);
	snprintf(parameters, sizeof(parameters), ", struct capnp_%s value", noun);
	snprintf(buffer, sizeof(buffer), "capnp_any_%s(%s)", noun,
	    any_expression(context, has_default).text);
	emit_getter(context, c_type, buffer);
	emit_setter_head(context, "void", "set", parameters);
	fprintf(out, "\tcapnp_any_set_%s(capnp_set_any(to.s, %" PRIu32 "), value);\n}\n\n", noun,
	    field_offset(context->field));
	emit_setter_head(context, is_text ? "char *" : "uint8_t *", "init", ", uint32_t size");
	fprintf(out, "\treturn capnp_any_init_%s(capnp_set_any(to.s, %" PRIu32 "), size);\n}\n\n",
	    noun, field_offset(context->field));
}

static void
emit_struct_field(struct field_context *context, view_t type)
{
	struct name target = type_name(context->emitter, type);
	struct name upper = name_upper(target);
	bool has_default = emit_default_words(context, TYPE_STRUCT);
	char c_type[NAME_BYTES + 32];
	char buffer[NAME_BYTES * 3];

	snprintf(c_type, sizeof(c_type), "struct %s", target.text);
	snprintf(buffer, sizeof(buffer), "(struct %s){ capnp_any_struct(%s) }", target.text,
	    any_expression(context, has_default).text);
	emit_getter(context, c_type, buffer);
	snprintf(c_type, sizeof(c_type), "struct %s_builder", target.text);
	emit_setter_head(context, c_type, "init", "");
	fprintf(context->emitter->out,
	    "\treturn (struct %s_builder){ capnp_any_init_struct(capnp_set_any(to.s, %" PRIu32
	    "), %s_DATA_WORDS, %s_POINTER_COUNT) };\n}\n\n",
	    target.text, field_offset(context->field), upper.text, upper.text);
}

static void
emit_list(struct field_context *context, view_t type)
{
	view_t element = type_element(type);
	enum type_kind kind = type_kind(element);
	bool is_struct = kind == TYPE_STRUCT;
	struct name target =
	    is_struct ? type_name(context->emitter, element) : (struct name){ "capnp" };
	struct name upper = name_upper(target);
	bool has_default = emit_default_words(context, TYPE_LIST);
	char c_type[NAME_BYTES + 32];
	char buffer[NAME_BYTES * 3];

	snprintf(c_type, sizeof(c_type), "struct %s_list", target.text);
	snprintf(buffer, sizeof(buffer),
	    is_struct ? "(struct %s_list){ capnp_any_list(%s, %s) }" : "%.0scapnp_any_list(%s, %s)",
	    target.text, any_expression(context, has_default).text, element_constant(kind));
	emit_getter(context, c_type, buffer);
	snprintf(c_type, sizeof(c_type), "struct %s_list_builder", target.text);
	emit_setter_head(context, c_type, "init", ", uint32_t count");
	if (is_struct)
		fprintf(context->emitter->out,
		    "\treturn (struct %s_list_builder){ capnp_any_init_struct_list(capnp_set_any(to.s, %" PRIu32
		    "), count, %s_DATA_WORDS, %s_POINTER_COUNT) };\n}\n\n",
		    target.text, field_offset(context->field), upper.text, upper.text);
	else
		fprintf(context->emitter->out,
		    "\treturn capnp_any_init_list(capnp_set_any(to.s, %" PRIu32
		    "), %s, count);\n}\n\n",
		    field_offset(context->field), element_constant(kind));
}

static void
emit_cap(struct field_context *context)
{
	FILE *out = context->emitter->out;
	char buffer[NAME_BYTES];

	snprintf(buffer, sizeof(buffer), "capnp_get_cap(from.s, %" PRIu32 ")",
	    field_offset(context->field));
	emit_getter(context, "struct capnp_cap", buffer);
	emit_setter_head(context, "void", "set", ", struct capnp_cap value");
	if (context->is_root)
		fprintf(out,
		    "\tcapnp_any_set_root_cap(capnp_set_any(to.s, %" PRIu32 "), %" PRIu32
		    ", value);\n}\n\n",
		    field_offset(context->field), context->cap_ordinal);
	else
		fprintf(out, "\tcapnp_any_set_cap(capnp_set_any(to.s, %" PRIu32 "), value);\n}\n\n",
		    field_offset(context->field));
}

static void
emit_any(struct field_context *context)
{
	bool has_default = emit_default_words(context, TYPE_ANY);

	emit_getter(context, "struct capnp_any", any_expression(context, has_default).text);
	emit_setter_head(context, "struct capnp_any_builder", "init", "");
	fprintf(context->emitter->out, "\treturn capnp_set_any(to.s, %" PRIu32 ");\n}\n\n",
	    field_offset(context->field));
}

static void
emit_group_field(struct field_context *context)
{
	struct name group =
	    name_of_node(request_node(context->emitter->request, field_group_id(context->field)));
	char c_type[NAME_BYTES + 32];
	char buffer[NAME_BYTES * 2];

	snprintf(c_type, sizeof(c_type), "struct %s", group.text);
	snprintf(buffer, sizeof(buffer), "(struct %s){ from.s }", group.text);
	/* Struct and accessor share the group's name: the accessor says what it does. */
	fprintf(context->emitter->out,
	    "static inline %s\n%s_get_%s(struct %s from)\n{\n\treturn %s;\n}\n\n", c_type,
	    context->owner.text, context->name.text + strlen(context->owner.text) + 1,
	    context->owner.text, buffer);
	snprintf(c_type, sizeof(c_type), "struct %s_builder", group.text);
	emit_setter_head(context, c_type, "init", "");
	fprintf(context->emitter->out, "\treturn (struct %s_builder){ to.s };\n}\n\n", group.text);
}

static void
emit_field(struct field_context *context)
{
	view_t type = field_type(context->field);
	enum type_kind kind = type_kind(type);

	if (field_is_group(context->field)) {
		emit_group_field(context);
		return;
	}
	if (is_scalar(kind)) {
		emit_scalar(context, type);
		return;
	}
	switch (kind) {
	case TYPE_VOID:
		if (field_discriminant(context->field) == NO_DISCRIMINANT)
			break;
		emit_setter_head(context, "void", "set", "");
		fprintf(context->emitter->out, "}\n\n");
		break;
	case TYPE_TEXT:
	case TYPE_DATA:
		emit_blob(context, kind == TYPE_TEXT);
		break;
	case TYPE_LIST:
		emit_list(context, type);
		break;
	case TYPE_STRUCT:
		emit_struct_field(context, type);
		break;
	case TYPE_INTERFACE:
	case TYPE_CAPABILITY:
		emit_cap(context);
		break;
	default:
		emit_any(context);
		break;
	}
	if (kind >= TYPE_TEXT && kind != TYPE_ENUM)
		fprintf(context->emitter->out,
		    "static inline bool\n%s_has_%s(struct %s from)\n{\n\treturn capnp_has_pointer(from.s, %" PRIu32
		    ");\n}\n\n",
		    context->owner.text, context->name.text + strlen(context->owner.text) + 1,
		    context->owner.text, field_offset(context->field));
}

static void
emit_which(struct emitter *emitter, view_t node, struct name owner)
{
	struct capnp_list fields = node_members(node);
	struct name upper = name_upper(owner);

	if (struct_discriminant_count(node) == 0)
		return;
	fprintf(emitter->out, "enum %s_which {\n", owner.text);
	for (uint32_t i = 0; i < fields.count; i++) {
		view_t field = capnp_list_struct(fields, i);

		if (field_discriminant(field) != NO_DISCRIMINANT)
			fprintf(emitter->out, "\t%s_WHICH_%s = %u,\n", upper.text,
			    name_upper(name_snake(member_name(field))).text,
			    field_discriminant(field));
	}
	fprintf(emitter->out, "};\n\n");
	fprintf(emitter->out,
	    "static inline enum %s_which\n%s_which(struct %s from)\n{\n\treturn (enum %s_which)capnp_get_u16(from.s, %" PRIu32
	    ", 0);\n}\n\n",
	    owner.text, owner.text, owner.text, owner.text, struct_discriminant_offset(node) * 2);
}

static void
emit_fields(struct emitter *emitter, view_t node)
{
	struct name owner = name_of_node(node);
	struct capnp_list fields = node_members(node);
	struct field_context context = { .emitter = emitter, .owner = owner, .node = node };

	if (node_is_generic(node)) {
		fprintf(stderr, "capnpc-capos: %s is generic; generics are not supported\n",
		    owner.text);
		exit(1);
	}
	context.is_root = struct_is_message_root(emitter, node_id(node));
	emit_which(emitter, node, owner);
	for (uint32_t i = 0; i < fields.count; i++) {
		context.field = capnp_list_struct(fields, i);
		context.name = name_join(owner, name_snake(member_name(context.field)));
		emit_comment(
		    emitter, request_member_comment(emitter->request, node_id(node), i), false);
		emit_field(&context);
		if (!field_is_group(context.field))
			context.cap_ordinal += type_is_cap(type_kind(field_type(context.field)));
	}
}

static void
emit_struct_types(struct emitter *emitter, view_t node)
{
	struct name name = name_of_node(node);
	struct name upper = name_upper(name);
	FILE *out = emitter->out;

	emit_comment(emitter, request_comment(emitter->request, node_id(node)), false);
	fprintf(out, "struct %s {\n\tstruct capnp_struct s;\n};\n", name.text);
	fprintf(out, "struct %s_builder {\n\tstruct capnp_struct_builder s;\n};\n", name.text);
	if (struct_is_group(node)) {
		fprintf(out, "\n");
		return;
	}
	fprintf(out, "struct %s_list {\n\tstruct capnp_list l;\n};\n", name.text);
	fprintf(out, "struct %s_list_builder {\n\tstruct capnp_list_builder l;\n};\n", name.text);
	fprintf(out,
	    "enum {\n\t%s_DATA_WORDS = %u,\n\t%s_POINTER_COUNT = %u,\n\t%s_CAP_COUNT = %u,\n",
	    upper.text, struct_data_words(node), upper.text, struct_pointer_count(node), upper.text,
	    struct_is_message_root(emitter, node_id(node)) ? struct_cap_count(emitter, node) : 0);
	fprintf(out, "\t%s_CAP_MAX = %u,\n};\n\n", upper.text, struct_cap_max(emitter, node));
}

static void
emit_struct_roots(struct emitter *emitter, view_t node)
{
	struct name name = name_of_node(node);
	struct name upper = name_upper(name);
	const char *n = name.text;
	FILE *out = emitter->out;

	if (struct_is_group(node))
		return;
	fprintf(out,
	    "static inline struct %s\n%s_root(struct capnp_reader *reader)\n{\n"
	    "\treturn (struct %s){ capnp_reader_root(reader) };\n}\n\n",
	    n, n, n);
	fprintf(out,
	    "static inline struct %s_builder\n%s_init_root(struct capnp_builder *builder)\n{\n"
	    "\treturn (struct %s_builder){ capnp_builder_root(builder, %s_DATA_WORDS, %s_POINTER_COUNT, "
	    "%s_CAP_COUNT) };\n}\n\n",
	    n, n, n, upper.text, upper.text, upper.text);
	fprintf(out,
	    "static inline uint32_t\n%s_list_size(struct %s_list list)\n{\n\treturn list.l.count;\n}\n\n",
	    n, n);
	fprintf(out,
	    "static inline struct %s\n%s_at(struct %s_list list, uint32_t index)\n{\n"
	    "\treturn (struct %s){ capnp_list_struct(list.l, index) };\n}\n\n",
	    n, n, n, n);
	fprintf(out,
	    "static inline struct %s_builder\n%s_builder_at(struct %s_list_builder list, uint32_t index)\n{\n"
	    "\treturn (struct %s_builder){ capnp_list_struct_builder(list.l, index) };\n}\n\n",
	    n, n, n, n);
}

/* Comments become C strings: quotes and line ends are escaped. */
static void
emit_string(FILE *out, struct capnp_text text)
{
	fputc('"', out);
	for (uint32_t i = 0; i < text.size; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			fputc('\\', out);
		if (text.data[i] == '\n') {
			if (i + 1 < text.size)
				fputs(" ", out);
			continue;
		}
		fputc(text.data[i], out);
	}
	fputc('"', out);
}

static void
emit_status_functions(struct emitter *emitter, view_t node)
{
	struct capnp_list members = node_members(node);

	fprintf(emitter->out,
	    "/* The name as it stands in C. */\nstatic inline const char *\n"
	    "cap_status_name(enum cap_status status)\n{\n\tswitch (status) {\n");
	for (uint32_t i = 0; i < members.count; i++) {
		struct name name =
		    name_upper(name_snake(member_name(capnp_list_struct(members, i))));
		const char *prefix = i == 0 ? "CAP_" : "CAP_ERR_";

		fprintf(emitter->out, "\tcase %s%s:\n\t\treturn \"%s%s\";\n", prefix, name.text,
		    prefix, name.text);
	}
	fprintf(emitter->out, "\tdefault:\n\t\treturn \"unknown status\";\n\t}\n}\n\n");
	fprintf(emitter->out,
	    "/* A sentence for people. */\nstatic inline const char *\n"
	    "cap_status_sentence(enum cap_status status)\n{\n\tswitch (status) {\n");
	for (uint32_t i = 0; i < members.count; i++) {
		struct name name =
		    name_upper(name_snake(member_name(capnp_list_struct(members, i))));

		fprintf(emitter->out, "\tcase %s%s:\n\t\treturn ", i == 0 ? "CAP_" : "CAP_ERR_",
		    name.text);
		emit_string(
		    emitter->out, request_member_comment(emitter->request, node_id(node), i));
		fprintf(emitter->out, ";\n");
	}
	fprintf(emitter->out, "\tdefault:\n\t\treturn \"Unknown status.\";\n\t}\n}\n\n");
}

static void
emit_enum(struct emitter *emitter, view_t node)
{
	struct name name = name_of_node(node);
	struct name upper = name_upper(name);
	struct capnp_list members = node_members(node);
	view_t value;
	bool is_status = annotation_find(emitter, node, "c_status", &value);

	emit_comment(emitter, request_comment(emitter->request, node_id(node)), false);
	fprintf(emitter->out, "enum %s {\n", name.text);
	for (uint32_t i = 0; i < members.count; i++) {
		struct name member =
		    name_upper(name_snake(member_name(capnp_list_struct(members, i))));

		emit_comment(
		    emitter, request_member_comment(emitter->request, node_id(node), i), true);
		if (is_status)
			fprintf(emitter->out, "\tCAP_%s%s = -%u,\n", i == 0 ? "" : "ERR_",
			    member.text, i);
		else
			fprintf(emitter->out, "\t%s_%s = %u,\n", upper.text, member.text, i);
	}
	if (!is_status)
		fprintf(emitter->out, "};\nenum {\n\t%s_COUNT = %u,\n", upper.text, members.count);
	fprintf(emitter->out, "};\n\n");
	if (is_status)
		emit_status_functions(emitter, node);
}

static void
emit_constant(struct emitter *emitter, view_t node)
{
	struct name upper = name_upper(name_of_node(node));
	enum type_kind kind = type_kind(capnp_get_struct(node, 3));
	uint64_t bits = value_bits(capnp_get_struct(node, 4), kind);

	if (kind < TYPE_INT8 || kind > TYPE_UINT64) {
		fprintf(
		    stderr, "capnpc-capos: constant %s: only integers are supported\n", upper.text);
		exit(1);
	}
	emit_comment(emitter, request_comment(emitter->request, node_id(node)), false);
	if (bits <= INT32_MAX)
		fprintf(emitter->out, "enum { %s = %" PRIu64 " };\n\n", upper.text, bits);
	else
		fprintf(emitter->out, "#define %s UINT64_C(%" PRIu64 ")\n\n", upper.text, bits);
}

static void
emit_interface_numbers(struct emitter *emitter, view_t node)
{
	struct name upper = name_upper(name_of_node(node));
	struct capnp_list methods = node_members(node);

	emit_comment(emitter, request_comment(emitter->request, node_id(node)), false);
	fprintf(emitter->out, "#define %s_INTERFACE_ID UINT64_C(0x%" PRIx64 ")\nenum {\n",
	    upper.text, node_id(node));
	for (uint32_t i = 0; i < methods.count; i++)
		fprintf(emitter->out, "\t%s_METHOD_%s = %u,\n", upper.text,
		    name_upper(name_snake(member_name(capnp_list_struct(methods, i)))).text, i);
	fprintf(emitter->out, "\t%s_METHOD_COUNT = %u,\n};\n\n", upper.text, methods.count);
}

static void
emit_imports(struct emitter *emitter, view_t file)
{
	struct capnp_list files = emitter->request->files;

	for (uint32_t i = 0; i < files.count; i++) {
		view_t requested = capnp_list_struct(files, i);
		struct capnp_list imports;

		if (node_id(requested) != node_id(file))
			continue;
		imports = capnp_get_list(requested, 1, CAPNP_ELEMENT_STRUCT);
		for (uint32_t k = 0; k < imports.count; k++) {
			struct capnp_text name = capnp_get_text(capnp_list_struct(imports, k), 0);

			fprintf(emitter->out, "#include \"%s.h\"\n", name.data);
		}
	}
}

void
emit_messages(struct emitter *emitter, view_t file)
{
	emit_head(emitter, "messages");
	fprintf(emitter->out,
	    "#pragma once\n#include <capnp/builder.h>\n#include <capnp/reader.h>\n\n");
	emit_imports(emitter, file);
	fprintf(emitter->out, "\n");
	for_each_node(emitter, file, NODE_CONST, emit_constant);
	for_each_node(emitter, file, NODE_ENUM, emit_enum);
	for_each_node(emitter, file, NODE_INTERFACE, emit_interface_numbers);
	for_each_struct(emitter, file, emit_struct_types);
	for_each_struct(emitter, file, emit_struct_roots);
	for_each_struct(emitter, file, emit_fields);
}
