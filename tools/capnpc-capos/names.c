/* SPDX-License-Identifier: Apache-2.0 */
/* Names of generated code; see names.h. */
#include "names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static void
append(struct name *name, size_t *length, char byte)
{
	if (*length == NAME_BYTES - 1) {
		fprintf(stderr, "capnpc-capos: the name %s... is too long\n", name->text);
		exit(1);
	}
	name->text[(*length)++] = byte;
	name->text[*length] = '\0';
}

/* A word begins at an upper case letter that follows a lower case one, or that ends a run of upper
 * case ones. */
static bool
begins_word(struct capnp_text camel, uint32_t i)
{
	if (i == 0 || !isupper((unsigned char)camel.data[i]))
		return false;
	if (!isupper((unsigned char)camel.data[i - 1]))
		return isalnum((unsigned char)camel.data[i - 1]);
	return i + 1 < camel.size && islower((unsigned char)camel.data[i + 1]);
}

struct name
name_snake(struct capnp_text camel)
{
	struct name name = { "" };
	size_t length = 0;

	for (uint32_t i = 0; i < camel.size; i++) {
		char byte = camel.data[i];

		if (begins_word(camel, i))
			append(&name, &length, '_');
		append(&name, &length,
		    isalnum((unsigned char)byte) ? (char)tolower((unsigned char)byte) : '_');
	}
	return name;
}

struct name
name_upper(struct name snake)
{
	for (char *byte = snake.text; *byte != '\0'; byte++)
		*byte = (char)toupper((unsigned char)*byte);
	return snake;
}

struct name
name_join(struct name first, struct name second)
{
	struct name joined = first;
	size_t length = strlen(joined.text);

	append(&joined, &length, '_');
	for (const char *byte = second.text; *byte != '\0'; byte++)
		append(&joined, &length, *byte);
	return joined;
}

struct name
name_of_node(view_t node)
{
	struct capnp_text display = node_display_name(node);
	const char *colon = memchr(display.data, ':', display.size);

	if (colon != NULL) {
		display.size -= (uint32_t)(colon + 1 - display.data);
		display.data = colon + 1;
	}
	return name_snake(display);
}
