/* SPDX-License-Identifier: Apache-2.0 */
/* Ledger: what is charged to one, parts of it, and room lent to whoever asks. */
#include "object/ledger.h"

#include <schema/ledger.server.h>

#include "cap/process.h"
#include "mm/pool.h"
#include "object/call.h"

struct ledger_capability {
	struct object object;
	struct ledger *ledger; /* a reference */
	struct ledger *payer;  /* a reference */
};

static struct pool capability_pool;

static struct ledger *
ledger_of(const struct capos_caller *caller)
{
	return LIST_ENTRY(caller->call->object, struct ledger_capability, object)->ledger;
}

void
ledger_usage_fill(struct usage_list_builder to, const struct ledger *ledger)
{
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
		struct usage_builder usage = usage_builder_at(to, i);

		usage_set_name(usage, capnp_text_from_string(ledger_resource_name(i)));
		usage_set_used(usage, ledger->used[i]);
		usage_set_limit(usage, ledger->limit[i]);
	}
}

void
ledger_amounts_read(struct resource_amounts from, uint64_t amount[LEDGER_RESOURCE_COUNT])
{
	amount[LEDGER_CAP_SLOTS] = resource_amounts_cap_slots(from);
	amount[LEDGER_FRAME_PAGES] = resource_amounts_frame_pages(from);
	amount[LEDGER_VIRTUAL_PAGES] = resource_amounts_virtual_pages(from);
	amount[LEDGER_KERNEL_BYTES] = resource_amounts_kernel_bytes(from);
	amount[LEDGER_ENDPOINT_CALLS] = resource_amounts_endpoint_calls(from);
	amount[LEDGER_OUTSTANDING_CALLS] = resource_amounts_outstanding_calls(from);
}

static enum cap_status
ledger_usage(struct ledger_server *server, struct ledger_usage_params params,
    struct ledger_usage_results_builder results, const struct capos_caller *caller)
{
	(void)server;
	(void)params;
	ledger_usage_fill(
	    ledger_usage_results_init_usage(results, LEDGER_RESOURCE_COUNT), ledger_of(caller));
	return CAP_OK;
}

/* A fresh object, whose reference this takes, as the one capability of the answer. */
static enum cap_status
answer_with(struct object_call *call, struct object *object, struct capnp_cap *out)
{
	struct cap_hold hold = object_hold(object, 0);
	enum cap_status status = object_call_result_cap(call, 0, &hold, out);

	if (status != CAP_OK)
		object_put(object);
	return status;
}

static enum cap_status
ledger_divide(struct ledger_server *server, struct ledger_divide_params params,
    struct ledger_divide_results_builder results, const struct capos_caller *caller)
{
	uint64_t limit[LEDGER_RESOURCE_COUNT];
	struct ledger *parent = ledger_of(caller);
	struct ledger *part;
	struct object *object;
	struct capnp_cap made;
	enum cap_status status;

	(void)server;
	ledger_amounts_read(ledger_divide_params_limits(params), limit);
	if (capnp_reader_error(caller->call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (caller->call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = ledger_create(parent, limit, &part);
	if (status != CAP_OK)
		return status;
	status = ledger_capability_create(parent, part, &object);
	ledger_put(part); /* the object has a reference of its own */
	if (status == CAP_OK)
		status = answer_with(caller->call, object, &made);
	if (status == CAP_OK)
		ledger_divide_results_set_ledger(results, made);
	return status;
}

static enum cap_status
ledger_fund(struct ledger_server *server, struct ledger_fund_params params,
    struct ledger_fund_results_builder results, const struct capos_caller *caller)
{
	uint64_t amount[LEDGER_RESOURCE_COUNT];
	struct object *object;
	struct capnp_cap made;
	enum cap_status status;

	(void)server;
	ledger_amounts_read(ledger_fund_params_amounts(params), amount);
	if (capnp_reader_error(caller->call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (caller->call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status =
	    funding_capability_create(ledger_of(caller), caller->call->process, amount, &object);
	if (status == CAP_OK)
		status = answer_with(caller->call, object, &made);
	if (status == CAP_OK)
		ledger_fund_results_set_funding(results, made);
	return status;
}

static const struct ledger_methods methods = {
	.usage = ledger_usage,
	.divide = ledger_divide,
	.fund = ledger_fund,
};

static enum cap_status
ledger_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return ledger_dispatch(&methods, NULL, call->method, call->params, call->results, &caller);
}

static enum job_state
ledger_destroy(struct object *object)
{
	struct ledger_capability *capability = LIST_ENTRY(object, struct ledger_capability, object);
	struct ledger *ledger = capability->ledger;
	struct ledger *payer = capability->payer;

	pool_free(&capability_pool, payer, capability);
	ledger_put(ledger);
	ledger_put(payer);
	return JOB_DONE;
}

static const struct object_type ledger_type = {
	.name = "ledger",
	.interface_id = LEDGER_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = ledger_call,
	.destroy = ledger_destroy,
};

enum cap_status
ledger_capability_create(struct ledger *payer, struct ledger *ledger, struct object **out)
{
	struct ledger_capability *capability;
	void *object;
	enum cap_status status = pool_alloc(&capability_pool, payer, &object);

	if (status != CAP_OK)
		return status;
	capability = object;
	object_init(&capability->object, &ledger_type);
	capability->ledger = ledger;
	capability->payer = payer;
	ledger_get(ledger);
	ledger_get(payer);
	*out = &capability->object;
	return CAP_OK;
}

enum cap_status
ledger_capability_hold(struct process *process, struct cap_hold *out)
{
	struct object *object;
	enum cap_status status =
	    ledger_capability_create(process->ledger, process->ledger, &object);

	if (status != CAP_OK)
		return status;
	*out = object_hold(object, 0);
	out->mode = OBJECT_TRANSFER_NONE;
	return CAP_OK;
}

enum cap_status
ledger_capability_find(struct process *process, cap_id_t cap_id, struct ledger **out)
{
	struct cap_ref ref;
	enum cap_status status = cap_lookup(process->table, cap_id, &ref);

	if (status != CAP_OK)
		return status;
	if (ref.object->type != &ledger_type)
		return CAP_ERR_WRONG_INTERFACE;
	*out = LIST_ENTRY(ref.object, struct ledger_capability, object)->ledger;
	return CAP_OK;
}

void
ledger_objects_init(void)
{
	pool_init(&capability_pool, "ledger-capability", sizeof(struct ledger_capability));
	funding_objects_init();
}
