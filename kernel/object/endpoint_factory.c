/* SPDX-License-Identifier: Apache-2.0 */
/* EndpointFactory: endpoints, charged to whoever asks. */
#include <schema/endpoint.server.h>

#include "cap/process.h"
#include "ipc/endpoint.h"
#include "object/call.h"
#include "object/endpoint.h"
#include "object/permanent.h"

static struct object factory;

static enum cap_status
factory_create(struct endpoint_factory_server *server, struct endpoint_factory_create_params params,
    struct endpoint_factory_create_results_builder results, const struct capos_caller *caller)
{
	struct object_call *call = caller->call;
	struct endpoint *endpoint;
	struct cap_hold hold;
	struct capnp_cap made;
	enum cap_status status;

	(void)server;
	(void)params;
	/* Looked at first, so that nothing has to be undone. */
	if (call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = endpoint_create(call->process->ledger, &endpoint);
	if (status != CAP_OK)
		return status;
	hold = object_hold(endpoint_object(endpoint), 0);
	status = object_call_result_cap(call, 0, &hold, &made);
	if (status != CAP_OK) {
		object_put(endpoint_object(endpoint));
		return status;
	}
	endpoint_factory_create_results_set_endpoint(results, made);
	return CAP_OK;
}

static const struct endpoint_factory_methods methods = {
	.create = factory_create,
};

static enum cap_status
factory_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return endpoint_factory_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

static const struct object_type factory_type = {
	.name = "endpointFactory",
	.interface_id = ENDPOINT_FACTORY_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = factory_call,
	.destroy = permanent_destroy,
};

void
endpoint_factory_init(void)
{
	endpoint_object_init();
	object_init(&factory, &factory_type);
}

struct object *
endpoint_factory_object(void)
{
	return &factory;
}
