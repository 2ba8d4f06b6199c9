/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CUE gives the manifest without programs, and a list of programs with their files; the numbers of
 * the schema's interfaces are handed to CUE as one more file. The package is a copy of the
 * converted manifest with the programs' bytes in it, in one segment, because the kernel reads it in
 * place.
 */
#include "package.h"

#include <capnp/builder.h>
#include <capnp/reader.h>
#include <capnp/reflect.h>
#include <core/manifest_validate.h>
#include <inttypes.h>
#include <libgen.h>
#include <schema/boot.capnp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define WHY_BYTES 256

struct program {
	const char *name;
	struct bytes file;
	const char *path;
	struct bytes symbols; /* beside the file; empty: none are wanted */
};

struct programs {
	struct program *all;
	uint32_t count;
};

/* interfaceIds for the manifest's CUE package, as decimal text: JSON's numbers do not hold 64 bits.
 */
static void
write_interface_ids(const char *path)
{
	struct bytes text = { NULL, 0 };
	FILE *file = open_memstream((char **)&text.data, &text.size);

	if (file == NULL)
		refuse("no memory");
	fprintf(file, "package system\n\nmanifest: interfaceIds: {\n");
	for (uint32_t i = 0; reflect_registry[i] != NULL; i++)
		fprintf(file, "\t%s: \"%" PRIu64 "\"\n", reflect_registry[i]->name,
		    reflect_registry[i]->id);
	fprintf(file, "}\n");
	fclose(file);
	file_write(path, text);
	free(text.data);
}

static struct bytes
read_program(const char *folder, const char *name, const char *path)
{
	char joined[PATH_BYTES];
	char *real;
	const char *refusal = package_path_refusal(path);
	size_t folder_length = strlen(folder);
	struct bytes content;

	if (refusal != NULL)
		refuse("binaries.%s.path: `%s` is refused: %s", name, path, refusal);
	if (snprintf(joined, sizeof(joined), "%s/%s", folder, path) >= (int)sizeof(joined))
		refuse("binaries.%s.path: too long", name);
	real = realpath(joined, NULL);
	if (real == NULL)
		refuse("binaries.%s: there is no program at %s", name, joined);
	if (strncmp(real, folder, folder_length) != 0 || real[folder_length] != '/')
		refuse("binaries.%s.path: `%s` is refused: it leads out of its folder", name, path);
	content = file_read(real);
	free(real);
	return content;
}

/*
 * What a manifest says besides `manifest` would be lost without a word. cue prints JSON with four
 * spaces for each level, and no text goes over a line's end.
 */
static void
check_top_level(struct bytes json)
{
	static const char indent[] = "    \"";
	char *text = (char *)json.data;

	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		size_t length;

		if (strncmp(line, indent, sizeof(indent) - 1) != 0)
			continue;
		line += sizeof(indent) - 1;
		length = strcspn(line, "\"");
		if (length != strlen("manifest") || strncmp(line, "manifest", length) != 0)
			refuse("%.*s: field not allowed; a manifest says `manifest: ...`",
			    (int)length, line);
	}
	free(text);
}

/* `files`: a line `name path` for each program. */
static struct programs
read_programs(char *files, const char *folder)
{
	struct programs programs = { NULL, 0 };
	uint32_t lines = 1;

	for (const char *at = files; *at != '\0'; at++)
		lines += *at == '\n';
	programs.all = allocate(lines * sizeof(struct program));
	for (char *line = strtok(files, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		char *path = strchr(line, ' ');

		if (path == NULL)
			refuse("files: no path in `%s`", line);
		*path++ = '\0';
		programs.all[programs.count++] = (struct program){
			.name = line, .file = read_program(folder, line, path), .path = path
		};
	}
	return programs;
}

static struct program *
find_program(const struct programs *programs, struct capnp_text name)
{
	for (uint32_t i = 0; i < programs->count; i++)
		if (strlen(programs->all[i].name) == name.size &&
		    memcmp(programs->all[i].name, name.data, name.size) == 0)
			return &programs->all[i];
	refuse("binaries: no file is named for %.*s", (int)name.size, name.data);
}

/* The symbol file stands beside the program: X.sym for X.elf. */
static void
read_symbols(struct system_manifest from, const struct programs *programs, const char *folder)
{
	struct named_blob_list names = system_manifest_symbols(from);

	for (uint32_t i = 0; i < named_blob_list_size(names); i++) {
		struct program *program =
		    find_program(programs, named_blob_name(named_blob_at(names, i)));
		size_t length = strlen(program->path);
		char path[PATH_BYTES];

		if (length < 4 || strcmp(program->path + length - 4, ".elf") != 0)
			continue;
		snprintf(path, sizeof(path), "%.*s.sym", (int)(length - 4), program->path);
		program->symbols = read_program(folder, program->name, path);
	}
}

static void
copy_symbols(
    struct system_manifest from, const struct programs *programs, struct system_manifest_builder to)
{
	struct named_blob_list names = system_manifest_symbols(from);
	struct named_blob_list_builder blobs =
	    system_manifest_init_symbols(to, named_blob_list_size(names));

	for (uint32_t i = 0; i < named_blob_list_size(names); i++) {
		struct capnp_text name = named_blob_name(named_blob_at(names, i));
		struct bytes symbols = find_program(programs, name)->symbols;
		struct named_blob_builder blob = named_blob_builder_at(blobs, i);

		named_blob_set_name(blob, name);
		named_blob_set_data(
		    blob, (struct capnp_data){ symbols.data, (uint32_t)symbols.size });
	}
}

static void
copy_with_programs(
    struct system_manifest from, const struct programs *programs, struct system_manifest_builder to)
{
	struct named_blob_list names = system_manifest_binaries(from);
	struct named_blob_list_builder blobs =
	    system_manifest_init_binaries(to, named_blob_list_size(names));

	system_manifest_set_schema_version(to, system_manifest_schema_version(from));
	/* Pointers 1 and 2: initConfig and kernelParams. */
	capnp_any_copy(capnp_set_any(to.s, 1), capnp_get_any(from.s, 1));
	capnp_any_copy(capnp_set_any(to.s, 2), capnp_get_any(from.s, 2));
	for (uint32_t i = 0; i < named_blob_list_size(names); i++) {
		struct capnp_text name = named_blob_name(named_blob_at(names, i));
		struct bytes file = find_program(programs, name)->file;
		struct named_blob_builder blob = named_blob_builder_at(blobs, i);

		named_blob_set_name(blob, name);
		named_blob_set_data(blob, (struct capnp_data){ file.data, (uint32_t)file.size });
	}
	copy_symbols(from, programs, to);
}

static struct bytes
embed(struct bytes manifest, const struct programs *programs, const char *folder)
{
	struct bytes package = { NULL, 2 * manifest.size + 4096 };
	struct capnp_reader reader;
	struct capnp_builder builder;

	if (capnp_reader_init(&reader, manifest.data, manifest.size) != CAPNP_OK)
		refuse("the converted manifest is no message");
	read_symbols(system_manifest_root(&reader), programs, folder);
	for (uint32_t i = 0; i < programs->count; i++)
		package.size += programs->all[i].file.size + programs->all[i].symbols.size + 32;
	package.data = allocate(package.size);
	capnp_builder_init(&builder, package.data, package.size);
	copy_with_programs(
	    system_manifest_root(&reader), programs, system_manifest_init_root(&builder));
	package.size = capnp_builder_finish(&builder);
	if (capnp_reader_error(&reader) != CAPNP_OK || package.size == 0)
		refuse("the package cannot be built: %s, %s",
		    capnp_error_name(capnp_reader_error(&reader)),
		    capnp_error_name(capnp_builder_error(&builder)));
	return package;
}

static void
validate(struct bytes package)
{
	char why[WHY_BYTES];
	struct capnp_reader reader;

	if (capnp_reader_init(&reader, package.data, package.size) != CAPNP_OK)
		refuse("the package that was built is no message");
	if (manifest_validate(system_manifest_root(&reader), why, sizeof(why)) != CAP_OK)
		refuse("%s", why);
}

void
package_build(const struct package_request *request)
{
	struct schema_request schema = { .file = request->schema, .root = "SystemManifest" };
	struct cue_request cue = request->tags;
	char ids_path[PATH_BYTES];
	struct programs programs;
	struct bytes manifest, package;
	char *folder = strdup(request->manifest);

	snprintf(ids_path, sizeof(ids_path), "%s.interfaces.cue", request->output);
	write_interface_ids(ids_path);
	/* The module that the manifest's imports are found in is looked for from here. */
	if (chdir(dirname(folder)) != 0 || setenv("PWD", folder, 1) != 0)
		refuse("%s: no such folder", folder);
	free(folder);
	cue.files[cue.file_count++] = request->manifest;
	cue.files[cue.file_count++] = ids_path;
	if (request->overlay != NULL)
		cue.files[cue.file_count++] = request->overlay;
	check_top_level(cue_export(&cue));
	cue.expression = "manifest.wire";
	manifest = json_to_capnp(&schema, cue_export(&cue));
	cue.expression = "manifest.files";
	cue.form = "text";
	programs = read_programs((char *)cue_export(&cue).data, request->binaries);
	package = embed(manifest, &programs, request->binaries);
	validate(package);
	file_write(request->output, package);
}
