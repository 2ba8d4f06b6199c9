/* SPDX-License-Identifier: Apache-2.0 */
/* SchemaRegistry: it says what the tables say, of every interface and struct, and nothing of
 * others. */
#include "registry.h"

#include <capnp/reflect.h>
#include <schema/schema_registry.server.h>
#include <schema/timer.capnp.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"

static struct capos_caller caller;
static uint64_t param_words[64];
/* As large as an answer may be, so that everybody has room for it. */
static uint64_t result_words[4096 / 8];
static struct capnp_reader params_reader;
static struct capnp_reader answer;
static struct capnp_builder params;

void
capos_exit(int64_t code)
{
	fail_msg("the program ended with %lld", (long long)code);
	abort();
}

static void
begin(void)
{
	capnp_builder_init(&params, param_words, sizeof(param_words));
}

static enum cap_status
call(uint16_t method)
{
	struct capos_interface interface = registry_interface();
	struct capnp_builder results;
	enum cap_status status;
	size_t bytes = capnp_builder_finish(&params);

	CHECK_EQ(capnp_reader_init_single(&params_reader, param_words, bytes), CAPNP_OK);
	capnp_builder_init(&results, result_words, sizeof(result_words));
	status = interface.dispatch(interface.server, method, &params_reader, &results, &caller);
	if (status != CAP_OK)
		return status;
	bytes = capnp_builder_finish(&results);
	CHECK(bytes != 0);
	CHECK_EQ(capnp_reader_init_single(&answer, result_words, bytes), CAPNP_OK);
	return CAP_OK;
}

static enum cap_status
ask_id(uint64_t id)
{
	begin();
	schema_registry_by_id_params_set_id(schema_registry_by_id_params_init_root(&params), id);
	return call(SCHEMA_REGISTRY_METHOD_BY_ID);
}

static enum cap_status
ask_name(const char *name)
{
	begin();
	schema_registry_by_name_params_set_name(
	    schema_registry_by_name_params_init_root(&params), capnp_text_from_string(name));
	return call(SCHEMA_REGISTRY_METHOD_BY_NAME);
}

static enum cap_status
ask_struct(uint64_t id)
{
	begin();
	schema_registry_structure_params_set_id(
	    schema_registry_structure_params_init_root(&params), id);
	return call(SCHEMA_REGISTRY_METHOD_STRUCTURE);
}

static uint32_t
ask_names(uint32_t first, struct interface_name_list *names)
{
	struct schema_registry_interfaces_results results;

	begin();
	schema_registry_interfaces_params_set_first(
	    schema_registry_interfaces_params_init_root(&params), first);
	CHECK_EQ(call(SCHEMA_REGISTRY_METHOD_INTERFACES), CAP_OK);
	results = schema_registry_interfaces_results_root(&answer);
	*names = schema_registry_interfaces_results_interfaces(results);
	return schema_registry_interfaces_results_total(results);
}

static void
check_text(struct capnp_text text, const char *expected)
{
	CHECK_EQ(text.size, strlen(expected));
	CHECK_MEMORY(text.data, expected, text.size);
}

static void
check_enum(struct type_info found, const struct reflect_enum *expected)
{
	struct capnp_list names = type_info_enumerants(found);

	check_text(type_info_name(found), expected->name);
	CHECK_EQ(names.count, expected->count);
	for (uint32_t i = 0; i < names.count; i++)
		check_text(capnp_any_text(capnp_list_any(names, i)), expected->names[i]);
}

static void
check_type(struct type_info found, const struct reflect_type *expected)
{
	for (uint8_t depth = type_info_list_depth(found); depth != 0; depth--) {
		CHECK_EQ(expected->kind, REFLECT_LIST);
		expected = expected->element;
	}
	if (expected->kind == REFLECT_CAPABILITY) {
		CHECK_EQ(type_info_kind(found), TYPE_KIND_CAPABILITY);
		return;
	}
	CHECK_EQ(type_info_kind(found), expected->kind);
	if (expected->kind == REFLECT_ENUM) {
		check_enum(found, expected->enumeration);
	} else if (expected->kind == REFLECT_STRUCT) {
		CHECK_EQ(type_info_id(found), expected->structure->id);
		check_text(type_info_name(found), expected->structure->name);
	} else if (expected->kind == REFLECT_INTERFACE) {
		CHECK_EQ(type_info_id(found), expected->interface->id);
		check_text(type_info_name(found), expected->interface->name);
	}
}

static void
check_struct(struct struct_info found, const struct reflect_struct *expected)
{
	struct field_info_list fields = struct_info_fields(found);

	check_text(struct_info_name(found), expected->name);
	CHECK_EQ(struct_info_id(found), expected->id);
	CHECK_EQ(struct_info_data_words(found), expected->data_words);
	CHECK_EQ(struct_info_pointer_count(found), expected->pointer_count);
	CHECK_EQ(struct_info_discriminant_count(found), expected->discriminant_count);
	CHECK_EQ(struct_info_discriminant_offset(found), expected->discriminant_offset);
	CHECK_EQ(field_info_list_size(fields), expected->field_count);
	for (uint32_t i = 0; i < expected->field_count; i++) {
		struct field_info field = field_info_at(fields, i);
		const struct reflect_field *from = &expected->fields[i];

		check_text(field_info_name(field), from->name);
		check_text(field_info_comment(field), from->comment);
		check_type(field_info_type(field), &from->type);
		CHECK_EQ(field_info_offset(field), from->offset);
		CHECK_EQ(field_info_discriminant(field), from->discriminant);
		CHECK_EQ(field_info_cap_ordinal(field), from->cap_ordinal);
		CHECK_EQ(field_info_is_group(field), from->is_group);
		CHECK_EQ(field_info_has_default(field), from->has_default);
		CHECK_EQ(field_info_default_bits(field), from->default_bits);
	}
}

static void
check_interface(struct interface_info found, const struct reflect_interface *expected)
{
	struct method_info_list methods = interface_info_methods(found);

	CHECK_EQ(interface_info_id(found), expected->id);
	check_text(interface_info_name(found), expected->name);
	check_text(interface_info_comment(found), expected->comment);
	CHECK_EQ(interface_info_transfer(found), expected->transfer);
	CHECK_EQ(method_info_list_size(methods), expected->method_count);
	for (uint32_t i = 0; i < expected->method_count; i++) {
		struct method_info method = method_info_at(methods, i);

		check_text(method_info_name(method), expected->methods[i].name);
		check_text(method_info_comment(method), expected->methods[i].comment);
		CHECK_EQ(method_info_params(method), expected->methods[i].params->id);
		CHECK_EQ(method_info_results(method), expected->methods[i].results->id);
	}
}

TEST(every_interface_is_told_by_its_id_and_by_its_name)
{
	for (uint32_t i = 0; reflect_registry[i] != NULL; i++) {
		const struct reflect_interface *expected = reflect_registry[i];

		CHECK_EQ(ask_id(expected->id), CAP_OK);
		check_interface(schema_registry_by_id_results_interface(
				    schema_registry_by_id_results_root(&answer)),
		    expected);
		CHECK_EQ(capnp_reader_error(&answer), CAPNP_OK);
		CHECK_EQ(ask_name(expected->name), CAP_OK);
		check_interface(schema_registry_by_name_results_interface(
				    schema_registry_by_name_results_root(&answer)),
		    expected);
	}
}

TEST(every_struct_is_told_by_its_id)
{
	for (uint32_t i = 0; reflect_structs[i] != NULL; i++) {
		CHECK_EQ(ask_struct(reflect_structs[i]->id), CAP_OK);
		check_struct(schema_registry_structure_results_structure(
				 schema_registry_structure_results_root(&answer)),
		    reflect_structs[i]);
		CHECK_EQ(capnp_reader_error(&answer), CAPNP_OK);
	}
}

/* Whatever an interface names can be asked for. */
TEST(every_struct_that_a_field_names_is_there)
{
	for (uint32_t i = 0; reflect_structs[i] != NULL; i++) {
		for (uint32_t k = 0; k < reflect_structs[i]->field_count; k++) {
			const struct reflect_type *type = &reflect_structs[i]->fields[k].type;

			while (type->kind == REFLECT_LIST)
				type = type->element;
			if (type->kind == REFLECT_STRUCT)
				CHECK_EQ(ask_struct(type->structure->id), CAP_OK);
			if (type->kind == REFLECT_INTERFACE)
				CHECK_EQ(ask_id(type->interface->id), CAP_OK);
		}
	}
}

TEST(what_the_tables_say_is_what_the_schema_says)
{
	struct interface_info timer;
	struct method_info method;
	struct field_info field;

	CHECK_EQ(ask_id(TIMER_INTERFACE_ID), CAP_OK);
	timer =
	    schema_registry_by_id_results_interface(schema_registry_by_id_results_root(&answer));
	check_text(interface_info_name(timer), "Timer");
	CHECK_EQ(interface_info_transfer(timer), TRANSFER_MODE_COPY);
	method = method_info_at(interface_info_methods(timer), TIMER_METHOD_ALARM);
	check_text(method_info_name(method), "alarm");
	CHECK_EQ(ask_struct(method_info_params(method)), CAP_OK);
	field = field_info_at(struct_info_fields(schema_registry_structure_results_structure(
				  schema_registry_structure_results_root(&answer))),
	    0);
	check_text(field_info_name(field), "signaller");
	CHECK_EQ(type_info_kind(field_info_type(field)), TYPE_KIND_INTERFACE);
	check_text(type_info_name(field_info_type(field)), "Signaller");
	CHECK_EQ(field_info_cap_ordinal(field), 0);
	CHECK_EQ(ask_name("VirtualMemory"), CAP_OK);
	CHECK_EQ(interface_info_transfer(schema_registry_by_name_results_interface(
		     schema_registry_by_name_results_root(&answer))),
	    TRANSFER_MODE_NONE);
}

TEST(names_come_in_parts_and_each_once)
{
	struct interface_name_list names;
	uint32_t total = ask_names(0, &names);
	uint32_t seen = 0;

	CHECK(total > REGISTRY_NAMES_MAX);
	while (seen < total) {
		CHECK_EQ(ask_names(seen, &names), total);
		CHECK(interface_name_list_size(names) != 0);
		CHECK(interface_name_list_size(names) <= REGISTRY_NAMES_MAX);
		for (uint32_t i = 0; i < interface_name_list_size(names); i++, seen++) {
			struct interface_name name = interface_name_at(names, i);

			CHECK_EQ(interface_name_id(name), reflect_registry[seen]->id);
			check_text(interface_name_name(name), reflect_registry[seen]->name);
		}
	}
	CHECK_EQ(reflect_registry[total], NULL);
	CHECK_EQ(ask_names(total, &names), total);
	CHECK_EQ(interface_name_list_size(names), 0);
	CHECK_EQ(ask_names(UINT32_MAX, &names), total);
	CHECK_EQ(interface_name_list_size(names), 0);
}

TEST(what_the_schema_does_not_have_is_not_found)
{
	static const char *const unknown[] = { "", "timer", "Time", "Timer ", "Timer.now" };

	CHECK_EQ(ask_id(0), CAP_ERR_NOT_FOUND);
	CHECK_EQ(ask_id(TIMER_INTERFACE_ID + 1), CAP_ERR_NOT_FOUND);
	CHECK_EQ(ask_id(UINT64_MAX), CAP_ERR_NOT_FOUND);
	CHECK_EQ(ask_struct(TIMER_INTERFACE_ID), CAP_ERR_NOT_FOUND);
	CHECK_EQ(ask_struct(0), CAP_ERR_NOT_FOUND);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		CHECK_EQ(ask_name(unknown[i]), CAP_ERR_NOT_FOUND);
}
