/* SPDX-License-Identifier: Apache-2.0 */
/* Signallers of all kinds, and those that the kernel keeps; see signal.h. */
#include "object/signal.h"

#include <schema/notification.server.h>

#include "cap/process.h"
#include "ipc/notification.h"
#include "mm/pool.h"
#include "object/call.h"

struct limited_signaller {
	struct object object;
	struct notification *notification; /* [I] a reference to its signalling side */
	struct ledger *payer;		   /* [I] a reference */
	uint64_t mask;			   /* [I] */
	uint64_t dropped;		   /* [I] */
};

static struct pool limited_pool;

static struct limited_signaller *
limited_of(struct object *object)
{
	return LIST_ENTRY(object, struct limited_signaller, object);
}

/* Whether the object shows Signaller, and may set these bits. */
static enum cap_status
signal_check(struct object *object, uint64_t mask)
{
	switch (object->type->kind) {
	case OBJECT_KIND_SIGNALLER:
		return CAP_OK;
	case OBJECT_KIND_LIMITED_SIGNALLER:
		return (mask & ~limited_of(object)->mask) == 0 ? CAP_OK : CAP_ERR_INVALID_ARGUMENT;
	default:
		return CAP_ERR_WRONG_INTERFACE;
	}
}

enum cap_status
signal_by(struct object *object, uint64_t mask)
{
	enum cap_status status = signal_check(object, mask);

	if (status != CAP_OK)
		return status;
	return notification_signal(object->type->kind == OBJECT_KIND_SIGNALLER
		? notification_of_signalling_side(object)
		: limited_of(object)->notification,
	    mask);
}

static enum cap_status
signaller_signal(struct signaller_server *server, struct signaller_signal_params params,
    struct signaller_signal_results_builder results, const struct capos_caller *caller)
{
	struct object_call *call = caller->call;
	uint64_t mask = signaller_signal_params_mask(params);

	(void)server;
	(void)results;
	return signal_by(call->object, mask);
}

static const struct signaller_methods methods = {
	.signal = signaller_signal,
};

enum cap_status
signaller_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return signaller_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

static enum job_state
limited_destroy(struct object *object)
{
	struct limited_signaller *limited = limited_of(object);
	struct object *side = notification_signalling_side(limited->notification);
	struct ledger *payer = limited->payer;

	/* Nobody can wait any more: then nobody wants to know. */
	if (limited->dropped != 0)
		(void)!notification_signal(limited->notification, limited->dropped);
	pool_free(&limited_pool, payer, limited);
	ledger_put(payer);
	object_put(side);
	return JOB_DONE;
}

static const struct object_type limited_type = {
	.name = "limitedSignaller",
	.interface_id = SIGNALLER_INTERFACE_ID,
	.kind = OBJECT_KIND_LIMITED_SIGNALLER,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = signaller_call,
	.destroy = limited_destroy,
};

void
limited_signaller_init(void)
{
	pool_init(&limited_pool, "limited-signaller", sizeof(struct limited_signaller));
}

enum cap_status
limited_signaller_create(const struct limited_signaller_request *request, struct object **out)
{
	struct limited_signaller *limited;
	void *memory;
	enum cap_status status;

	if (request->mask == 0 && request->dropped == 0)
		return CAP_ERR_INVALID_ARGUMENT;
	status = pool_alloc(&limited_pool, request->payer, &memory);
	if (status != CAP_OK)
		return status;
	limited = memory;
	object_init(&limited->object, &limited_type);
	limited->notification = request->notification;
	limited->payer = request->payer;
	limited->mask = request->mask;
	limited->dropped = request->dropped;
	ledger_get(limited->payer);
	object_get(notification_signalling_side(limited->notification));
	*out = &limited->object;
	return CAP_OK;
}

enum cap_status
signal_target_take(
    struct process *process, cap_id_t cap_id, uint64_t mask, struct signal_target *out)
{
	struct cap_hold hold;
	enum cap_status status;

	spin_lock(&process->lock);
	status = cap_table_peek_locked(process->table, cap_id, &hold);
	if (status == CAP_OK)
		status = signal_check(hold.object, mask);
	if (status == CAP_OK && mask == 0)
		status = CAP_ERR_INVALID_ARGUMENT;
	if (status == CAP_OK) {
		cap_hold_get(&hold);
		*out = (struct signal_target){ hold, mask };
	}
	spin_unlock(&process->lock);
	return status;
}

bool
signal_target_fire(const struct signal_target *target)
{
	/* What was kept is a hold as any other: it ends with a revocation. */
	if (target->hold.object == NULL || !cap_hold_is_live(&target->hold))
		return false;
	return signal_by(target->hold.object, target->mask) == CAP_OK;
}

void
signal_target_drop(struct signal_target *target)
{
	struct cap_hold hold = target->hold;

	if (hold.object == NULL)
		return;
	*target = (struct signal_target){ 0 };
	cap_hold_put(&hold);
}
