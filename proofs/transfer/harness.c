/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about kernel/cap/transfer.c, on the shipped tables: whatever a process writes into its
 * descriptors, all of them take effect or none does; what may not be handed on, or not be copied,
 * is refused; a refusal leaves both tables as they were.
 */
#include <stdbool.h>
#include <stdint.h>

#include "cap_tables.h"

_Static_assert(PIECES_SUFFICE, "constants in proof.toml");

/* Lists are as short as the ones that are looked at. */
#include "cap/transfer.h"
#undef TRANSFER_CAPS_MAX
#define TRANSFER_CAPS_MAX ENTRIES
#include "cap/transfer.c"

ANY_TABLE(from);
ANY_TABLE(to);

static struct transfer_list list;
static struct cap_hold holds[TRANSFER_CAPS_MAX];
static struct cap_record records[TRANSFER_CAPS_MAX];

/* What is compared with: tables, charges and references as they were. */
struct picture {
	struct cap_table table;
	struct cap_slot slots[CAP_TABLE_SLOTS_MAX];
	uint64_t charged;
};

static struct picture from_before;
static struct picture to_before;
static uint32_t references_before[3];

static void
picture_take(const struct any_table *any, struct picture *out)
{
	out->table = *any->table;
	out->charged = any->payer->used[LEDGER_CAP_SLOTS];
	for (uint32_t i = 0; i < CAP_TABLE_SLOTS_MAX; i++)
		out->slots[i] = any->chunks[i]->slots[0];
}

static bool
is_as_in(const struct any_table *any, const struct picture *before)
{
	const struct cap_table *now = any->table;
	const struct cap_table *then = &before->table;

	for (uint32_t i = 0; i < CAP_TABLE_SLOTS_MAX; i++)
		if (!is_same_slot(&any->chunks[i]->slots[0], &before->slots[i]))
			return false;
	return now->slot_count == then->slot_count && now->free_count == then->free_count &&
	    now->reserved_count == then->reserved_count && now->kept_count == then->kept_count &&
	    now->occupied_count == then->occupied_count && now->free_first == then->free_first &&
	    now->free_last == then->free_last &&
	    any->payer->used[LEDGER_CAP_SLOTS] == before->charged;
}

static void
set_up(struct any_table *receiver)
{
	any_objects_make();
	any_table_make(&from);
	if (receiver != &from)
		any_table_make(receiver);
	for (uint32_t i = 0; i < TRANSFER_CAPS_MAX; i++) {
		list.entries[i].cap_id = any_u64();
		list.entries[i].mode = (uint8_t)any_u32();
		for (uint32_t j = 0; j < sizeof(list.entries[i].reserved); j++)
			list.entries[i].reserved[j] = (uint8_t)any_u32();
	}
	picture_take(&from, &from_before);
	picture_take(receiver, &to_before);
	references_before[0] = one_object.references;
	references_before[1] = other_object.references;
	references_before[2] = any_cell.references;
}

/* As kernel/ipc does it: under both locks, into slots that the receiver has reserved. */
static enum cap_status
transfer(struct any_table *receiver)
{
	enum cap_status status = transfer_decode(&list, any_u32());

	if (status == CAP_OK)
		status = transfer_check_locked(from.table, &list, holds);
	if (status == CAP_OK &&
	    transfer_slots(&list) > receiver->table->reserved_count - receiver->table->kept_count)
		status = CAP_ERR_TOO_MANY_CAPS;
	if (status != CAP_OK)
		return status;
	transfer_predict_locked(receiver->table, &list, holds, records);
	transfer_commit_locked(from.table, receiver->table, &list, holds);
	return CAP_OK;
}

/* The hold that an id named before; it had no object if it named none. */
static struct cap_slot
slot_before(const struct picture *before, cap_id_t cap_id)
{
	uint64_t index = cap_id & CAP_ID_INDEX_MASK;
	struct cap_slot slot = { 0 };

	for (uint32_t i = 0; i < CAP_TABLE_SLOTS_MAX; i++)
		if (i == index && i < before->table.slot_count)
			slot = before->slots[i];
	if (TAG_GENERATION(slot.tag) != cap_id >> CAP_ID_INDEX_BITS)
		slot.object = NULL;
	return slot;
}

/* What the rules say about one entry, apart from the others. */
static bool
may_go(const struct cap_transfer *entry)
{
	struct cap_slot slot = slot_before(&from_before, entry->cap_id);

	for (uint32_t i = 0; i < sizeof(entry->reserved); i++)
		if (entry->reserved[i] != 0)
			return false;
	if (entry->mode == CAP_TRANSFER_HOLE)
		return entry->cap_id == 0;
	if (slot.object == NULL ||
	    (entry->mode != CAP_TRANSFER_COPY && entry->mode != CAP_TRANSFER_MOVE))
		return false;
	if (slot.object->epoch != (slot.object_epoch & ~SLOT_HAS_CELL) ||
	    (slot.grant_cell != 0 && any_cell.epoch != slot.cell_epoch))
		return false;
	return TAG_MODE(slot.tag) == OBJECT_TRANSFER_COPY ||
	    (TAG_MODE(slot.tag) == OBJECT_TRANSFER_MOVE && entry->mode == CAP_TRANSFER_MOVE);
}

/* After a transfer: the receiver has it under the id of its record, the sender as the mode says. */
static void
prove_entry_took_effect(uint32_t i, const struct any_table *receiver)
{
	const struct cap_transfer *entry = &list.entries[i];
	struct cap_slot before = slot_before(&from_before, entry->cap_id);
	const struct cap_slot *arrived = named_slot(receiver->table, records[i].cap_id);
	const struct cap_slot *left = named_slot(from.table, entry->cap_id);

	PROVE(may_go(entry), "only what may go");
	if (entry->mode == CAP_TRANSFER_HOLE) {
		PROVE(records[i].cap_id == 0, "a hole stays a hole");
		return;
	}
	PROVE(arrived != NULL && arrived->object == before.object &&
		arrived->grant_cell == before.grant_cell &&
		arrived->cell_epoch == before.cell_epoch &&
		arrived->object_epoch == before.object_epoch &&
		TAG_MODE(arrived->tag) == TAG_MODE(before.tag) &&
		TAG_INTERFACE(arrived->tag) == TAG_INTERFACE(before.tag),
	    "the same hold arrived, no wider than it was");
	if (entry->mode == CAP_TRANSFER_COPY)
		PROVE(left != NULL && is_same_slot(left, &before), "a copy stays");
	else
		PROVE(left == NULL && is_past(from.table, entry->cap_id), "a move does not");
}

static void
prove_references_follow(uint32_t moved, uint32_t arrived)
{
	uint64_t now = (uint64_t)one_object.references + other_object.references;
	uint64_t before = (uint64_t)references_before[0] + references_before[1];

	PROVE(now == before + arrived - moved, "a reference for each hold");
	PROVE(holds_moved == moved && holds_dropped == 0, "objects hear of what moved");
}

static void
prove_whole_or_nothing(struct any_table *receiver)
{
	enum cap_status status;
	uint32_t moved = 0;
	uint32_t arrived = 0;

	set_up(receiver);
	status = transfer(receiver);
	PROVE(is_table_sound(from.table) && is_table_sound(receiver->table), "tables stay sound");
	if (status != CAP_OK) {
		PROVE(is_as_in(&from, &from_before) && is_as_in(receiver, &to_before),
		    "a refusal leaves both tables as they were");
		PROVE(one_object.references == references_before[0] &&
			other_object.references == references_before[1] &&
			any_cell.references == references_before[2],
		    "and every reference");
		return;
	}
	PROVE(list.count <= TRANSFER_CAPS_MAX, "no more than there is room for");
	for (uint32_t i = 0; i < list.count; i++) {
		prove_entry_took_effect(i, receiver);
		moved += list.entries[i].mode == CAP_TRANSFER_MOVE;
		arrived += list.entries[i].mode != CAP_TRANSFER_HOLE;
	}
	prove_references_follow(moved, arrived);
}

void
prove_a_transfer_is_whole_or_nothing(void)
{
	prove_whole_or_nothing(&to);
}

/* A process may send to itself. */
void
prove_a_transfer_within_a_table_is_whole_or_nothing(void)
{
	prove_whole_or_nothing(&from);
}

/* Every list of entries that may go, and do not collide, goes. */
void
prove_what_may_go_is_not_refused(void)
{
	uint32_t count = any_below(TRANSFER_CAPS_MAX + 1);
	bool all_may_go = true;
	enum cap_status status;

	set_up(&to);
	for (uint32_t i = 0; i < count; i++) {
		all_may_go = all_may_go && may_go(&list.entries[i]);
		for (uint32_t j = 0; j < i; j++)
			GIVEN(list.entries[i].cap_id != list.entries[j].cap_id ||
			    list.entries[i].cap_id == 0);
	}
	status = transfer_decode(&list, count);
	if (status == CAP_OK)
		status = transfer_check_locked(from.table, &list, holds);
	PROVE((status == CAP_OK) == all_may_go, "refused exactly if one may not go");
	PROVE(status != CAP_ERR_TRANSFER_NOT_SUPPORTED || !all_may_go, "with its reason");
}

/* To a receiver that keeps the holds outside of a table: their references are its own. */
void
prove_a_detached_transfer_keeps_its_references(void)
{
	enum cap_status status;
	uint32_t moved = 0;
	uint32_t arrived = 0;

	set_up(&from);
	status = transfer_decode(&list, any_u32());
	if (status == CAP_OK)
		status = transfer_check_locked(from.table, &list, holds);
	if (status != CAP_OK)
		return;
	transfer_detach_locked(from.table, &list, holds);
	PROVE(is_table_sound(from.table), "the table stays sound");
	for (uint32_t i = 0; i < list.count; i++) {
		const struct cap_transfer *entry = &list.entries[i];

		moved += entry->mode == CAP_TRANSFER_MOVE;
		arrived += entry->mode != CAP_TRANSFER_HOLE;
		PROVE(entry->mode != CAP_TRANSFER_MOVE || is_past(from.table, entry->cap_id),
		    "what moved is gone");
	}
	prove_references_follow(moved, arrived);
}
