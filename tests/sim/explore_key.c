/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of a state: what of the model can matter for anything that follows, without names.
 *
 * Left out, because nothing that follows can tell: generations, call ids, user data, the time, and
 * bytes in memory, which are written anew by whatever uses them. Symmetric: processes are
 * interchangeable (the least key of all their orders is taken), and so are slots of a table, ops of
 * a ring and calls that are served (they are sorted). Whose turn it is at an endpoint is kept as
 * the order in which its callers come next, not as a process id. Objects and grant cells are known
 * by their number in the model.
 *
 * A turn that waits is a RECV like any other, and is kept apart from one all the same: that nothing
 * which follows can tell is the kernel's to show.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "explore.h"

#define NONE UINT8_MAX
#define SLOT_BYTES (5 + 2 * EXPLORE_IN_FLIGHT_MAX)
#define OP_BYTES 13
#define ITEMS_MAX 32

struct keying {
	const struct model *model;
	uint32_t process_count;
	uint8_t order[EXPLORE_PROCESSES_MAX];  /* processes, as the key has them */
	uint8_t number[EXPLORE_PROCESSES_MAX]; /* the other way round */
	uint8_t *key;
	uint32_t bytes;
};

static void
add(struct keying *keying, uint64_t value)
{
	assert(value <= UINT8_MAX && keying->bytes < EXPLORE_KEY_BYTES_MAX);
	keying->key[keying->bytes++] = (uint8_t)value;
}

static uint8_t
number_of(const struct keying *keying, const struct model_process *process)
{
	return process == NULL || !process->alive ? NONE : keying->number[process->index];
}

static uint8_t
object_number(const struct model *model, const struct model_object *object)
{
	return object == NULL ? NONE : (uint8_t)(object - model->objects);
}

static uint8_t
cell_number(const struct model *model, const struct model_cell *cell)
{
	return cell == NULL ? NONE : (uint8_t)(cell - model->cells);
}

static uint8_t
payer_number(const struct keying *keying, const struct model_ledger *payer)
{
	for (uint32_t i = 0; i < keying->process_count; i++)
		if (keying->model->processes[i].ledger == payer)
			return number_of(keying, &keying->model->processes[i]);
	return NONE;
}

/* Where the op stands in its object's queue. */
static uint8_t
place_in_queue(const struct model_op *op)
{
	const struct model_object *object = op->object;

	for (uint32_t i = 0; op->place == MODEL_CALLING && i < object->call_count; i++)
		if (object->calls[i] == op)
			return (uint8_t)i;
	for (uint32_t i = 0; object != NULL && i < object->receive_count; i++)
		if (object->receives[i] == op)
			return (uint8_t)i;
	return NONE;
}

/* The entry that a call in a queue will send; the bytes stay where they are until then. */
static bool
entry_of(const struct model_process *process, const struct model_op *op, struct cap_transfer *entry)
{
	struct memory *memory = (struct memory *)(uintptr_t)&process->memory;

	if (op->place != MODEL_CALLING || op->sqe.xfer_count == 0)
		return false;
	assert(op->sqe.xfer_count == 1 && op->sqe.len % 8 == 0);
	memory_read(memory, op->sqe.addr + op->sqe.len, entry, sizeof(*entry));
	return true;
}

/* How calls in queues name the slot: for each that does, in order, mode, endpoint and place. */
static void
slot_names(const struct model *model, const struct model_process *process,
    const struct model_slot *slot, uint8_t *out)
{
	uint16_t names[EXPLORE_IN_FLIGHT_MAX] = { 0 };
	uint32_t count = 0;
	struct cap_transfer entry;

	for (uint32_t i = 0; i < RING_CQ_ENTRIES; i++) {
		const struct model_op *op = &process->ops[i];
		uint16_t name;
		uint32_t at = count;

		if (!entry_of(process, op, &entry) || entry.cap_id != model_id(process, slot))
			continue;
		name = (uint16_t)((entry.mode + 4 * (1 + object_number(model, op->object))) << 8 |
		    place_in_queue(op));
		assert(count < EXPLORE_IN_FLIGHT_MAX);
		for (; at != 0 && names[at - 1] > name; at--)
			names[at] = names[at - 1];
		names[at] = name;
		count++;
	}
	memcpy(out, names, sizeof(names));
}

static void
slot_encode(const struct model *model, const struct model_process *process,
    const struct model_slot *slot, uint8_t *out)
{
	memset(out, 0, SLOT_BYTES);
	if (slot->object == NULL)
		return;
	out[0] = object_number(model, slot->object);
	out[1] = (uint8_t)(slot->interface_index + 1);
	out[2] = cell_number(model, slot->cell);
	out[3] = slot->epoch == slot->object->epoch;
	out[4] = model_slot_is_live(slot);
	slot_names(model, process, slot, out + 5);
}

bool
explore_slots_are_alike(
    const struct model *model, const struct model_process *process, uint32_t one, uint32_t other)
{
	uint8_t bytes[2][SLOT_BYTES];

	slot_encode(model, process, &process->slots[one], bytes[0]);
	slot_encode(model, process, &process->slots[other], bytes[1]);
	return memcmp(bytes[0], bytes[1], SLOT_BYTES) == 0;
}

static void
op_encode(const struct keying *keying, const struct model_op *op, uint8_t *out)
{
	const struct model_process *process = op->process;
	struct cap_transfer entry;
	struct model_slot *slot;

	memset(out, 0, OP_BYTES);
	out[0] = op->sqe.op;
	out[1] = (uint8_t)op->place;
	out[2] = object_number(keying->model, op->object);
	out[3] = (uint8_t)op->interface_index;
	out[4] = cell_number(keying->model, op->cell);
	out[5] = op->object != NULL && op->epoch == op->object->epoch;
	out[6] = (uint8_t)op->reserved;
	out[7] = place_in_queue(op);
	out[8] = op->sqe.deadline_ns != 0;
	out[9] = op->place == MODEL_DELIVERED ? number_of(keying, op->server) : NONE;
	out[10] = op->sqe.cap_max;
	/* The slot that it names says so itself; one that is gone is stale for ever. */
	if (entry_of(process, op, &entry))
		out[11] = (uint8_t)(1 + entry.mode +
		    4 *
			(model_find((struct model_process *)(uintptr_t)process, entry.cap_id,
			     &slot) == CAP_OK));
	out[12] = op->is_turn;
}

struct items {
	uint8_t bytes[ITEMS_MAX][SLOT_BYTES > OP_BYTES ? SLOT_BYTES : OP_BYTES];
	uint32_t count;
};

static int
items_compare(const void *one, const void *other)
{
	return memcmp(one, other, sizeof(((struct items *)0)->bytes[0]));
}

static void
items_add(struct keying *keying, struct items *items, uint32_t bytes)
{
	qsort(items->bytes, items->count, sizeof(items->bytes[0]), items_compare);
	add(keying, items->count);
	for (uint32_t i = 0; i < items->count; i++)
		for (uint32_t k = 0; k < bytes; k++)
			add(keying, items->bytes[i][k]);
}

static void
process_slots_encode(struct keying *keying, const struct model_process *process)
{
	struct items items;

	memset(&items, 0, sizeof(items));
	for (uint32_t i = 0; i < process->slot_count; i++)
		if (process->slots[i].object != NULL)
			slot_encode(
			    keying->model, process, &process->slots[i], items.bytes[items.count++]);
	items_add(keying, &items, SLOT_BYTES);
}

static void
process_ops_encode(struct keying *keying, const struct model_process *process)
{
	struct items items;

	memset(&items, 0, sizeof(items));
	for (uint32_t i = 0; i < RING_CQ_ENTRIES; i++)
		if (process->ops[i].place != MODEL_FREE)
			op_encode(keying, &process->ops[i], items.bytes[items.count++]);
	items_add(keying, &items, OP_BYTES);
}

static void
process_encode(struct keying *keying, const struct model_process *process)
{
	uint32_t gone = 0;

	add(keying, process->alive);
	if (!process->alive)
		return;
	for (uint32_t i = 0; i < process->call_capacity; i++)
		gone += process->calls[i].used && process->calls[i].op == NULL;
	add(keying, gone);
	add(keying, process->waits);
	add(keying, process->slot_count / MODEL_CHUNK);
	add(keying, process->slots_kept);
	add(keying, process->has_call_table);
	add(keying, process->call_capacity / MODEL_CHUNK);
	add(keying, process->has_deadlines);
	add(keying, process->strikes);
	process_slots_encode(keying, process);
	process_ops_encode(keying, process);
}

/* Callers in the order in which the endpoint serves them. */
static void
turns_encode(struct keying *keying, const struct model_object *endpoint)
{
	const struct model_process *turns[EXPLORE_PROCESSES_MAX];
	uint32_t count = 0;

	for (uint32_t i = 0; i < keying->process_count; i++) {
		const struct model_process *process = &keying->model->processes[i];
		uint32_t at = count++;

		if (!process->alive) {
			count--;
			continue;
		}
		for (; at != 0 &&
		    process->pid - endpoint->last_caller - 1 <
			turns[at - 1]->pid - endpoint->last_caller - 1;
		    at--)
			turns[at] = turns[at - 1];
		turns[at] = process;
	}
	for (uint32_t i = 0; i < count; i++)
		add(keying, number_of(keying, turns[i]));
}

static void
object_encode(struct keying *keying, const struct model_object *object)
{
	add(keying, object_number(keying->model, object));
	add(keying, object->closed);
	add(keying, object->bits);
	add(keying, object->interface_count);
	add(keying, payer_number(keying, object->payer));
	if (object->kind == MODEL_ENDPOINT)
		turns_encode(keying, object);
}

static void
cell_encode(struct keying *keying, const struct model_cell *cell)
{
	add(keying, cell_number(keying->model, cell));
	add(keying, cell->live);
	add(keying, cell_number(keying->model, cell->parent));
	add(keying, payer_number(keying, cell->payer));
}

static void
encode(struct keying *keying)
{
	const struct model *model = keying->model;

	keying->bytes = 0;
	for (uint32_t i = 0; i < keying->process_count; i++)
		keying->number[keying->order[i]] = (uint8_t)i;
	for (uint32_t i = 0; i < keying->process_count; i++)
		process_encode(keying, &model->processes[keying->order[i]]);
	for (uint32_t i = 0; i < model->object_end; i++)
		if (model->objects[i].exists && model->objects[i].payer != NULL)
			object_encode(keying, &model->objects[i]);
	for (uint32_t i = 0; i < EXPLORE_SLOTS_MAX; i++)
		if (model->cells[i].exists)
			cell_encode(keying, &model->cells[i]);
}

static void
swap(uint8_t *one, uint8_t *other)
{
	uint8_t kept = *one;

	*one = *other;
	*other = kept;
}

/* The next order in the dictionary's; false: it was the last. */
static bool
order_next(uint8_t *order, uint32_t count)
{
	uint32_t from = count - 1;
	uint32_t with = count - 1;

	while (from > 0 && order[from - 1] > order[from])
		from--;
	if (from == 0)
		return false;
	while (order[with] < order[from - 1])
		with--;
	swap(&order[from - 1], &order[with]);
	for (uint32_t i = from, k = count - 1; i < k; i++, k--)
		swap(&order[i], &order[k]);
	return true;
}

uint32_t
explore_key(const struct model *model, const struct explore_scope *scope, uint8_t *key)
{
	uint8_t other[EXPLORE_KEY_BYTES_MAX];
	struct keying keying = {
		.model = model, .process_count = scope->processes, .order = { 0, 1, 2 }, .key = key
	};
	uint32_t bytes;

	encode(&keying);
	bytes = keying.bytes;
	keying.key = other;
	while (order_next(keying.order, keying.process_count)) {
		encode(&keying);
		/* All orders of one state have as many bytes. */
		assert(keying.bytes == bytes);
		if (memcmp(other, key, bytes) < 0)
			memcpy(key, other, bytes);
	}
	return bytes;
}
