/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RingTap: what a process submits and is answered, recorded into its holder's memory (ring/tap.h).
 * It keeps the record of the process, so that it can let go of its ring at any time.
 *
 *   FREE -> CLAIMED (a process is to have it) -> ATTACHED -> ENDED (detach, or the last drop)
 *
 * Bits are set from a reap job: records come with locks held that a notification's comes before.
 */
#include "object/ring_tap.h"

#include <stdatomic.h>

#include <schema/tap.server.h>

#include "cap/process.h"
#include "mm/memory_object.h"
#include "mm/pool.h"
#include "object/call.h"
#include "object/memory.h"
#include "object/permanent.h"
#include "object/process.h"
#include "object/signal.h"
#include "proc/process.h"
#include "ring/tap.h"

enum tap_state {
	TAP_FREE,
	TAP_CLAIMED,
	TAP_ATTACHED,
	TAP_ENDED,
};

struct tap {
	struct object object;
	struct ring_tap ring;
	struct memory_object *memory; /* a reference */
	struct ledger *payer;	      /* a reference */
	struct process *process;     /* a reference to its handle, once attached; NULL: never was */
	struct signal_target target; /* [I] its reference is ours */
	struct job tell;	     /* counts as a reference while it is queued */
	_Atomic uint8_t is_telling;
	_Atomic uint8_t state; /* enum tap_state */
};

static struct pool tap_pool;
static struct object tap_factory;
static struct object payload_tap_factory;
static const struct object_type tap_type;

static struct tap *
tap_of(struct object *object)
{
	return LIST_ENTRY(object, struct tap, object);
}

static bool
state_change(struct tap *tap, enum tap_state from, enum tap_state to)
{
	uint8_t expected = (uint8_t)from;

	return atomic_compare_exchange_strong_explicit(
	    &tap->state, &expected, (uint8_t)to, memory_order_acq_rel, memory_order_acquire);
}

static enum job_state
tell(struct job *job)
{
	struct tap *tap = LIST_ENTRY(job, struct tap, tell);

	/* First: what is recorded behind this is told again. */
	atomic_store_explicit(&tap->is_telling, 0, memory_order_release);
	(void)signal_target_fire(&tap->target);
	object_put(&tap->object);
	return JOB_DONE;
}

static void
arrived(struct ring_tap *ring)
{
	struct tap *tap = LIST_ENTRY(ring, struct tap, ring);

	if (tap->target.hold.object == NULL ||
	    atomic_exchange_explicit(&tap->is_telling, 1, memory_order_acq_rel) != 0)
		return;
	object_get(&tap->object);
	tap->tell.step = tell;
	job_reap_queue(&tap->tell);
}

enum cap_status
tap_claim(struct object *object, struct process *process, struct ring_tap **out)
{
	struct tap *tap = tap_of(object);

	if (!state_change(tap, TAP_FREE, TAP_CLAIMED))
		return CAP_ERR_WRONG_STATE;
	object_get(process_handle_object(process));
	tap->process = process;
	tap->ring.pid = process->pid;
	tap->ring.space = process->space;
	*out = &tap->ring;
	return CAP_OK;
}

void
tap_attached(struct object *object)
{
	/* Until its holder drops it the tap is there, whoever attached it. */
	(void)state_change(tap_of(object), TAP_CLAIMED, TAP_ATTACHED);
}

void
tap_unclaim(struct object *object)
{
	struct tap *tap = tap_of(object);
	struct process *process = tap->process;

	tap->process = NULL;
	object_put(process_handle_object(process));
	(void)state_change(tap, TAP_CLAIMED, TAP_FREE);
}

enum cap_status
tap_capability_find(struct process *process, cap_id_t cap_id, struct object **out)
{
	struct cap_ref ref;
	enum cap_status status = cap_lookup(process->table, cap_id, &ref);

	if (status != CAP_OK)
		return status;
	if (ref.object->type != &tap_type)
		return CAP_ERR_WRONG_INTERFACE;
	*out = ref.object;
	return CAP_OK;
}

static enum cap_status
tap_attach(struct ring_tap_server *server, struct ring_tap_attach_params params,
    struct ring_tap_attach_results_builder results, const struct capos_caller *caller)
{
	struct object *object = caller->call->object;
	struct capnp_cap handle = ring_tap_attach_params_process(params);
	struct ring_tap *ring;
	struct cap_ref ref;
	enum cap_status status;

	(void)server;
	(void)results;
	if (capnp_reader_error(caller->call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	status = cap_lookup(caller->call->process->table, handle.cap_id, &ref);
	if (status != CAP_OK)
		return status;
	if (ref.object->type != &process_handle_type)
		return CAP_ERR_WRONG_INTERFACE;
	status = tap_claim(object, process_of_handle(ref.object), &ring);
	if (status != CAP_OK)
		return status;
	if (!process_tap_set(process_of_handle(ref.object), ring)) {
		tap_unclaim(object);
		return CAP_ERR_WRONG_STATE;
	}
	tap_attached(object);
	return CAP_OK;
}

static enum cap_status
tap_status(struct ring_tap_server *server, struct ring_tap_status_params params,
    struct ring_tap_status_results_builder results, const struct capos_caller *caller)
{
	struct tap *tap = tap_of(caller->call->object);
	struct ring_tap_counts counts = ring_tap_counts(&tap->ring);

	(void)server;
	(void)params;
	ring_tap_status_results_set_attached(
	    results, tap->state == TAP_ATTACHED && process_is_running(tap->process));
	ring_tap_status_results_set_records(results, counts.records);
	ring_tap_status_results_set_dropped(results, counts.dropped);
	ring_tap_status_results_set_payload_max(results, tap->ring.payload_max);
	return CAP_OK;
}

static enum cap_status
tap_detach(struct ring_tap_server *server, struct ring_tap_detach_params params,
    struct ring_tap_detach_results_builder results, const struct capos_caller *caller)
{
	struct tap *tap = tap_of(caller->call->object);

	(void)server;
	(void)params;
	(void)results;
	if (!state_change(tap, TAP_ATTACHED, TAP_ENDED))
		return CAP_ERR_WRONG_STATE;
	/* False: the process has ended, and its ring with it. */
	(void)!process_tap_set(tap->process, NULL);
	return CAP_OK;
}

static const struct ring_tap_methods tap_methods = {
	.attach = tap_attach,
	.status = tap_status,
	.detach = tap_detach,
};

static enum cap_status
tap_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return ring_tap_dispatch(
	    &tap_methods, NULL, call->method, call->params, call->results, &caller);
}

static void
tap_free(struct grace_item *item)
{
	struct tap *tap = LIST_ENTRY(item, struct tap, object.grace);
	struct ledger *payer = tap->payer;

	signal_target_drop(&tap->target);
	memory_object_put(tap->memory);
	if (tap->process != NULL)
		object_put(process_handle_object(tap->process));
	pool_free(&tap_pool, payer, tap);
	ledger_put(payer);
}

static enum job_state
tap_destroy(struct object *object)
{
	struct tap *tap = tap_of(object);

	if (state_change(tap, TAP_ATTACHED, TAP_ENDED))
		(void)!process_tap_set(tap->process, NULL);
	/* Another CPU may be about to write a record. */
	grace_defer(&object->grace, tap_free);
	return JOB_DONE;
}

static const struct object_type tap_type = {
	.name = "ringTap",
	.interface_id = RING_TAP_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = tap_call,
	.destroy = tap_destroy,
};

struct tap_request {
	struct process *process; /* of the caller, who pays */
	struct capnp_cap buffer;
	struct capnp_cap signaller; /* none: cap_id 0 */
	uint64_t mask;
	uint32_t payload_max;
};

/* The parts that come from capabilities; what was taken is dropped by the caller on a failure. */
static enum cap_status
tap_fill(struct tap *tap, const struct tap_request *request)
{
	struct ring_tap_request ring = { NULL, request->payload_max, arrived };
	struct space_request found;
	enum cap_status status =
	    memory_capability_find(request->process, request->buffer.cap_id, &found);

	if (status == CAP_OK && (request->signaller.cap_id != 0 || request->mask != 0))
		status = signal_target_take(
		    request->process, request->signaller.cap_id, request->mask, &tap->target);
	if (status != CAP_OK)
		return status;
	ring.memory = found.object;
	status = ring_tap_init(&tap->ring, &ring);
	if (status != CAP_OK) {
		signal_target_drop(&tap->target);
		return status;
	}
	memory_object_get(found.object);
	tap->memory = found.object;
	return CAP_OK;
}

static enum cap_status
tap_create(const struct tap_request *request, struct object **out)
{
	struct ledger *payer = request->process->ledger;
	struct tap *tap;
	void *memory;
	enum cap_status status = pool_alloc(&tap_pool, payer, &memory);

	if (status != CAP_OK)
		return status;
	tap = memory;
	status = tap_fill(tap, request);
	if (status != CAP_OK) {
		pool_free(&tap_pool, payer, tap);
		return status;
	}
	object_init(&tap->object, &tap_type);
	list_init(&tap->tell.link);
	tap->payer = payer;
	ledger_get(payer);
	*out = &tap->object;
	return CAP_OK;
}

static enum cap_status
create_and_answer(
    struct object_call *call, const struct tap_request *request, struct capnp_cap *made)
{
	struct object *object;
	struct cap_hold hold;
	enum cap_status status;

	if (capnp_reader_error(call->params) != CAPNP_OK)
		return CAP_ERR_MALFORMED_MESSAGE;
	/* Looked at first: nothing has to be undone, and no memory is laid out. */
	if (call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = tap_create(request, &object);
	if (status != CAP_OK)
		return status;
	hold = object_hold(object, 0);
	status = object_call_result_cap(call, 0, &hold, made);
	if (status != CAP_OK)
		object_put(object);
	return status;
}

static enum cap_status
factory_create(struct tap_factory_server *server, struct tap_factory_create_params params,
    struct tap_factory_create_results_builder results, const struct capos_caller *caller)
{
	const struct tap_request request = {
		.process = caller->call->process,
		.buffer = tap_factory_create_params_buffer(params),
		.signaller = tap_factory_create_params_signaller(params),
		.mask = tap_factory_create_params_mask(params),
	};
	struct capnp_cap made;
	enum cap_status status = create_and_answer(caller->call, &request, &made);

	(void)server;
	if (status == CAP_OK)
		tap_factory_create_results_set_tap(results, made);
	return status;
}

static const struct tap_factory_methods factory_methods = {
	.create = factory_create,
};

static enum cap_status
factory_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return tap_factory_dispatch(
	    &factory_methods, NULL, call->method, call->params, call->results, &caller);
}

static const struct object_type factory_type = {
	.name = "tapFactory",
	.interface_id = TAP_FACTORY_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = factory_call,
	.destroy = permanent_destroy,
};

static enum cap_status
payload_factory_create(struct payload_tap_factory_server *server,
    struct payload_tap_factory_create_params params,
    struct payload_tap_factory_create_results_builder results, const struct capos_caller *caller)
{
	const struct tap_request request = {
		.process = caller->call->process,
		.buffer = payload_tap_factory_create_params_buffer(params),
		.signaller = payload_tap_factory_create_params_signaller(params),
		.mask = payload_tap_factory_create_params_mask(params),
		.payload_max = payload_tap_factory_create_params_payload_max(params),
	};
	struct capnp_cap made;
	enum cap_status status;

	(void)server;
	/* Without one it would be the other factory's. */
	if (request.payload_max == 0)
		return CAP_ERR_INVALID_ARGUMENT;
	status = create_and_answer(caller->call, &request, &made);
	if (status == CAP_OK)
		payload_tap_factory_create_results_set_tap(results, made);
	return status;
}

static const struct payload_tap_factory_methods payload_factory_methods = {
	.create = payload_factory_create,
};

static enum cap_status
payload_factory_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return payload_tap_factory_dispatch(
	    &payload_factory_methods, NULL, call->method, call->params, call->results, &caller);
}

static const struct object_type payload_factory_type = {
	.name = "payloadTapFactory",
	.interface_id = PAYLOAD_TAP_FACTORY_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = payload_factory_call,
	.destroy = permanent_destroy,
};

void
ring_tap_objects_init(void)
{
	pool_init(&tap_pool, "ring-tap", sizeof(struct tap));
	object_init(&tap_factory, &factory_type);
	object_init(&payload_tap_factory, &payload_factory_type);
}

struct object *
tap_factory_object(void)
{
	return &tap_factory;
}

struct object *
payload_tap_factory_object(void)
{
	return &payload_tap_factory;
}
