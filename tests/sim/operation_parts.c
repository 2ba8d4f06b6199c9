/* SPDX-License-Identifier: Apache-2.0 */
/* What submissions are made of: ids, buffers, lengths, transfer entries; most of them good. */
#include <abi/start.h>
#include <string.h>

#include "simulation.h"

/*
 * Buffers of a process: a few small ones in the ring's message area, many small ones and one for
 * long messages in its data, for sending in the lower half and for receiving in the upper one.
 */
#define SMALL_BYTES 256
#define MESSAGE_SMALL 3
#define LONG_BYTES (17 * PAGE_BYTES)
#define HALF_BYTES (MEMORY_DATA_BYTES / 2)
#define DATA_SMALL ((uint32_t)((HALF_BYTES - LONG_BYTES) / SMALL_BYTES) - 1)
#define MESSAGE (USER_RING_ADDRESS + MEMORY_MESSAGE_OFFSET)
#define MESSAGE_HALF (MEMORY_MESSAGE_BYTES / 2)

struct model_slot *
part_slot(struct simulation *simulation, struct model_process *process, slot_wanted_fn wanted)
{
	struct model_slot *found[MODEL_SLOTS];
	uint32_t count = 0;

	for (uint32_t i = 0; i < process->slot_count; i++)
		if (process->slots[i].object != NULL && wanted(process, &process->slots[i]))
			found[count++] = &process->slots[i];
	return count == 0 ? NULL : found[random_below(&simulation->random, count)];
}

cap_id_t
part_bad_id(struct simulation *simulation, struct model_process *process)
{
	struct random *random = &simulation->random;
	uint32_t index = random_below(random, process->slot_count + 1);
	uint64_t generation = index < process->slot_count ? process->slots[index].generation : 1;

	switch (random_below(random, 5)) {
	case 0:
		return 0;
	case 1:
		return random_next(random);
	case 2:
		return (generation + 1) << CAP_ID_INDEX_BITS | index;
	case 3:
		return UINT64_C(1) << CAP_ID_INDEX_BITS | (process->slot_count + index);
	default:
		return (generation - 1) << CAP_ID_INDEX_BITS | index;
	}
}

uint64_t
part_bad_source(struct simulation *simulation)
{
	static const uint64_t addresses[] = { 0, 8, WORLD_UNMAPPED, WORLD_READ_ONLY,
		WORLD_READ_ONLY - 8, WORLD_READ_ONLY + PAGE_BYTES - 8, USER_ADDRESS_END - 8,
		UINT64_C(0xffff800000001000), UINT64_MAX - 7, UINT64_MAX - 1000 };

	return addresses[random_below(
	    &simulation->random, sizeof(addresses) / sizeof(addresses[0]))];
}

uint64_t
part_bad_result(struct simulation *simulation)
{
	/* What can be read and not be written; only for results, as nobody follows what it says. */
	static const uint64_t addresses[] = { USER_CAPSET_ADDRESS,
		USER_CAPSET_ADDRESS + PAGE_BYTES - 8, MESSAGE + MEMORY_MESSAGE_BYTES - 8 };

	if (random_chance(&simulation->random, 75))
		return part_bad_source(simulation);
	return addresses[random_below(
	    &simulation->random, sizeof(addresses) / sizeof(addresses[0]))];
}

static uint64_t
small_buffer(struct simulation *simulation, bool upper)
{
	/* In the ring, or anywhere. */
	bool in_ring = random_chance(&simulation->random, 50);
	uint32_t index =
	    random_below(&simulation->random, in_ring ? MESSAGE_SMALL : MESSAGE_SMALL + DATA_SMALL);

	if (index < MESSAGE_SMALL)
		return MESSAGE + upper * MESSAGE_HALF + index * SMALL_BYTES;
	return WORLD_DATA + upper * HALF_BYTES + LONG_BYTES + (index - MESSAGE_SMALL) * SMALL_BYTES;
}

static bool
overlap(uint64_t one, uint64_t one_bytes, uint64_t other, uint64_t other_bytes)
{
	return one < other + other_bytes && other < one + one_bytes;
}

/* Does an op, in flight or about to be, use that buffer? */
static bool
is_used(const struct model_process *process, uint64_t address, uint64_t bytes)
{
	bool used = false;

	for (uint32_t i = 0; i < RING_CQ_ENTRIES; i++) {
		const struct model_op *op = &process->ops[i];

		if (op->place != MODEL_FREE)
			used |= overlap(address, bytes, op->sqe.result_addr, op->sqe.result_len) ||
			    overlap(address, bytes, op->sqe.addr, op->sqe.len + SMALL_BYTES / 2);
	}
	for (uint32_t i = 0; i < process->queued; i++)
		used |= overlap(address, bytes, process->queue[i].result_addr,
			    process->queue[i].result_len) ||
		    overlap(address, bytes, process->queue[i].addr,
			process->queue[i].len + SMALL_BYTES / 2);
	return used;
}

void
part_plain(struct simulation *simulation, struct cap_sqe *sqe)
{
	if (!random_chance(&simulation->random, 50))
		return;
	sqe->deadline_ns = 0;
	sqe->cap_max = 0;
	sqe->xfer_count = 0;
	if (sqe->flags == CAP_SQE_EXCEPTION)
		sqe->flags = 0;
	sqe->len &= ~UINT32_C(7);
}

uint64_t
part_source(struct simulation *simulation, struct model_process *process, uint64_t bytes)
{
	uint64_t address = WORLD_DATA;

	for (uint32_t i = 0; i < 200 && bytes <= SMALL_BYTES; i++) {
		address = small_buffer(simulation, false);
		if (!is_used(process, address, SMALL_BYTES))
			break;
	}
	return address;
}

uint64_t
part_result(struct simulation *simulation, struct model_process *process, uint64_t bytes)
{
	if (bytes > SMALL_BYTES)
		return is_used(process, WORLD_DATA + HALF_BYTES, LONG_BYTES)
		    ? 0
		    : WORLD_DATA + HALF_BYTES;
	for (uint32_t i = 0; i < 200; i++) {
		uint64_t address = small_buffer(simulation, true);

		if (!is_used(process, address, SMALL_BYTES))
			return address;
	}
	return 0;
}

uint64_t
part_deadline(struct simulation *simulation)
{
	struct random *random = &simulation->random;
	uint64_t now_ns = simulation->model.now_ns;

	if (random_chance(random, 80))
		return random_chance(random, 90) ? 0 : UINT64_MAX;
	return random_chance(random, 25) ? now_ns - random_below(random, 100)
					 : now_ns + 1 + random_below(random, 1000000);
}

uint32_t
part_length(struct simulation *simulation)
{
	static const uint32_t weights[] = { 80, 10, 4, 3, 3 };
	struct random *random = &simulation->random;

	switch (random_weighted(random, weights, simulation->is_batch ? 2 : 5)) {
	case 0:
		return random_below(random, 65);
	case 1:
		return random_below(random, 129);
	case 2:
		return KERNEL_MESSAGE_BYTES_MAX - 8 + random_below(random, 17);
	case 3:
		return random_below(random, MESSAGE_BYTES_MAX) + 1;
	default:
		return MESSAGE_BYTES_MAX + random_below(random, 2);
	}
}

void
part_payload(struct simulation *simulation, struct model_process *process, struct cap_sqe *sqe)
{
	static uint8_t bytes[MESSAGE_BYTES_MAX + PAGE_BYTES];
	uint64_t seed = random_next(&simulation->random);
	uint32_t count = sqe->len < sizeof(bytes) ? sqe->len : (uint32_t)sizeof(bytes);

	if (!memory_is_writable(sqe->addr, count) || memory_at(&process->memory, sqe->addr) == NULL)
		return;
	for (uint32_t i = 0; i < count; i += 8) {
		uint64_t word = seed * (i + 1);

		memcpy(&bytes[i], &word, sizeof(word));
	}
	machine_write(simulation, process, sqe->addr, bytes, count);
}

static bool
any_slot(const struct model_process *process, const struct model_slot *slot)
{
	(void)process;
	(void)slot;
	return true;
}

/* Owners and what everybody was given stay, mostly. */
static bool
common_slot(const struct model_process *process, const struct model_slot *slot)
{
	(void)process;
	return model_slot_is_live(slot) && slot->object->kind != MODEL_SPACE &&
	    (slot->object->kind != MODEL_ENDPOINT || slot->interface_index != 0);
}

static bool
is_revoked(const struct model_process *process, const struct model_slot *slot)
{
	(void)process;
	return !model_slot_is_live(slot);
}

static struct cap_transfer
good_entry(struct simulation *simulation, struct model_process *process)
{
	struct random *random = &simulation->random;
	bool any = random_chance(random, 15);
	struct model_slot *slot = part_slot(simulation, process, any ? any_slot : common_slot);
	struct cap_transfer entry = { .mode = CAP_TRANSFER_HOLE };

	if (slot == NULL || random_chance(random, 10))
		return entry;
	entry.cap_id = model_id(process, slot);
	entry.mode = random_chance(random, any ? 75 : 15) ? CAP_TRANSFER_MOVE : CAP_TRANSFER_COPY;
	return entry;
}

static void
spoil_entry(
    struct simulation *simulation, struct model_process *process, struct cap_transfer *entry)
{
	struct random *random = &simulation->random;
	struct model_slot *slot = part_slot(simulation, process, is_revoked);

	switch (random_below(random, 5)) {
	case 0:
		if (slot != NULL)
			*entry = (struct cap_transfer){ model_id(process, slot), CAP_TRANSFER_COPY,
				{ 0 } };
		break;
	case 1:
		entry->mode = (uint8_t)random_below(random, 256);
		break;
	case 2:
		entry->reserved[random_below(random, sizeof(entry->reserved))] = 1;
		break;
	default:
		entry->cap_id = part_bad_id(simulation, process);
		break;
	}
}

void
part_transfers(struct simulation *simulation, struct model_process *process, struct cap_sqe *sqe)
{
	static const uint32_t weights[] = { 60, 18, 8, 4, 2, 1, 1, 1, 1 };
	struct cap_transfer entries[MESSAGE_CAPS_MAX];
	struct random *random = &simulation->random;
	uint64_t address = (sqe->addr + sqe->len + 7) / 8 * 8;
	uint32_t count = random_weighted(random, weights, sizeof(weights) / sizeof(weights[0]));
	uint64_t bytes = count * sizeof(entries[0]);

	for (uint32_t i = 0; i < count; i++)
		entries[i] = good_entry(simulation, process);
	if (count != 0 && random_chance(random, 8))
		spoil_entry(simulation, process, &entries[random_below(random, count)]);
	if (count > 1 && random_chance(random, 4))
		entries[1] = entries[0];
	if (memory_is_writable(address, bytes) && memory_at(&process->memory, address) != NULL)
		machine_write(simulation, process, address, entries, bytes);
	sqe->xfer_count = (uint8_t)count;
	if (random_chance(random, 1))
		sqe->xfer_count = (uint8_t)(MESSAGE_CAPS_MAX + 1 + random_below(random, 9));
}
