/* SPDX-License-Identifier: Apache-2.0 */
/* ProcessSpawner: starting programs of the boot package with exact grants. */
#include <schema/process.server.h>
#include <string.h>

#include "spawner.h"

struct process_spawner_server {
	struct spawner_state state; /* the only one there is */
};

/* A capability that came with the call is ours to give away; the process gets it, or it is
 * released. */
static enum cap_status
take_grants(const struct spawn_request *request, const struct capos_caller *caller,
    struct program_grant *grants)
{
	struct capnp_reader *params = request->grants.l.reader;

	for (uint32_t i = 0; i < cap_grant_list_size(request->grants); i++) {
		struct cap_grant from = cap_grant_at(request->grants, i);
		struct program_grant *to = &grants[i];

		*to = (struct program_grant){ .name = cap_grant_name(from),
			.interface_id = cap_grant_interface_id(from) };
		if (cap_grant_which(from) == CAP_GRANT_WHICH_LOCAL) {
			to->local = cap_grant_local(from);
			continue;
		}
		to->is_tap = cap_grant_which(from) == CAP_GRANT_WHICH_TAP;
		CAPOS_TRY(capos_take(caller, params,
		    to->is_tap ? cap_grant_tap(from) : cap_grant_cap(from), &to->cap));
		to->moves = !to->is_tap;
	}
	return CAP_OK;
}

/* A tap was looked at, and stays with whoever passed it: what we have of it goes. */
static void
release_taps(const struct program_grant *grants, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (grants[i].is_tap)
			capos_release(grants[i].cap);
}

static void
release_grants(const struct program_grant *grants, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (grants[i].cap.cap_id != 0)
			capos_release(grants[i].cap);
}

static enum cap_status
load(struct spawner_state *state, struct spawner_program *program)
{
	if (program->is_loaded)
		return CAP_OK;
	CAPOS_TRY(program_load(&state->loader, program->file, &program->program));
	program->is_loaded = true;
	return CAP_OK;
}

enum cap_status
spawner_run(struct spawner_state *state, const struct spawn_request *request,
    const struct capos_caller *caller, struct program_started *out)
{
	struct program_grant grants[PROGRAM_GRANTS_MAX] = { 0 };
	uint32_t count = cap_grant_list_size(request->grants);
	struct program_start start = {
		.name = request->name,
		.limits = request->limits,
		.grants = grants,
		.grant_count = count,
		.is_managed = request->is_managed,
	};
	enum cap_status status;

	if (count > PROGRAM_GRANTS_MAX)
		return capos_fail(caller, EXCEPTION_TYPE_FAILED, "more than 32 grants");
	status = load(state, request->program);
	if (status == CAP_ERR_INVALID_ELF)
		return capos_fail(
		    caller, EXCEPTION_TYPE_FAILED, elf_error_name(request->program->program.error));
	if (status != CAP_OK)
		return status;
	status = take_grants(request, caller, grants);
	if (status == CAP_OK)
		status = program_start(&state->loader, &request->program->program, &start, out);
	/* What moved into the process is not ours any more: releasing its old id is refused, and
	 * harmless. */
	if (status != CAP_OK)
		release_grants(grants, count);
	else
		release_taps(grants, count);
	return status;
}

static struct capnp_cap
give(struct capos_cap cap)
{
	return (struct capnp_cap){ cap.cap_id, cap.interface_id, CAPNP_CAP_MOVE };
}

static enum cap_status
spawner_spawn(struct process_spawner_server *server, struct process_spawner_spawn_params params,
    struct process_spawner_spawn_results_builder results, const struct capos_caller *caller)
{
	struct spawner_state *state = &server->state;
	struct spawn_request request = {
		.name = process_spawner_spawn_params_name(params),
		.program = spawner_find(state, process_spawner_spawn_params_binary(params)),
		.grants = process_spawner_spawn_params_grants(params),
		.limits = process_spawner_spawn_params_limits(params),
		.is_managed = process_spawner_spawn_params_managed(params),
	};
	struct program_started started;
	struct capnp_list_builder clients;
	enum cap_status status;

	if (request.program == NULL)
		return capos_fail(
		    caller, EXCEPTION_TYPE_FAILED, "the boot package has no such program");
	status = spawner_run(state, &request, caller, &started);
	if (status != CAP_OK)
		return status;
	process_spawner_spawn_results_set_process(results, give(started.process.cap));
	process_spawner_spawn_results_set_control(results, give(started.control.cap));
	clients = process_spawner_spawn_results_init_clients(results, started.client_count);
	for (uint32_t i = 0; i < started.client_count; i++)
		capnp_any_set_cap(capnp_list_any_builder(clients, i), give(started.clients[i]));
	if (request.is_managed)
		process_spawner_spawn_results_set_manager(results, give(started.manager.cap));
	return CAP_OK;
}

static enum cap_status
spawner_make_launcher(struct process_spawner_server *server,
    struct process_spawner_make_launcher_params params,
    struct process_spawner_make_launcher_results_builder results, const struct capos_caller *caller)
{
	struct capos_cap client;
	enum cap_status status = launcher_create(
	    &server->state, process_spawner_make_launcher_params_binaries(params), &client);

	if (status == CAP_ERR_NOT_FOUND)
		return capos_fail(
		    caller, EXCEPTION_TYPE_FAILED, "the boot package has no such program");
	if (status == CAP_OK)
		process_spawner_make_launcher_results_set_launcher(results, give(client));
	return status;
}

static const struct process_spawner_methods methods = {
	.spawn = spawner_spawn,
	.make_launcher = spawner_make_launcher,
};
PROCESS_SPAWNER_SERVE_WITH(methods)

struct capos_interface
spawner_interface(struct spawner_state *state)
{
	return process_spawner_interface((struct process_spawner_server *)state);
}
