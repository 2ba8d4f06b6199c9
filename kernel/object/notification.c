/* SPDX-License-Identifier: Apache-2.0 */
/* What may be called on the two sides of a notification; waiting is done by WAIT (ipc/). */
#include "object/notification.h"

#include <schema/notification.server.h>

#include "cap/process.h"
#include "ipc/notification.h"
#include "object/call.h"
#include "object/signal.h"

static enum cap_status
notification_signaller(struct notification_server *server,
    struct notification_signaller_params params,
    struct notification_signaller_results_builder results, const struct capos_caller *caller)
{
	struct object_call *call = caller->call;
	struct object *side =
	    notification_signalling_side(notification_of_waiting_side(call->object));
	struct cap_hold hold = object_hold(side, 0);
	struct capnp_cap made;
	enum cap_status status;

	(void)server;
	(void)params;
	object_get(side);
	status = object_call_result_cap(call, 0, &hold, &made);
	if (status != CAP_OK) {
		object_put(side);
		return status;
	}
	notification_signaller_results_set_signaller(results, made);
	return CAP_OK;
}

static enum cap_status
notification_take(struct notification_server *server, struct notification_poll_params params,
    struct notification_poll_results_builder results, const struct capos_caller *caller)
{
	struct object_call *call = caller->call;
	uint64_t mask = notification_poll_params_mask(params);

	(void)server;
	notification_poll_results_set_bits(
	    results, notification_poll(notification_of_waiting_side(call->object), mask));
	return CAP_OK;
}

static enum cap_status
notification_limited_signaller(struct notification_server *server,
    struct notification_limited_signaller_params params,
    struct notification_limited_signaller_results_builder results,
    const struct capos_caller *caller)
{
	struct object_call *call = caller->call;
	const struct limited_signaller_request request = {
		.payer = call->process->ledger,
		.notification = notification_of_waiting_side(call->object),
		.mask = notification_limited_signaller_params_mask(params),
		.dropped = notification_limited_signaller_params_dropped(params),
	};
	struct object *object;
	struct cap_hold hold;
	struct capnp_cap made;
	enum cap_status status;

	(void)server;
	/* Looked at first: an undoing would set the bits of its end. */
	if (call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = limited_signaller_create(&request, &object);
	if (status != CAP_OK)
		return status;
	hold = object_hold(object, 0);
	status = object_call_result_cap(call, 0, &hold, &made);
	if (status != CAP_OK) {
		object_put(object);
		return status;
	}
	notification_limited_signaller_results_set_signaller(results, made);
	return CAP_OK;
}

static const struct notification_methods waiting_methods = {
	.signaller = notification_signaller,
	.poll = notification_take,
	.limited_signaller = notification_limited_signaller,
};

static enum cap_status
waiting_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return notification_dispatch(
	    &waiting_methods, NULL, call->method, call->params, call->results, &caller);
}

static const struct object_type waiting_type = {
	.name = "notification",
	.interface_id = NOTIFICATION_INTERFACE_ID,
	.kind = OBJECT_KIND_NOTIFICATION,
	.transfer = OBJECT_TRANSFER_MOVE,
	.call = waiting_call,
	.destroy = notification_waiting_destroy,
	.hold_dropped = notification_hold_dropped,
};

static const struct object_type signalling_type = {
	.name = "signaller",
	.interface_id = SIGNALLER_INTERFACE_ID,
	.kind = OBJECT_KIND_SIGNALLER,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = signaller_call,
	.destroy = notification_signalling_destroy,
};

void
notification_objects_init(void)
{
	notification_init(&waiting_type, &signalling_type);
	notification_factory_init();
	limited_signaller_init();
}
