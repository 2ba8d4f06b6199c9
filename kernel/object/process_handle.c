/* SPDX-License-Identifier: Apache-2.0 */
/* ProcessHandle: how a process ends, for one waiter at a time. The object stands in the process's
 * record (proc/). */
#include <schema/process.server.h>

#include "object/call.h"
#include "object/process.h"
#include "proc/process.h"

/* The waiting op has ended otherwise. All handles share this: which process it is, the op's object
 * says. */
static void
forget(struct op_waiter *waiter, struct op *op)
{
	(void)waiter;
	*process_waiter(process_of_handle(op->object)) = NULL;
}

static struct op_waiter waiter = { forget };

static void
fill_status(struct exit_status_builder to, const struct process_exit *from)
{
	exit_status_set_kind(to, (enum exit_kind)from->kind);
	exit_status_set_code(to, from->code);
	exit_status_set_fault_address(to, from->fault_address);
	exit_status_set_fault_instruction(to, from->fault_instruction);
	exit_status_set_fault_error(to, (uint32_t)from->fault_error);
	exit_status_set_serving_interface(to, from->serving_interface);
	exit_status_set_serving_method(to, from->serving_method);
}

static enum cap_status
handle_wait(struct process_handle_server *server, struct process_handle_wait_params params,
    struct process_handle_wait_results_builder results, const struct capos_caller *caller)
{
	struct process *process = process_of_handle(caller->call->object);

	(void)server;
	(void)params;
	if (!process_is_running(process)) {
		fill_status(
		    process_handle_wait_results_init_status(results), process_exit_status(process));
		return CAP_OK;
	}
	if (*process_waiter(process) != NULL)
		return CAP_ERR_ALREADY_WAITING;
	*process_waiter(process) = caller->call->op;
	object_call_defer(caller->call, &waiter);
	return OBJECT_PENDING;
}

static enum cap_status
handle_status(struct process_handle_server *server, struct process_handle_status_params params,
    struct process_handle_status_results_builder results, const struct capos_caller *caller)
{
	struct process *process = process_of_handle(caller->call->object);

	(void)server;
	(void)params;
	process_handle_status_results_set_running(results, process_is_running(process));
	process_handle_status_results_set_ending(results, process->state == PROCESS_EXITING);
	process_handle_status_results_set_pid(results, process->pid);
	process_handle_status_results_set_name(results, capnp_text_from_string(process->name));
	if (!process_is_running(process))
		fill_status(process_handle_status_results_init_status(results),
		    process_exit_status(process));
	return CAP_OK;
}

void
process_handle_ended(struct process *process)
{
	struct op *op = *process_waiter(process);
	struct process_handle_wait_results_builder results;
	struct object_answer answer;

	*process_waiter(process) = NULL;
	if (op == NULL || !object_answer_begin(op, &answer))
		return;
	results = process_handle_wait_results_init_root(answer.call.results);
	fill_status(process_handle_wait_results_init_status(results), process_exit_status(process));
	object_answer_end(&answer);
}

static const struct process_handle_methods methods = {
	.wait = handle_wait,
	.status = handle_status,
};

static enum cap_status
handle_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return process_handle_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

const struct object_type process_handle_type = {
	.name = "processHandle",
	.interface_id = PROCESS_HANDLE_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_MOVE,
	.call = handle_call,
	.destroy = process_record_free,
};
