/* SPDX-License-Identifier: Apache-2.0 */
/* See cue.h. */
#include "cue.h"

#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX (3 * CUE_INPUTS_MAX)

struct command {
	char *arguments[ARGUMENTS_MAX + 1]; /* the last is NULL */
	uint32_t count;
};

static void
add(struct command *command, const char *argument)
{
	if (command->count == ARGUMENTS_MAX)
		refuse("too many arguments");
	command->arguments[command->count++] = strdup(argument);
}

static void
add_joined(struct command *command, const char *option, const char *value)
{
	size_t size = strlen(option) + strlen(value) + 1;
	char *argument = allocate(size);

	strcpy(argument, option);
	strcat(argument, value);
	add(command, argument);
	free(argument);
}

static struct bytes
finish(struct command *command, struct bytes input)
{
	struct bytes output = run(command->arguments, input);

	for (uint32_t i = 0; i < command->count; i++)
		free(command->arguments[i]);
	return output;
}

void
cue_add_environment_tags(struct cue_request *request)
{
	const char *variable = getenv("CAPOS_CUE_TAGS");
	char *words;

	if (variable == NULL)
		return;
	words = strdup(variable);
	for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
		if (request->tag_count == CUE_INPUTS_MAX)
			refuse("CAPOS_CUE_TAGS: too many tags");
		request->tags[request->tag_count++] = strdup(word);
	}
	free(words);
}

struct bytes
cue_export(const struct cue_request *request)
{
	struct command command = { .count = 0 };

	add(&command, tool_path("CAPOS_CUE"));
	add(&command, "export");
	for (uint32_t i = 0; i < request->file_count; i++)
		add(&command, request->files[i]);
	for (uint32_t i = 0; i < request->tag_count; i++)
		add_joined(&command, "--inject=", request->tags[i]);
	if (request->package != NULL)
		add_joined(&command, "--package=", request->package);
	if (request->expression != NULL)
		add_joined(&command, "--expression=", request->expression);
	if (request->form != NULL)
		add_joined(&command, "--out=", request->form);
	return finish(&command, (struct bytes){ NULL, 0 });
}

struct bytes
json_to_capnp(const struct schema_request *schema, struct bytes json)
{
	struct command command = { .count = 0 };

	add(&command, tool_path("CAPOS_CAPNP"));
	add(&command, "convert");
	for (uint32_t i = 0; i < schema->import_count; i++)
		add_joined(&command, "-I", schema->import_paths[i]);
	if (schema->no_standard_import)
		add(&command, "--no-standard-import");
	add(&command, "json:binary");
	add(&command, schema->file);
	add(&command, schema->root);
	return finish(&command, json);
}
