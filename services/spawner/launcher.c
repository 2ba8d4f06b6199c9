/* SPDX-License-Identifier: Apache-2.0 */
/* ProcessLauncher: some programs only, and only with capabilities of the caller's own. */
#include <schema/process.server.h>

#include "spawner.h"

struct process_launcher_server {
	struct launcher launcher;
};

static struct spawner_program *
find(struct launcher *launcher, struct capnp_text name)
{
	struct spawner_program *program = spawner_find(launcher->spawner, name);

	for (uint32_t i = 0; i < launcher->program_count; i++)
		if (launcher->programs[i] == program)
			return program;
	return NULL;
}

static struct capnp_cap
give(struct capos_cap cap)
{
	return (struct capnp_cap){ cap.cap_id, cap.interface_id, CAPNP_CAP_MOVE };
}

static enum cap_status
launcher_launch(struct process_launcher_server *server,
    struct process_launcher_launch_params params,
    struct process_launcher_launch_results_builder results, const struct capos_caller *caller)
{
	struct launcher *launcher = &server->launcher;
	struct spawn_request request = {
		.name = process_launcher_launch_params_name(params),
		.program = find(launcher, process_launcher_launch_params_binary(params)),
		.grants = process_launcher_launch_params_grants(params),
		.is_managed = process_launcher_launch_params_managed(params),
	};
	struct program_started started;
	struct capnp_list_builder clients;
	enum cap_status status;

	if (request.program == NULL)
		return capos_fail(
		    caller, EXCEPTION_TYPE_FAILED, "this launcher starts no such program");
	status = spawner_run(launcher->spawner, &request, caller, &started);
	if (status != CAP_OK)
		return status;
	process_launcher_launch_results_set_process(results, give(started.process.cap));
	process_launcher_launch_results_set_control(results, give(started.control.cap));
	clients = process_launcher_launch_results_init_clients(results, started.client_count);
	for (uint32_t i = 0; i < started.client_count; i++)
		capnp_any_set_cap(capnp_list_any_builder(clients, i), give(started.clients[i]));
	if (request.is_managed)
		process_launcher_launch_results_set_manager(results, give(started.manager.cap));
	return CAP_OK;
}

static enum cap_status
launcher_binaries(struct process_launcher_server *server,
    struct process_launcher_binaries_params params,
    struct process_launcher_binaries_results_builder results, const struct capos_caller *caller)
{
	struct launcher *launcher = &server->launcher;
	struct capnp_list_builder names =
	    process_launcher_binaries_results_init_names(results, launcher->program_count);

	(void)params;
	(void)caller;
	for (uint32_t i = 0; i < launcher->program_count; i++)
		capnp_any_set_text(capnp_list_any_builder(names, i), launcher->programs[i]->name);
	return CAP_OK;
}

static const struct process_launcher_methods methods = {
	.launch = launcher_launch,
	.binaries = launcher_binaries,
};
PROCESS_LAUNCHER_SERVE_WITH(methods)

static enum cap_status
choose_programs(struct spawner_state *state, struct launcher *launcher, struct capnp_list names)
{
	if (names.count > MANIFEST_LAUNCHABLE_MAX)
		return CAP_ERR_INVALID_ARGUMENT;
	for (uint32_t i = 0; i < names.count; i++) {
		launcher->programs[i] =
		    spawner_find(state, capnp_any_text(capnp_list_any(names, i)));
		if (launcher->programs[i] == NULL)
			return CAP_ERR_NOT_FOUND;
	}
	launcher->program_count = names.count;
	return CAP_OK;
}

static enum cap_status
make_client(struct endpoint endpoint, struct capos_cap *client)
{
	struct capos_call call;
	struct endpoint_client_params_builder params = endpoint_client_begin(&call, endpoint);
	struct endpoint_client_results results;
	enum cap_status status;

	endpoint_client_params_set_interface_id(params, PROCESS_LAUNCHER_INTERFACE_ID);
	status = endpoint_client_run(&call, &results);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, PROCESS_LAUNCHER_INTERFACE_ID, client);
	capos_call_end(&call);
	return status;
}

enum cap_status
launcher_create(struct spawner_state *state, struct capnp_list names, struct capos_cap *client)
{
	struct launcher *launcher = &state->launchers[state->launcher_count];
	struct endpoint endpoint;
	enum cap_status status;

	if (state->launcher_count == MANIFEST_LAUNCHERS_MAX)
		return CAP_ERR_QUOTA_EXCEEDED;
	launcher->spawner = state;
	CAPOS_TRY(choose_programs(state, launcher, names));
	CAPOS_TRY(endpoint_factory_create(state->endpoints, &endpoint));
	status = make_client(endpoint, client);
	if (status == CAP_OK) {
		status = service_add(&state->service, &launcher->endpoint, endpoint.cap,
		    process_launcher_interface((struct process_launcher_server *)launcher),
		    CAPOS_BLOCK_LARGE);
		if (status != CAP_OK)
			capos_release(*client);
	}
	if (status != CAP_OK) {
		capos_release(endpoint.cap);
		return status;
	}
	state->launcher_count++;
	return CAP_OK;
}
