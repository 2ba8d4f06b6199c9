/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The usual exchange: a short message without capabilities, from ring to ring, to a server that
 * waits, and its answer. Each side is one function, straight through. What is different goes the
 * general way (endpoint.c, deliver.c, return.c), before anything has changed, and means the same.
 */
#include "ipc/short.h"

HOT_INLINE bool
endpoint_call_short(struct process *client, struct op *call, const struct cap_ref *target)
{
	struct endpoint *endpoint = endpoint_of(target->object);
	uint32_t total = call->sqe.len + (uint32_t)sizeof(struct cap_delivery);
	const uint8_t *from = ring_pinned(call->ring, call->sqe.addr, call->sqe.len);
	struct op *receive;
	struct process *server;
	struct call_slot *slot;
	uint8_t *to;

	if (from == NULL || !is_short(call->sqe.len))
		return false;
	spin_lock(&endpoint->lock);
	receive = receiver_locked(endpoint, total, &to);
	if (receive == NULL || !op_claim_end(receive)) {
		spin_unlock(&endpoint->lock);
		return false;
	}
	header_write((struct cap_delivery *)(void *)to, call,
	    endpoint->interfaces[target->interface_index - 1]);
	copy_words(to + sizeof(struct cap_delivery), from, call->sqe.len / sizeof(uint64_t));
	endpoint->last_caller = client->pid;
	server = op_process(receive);
	spin_lock(&server->lock);
	slot = call_table_take_locked(server, call);
	((struct cap_delivery *)(void *)to)->call_id = slot->id;
	call_hand_locked(call, target, server, slot);
	cap_table_keep_locked(server->table, receive->reserved_slots);
	receive->reserved_slots = 0;
	spin_unlock(&server->lock);
	receive_end_locked(endpoint, receive, total, 0);
	spin_unlock(&endpoint->lock);
	return true;
}

/*
 * The call that an answer of `bytes` is for, which is the caller's to claim; NULL: there is none,
 * or it is not so short.
 */
static inline __attribute__((always_inline)) struct op *
answered_locked(struct call_slot *slot, uint32_t bytes, uint8_t **to)
{
	struct op *call = slot == NULL ? NULL : slot->op;

	if (call == NULL || bytes > call->sqe.result_len)
		return NULL;
	*to = ring_pinned(call->ring, call->sqe.result_addr, bytes);
	return *to == NULL ? NULL : call;
}

/* What the RECV of a turn needs: the place of the call that ends, and slots. */
static inline __attribute__((always_inline)) bool
turn_reserve_locked(struct process *server, const struct op *op)
{
	return !call_table_is_spent(server->calls) &&
	    cap_table_reserve_there_locked(server->table, op->sqe.cap_max);
}

/* The answer is given, and the op waits for the next call with what the last one had. */
static inline void
receive_again(struct op *op, struct op *call)
{
	struct object *object = call->object;
	enum cap_status status;

	call->object = NULL;
	op->object = object;
	op->reserved_slots = op->sqe.cap_max;
	op_turn_receives(op);
	status = endpoint_receive_reserved(op, endpoint_of(object));
	if (status != CAP_OK)
		op_complete_status(op, status);
}

HOT_INLINE bool
endpoint_turn_short(struct process *server, struct op *op, const struct object *from)
{
	const uint32_t bytes = op->sqe.len;
	const uint8_t *answer = ring_pinned(op->ring, op->sqe.addr, bytes);
	struct call_slot *slot;
	struct op *call;
	uint8_t *to;

	if (answer == NULL || !is_short(bytes))
		return false;
	spin_lock(&server->lock);
	slot = call_table_find_locked(server, op->sqe.target);
	call = answered_locked(slot, bytes, &to);
	if (call == NULL || call->object != from || !turn_reserve_locked(server, op)) {
		spin_unlock(&server->lock);
		return false;
	}
	if (!op_claim_end(call)) {
		cap_table_keep_locked(server->table, op->sqe.cap_max);
		spin_unlock(&server->lock);
		return false;
	}
	call_table_give_locked(server, slot, true);
	copy_words(to, answer, bytes / sizeof(uint64_t));
	spin_unlock(&server->lock);
	receive_again(op, call);
	if (call->reserved_slots != 0)
		op_unreserve_slots(call);
	op_complete_and_hand_over(call, &(struct op_result){ .result = (int32_t)bytes });
	return true;
}

HOT_INLINE bool
endpoint_return_short(struct process *server, struct ring *ring, struct ring_bare bare)
{
	const uint8_t *from = ring_pinned(ring, bare.addr, bare.len);
	struct call_slot *slot;
	struct op *call;
	uint8_t *to;

	if (from == NULL || !is_short(bare.len))
		return false;
	spin_lock(&server->lock);
	slot = call_table_find_locked(server, bare.target);
	call = answered_locked(slot, bare.len, &to);
	if (call == NULL || !op_claim_end(call)) {
		spin_unlock(&server->lock);
		return false;
	}
	call_table_give_locked(server, slot, false);
	copy_words(to, from, bare.len / sizeof(uint64_t));
	spin_unlock(&server->lock);
	ipc_op_end(call, &(struct op_result){ .result = (int32_t)bare.len });
	ring_bare_end(ring, bare);
	return true;
}
