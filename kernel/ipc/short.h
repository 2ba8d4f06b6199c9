/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What short.c and short_cap.c share: each step of a short delivery that both have. */
#include "base/assert.h"
#include "ipc/endpoint_internal.h"
#include "ring/scratch.h"
#include "sched/thread.h"

/* Longer ones are rare, and their copies are what they cost. */
#define SHORT_BYTES_MAX 1024

/* Whole words, as messages are: what is left of one would be the highest bits. */
static inline bool
is_short(uint32_t bytes)
{
	_Static_assert(sizeof(uint64_t) == 1 << 3 && SHORT_BYTES_MAX % sizeof(uint64_t) == 0, "");
	return __builtin_rotateright32(bytes, 3) <= SHORT_BYTES_MAX / sizeof(uint64_t);
}

/*
 * The oldest receiver, if its hold has no cell, its buffers have never failed and one fits. It is
 * the caller's to claim.
 */
static inline struct op *
receiver_locked(const struct endpoint *endpoint, uint32_t total, uint8_t **to)
{
	struct op *receive = LIST_ENTRY(endpoint->receives.next, struct op, link);

	if (endpoint->closed || list_is_empty(&endpoint->receives) ||
	    ((receive->extras & OP_CELLED) | *ring_strikes(receive->ring)) != 0 ||
	    total > receive->sqe.result_len)
		return NULL;
	*to = ring_pinned(receive->ring, receive->sqe.result_addr, total);
	return *to == NULL ? NULL : receive;
}

/* What the server reads before the parameters; see abi/ring.h. */
static inline void
header_write(struct cap_delivery *header, const struct op *call, uint64_t interface_id)
{
	header->interface_id = interface_id;
	header->deadline_ns = UINT64_MAX;
	header->param_bytes = call->sqe.len;
	header->method = call->sqe.method;
	header->cap_count = call->sqe.xfer_count;
	/* No session yet: an all-zero reference. */
	__builtin_memset(header->caller_reference, 0, sizeof(header->caller_reference));
	header->caller_epoch = 0;
	header->flags = 0;
	header->result_len = call->sqe.result_len;
	header->cap_max = 0;
}

/* The receiver, claimed, leaves the queue and ends; its reference to the endpoint is the call's. */
static inline void
receive_end_locked(
    struct endpoint *endpoint, struct op *receive, uint32_t total, uint16_t cap_count)
{
	list_remove(&receive->link);
	receive->place = OP_PLACE_NONE;
	receive->object = NULL;
	endpoint->receive_count--;
	op_complete_and_hand_over(
	    receive, &(struct op_result){ .result = (int32_t)total, .cap_count = cap_count });
}

/* The call is the server's, with the endpoint's reference that its receiver had. */
static inline void
call_hand_locked(
    struct op *call, const struct cap_ref *target, struct process *server, struct call_slot *slot)
{
	call->object = target->object;
	call->object_epoch = target->object_epoch;
	call->interface_index = target->interface_index;
	call->place = OP_PLACE_DELIVERED;
	call->server = server;
	call->peer = slot;
}
