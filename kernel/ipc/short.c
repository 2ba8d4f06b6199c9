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

/* The call that an answer of `bytes` is for, claimed; NULL: there is none, or it is not so short.
 */
static inline struct op *
answered_locked(struct call_slot *slot, uint32_t bytes, uint8_t **to)
{
	struct op *call = slot == NULL ? NULL : slot->op;

	if (call == NULL || bytes > call->sqe.result_len)
		return NULL;
	*to = ring_pinned(call->ring, call->sqe.result_addr, bytes);
	return *to == NULL || !op_claim_end(call) ? NULL : call;
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
	if (call == NULL) {
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
