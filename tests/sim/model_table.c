/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capability tables of the model. Free slots are used first in, first out, each time with the next
 * generation; slots come in chunks, the first when the first capability does.
 */
#include <assert.h>

#include "model.h"

cap_id_t
model_id(const struct model_process *process, const struct model_slot *slot)
{
	return slot->generation << CAP_ID_INDEX_BITS | (uint64_t)(slot - process->slots);
}

enum cap_status
model_find(struct model_process *process, cap_id_t id, struct model_slot **out)
{
	uint64_t index = id & CAP_ID_INDEX_MASK;
	uint64_t generation = id >> CAP_ID_INDEX_BITS;
	struct model_slot *slot;

	if (index >= process->slot_count)
		return CAP_ERR_INVALID_CAP;
	slot = &process->slots[index];
	/* A free slot has the generation that its next capability will show. */
	if (generation == slot->generation && slot->object != NULL) {
		*out = slot;
		return CAP_OK;
	}
	return generation != 0 && generation < slot->generation ? CAP_ERR_STALE_GENERATION
								: CAP_ERR_INVALID_CAP;
}

bool
model_slot_is_live(const struct model_slot *slot)
{
	return slot->object != NULL && slot->epoch == slot->object->epoch &&
	    (slot->cell == NULL || slot->cell->live);
}

bool
model_has_room(const struct model *model, const struct model_process *process)
{
	const struct model_ledger *ledger = process->ledger;

	return ledger->used[LEDGER_CAP_SLOTS] + 1 < ledger->limit[LEDGER_CAP_SLOTS] &&
	    ledger->used[LEDGER_KERNEL_BYTES] + model->prices.first_chunk <=
	    ledger->limit[LEDGER_KERNEL_BYTES];
}

enum cap_status
model_lookup(struct model_process *process, cap_id_t id, struct model_slot **out)
{
	enum cap_status status = model_find(process, id, out);

	if (status == CAP_OK && !model_slot_is_live(*out))
		status = CAP_ERR_REVOKED;
	return status;
}

static void
slots_add(struct model_process *process)
{
	assert(process->slot_count + MODEL_CHUNK <= MODEL_SLOTS);
	for (uint32_t i = 0; i < MODEL_CHUNK; i++) {
		uint32_t index = process->slot_count++;

		process->slots[index] = (struct model_slot){ .generation = 1 };
		process->free_slots[(process->free_first + process->free_count++) % MODEL_SLOTS] =
		    index;
	}
}

void
model_kept_release(struct model_process *process)
{
	process->slots_reserved -= process->slots_kept;
	model_release(process->ledger, LEDGER_CAP_SLOTS, process->slots_kept);
	process->slots_kept = 0;
}

void
model_keep(struct model_op *op)
{
	if (op->process->slots_kept != 0) {
		model_unreserve(op);
		return;
	}
	op->process->slots_kept = op->reserved;
	op->reserved = 0;
}

enum cap_status
model_reserve(struct model *model, struct model_op *op, uint32_t count)
{
	struct model_process *process = op->process;
	enum cap_status status;
	uint32_t more;

	if (count <= process->slots_kept) {
		process->slots_kept -= count;
		op->reserved += count;
		return CAP_OK;
	}
	more = count - process->slots_kept;
	status = model_charge(process->ledger, LEDGER_CAP_SLOTS, more);
	if (status != CAP_OK)
		return status;
	while (process->free_count - process->slots_reserved < more) {
		uint64_t price =
		    process->slot_count == 0 ? model->prices.first_chunk : model->prices.chunk;

		status = model_take(model, op, price);
		if (status != CAP_OK) {
			model_release(process->ledger, LEDGER_CAP_SLOTS, more);
			return status;
		}
		process->kernel_bytes += price;
		slots_add(process);
	}
	process->slots_reserved += more;
	process->slots_kept = 0;
	op->reserved += count;
	return CAP_OK;
}

enum cap_status
model_reserve_call(struct model *model, struct model_op *op)
{
	if (op->reserved != 0)
		return CAP_OK;
	/* They never come to the table: they are the answer's, which has its slots. */
	if ((op->sqe.flags & CAP_SQE_ANSWER_ONLY) != 0) {
		op->reserved = op->sqe.cap_max;
		return CAP_OK;
	}
	return model_reserve(model, op, op->sqe.cap_max);
}

void
model_unreserve(struct model_op *op)
{
	if (op->sqe.op == CAP_OP_CALL && (op->sqe.flags & CAP_SQE_ANSWER_ONLY) != 0)
		op->reserved = 0;
	op->process->slots_reserved -= op->reserved;
	model_release(op->process->ledger, LEDGER_CAP_SLOTS, op->reserved);
	op->reserved = 0;
}

cap_id_t
model_insert(struct model_process *process, struct model_object *object, uint16_t interface_index,
    uint32_t epoch)
{
	struct model_slot *slot = &process->slots[process->free_slots[process->free_first]];

	assert(process->free_count != 0 && process->slots_reserved != 0);
	process->free_first = (process->free_first + 1) % MODEL_SLOTS;
	process->free_count--;
	process->slots_reserved--;
	slot->object = object;
	slot->interface_index = interface_index;
	slot->epoch = epoch;
	return model_id(process, slot);
}

cap_id_t
model_insert_hold(struct model_process *process, const struct model_slot *hold)
{
	cap_id_t id = model_insert(process, hold->object, hold->interface_index, hold->epoch);

	process->slots[id & CAP_ID_INDEX_MASK].cell = hold->cell;
	if (hold->cell != NULL)
		hold->cell->references++;
	return id;
}

void
model_remove(struct model_process *process, struct model_slot *slot)
{
	uint32_t index = (uint32_t)(slot - process->slots);

	if (slot->cell != NULL)
		slot->cell->references--;
	slot->cell = NULL;
	slot->object = NULL;
	slot->generation++;
	process->free_slots[(process->free_first + process->free_count++) % MODEL_SLOTS] = index;
	model_release(process->ledger, LEDGER_CAP_SLOTS, 1);
}

void
model_drop(struct model *model, struct model_object *object, uint16_t interface_index)
{
	if ((object->kind == MODEL_ENDPOINT && interface_index == 0) ||
	    object->kind == MODEL_NOTIFICATION)
		model_close(model, object);
	model_object_put(object);
}

cap_id_t
model_give(struct model *model, struct model_process *process, struct model_object *object,
    uint16_t interface_index)
{
	struct model_op op = { .process = process };
	enum cap_status status = model_reserve(model, &op, 1);

	assert(status == CAP_OK);
	(void)status;
	object->references++;
	return model_insert(process, object, interface_index, object->epoch);
}

cap_id_t
model_give_hold(struct model *model, struct model_process *process, const struct model_slot *hold)
{
	struct model_op op = { .process = process };
	enum cap_status status = model_reserve(model, &op, 1);

	assert(status == CAP_OK);
	(void)status;
	hold->object->references++;
	return model_insert_hold(process, hold);
}
