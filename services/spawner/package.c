/* SPDX-License-Identifier: Apache-2.0 */
/* The boot package in memory of our own, and its programs. */
#include <service/boot_package.h>
#include <string.h>

#include "spawner.h"

static enum cap_status
index_programs(struct spawner_state *state)
{
	struct named_blob_list binaries =
	    system_manifest_binaries(system_manifest_root(&state->package));

	for (uint32_t i = 0; i < named_blob_list_size(binaries) && i < MANIFEST_BINARIES_MAX; i++) {
		struct named_blob blob = named_blob_at(binaries, i);

		state->programs[i].name = named_blob_name(blob);
		state->programs[i].file = named_blob_data(blob);
		state->program_count = i + 1;
	}
	return capnp_reader_error(&state->package) == CAPNP_OK ? CAP_OK : CAP_ERR_INVALID_MANIFEST;
}

enum cap_status
spawner_start(struct spawner_state *state, struct capos *self)
{
	struct virtual_memory memory;
	struct boot_package package;

	service_init(&state->service, self);
	state->loader.self = self;
	CAPOS_TRY(process_factory_from_capset(self, "factory", &state->loader.factory));
	CAPOS_TRY(frame_allocator_from_capset(self, "frames", &state->loader.frames));
	CAPOS_TRY(endpoint_factory_from_capset(self, "endpoints", &state->endpoints));
	CAPOS_TRY(virtual_memory_from_capset(self, "vm", &memory));
	CAPOS_TRY(boot_package_from_capset(self, "package", &package));
	CAPOS_TRY(boot_package_open(package, memory, &state->package));
	return index_programs(state);
}

struct spawner_program *
spawner_find(struct spawner_state *state, struct capnp_text name)
{
	for (uint32_t i = 0; i < state->program_count; i++) {
		struct spawner_program *program = &state->programs[i];

		if (program->name.size == name.size &&
		    memcmp(program->name.data, name.data, name.size) == 0)
			return program;
	}
	return NULL;
}
