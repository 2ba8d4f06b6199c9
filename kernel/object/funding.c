/* SPDX-License-Identifier: Apache-2.0 */
/* Funding: room that a ledger lends; see mm/funding.h. */
#include "mm/funding.h"

#include <schema/ledger.server.h>

#include "cap/process.h"
#include "mm/pool.h"
#include "object/call.h"
#include "object/ledger.h"

struct funding_capability {
	struct object object;
	struct funding *funding;
	struct ledger *payer; /* the donor; a reference */
};

static struct pool capability_pool;

void
funding_objects_init(void)
{
	pool_init(&capability_pool, "funding-capability", sizeof(struct funding_capability));
}

static struct funding *
funding_of(const struct capos_caller *caller)
{
	return LIST_ENTRY(caller->call->object, struct funding_capability, object)->funding;
}

static enum cap_status
funding_amounts_told(struct funding_server *server, struct funding_amounts_params params,
    struct funding_amounts_results_builder results, const struct capos_caller *caller)
{
	struct resource_amounts_builder to = funding_amounts_results_init_amounts(results);
	uint64_t amount[LEDGER_RESOURCE_COUNT];

	(void)server;
	(void)params;
	funding_amounts(funding_of(caller), amount);
	resource_amounts_set_cap_slots(to, amount[LEDGER_CAP_SLOTS]);
	resource_amounts_set_frame_pages(to, amount[LEDGER_FRAME_PAGES]);
	resource_amounts_set_virtual_pages(to, amount[LEDGER_VIRTUAL_PAGES]);
	resource_amounts_set_kernel_bytes(to, amount[LEDGER_KERNEL_BYTES]);
	resource_amounts_set_endpoint_calls(to, amount[LEDGER_ENDPOINT_CALLS]);
	resource_amounts_set_outstanding_calls(to, amount[LEDGER_OUTSTANDING_CALLS]);
	return CAP_OK;
}

static enum cap_status
funding_reduced(struct funding_server *server, struct funding_reduce_params params,
    struct funding_reduce_results_builder results, const struct capos_caller *caller)
{
	uint64_t amount[LEDGER_RESOURCE_COUNT];

	(void)server;
	(void)results;
	ledger_amounts_read(funding_reduce_params_amounts(params), amount);
	if (capnp_reader_error(caller->call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	return funding_reduce(funding_of(caller), amount);
}

static const struct funding_methods methods = {
	.amounts = funding_amounts_told,
	.reduce = funding_reduced,
};

static enum cap_status
funding_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return funding_dispatch(&methods, NULL, call->method, call->params, call->results, &caller);
}

static enum job_state
funding_destroy(struct object *object)
{
	struct funding_capability *capability =
	    LIST_ENTRY(object, struct funding_capability, object);
	struct ledger *payer = capability->payer;

	funding_end(capability->funding);
	pool_free(&capability_pool, payer, capability);
	ledger_put(payer);
	return JOB_DONE;
}

/* It is room of the process that asked: handed on it would be room of another. */
static const struct object_type funding_type = {
	.name = "funding",
	.interface_id = FUNDING_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_NONE,
	.call = funding_call,
	.destroy = funding_destroy,
};

enum cap_status
funding_capability_create(struct ledger *donor, struct process *recipient,
    const uint64_t amount[LEDGER_RESOURCE_COUNT], struct object **out)
{
	struct funding_capability *capability;
	void *object;
	enum cap_status status = pool_alloc(&capability_pool, donor, &object);

	if (status != CAP_OK)
		return status;
	capability = object;
	status = funding_create(donor, recipient->ledger, amount, &capability->funding);
	if (status != CAP_OK) {
		pool_free(&capability_pool, donor, capability);
		return status;
	}
	object_init(&capability->object, &funding_type);
	capability->payer = donor;
	ledger_get(donor);
	*out = &capability->object;
	return CAP_OK;
}
