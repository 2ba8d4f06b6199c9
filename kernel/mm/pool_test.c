/* SPDX-License-Identifier: Apache-2.0 */
/* Pools: objects are zeroed, apart from each other, charged, and their pages come back. */
#include "mm/pool.h"

#include <string.h>

#include "arch/sim/sim.h"
#include "base/test.h"
#include "mm/frame.h"

#define OBJECTS_MAX 600

static struct pool pool;
static struct pool other;
static struct ledger payer;
static void *objects[OBJECTS_MAX];

static void
start(size_t object_bytes)
{
	const struct memory_range all = { PAGE_BYTES, (1 << 20) - PAGE_BYTES };

	sim_reset(1 << 20);
	frame_init(&all, 1, NULL, 0);
	payer = (struct ledger){ .references = 1, .limit[LEDGER_KERNEL_BYTES] = 1 << 20 };
	pool_init(&pool, "tested", object_bytes);
	pool_init(&other, "other", 16);
}

static uint64_t
free_pages(void)
{
	struct frame_stats stats;

	frame_stats_get(&stats);
	return stats.free_pages;
}

TEST(objects_are_zeroed_aligned_and_do_not_overlap)
{
	start(72);
	for (uint32_t i = 0; i < OBJECTS_MAX; i++) {
		const uint8_t *bytes;

		CHECK_EQ(pool_alloc(&pool, &payer, &objects[i]), CAP_OK);
		bytes = objects[i];
		CHECK_EQ((uintptr_t)bytes % 16, 0);
		for (uint32_t at = 0; at < 72; at++)
			CHECK_EQ(bytes[at], 0);
		memset(objects[i], (int)(i % 250) + 1, 72);
	}
	for (uint32_t i = 0; i < OBJECTS_MAX; i++)
		for (uint32_t at = 0; at < 72; at++)
			CHECK_EQ(((const uint8_t *)objects[i])[at], i % 250 + 1);
	CHECK_EQ(payer.used[LEDGER_KERNEL_BYTES], OBJECTS_MAX * 80);
}

TEST(a_reused_object_is_zeroed)
{
	start(48);
	CHECK_EQ(pool_alloc(&pool, &payer, &objects[0]), CAP_OK);
	CHECK_EQ(pool_alloc(&pool, &payer, &objects[1]), CAP_OK);
	memset(objects[1], 0xee, 48);
	pool_free(&pool, &payer, objects[1]);
	CHECK_EQ(pool_alloc(&pool, &payer, &objects[2]), CAP_OK);
	CHECK(objects[2] == objects[1]);
	for (uint32_t at = 0; at < 48; at++)
		CHECK_EQ(((const uint8_t *)objects[2])[at], 0);
}

TEST(pages_come_back_in_any_order_of_freeing)
{
	static const uint32_t steps[] = { 1, 7, 13, 599 };
	uint64_t before;

	for (uint32_t round = 0; round < 4; round++) {
		start(200);
		before = free_pages();
		for (uint32_t i = 0; i < OBJECTS_MAX; i++)
			CHECK_EQ(pool_alloc(&pool, &payer, &objects[i]), CAP_OK);
		for (uint32_t i = 0; i < OBJECTS_MAX; i++)
			pool_free(&pool, &payer, objects[i * steps[round] % OBJECTS_MAX]);
		CHECK_EQ(free_pages(), before);
		CHECK_EQ(payer.used[LEDGER_KERNEL_BYTES], 0);
	}
}

TEST(an_object_of_almost_a_page_takes_one)
{
	uint64_t before;

	start(4032);
	before = free_pages();
	CHECK_EQ(pool_alloc(&pool, &payer, &objects[0]), CAP_OK);
	CHECK_EQ(pool_alloc(&pool, &payer, &objects[1]), CAP_OK);
	CHECK_EQ(free_pages(), before - 2);
	pool_free(&pool, &payer, objects[0]);
	pool_free(&pool, &payer, objects[1]);
	CHECK_EQ(free_pages(), before);
}

TEST(a_shortage_charges_nothing)
{
	void *object = &pool;

	start(64);
	frame_fail_after(0);
	CHECK_EQ(pool_alloc(&pool, &payer, &object), CAP_ERR_NO_MEMORY);
	CHECK_EQ(payer.used[LEDGER_KERNEL_BYTES], 0);
	frame_fail_after(UINT64_MAX);
	payer.limit[LEDGER_KERNEL_BYTES] = 63;
	CHECK_EQ(pool_alloc(&pool, &payer, &object), CAP_ERR_QUOTA_EXCEEDED);
	CHECK(object == &pool);
}

TEST(the_list_of_pools_names_each_once)
{
	struct pool_numbers numbers;
	uint32_t tested = 0;
	uint32_t others = 0;

	start(64);
	start(64);
	CHECK_EQ(pool_alloc(&pool, &payer, &objects[0]), CAP_OK);
	for (uint32_t i = 0; i < 1000 && pool_numbers_get(i, &numbers); i++) {
		if (strcmp(numbers.name, "tested") == 0) {
			tested++;
			CHECK_EQ(numbers.object_count, 1);
			CHECK_EQ(numbers.page_count, 1);
		}
		others += strcmp(numbers.name, "other") == 0;
	}
	CHECK_EQ(tested, 1);
	CHECK_EQ(others, 1);
}
