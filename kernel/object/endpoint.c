/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoint: what its owner may call on it; serving is done by RECV and RETURN (ipc/). */
#include "object/endpoint.h"

#include <schema/endpoint.server.h>

#include "ipc/endpoint.h"
#include "object/call.h"

static enum cap_status
endpoint_client(struct endpoint_server *server, struct endpoint_client_params params,
    struct endpoint_client_results_builder results, const struct capos_caller *caller)
{
	struct object_call *call = caller->call;
	uint64_t interface_id = endpoint_client_params_interface_id(params);
	struct cap_hold hold;
	struct capnp_cap client;
	uint16_t index;
	enum cap_status status;

	(void)server;
	if (capnp_reader_error(call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = endpoint_facet(endpoint_of(call->object), interface_id, &index);
	if (status != CAP_OK)
		return status;
	hold = object_hold(call->object, index);
	object_get(call->object);
	status = object_call_result_cap(call, 0, &hold, &client);
	if (status != CAP_OK) {
		object_put(call->object);
		return status;
	}
	endpoint_client_results_set_client(results, client);
	return CAP_OK;
}

static const struct endpoint_methods methods = {
	.client = endpoint_client,
};

static enum cap_status
endpoint_owner_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return endpoint_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

const struct object_type endpoint_owner_type = {
	.name = "endpoint",
	.interface_id = ENDPOINT_INTERFACE_ID,
	.kind = OBJECT_KIND_ENDPOINT,
	.transfer = OBJECT_TRANSFER_MOVE,
	.call = endpoint_owner_call,
	.destroy = endpoint_destroy,
	.hold_dropped = endpoint_hold_dropped,
};
