/* SPDX-License-Identifier: Apache-2.0 */
/* Counters and nanoseconds: exact where they can be, and never further off than a rounding. */
#include "clock_scale.h"

#include "base/test.h"

TEST(gigahertz_counts_nanoseconds)
{
	uint64_t multiplier = clock_multiplier(1000000000);

	CHECK_EQ(multiplier, UINT64_C(1) << CLOCK_SHIFT);
	CHECK_EQ(clock_ticks_to_ns(0, multiplier), 0);
	CHECK_EQ(clock_ticks_to_ns(1, multiplier), 1);
	CHECK_EQ(clock_ticks_to_ns(UINT64_MAX, multiplier), UINT64_MAX);
}

TEST(a_year_of_ticks_is_off_by_no_more_than_the_rounding)
{
	static const uint64_t rates[] = { HZ_MIN, 1193182, 14318180, 2599999999, 5000000000,
		HZ_MAX };
	uint64_t seconds = UINT64_C(365) * 24 * 3600;

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		uint64_t ticks = seconds * rates[i];
		uint64_t ns = clock_ticks_to_ns(ticks, clock_multiplier(rates[i]));

		CHECK(ns <= seconds * NS_PER_SECOND);
		/* The multiplier is cut by less than 1 in 2^32 of a nanosecond for each tick. */
		CHECK(seconds * NS_PER_SECOND - ns <= (ticks >> CLOCK_SHIFT) + 1);
	}
}

TEST(time_never_goes_back_with_the_counter)
{
	uint64_t multiplier = clock_multiplier(2593907000);
	uint64_t last = 0;

	for (uint64_t ticks = UINT64_MAX - 1000; ticks != 0; ticks++) {
		uint64_t ns = clock_ticks_to_ns(ticks, multiplier);

		CHECK(ns >= last);
		last = ns;
	}
}

TEST(a_measured_rate_is_refused_where_no_counter_can_be)
{
	CHECK_EQ(clock_hz(2600000, 1000000), UINT64_C(2600000000));
	CHECK_EQ(clock_hz(0, 1000000), 0);
	CHECK_EQ(clock_hz(1, 1000000), 0);
	CHECK_EQ(clock_hz(1000000, 0), 0);
	CHECK_EQ(clock_hz(UINT64_MAX, 1000000), 0);
	CHECK_EQ(clock_hz(UINT64_MAX / NS_PER_SECOND, 1), 0);
}

TEST(a_crystal_needs_all_three_numbers)
{
	CHECK_EQ(clock_hz_of_crystal(2, 216, 24000000), UINT64_C(2592000000));
	CHECK_EQ(clock_hz_of_crystal(0, 216, 24000000), 0);
	CHECK_EQ(clock_hz_of_crystal(2, 0, 24000000), 0);
	CHECK_EQ(clock_hz_of_crystal(2, 216, 0), 0);
	CHECK_EQ(clock_hz_of_crystal(1, UINT32_MAX, UINT32_MAX), 0);
	CHECK_EQ(clock_hz_of_crystal(UINT32_MAX, 1, 1), 0);
}

TEST(timer_ticks_are_at_least_one_and_at_most_what_fits)
{
	uint64_t multiplier = UINT64_C(1) << (CLOCK_SHIFT - 4); /* one tick in 16 ns */

	CHECK_EQ(clock_ns_to_ticks(1, multiplier, UINT32_MAX), 1);
	CHECK_EQ(clock_ns_to_ticks(160, multiplier, UINT32_MAX), 10);
	CHECK_EQ(clock_ns_to_ticks(UINT64_MAX, multiplier, UINT32_MAX), UINT32_MAX);
	CHECK_EQ(clock_ns_to_ticks(UINT64_MAX, UINT64_MAX, UINT32_MAX), UINT32_MAX);
	CHECK_EQ(clock_ns_to_ticks(100, 0, UINT32_MAX), 1);
}
