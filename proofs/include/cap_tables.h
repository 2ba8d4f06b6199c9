/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Capability tables for harnesses: the shipped source of tables, any table that keeps its
 * invariant, and that invariant. What is below is stood in for: ledgers and pools may refuse
 * whenever they are asked; charges, references to objects and cells, and calls of an object's hooks
 * are counted.
 */
#include <stdbool.h>
#include <stdint.h>

#include "kernel_base.h"

/* CBMC reads no assembly: what the comparison in slot_find() comes to. */
#define __asm__(...) (void)(is_below = index < count, mask = is_below ? UINT64_MAX : 0)
#include "cap/table.c"
#undef __asm__

#define EPOCH_FIRST 1 /* of a live cell: cap/grant_cell.c */

/*
 * Proofs have few slots (`constants` in proof.toml). Each piece is an object of its own: CBMC
 * tells objects apart far more cheaply than places in one.
 */
#define CHUNKS_MAX 4
#ifndef ANY_CHUNK_COUNT /* where growing is not looked at, a table may be large enough at once */
#define ANY_CHUNK_COUNT any_below(CAP_TABLE_SLOTS_MAX / CHUNK_SLOTS + 1)
#endif
#define DIRECTORIES_MAX 2
/* What a harness states of its constants. */
#define PIECES_SUFFICE                                                                             \
	(CAP_TABLE_SLOTS_MAX <= CHUNK_SLOTS * CHUNKS_MAX && ROOT_DIRECTORIES <= DIRECTORIES_MAX)

struct any_table {
	struct cap_table *table;
	struct ledger *payer;
	struct spinlock *lock;
	struct cap_directory *directories[DIRECTORIES_MAX];
	struct cap_chunk *chunks[CHUNKS_MAX];
	uint32_t chunk_count;	  /* that it has taken from their pool */
	uint32_t directory_count; /* the same */
};

#define ANY_TABLE(name)                                                                            \
	static struct cap_table name##_table;                                                      \
	static struct ledger name##_payer;                                                         \
	static struct spinlock name##_lock;                                                        \
	static struct cap_directory name##_directories_0, name##_directories_1;                    \
	static struct cap_chunk name##_chunks_0, name##_chunks_1, name##_chunks_2,                 \
	    name##_chunks_3;                                                                       \
	static struct any_table name = { &name##_table, &name##_payer, &name##_lock,               \
		{ &name##_directories_0, &name##_directories_1 },                                  \
		{ &name##_chunks_0, &name##_chunks_1, &name##_chunks_2, &name##_chunks_3 }, 0, 0 }

static struct object one_object;
static struct object other_object;
static struct object_type any_type;
static struct grant_cell any_cell;
static struct any_table *growing; /* the one that gets memory from pools */
static uint32_t pool_objects_out;
static uint32_t holds_moved;   /* hooks of the type */
static uint32_t holds_dropped; /* the same */

static bool
is_occupied(const struct cap_slot *slot)
{
	return slot->object != NULL;
}

static bool
is_retired(const struct cap_slot *slot)
{
	return slot->object == NULL && TAG_GENERATION(slot->tag) == 0;
}

static bool
is_slot_sound(const struct cap_slot *slot)
{
	uint64_t generation = TAG_GENERATION(slot->tag);

	if (generation > CAP_ID_GENERATION_MAX)
		return false;
	if (!is_occupied(slot))
		return slot->tag == tag_make_free(generation);
	return generation != 0 && TAG_MODE(slot->tag) <= OBJECT_TRANSFER_NONE &&
	    (slot->object == &one_object || slot->object == &other_object) &&
	    (slot->grant_cell == 0 || slot->grant_cell == (uint64_t)(uintptr_t)&any_cell) &&
	    ((slot->object_epoch & SLOT_HAS_CELL) != 0) == (slot->grant_cell != 0);
}

/* From free_first on: so many as free_count says, each free and none twice, and then the end. */
static bool
is_free_list_sound(const struct cap_table *table)
{
	uint64_t seen = 0;
	uint32_t index = table->free_first;
	uint32_t last = NO_SLOT;

	for (uint32_t i = 0; i < CAP_TABLE_SLOTS_MAX; i++) {
		const struct cap_slot *slot;

		if (i >= table->free_count)
			continue;
		if (index >= table->slot_count || (seen >> index & 1) != 0)
			return false;
		slot = slot_at(table, index);
		if (is_occupied(slot) || is_retired(slot))
			return false;
		seen |= UINT64_C(1) << index;
		last = index;
		index = (uint32_t)slot->grant_cell;
	}
	return index == NO_SLOT && table->free_last == last;
}

/* The invariant of a table: slots, free list, counts, and what is charged for them. */
static bool
is_table_sound(const struct cap_table *table)
{
	uint32_t occupied = 0;
	uint32_t retired = 0;

	if (table->slot_count > CAP_TABLE_SLOTS_MAX || table->free_count > table->slot_count)
		return false;
	for (uint32_t i = 0; i < CAP_TABLE_SLOTS_MAX; i++) {
		const struct cap_slot *slot;

		if (i >= table->slot_count)
			continue;
		slot = slot_at(table, i);
		if (!is_slot_sound(slot))
			return false;
		occupied += is_occupied(slot);
		retired += is_retired(slot);
	}
	return table->occupied_count == occupied &&
	    table->free_count + occupied + retired == table->slot_count &&
	    table->kept_count <= table->reserved_count &&
	    table->reserved_count <= table->free_count &&
	    table->payer->used[LEDGER_CAP_SLOTS] == cap_table_used(table) &&
	    is_free_list_sound(table);
}

/* Others refer to it, too, and there is room for more. */
static uint32_t
any_references(void)
{
	uint32_t references = any_u32();

	GIVEN(references >= 2 * CAP_TABLE_SLOTS_MAX && references < UINT32_MAX / 2);
	return references;
}

static void
any_object_make(struct object *object)
{
	object->type = &any_type;
	object->epoch = any_u32();
	GIVEN(object->epoch <= OBJECT_EPOCH_MAX);
	object->references = any_references();
}

static void
count_moved(struct object *object)
{
	(void)object;
	holds_moved++;
}

static void
count_dropped(struct object *object, uint16_t interface_index)
{
	(void)object;
	(void)interface_index;
	holds_dropped++;
}

static void
any_objects_make(void)
{
	any_type.hold_moved = count_moved;
	any_type.hold_dropped = count_dropped;
	any_object_make(&one_object);
	any_object_make(&other_object);
	any_cell.epoch = EPOCH_FIRST + any_below(2);
	any_cell.references = any_references();
}

static struct object *
any_object(void)
{
	return any_bool() ? &one_object : &other_object;
}

/* A hold that a caller may insert, with references of its own. */
static struct cap_hold
any_hold(void)
{
	struct cap_hold hold = { .object = any_object() };

	hold.cell = any_bool() ? &any_cell : NULL;
	hold.cell_epoch = EPOCH_FIRST;
	hold.object_epoch = any_u32();
	GIVEN(hold.object_epoch <= OBJECT_EPOCH_MAX);
	hold.interface_index = (uint16_t)any_u32();
	hold.mode = (uint8_t)any_below(OBJECT_TRANSFER_NONE + 1);
	return hold;
}

static void
any_slot_make(struct cap_slot *slot)
{
	slot->object = any_bool() ? any_object() : NULL;
	slot->cell_epoch = any_u32();
	slot->object_epoch = any_u32();
	slot->tag = any_u64();
	slot->grant_cell = any_u32();
	if (slot->object != NULL)
		slot->grant_cell = any_bool() ? (uint64_t)(uintptr_t)&any_cell : 0;
}

/* Any sound table: of so many chunks, with any slots, counts and free list. */
static void
any_table_make(struct any_table *any)
{
	struct cap_table *table = any->table;

	any->chunk_count = ANY_CHUNK_COUNT;
	for (uint32_t i = 0; i < CAP_TABLE_SLOTS_MAX / CHUNK_SLOTS; i++) {
		struct cap_directory *directory = any->directories[i / DIRECTORY_CHUNKS];

		for (uint32_t j = 0; j < CHUNK_SLOTS; j++)
			any_slot_make(&any->chunks[i]->slots[j]);
		if (i >= any->chunk_count)
			continue;
		directory->chunks[i % DIRECTORY_CHUNKS] = any->chunks[i];
		table->directories[i / DIRECTORY_CHUNKS] = directory;
		any->directory_count = i / DIRECTORY_CHUNKS + 1;
	}
	table->lock = any->lock;
	table->payer = any->payer;
	table->slot_count = any->chunk_count * CHUNK_SLOTS;
	table->free_count = any_u32();
	table->reserved_count = any_u32();
	table->kept_count = any_u32();
	table->occupied_count = any_u32();
	table->free_first = any_u32();
	table->free_last = any_u32();
	any->payer->used[LEDGER_CAP_SLOTS] = any_u64();
	GIVEN(is_table_sound(table));
}

/* An id that the table has shown, of a hold that is gone. */
static bool
is_past(const struct cap_table *table, cap_id_t cap_id)
{
	uint64_t index = cap_id & CAP_ID_INDEX_MASK;
	uint64_t generation = cap_id >> CAP_ID_INDEX_BITS;
	const struct cap_slot *slot;

	if (index >= table->slot_count || generation == 0 || generation > CAP_ID_GENERATION_MAX)
		return false;
	slot = slot_at(table, (uint32_t)index);
	return is_retired(slot) || generation < TAG_GENERATION(slot->tag);
}

/* The slot of the hold that an id names now, or NULL. */
static struct cap_slot *
named_slot(const struct cap_table *table, cap_id_t cap_id)
{
	uint64_t index = cap_id & CAP_ID_INDEX_MASK;
	struct cap_slot *slot;

	if (index >= table->slot_count)
		return NULL;
	slot = slot_at(table, (uint32_t)index);
	return is_occupied(slot) && TAG_GENERATION(slot->tag) == cap_id >> CAP_ID_INDEX_BITS ? slot
											     : NULL;
}

static bool
is_same_slot(const struct cap_slot *one, const struct cap_slot *other)
{
	return one->object == other->object && one->grant_cell == other->grant_cell &&
	    one->cell_epoch == other->cell_epoch && one->object_epoch == other->object_epoch &&
	    one->tag == other->tag;
}

static bool
is_same_hold(const struct cap_hold *hold, const struct cap_slot *slot)
{
	return hold->object == slot->object &&
	    (uint64_t)(uintptr_t)hold->cell == slot->grant_cell &&
	    hold->cell_epoch == slot->cell_epoch &&
	    hold->object_epoch == (slot->object_epoch & ~SLOT_HAS_CELL) &&
	    hold->interface_index == TAG_INTERFACE(slot->tag) && hold->mode == TAG_MODE(slot->tag);
}

MUST_CHECK enum cap_status
ledger_charge(struct ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	if (any_bool())
		return CAP_ERR_QUOTA_EXCEEDED;
	ledger->used[resource] += amount;
	return CAP_OK;
}

void
ledger_release(struct ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	PROVE(ledger->used[resource] >= amount, "no more is given back than was charged");
	ledger->used[resource] -= amount;
}

/* By comparison: slots keep cells as numbers, and CBMC lets a number point anywhere. */
void
object_get(struct object *object)
{
	PROVE(object == &one_object || object == &other_object, "an object");
	if (object == &one_object)
		one_object.references++;
	else
		other_object.references++;
}

void
object_put(struct object *object)
{
	PROVE(object == &one_object || object == &other_object, "an object");
	if (object == &one_object)
		one_object.references--;
	else
		other_object.references--;
}

uint64_t
object_interface_id(const struct object *object, uint16_t interface_index)
{
	(void)object;
	(void)interface_index;
	return any_u64();
}

void
grant_cell_get(struct grant_cell *cell)
{
	PROVE(cell == NULL || cell == &any_cell, "a cell, or none");
	any_cell.references += cell != NULL;
}

void
grant_cell_put(struct grant_cell *cell)
{
	PROVE(cell == NULL || cell == &any_cell, "a cell, or none");
	any_cell.references -= cell != NULL;
}

bool
grant_cell_is_live(const struct grant_cell *cell)
{
	return cell == NULL || any_cell.epoch == EPOCH_FIRST;
}

void
grant_cell_init(void)
{
}

void
pool_init(struct pool *pool, const char *name, size_t object_bytes)
{
	(void)pool;
	(void)name;
	(void)object_bytes;
}

static struct cap_chunk *
chunk_alloc(struct any_table *any)
{
	struct cap_chunk *chunk = any->chunks[any->chunk_count++];

	*chunk = (struct cap_chunk){ 0 };
	return chunk;
}

MUST_CHECK enum cap_status
pool_alloc(struct pool *pool, struct ledger *payer, void **out)
{
	(void)payer;
	*out = NULL; /* what is not there refers to nothing that CBMC would have to follow */
	if (growing == NULL || any_bool())
		return CAP_ERR_NO_MEMORY;
	if (pool == &chunk_pool)
		*out = chunk_alloc(growing);
	else if (pool == &directory_pool)
		*out = growing->directories[growing->directory_count++];
	else
		*out = growing->table;
	pool_objects_out++;
	return CAP_OK;
}

void
pool_free(struct pool *pool, struct ledger *payer, void *object)
{
	(void)pool;
	(void)payer;
	(void)object;
	pool_objects_out--;
}

void
address_space_cells_set(const struct grant_cell_hooks *hooks)
{
	(void)hooks;
}
