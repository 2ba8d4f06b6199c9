/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NullCap: a method that does nothing, so that what is left of a call is what every call costs. It
 * takes the way that methods of scalars take, and is granted where that is measured.
 */
#include <schema/null_cap.server.h>

#include "object/call.h"
#include "object/permanent.h"

static struct object null_cap;

static enum cap_status
null_cap_method(struct null_cap_server *server, struct null_cap_call_params params,
    struct null_cap_call_results_builder results, const struct capos_caller *caller)
{
	(void)server;
	(void)params;
	(void)results;
	(void)caller;
	return CAP_OK;
}

static const struct null_cap_methods methods = {
	.call = null_cap_method,
};

static enum cap_status
null_cap_object_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return null_cap_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

static enum cap_status
null_cap_object_call_scalar(struct object_call *call, struct capnp_flat_call *message)
{
	struct capos_caller caller = { call };

	return null_cap_dispatch_scalar(&methods, NULL, call->method, message, &caller);
}

static const struct object_type null_cap_type = {
	.name = "nullCap",
	.interface_id = NULL_CAP_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = null_cap_object_call,
	.call_scalar = null_cap_object_call_scalar,
	.destroy = permanent_destroy,
};

void null_cap_init(void);

void
null_cap_init(void)
{
	object_init(&null_cap, &null_cap_type);
}

struct object *
null_cap_object(void)
{
	return &null_cap;
}
