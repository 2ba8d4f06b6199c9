/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `<area>.reflect.c`: the schema as constant tables (lib/capnp/reflect.h), comments included.
 * Tables are named by node id, so that files can refer to each other's.
 */
#include <inttypes.h>

#include "emit.h"

static void
emit_string(FILE *out, struct capnp_text text)
{
	uint32_t size = text.size;

	while (size > 0 && text.data[size - 1] == '\n')
		size--;
	fputc('"', out);
	for (uint32_t i = 0; i < size; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			fputc('\\', out);
		if (text.data[i] == '\n')
			fputs("\\n", out);
		else
			fputc(text.data[i], out);
	}
	fputc('"', out);
}

/* The part of a display name that a person knows: behind the file, and for the structs of methods
 * all of it. */
static struct capnp_text
short_name(view_t node)
{
	struct capnp_text name = node_display_name(node);
	const char *colon = memchr(name.data, ':', name.size);

	if (colon != NULL) {
		name.size -= (uint32_t)(colon + 1 - name.data);
		name.data = colon + 1;
	}
	return name;
}

static void
emit_type(struct emitter *emitter, view_t type, const char *list_name)
{
	enum type_kind kind = type_kind(type);

	fprintf(emitter->out, "{ .kind = %d", (int)kind);
	switch (kind) {
	case TYPE_LIST:
		fprintf(emitter->out, ", .element = &%s", list_name);
		break;
	case TYPE_ENUM:
		fprintf(emitter->out, ", .enumeration = &reflect_enum_%" PRIx64, type_id(type));
		break;
	case TYPE_STRUCT:
		fprintf(emitter->out, ", .structure = &reflect_struct_%" PRIx64, type_id(type));
		break;
	case TYPE_INTERFACE:
		fprintf(emitter->out, ", .interface = &reflect_interface_%" PRIx64, type_id(type));
		break;
	default:
		break;
	}
	fprintf(emitter->out, " }");
}

/* Element types of lists are objects of their own, innermost first: <prefix>_0 is the outermost
 * list's element. */
static void
emit_element_types(struct emitter *emitter, view_t type, const char *prefix, uint32_t level)
{
	char inner[NAME_BYTES + 16];
	view_t element;

	if (type_kind(type) != TYPE_LIST)
		return;
	element = type_element(type);
	emit_element_types(emitter, element, prefix, level + 1);
	snprintf(inner, sizeof(inner), "%s_%u", prefix, level + 1);
	fprintf(emitter->out, "static const struct reflect_type %s_%u = ", prefix, level);
	emit_type(emitter, element, inner);
	fprintf(emitter->out, ";\n");
}

static void
emit_field(struct emitter *emitter, view_t node, uint32_t index, uint32_t cap_ordinal)
{
	view_t field = capnp_list_struct(node_members(node), index);
	view_t type = field_type(field);
	char list_name[NAME_BYTES];

	fprintf(emitter->out, "\t{ .name = \"%s\", .comment = ", member_name(field).data);
	emit_string(emitter->out, request_member_comment(emitter->request, node_id(node), index));
	fprintf(emitter->out, ", .type = ");
	if (field_is_group(field)) {
		fprintf(emitter->out, "{ .kind = %d, .structure = &reflect_struct_%" PRIx64 " }",
		    TYPE_STRUCT, field_group_id(field));
	} else {
		snprintf(
		    list_name, sizeof(list_name), "element_%" PRIx64 "_%u_0", node_id(node), index);
		emit_type(emitter, type, list_name);
		fprintf(emitter->out, ", .offset = %u, .default_bits = UINT64_C(%" PRIu64 ")",
		    field_offset(field), value_bits(field_default(field), type_kind(type)));
	}
	fprintf(emitter->out,
	    ", .discriminant = %u, .cap_ordinal = %u, .is_group = %s, .has_default = %s },\n",
	    field_discriminant(field), cap_ordinal, field_is_group(field) ? "true" : "false",
	    !field_is_group(field) && field_has_default(field) ? "true" : "false");
}

static void
emit_struct(struct emitter *emitter, view_t node)
{
	struct capnp_list fields = node_members(node);
	uint64_t id = node_id(node);
	bool is_root = struct_is_message_root(emitter, id);
	uint32_t next_ordinal = 0;
	struct capnp_text name = short_name(node);

	for (uint32_t i = 0; i < fields.count; i++) {
		view_t field = capnp_list_struct(fields, i);
		char prefix[NAME_BYTES];

		snprintf(prefix, sizeof(prefix), "element_%" PRIx64 "_%u", id, i);
		if (!field_is_group(field))
			emit_element_types(emitter, field_type(field), prefix, 0);
	}
	if (fields.count != 0)
		fprintf(emitter->out,
		    "static const struct reflect_field fields_%" PRIx64 "[] = {\n", id);
	for (uint32_t i = 0; i < fields.count; i++) {
		view_t field = capnp_list_struct(fields, i);
		bool numbered =
		    is_root && !field_is_group(field) && type_is_cap(type_kind(field_type(field)));

		emit_field(emitter, node, i, numbered ? next_ordinal++ : 0xff);
	}
	if (fields.count != 0)
		fprintf(emitter->out, "};\n");
	fprintf(emitter->out,
	    "const struct reflect_struct reflect_struct_%" PRIx64
	    " = { \"%.*s\", UINT64_C(0x%" PRIx64 "), %u, %u, %u, %u, %u, %u, ",
	    id, (int)name.size, name.data, id, struct_data_words(node), struct_pointer_count(node),
	    struct_discriminant_count(node), is_root ? struct_cap_count(emitter, node) : 0,
	    struct_discriminant_offset(node), fields.count);
	if (fields.count != 0)
		fprintf(emitter->out, "fields_%" PRIx64 " };\n\n", id);
	else
		fprintf(emitter->out, "NULL };\n\n");
}

static void
emit_enum(struct emitter *emitter, view_t node)
{
	struct capnp_list members = node_members(node);
	struct capnp_text name = short_name(node);

	fprintf(emitter->out, "static const char *const names_%" PRIx64 "[] = {", node_id(node));
	for (uint32_t i = 0; i < members.count; i++)
		fprintf(emitter->out, " \"%s\",", member_name(capnp_list_struct(members, i)).data);
	fprintf(emitter->out,
	    " };\nconst struct reflect_enum reflect_enum_%" PRIx64
	    " = { \"%.*s\", %u, names_%" PRIx64 " };\n\n",
	    node_id(node), (int)name.size, name.data, members.count, node_id(node));
}

/* enum reflect_transfer, which has the values of the schema's TransferMode. */
static unsigned
transfer_mode(struct emitter *emitter, view_t node)
{
	view_t value;

	return annotation_find(emitter, node, "transfer", &value)
	    ? (unsigned)value_bits(value, TYPE_ENUM)
	    : 0;
}

static void
emit_interface(struct emitter *emitter, view_t node)
{
	struct capnp_list methods = node_members(node);
	struct capnp_text name = short_name(node);
	uint64_t id = node_id(node);

	if (methods.count != 0)
		fprintf(emitter->out,
		    "static const struct reflect_method methods_%" PRIx64 "[] = {\n", id);
	for (uint32_t i = 0; i < methods.count; i++) {
		view_t method = capnp_list_struct(methods, i);

		fprintf(emitter->out, "\t{ \"%s\", ", member_name(method).data);
		emit_string(emitter->out, request_member_comment(emitter->request, id, i));
		fprintf(emitter->out,
		    ", &reflect_struct_%" PRIx64 ", &reflect_struct_%" PRIx64 " },\n",
		    method_params_id(method), method_results_id(method));
	}
	if (methods.count != 0)
		fprintf(emitter->out, "};\n");
	fprintf(emitter->out,
	    "const struct reflect_interface reflect_interface_%" PRIx64 " = { \"%.*s\", ", id,
	    (int)name.size, name.data);
	emit_string(emitter->out, request_comment(emitter->request, id));
	fprintf(emitter->out, ", UINT64_C(0x%" PRIx64 "), %u, %u, ", id,
	    transfer_mode(emitter, node), methods.count);
	if (methods.count != 0)
		fprintf(emitter->out, "methods_%" PRIx64 " };\n\n", id);
	else
		fprintf(emitter->out, "NULL };\n\n");
}

/* Every table of the request, so that any file can point to any other's. */
void
emit_reflection_declarations(const struct request *request, FILE *out)
{
	for (uint32_t i = 0; i < request->nodes.count; i++) {
		view_t node = capnp_list_struct(request->nodes, i);
		static const char *const kinds[] = { NULL, "struct", "enum", "interface" };

		if (node_kind(node) >= NODE_STRUCT && node_kind(node) <= NODE_INTERFACE)
			fprintf(out, "extern const struct reflect_%s reflect_%s_%" PRIx64 ";\n",
			    kinds[node_kind(node)], kinds[node_kind(node)], node_id(node));
	}
}

void
emit_reflection(struct emitter *emitter, view_t file)
{
	emit_head(emitter, "reflection tables");
	fprintf(emitter->out, "#include <capnp/reflect.h>\n\n");
	emit_reflection_declarations(emitter->request, emitter->out);
	fprintf(emitter->out, "\n");
	for_each_node(emitter, file, NODE_ENUM, emit_enum);
	for_each_struct(emitter, file, emit_struct);
	for_each_node(emitter, file, NODE_INTERFACE, emit_interface);
}

void
emit_registry(const struct request *request, FILE *out)
{
	fprintf(out,
	    "/* SPDX-License-Identifier: Apache-2.0 */\n"
	    "/* Generated by capnpc-capos: every interface of the schema. Not to be edited. */\n"
	    "#include <capnp/reflect.h>\n\n");
	emit_reflection_declarations(request, out);
	fprintf(out, "\nconst struct reflect_interface *const reflect_registry[] = {\n");
	for (uint32_t i = 0; i < request->nodes.count; i++) {
		view_t node = capnp_list_struct(request->nodes, i);

		if (node_kind(node) == NODE_INTERFACE)
			fprintf(out, "\t&reflect_interface_%" PRIx64 ",\n", node_id(node));
	}
	fprintf(out, "\tNULL,\n};\n\nconst struct reflect_struct *const reflect_structs[] = {\n");
	for (uint32_t i = 0; i < request->nodes.count; i++) {
		view_t node = capnp_list_struct(request->nodes, i);

		if (node_kind(node) == NODE_STRUCT)
			fprintf(out, "\t&reflect_struct_%" PRIx64 ",\n", node_id(node));
	}
	fprintf(out, "\tNULL,\n};\n");
}
