/* SPDX-License-Identifier: Apache-2.0 */
/* The spawner, for those who start programs while the system runs. */
#include <schema/endpoint.capnp.h>

#include "init.h"

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
	struct program_started started;

	CAPOS_TRY(borrow(init, "factory", PROCESS_FACTORY_INTERFACE_ID, &grants[0]));
	CAPOS_TRY(borrow(init, "frames", FRAME_ALLOCATOR_INTERFACE_ID, &grants[1]));
	CAPOS_TRY(borrow(init, "package", BOOT_PACKAGE_INTERFACE_ID, &grants[2]));
	CAPOS_TRY(borrow(init, "endpoints", ENDPOINT_FACTORY_INTERFACE_ID, &grants[3]));
	grants[4] = (struct program_grant){ .name = CAPNP_TEXT("vm"),
		.local = LOCAL_SOURCE_VIRTUAL_MEMORY };
	grants[5] = (struct program_grant){ .name = CAPNP_TEXT("spawner"),
		.local = LOCAL_SOURCE_ENDPOINT,
		.interface_id = PROCESS_SPAWNER_INTERFACE_ID };
	CAPOS_TRY(init_start_program(init, start.name, &start, &started));
	init->spawner.cap = started.clients[0];
	/* The spawner's end is seen by those who call it; nobody waits for it. */
	capos_release(started.process.cap);
	capos_release(started.control.cap);
	init_log(init, "init: started spawner");
	return CAP_OK;
}
