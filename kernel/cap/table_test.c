/* SPDX-License-Identifier: Apache-2.0 */
/* Capability tables: ids, reuse, reservation, revocation, charges. */
#include "cap/table.h"

#include <stdlib.h>
#include <string.h>

#include "arch/sim/world.h"
#include "base/test.h"
#include "cap/transfer.h"
#include "mm/frame.h"

static uint32_t destroyed;
static uint32_t dropped;

static enum job_state
destroy(struct object *object)
{
	(void)object;
	destroyed++;
	return JOB_DONE;
}

static void
hold_dropped(struct object *object, uint16_t interface_index)
{
	(void)object;
	(void)interface_index;
	dropped++;
}

static const struct object_type type = {
	.name = "test",
	.interface_id = 99,
	.destroy = destroy,
	.hold_dropped = hold_dropped,
};

static const struct object_type fixed_type = {
	.name = "fixed",
	.interface_id = 98,
	.transfer = OBJECT_TRANSFER_NONE,
	.destroy = destroy,
};

static struct spinlock lock;
static struct ledger *ledger;
static struct object object;

static struct cap_table *
test_table(uint64_t slots)
{
	uint64_t limits[LEDGER_RESOURCE_COUNT];
	struct cap_table *table = NULL;

	world_start();
	memset(limits, 0xff, sizeof(limits));
	limits[LEDGER_CAP_SLOTS] = slots;
	CHECK_EQ(ledger_create(&ledger_boot, limits, &ledger), CAP_OK);
	spin_init(&lock, LOCK_RANK_PROCESS, 1);
	CHECK_EQ(cap_table_create(ledger, &lock, &table), CAP_OK);
	object_init(&object, &type);
	destroyed = 0;
	dropped = 0;
	return table;
}

static cap_id_t
test_insert(struct cap_table *table)
{
	struct cap_hold hold = object_hold(&object, 0);
	cap_id_t cap_id = 0;

	object_get(&object);
	CHECK_EQ(cap_table_add(table, &hold, &cap_id), CAP_OK);
	return cap_id;
}

static enum cap_status
look(struct cap_table *table, cap_id_t cap_id)
{
	struct cap_ref ref = { 0 };
	enum cap_status status = cap_lookup(table, cap_id, &ref);

	CHECK_EQ(ref.object, status == CAP_OK ? &object : NULL);
	return status;
}

TEST(lookup_finds_what_was_inserted)
{
	struct cap_table *table = test_table(64);
	cap_id_t cap_id = test_insert(table);

	CHECK_NE(cap_id, 0);
	CHECK_EQ(look(table, cap_id), CAP_OK);
	CHECK_EQ(cap_table_used(table), 1);
	CHECK_EQ(object.references, 2);
}

TEST(ids_that_were_never_given_out_are_invalid)
{
	static const cap_id_t ids[] = { 0, 1, 5, UINT64_MAX, UINT64_C(1) << 24 | 1,
		UINT64_C(2) << 24, CAP_ID_INDEX_MASK, UINT64_C(1) << 24 | CAP_ID_INDEX_MASK,
		UINT64_C(1) << 24 | 16384 };
	struct cap_table *table = test_table(64);

	(void)test_insert(table);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		CHECK_EQ(look(table, ids[i]), CAP_ERR_INVALID_CAP);
		CHECK_EQ(cap_table_release(table, ids[i]), CAP_ERR_INVALID_CAP);
	}
	CHECK_EQ(cap_table_used(table), 1);
}

TEST(lookup_refuses_a_released_cap)
{
	struct cap_table *table = test_table(64);
	cap_id_t cap_id = test_insert(table);

	CHECK_EQ(cap_table_release(table, cap_id), CAP_OK);
	CHECK_EQ(look(table, cap_id), CAP_ERR_STALE_GENERATION);
	CHECK_EQ(cap_table_release(table, cap_id), CAP_ERR_STALE_GENERATION);
	CHECK_EQ(cap_table_used(table), 0);
	CHECK_EQ(ledger->used[LEDGER_CAP_SLOTS], 0);
	CHECK_EQ(object.references, 1);
	CHECK_EQ(dropped, 1);
}

TEST(slots_are_reused_oldest_first_and_never_under_an_old_id)
{
	struct cap_table *table = test_table(64);
	cap_id_t ids[16];

	for (int i = 0; i < 16; i++)
		ids[i] = test_insert(table);
	CHECK_EQ(cap_table_release(table, ids[3]), CAP_OK);
	CHECK_EQ(cap_table_release(table, ids[7]), CAP_OK);
	CHECK_EQ(test_insert(table), ids[3] + (UINT64_C(1) << CAP_ID_INDEX_BITS));
	CHECK_EQ(test_insert(table), ids[7] + (UINT64_C(1) << CAP_ID_INDEX_BITS));
	CHECK_EQ(look(table, ids[3]), CAP_ERR_STALE_GENERATION);
}

TEST(a_full_ledger_refuses_and_changes_nothing)
{
	struct cap_table *table = test_table(2);
	struct cap_hold hold;
	cap_id_t cap_id = 42;

	(void)test_insert(table);
	(void)test_insert(table);
	hold = object_hold(&object, 0);
	CHECK_EQ(cap_table_add(table, &hold, &cap_id), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(cap_id, 42);
	CHECK_EQ(object.references, 3);
	CHECK_EQ(ledger->used[LEDGER_CAP_SLOTS], 2);
}

TEST(a_table_has_an_end)
{
	struct cap_table *table = test_table(UINT64_MAX);

	spin_lock(&lock);
	for (int i = 0; i < CAP_TABLE_SLOTS_MAX; i++)
		CHECK_EQ(cap_table_reserve_locked(table, 1), CAP_OK);
	CHECK_EQ(cap_table_reserve_locked(table, 1), CAP_ERR_TABLE_FULL);
	CHECK_EQ(ledger->used[LEDGER_CAP_SLOTS], CAP_TABLE_SLOTS_MAX);
	cap_table_unreserve_locked(table, CAP_TABLE_SLOTS_MAX);
	spin_unlock(&lock);
	CHECK_EQ(ledger->used[LEDGER_CAP_SLOTS], 0);
}

TEST(shortage_of_memory_refuses_and_changes_nothing)
{
	struct cap_table *table = test_table(1000);
	uint64_t bytes = ledger->used[LEDGER_KERNEL_BYTES];

	/* Whatever room pool pages still have is used up first. */
	frame_fail_after(0);
	spin_lock(&lock);
	for (int i = 0; i < 100; i++)
		if (cap_table_reserve_locked(table, 16) != CAP_OK)
			break;
	bytes = ledger->used[LEDGER_KERNEL_BYTES];
	CHECK_EQ(cap_table_reserve_locked(table, 200), CAP_ERR_NO_MEMORY);
	CHECK_EQ(ledger->used[LEDGER_KERNEL_BYTES], bytes);
	frame_fail_after(UINT64_MAX);
	CHECK_EQ(cap_table_reserve_locked(table, 200), CAP_OK);
	spin_unlock(&lock);
}

TEST(reserved_slots_are_charged_and_their_ids_foretold)
{
	struct cap_table *table = test_table(64);
	struct cap_hold hold = object_hold(&object, 0);
	cap_id_t ids[3];

	spin_lock(&lock);
	CHECK_EQ(cap_table_reserve_locked(table, 4), CAP_OK);
	CHECK_EQ(ledger->used[LEDGER_CAP_SLOTS], 4);
	cap_table_predict_locked(table, 3, ids);
	for (int i = 0; i < 3; i++) {
		object_get(&object);
		CHECK_EQ(cap_table_insert_locked(table, &hold), ids[i]);
	}
	cap_table_unreserve_locked(table, 1);
	spin_unlock(&lock);
	CHECK_EQ(ledger->used[LEDGER_CAP_SLOTS], 3);
}

TEST(a_reservation_of_what_is_there_makes_no_slots)
{
	struct cap_table *table = test_table(64);
	uint64_t bytes = ledger->used[LEDGER_KERNEL_BYTES];

	spin_lock(&lock);
	CHECK(!cap_table_reserve_there_locked(table, 1));
	CHECK_EQ(ledger->used[LEDGER_KERNEL_BYTES], bytes);
	CHECK_EQ(ledger->used[LEDGER_CAP_SLOTS], 0);
	/* With one, others are made. */
	CHECK_EQ(cap_table_reserve_locked(table, 1), CAP_OK);
	CHECK(cap_table_reserve_there_locked(table, 3));
	CHECK(!cap_table_reserve_there_locked(table, 60));
	CHECK_EQ(ledger->used[LEDGER_CAP_SLOTS], 4);
	spin_unlock(&lock);
}

TEST(a_slot_whose_generation_would_wrap_is_retired)
{
	struct cap_table *table = test_table(64);
	cap_id_t cap_id = test_insert(table);
	cap_id_t last = CAP_ID_GENERATION_MAX << CAP_ID_INDEX_BITS | (cap_id & CAP_ID_INDEX_MASK);

	cap_table_generation_set(table, cap_id, CAP_ID_GENERATION_MAX);
	CHECK_EQ(look(table, cap_id), CAP_ERR_STALE_GENERATION);
	CHECK_EQ(look(table, last), CAP_OK);
	CHECK_EQ(cap_table_release(table, last), CAP_OK);
	CHECK_EQ(look(table, last), CAP_ERR_INVALID_CAP);
	CHECK_EQ(look(table, cap_id), CAP_ERR_INVALID_CAP);
	CHECK_EQ(ledger->used[LEDGER_CAP_SLOTS], 0);
	for (int i = 0; i < 40; i++)
		CHECK_NE(test_insert(table) & CAP_ID_INDEX_MASK, cap_id & CAP_ID_INDEX_MASK);
}

TEST(revocation_kills_every_hold_at_once_and_none_that_comes_later)
{
	struct cap_table *table = test_table(64);
	cap_id_t first = test_insert(table);
	cap_id_t second = test_insert(table);
	cap_id_t later;

	CHECK(object_revoke(&object));
	later = test_insert(table);
	CHECK_EQ(look(table, first), CAP_ERR_REVOKED);
	CHECK_EQ(look(table, second), CAP_ERR_REVOKED);
	CHECK_EQ(look(table, later), CAP_OK);
	CHECK_EQ(cap_table_release(table, first), CAP_OK);
}

TEST(an_epoch_that_would_wrap_retires_its_object)
{
	struct cap_table *table = test_table(64);
	cap_id_t cap_id;

	object.epoch = OBJECT_EPOCH_MAX;
	cap_id = test_insert(table);
	CHECK_EQ(look(table, cap_id), CAP_OK);
	CHECK(!object_revoke(&object));
	CHECK_EQ(look(table, cap_id), CAP_ERR_REVOKED);
	CHECK(!object_revoke(&object));
}

TEST(the_last_drop_destroys_after_the_grace_period)
{
	struct cap_table *table = test_table(64);
	cap_id_t cap_id = test_insert(table);

	object_put(&object);
	CHECK_EQ(cap_table_release(table, cap_id), CAP_OK);
	CHECK_EQ(destroyed, 0);
	for (int i = 0; i < 3; i++)
		world_settle();
	CHECK_EQ(destroyed, 1);
}

TEST(destroying_a_table_drops_every_hold_in_bounded_steps)
{
	struct cap_table *table = test_table(UINT64_MAX);
	uint64_t bytes = ledger->used[LEDGER_KERNEL_BYTES];
	uint32_t steps = 1;

	CHECK(bytes != 0);
	for (int i = 0; i < 200; i++)
		(void)test_insert(table);
	while (cap_table_destroy_step(table) == JOB_AGAIN)
		steps++;
	CHECK(steps >= 4);
	CHECK_EQ(dropped, 200);
	CHECK_EQ(object.references, 1);
	CHECK_EQ(ledger->used[LEDGER_CAP_SLOTS], 0);
	CHECK_EQ(ledger->used[LEDGER_KERNEL_BYTES], 0);
}

TEST(a_hold_of_a_fixed_type_cannot_be_transferred)
{
	struct cap_table *table = test_table(64);
	struct object fixed;
	struct cap_hold holds[TRANSFER_CAPS_MAX];
	struct transfer_list list = { .entries = { { .mode = CAP_TRANSFER_MOVE } } };
	struct cap_hold hold;

	object_init(&fixed, &fixed_type);
	hold = object_hold(&fixed, 0);
	CHECK_EQ(cap_table_add(table, &hold, &list.entries[0].cap_id), CAP_OK);
	for (uint8_t mode = CAP_TRANSFER_COPY; mode <= CAP_TRANSFER_MOVE; mode++) {
		list.entries[0].mode = mode;
		CHECK_EQ(transfer_decode(&list, 1), CAP_OK);
		spin_lock(&lock);
		CHECK_EQ(
		    transfer_check_locked(table, &list, holds), CAP_ERR_TRANSFER_NOT_SUPPORTED);
		spin_unlock(&lock);
	}
	CHECK_EQ(cap_table_used(table), 1);
}

TEST(more_entries_than_a_message_has_are_refused)
{
	struct transfer_list list = { .count = 5 };

	CHECK_EQ(
	    transfer_decode(&list, TRANSFER_CAPS_MAX + 1), CAP_ERR_INVALID_TRANSFER_DESCRIPTOR);
	CHECK_EQ(list.count, 5);
}

TEST(a_move_within_one_table_gives_a_new_id)
{
	struct cap_table *table = test_table(64);
	cap_id_t cap_id = test_insert(table);
	struct transfer_list list = { .entries = {
					  { .cap_id = cap_id, .mode = CAP_TRANSFER_MOVE } } };
	struct cap_hold holds[TRANSFER_CAPS_MAX];
	struct cap_record records[TRANSFER_CAPS_MAX];

	CHECK_EQ(transfer_decode(&list, 1), CAP_OK);
	spin_lock(&lock);
	CHECK_EQ(cap_table_reserve_locked(table, 1), CAP_OK);
	CHECK_EQ(transfer_check_locked(table, &list, holds), CAP_OK);
	transfer_predict_locked(table, &list, holds, records);
	transfer_commit_locked(table, table, &list, holds);
	spin_unlock(&lock);
	CHECK_EQ(look(table, records[0].cap_id), CAP_OK);
	CHECK_EQ(records[0].interface_id, 99);
	CHECK_EQ(look(table, cap_id), CAP_ERR_STALE_GENERATION);
	CHECK_EQ(object.references, 2);
	CHECK_EQ(dropped, 0);
	CHECK_EQ(cap_table_used(table), 1);
}
