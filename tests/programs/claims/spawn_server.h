/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Programs that serve whoever starts them. */
#include <schema/process.client.h>

struct server_program {
	struct capnp_text binary;
	struct capnp_text grant; /* the name that the program finds its Endpoint by */
	uint64_t interface_id;	 /* what it serves there */
};

struct spawned_server {
	struct process_handle process;
	struct capos_cap served;
};

MUST_CHECK enum cap_status spawn_server(struct process_spawner spawner,
    const struct server_program *program, struct spawned_server *out);
