/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of the boot package into processes. */
#include <string.h>

#include "init.h"

static enum cap_status
find_binary(struct init_state *init, struct capnp_text name, struct capnp_data *out)
{
	struct named_blob_list binaries =
	    system_manifest_binaries(system_manifest_root(&init->package));

	for (uint32_t i = 0; i < named_blob_list_size(binaries); i++) {
		struct named_blob blob = named_blob_at(binaries, i);

		if (strcmp(named_blob_name(blob).data, name.data) != 0)
			continue;
		*out = named_blob_data(blob);
		return CAP_OK;
	}
	return CAP_ERR_NOT_FOUND;
}

static void
log_refusal(struct init_state *init, const struct program_start *start,
    const struct program *program, const struct program_started *started, enum cap_status status)
{
	const char *name = start->name.data;

	if (status == CAP_ERR_INVALID_ELF)
		init_log(init, "init: %s: %s", name, elf_error_name(program->error));
	else if (started->failed_grant < start->grant_count)
		init_log(init, "init: %s: %s: %s", name,
		    start->grants[started->failed_grant].name.data, cap_status_sentence(status));
	else
		init_log(init, "init: %s: %s", name, cap_status_sentence(status));
}

enum cap_status
init_start_program(struct init_state *init, struct capnp_text binary,
    const struct program_start *start, struct program_started *started)
{
	struct program program = { 0 };
	struct capnp_data file;
	enum cap_status status = find_binary(init, binary, &file);

	started->failed_grant = PROGRAM_GRANTS_MAX;
	if (status == CAP_OK)
		status = program_load(&init->loader, file, &program);
	if (status == CAP_OK) {
		status = program_start(&init->loader, &program, start, started);
		program_unload(&init->loader, &program);
	}
	if (status != CAP_OK)
		log_refusal(init, start, &program, started, status);
	return status;
}
