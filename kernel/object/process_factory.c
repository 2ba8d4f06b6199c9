/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ProcessFactory: the authority to make processes. The one that every holder shares makes them
 * below boot; others make them below a ledger, whose limit they share.
 */
#include <schema/process.server.h>

#include "base/assert.h"
#include "cap/process.h"
#include "mm/pool.h"
#include "object/call.h"
#include "object/ledger.h"
#include "object/permanent.h"
#include "object/process.h"
#include "proc/process.h"

struct factory {
	struct object object;
	struct ledger *group; /* a reference; NULL: boot */
	struct ledger *payer; /* a reference; NULL: the one that is always there */
};

static struct factory factory;
static struct pool factory_pool;

static struct factory *
factory_of(const struct capos_caller *caller)
{
	return LIST_ENTRY(caller->call->object, struct factory, object);
}

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
	limits.group = factory_of(caller)->group;
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

static enum cap_status
factory_make(struct ledger *payer, struct ledger *group, struct object **out);

static enum cap_status
factory_within(struct process_factory_server *server, struct process_factory_within_params params,
    struct process_factory_within_results_builder results, const struct capos_caller *caller)
{
	struct object_call *call = caller->call;
	struct capnp_cap ledger = process_factory_within_params_ledger(params);
	struct ledger *group;
	struct object *object;
	struct cap_hold hold;
	struct capnp_cap made;
	enum cap_status status;

	(void)server;
	if (capnp_reader_error(call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	status = ledger_capability_find(call->process, ledger.cap_id, &group);
	if (status != CAP_OK)
		return status;
	if (call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = factory_make(call->process->ledger, group, &object);
	if (status != CAP_OK)
		return status;
	hold = object_hold(object, 0);
	status = object_call_result_cap(call, 0, &hold, &made);
	if (status == CAP_OK)
		process_factory_within_results_set_factory(results, made);
	else
		object_put(object);
	return status;
}

static const struct process_factory_methods methods = {
	.create = factory_create,
	.within = factory_within,
};

static enum cap_status
factory_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return process_factory_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

static enum job_state
factory_destroy(struct object *object)
{
	struct factory *gone = LIST_ENTRY(object, struct factory, object);
	struct ledger *payer = gone->payer;

	KASSERT(payer != NULL);
	ledger_put(gone->group);
	pool_free(&factory_pool, payer, gone);
	ledger_put(payer);
	return JOB_DONE;
}

static const struct object_type factory_type = {
	.name = "processFactory",
	.interface_id = PROCESS_FACTORY_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = factory_call,
	.destroy = factory_destroy,
};

static enum cap_status
factory_make(struct ledger *payer, struct ledger *group, struct object **out)
{
	struct factory *made;
	void *memory;
	enum cap_status status = pool_alloc(&factory_pool, payer, &memory);

	if (status != CAP_OK)
		return status;
	made = memory;
	object_init(&made->object, &factory_type);
	made->group = group;
	made->payer = payer;
	ledger_get(group);
	ledger_get(payer);
	*out = &made->object;
	return CAP_OK;
}

void process_factory_init(void);

void
process_factory_init(void)
{
	pool_init(&factory_pool, "process-factory", sizeof(struct factory));
	object_init(&factory.object, &factory_type);
}

struct object *
process_factory_object(void)
{
	return &factory.object;
}
