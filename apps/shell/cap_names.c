/* SPDX-License-Identifier: Apache-2.0 */
/* The names of the shell's capabilities; see cap_names.h. */
#include "cap_names.h"

#include <string.h>

#include <core/format.h>

static bool
is_valid_name(const char *name)
{
	uint32_t size = 0;

	for (; name[size] != '\0'; size++) {
		char byte = name[size];
		bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');

		if (size == CAP_NAME_BYTES - 1)
			return false;
		if (!letter && !(byte >= '0' && byte <= '9') && byte != '-' && byte != '_')
			return false;
	}
	return size != 0;
}

struct cap_name *
cap_names_find(struct cap_names *names, struct shell_text name)
{
	for (uint32_t i = 0; i < names->count; i++)
		if (shell_text_is(name, names->names[i].name))
			return &names->names[i];
	return NULL;
}

static bool
is_taken(const struct cap_names *names, const char *name)
{
	for (uint32_t i = 0; i < names->count; i++)
		if (strcmp(names->names[i].name, name) == 0)
			return true;
	return false;
}

enum cap_names_result
cap_names_add(struct cap_names *names, const struct cap_name *entry)
{
	if (!is_valid_name(entry->name))
		return CAP_NAMES_BAD;
	if (is_taken(names, entry->name))
		return CAP_NAMES_TAKEN;
	if (names->count == CAP_NAMES_MAX)
		return CAP_NAMES_FULL;
	names->names[names->count++] = *entry;
	return CAP_NAMES_OK;
}

bool
cap_names_invent(const struct cap_names *names, struct shell_text stem, char name[CAP_NAME_BYTES])
{
	char invented[CAP_NAME_BYTES + 16];

	if (stem.size == 0 || stem.size >= CAP_NAME_BYTES - 3)
		return false;
	for (uint32_t number = 1; number <= CAP_NAMES_MAX + 1; number++) {
		if (number == 1)
			format_text(invented, sizeof(invented), "%.*s", (int)stem.size, stem.bytes);
		else
			format_text(invented, sizeof(invented), "%.*s%u", (int)stem.size,
			    stem.bytes, number);
		if (is_taken(names, invented))
			continue;
		memcpy(name, invented, CAP_NAME_BYTES);
		return is_valid_name(invented);
	}
	return false;
}

void
cap_names_remove(struct cap_names *names, struct cap_name *entry)
{
	uint32_t index = (uint32_t)(entry - names->names);

	names->count--;
	memmove(entry, entry + 1, (names->count - index) * sizeof(*entry));
}
