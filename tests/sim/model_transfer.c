/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities that travel with a message, whole or not at all. */
#include <assert.h>
#include <string.h>

#include "model.h"

static bool
is_well_formed(const struct cap_transfer *entry)
{
	static const uint8_t zero[sizeof(entry->reserved)];

	if (memcmp(entry->reserved, zero, sizeof(zero)) != 0)
		return false;
	return entry->mode == CAP_TRANSFER_HOLE
	    ? entry->cap_id == 0
	    : entry->mode == CAP_TRANSFER_COPY || entry->mode == CAP_TRANSFER_MOVE;
}

/* Nobody can move what another entry names too. */
static bool
clash(const struct cap_transfer *one, const struct cap_transfer *other)
{
	return one->mode != CAP_TRANSFER_HOLE && other->mode != CAP_TRANSFER_HOLE &&
	    one->cap_id == other->cap_id &&
	    (one->mode == CAP_TRANSFER_MOVE || other->mode == CAP_TRANSFER_MOVE);
}

enum cap_status
model_transfers_read(const struct model_op *op, struct model_transfers *out)
{
	uint64_t from = op->sqe.addr + op->sqe.len;
	uint64_t bytes = op->sqe.xfer_count * sizeof(struct cap_transfer);

	*out = (struct model_transfers){ .count = op->sqe.xfer_count };
	if (out->count == 0)
		return CAP_OK;
	if (from < op->sqe.addr || from + 7 < from)
		return CAP_ERR_INVALID_BUFFER;
	from = (from + 7) / 8 * 8;
	if (!memory_is_readable(from, bytes))
		return CAP_ERR_INVALID_BUFFER;
	memory_read(&op->process->memory, from, out->entries, bytes);
	for (uint32_t i = 0; i < out->count; i++) {
		if (!is_well_formed(&out->entries[i]))
			return CAP_ERR_INVALID_TRANSFER_DESCRIPTOR;
		for (uint32_t k = 0; k < i; k++)
			if (clash(&out->entries[i], &out->entries[k]))
				return CAP_ERR_INVALID_TRANSFER_DESCRIPTOR;
		out->slots += out->entries[i].mode != CAP_TRANSFER_HOLE;
	}
	return CAP_OK;
}

enum cap_status
model_transfers_check(struct model_process *from, const struct model_transfers *transfers)
{
	for (uint32_t i = 0; i < transfers->count; i++) {
		const struct cap_transfer *entry = &transfers->entries[i];
		struct model_slot *slot;
		enum cap_status status;

		if (entry->mode == CAP_TRANSFER_HOLE)
			continue;
		status = model_lookup(from, entry->cap_id, &slot);
		if (status != CAP_OK)
			return status;
		/* There is one owner of an endpoint, and a space is its process's own. */
		if (slot->object->kind == MODEL_SPACE)
			return CAP_ERR_TRANSFER_NOT_SUPPORTED;
		if (((slot->object->kind == MODEL_ENDPOINT && slot->interface_index == 0) ||
			slot->object->kind == MODEL_NOTIFICATION) &&
		    entry->mode != CAP_TRANSFER_MOVE)
			return CAP_ERR_TRANSFER_NOT_SUPPORTED;
	}
	return CAP_OK;
}

void
model_transfers_keep(
    struct model_process *from, struct model_op *to, const struct model_transfers *transfers)
{
	for (uint32_t i = 0; i < transfers->count; i++) {
		const struct cap_transfer *entry = &transfers->entries[i];
		struct model_slot *slot;

		model_answer_keep(to, i, NULL);
		if (entry->mode == CAP_TRANSFER_HOLE)
			continue;
		if (model_lookup(from, entry->cap_id, &slot) != CAP_OK)
			assert(false);
		model_answer_keep(to, i, slot);
		slot->object->references++;
		if (slot->cell != NULL)
			slot->cell->references++;
		if (entry->mode != CAP_TRANSFER_MOVE)
			continue;
		model_object_put(slot->object);
		model_remove(from, slot);
	}
}

void
model_transfers_commit(
    struct model_process *from, struct model_op *to, struct model_transfers *transfers)
{
	struct model_slot *slots[MESSAGE_CAPS_MAX] = { NULL };

	for (uint32_t i = 0; i < transfers->count; i++) {
		struct model_slot *slot;

		transfers->records[i] = (struct cap_record){ 0 };
		if (transfers->entries[i].mode == CAP_TRANSFER_HOLE)
			continue;
		if (model_lookup(from, transfers->entries[i].cap_id, &slot) != CAP_OK)
			assert(false);
		slots[i] = slot;
		slot->object->references++;
		transfers->records[i].interface_id =
		    model_interface_id(slot->object, slot->interface_index);
		transfers->records[i].cap_id = model_insert_hold(to->process, slot);
		to->reserved--;
	}
	for (uint32_t i = 0; i < transfers->count; i++) {
		if (transfers->entries[i].mode != CAP_TRANSFER_MOVE)
			continue;
		model_object_put(slots[i]->object);
		model_remove(from, slots[i]);
	}
}
