/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: who gets which, what is never given out, and that everything comes back. */
#include "mm/frame.h"

#include <string.h>

#include "arch/page_table.h"
#include "arch/sim/sim.h"
#include "base/test.h"
#include "mm/ledger.h"

#define ARENA_PAGES 256
#define PAGES_MAX 1024

static paddr_t taken[PAGES_MAX];
static struct ledger payer;

static void
start_with(const struct memory_range *reserved, uint32_t reserved_count)
{
	const struct memory_range all = { 0, ARENA_PAGES * PAGE_BYTES };

	sim_reset(ARENA_PAGES * PAGE_BYTES);
	frame_init(&all, 1, reserved, reserved_count);
	payer = (struct ledger){ .references = 1, .limit[LEDGER_FRAME_PAGES] = PAGES_MAX };
}

static uint64_t
free_pages(void)
{
	struct frame_stats stats;

	frame_stats_get(&stats);
	return stats.free_pages;
}

/* Every frame that there is. */
static uint32_t
take_all(void)
{
	uint32_t count = 0;

	while (count < PAGES_MAX && frame_alloc(&payer, &taken[count]) == CAP_OK)
		count++;
	return count;
}

TEST(frames_are_different_zeroed_and_all_of_them)
{
	uint32_t count;

	start_with(NULL, 0);
	memset(sim.arena + PAGE_BYTES * 8, 0xee, PAGE_BYTES * 100);
	count = take_all();
	/* Frame zero and the bitmap's own are kept. */
	CHECK_EQ(count, ARENA_PAGES - 2);
	CHECK_EQ(free_pages(), 0);
	CHECK_EQ(payer.used[LEDGER_FRAME_PAGES], count);
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *bytes = arch_direct_map(taken[i]);

		CHECK(taken[i] != 0 && taken[i] % PAGE_BYTES == 0);
		CHECK(i == 0 || taken[i] > taken[i - 1]);
		for (uint32_t at = 0; at < PAGE_BYTES; at += 64)
			CHECK_EQ(bytes[at], 0);
	}
}

TEST(without_memory_nothing_is_charged)
{
	paddr_t frame = 77;
	uint32_t count;

	start_with(NULL, 0);
	count = take_all();
	CHECK_EQ(frame_alloc(&payer, &frame), CAP_ERR_NO_MEMORY);
	CHECK_EQ(frame_alloc_contiguous(&payer, 1, &frame), CAP_ERR_NO_MEMORY);
	CHECK_EQ(payer.used[LEDGER_FRAME_PAGES], count);
	for (uint32_t i = 0; i < count; i++)
		frame_free(&payer, taken[i]);
	CHECK_EQ(free_pages(), count);
	CHECK_EQ(payer.used[LEDGER_FRAME_PAGES], 0);
}

TEST(a_quota_is_met_before_a_frame_is_taken)
{
	paddr_t frame;
	uint64_t before;

	start_with(NULL, 0);
	payer.limit[LEDGER_FRAME_PAGES] = 3;
	before = free_pages();
	CHECK_EQ(frame_alloc_contiguous(&payer, 4, &frame), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(frame_alloc_contiguous(&payer, 3, &frame), CAP_OK);
	CHECK_EQ(frame_alloc(&payer, &frame), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(free_pages(), before - 3);
}

TEST(what_is_reserved_is_never_given_out)
{
	const struct memory_range reserved[] = { { 10 * PAGE_BYTES + 1, PAGE_BYTES },
		{ 100 * PAGE_BYTES, 20 * PAGE_BYTES } };
	uint32_t count;

	start_with(reserved, 2);
	count = take_all();
	/* A range that begins and ends within pages keeps both. */
	CHECK_EQ(count, ARENA_PAGES - 2 - 2 - 20);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t page = taken[i] / PAGE_BYTES;

		CHECK(page != 10 && page != 11 && (page < 100 || page >= 120));
	}
}

TEST(ranges_of_the_machine_may_overlap_and_leave_holes)
{
	const struct memory_range usable[] = { { 0, 40 * PAGE_BYTES },
		{ 30 * PAGE_BYTES, 20 * PAGE_BYTES }, { 99 * PAGE_BYTES + 5, 10 * PAGE_BYTES } };
	uint32_t count;

	sim_reset(ARENA_PAGES * PAGE_BYTES);
	frame_init(usable, 3, NULL, 0);
	payer = (struct ledger){ .references = 1, .limit[LEDGER_FRAME_PAGES] = PAGES_MAX };
	count = take_all();
	CHECK_EQ(count, 50 - 2 + 9);
	for (uint32_t i = 0; i < count; i++)
		CHECK(taken[i] < 50 * PAGE_BYTES ||
		    (taken[i] >= 100 * PAGE_BYTES && taken[i] < 109 * PAGE_BYTES));
}

TEST(adjacent_frames_are_found_across_words_of_the_bitmap)
{
	paddr_t first;
	uint64_t before;

	start_with(NULL, 0);
	before = free_pages();
	for (uint32_t count = 1; count <= 200; count += 7) {
		CHECK_EQ(frame_alloc_contiguous(&payer, count, &first), CAP_OK);
		CHECK_EQ(free_pages(), before - count);
		CHECK(first != 0);
		for (uint32_t i = 0; i < count; i++)
			frame_free(&payer, first + i * PAGE_BYTES);
		CHECK_EQ(free_pages(), before);
	}
}

TEST(scattered_frames_are_no_run_and_the_search_lets_interrupts_in)
{
	paddr_t first = 0;
	uint32_t count;
	uint64_t windows;

	start_with(NULL, 0);
	count = take_all();
	for (uint32_t i = 0; i < count; i += 2)
		frame_free(&payer, taken[i]);
	windows = sim.windows;
	CHECK_EQ(frame_alloc_contiguous(&payer, 2, &first), CAP_ERR_NO_MEMORY);
	CHECK(sim.windows > windows);
	CHECK_EQ(payer.used[LEDGER_FRAME_PAGES], count / 2);
	frame_free(&payer, taken[51]);
	CHECK_EQ(frame_alloc_contiguous(&payer, 3, &first), CAP_OK);
	CHECK_EQ(first, taken[50]);
}

/* An interrupt's work takes a frame of the run that the search has seen. */
static void
take_one_in_a_window(void)
{
	paddr_t frame;

	sim.on_window = NULL;
	CHECK_EQ(frame_alloc(&payer, &frame), CAP_OK);
}

TEST(a_run_that_was_taken_in_a_window_is_not_taken_twice)
{
	enum { PAGES = 1024 };
	const struct memory_range all = { 0, PAGES * PAGE_BYTES };
	paddr_t first = 0;

	sim_reset(PAGES * PAGE_BYTES);
	frame_init(&all, 1, NULL, 0);
	payer = (struct ledger){ .references = 1, .limit[LEDGER_FRAME_PAGES] = PAGES };
	sim.on_window = take_one_in_a_window;
	/* The run begins before the window and ends behind it. */
	CHECK_EQ(frame_alloc_contiguous(&payer, 600, &first), CAP_ERR_NO_MEMORY);
	CHECK_EQ(payer.used[LEDGER_FRAME_PAGES], 1);
	CHECK_EQ(frame_alloc_contiguous(&payer, 600, &first), CAP_OK);
	CHECK_EQ(free_pages(), PAGES - 2 - 1 - 600);
}

TEST(failures_can_be_planned)
{
	paddr_t frame;

	start_with(NULL, 0);
	frame_fail_after(1);
	CHECK_EQ(frame_alloc(&payer, &frame), CAP_OK);
	CHECK_EQ(frame_alloc(&payer, &frame), CAP_ERR_NO_MEMORY);
	CHECK_EQ(frame_alloc_contiguous(&payer, 1, &frame), CAP_ERR_NO_MEMORY);
	CHECK_EQ(payer.used[LEDGER_FRAME_PAGES], 1);
	frame_fail_after(UINT64_MAX);
	CHECK_EQ(frame_alloc(&payer, &frame), CAP_OK);
}
