/* SPDX-License-Identifier: Apache-2.0 */
#include "spawn_server.h"

enum cap_status
spawn_server(struct process_spawner spawner, const struct server_program *program,
    struct spawned_server *out)
{
	struct capos_call call;
	struct process_spawner_spawn_params_builder params =
	    process_spawner_spawn_begin(&call, spawner);
	struct cap_grant_builder grant;
	enum cap_status status;

	process_spawner_spawn_params_set_name(params, program->binary);
	process_spawner_spawn_params_set_binary(params, program->binary);
	grant = cap_grant_builder_at(process_spawner_spawn_params_init_grants(params, 1), 0);
	cap_grant_set_name(grant, program->grant);
	cap_grant_set_local(grant, LOCAL_SOURCE_ENDPOINT);
	cap_grant_set_interface_id(grant, program->interface_id);
	status = capos_call_run(&call);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, PROCESS_HANDLE_INTERFACE_ID, &out->process.cap);
	if (status == CAP_OK)
		status = capos_adopt(&call, PROCESS_SPAWNER_SPAWN_RESULTS_CAP_COUNT,
		    program->interface_id, &out->served);
	capos_call_end(&call);
	return status;
}
