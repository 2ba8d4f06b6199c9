/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The usual exchange with one capability beside the bytes: copied or moved, to a server that waits
 * for a call and has a slot. As in short.c, what is different goes the general way before anything
 * has changed.
 */
#include "ipc/short.h"

/* The one entry of a transfer list, each word read once. */
struct given {
	cap_id_t cap_id;
	uint64_t mode; /* enum cap_transfer_mode; the reserved bytes above are zero */
};
_Static_assert(sizeof(struct given) == sizeof(struct cap_transfer) &&
	offsetof(struct cap_transfer, cap_id) == 0 && offsetof(struct cap_transfer, mode) == 8,
    "words of a transfer entry");

static struct given
given_read(const uint8_t *entry)
{
	const uint64_t *words = (const uint64_t *)(const void *)entry;

	return (struct given){ __atomic_load_n(&words[0], __ATOMIC_RELAXED),
		__atomic_load_n(&words[1], __ATOMIC_RELAXED) };
}

/* Whether it may go as its entry says. */
static bool
given_check_locked(struct cap_table *from, const struct given *given, struct cap_hold *hold)
{
	if (cap_table_peek_locked(from, given->cap_id, hold) != CAP_OK)
		return false;
	return given->mode == CAP_TRANSFER_COPY ? hold->mode == OBJECT_TRANSFER_COPY
						: hold->mode != OBJECT_TRANSFER_NONE;
}

/*
 * Into a reserved slot of `to`; one that is moved brings its references. Inserted before it is
 * taken: both tables may be one.
 */
static struct cap_record
given_commit_locked(struct cap_table *from, struct cap_table *to, const struct given *given,
    const struct cap_hold *hold)
{
	struct cap_record record = {
		.interface_id = object_interface_id(hold->object, hold->interface_index),
	};

	if (given->mode == CAP_TRANSFER_COPY)
		cap_hold_get(hold);
	record.cap_id = cap_table_insert_locked(to, hold);
	if (given->mode == CAP_TRANSFER_MOVE)
		cap_table_take_locked(from, given->cap_id);
	return record;
}

struct short_delivery {
	struct process *client;
	struct op *call;
	const struct cap_ref *target;
	const uint8_t *from;
	struct given given;
};

/* Receiver and processes are locked, the receiver is claimed, and nothing can fail. */
static void
write_locked(const struct short_delivery *delivery, struct process *server, struct op *receive,
    const struct cap_hold *hold, uint8_t *to)
{
	struct op *call = delivery->call;
	const struct cap_ref *target = delivery->target;
	struct endpoint *endpoint = endpoint_of(target->object);
	struct call_slot *slot = call_table_take_locked(server, call);
	struct cap_record record =
	    given_commit_locked(delivery->client->table, server->table, &delivery->given, hold);

	header_write((struct cap_delivery *)(void *)to, call,
	    endpoint->interfaces[target->interface_index - 1]);
	((struct cap_delivery *)(void *)to)->call_id = slot->id;
	to += sizeof(struct cap_delivery);
	copy_words(to, delivery->from, call->sqe.len / sizeof(uint64_t));
	copy_words(to + call->sqe.len, &record, sizeof(record) / sizeof(uint64_t));
	endpoint->last_caller = delivery->client->pid;
	call_hand_locked(call, target, server, slot);
	cap_table_keep_locked(server->table, receive->reserved_slots - 1U);
	receive->reserved_slots = 0;
}

/* False: nothing has changed. */
static bool
deliver_locked_pair(const struct short_delivery *delivery, uint32_t total, struct op **out)
    NO_LOCK_ANALYSIS
{
	struct process *client = delivery->client;
	uint8_t *to;
	struct op *receive = receiver_locked(endpoint_of(delivery->target->object), total, &to);
	struct process *server;
	struct cap_hold hold;
	bool is_good;

	if (receive == NULL || receive->reserved_slots == 0)
		return false;
	server = op_process(receive);
	spin_lock_pair(&client->lock, &server->lock);
	is_good =
	    given_check_locked(client->table, &delivery->given, &hold) && op_claim_end(receive);
	if (is_good)
		write_locked(delivery, server, receive, &hold, to);
	spin_unlock_pair(&client->lock, &server->lock);
	*out = receive;
	return is_good;
}

bool
endpoint_call_short_cap(struct process *client, struct op *call, const struct cap_ref *target)
{
	struct endpoint *endpoint = endpoint_of(target->object);
	uint32_t total =
	    call->sqe.len + (uint32_t)(sizeof(struct cap_delivery) + sizeof(struct cap_record));
	struct short_delivery delivery = { .client = client, .call = call, .target = target };
	struct op *receive;
	bool is_delivered;

	if (!is_short(call->sqe.len) || call->sqe.addr % sizeof(uint64_t) != 0)
		return false;
	delivery.from =
	    ring_pinned(call->ring, call->sqe.addr, call->sqe.len + sizeof(struct cap_transfer));
	if (delivery.from == NULL)
		return false;
	delivery.given = given_read(delivery.from + call->sqe.len);
	if (delivery.given.mode != CAP_TRANSFER_COPY && delivery.given.mode != CAP_TRANSFER_MOVE)
		return false;
	spin_lock(&endpoint->lock);
	is_delivered = deliver_locked_pair(&delivery, total, &receive);
	if (is_delivered)
		receive_end_locked(endpoint, receive, total, 1);
	spin_unlock(&endpoint->lock);
	return is_delivered;
}
