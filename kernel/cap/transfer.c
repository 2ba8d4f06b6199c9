/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transfers of capabilities. Decode and check can refuse; predict shows the result; commit cannot
 * fail.
 */
#include "cap/transfer.h"

#include "base/assert.h"

static bool
entry_is_well_formed(const struct cap_transfer *entry)
{
	uint8_t reserved = 0;

	for (uint32_t i = 0; i < sizeof(entry->reserved); i++)
		reserved |= entry->reserved[i];
	if (reserved != 0)
		return false;
	if (entry->mode == CAP_TRANSFER_HOLE)
		return entry->cap_id == 0;
	return entry->mode == CAP_TRANSFER_COPY || entry->mode == CAP_TRANSFER_MOVE;
}

/* Does an earlier entry name the same capability, and one of the two move it? */
static bool
entry_overlaps(const struct transfer_list *list, uint32_t index)
{
	const struct cap_transfer *entry = &list->entries[index];

	if (entry->mode == CAP_TRANSFER_HOLE)
		return false;
	for (uint32_t i = 0; i < index; i++) {
		const struct cap_transfer *other = &list->entries[i];

		if (other->mode != CAP_TRANSFER_HOLE && other->cap_id == entry->cap_id &&
		    (other->mode == CAP_TRANSFER_MOVE || entry->mode == CAP_TRANSFER_MOVE))
			return true;
	}
	return false;
}

enum cap_status
transfer_decode(struct transfer_list *list, uint32_t count)
{
	if (count > TRANSFER_CAPS_MAX)
		return CAP_ERR_INVALID_TRANSFER_DESCRIPTOR;
	for (uint32_t i = 0; i < count; i++)
		if (!entry_is_well_formed(&list->entries[i]) || entry_overlaps(list, i))
			return CAP_ERR_INVALID_TRANSFER_DESCRIPTOR;
	list->count = count;
	return CAP_OK;
}

enum cap_status
transfer_check_locked(struct cap_table *from, const struct transfer_list *list,
    struct cap_hold holds[TRANSFER_CAPS_MAX])
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct cap_transfer *entry = &list->entries[i];
		enum cap_status status;

		holds[i].object = NULL;
		if (entry->mode == CAP_TRANSFER_HOLE)
			continue;
		status = cap_table_peek_locked(from, entry->cap_id, &holds[i]);
		if (status != CAP_OK)
			return status;
		if (holds[i].mode == OBJECT_TRANSFER_NONE ||
		    (holds[i].mode == OBJECT_TRANSFER_MOVE && entry->mode != CAP_TRANSFER_MOVE))
			return CAP_ERR_TRANSFER_NOT_SUPPORTED;
	}
	return CAP_OK;
}

uint32_t
transfer_slots(const struct transfer_list *list)
{
	uint32_t slots = 0;

	for (uint32_t i = 0; i < list->count; i++)
		slots += list->entries[i].mode != CAP_TRANSFER_HOLE;
	return slots;
}

void
transfer_predict_locked(const struct cap_table *to, const struct transfer_list *list,
    const struct cap_hold holds[TRANSFER_CAPS_MAX], struct cap_record records[TRANSFER_CAPS_MAX])
{
	cap_id_t ids[TRANSFER_CAPS_MAX];
	uint32_t next = 0;

	cap_table_predict_locked(to, transfer_slots(list), ids);
	for (uint32_t i = 0; i < list->count; i++) {
		records[i] = (struct cap_record){ 0 };
		if (holds[i].object == NULL)
			continue;
		records[i].cap_id = ids[next++];
		records[i].interface_id =
		    object_interface_id(holds[i].object, holds[i].interface_index);
	}
}

/*
 * Insert before taking: within one table the moved slot must not be reused by this very transfer,
 * or the predicted ids would be wrong.
 */
void
transfer_commit_locked(struct cap_table *from, struct cap_table *to,
    const struct transfer_list *list, const struct cap_hold holds[TRANSFER_CAPS_MAX])
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (holds[i].object == NULL)
			continue;
		cap_hold_get(&holds[i]);
		(void)cap_table_insert_locked(to, &holds[i]);
	}
	for (uint32_t i = 0; i < list->count; i++) {
		if (list->entries[i].mode != CAP_TRANSFER_MOVE)
			continue;
		cap_table_take_locked(from, list->entries[i].cap_id);
		/* Never the last reference: the receiver's was taken above. */
		cap_hold_put(&holds[i]);
	}
}

void
transfer_detach_locked(struct cap_table *from, const struct transfer_list *list,
    const struct cap_hold holds[TRANSFER_CAPS_MAX])
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (holds[i].object == NULL)
			continue;
		if (list->entries[i].mode == CAP_TRANSFER_MOVE)
			cap_table_take_locked(from, list->entries[i].cap_id);
		else
			cap_hold_get(&holds[i]);
	}
}
