/* SPDX-License-Identifier: Apache-2.0 */
/* Processes beside the measured one: servers, and programs that run and end. */
#include "exit_code.h"
#include "figures.h"

void
launch_server(struct server *server)
{
	struct capos_call call;
	struct process_launcher_launch_params_builder params =
	    process_launcher_launch_begin(&call, bench.launcher);
	struct cap_grant_builder grant;

	process_launcher_launch_params_set_name(params, server->endpoint);
	process_launcher_launch_params_set_binary(params, server->binary);
	grant = cap_grant_builder_at(process_launcher_launch_params_init_grants(params, 1), 0);
	cap_grant_set_name(grant, server->endpoint);
	cap_grant_set_local(grant, LOCAL_SOURCE_ENDPOINT);
	cap_grant_set_interface_id(grant, server->interface_id);
	require(capos_call_run(&call) == CAP_OK &&
		capos_adopt(&call, 0, PROCESS_HANDLE_INTERFACE_ID, &server->process.cap) ==
		    CAP_OK &&
		capos_adopt(&call, PROCESS_LAUNCHER_LAUNCH_RESULTS_CAP_COUNT, server->interface_id,
		    &server->client) == CAP_OK,
	    "launch of a server");
	capos_call_end(&call);
}

int64_t
await_exit(struct process_handle process)
{
	int64_t code = 0;

	require(exit_code(process, &code), "a process did not exit");
	return code;
}

int64_t
run_program(struct capnp_text binary)
{
	struct capos_call call;
	struct process_launcher_launch_params_builder params =
	    process_launcher_launch_begin(&call, bench.launcher);
	struct process_launcher_launch_results launched;
	struct process_handle process = { 0 };

	process_launcher_launch_params_set_name(params, binary);
	process_launcher_launch_params_set_binary(params, binary);
	require(process_launcher_launch_run(&call, &launched) == CAP_OK &&
		capos_adopt(&call, 0, PROCESS_HANDLE_INTERFACE_ID, &process.cap) == CAP_OK,
	    "launch");
	capos_call_end(&call);
	return await_exit(process);
}
