/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The capability table of a process: slots of 32 bytes in chunks of 16, which are taken as they are
 * needed and charged as LEDGER_KERNEL_BYTES; occupied and reserved slots are charged as
 * LEDGER_CAP_SLOTS. Free slots are reused first-in first-out; each reuse has a new generation; a
 * slot whose generation would wrap is retired. Guarded by the process lock, but for cap_lookup,
 * which takes none (chunks are freed only with the table, after a grace period).
 */
#include <abi/ring.h>

#include "cap/grant_cell.h"
#include "cap/object.h"
#include "mm/ledger.h"
#include "sync/spinlock.h"

struct cap_table;

#define CAP_TABLE_SLOTS_MAX 16384

/* Once, at start: the pools. */
void cap_init(void);

/* Hold metadata that travels with a copy or move. */
struct cap_hold {
	struct object *object;
	struct grant_cell *cell; /* NULL: never granted on */
	uint32_t cell_epoch;
	uint32_t object_epoch;
	uint16_t interface_index;
	uint8_t mode; /* enum object_transfer: of this hold; never wider than its type's */
};

/*
 * A fresh hold on `object`: current epoch, no cell, the transfer mode of its type. Takes no
 * reference.
 */
struct cap_hold object_hold(struct object *object, uint16_t interface_index);

/*
 * For a hold that is kept outside of a table: its references, to the object and to the cell.
 * cap_hold_drop: it is dropped for good, as a release does.
 */
void cap_hold_get(const struct cap_hold *hold);
void cap_hold_put(const struct cap_hold *hold);
void cap_hold_drop(const struct cap_hold *hold);
/* Neither its object nor its grant was revoked since the hold was made. */
bool cap_hold_is_live(const struct cap_hold *hold);

/* What a lookup finds; valid until this CPU leaves the kernel. */
struct cap_ref {
	struct object *object;
	struct grant_cell *cell;
	uint32_t object_epoch; /* of the hold */
	uint16_t interface_index;
	uint8_t mode;
};

MUST_CHECK enum cap_status
cap_table_create(struct ledger *payer, struct spinlock *lock, struct cap_table **out);
/*
 * Drops every hold, 64 slots a step, then frees the table. The owner process is dead: no lock
 * needed.
 */
enum job_state cap_table_destroy_step(struct cap_table *table);

/**
 * cap_lookup - find the hold that a capability id names.
 * @cap_id:  untrusted; any value is allowed
 * @out:     written only on CAP_OK
 * Context:  takes no lock.
 * Returns:  CAP_ERR_INVALID_CAP, CAP_ERR_STALE_GENERATION, CAP_ERR_REVOKED: the first that applies.
 */
MUST_CHECK enum cap_status
cap_lookup(struct cap_table *table, cap_id_t cap_id, struct cap_ref *out);
/*
 * The same for a hold without a cell; for every other id, good or bad, the refusal that it gives is
 * only that it is another one: cap_lookup says which.
 */
MUST_CHECK enum cap_status
cap_lookup_plain(struct cap_table *table, cap_id_t cap_id, struct cap_ref *out);

/*
 * Reserve `count` slots so that later inserts cannot fail: CAP_ERR_TABLE_FULL,
 * CAP_ERR_QUOTA_EXCEEDED, CAP_ERR_NO_MEMORY.
 */
MUST_CHECK enum cap_status cap_table_reserve_locked(struct cap_table *table, uint32_t count);
/* The same of slots that are there: false where the table would have to grow, or nothing is left.
 */
MUST_CHECK bool cap_table_reserve_there_locked(struct cap_table *table, uint32_t count);
void cap_table_unreserve_locked(struct cap_table *table, uint32_t count);
/*
 * Unreserve, in a way: they stay reserved, and charged, for the next reservation of so many or
 * fewer. For who receives again and again.
 */
void cap_table_keep_locked(struct cap_table *table, uint32_t count);
/* Into a reserved slot; cannot fail. Takes over the caller's references of cap_hold_get(). */
cap_id_t cap_table_insert_locked(struct cap_table *table, const struct cap_hold *hold);
/* Reserve and insert in one; on failure the references stay with the caller. */
MUST_CHECK enum cap_status
cap_table_add(struct cap_table *table, const struct cap_hold *hold, cap_id_t *out);
/* Drop one slot: the codes of cap_lookup (a revoked hold can be released). */
MUST_CHECK enum cap_status cap_table_release(struct cap_table *table, cap_id_t cap_id);
/* Occupied and reserved slots. */
uint32_t cap_table_used(const struct cap_table *table);
/*
 * The ids that the next `count` inserts will give out, in their order; `count` slots are reserved.
 */
void cap_table_predict_locked(const struct cap_table *table, uint32_t count, cap_id_t *ids);
/* The hold at a capability id, for whoever hands it on: codes of cap_lookup. Takes no reference. */
MUST_CHECK enum cap_status
cap_table_peek_locked(struct cap_table *table, cap_id_t cap_id, struct cap_hold *out);
/* The same with a reference (cap_hold_get), for whoever keeps it. */
MUST_CHECK enum cap_status
cap_table_get(struct cap_table *table, cap_id_t cap_id, struct cap_hold *out);
/*
 * Take a hold that was peeked out of the table, to hand it on: hold_moved is called, not
 * hold_dropped. Its references go to the caller.
 */
void cap_table_take_locked(struct cap_table *table, cap_id_t cap_id);
/* A hold that was peeked goes on with the epoch that its object has now. */
void cap_table_renew_locked(struct cap_table *table, cap_id_t cap_id);
/* For tests of the end of a slot's life: pretend that an occupied slot was reused very often. */
void cap_table_generation_set(struct cap_table *table, cap_id_t cap_id, uint64_t generation);
