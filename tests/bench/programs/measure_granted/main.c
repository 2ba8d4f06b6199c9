/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose grants `revoke_loaded` revokes: it hands them on to all of the load's processes, as copies,
 * and waits for their ends. CapSet: `launcher`, `echo`, `memory` (MemoryObject), `held` (Echo),
 * `timer`.
 */
#include <capos/capos.h>
#include <schema/echo.client.h>
#include <schema/memory.client.h>
#include <schema/process.client.h>
#include <schema/timer.client.h>

#include "exit_code.h"
#include "revocation_load.h"

CAPOS_LARGE_MESSAGES(1);

#define GRANTS 4

static struct {
	struct process_launcher launcher;
	struct memory_object memory;
	struct echo echo;
	struct echo held;
	struct timer timer;
	struct process_handle load[LOAD_PROCESSES];
} state;

static enum cap_status
launch(struct process_handle *out)
{
	static const char *const names[GRANTS] = { "memory", "echo", "held", "timer" };
	const struct capos_cap caps[GRANTS] = { state.memory.cap, state.echo.cap, state.held.cap,
		state.timer.cap };
	struct capos_call call;
	struct process_launcher_launch_params_builder params =
	    process_launcher_launch_begin(&call, state.launcher);
	struct cap_grant_list_builder grants;
	enum cap_status status;

	process_launcher_launch_params_set_name(params, CAPNP_TEXT("measure-loaded"));
	process_launcher_launch_params_set_binary(params, CAPNP_TEXT("measure-loaded"));
	grants = process_launcher_launch_params_init_grants(params, GRANTS);
	for (uint32_t i = 0; i < GRANTS; i++) {
		struct cap_grant_builder grant = cap_grant_builder_at(grants, i);

		cap_grant_set_name(grant, capnp_text_from_string(names[i]));
		cap_grant_set_cap(grant,
		    (struct capnp_cap){ caps[i].cap_id, caps[i].interface_id, CAPNP_CAP_COPY });
	}
	status = capos_call_run(&call);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, PROCESS_HANDLE_INTERFACE_ID, &out->cap);
	capos_call_end(&call);
	return status;
}

int
capos_main(struct capos *self)
{
	if (process_launcher_from_capset(self, "launcher", &state.launcher) != CAP_OK ||
	    memory_object_from_capset(self, "memory", &state.memory) != CAP_OK ||
	    echo_from_capset(self, "echo", &state.echo) != CAP_OK ||
	    echo_from_capset(self, "held", &state.held) != CAP_OK ||
	    timer_from_capset(self, "timer", &state.timer) != CAP_OK)
		return 1;
	for (uint32_t i = 0; i < LOAD_PROCESSES; i++)
		if (launch(&state.load[i]) != CAP_OK)
			return 2;
	for (uint32_t i = 0; i < LOAD_PROCESSES; i++)
		if (!exits_with(state.load[i], 0))
			return 3;
	return 0;
}
