/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Grant cells: what makes a grant revocable. A hold without a cell was never granted on. A grant
 * makes a cell, linked under the one of the grantor's hold; copies, moves and results share the
 * cell of the hold that they come from. Revoking a cell kills every hold that has it, at once;
 * those of the cells under it die by a job (grant_cell_revoke_below_step).
 *
 * A cell is counted: by holds, by what was begun or mapped by them, by the cells under it and by
 * whoever may revoke it. It is revoked once, so its epoch does not wrap. Its memory is freed after
 * a grace period, so that a lookup may read it without a lock. Lock: LOCK_RANK_LINEAGE, inside.
 */
#include "base/annotate.h"
#include "base/list.h"
#include "base/types.h"
#include "mm/grace.h"
#include "mm/job.h"
#include "mm/ledger.h"

struct grant_cell {
	_Atomic uint32_t epoch; /* [a] a hold that has another one is revoked */
	_Atomic uint32_t references;
	struct ledger *payer; /* [I] the grantor's; a reference */
	/* The lineage, guarded by its one lock. A dead cell has left that of its parent. */
	struct grant_cell *parent; /* a reference; NULL: none, or it is dead */
	struct list_node children; /* by link */
	struct list_node link;	   /* in the parent's children, or in a revocation's list */
	struct grace_item grace;
};

/* Once, at start. */
void grant_cell_init(void);

/*
 * A live cell under `parent` (NULL: under none), charged to `payer`; one reference.
 * CAP_ERR_REVOKED: the parent is dead; CAP_ERR_QUOTA_EXCEEDED, CAP_ERR_NO_MEMORY.
 */
MUST_CHECK enum cap_status
grant_cell_create(struct ledger *payer, struct grant_cell *parent, struct grant_cell **out);
/* NULL is allowed, and nothing. */
void grant_cell_get(struct grant_cell *cell);
/* Any lock below LOCK_RANK_LINEAGE may be held: what is left to do waits for the grace period. */
void grant_cell_put(struct grant_cell *cell);
/* NULL is live. */
bool grant_cell_is_live(const struct grant_cell *cell);
/* For a hold that is made with the cell. */
uint32_t grant_cell_epoch(const struct grant_cell *cell);

/*
 * Every hold with this cell is dead from here on. False: it was dead already. The cell is linked
 * into `work`, an initialised list of the caller's, which has a reference to it; steps of
 * grant_cell_revoke_below_step() follow until one is the last, and empty the list.
 */
bool grant_cell_revoke(struct grant_cell *cell, struct list_node *work);
/* Kill some of those below what is in the list: at most JOB_STEP_ENTRIES cells. */
enum job_state grant_cell_revoke_below_step(struct list_node *work);
