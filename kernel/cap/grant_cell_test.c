/* SPDX-License-Identifier: Apache-2.0 */
/* Grant cells: lineage, revocation in steps, charges; and the holds of tables that have them. */
#include "cap/grant_cell.h"

#include <string.h>

#include "arch/sim/world.h"
#include "base/test.h"
#include "cap/table.h"
#include "cap/transfer.h"

static struct ledger *ledger;
static struct list_node work;

static void
start(void)
{
	uint64_t limits[LEDGER_RESOURCE_COUNT];

	world_start();
	memset(limits, 0xff, sizeof(limits));
	CHECK_EQ(ledger_create(&ledger_boot, limits, &ledger), CAP_OK);
	list_init(&work);
}

static struct grant_cell *
cell_below(struct grant_cell *parent)
{
	struct grant_cell *cell = NULL;

	CHECK_EQ(grant_cell_create(ledger, parent, &cell), CAP_OK);
	return cell;
}

/* The steps that follow a revocation: how many. */
static uint32_t
finish(void)
{
	uint32_t steps = 1;

	while (grant_cell_revoke_below_step(&work) == JOB_AGAIN)
		steps++;
	CHECK(list_is_empty(&work));
	return steps;
}

static void
settle(void)
{
	for (int i = 0; i < 5; i++)
		world_settle();
}

TEST(a_cell_lives_until_it_is_revoked_and_is_revoked_once)
{
	struct grant_cell *cell;

	start();
	cell = cell_below(NULL);
	CHECK(grant_cell_is_live(NULL));
	CHECK(grant_cell_is_live(cell));
	CHECK(grant_cell_revoke(cell, &work));
	CHECK(!grant_cell_is_live(cell));
	(void)finish();
	CHECK(!grant_cell_revoke(cell, &work));
	CHECK(list_is_empty(&work));
	CHECK_EQ(cell->references, 1);
}

TEST(what_is_under_a_revoked_cell_dies_and_nothing_beside_or_above_it)
{
	struct grant_cell *root;
	struct grant_cell *cell;
	struct grant_cell *beside;
	struct grant_cell *child;
	struct grant_cell *grandchild;

	start();
	root = cell_below(NULL);
	cell = cell_below(root);
	beside = cell_below(root);
	child = cell_below(cell);
	grandchild = cell_below(child);
	CHECK(grant_cell_revoke(cell, &work));
	(void)finish();
	CHECK(grant_cell_is_live(root));
	CHECK(grant_cell_is_live(beside));
	CHECK(!grant_cell_is_live(child));
	CHECK(!grant_cell_is_live(grandchild));
	CHECK_EQ(cell->references, 1);
	CHECK_EQ(grandchild->references, 1);
	CHECK_EQ(root->references, 2); /* and the one of the cell beside */
}

TEST(nothing_is_granted_under_a_dead_cell)
{
	struct grant_cell *parent;
	struct grant_cell *cell = NULL;
	uint64_t bytes;

	start();
	parent = cell_below(NULL);
	CHECK(grant_cell_revoke(parent, &work));
	(void)finish();
	bytes = ledger->used[LEDGER_KERNEL_BYTES];
	CHECK_EQ(grant_cell_create(ledger, parent, &cell), CAP_ERR_REVOKED);
	CHECK_EQ(cell, NULL);
	CHECK_EQ(ledger->used[LEDGER_KERNEL_BYTES], bytes);
	CHECK_EQ(parent->references, 1);
}

TEST(many_cells_die_in_bounded_steps_whatever_the_shape_of_their_tree)
{
	struct grant_cell *cells[300];
	struct grant_cell *root;

	start();
	root = cell_below(NULL);
	/* A chain of 100, and two hundred below its end. */
	for (int i = 0; i < 300; i++)
		cells[i] = cell_below(i == 0 ? root : i < 100 ? cells[i - 1] : cells[99]);
	CHECK(grant_cell_revoke(root, &work));
	CHECK(finish() >= 2 * 300 / JOB_STEP_ENTRIES);
	for (int i = 0; i < 300; i++) {
		CHECK(!grant_cell_is_live(cells[i]));
		CHECK_EQ(cells[i]->references, 1);
	}
}

TEST(a_cell_that_nobody_has_leaves_the_lineage_and_is_paid_back)
{
	struct grant_cell *parent;
	struct grant_cell *child;

	start();
	parent = cell_below(NULL);
	child = cell_below(parent);
	grant_cell_put(parent);
	settle();
	CHECK(ledger->used[LEDGER_KERNEL_BYTES] != 0); /* its child has a reference */
	grant_cell_put(child);
	settle();
	CHECK_EQ(ledger->used[LEDGER_KERNEL_BYTES], 0);
	CHECK_EQ(ledger->references, 1);
}

TEST(cells_that_go_while_their_parent_is_revoked_are_paid_back)
{
	struct grant_cell *parent;
	struct grant_cell *child;

	start();
	parent = cell_below(NULL);
	child = cell_below(parent);
	grant_cell_put(child); /* its memory waits for the grace period */
	CHECK(grant_cell_revoke(parent, &work));
	(void)finish();
	grant_cell_put(parent);
	settle();
	CHECK_EQ(ledger->used[LEDGER_KERNEL_BYTES], 0);
	CHECK_EQ(ledger->references, 1);
}

TEST(a_cell_that_its_grantor_cannot_pay_is_refused)
{
	uint64_t limits[LEDGER_RESOURCE_COUNT] = { 0 };
	struct grant_cell *cell = NULL;
	struct ledger *poor = NULL;

	start();
	CHECK_EQ(ledger_create(ledger, limits, &poor), CAP_OK);
	CHECK_EQ(grant_cell_create(poor, NULL, &cell), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(cell, NULL);
	CHECK_EQ(poor->references, 1);
}

/* Holds. */

static enum job_state
destroy(struct object *object)
{
	(void)object;
	return JOB_DONE;
}

static const struct object_type type = {
	.name = "test",
	.interface_id = 99,
	.destroy = destroy,
};

static struct object object;
static struct spinlock lock;

static struct cap_table *
start_table(void)
{
	struct cap_table *table = NULL;

	start();
	spin_init(&lock, LOCK_RANK_PROCESS, 1);
	CHECK_EQ(cap_table_create(ledger, &lock, &table), CAP_OK);
	object_init(&object, &type);
	return table;
}

/* A hold with this cell, which keeps references of its own. */
static cap_id_t
add(struct cap_table *table, struct grant_cell *cell)
{
	struct cap_hold hold = object_hold(&object, 0);
	cap_id_t cap_id = 0;

	hold.cell = cell;
	hold.cell_epoch = cell == NULL ? 0 : cell->epoch;
	cap_hold_get(&hold);
	CHECK_EQ(cap_table_add(table, &hold, &cap_id), CAP_OK);
	return cap_id;
}

static enum cap_status
look(struct cap_table *table, cap_id_t cap_id)
{
	struct cap_ref ref = { 0 };
	struct cap_hold hold = { 0 };
	enum cap_status status = cap_lookup(table, cap_id, &ref);

	CHECK_EQ(ref.object, status == CAP_OK ? &object : NULL);
	spin_lock(&lock);
	CHECK_EQ(cap_table_peek_locked(table, cap_id, &hold), status);
	spin_unlock(&lock);
	CHECK_EQ(hold.object, ref.object);
	CHECK_EQ(hold.cell, ref.cell);
	CHECK_EQ(hold.object_epoch, ref.object_epoch);
	return status;
}

TEST(a_hold_with_a_cell_is_found_until_its_cell_or_its_object_is_revoked)
{
	struct cap_table *table = start_table();
	struct grant_cell *cell = cell_below(NULL);
	cap_id_t plain = add(table, NULL);
	cap_id_t granted = add(table, cell);
	cap_id_t other = add(table, cell_below(NULL));
	struct cap_ref ref = { 0 };

	CHECK_EQ(look(table, granted), CAP_OK);
	CHECK_EQ(cap_lookup(table, granted, &ref), CAP_OK);
	CHECK_EQ(ref.cell, cell);
	CHECK_EQ(cap_lookup_plain(table, granted, &ref), CAP_ERR_REVOKED);
	CHECK(grant_cell_revoke(cell, &work));
	CHECK_EQ(look(table, granted), CAP_ERR_REVOKED);
	CHECK_EQ(look(table, plain), CAP_OK);
	CHECK_EQ(look(table, other), CAP_OK);
	CHECK(object_revoke(&object));
	CHECK_EQ(look(table, plain), CAP_ERR_REVOKED);
	CHECK_EQ(look(table, other), CAP_ERR_REVOKED);
}

TEST(a_revoked_hold_can_be_released_and_gives_its_cell_back)
{
	struct cap_table *table = start_table();
	struct grant_cell *cell = cell_below(NULL);
	cap_id_t cap_id = add(table, cell);

	CHECK_EQ(cell->references, 2);
	CHECK(grant_cell_revoke(cell, &work));
	(void)finish();
	CHECK_EQ(cap_table_release(table, cap_id), CAP_OK);
	CHECK_EQ(cell->references, 1);
	CHECK_EQ(object.references, 1);
	CHECK_EQ(look(table, cap_id), CAP_ERR_STALE_GENERATION);
}

TEST(a_kept_hold_outlives_its_slot_and_dies_with_its_cell)
{
	struct cap_table *table = start_table();
	struct grant_cell *cell = cell_below(NULL);
	cap_id_t cap_id = add(table, cell);
	struct cap_hold hold = { 0 };

	CHECK_EQ(cap_table_get(table, cap_id, &hold), CAP_OK);
	CHECK_EQ(cap_table_release(table, cap_id), CAP_OK);
	CHECK(cap_hold_is_live(&hold));
	CHECK(grant_cell_revoke(cell, &work));
	(void)finish();
	CHECK(!cap_hold_is_live(&hold));
	cap_hold_put(&hold);
	CHECK_EQ(cell->references, 1);
	CHECK_EQ(object.references, 1);
}

/* One entry, within one table: the new id. */
static cap_id_t
hand_on(struct cap_table *table, cap_id_t cap_id, uint8_t mode)
{
	struct transfer_list list = { .entries = { { .cap_id = cap_id, .mode = mode } } };
	struct cap_hold holds[TRANSFER_CAPS_MAX];
	struct cap_record records[TRANSFER_CAPS_MAX];

	CHECK_EQ(transfer_decode(&list, 1), CAP_OK);
	spin_lock(&lock);
	CHECK_EQ(cap_table_reserve_locked(table, 1), CAP_OK);
	CHECK_EQ(transfer_check_locked(table, &list, holds), CAP_OK);
	transfer_predict_locked(table, &list, holds, records);
	transfer_commit_locked(table, table, &list, holds);
	spin_unlock(&lock);
	return records[0].cap_id;
}

TEST(copies_and_moves_share_the_cell_of_their_source)
{
	struct cap_table *table = start_table();
	struct grant_cell *cell = cell_below(NULL);
	cap_id_t source = add(table, cell);
	cap_id_t copy = hand_on(table, source, CAP_TRANSFER_COPY);
	cap_id_t moved;

	CHECK_EQ(cell->references, 3);
	moved = hand_on(table, source, CAP_TRANSFER_MOVE);
	CHECK_EQ(cell->references, 3);
	CHECK_EQ(object.references, 3);
	CHECK_EQ(look(table, source), CAP_ERR_STALE_GENERATION);
	CHECK(grant_cell_revoke(cell, &work));
	(void)finish();
	CHECK_EQ(look(table, copy), CAP_ERR_REVOKED);
	CHECK_EQ(look(table, moved), CAP_ERR_REVOKED);
}

TEST(a_revoked_hold_is_handed_on_by_nobody)
{
	struct cap_table *table = start_table();
	struct grant_cell *cell = cell_below(NULL);
	struct transfer_list list = { .entries = { { .mode = CAP_TRANSFER_COPY } } };
	struct cap_hold holds[TRANSFER_CAPS_MAX];

	list.entries[0].cap_id = add(table, cell);
	CHECK_EQ(transfer_decode(&list, 1), CAP_OK);
	CHECK(grant_cell_revoke(cell, &work));
	spin_lock(&lock);
	CHECK_EQ(transfer_check_locked(table, &list, holds), CAP_ERR_REVOKED);
	spin_unlock(&lock);
	CHECK_EQ(cell->references, 3); /* the hold's, ours, and the revocation's */
}

TEST(destroying_a_table_gives_the_cells_back)
{
	struct cap_table *table = start_table();
	struct grant_cell *cell = cell_below(NULL);

	for (int i = 0; i < 100; i++)
		(void)add(table, cell);
	CHECK_EQ(cell->references, 101);
	while (cap_table_destroy_step(table) == JOB_AGAIN)
		;
	CHECK_EQ(cell->references, 1);
	CHECK_EQ(object.references, 1);
}
