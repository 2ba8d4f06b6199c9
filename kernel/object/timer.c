/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timer: reading the clock, sleeping, making alarms. A sleeper is a record of the caller's, armed
 * as a deadline; whoever claims the op (the deadline or a cancellation) frees it.
 */
#include "object/timer.h"

#include <schema/timer.server.h>

#include "arch/clock.h"
#include "base/assert.h"
#include "cap/process.h"
#include "mm/grace.h"
#include "mm/pool.h"
#include "object/alarm.h"
#include "object/call.h"
#include "object/permanent.h"
#include "time/deadline.h"

struct sleeper {
	struct op_waiter waiter; /* first: see forget() */
	struct deadline deadline;
	struct op *op;
	struct ledger *payer;
	struct grace_item grace;
};

static struct pool sleeper_pool;
static struct object timer;

static void
sleeper_free(struct grace_item *item)
{
	struct sleeper *sleeper = LIST_ENTRY(item, struct sleeper, grace);
	struct ledger *payer = sleeper->payer;

	pool_free(&sleeper_pool, payer, sleeper);
	ledger_put(payer);
}

static void
forget(struct op_waiter *waiter, struct op *op)
{
	struct sleeper *sleeper = LIST_ENTRY(waiter, struct sleeper, waiter);

	KASSERT(sleeper->op == op);
	if (deadline_disarm(&sleeper->deadline))
		sleeper_free(&sleeper->grace);
	else
		/* Its expiry runs on another CPU and has lost the claim: it may still look. */
		grace_defer(&sleeper->grace, sleeper_free);
}

static void
woken(struct deadline *deadline)
{
	struct sleeper *sleeper = LIST_ENTRY(deadline, struct sleeper, deadline);
	struct object_answer answer;

	if (!object_answer_begin(sleeper->op, &answer))
		return;
	(void)timer_sleep_until_results_init_root(answer.call.results);
	object_answer_end(&answer);
	sleeper_free(&sleeper->grace);
}

static enum cap_status
timer_now(struct timer_server *server, struct timer_now_params params,
    struct timer_now_results_builder results, const struct capos_caller *caller)
{
	(void)server;
	(void)params;
	(void)caller;
	timer_now_results_set_ns(results, arch_clock_now_ns());
	return CAP_OK;
}

static enum cap_status
timer_sleep_until(struct timer_server *server, struct timer_sleep_until_params params,
    struct timer_sleep_until_results_builder results, const struct capos_caller *caller)
{
	struct object_call *call = caller->call;
	uint64_t until_ns = timer_sleep_until_params_deadline_ns(params);
	struct sleeper *sleeper;
	void *memory;
	enum cap_status status;

	(void)server;
	(void)results;
	if (until_ns <= arch_clock_now_ns())
		return CAP_OK;
	status = pool_alloc(&sleeper_pool, call->process->ledger, &memory);
	if (status != CAP_OK)
		return status;
	sleeper = memory;
	sleeper->waiter.forget = forget;
	sleeper->op = call->op;
	sleeper->payer = call->process->ledger;
	ledger_get(sleeper->payer);
	deadline_prepare(&sleeper->deadline, woken);
	object_call_defer(call, &sleeper->waiter);
	deadline_arm(&sleeper->deadline, until_ns);
	return OBJECT_PENDING;
}

static enum cap_status
timer_alarm(struct timer_server *server, struct timer_alarm_params params,
    struct timer_alarm_results_builder results, const struct capos_caller *caller)
{
	struct object_call *call = caller->call;
	struct capnp_cap signaller = timer_alarm_params_signaller(params);
	uint64_t mask = timer_alarm_params_mask(params);
	struct signal_target target;
	struct object *object;
	struct cap_hold hold;
	struct capnp_cap made;
	enum cap_status status;

	(void)server;
	if (capnp_reader_error(call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	/* Looked at first, so that nothing has to be undone. */
	if (call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = signal_target_take(call->process, signaller.cap_id, mask, &target);
	if (status != CAP_OK)
		return status;
	status = alarm_create(call->process->ledger, &target, &object);
	if (status != CAP_OK) {
		signal_target_drop(&target);
		return status;
	}
	hold = object_hold(object, 0);
	status = object_call_result_cap(call, 0, &hold, &made);
	if (status != CAP_OK) {
		object_put(object);
		return status;
	}
	timer_alarm_results_set_alarm(results, made);
	return CAP_OK;
}

static const struct timer_methods methods = {
	.now = timer_now,
	.sleep_until = timer_sleep_until,
	.alarm = timer_alarm,
};

static enum cap_status
timer_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return timer_dispatch(&methods, NULL, call->method, call->params, call->results, &caller);
}

static enum cap_status
timer_call_scalar(struct object_call *call, struct capnp_flat_call *message)
{
	struct capos_caller caller = { call };

	return timer_dispatch_scalar(&methods, NULL, call->method, message, &caller);
}

static const struct object_type timer_type = {
	.name = "timer",
	.interface_id = TIMER_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = timer_call,
	.call_scalar = timer_call_scalar,
	.destroy = permanent_destroy,
};

void
timer_init(void)
{
	pool_init(&sleeper_pool, "sleeper", sizeof(struct sleeper));
	alarm_init();
	object_init(&timer, &timer_type);
}

struct object *
timer_object(void)
{
	return &timer;
}
