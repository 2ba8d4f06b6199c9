/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mkmanifest - boot packages from CUE.
 *
 *   mkmanifest build MANIFEST.cue -o OUTPUT [--binaries FOLDER] [--overlay FILE.cue] [--tag
 * KEY=VALUE]... mkmanifest cue-to-capnp FILE.cue... -o OUTPUT --schema FILE.capnp --root STRUCT
 * [--package NAME]
 *       [--expression E] [--tag KEY=VALUE]... [-I FOLDER | --import-path FOLDER]...
 * [--no-standard-import]
 *
 * The tools are those that CAPOS_CUE and CAPOS_CAPNP name; CAPOS_CUE_TAGS holds more tags.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "package.h"

enum option_code {
	OPTION_OUTPUT = 'o',
	OPTION_IMPORT = 'I',
	OPTION_BINARIES = 256,
	OPTION_OVERLAY,
	OPTION_TAG,
	OPTION_SCHEMA,
	OPTION_ROOT,
	OPTION_PACKAGE,
	OPTION_EXPRESSION,
	OPTION_NO_STANDARD,
};

static const struct option options[] = {
	{ "output", required_argument, NULL, OPTION_OUTPUT },
	{ "import-path", required_argument, NULL, OPTION_IMPORT },
	{ "binaries", required_argument, NULL, OPTION_BINARIES },
	{ "overlay", required_argument, NULL, OPTION_OVERLAY },
	{ "tag", required_argument, NULL, OPTION_TAG },
	{ "schema", required_argument, NULL, OPTION_SCHEMA },
	{ "root", required_argument, NULL, OPTION_ROOT },
	{ "package", required_argument, NULL, OPTION_PACKAGE },
	{ "expression", required_argument, NULL, OPTION_EXPRESSION },
	{ "no-standard-import", no_argument, NULL, OPTION_NO_STANDARD },
	{ NULL, 0, NULL, 0 },
};

struct command_line {
	const char *output;
	const char *binaries;
	const char *overlay;
	struct cue_request cue;
	struct schema_request schema;
};

static _Noreturn void
usage(void)
{
	fputs(
	    "usage: mkmanifest build MANIFEST.cue -o OUTPUT [--binaries FOLDER] [--overlay FILE.cue]\n"
	    "           [--tag KEY=VALUE]...\n"
	    "       mkmanifest cue-to-capnp FILE.cue... -o OUTPUT --schema FILE.capnp --root STRUCT\n"
	    "           [--package NAME] [--expression E] [--tag KEY=VALUE]...\n"
	    "           [-I FOLDER]... [--no-standard-import]\n",
	    stderr);
	exit(2);
}

static void
append(const char **list, uint32_t *count, const char *value)
{
	if (*count == CUE_INPUTS_MAX - 4)
		refuse("too many arguments: %s", value);
	list[(*count)++] = value;
}

static void
take(struct command_line *line, int option, const char *value)
{
	switch (option) {
	case OPTION_OUTPUT:
		line->output = value;
		break;
	case OPTION_IMPORT:
		append(line->schema.import_paths, &line->schema.import_count, value);
		break;
	case OPTION_BINARIES:
		line->binaries = value;
		break;
	case OPTION_OVERLAY:
		line->overlay = value;
		break;
	case OPTION_TAG:
		append(line->cue.tags, &line->cue.tag_count, value);
		break;
	case OPTION_SCHEMA:
		line->schema.file = value;
		break;
	case OPTION_ROOT:
		line->schema.root = value;
		break;
	case OPTION_PACKAGE:
		line->cue.package = value;
		break;
	case OPTION_EXPRESSION:
		line->cue.expression = value;
		break;
	case OPTION_NO_STANDARD:
		line->schema.no_standard_import = 1;
		break;
	default:
		usage();
	}
}

/* The path of something that is there, without links and dots. */
static const char *
absolute(const char *path)
{
	char *real = realpath(path, NULL);

	if (real == NULL)
		refuse("%s: no such file", path);
	return real;
}

/* The path of something that will be there. */
static const char *
absolute_output(const char *path)
{
	char *joined = allocate(2 * PATH_MAX);

	if (path[0] == '/')
		return path;
	if (getcwd(joined, PATH_MAX) == NULL)
		refuse("no current folder");
	strcat(joined, "/");
	strncat(joined, path, PATH_MAX - 1);
	return joined;
}

static void
build(const struct command_line *line)
{
	struct package_request request;

	if (line->cue.file_count != 1)
		usage();
	request = (struct package_request){
		.manifest = absolute(line->cue.files[0]),
		.overlay = line->overlay == NULL ? NULL : absolute(line->overlay),
		.binaries = absolute(line->binaries == NULL ? "build/user" : line->binaries),
		.schema =
		    absolute(line->schema.file == NULL ? "schema/boot.capnp" : line->schema.file),
		.output = absolute_output(line->output),
		.tags = line->cue,
	};
	request.tags.file_count = 0;
	package_build(&request);
}

static void
cue_to_capnp(const struct command_line *line)
{
	if (line->schema.file == NULL || line->schema.root == NULL || line->cue.file_count == 0)
		usage();
	file_write(line->output, json_to_capnp(&line->schema, cue_export(&line->cue)));
}

int
main(int argument_count, char **arguments)
{
	struct command_line line = { .output = NULL };
	int option;

	if (argument_count < 2)
		usage();
	optind = 2;
	while ((option = getopt_long(argument_count, arguments, "o:I:", options, NULL)) != -1)
		take(&line, option, optarg);
	for (int i = optind; i < argument_count; i++)
		append(line.cue.files, &line.cue.file_count, arguments[i]);
	if (line.output == NULL)
		usage();
	cue_add_environment_tags(&line.cue);
	if (strcmp(arguments[1], "build") == 0)
		build(&line);
	else if (strcmp(arguments[1], "cue-to-capnp") == 0)
		cue_to_capnp(&line);
	else
		usage();
	return 0;
}
