/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capability tables. A slot's tag holds generation, mode and interface in one word: a lookup reads
 * the tag, the rest, and the tag again, so that it never mixes two holds although it takes no lock.
 * A free slot carries the generation that its next hold will have, which no id has shown yet.
 *
 * Slots are in chunks, chunks in directories: neither moves nor is freed before the table.
 */
#include "cap/table.h"

#include <stdatomic.h>

#include "base/assert.h"
#include "mm/address_space.h"
#include "mm/pool.h"

#define CHUNK_SLOTS 16
#define DIRECTORY_CHUNKS 64
#define ROOT_DIRECTORIES 16
#define DIRECTORY_SLOTS (CHUNK_SLOTS * DIRECTORY_CHUNKS)
#define NO_SLOT UINT32_MAX
#define DESTROY_SLOTS_PER_STEP 64

_Static_assert(DIRECTORY_SLOTS *ROOT_DIRECTORIES == CAP_TABLE_SLOTS_MAX, "geometry");

struct cap_slot {
	_Atomic(struct object *) object; /* NULL: free or retired */
	uint64_t grant_cell;		 /* address or 0; free: index of the next free slot */
	uint32_t cell_epoch;
	_Atomic uint32_t object_epoch; /* and SLOT_HAS_CELL */
	_Atomic uint64_t tag;
};
_Static_assert(sizeof(struct cap_slot) == 32, "abi.md: a slot is 32 bytes");

/*
 * No object's epoch has this bit: the one comparison of a lookup sends a hold with a cell to the
 * longer look at both.
 */
#define SLOT_HAS_CELL (OBJECT_EPOCH_MAX + 1)

struct cap_chunk {
	struct cap_slot slots[CHUNK_SLOTS];
};

struct cap_directory {
	struct cap_chunk *chunks[DIRECTORY_CHUNKS];
};

struct cap_table {
	struct cap_directory *directories[ROOT_DIRECTORIES];
	struct spinlock *lock;	 /* [I] the process lock */
	struct ledger *payer;	 /* [I] */
	uint32_t slot_count;	 /* in chunks that exist; a chunk is published before this grows */
	uint32_t free_count;	 /* in the list, reserved ones included */
	uint32_t reserved_count; /* kept ones included */
	uint32_t kept_count;	 /* reserved by nobody */
	uint32_t occupied_count;
	uint32_t free_first;
	uint32_t free_last;
	uint32_t destroyed; /* slots that destroy has been through */
};

static struct pool table_pool;
static struct pool directory_pool;
static struct pool chunk_pool;

/* The generation stands where it stands in an id, so that a lookup compares both at once. */
#define TAG_GENERATION(tag) ((tag) >> CAP_ID_INDEX_BITS)
#define TAG_MODE(tag) ((uint8_t)((tag) >> 16))
#define TAG_INTERFACE(tag) ((uint16_t)(tag))

static inline uint64_t
tag_make(uint64_t generation, uint8_t mode, uint16_t interface_index)
{
	return generation << CAP_ID_INDEX_BITS | (uint64_t)mode << 16 | interface_index;
}

/*
 * A free slot's tag has a bit where the index of an id that names a slot has none: it equals none.
 */
#define TAG_COMPARED_BITS 23
#define TAG_FREE (UINT64_C(1) << TAG_COMPARED_BITS)
_Static_assert(
    CAP_TABLE_SLOTS_MAX <= TAG_FREE && TAG_COMPARED_BITS < CAP_ID_INDEX_BITS, "TAG_FREE");

static inline uint64_t
tag_make_free(uint64_t generation)
{
	return tag_make(generation, 0, 0) | TAG_FREE;
}

/* Whether the tag is that of the hold which the id, of a valid index, names. */
static inline bool
tag_matches(uint64_t tag, cap_id_t cap_id)
{
	return (tag ^ cap_id) >> TAG_COMPARED_BITS == 0;
}

static inline cap_id_t
id_make(uint64_t generation, uint32_t index)
{
	return generation << CAP_ID_INDEX_BITS | index;
}

static const struct grant_cell_hooks cell_hooks = {
	.get = grant_cell_get,
	.put = grant_cell_put,
	.is_live = grant_cell_is_live,
};

void
cap_init(void)
{
	pool_init(&table_pool, "cap_table", sizeof(struct cap_table));
	pool_init(&directory_pool, "cap_directory", sizeof(struct cap_directory));
	pool_init(&chunk_pool, "cap_chunk", sizeof(struct cap_chunk));
	grant_cell_init();
	address_space_cells_set(&cell_hooks);
}

void
cap_hold_get(const struct cap_hold *hold)
{
	object_get(hold->object);
	grant_cell_get(hold->cell);
}

void
cap_hold_put(const struct cap_hold *hold)
{
	grant_cell_put(hold->cell);
	object_put(hold->object);
}

void
cap_hold_drop(const struct cap_hold *hold)
{
	if (hold->object->type->hold_dropped != NULL)
		hold->object->type->hold_dropped(hold->object, hold->interface_index);
	cap_hold_put(hold);
}

bool
cap_hold_is_live(const struct cap_hold *hold)
{
	/* Pairs with the releases of object_revoke() and grant_cell_revoke(). */
	if (atomic_load_explicit(&hold->object->epoch, memory_order_acquire) != hold->object_epoch)
		return false;
	return hold->cell == NULL ||
	    atomic_load_explicit(&hold->cell->epoch, memory_order_acquire) == hold->cell_epoch;
}

struct cap_hold
object_hold(struct object *object, uint16_t interface_index)
{
	/* A facet of an endpoint may be copied; the owner's side goes by its type. */
	uint8_t mode =
	    interface_index == 0 ? (uint8_t)object->type->transfer : OBJECT_TRANSFER_COPY;

	return (struct cap_hold){
		.object = object,
		.object_epoch = atomic_load_explicit(&object->epoch, memory_order_relaxed),
		.interface_index = interface_index,
		.mode = mode,
	};
}

enum cap_status
cap_table_create(struct ledger *payer, struct spinlock *lock, struct cap_table **out)
{
	void *memory;
	enum cap_status status = pool_alloc(&table_pool, payer, &memory);
	struct cap_table *table = memory;

	if (status != CAP_OK)
		return status;
	table->lock = lock;
	table->payer = payer;
	table->free_first = NO_SLOT;
	table->free_last = NO_SLOT;
	*out = table;
	return CAP_OK;
}

static inline struct cap_slot *
slot_at(const struct cap_table *table, uint32_t index)
{
	const struct cap_directory *directory = table->directories[index / DIRECTORY_SLOTS];

	return &directory->chunks[index / CHUNK_SLOTS % DIRECTORY_CHUNKS]
		    ->slots[index % CHUNK_SLOTS];
}

/* The slot that an id names; false: there is none of that index. The bound is not speculated past.
 */
static inline bool
slot_find(const struct cap_table *table, cap_id_t cap_id, struct cap_slot **out)
{
	uint64_t index = cap_id & CAP_ID_INDEX_MASK;
	uint64_t count = table->slot_count;
	uint64_t mask;
	bool is_below;

	/* All ones if it is below, else zero; the carry stays as the comparison made it. */
	__asm__("cmpq %2, %3\n\tsbbq %0, %0"
	    : "=r"(mask), "=@ccc"(is_below)
	    : "r"(count), "r"(index));
	if (!is_below)
		return false;
	*out = slot_at(table, (uint32_t)(index & mask));
	return true;
}

/* An id that its slot does not have: of an earlier hold, or never given out. */
static COLD enum cap_status
tag_refusal(uint64_t tag, cap_id_t cap_id)
{
	uint64_t generation = cap_id >> CAP_ID_INDEX_BITS;

	return generation == 0 || generation >= TAG_GENERATION(tag) ? CAP_ERR_INVALID_CAP
								    : CAP_ERR_STALE_GENERATION;
}

/* What a slot says, as one moment had it; false: it changed meanwhile. */
static bool
slot_read(const struct cap_slot *slot, uint64_t tag, struct cap_hold *out)
{
	uint32_t epoch;

	out->object = atomic_load_explicit(&slot->object, memory_order_relaxed);
	epoch = atomic_load_explicit(&slot->object_epoch, memory_order_relaxed);
	out->cell =
	    (struct grant_cell *)(uintptr_t)__atomic_load_n(&slot->grant_cell, __ATOMIC_RELAXED);
	out->cell_epoch = __atomic_load_n(&slot->cell_epoch, __ATOMIC_RELAXED);
	out->object_epoch = epoch & ~SLOT_HAS_CELL;
	out->interface_index = TAG_INTERFACE(tag);
	out->mode = TAG_MODE(tag);
	if ((epoch & SLOT_HAS_CELL) == 0)
		out->cell = NULL;
	/* Pairs with the fence in slot_empty(), as in cap_lookup_plain(). */
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&slot->tag, memory_order_relaxed) == tag;
}

/* A hold that has a cell, or is dead, or another one's id. */
static NO_INLINE enum cap_status
lookup_any(struct cap_table *table, cap_id_t cap_id, struct cap_ref *out)
{
	struct cap_slot *slot;
	struct cap_hold hold;
	uint64_t tag;

	if (!slot_find(table, cap_id, &slot))
		return CAP_ERR_INVALID_CAP;
	/* Pairs with the release store in slot_fill(). */
	tag = atomic_load_explicit(&slot->tag, memory_order_acquire);
	if (!tag_matches(tag, cap_id))
		return tag_refusal(tag, cap_id);
	if (!slot_read(slot, tag, &hold))
		return CAP_ERR_STALE_GENERATION;
	if (!cap_hold_is_live(&hold))
		return CAP_ERR_REVOKED;
	*out = (struct cap_ref){
		.object = hold.object,
		.cell = hold.cell,
		.object_epoch = hold.object_epoch,
		.interface_index = hold.interface_index,
		.mode = hold.mode,
	};
	return CAP_OK;
}

HOT_INLINE enum cap_status
cap_lookup_plain(struct cap_table *table, cap_id_t cap_id, struct cap_ref *out)
{
	struct cap_slot *slot;
	struct object *object;
	uint64_t tag;
	uint32_t epoch;

	if (!slot_find(table, cap_id, &slot))
		return CAP_ERR_INVALID_CAP;
	/* Pairs with the release store in slot_fill(): the hold is whole if the tag is its own. */
	tag = atomic_load_explicit(&slot->tag, memory_order_acquire);
	object = atomic_load_explicit(&slot->object, memory_order_relaxed);
	epoch = atomic_load_explicit(&slot->object_epoch, memory_order_relaxed);
	/* Pairs with the fence in slot_empty(): if any of the above is newer, the tag is too. */
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&slot->tag, memory_order_relaxed) != tag)
		return CAP_ERR_STALE_GENERATION;
	if (!tag_matches(tag, cap_id))
		return CAP_ERR_INVALID_CAP;
	/* Pairs with the release in object_revoke(). A hold with a cell never passes. */
	if (atomic_load_explicit(&object->epoch, memory_order_acquire) != epoch)
		return CAP_ERR_REVOKED;
	*out = (struct cap_ref){ object, NULL, epoch, TAG_INTERFACE(tag), TAG_MODE(tag) };
	return CAP_OK;
}

HOT_INLINE enum cap_status
cap_lookup(struct cap_table *table, cap_id_t cap_id, struct cap_ref *out)
{
	struct cap_ref other; /* so that *out stays in registers where this is inlined */
	enum cap_status status;

	if (cap_lookup_plain(table, cap_id, out) == CAP_OK)
		return CAP_OK;
	status = lookup_any(table, cap_id, &other);
	if (status == CAP_OK)
		*out = other;
	return status;
}

/* A lookup may be loading the word; what it finds there belongs to no tag that it believes. */
static void
free_link_set(struct cap_slot *slot, uint32_t next)
{
	__atomic_store_n(&slot->grant_cell, next, __ATOMIC_RELAXED);
}

static void
free_list_append_locked(struct cap_table *table, struct cap_slot *slot, uint32_t index)
{
	free_link_set(slot, NO_SLOT);
	if (table->free_last == NO_SLOT)
		table->free_first = index;
	else
		free_link_set(slot_at(table, table->free_last), index);
	table->free_last = index;
	table->free_count++;
}

/* One more chunk, and the directory above it if it is the first one there. */
static enum cap_status
grow_locked(struct cap_table *table)
{
	uint32_t index = table->slot_count;
	struct cap_directory **directory =
	    &table->directories[index / DIRECTORY_SLOTS % ROOT_DIRECTORIES];
	void *memory;
	enum cap_status status;

	if (index == CAP_TABLE_SLOTS_MAX)
		return CAP_ERR_TABLE_FULL;
	if (*directory == NULL) {
		status = pool_alloc(&directory_pool, table->payer, &memory);
		if (status != CAP_OK)
			return status;
		*directory = memory;
	}
	/* A directory without chunks that stays after this failure is used by the next attempt. */
	status = pool_alloc(&chunk_pool, table->payer, &memory);
	if (status != CAP_OK)
		return status;
	for (uint32_t i = 0; i < CHUNK_SLOTS; i++)
		atomic_init(&((struct cap_chunk *)memory)->slots[i].tag, tag_make_free(1));
	(*directory)->chunks[index / CHUNK_SLOTS % DIRECTORY_CHUNKS] = memory;
	/* Release: whoever sees the new count sees the chunk. */
	__atomic_store_n(&table->slot_count, index + CHUNK_SLOTS, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < CHUNK_SLOTS; i++)
		free_list_append_locked(table, slot_at(table, index + i), index + i);
	return CAP_OK;
}

static void
kept_release_locked(struct cap_table *table)
{
	uint32_t count = table->kept_count;

	table->kept_count = 0;
	cap_table_unreserve_locked(table, count);
}

/* More than are kept: those, and the rest. */
static NO_INLINE enum cap_status
reserve_locked(struct cap_table *table, uint32_t count, bool may_grow)
{
	uint32_t more = count - table->kept_count;
	enum cap_status status = ledger_charge(table->payer, LEDGER_CAP_SLOTS, more);

	if (status != CAP_OK)
		return status;
	while (table->free_count - table->reserved_count < more) {
		status = may_grow ? grow_locked(table) : CAP_ERR_TABLE_FULL;
		if (status != CAP_OK) {
			ledger_release(table->payer, LEDGER_CAP_SLOTS, more);
			return status;
		}
	}
	table->reserved_count += more;
	table->kept_count = 0;
	return CAP_OK;
}

HOT_INLINE enum cap_status
cap_table_reserve_locked(struct cap_table *table, uint32_t count)
{
	if (count > table->kept_count)
		return reserve_locked(table, count, true);
	table->kept_count -= count;
	return CAP_OK;
}

HOT_INLINE bool
cap_table_reserve_there_locked(struct cap_table *table, uint32_t count)
{
	if (count > table->kept_count)
		return reserve_locked(table, count, false) == CAP_OK;
	table->kept_count -= count;
	return true;
}

HOT_INLINE void
cap_table_keep_locked(struct cap_table *table, uint32_t count)
{
	if (table->kept_count == 0)
		table->kept_count = count;
	else
		cap_table_unreserve_locked(table, count);
}

void
cap_table_unreserve_locked(struct cap_table *table, uint32_t count)
{
	KASSERT(table->reserved_count >= count);
	table->reserved_count -= count;
	ledger_release(table->payer, LEDGER_CAP_SLOTS, count);
}

void
cap_table_predict_locked(const struct cap_table *table, uint32_t count, cap_id_t *ids)
{
	uint32_t index = table->free_first;

	KASSERT(table->reserved_count >= count);
	for (uint32_t i = 0; i < count; i++) {
		struct cap_slot *slot = slot_at(table, index);

		ids[i] = id_make(TAG_GENERATION(slot->tag), index);
		index = (uint32_t)slot->grant_cell;
	}
}

static void
slot_fill(struct cap_slot *slot, const struct cap_hold *hold)
{
	uint64_t tag = tag_make(TAG_GENERATION(slot->tag), hold->mode, hold->interface_index);

	__atomic_store_n(&slot->grant_cell, (uint64_t)(uintptr_t)hold->cell, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->cell_epoch, hold->cell_epoch, __ATOMIC_RELAXED);
	atomic_store_explicit(&slot->object, hold->object, memory_order_relaxed);
	atomic_store_explicit(&slot->object_epoch,
	    hold->object_epoch | (hold->cell != NULL ? SLOT_HAS_CELL : 0), memory_order_relaxed);
	/* Pairs with the acquire load in cap_lookup(). */
	atomic_store_explicit(&slot->tag, tag, memory_order_release);
}

cap_id_t
cap_table_insert_locked(struct cap_table *table, const struct cap_hold *hold)
{
	uint32_t index = table->free_first;
	struct cap_slot *slot;

	KASSERT(table->reserved_count != 0);
	KASSERT(index != NO_SLOT);
	slot = slot_at(table, index);
	table->free_first = (uint32_t)slot->grant_cell;
	if (table->free_first == NO_SLOT)
		table->free_last = NO_SLOT;
	table->free_count--;
	table->reserved_count--;
	table->occupied_count++;
	slot_fill(slot, hold);
	return id_make(TAG_GENERATION(slot->tag), index);
}

enum cap_status
cap_table_add(struct cap_table *table, const struct cap_hold *hold, cap_id_t *out)
{
	enum cap_status status;

	spin_lock(table->lock);
	status = cap_table_reserve_locked(table, 1);
	if (status == CAP_OK)
		*out = cap_table_insert_locked(table, hold);
	spin_unlock(table->lock);
	return status;
}

/* The slot of an occupied hold, revoked or not; codes of cap_lookup. */
static enum cap_status
occupied_find_locked(struct cap_table *table, cap_id_t cap_id, struct cap_slot **out)
{
	struct cap_slot *slot;

	if (!slot_find(table, cap_id, &slot))
		return CAP_ERR_INVALID_CAP;
	if (!tag_matches(slot->tag, cap_id))
		return tag_refusal(slot->tag, cap_id);
	*out = slot;
	return CAP_OK;
}

/* Occupied -> free, or retired if this was the last generation. */
static void
slot_empty_locked(struct cap_table *table, struct cap_slot *slot, uint32_t index)
{
	uint64_t generation = TAG_GENERATION(slot->tag);
	bool last = generation == CAP_ID_GENERATION_MAX;

	/*
	 * Generation zero is never shown, so a retired slot answers every id with a refusal. The
	 * tag changes first: pairs with the second look at it in cap_lookup().
	 */
	atomic_store_explicit(
	    &slot->tag, tag_make_free(last ? 0 : generation + 1), memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&slot->object, NULL, memory_order_relaxed);
	table->occupied_count--;
	ledger_release(table->payer, LEDGER_CAP_SLOTS, 1);
	if (!last)
		free_list_append_locked(table, slot, index);
}

enum cap_status
cap_table_peek_locked(struct cap_table *table, cap_id_t cap_id, struct cap_hold *out)
{
	struct cap_slot *slot;
	struct cap_hold hold;
	enum cap_status status = occupied_find_locked(table, cap_id, &slot);

	if (status != CAP_OK)
		return status;
	(void)slot_read(slot, slot->tag, &hold);
	if (!cap_hold_is_live(&hold))
		return CAP_ERR_REVOKED;
	*out = hold;
	return CAP_OK;
}

enum cap_status
cap_table_get(struct cap_table *table, cap_id_t cap_id, struct cap_hold *out)
{
	enum cap_status status;

	spin_lock(table->lock);
	status = cap_table_peek_locked(table, cap_id, out);
	if (status == CAP_OK)
		cap_hold_get(out);
	spin_unlock(table->lock);
	return status;
}

void
cap_table_take_locked(struct cap_table *table, cap_id_t cap_id)
{
	struct cap_slot *slot = NULL;
	enum cap_status status = occupied_find_locked(table, cap_id, &slot);
	struct object *object;

	KASSERT(status == CAP_OK);
	object = slot->object;
	slot_empty_locked(table, slot, (uint32_t)(cap_id & CAP_ID_INDEX_MASK));
	if (object->type->hold_moved != NULL)
		object->type->hold_moved(object);
}

void
cap_table_renew_locked(struct cap_table *table, cap_id_t cap_id)
{
	struct cap_slot *slot = NULL;
	enum cap_status status = occupied_find_locked(table, cap_id, &slot);
	uint32_t has_cell;

	KASSERT(status == CAP_OK);
	has_cell = slot->object_epoch & SLOT_HAS_CELL;
	atomic_store_explicit(
	    &slot->object_epoch, slot->object->epoch | has_cell, memory_order_relaxed);
}

NO_INLINE enum cap_status
cap_table_release(struct cap_table *table, cap_id_t cap_id)
{
	struct cap_slot *slot = NULL;
	struct cap_hold hold = { 0 };
	enum cap_status status;

	spin_lock(table->lock);
	status = occupied_find_locked(table, cap_id, &slot);
	if (status == CAP_OK) {
		(void)slot_read(slot, slot->tag, &hold);
		slot_empty_locked(table, slot, (uint32_t)(cap_id & CAP_ID_INDEX_MASK));
	}
	spin_unlock(table->lock);
	if (status == CAP_OK)
		cap_hold_drop(&hold);
	return status;
}

uint32_t
cap_table_used(const struct cap_table *table)
{
	return table->occupied_count + table->reserved_count;
}

void
cap_table_generation_set(struct cap_table *table, cap_id_t cap_id, uint64_t generation)
{
	struct cap_slot *slot = NULL;

	KASSERT(slot_find(table, cap_id, &slot) && slot->object != NULL);
	slot->tag = tag_make(generation, TAG_MODE(slot->tag), TAG_INTERFACE(slot->tag));
}

/* Nobody else sees the table any more: no lock, and no free list to keep. */
static void
destroy_slot(struct cap_table *table, uint32_t index)
{
	struct cap_slot *slot = slot_at(table, index);
	struct cap_hold hold;

	if (slot->object == NULL)
		return;
	(void)slot_read(slot, slot->tag, &hold);
	slot->object = NULL;
	table->occupied_count--;
	ledger_release(table->payer, LEDGER_CAP_SLOTS, 1);
	cap_hold_drop(&hold);
}

static void
free_chunk(struct cap_table *table, uint32_t index)
{
	struct cap_directory *directory = table->directories[index / DIRECTORY_SLOTS];

	pool_free(
	    &chunk_pool, table->payer, directory->chunks[index / CHUNK_SLOTS % DIRECTORY_CHUNKS]);
	directory->chunks[index / CHUNK_SLOTS % DIRECTORY_CHUNKS] = NULL;
}

enum job_state
cap_table_destroy_step(struct cap_table *table)
{
	if (table->kept_count != 0)
		kept_release_locked(table);
	KASSERT(table->reserved_count == 0);
	for (uint32_t i = 0; i < DESTROY_SLOTS_PER_STEP && table->destroyed < table->slot_count;
	    i++) {
		destroy_slot(table, table->destroyed);
		table->destroyed++;
		if (table->destroyed % CHUNK_SLOTS == 0)
			free_chunk(table, table->destroyed - CHUNK_SLOTS);
	}
	if (table->destroyed < table->slot_count)
		return JOB_AGAIN;
	KASSERT(table->occupied_count == 0);
	for (uint32_t i = 0; i < ROOT_DIRECTORIES; i++)
		if (table->directories[i] != NULL)
			pool_free(&directory_pool, table->payer, table->directories[i]);
	pool_free(&table_pool, table->payer, table);
	return JOB_DONE;
}
