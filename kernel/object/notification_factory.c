/* SPDX-License-Identifier: Apache-2.0 */
/* NotificationFactory: notifications, charged to whoever asks. */
#include <schema/notification.server.h>

#include "cap/process.h"
#include "ipc/notification.h"
#include "object/call.h"
#include "object/notification.h"
#include "object/permanent.h"

static struct object factory;

static enum cap_status
factory_create(struct notification_factory_server *server,
    struct notification_factory_create_params params,
    struct notification_factory_create_results_builder results, const struct capos_caller *caller)
{
	struct object_call *call = caller->call;
	struct notification *notification;
	struct cap_hold hold;
	struct capnp_cap made;
	enum cap_status status;

	(void)server;
	(void)params;
	/* Looked at first, so that nothing has to be undone. */
	if (call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = notification_create(call->process->ledger, &notification);
	if (status != CAP_OK)
		return status;
	hold = object_hold(notification_waiting_side(notification), 0);
	status = object_call_result_cap(call, 0, &hold, &made);
	if (status != CAP_OK) {
		notification_hold_dropped(notification_waiting_side(notification), 0);
		object_put(notification_waiting_side(notification));
		return status;
	}
	notification_factory_create_results_set_notification(results, made);
	return CAP_OK;
}

static const struct notification_factory_methods methods = {
	.create = factory_create,
};

static enum cap_status
factory_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return notification_factory_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

static const struct object_type factory_type = {
	.name = "notificationFactory",
	.interface_id = NOTIFICATION_FACTORY_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = factory_call,
	.destroy = permanent_destroy,
};

void
notification_factory_init(void)
{
	object_init(&factory, &factory_type);
}

struct object *
notification_factory_object(void)
{
	return &factory;
}
