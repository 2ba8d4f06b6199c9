/* SPDX-License-Identifier: Apache-2.0 */
/* Natural numbers: carries, borrows and the words at the end. */
#include "natural.h"

#include "base/test.h"

static struct natural
natural_of(uint64_t value)
{
	struct natural number;

	natural_set(&number, value);
	return number;
}

static struct natural
power_of_two(uint32_t exponent)
{
	struct natural number = natural_of(1);

	natural_shift_left(&number, exponent);
	return number;
}

TEST(a_number_has_no_leading_zeros)
{
	CHECK_EQ(natural_of(0).count, 0);
	CHECK_EQ(natural_of(1).count, 1);
	CHECK_EQ(power_of_two(63).count, 1);
	CHECK_EQ(power_of_two(64).count, 2);
}

TEST(a_sum_carries_through_all_words)
{
	struct natural sum = power_of_two(128);
	struct natural one = natural_of(1);
	struct natural expected = power_of_two(128);

	natural_subtract(&sum, &one);
	CHECK_EQ(sum.count, 2);
	CHECK_EQ(sum.words[1], UINT64_MAX);
	natural_add(&sum, &one);
	CHECK_EQ(natural_compare(&sum, &expected), 0);
	natural_subtract(&sum, &one);
	natural_add(&sum, &sum);
	CHECK_EQ(sum.count, 3);
	CHECK_EQ(sum.words[0], UINT64_MAX - 1);
	CHECK_EQ(sum.words[1], UINT64_MAX);
	CHECK_EQ(sum.words[2], 1);
}

TEST(a_short_number_takes_a_long_addend)
{
	struct natural sum = natural_of(0);
	struct natural addend = power_of_two(200);

	natural_add(&sum, &addend);
	CHECK_EQ(natural_compare(&sum, &addend), 0);
}

TEST(a_difference_borrows_through_all_words)
{
	struct natural number = power_of_two(64);
	struct natural one = natural_of(1);
	struct natural expected = natural_of(UINT64_MAX);

	natural_subtract(&number, &one);
	CHECK_EQ(natural_compare(&number, &expected), 0);
	natural_subtract(&number, &expected);
	CHECK_EQ(number.count, 0);
}

TEST(a_product_carries)
{
	struct natural number = natural_of(UINT64_MAX);

	/* (2^64 - 1) * (2^64 - 1) + 2^64 - 1 = 2^64 * (2^64 - 1) */
	natural_multiply_add(&number, UINT64_MAX, UINT64_MAX);
	CHECK_EQ(number.count, 2);
	CHECK_EQ(number.words[0], 0);
	CHECK_EQ(number.words[1], UINT64_MAX);
}

TEST(a_power_of_ten_is_ten_that_often)
{
	struct natural power = natural_of(3);
	struct natural expected = natural_of(UINT64_C(3000000000000000000));

	natural_multiply_power_of_ten(&power, 18);
	CHECK_EQ(natural_compare(&power, &expected), 0);
	natural_set(&power, 1);
	natural_multiply_power_of_ten(&power, 1099);
	CHECK_EQ(natural_bit_count(&power), 3651);
}

TEST(a_shift_moves_bits_and_words)
{
	struct natural number = natural_of(UINT64_C(0x8000000000000001));

	natural_shift_left(&number, 65);
	CHECK_EQ(number.count, 3);
	CHECK_EQ(number.words[0], 0);
	CHECK_EQ(number.words[1], 2);
	CHECK_EQ(number.words[2], 1);
	natural_set(&number, 0);
	natural_shift_left(&number, NATURAL_BITS * 2);
	CHECK_EQ(number.count, 0);
}

TEST(the_largest_number_has_all_bits)
{
	struct natural number = power_of_two(NATURAL_BITS - 1);

	CHECK_EQ(natural_bit_count(&number), NATURAL_BITS);
	CHECK_EQ(number.count, NATURAL_WORDS);
}

TEST(numbers_are_ordered_by_their_highest_words)
{
	struct natural low = power_of_two(64);
	struct natural high = power_of_two(65);
	struct natural zero = natural_of(0);
	struct natural most = natural_of(UINT64_MAX);

	natural_add(&low, &most);
	CHECK(natural_compare(&low, &high) < 0);
	CHECK(natural_compare(&high, &low) > 0);
	CHECK(natural_compare(&zero, &low) < 0);
	CHECK_EQ(natural_bit_count(&zero), 0);
}
