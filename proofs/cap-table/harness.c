/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about kernel/cap/table.c: from every table that keeps its invariant, each step leads to
 * one that keeps it; a lookup finds exactly the hold that an id names; and an id whose hold is gone
 * stays refused through every step, whatever its slot is used for next.
 */
#include <stdbool.h>
#include <stdint.h>

/* Another processor may end a hold, and put another one into its slot, within a lookup. */
#ifdef RACES
static void interfere(void);
#define PROOF_INTERFERE() interfere()
#endif

#include "cap_tables.h"

_Static_assert(PIECES_SUFFICE, "constants in proof.toml");

ANY_TABLE(any);
static cap_id_t taken; /* what the last step removed, or zero */

static void
set_up(void)
{
	any_objects_make();
	any_table_make(&any);
}

/* An id that names a hold now. */
static cap_id_t
any_named(void)
{
	cap_id_t cap_id = any_u64();

	GIVEN(named_slot(any.table, cap_id) != NULL);
	return cap_id;
}

static void
reserve_or_give_back(void)
{
	struct cap_table *table = any.table;
	uint32_t count = any_below(CHUNK_SLOTS + 2);
	uint32_t used = cap_table_used(table);
	uint32_t kept = table->kept_count;
	uint32_t reserved = table->reserved_count;
	enum cap_status status;

	if (any_bool()) {
		uint32_t slots = table->slot_count;

		/* Of those that are there alone, or with more. */
		if (any_bool()) {
			status = cap_table_reserve_there_locked(table, count) ? CAP_OK
									      : CAP_ERR_TABLE_FULL;
			PROVE(table->slot_count == slots, "the table does not grow for these");
		} else {
			status = cap_table_reserve_locked(table, count);
		}
		PROVE(status != CAP_OK || table->reserved_count - table->kept_count >= count,
		    "so many are reserved");
		PROVE(cap_table_used(table) + table->kept_count <= used + kept + count,
		    "no more than were asked for");
		return;
	}
	GIVEN(count <= table->reserved_count - table->kept_count);
	if (any_bool())
		cap_table_unreserve_locked(table, count);
	else
		cap_table_keep_locked(table, count);
	PROVE(table->reserved_count - table->kept_count == reserved - kept - count,
	    "so many fewer are reserved for somebody");
}

static void
insert(void)
{
	struct cap_table *table = any.table;
	struct cap_hold hold = any_hold();
	cap_id_t predicted;
	cap_id_t cap_id;

	GIVEN(table->reserved_count > table->kept_count);
	cap_table_predict_locked(table, 1, &predicted);
	PROVE(!is_past(table, predicted) && named_slot(table, predicted) == NULL,
	    "an id that was never shown before");
	cap_id = cap_table_insert_locked(table, &hold);
	PROVE(cap_id == predicted, "the id that was predicted");
	PROVE(named_slot(table, cap_id) != NULL && is_same_hold(&hold, named_slot(table, cap_id)),
	    "it names the hold");
}

static void
remove_one(void)
{
	struct cap_table *table = any.table;
	struct cap_hold hold;

	taken = any_named();
	(void)slot_read(named_slot(table, taken), named_slot(table, taken)->tag, &hold);
	if (any_bool()) {
		uint32_t before = hold.object->references;

		PROVE(cap_table_release(table, taken) == CAP_OK, "what is held can be released");
		PROVE(hold.object->references == before - 1, "its reference is dropped");
		PROVE(holds_dropped == 1 && holds_moved == 0, "its object hears of it");
	} else {
		uint32_t before = hold.object->references;

		cap_table_take_locked(table, taken);
		PROVE(hold.object->references == before, "its reference goes to the caller");
		PROVE(holds_moved == 1 && holds_dropped == 0, "its object hears of it");
	}
}

static void
any_step(void)
{
	uint32_t which = any_below(5);
	cap_id_t cap_id;
	struct cap_hold hold;

	taken = 0;
	switch (which) {
	case 0:
		reserve_or_give_back();
		break;
	case 1:
		insert();
		break;
	case 2:
		remove_one();
		break;
	case 3:
		hold = any_hold();
		(void)cap_table_add(any.table, &hold, &cap_id);
		break;
	default:
		(void)cap_table_get(any.table, any_u64(), &hold);
	}
}

void
prove_each_step_keeps_the_table(void)
{
	uint32_t watched = any_below(CAP_TABLE_SLOTS_MAX);
	struct cap_slot before;
	cap_id_t past = any_u64();
	bool was_past;

	set_up();
	GIVEN(watched < any.table->slot_count);
	before = *slot_at(any.table, watched);
	was_past = is_past(any.table, past);
	any_step();
	PROVE(is_table_sound(any.table), "slots, free list, counts and charges agree");
	PROVE(any.lock->held == 0, "the lock was given back");
	PROVE(!was_past || is_past(any.table, past), "what is gone stays gone");
	if (before.object != NULL && (taken & CAP_ID_INDEX_MASK) != watched)
		PROVE(is_same_slot(&before, slot_at(any.table, watched)),
		    "no step changes a hold that it does not name");
}

/* Stale is what was shown before; a retired slot remembers nothing. */
static void
prove_its_error(enum cap_status status, cap_id_t cap_id)
{
	uint32_t index = (uint32_t)(cap_id & CAP_ID_INDEX_MASK);

	PROVE(is_past(any.table, cap_id), "an id that was shown before");
	PROVE((status == CAP_ERR_STALE_GENERATION) != is_retired(slot_at(any.table, index)),
	    "stale, unless its slot is retired");
}

void
prove_a_removed_id_never_names_its_reused_slot(void)
{
	struct cap_ref ref = { 0 };
	struct cap_hold hold;
	struct cap_slot *unused;
	cap_id_t stale;
	cap_id_t other;
	enum cap_status status;

	set_up();
	remove_one();
	stale = taken;
	PROVE(is_past(any.table, stale), "it is gone");
	hold = any_hold();
	if (cap_table_add(any.table, &hold, &other) == CAP_OK)
		PROVE(other != stale, "no id is given out twice");
	status = cap_lookup(any.table, stale, &ref);
	PROVE(status == CAP_ERR_STALE_GENERATION || status == CAP_ERR_INVALID_CAP, "refused");
	PROVE(ref.object == NULL, "nothing is found");
	PROVE(occupied_find_locked(any.table, stale, &unused) == status, "the same for a release");
	prove_its_error(status, stale);
}

void
prove_a_lookup_finds_what_the_id_names(void)
{
	cap_id_t cap_id = any_u64();
	struct cap_ref ref = { 0 };
	struct cap_ref plain = { 0 };
	struct cap_hold hold = { 0 };
	const struct cap_slot *slot;
	enum cap_status status;
	bool is_live;

	set_up();
	slot = named_slot(any.table, cap_id);
	status = cap_lookup(any.table, cap_id, &ref);
	PROVE(cap_table_peek_locked(any.table, cap_id, &hold) == status, "a peek says the same");
	if (slot == NULL) {
		if (status == CAP_ERR_STALE_GENERATION || is_past(any.table, cap_id))
			prove_its_error(status, cap_id);
		PROVE(status == CAP_ERR_STALE_GENERATION || status == CAP_ERR_INVALID_CAP,
		    "what names nothing is refused");
		PROVE(ref.object == NULL && hold.object == NULL, "out is untouched");
		return;
	}
	is_live = slot->object->epoch == (slot->object_epoch & ~SLOT_HAS_CELL) &&
	    (slot->grant_cell == 0 || any_cell.epoch == slot->cell_epoch);
	PROVE((status == CAP_OK) == is_live, "found exactly if nobody revoked it");
	PROVE(is_live || status == CAP_ERR_REVOKED, "or else it is revoked");
	PROVE((cap_lookup_plain(any.table, cap_id, &plain) == CAP_OK) ==
		(is_live && slot->grant_cell == 0),
	    "the short way is for holds without a cell");
	if (!is_live)
		return;
	PROVE(is_same_hold(&hold, slot), "the hold of its slot");
	PROVE(ref.object == hold.object && ref.cell == hold.cell &&
		ref.object_epoch == hold.object_epoch &&
		ref.interface_index == hold.interface_index && ref.mode == hold.mode,
	    "the same from a lookup");
}

void
prove_a_table_begins_empty(void)
{
	struct cap_table *table = NULL;

	growing = &any;
	if (cap_table_create(any.payer, any.lock, &table) != CAP_OK)
		return;
	PROVE(is_table_sound(table) && table->slot_count == 0, "it begins without slots");
}

/* As far as there is memory, or to the largest table there is. */
void
prove_growth_keeps_the_table(void)
{
	uint32_t count = any_below(CAP_TABLE_SLOTS_MAX + 1);
	uint32_t slots;
	uint32_t reserved;
	uint32_t kept;
	enum cap_status status;

	set_up();
	growing = &any;
	slots = any.table->slot_count;
	reserved = any.table->reserved_count;
	kept = any.table->kept_count;
	status = cap_table_reserve_locked(any.table, count);
	PROVE(is_table_sound(any.table), "slots, free list, counts and charges agree");
	PROVE(any.table->slot_count >= slots, "it never shrinks");
	for (uint32_t i = slots; i < any.table->slot_count; i++)
		PROVE(TAG_GENERATION(slot_at(any.table, i)->tag) == 1, "no id of theirs was shown");
	if (status == CAP_OK)
		PROVE(any.table->reserved_count - any.table->kept_count == reserved - kept + count,
		    "all of them");
	else
		PROVE(any.table->reserved_count - any.table->kept_count == reserved - kept,
		    "or none");
	PROVE(status != CAP_ERR_TABLE_FULL || any.table->slot_count == CAP_TABLE_SLOTS_MAX,
	    "full only if there is no larger one");
}

void
prove_destruction_gives_everything_back(void)
{
	uint64_t references;
	uint32_t occupied;

	set_up();
	GIVEN(any.table->reserved_count == any.table->kept_count);
	occupied = any.table->occupied_count;
	references = (uint64_t)one_object.references + other_object.references;
	pool_objects_out = 1 + any.directory_count + any.chunk_count;
	PROVE(cap_table_destroy_step(any.table) == JOB_DONE, "it ends");
	PROVE(any.payer->used[LEDGER_CAP_SLOTS] == 0, "every charge is back");
	PROVE(pool_objects_out == 0, "all memory is back");
	PROVE((uint64_t)one_object.references + other_object.references == references - occupied,
	    "each hold dropped its reference");
}

#ifdef RACES
static bool is_looking;
static uint32_t interferences;
static cap_id_t looked_for;
static struct cap_slot named; /* the hold that `looked_for` names, or named last */

static void
remember_named(void)
{
	const struct cap_slot *slot = named_slot(any.table, looked_for);

	if (slot != NULL)
		named = *slot;
}

/* A hold ends, and perhaps another one begins in its slot: between any two accesses. */
static void
interfere(void)
{
	struct cap_hold hold;

	if (!is_looking || interferences == 0 || !any_bool())
		return;
	is_looking = false; /* its own accesses are not interrupted */
	interferences--;
	cap_table_take_locked(any.table, any_named());
	hold = any_hold();
	if (any_bool() && any.table->reserved_count != 0)
		(void)cap_table_insert_locked(any.table, &hold);
	remember_named();
	is_looking = true;
}

void
prove_a_lookup_never_mixes_two_holds(void)
{
	struct cap_ref ref = { 0 };

	set_up();
	looked_for = any_u64();
	remember_named();
	interferences = RACES;
	is_looking = true;
	if (cap_lookup(any.table, looked_for, &ref) != CAP_OK)
		return;
	is_looking = false;
	/* An id names one hold, ever. */
	PROVE(named.object != NULL, "something that it named");
	PROVE(ref.object == named.object && ref.mode == TAG_MODE(named.tag) &&
		ref.interface_index == TAG_INTERFACE(named.tag) &&
		(uint64_t)(uintptr_t)ref.cell == named.grant_cell,
	    "all of it is that hold's");
}
#endif
