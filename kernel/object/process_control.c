/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ProcessControl: the authority to end a process. It stands in the process's record, as the handle
 * does, which it keeps.
 */
#include <schema/process.server.h>

#include "object/call.h"
#include "object/process.h"
#include "proc/process.h"

static enum cap_status
control_kill(struct process_control_server *server, struct process_control_kill_params params,
    struct process_control_kill_results_builder results, const struct capos_caller *caller)
{
	const struct process_exit killed = { .kind = EXIT_KIND_KILLED };
	struct process *process = process_of_control(caller->call->object);
	bool runs = process->state == PROCESS_RUNNING;

	(void)server;
	(void)params;
	process_control_kill_results_set_was_running(results, runs);
	/* It may be the caller: what is left of this entry sees that its thread is dead. */
	if (runs)
		process_exit(process->thread, &killed);
	return CAP_OK;
}

static const struct process_control_methods methods = {
	.kill = control_kill,
};

static enum cap_status
control_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return process_control_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

static enum job_state
control_destroy(struct object *object)
{
	object_put(process_handle_object(process_of_control(object)));
	return JOB_DONE;
}

const struct object_type process_control_type = {
	.name = "processControl",
	.interface_id = PROCESS_CONTROL_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = control_call,
	.destroy = control_destroy,
};
