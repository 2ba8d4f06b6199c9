/* SPDX-License-Identifier: Apache-2.0 */
/* Look-ups in the schema's tables; see reflect.h. They are small: a walk is fast enough for people.
 */
#include "reflect.h"

#include <string.h>

static bool
is_same(const char *name, struct capnp_text text)
{
	return strlen(name) == text.size && memcmp(name, text.data, text.size) == 0;
}

const struct reflect_interface *
reflect_interface_find(uint64_t interface_id)
{
	for (uint32_t i = 0; reflect_registry[i] != NULL; i++)
		if (reflect_registry[i]->id == interface_id)
			return reflect_registry[i];
	return NULL;
}

const struct reflect_interface *
reflect_interface_find_by_name(struct capnp_text name)
{
	for (uint32_t i = 0; reflect_registry[i] != NULL; i++)
		if (is_same(reflect_registry[i]->name, name))
			return reflect_registry[i];
	return NULL;
}

const struct reflect_struct *
reflect_struct_find(uint64_t struct_id)
{
	for (uint32_t i = 0; reflect_structs[i] != NULL; i++)
		if (reflect_structs[i]->id == struct_id)
			return reflect_structs[i];
	return NULL;
}

const struct reflect_method *
reflect_method_find(const struct reflect_interface *interface, struct capnp_text name)
{
	for (uint32_t i = 0; i < interface->method_count; i++)
		if (is_same(interface->methods[i].name, name))
			return &interface->methods[i];
	return NULL;
}

const struct reflect_field *
reflect_field_find(const struct reflect_struct *structure, struct capnp_text name)
{
	for (uint32_t i = 0; i < structure->field_count; i++)
		if (is_same(structure->fields[i].name, name))
			return &structure->fields[i];
	return NULL;
}
