/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grant cells and their lineage; see grant_cell.h. A revocation's list holds dead cells whose
 * children are not all dead yet: the first child of the first of them is killed, leaves its parent
 * and goes to the end of the list. So each cell is handled twice, whatever the shape of the tree,
 * and nothing recurses.
 */
#include "cap/grant_cell.h"

#include <stdatomic.h>

#include "base/assert.h"
#include "mm/pool.h"
#include "sync/spinlock.h"

#define EPOCH_FIRST 1

static struct pool cell_pool;
static struct spinlock lineage_lock;

void
grant_cell_init(void)
{
	pool_init(&cell_pool, "grant_cell", sizeof(struct grant_cell));
	spin_init(&lineage_lock, LOCK_RANK_LINEAGE, 0);
}

bool
grant_cell_is_live(const struct grant_cell *cell)
{
	/* Pairs with the release in kill_locked(). */
	return cell == NULL ||
	    atomic_load_explicit(&cell->epoch, memory_order_acquire) == EPOCH_FIRST;
}

uint32_t
grant_cell_epoch(const struct grant_cell *cell)
{
	/* Of one that died meanwhile it is still the live one: the hold is born dead. */
	(void)cell;
	return EPOCH_FIRST;
}

/* Under its parent; false: that one is dead. */
static bool
link_below(struct grant_cell *cell, struct grant_cell *parent)
{
	bool is_live;

	spin_lock(&lineage_lock);
	is_live = grant_cell_is_live(parent);
	if (is_live) {
		grant_cell_get(parent);
		cell->parent = parent;
		list_append(&parent->children, &cell->link);
	}
	spin_unlock(&lineage_lock);
	return is_live;
}

enum cap_status
grant_cell_create(struct ledger *payer, struct grant_cell *parent, struct grant_cell **out)
{
	void *memory;
	enum cap_status status = pool_alloc(&cell_pool, payer, &memory);
	struct grant_cell *cell = memory;

	if (status != CAP_OK)
		return status;
	atomic_init(&cell->epoch, EPOCH_FIRST);
	atomic_init(&cell->references, 1);
	list_init(&cell->children);
	list_init(&cell->link);
	if (parent != NULL && !link_below(cell, parent)) {
		pool_free(&cell_pool, payer, cell);
		return CAP_ERR_REVOKED;
	}
	ledger_get(payer);
	cell->payer = payer;
	*out = cell;
	return CAP_OK;
}

void
grant_cell_get(struct grant_cell *cell)
{
	if (cell != NULL)
		(void)atomic_fetch_add_explicit(&cell->references, 1, memory_order_relaxed);
}

/* Out of the lineage, if it is still there: the reference to its parent, or NULL. */
static struct grant_cell *
unlink_locked(struct grant_cell *cell)
{
	struct grant_cell *parent = cell->parent;

	list_remove(&cell->link);
	cell->parent = NULL;
	return parent;
}

static void
cell_free(struct grace_item *item)
{
	struct grant_cell *cell = LIST_ENTRY(item, struct grant_cell, grace);
	struct ledger *payer = cell->payer;
	struct grant_cell *parent;

	spin_lock(&lineage_lock);
	parent = unlink_locked(cell);
	spin_unlock(&lineage_lock);
	KASSERT(list_is_empty(&cell->children));
	pool_free(&cell_pool, payer, cell);
	ledger_put(payer);
	grant_cell_put(parent);
}

void
grant_cell_put(struct grant_cell *cell)
{
	uint32_t before;

	if (cell == NULL)
		return;
	before = atomic_fetch_sub_explicit(&cell->references, 1, memory_order_acq_rel);
	KASSERT(before != 0);
	if (before == 1) {
		list_init(&cell->grace.link);
		grace_defer(&cell->grace, cell_free);
	}
}

/* A reference, unless the last one is gone: then only its memory is left. */
static bool
get_if_counted(struct grant_cell *cell)
{
	uint32_t count = atomic_load_explicit(&cell->references, memory_order_relaxed);

	do {
		if (count == 0)
			return false;
	} while (!atomic_compare_exchange_weak_explicit(
	    &cell->references, &count, count + 1, memory_order_relaxed, memory_order_relaxed));
	return true;
}

/* Live -> dead; the only place this edge happens. */
static void
kill_locked(struct grant_cell *cell)
{
	/* Pairs with the acquire in grant_cell_is_live() and in cap_lookup(). */
	(void)atomic_fetch_add_explicit(&cell->epoch, 1, memory_order_release);
}

bool
grant_cell_revoke(struct grant_cell *cell, struct list_node *work)
{
	struct grant_cell *parent = NULL;
	bool was_live;

	spin_lock(&lineage_lock);
	was_live = grant_cell_is_live(cell);
	if (was_live) {
		kill_locked(cell);
		parent = unlink_locked(cell);
		grant_cell_get(cell);
		list_append(work, &cell->link);
	}
	spin_unlock(&lineage_lock);
	grant_cell_put(parent);
	return was_live;
}

/* One child of `cell` dies; false: it has none left. */
static bool
kill_child_locked(struct grant_cell *cell, struct list_node *work)
{
	struct list_node *first = list_first(&cell->children);
	struct grant_cell *child;

	if (first == NULL)
		return false;
	child = LIST_ENTRY(first, struct grant_cell, link);
	kill_locked(child);
	(void)unlink_locked(child);
	if (get_if_counted(child))
		list_append(work, &child->link);
	return true;
}

/* The next cell dies, or one leaves the list. */
static void
revoke_next(struct list_node *work)
{
	struct grant_cell *cell = LIST_ENTRY(work->next, struct grant_cell, link);
	bool had_child;

	spin_lock(&lineage_lock);
	had_child = kill_child_locked(cell, work);
	if (!had_child)
		list_remove(&cell->link);
	spin_unlock(&lineage_lock);
	/* The child's reference to its parent, or the list's. Never the last one of both. */
	grant_cell_put(cell);
}

enum job_state
grant_cell_revoke_below_step(struct list_node *work)
{
	for (uint32_t i = 0; i < JOB_STEP_ENTRIES; i++) {
		if (list_is_empty(work))
			return JOB_DONE;
		revoke_next(work);
	}
	return list_is_empty(work) ? JOB_DONE : JOB_AGAIN;
}
