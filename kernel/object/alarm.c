/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alarm: one time at which bits of a notification are set. The deadline stands in the object, so
 * that setting it again and again takes no memory. Its expiry may run on one CPU while another sets
 * or destroys the alarm: it looks at what never changes, and the memory stays for a grace period.
 */
#include "object/alarm.h"

#include <schema/timer.server.h>

#include "arch/clock.h"
#include "mm/grace.h"
#include "mm/pool.h"
#include "object/call.h"
#include "time/deadline.h"

struct alarm {
	struct object object;
	struct spinlock lock;	     /* rank LOCK_RANK_OBJECT: one sets it at a time */
	struct deadline deadline;    /* armed and disarmed with the lock held */
	struct signal_target target; /* [I] */
	struct ledger *payer;	     /* [I] a reference */
	struct grace_item grace;
};

static struct pool alarm_pool;

void
alarm_init(void)
{
	pool_init(&alarm_pool, "alarm", sizeof(struct alarm));
}

static struct alarm *
alarm_of(const struct capos_caller *caller)
{
	return LIST_ENTRY(caller->call->object, struct alarm, object);
}

static void
expired(struct deadline *deadline)
{
	(void)signal_target_fire(&LIST_ENTRY(deadline, struct alarm, deadline)->target);
}

static enum cap_status
alarm_set(struct alarm_server *server, struct alarm_set_params params,
    struct alarm_set_results_builder results, const struct capos_caller *caller)
{
	struct alarm *alarm = alarm_of(caller);
	uint64_t deadline_ns = alarm_set_params_deadline_ns(params);
	bool is_due;

	(void)server;
	(void)results;
	spin_lock(&alarm->lock);
	(void)deadline_disarm(&alarm->deadline);
	is_due = deadline_ns <= arch_clock_now_ns();
	if (!is_due)
		deadline_arm(&alarm->deadline, deadline_ns);
	spin_unlock(&alarm->lock);
	if (is_due)
		(void)signal_target_fire(&alarm->target);
	return CAP_OK;
}

static enum cap_status
alarm_cancel(struct alarm_server *server, struct alarm_cancel_params params,
    struct alarm_cancel_results_builder results, const struct capos_caller *caller)
{
	struct alarm *alarm = alarm_of(caller);
	bool was_set;

	(void)server;
	(void)params;
	spin_lock(&alarm->lock);
	was_set = deadline_disarm(&alarm->deadline);
	spin_unlock(&alarm->lock);
	alarm_cancel_results_set_was_set(results, was_set);
	return CAP_OK;
}

static const struct alarm_methods methods = {
	.set = alarm_set,
	.cancel = alarm_cancel,
};

static enum cap_status
alarm_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return alarm_dispatch(&methods, NULL, call->method, call->params, call->results, &caller);
}

static void
alarm_free(struct grace_item *item)
{
	struct alarm *alarm = LIST_ENTRY(item, struct alarm, grace);
	struct ledger *payer = alarm->payer;

	signal_target_drop(&alarm->target);
	pool_free(&alarm_pool, payer, alarm);
	ledger_put(payer);
}

static enum job_state
alarm_destroy(struct object *object)
{
	struct alarm *alarm = LIST_ENTRY(object, struct alarm, object);

	(void)deadline_disarm(&alarm->deadline);
	/* If it was not armed, its expiry may run on another CPU just now. */
	grace_defer(&alarm->grace, alarm_free);
	return JOB_DONE;
}

static const struct object_type alarm_type = {
	.name = "alarm",
	.interface_id = ALARM_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = alarm_call,
	.destroy = alarm_destroy,
};

enum cap_status
alarm_create(struct ledger *payer, const struct signal_target *target, struct object **out)
{
	struct alarm *alarm;
	void *memory;
	enum cap_status status = pool_alloc(&alarm_pool, payer, &memory);

	if (status != CAP_OK)
		return status;
	alarm = memory;
	object_init(&alarm->object, &alarm_type);
	spin_init(&alarm->lock, LOCK_RANK_OBJECT, (uintptr_t)alarm);
	deadline_prepare(&alarm->deadline, expired);
	list_init(&alarm->grace.link);
	alarm->target = *target;
	alarm->payer = payer;
	ledger_get(payer);
	*out = &alarm->object;
	return CAP_OK;
}
