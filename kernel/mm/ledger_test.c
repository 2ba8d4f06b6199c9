/* SPDX-License-Identifier: Apache-2.0 */
/* Ledgers: a charge reaches every ancestor or none, and a ledger lives as long as it is needed. */
#include "mm/ledger.h"

#include <string.h>

#include "arch/sim/sim.h"
#include "base/test.h"
#include "mm/frame.h"

#define R LEDGER_CAP_SLOTS

static uint64_t roomy[LEDGER_RESOURCE_COUNT];
static uint64_t narrow[LEDGER_RESOURCE_COUNT];

static void
start(void)
{
	const struct memory_range all = { PAGE_BYTES, (1 << 20) - PAGE_BYTES };

	sim_reset(1 << 20);
	frame_init(&all, 1, NULL, 0);
	memset(ledger_boot.used, 0, sizeof(ledger_boot.used));
	ledger_boot.references = 1;
	ledger_module_init();
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
		roomy[i] = 1000000;
		narrow[i] = 10;
	}
	narrow[LEDGER_KERNEL_BYTES] = 1000000;
}

TEST(a_charge_reaches_every_ancestor)
{
	struct ledger *parent;
	struct ledger *child;

	start();
	CHECK_EQ(ledger_create(&ledger_boot, roomy, &parent), CAP_OK);
	CHECK_EQ(ledger_create(parent, roomy, &child), CAP_OK);
	CHECK_EQ(ledger_charge(child, R, 7), CAP_OK);
	CHECK_EQ(ledger_charge(parent, R, 2), CAP_OK);
	CHECK_EQ(child->used[R], 7);
	CHECK_EQ(parent->used[R], 9);
	CHECK_EQ(ledger_boot.used[R], 9);
	ledger_release(child, R, 7);
	ledger_release(parent, R, 2);
	CHECK_EQ(ledger_boot.used[R], 0);
	ledger_put(child);
	ledger_put(parent);
}

TEST(a_full_ancestor_refuses_and_nothing_is_charged)
{
	struct ledger *parent;
	struct ledger *child;

	start();
	CHECK_EQ(ledger_create(&ledger_boot, narrow, &parent), CAP_OK);
	CHECK_EQ(ledger_create(parent, roomy, &child), CAP_OK);
	CHECK_EQ(ledger_charge(child, R, 10), CAP_OK);
	CHECK_EQ(ledger_charge(child, R, 1), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(child->used[R], 10);
	CHECK_EQ(parent->used[R], 10);
	CHECK_EQ(ledger_boot.used[R], 10);
	/* Room in one resource is no room in another. */
	CHECK_EQ(ledger_charge(child, LEDGER_FRAME_PAGES, 10), CAP_OK);
	ledger_release(child, LEDGER_FRAME_PAGES, 10);
	ledger_release(child, R, 10);
	ledger_put(child);
	ledger_put(parent);
}

TEST(a_charge_that_would_wrap_is_refused)
{
	struct ledger *child;

	start();
	CHECK_EQ(ledger_create(&ledger_boot, roomy, &child), CAP_OK);
	CHECK_EQ(ledger_charge(child, R, 5), CAP_OK);
	CHECK_EQ(ledger_charge(child, R, UINT64_MAX), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(ledger_charge(child, R, UINT64_MAX - 5), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(child->used[R], 5);
	ledger_release(child, R, 5);
	ledger_put(child);
}

TEST(a_ledger_is_charged_to_its_parent_and_outlives_its_owner_while_it_has_children)
{
	struct ledger *parent;
	struct ledger *child;

	start();
	CHECK_EQ(ledger_create(&ledger_boot, roomy, &parent), CAP_OK);
	CHECK_EQ(ledger_create(parent, roomy, &child), CAP_OK);
	CHECK(parent->used[LEDGER_KERNEL_BYTES] > 0);
	ledger_put(parent);
	CHECK(ledger_boot.used[LEDGER_KERNEL_BYTES] > 0);
	CHECK_EQ(ledger_charge(child, R, 1), CAP_OK);
	CHECK_EQ(ledger_boot.used[R], 1);
	ledger_release(child, R, 1);
	ledger_put(child);
	CHECK_EQ(ledger_boot.used[LEDGER_KERNEL_BYTES], 0);
	CHECK_EQ(ledger_boot.references, 1);
}

TEST(ledgers_are_as_deep_as_a_charge_may_climb_and_no_deeper)
{
	struct ledger *ledger[LEDGER_DEPTH_MAX + 1] = { &ledger_boot };
	struct ledger *deeper = NULL;

	start();
	for (uint32_t i = 1; i <= LEDGER_DEPTH_MAX; i++)
		CHECK_EQ(ledger_create(ledger[i - 1], roomy, &ledger[i]), CAP_OK);
	CHECK_EQ(ledger_create(ledger[LEDGER_DEPTH_MAX], roomy, &deeper), CAP_ERR_INVALID_ARGUMENT);
	CHECK(deeper == NULL);
	CHECK_EQ(ledger_charge(ledger[LEDGER_DEPTH_MAX], R, 3), CAP_OK);
	for (uint32_t i = 0; i <= LEDGER_DEPTH_MAX; i++)
		CHECK_EQ(ledger[i]->used[R], 3);
	ledger_release(ledger[LEDGER_DEPTH_MAX], R, 3);
	for (uint32_t i = LEDGER_DEPTH_MAX; i > 0; i--)
		ledger_put(ledger[i]);
	CHECK_EQ(ledger_boot.used[LEDGER_KERNEL_BYTES], 0);
}

TEST(a_limit_below_what_is_used_refuses_and_wraps_nothing)
{
	struct ledger *child;

	start();
	CHECK_EQ(ledger_create(&ledger_boot, roomy, &child), CAP_OK);
	CHECK_EQ(ledger_charge(child, R, 5), CAP_OK);
	child->limit[R] = 4;
	CHECK_EQ(ledger_charge(child, R, 1), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(ledger_charge(child, R, UINT64_MAX), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(child->used[R], 5);
	ledger_release(child, R, 5);
	ledger_put(child);
}

TEST(a_parent_without_room_makes_no_child)
{
	struct ledger *parent;
	struct ledger *child = NULL;

	start();
	narrow[LEDGER_KERNEL_BYTES] = 8;
	CHECK_EQ(ledger_create(&ledger_boot, narrow, &parent), CAP_OK);
	CHECK_EQ(ledger_create(parent, roomy, &child), CAP_ERR_QUOTA_EXCEEDED);
	CHECK(child == NULL);
	CHECK_EQ(parent->references, 1);
	ledger_put(parent);
	CHECK_EQ(ledger_boot.used[LEDGER_KERNEL_BYTES], 0);
}
