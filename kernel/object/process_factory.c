/* SPDX-License-Identifier: Apache-2.0 */
/* ProcessFactory: the authority to make processes. */
#include <schema/process.server.h>

#include "cap/process.h"
#include "object/call.h"
#include "object/permanent.h"
#include "object/process.h"
#include "proc/process.h"

static struct object factory;

static void
read_limits(struct resource_limits from, struct process_limits *to)
{
	to->limit[LEDGER_CAP_SLOTS] = resource_limits_cap_slots(from);
	to->limit[LEDGER_FRAME_PAGES] = resource_limits_frame_pages(from);
	to->limit[LEDGER_VIRTUAL_PAGES] = resource_limits_virtual_pages(from);
	to->limit[LEDGER_KERNEL_BYTES] = resource_limits_kernel_bytes(from);
	to->limit[LEDGER_ENDPOINT_CALLS] = resource_limits_endpoint_calls(from);
	to->limit[LEDGER_OUTSTANDING_CALLS] = resource_limits_outstanding_calls(from);
}

static enum cap_status
factory_create(struct process_factory_server *server, struct process_factory_create_params params,
    struct process_factory_create_results_builder results, const struct capos_caller *caller)
{
	struct object_call *call = caller->call;
	struct capnp_text name = process_factory_create_params_name(params);
	struct process_limits limits;
	struct process *process;
	struct object *builder;
	struct cap_hold hold;
	struct capnp_cap made;
	enum cap_status status;

	(void)server;
	read_limits(process_factory_create_params_limits(params), &limits);
	if (capnp_reader_error(call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = process_create(call->process->ledger, name.data, name.size, &limits, &process);
	if (status != CAP_OK)
		return status;
	status = process_builder_create(call->process->ledger, process, &builder);
	if (status != CAP_OK) {
		process_abandon(process);
		return status;
	}
	hold = object_hold(builder, 0);
	status = object_call_result_cap(call, 0, &hold, &made);
	if (status != CAP_OK) {
		object_put(builder); /* abandons the process */
		return status;
	}
	process_factory_create_results_set_builder(results, made);
	return CAP_OK;
}

static const struct process_factory_methods methods = {
	.create = factory_create,
};

static enum cap_status
factory_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return process_factory_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

static const struct object_type factory_type = {
	.name = "processFactory",
	.interface_id = PROCESS_FACTORY_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = factory_call,
	.destroy = permanent_destroy,
};

void process_factory_init(void);

void
process_factory_init(void)
{
	object_init(&factory, &factory_type);
}

struct object *
process_factory_object(void)
{
	return &factory;
}
