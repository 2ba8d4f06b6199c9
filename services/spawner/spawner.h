/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The spawner's state: the programs of the boot package, loaded when they are first needed, and the
 * launchers that were derived.
 */
#include <capos/capos.h>
#include <core/manifest_validate.h>
#include <schema/boot.client.h>
#include <schema/endpoint.client.h>
#include <service/process_loader.h>
#include <service/serve.h>

#define PROGRAM_NAME_BYTES 32

struct spawner_program {
	struct capnp_text name; /* in the package */
	struct capnp_data file;
	struct program program;
	bool is_loaded;
};

struct launcher {
	struct spawner_state *spawner;
	struct service_endpoint endpoint;
	uint32_t program_count;
	struct spawner_program *programs[MANIFEST_LAUNCHABLE_MAX];
};

struct spawner_state {
	struct service service;
	struct service_endpoint endpoint;
	struct process_loader loader;
	struct endpoint_factory endpoints;
	struct capnp_reader package;
	uint32_t program_count;
	uint32_t launcher_count;
	struct spawner_program programs[MANIFEST_BINARIES_MAX];
	struct launcher launchers[MANIFEST_LAUNCHERS_MAX];
};

/* Find the capabilities and read the boot package. */
MUST_CHECK enum cap_status spawner_start(struct spawner_state *state, struct capos *self);
struct capos_interface spawner_interface(struct spawner_state *state);
/* NULL: the package has no such program. */
struct spawner_program *spawner_find(struct spawner_state *state, struct capnp_text name);

/* One start, as a spawn or launch asks for it. */
struct spawn_request {
	struct capnp_text name;
	struct spawner_program *program;
	struct cap_grant_list grants;
	struct resource_limits limits;
	bool is_managed;
};
/*
 * Take the grants, load if need be, start. A failure has been told to the caller: its status is
 * what the method returns.
 */
MUST_CHECK enum cap_status
spawner_run(struct spawner_state *state, const struct spawn_request *request,
    const struct capos_caller *caller, struct program_started *out);

/* A launcher for some programs; `client` is the facet to hand out. */
MUST_CHECK enum cap_status
launcher_create(struct spawner_state *state, struct capnp_list names, struct capos_cap *client);
