/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints and their queues. Calls of different callers take turns: the next one is the oldest of
 * the caller whose key follows that of the caller served last. The queue is bounded, so the search
 * is.
 */
#include "ipc/endpoint.h"

#include <schema/memory.capnp.h>

#include "base/assert.h"
#include "ipc/endpoint_internal.h"
#include "mm/pool.h"
#include "sched/thread.h"

#define STRIKES_MAX 2
#define CLOSE_OPS_PER_STEP 16

static struct pool endpoint_pool;
static const struct object_type *endpoint_type;

struct endpoint *
endpoint_of(struct object *object)
{
	return LIST_ENTRY(object, struct endpoint, object);
}

static uint64_t
interface_id(const struct object *object, uint16_t interface_index)
{
	const struct endpoint *endpoint = LIST_ENTRY(object, const struct endpoint, object);

	KASSERT(interface_index >= 1 && interface_index <= endpoint->interface_count);
	return endpoint->interfaces[interface_index - 1];
}

void
ipc_init(const struct object_type *owner_type)
{
	endpoint_type = owner_type;
	pool_init(&endpoint_pool, "endpoint", sizeof(struct endpoint));
	call_table_init();
	ipc_copy_init();
	object_endpoint_interface_set(interface_id);
}

enum cap_status
endpoint_create(struct ledger *payer, struct endpoint **out)
{
	void *memory;
	enum cap_status status = pool_alloc(&endpoint_pool, payer, &memory);
	struct endpoint *endpoint;

	if (status != CAP_OK)
		return status;
	endpoint = memory;
	ledger_get(payer);
	endpoint->payer = payer;
	spin_init(&endpoint->lock, LOCK_RANK_OBJECT, (uintptr_t)endpoint);
	list_init(&endpoint->calls);
	list_init(&endpoint->receives);
	list_init(&endpoint->close.link);
	object_init(&endpoint->object, endpoint_type);
	*out = endpoint;
	return CAP_OK;
}

struct object *
endpoint_object(struct endpoint *endpoint)
{
	return &endpoint->object;
}

enum job_state
endpoint_destroy(struct object *object)
{
	struct endpoint *endpoint = endpoint_of(object);
	struct ledger *payer = endpoint->payer;

	/* Every op that waits here holds a reference. */
	KASSERT(list_is_empty(&endpoint->calls) && list_is_empty(&endpoint->receives));
	pool_free(&endpoint_pool, payer, endpoint);
	ledger_put(payer);
	return JOB_DONE;
}

/*
 * Interfaces that say where memory was mapped. Whoever holds one writes there: a process that could
 * answer such a call would choose where another one writes.
 */
static bool
is_kernels_alone(uint64_t facet_interface)
{
	return facet_interface == MEMORY_OBJECT_INTERFACE_ID ||
	    facet_interface == VIRTUAL_MEMORY_INTERFACE_ID;
}

enum cap_status
endpoint_facet(struct endpoint *endpoint, uint64_t facet_interface, uint16_t *out)
{
	enum cap_status status = CAP_OK;
	uint32_t index = 0;

	if (facet_interface == 0 || is_kernels_alone(facet_interface))
		return CAP_ERR_INVALID_ARGUMENT;
	spin_lock(&endpoint->lock);
	while (index < endpoint->interface_count && endpoint->interfaces[index] != facet_interface)
		index++;
	if (index == ENDPOINT_INTERFACES_MAX) {
		status = CAP_ERR_TABLE_FULL;
	} else {
		endpoint->interfaces[index] = facet_interface;
		if (index == endpoint->interface_count)
			endpoint->interface_count++;
		*out = (uint16_t)(index + 1);
	}
	spin_unlock(&endpoint->lock);
	return status;
}

void
queue_unlink_locked(struct endpoint *endpoint, struct op *op)
{
	if (op->place == OP_PLACE_COPY)
		copy_detach_locked(op->peer, op);
	else if (op->place != OP_PLACE_CALL_QUEUE && op->place != OP_PLACE_RECV_QUEUE)
		return;
	if (op->sqe.op == CAP_OP_CALL) {
		endpoint->call_count--;
		ledger_release(op_process(op)->ledger, LEDGER_ENDPOINT_CALLS, 1);
	} else {
		struct process *server = op_process(op);

		endpoint->receive_count--;
		spin_lock(&server->lock);
		call_table_unreserve_locked(server);
		spin_unlock(&server->lock);
	}
	list_remove(&op->link);
	op->place = OP_PLACE_NONE;
}

void
end_waiting_locked(struct endpoint *endpoint, struct op *op, enum cap_status status)
{
	bool claimed = op_claim_end(op);

	/* Whoever claimed it before us finds it unlinked. */
	queue_unlink_locked(endpoint, op);
	if (claimed)
		ipc_op_end_status(op, status);
}

HOT_INLINE void
ipc_op_end(struct op *op, const struct op_result *result)
{
	struct object *object = op->object;

	if (op->reserved_slots != 0)
		op_unreserve_slots(op);
	op->object = NULL;
	op_complete_and_hand_over(op, result);
	if (object != NULL)
		object_put(object);
}

void
ipc_op_end_revoked(struct op *op)
{
	struct object *object = op->object;

	op_unreserve_slots(op);
	op->object = NULL;
	if (op->sqe.op == CAP_OP_CALL)
		op_complete_exception(op, CAP_ERR_REVOKED);
	else
		op_complete_status(op, CAP_ERR_REVOKED);
	object_put(object);
}

void
ipc_op_end_status(struct op *op, enum cap_status status)
{
	struct object *object = op->object;

	op_unreserve_slots(op);
	op->object = NULL;
	if (status == CAP_ERR_DISCONNECTED && op->sqe.op == CAP_OP_CALL)
		op_complete_exception(op, status);
	else
		op_complete_status(op, status);
	if (object != NULL)
		object_put(object);
}

/* Later the session of the caller: whose calls take turns. */
static uint32_t
caller_key(const struct op *call)
{
	return op_process(call)->pid;
}

static struct op *
next_call_locked(struct endpoint *endpoint)
{
	struct op *best = NULL;
	uint32_t best_distance = UINT32_MAX;

	for (struct list_node *node = endpoint->calls.next; node != &endpoint->calls;
	    node = node->next) {
		struct op *call = LIST_ENTRY(node, struct op, link);
		uint32_t distance = caller_key(call) - endpoint->last_caller - 1;

		if (best == NULL || distance < best_distance) {
			best = call;
			best_distance = distance;
		}
	}
	return best;
}

/*
 * The oldest receiver whose buffers have not failed repeatedly; the oldest, if there is none such.
 * One whose hold was revoked receives nothing more.
 */
static struct op *
next_receive_locked(struct endpoint *endpoint)
{
	struct op *oldest = NULL;

	for (struct list_node *node = endpoint->receives.next; node != &endpoint->receives;
	    node = node->next) {
		struct op *receive = LIST_ENTRY(node, struct op, link);

		if ((receive->extras & OP_CELLED) != 0 && !op_hold_is_live(receive))
			continue;
		if (*ring_strikes(receive->ring) < STRIKES_MAX)
			return receive;
		if (oldest == NULL)
			oldest = receive;
	}
	return oldest;
}

enum cap_status
queue_call_locked(struct endpoint *endpoint, struct op *call)
{
	enum cap_status status;

	if (endpoint->call_count == ENDPOINT_CALLS_MAX)
		return CAP_ERR_QUEUE_FULL;
	status = ledger_charge(op_process(call)->ledger, LEDGER_ENDPOINT_CALLS, 1);
	if (status != CAP_OK)
		return status;
	endpoint->call_count++;
	call->place = OP_PLACE_CALL_QUEUE;
	list_append(&endpoint->calls, &call->link);
	return CAP_OK;
}

/* Give the call to a receiver, or let it wait. */
static enum cap_status
call_locked(struct endpoint *endpoint, struct op *call) REQUIRES(&endpoint->lock)
{
	enum cap_status status = CAP_OK;

	if (endpoint->closed)
		return CAP_ERR_DISCONNECTED;
	for (;;) {
		struct op *receive = next_receive_locked(endpoint);

		if (receive == NULL)
			return queue_call_locked(endpoint, call);
		switch (deliver_locked(endpoint, call, receive, &status, ring_thread(call->ring))) {
		case DELIVERY_DONE:
			return CAP_OK;
		case DELIVERY_CALL_REFUSED:
			return status;
		case DELIVERY_RECV_ENDED:
			break;
		}
	}
}

enum cap_status
endpoint_call(struct op *op, const struct cap_ref *target)
{
	struct object *object = target->object;
	struct endpoint *endpoint = endpoint_of(object);
	const cap_id_t named = op->sqe.target;
	enum cap_status status;

	if (op->sqe.len > MESSAGE_BYTES_MAX)
		return CAP_ERR_MESSAGE_TOO_LARGE;
	status = op_reserve_slots(op);
	if (status != CAP_OK)
		return status;
	object_get(object);
	op->object = object;
	op->interface_index = target->interface_index;
	op_hold_set(op, target);
	spin_lock(&endpoint->lock);
	status = call_locked(endpoint, op);
	spin_unlock(&endpoint->lock);
	if (status != CAP_OK) {
		op->object = NULL;
		op_unreserve_slots(op);
		op_cell_drop(op);
		op->sqe.target = named; /* the refusal may be told with it */
		object_put(object);
	}
	return status;
}

void
endpoint_call_spliced(struct op *op, const struct cap_ref *target)
{
	struct endpoint *endpoint = endpoint_of(target->object);
	enum cap_status status;

	object_get(target->object);
	op->object = target->object;
	op->interface_index = target->interface_index;
	op_hold_set(op, target);
	spin_lock(&endpoint->lock);
	status = call_locked(endpoint, op);
	spin_unlock(&endpoint->lock);
	/* Unlike a fresh one it may have been claimed meanwhile: then it is ended elsewhere. */
	if (status != CAP_OK && op_claim_end(op))
		ipc_op_end_status(op, status);
}

static enum cap_status
queue_receive_locked(struct endpoint *endpoint, struct op *receive)
{
	if (endpoint->receive_count == ENDPOINT_RECEIVES_MAX)
		return CAP_ERR_QUEUE_FULL;
	endpoint->receive_count++;
	receive->place = OP_PLACE_RECV_QUEUE;
	list_append(&endpoint->receives, &receive->link);
	return CAP_OK;
}

/* A call in the queue whose hold was revoked meanwhile ends. */
static bool
end_if_revoked_locked(struct endpoint *endpoint, struct op *call) REQUIRES(&endpoint->lock)
{
	bool claimed;

	if (op_hold_is_live(call))
		return false;
	claimed = op_claim_end(call);
	/* Whoever claimed it before us finds it unlinked. */
	queue_unlink_locked(endpoint, call);
	if (claimed)
		ipc_op_end_revoked(call);
	return true;
}

/*
 * Calls that turn out to be bad end with their own error, and the next one is tried: at most as
 * many as the queue holds.
 */
void
rematch_receive_locked(struct endpoint *endpoint, struct op *receive, struct thread *runner)
{
	for (;;) {
		struct op *call = next_call_locked(endpoint);
		enum cap_status status = CAP_OK;

		if (call == NULL)
			return;
		if (end_if_revoked_locked(endpoint, call))
			continue;
		if (deliver_locked(endpoint, call, receive, &status, runner) !=
		    DELIVERY_CALL_REFUSED)
			return;
		end_waiting_locked(endpoint, call, status);
	}
}

void
rematch_call_locked(struct endpoint *endpoint, struct op *call, struct thread *runner)
{
	for (;;) {
		struct op *receive = next_receive_locked(endpoint);
		enum cap_status status = CAP_OK;

		if (end_if_revoked_locked(endpoint, call) || receive == NULL)
			return;
		switch (deliver_locked(endpoint, call, receive, &status, runner)) {
		case DELIVERY_DONE:
			return;
		case DELIVERY_CALL_REFUSED:
			end_waiting_locked(endpoint, call, status);
			return;
		case DELIVERY_RECV_ENDED:
			break;
		}
	}
}

/* Slots for capabilities, and one for a call, so that nothing can fail at delivery. */
static inline enum cap_status
receive_reserve(struct op *op, struct process *server)
{
	enum cap_status status;

	spin_lock(&server->lock);
	status = cap_table_reserve_locked(server->table, op->sqe.cap_max);
	if (status == CAP_OK) {
		status = call_table_reserve_locked(server);
		if (status != CAP_OK)
			cap_table_unreserve_locked(server->table, op->sqe.cap_max);
		else
			op->reserved_slots = op->sqe.cap_max;
	}
	spin_unlock(&server->lock);
	return status;
}

/* It cannot wait there: what was taken for it goes back. */
static COLD enum cap_status
receive_refuse(struct op *op, enum cap_status status)
{
	struct process *server = op_process(op);
	struct object *object = op->object;

	spin_lock(&server->lock);
	call_table_unreserve_locked(server);
	spin_unlock(&server->lock);
	op_unreserve_slots(op);
	op->object = NULL;
	object_put(object);
	return status;
}

HOT_INLINE enum cap_status
endpoint_receive_check(const struct op *op)
{
	if (op->sqe.result_len < sizeof(struct cap_delivery))
		return CAP_ERR_BUFFER_TOO_SMALL;
	return op->sqe.result_addr % 8 != 0 ? CAP_ERR_INVALID_BUFFER : CAP_OK;
}

HOT_INLINE enum cap_status
endpoint_receive_reserved(struct op *op, struct endpoint *endpoint)
{
	enum cap_status status;

	spin_lock(&endpoint->lock);
	status = endpoint->closed ? CAP_ERR_DISCONNECTED : queue_receive_locked(endpoint, op);
	if (status == CAP_OK && endpoint->call_count != 0)
		rematch_receive_locked(endpoint, op, ring_thread(op->ring));
	spin_unlock(&endpoint->lock);
	return status == CAP_OK ? CAP_OK : receive_refuse(op, status);
}

HOT_INLINE enum cap_status
endpoint_receive(struct process *server, struct op *op, const struct cap_ref *target)
{
	enum cap_status status = endpoint_receive_check(op);

	if (status == CAP_OK)
		status = receive_reserve(op, server);
	if (status != CAP_OK)
		return status;
	object_get(target->object);
	op->object = target->object;
	if (target->cell != NULL)
		op_cell_set(op, target->cell);
	return endpoint_receive_reserved(op, endpoint_of(target->object));
}

/*
 * One op that waits at a closed endpoint ends; false: none is left. Those in a copy are ended by
 * its next step.
 */
static bool
close_one(struct endpoint *endpoint)
{
	struct list_node *node;

	spin_lock(&endpoint->lock);
	node = list_first(&endpoint->calls);
	if (node == NULL)
		node = list_first(&endpoint->receives);
	if (node != NULL)
		end_waiting_locked(
		    endpoint, LIST_ENTRY(node, struct op, link), CAP_ERR_DISCONNECTED);
	spin_unlock(&endpoint->lock);
	return node != NULL;
}

static enum job_state
close_step(struct job *job)
{
	struct endpoint *endpoint = LIST_ENTRY(job, struct endpoint, close);

	for (uint32_t i = 0; i < CLOSE_OPS_PER_STEP; i++)
		if (!close_one(endpoint)) {
			object_put(&endpoint->object);
			return JOB_DONE;
		}
	return JOB_AGAIN;
}

void
endpoint_hold_dropped(struct object *object, uint16_t interface_index)
{
	struct endpoint *endpoint = endpoint_of(object);
	bool closes;

	/* Facets come and go; the owner's side is one hold, which may only be moved. */
	if (interface_index != 0)
		return;
	spin_lock(&endpoint->lock);
	closes = !endpoint->closed;
	endpoint->closed = true;
	spin_unlock(&endpoint->lock);
	if (!closes)
		return;
	object_get(object);
	endpoint->close.step = close_step;
	job_reap_queue(&endpoint->close);
}
