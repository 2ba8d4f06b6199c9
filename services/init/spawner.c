/* SPDX-License-Identifier: Apache-2.0 */
/* The first service: the spawner, which init has to load by itself. */
#include <schema/endpoint.capnp.h>
#include <string.h>

#include "init.h"

static enum cap_status
find_binary(struct init_state *init, const char *name, struct capnp_data *out)
{
	struct named_blob_list binaries =
	    system_manifest_binaries(system_manifest_root(&init->package));

	for (uint32_t i = 0; i < named_blob_list_size(binaries); i++) {
		struct named_blob blob = named_blob_at(binaries, i);

		if (strcmp(named_blob_name(blob).data, name) != 0)
			continue;
		*out = named_blob_data(blob);
		return CAP_OK;
	}
	return CAP_ERR_NOT_FOUND;
}

static enum cap_status
borrow(struct init_state *init, const char *name, uint64_t interface_id, struct program_grant *to)
{
	to->name = capnp_text_from_string(name);
	to->moves = false;
	return capos_capset_find(init->self, name, interface_id, &to->cap);
}

enum cap_status
init_start_spawner(struct init_state *init)
{
	struct program_grant grants[6] = { 0 };
	struct program_start start = {
		.name = CAPNP_TEXT("spawner"), .grants = grants, .grant_count = 6
	};
	struct process_loader loader = { .self = init->self };
	struct program_started started;
	struct capnp_data file;
	static struct program program;

	CAPOS_TRY(process_factory_from_capset(init->self, "factory", &loader.factory));
	CAPOS_TRY(frame_allocator_from_capset(init->self, "frames", &loader.frames));
	CAPOS_TRY(find_binary(init, "spawner", &file));
	CAPOS_TRY(borrow(init, "factory", PROCESS_FACTORY_INTERFACE_ID, &grants[0]));
	CAPOS_TRY(borrow(init, "frames", FRAME_ALLOCATOR_INTERFACE_ID, &grants[1]));
	CAPOS_TRY(borrow(init, "package", BOOT_PACKAGE_INTERFACE_ID, &grants[2]));
	CAPOS_TRY(borrow(init, "endpoints", ENDPOINT_FACTORY_INTERFACE_ID, &grants[3]));
	grants[4] = (struct program_grant){ .name = CAPNP_TEXT("vm"),
		.local = LOCAL_SOURCE_VIRTUAL_MEMORY };
	grants[5] = (struct program_grant){ .name = CAPNP_TEXT("spawner"),
		.local = LOCAL_SOURCE_ENDPOINT,
		.interface_id = PROCESS_SPAWNER_INTERFACE_ID };
	CAPOS_TRY(program_load(&loader, file, &program));
	CAPOS_TRY(program_start(&loader, &program, &start, &started));
	program_unload(&loader, &program);
	init->spawner.cap = started.clients[0];
	/* The spawner's end is seen by those who call it; nobody waits for it. */
	capos_release(started.process.cap);
	capos_release(started.control.cap);
	init_log(init, "init: started spawner");
	return CAP_OK;
}
