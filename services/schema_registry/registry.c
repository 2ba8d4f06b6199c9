/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of SchemaRegistry; see registry.h. */
#include "registry.h"

#include <capnp/reflect.h>
#include <schema/schema_registry.server.h>

_Static_assert((int)TYPE_KIND_FLOAT64 == REFLECT_FLOAT64 && (int)TYPE_KIND_LIST == REFLECT_LIST &&
	(int)TYPE_KIND_ANY_POINTER == REFLECT_ANY,
    "kinds have the numbers of the tables");
_Static_assert((int)TRANSFER_MODE_MOVE == REFLECT_TRANSFER_MOVE &&
	(int)TRANSFER_MODE_NONE == REFLECT_TRANSFER_NONE,
    "so have transfer modes");

static void
fill_enum(struct type_info_builder to, const struct reflect_enum *from)
{
	struct capnp_list_builder names = type_info_init_enumerants(to, from->count);

	type_info_set_name(to, capnp_text_from_string(from->name));
	for (uint32_t i = 0; i < from->count; i++)
		capnp_any_set_text(
		    capnp_list_any_builder(names, i), capnp_text_from_string(from->names[i]));
}

static void
fill_type(struct type_info_builder to, const struct reflect_type *from)
{
	uint8_t depth = 0;

	for (; from->kind == REFLECT_LIST; from = from->element)
		depth++;
	type_info_set_list_depth(to, depth);
	type_info_set_kind(to,
	    from->kind == REFLECT_CAPABILITY ? TYPE_KIND_CAPABILITY : (enum type_kind)from->kind);
	switch (from->kind) {
	case REFLECT_ENUM:
		fill_enum(to, from->enumeration);
		break;
	case REFLECT_STRUCT:
		type_info_set_id(to, from->structure->id);
		type_info_set_name(to, capnp_text_from_string(from->structure->name));
		break;
	case REFLECT_INTERFACE:
		type_info_set_id(to, from->interface->id);
		type_info_set_name(to, capnp_text_from_string(from->interface->name));
		break;
	default:
		break;
	}
}

static void
fill_field(struct field_info_builder to, const struct reflect_field *from)
{
	field_info_set_name(to, capnp_text_from_string(from->name));
	field_info_set_comment(to, capnp_text_from_string(from->comment));
	fill_type(field_info_init_type(to), &from->type);
	field_info_set_offset(to, from->offset);
	field_info_set_discriminant(to, from->discriminant);
	field_info_set_cap_ordinal(to, from->cap_ordinal);
	field_info_set_is_group(to, from->is_group);
	field_info_set_has_default(to, from->has_default);
	field_info_set_default_bits(to, from->default_bits);
}

static void
fill_struct(struct struct_info_builder to, const struct reflect_struct *from)
{
	struct field_info_list_builder fields = struct_info_init_fields(to, from->field_count);

	struct_info_set_name(to, capnp_text_from_string(from->name));
	struct_info_set_id(to, from->id);
	struct_info_set_data_words(to, from->data_words);
	struct_info_set_pointer_count(to, from->pointer_count);
	struct_info_set_discriminant_count(to, from->discriminant_count);
	struct_info_set_discriminant_offset(to, from->discriminant_offset);
	for (uint32_t i = 0; i < from->field_count; i++)
		fill_field(field_info_builder_at(fields, i), &from->fields[i]);
}

static void
fill_interface(struct interface_info_builder to, const struct reflect_interface *from)
{
	struct method_info_list_builder methods =
	    interface_info_init_methods(to, from->method_count);

	interface_info_set_id(to, from->id);
	interface_info_set_name(to, capnp_text_from_string(from->name));
	interface_info_set_comment(to, capnp_text_from_string(from->comment));
	interface_info_set_transfer(to, (enum transfer_mode)from->transfer);
	for (uint32_t i = 0; i < from->method_count; i++) {
		struct method_info_builder method = method_info_builder_at(methods, i);

		method_info_set_name(method, capnp_text_from_string(from->methods[i].name));
		method_info_set_comment(method, capnp_text_from_string(from->methods[i].comment));
		method_info_set_params(method, from->methods[i].params->id);
		method_info_set_results(method, from->methods[i].results->id);
	}
}

static enum cap_status
registry_interfaces(struct schema_registry_server *server,
    struct schema_registry_interfaces_params params,
    struct schema_registry_interfaces_results_builder results, const struct capos_caller *caller)
{
	uint32_t first = schema_registry_interfaces_params_first(params);
	struct interface_name_list_builder names;
	uint32_t total = 0;
	uint32_t count;

	(void)server;
	(void)caller;
	while (reflect_registry[total] != NULL)
		total++;
	if (first > total)
		first = total;
	count = total - first > REGISTRY_NAMES_MAX ? REGISTRY_NAMES_MAX : total - first;
	schema_registry_interfaces_results_set_total(results, total);
	names = schema_registry_interfaces_results_init_interfaces(results, count);
	for (uint32_t i = 0; i < count; i++) {
		const struct reflect_interface *from = reflect_registry[first + i];
		struct interface_name_builder name = interface_name_builder_at(names, i);

		interface_name_set_id(name, from->id);
		interface_name_set_name(name, capnp_text_from_string(from->name));
	}
	return CAP_OK;
}

static enum cap_status
registry_by_id(struct schema_registry_server *server, struct schema_registry_by_id_params params,
    struct schema_registry_by_id_results_builder results, const struct capos_caller *caller)
{
	const struct reflect_interface *found =
	    reflect_interface_find(schema_registry_by_id_params_id(params));

	(void)server;
	(void)caller;
	if (found == NULL)
		return CAP_ERR_NOT_FOUND;
	fill_interface(schema_registry_by_id_results_init_interface(results), found);
	return CAP_OK;
}

static enum cap_status
registry_by_name(struct schema_registry_server *server,
    struct schema_registry_by_name_params params,
    struct schema_registry_by_name_results_builder results, const struct capos_caller *caller)
{
	const struct reflect_interface *found =
	    reflect_interface_find_by_name(schema_registry_by_name_params_name(params));

	(void)server;
	(void)caller;
	if (found == NULL)
		return CAP_ERR_NOT_FOUND;
	fill_interface(schema_registry_by_name_results_init_interface(results), found);
	return CAP_OK;
}

static enum cap_status
registry_structure(struct schema_registry_server *server,
    struct schema_registry_structure_params params,
    struct schema_registry_structure_results_builder results, const struct capos_caller *caller)
{
	const struct reflect_struct *found =
	    reflect_struct_find(schema_registry_structure_params_id(params));

	(void)server;
	(void)caller;
	if (found == NULL)
		return CAP_ERR_NOT_FOUND;
	fill_struct(schema_registry_structure_results_init_structure(results), found);
	return CAP_OK;
}

static const struct schema_registry_methods methods = {
	.interfaces = registry_interfaces,
	.by_id = registry_by_id,
	.by_name = registry_by_name,
	.structure = registry_structure,
};
SCHEMA_REGISTRY_SERVE_WITH(methods)

struct capos_interface
registry_interface(void)
{
	return schema_registry_interface(NULL);
}
