/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Interrupt: one line, for one driver. It is masked when it fires, and unmasked by acknowledge().
 * Who waits is answered, and bits of a notification are set; a line that fired while nobody could
 * be told is remembered.
 */
#include <schema/device.server.h>

#include "arch/interrupt.h"
#include "irq/irq.h"
#include "mm/pool.h"
#include "object/call.h"
#include "object/device.h"
#include "object/signal.h"

struct interrupt {
	struct object object;
	struct op_waiter waiter;
	struct ledger *payer; /* a reference */
	struct op *op;	      /* that waits; NULL: none */
	uint64_t count;
	uint64_t told;		     /* of them: to a waiter, or by bits */
	struct signal_target target; /* of notify(); its reference is ours */
	uint32_t line;
};

static struct pool interrupt_pool;

void interrupt_objects_init(void);

void
interrupt_objects_init(void)
{
	pool_init(&interrupt_pool, "interrupt", sizeof(struct interrupt));
}

static struct interrupt *
interrupt_of(const struct capos_caller *caller)
{
	return LIST_ENTRY(caller->call->object, struct interrupt, object);
}

static void
forget(struct op_waiter *waiter, struct op *op)
{
	(void)op;
	LIST_ENTRY(waiter, struct interrupt, waiter)->op = NULL;
}

static void
tell_by_bits(struct interrupt *interrupt)
{
	if (signal_target_fire(&interrupt->target))
		interrupt->told = interrupt->count;
}

/* The line fired: from irq_run(), outside of the handler. */
static void
fired(void *context)
{
	struct interrupt *interrupt = context;
	struct op *op = interrupt->op;
	struct interrupt_wait_results_builder results;
	struct object_answer answer;

	interrupt->count++;
	interrupt->op = NULL;
	tell_by_bits(interrupt);
	if (op == NULL || !object_answer_begin(op, &answer))
		return;
	interrupt->told = interrupt->count;
	results = interrupt_wait_results_init_root(answer.call.results);
	interrupt_wait_results_set_count(results, interrupt->count);
	object_answer_end(&answer);
}

static enum cap_status
interrupt_wait(struct interrupt_server *server, struct interrupt_wait_params params,
    struct interrupt_wait_results_builder results, const struct capos_caller *caller)
{
	struct interrupt *interrupt = interrupt_of(caller);

	(void)server;
	(void)params;
	if (interrupt->op != NULL)
		return CAP_ERR_ALREADY_WAITING;
	if (interrupt->told != interrupt->count) {
		interrupt->told = interrupt->count;
		interrupt_wait_results_set_count(results, interrupt->count);
		return CAP_OK;
	}
	interrupt->op = caller->call->op;
	object_call_defer(caller->call, &interrupt->waiter);
	return OBJECT_PENDING;
}

static enum cap_status
interrupt_acknowledge(struct interrupt_server *server, struct interrupt_acknowledge_params params,
    struct interrupt_acknowledge_results_builder results, const struct capos_caller *caller)
{
	(void)server;
	(void)params;
	(void)results;
	arch_irq_unmask(interrupt_of(caller)->line);
	return CAP_OK;
}

static enum cap_status
interrupt_notify(struct interrupt_server *server, struct interrupt_notify_params params,
    struct interrupt_notify_results_builder results, const struct capos_caller *caller)
{
	struct interrupt *interrupt = interrupt_of(caller);
	struct capnp_cap signaller = interrupt_notify_params_signaller(params);
	uint64_t mask = interrupt_notify_params_mask(params);
	struct signal_target target = { 0 };
	enum cap_status status = CAP_OK;

	(void)server;
	(void)results;
	if (capnp_reader_error(caller->call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (signaller.cap_id != 0 || mask != 0)
		status = signal_target_take(caller->call->process, signaller.cap_id, mask, &target);
	if (status != CAP_OK)
		return status;
	signal_target_drop(&interrupt->target);
	interrupt->target = target;
	if (interrupt->told != interrupt->count)
		tell_by_bits(interrupt);
	return CAP_OK;
}

static const struct interrupt_methods methods = {
	.wait = interrupt_wait,
	.acknowledge = interrupt_acknowledge,
	.notify = interrupt_notify,
};

static enum cap_status
interrupt_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return interrupt_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

static enum job_state
interrupt_destroy(struct object *object)
{
	struct interrupt *interrupt = LIST_ENTRY(object, struct interrupt, object);
	struct ledger *payer = interrupt->payer;

	irq_release(interrupt->line);
	signal_target_drop(&interrupt->target);
	pool_free(&interrupt_pool, payer, interrupt);
	ledger_put(payer);
	return JOB_DONE;
}

static const struct object_type interrupt_type = {
	.name = "interrupt",
	.interface_id = INTERRUPT_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_MOVE,
	.call = interrupt_call,
	.destroy = interrupt_destroy,
};

enum cap_status
interrupt_create(struct ledger *payer, uint32_t line, struct object **out)
{
	struct interrupt *interrupt;
	void *object;
	enum cap_status status = pool_alloc(&interrupt_pool, payer, &object);

	if (status != CAP_OK)
		return status;
	interrupt = object;
	status = irq_claim(line, fired, interrupt);
	if (status != CAP_OK) {
		pool_free(&interrupt_pool, payer, interrupt);
		return status;
	}
	object_init(&interrupt->object, &interrupt_type);
	interrupt->waiter.forget = forget;
	interrupt->payer = payer;
	interrupt->line = line;
	ledger_get(payer);
	*out = &interrupt->object;
	return CAP_OK;
}
