/* SPDX-License-Identifier: Apache-2.0 */
/* Natural numbers, the lowest word first; see natural.h. */
#include "natural.h"

#include <stdbool.h>

#define POWER_OF_TEN_MAX 19 /* that a word holds */

static void
append(struct natural *number, uint64_t word)
{
	if (word == 0)
		return;
	if (number->count == NATURAL_WORDS)
		__builtin_trap();
	number->words[number->count++] = word;
}

void
natural_set(struct natural *number, uint64_t value)
{
	number->count = 0;
	append(number, value);
}

void
natural_multiply_add(struct natural *number, uint64_t factor, uint64_t addend)
{
	unsigned __int128 carry = addend;

	for (uint32_t i = 0; i < number->count; i++) {
		carry += (unsigned __int128)number->words[i] * factor;
		number->words[i] = (uint64_t)carry;
		carry >>= 64;
	}
	append(number, (uint64_t)carry);
}

void
natural_multiply_power_of_ten(struct natural *number, uint32_t exponent)
{
	for (; exponent >= POWER_OF_TEN_MAX; exponent -= POWER_OF_TEN_MAX)
		natural_multiply_add(number, UINT64_C(10000000000000000000), 0);
	for (; exponent > 0; exponent--)
		natural_multiply_add(number, 10, 0);
}

void
natural_shift_left(struct natural *number, uint32_t bit_count)
{
	uint32_t words = bit_count / 64;

	if (number->count == 0)
		return;
	if (bit_count % 64 != 0)
		natural_multiply_add(number, UINT64_C(1) << (bit_count % 64), 0);
	if (words == 0)
		return;
	if (words > NATURAL_WORDS - number->count)
		__builtin_trap();
	for (uint32_t i = number->count; i-- > 0;)
		number->words[i + words] = number->words[i];
	for (uint32_t i = 0; i < words; i++)
		number->words[i] = 0;
	number->count += words;
}

void
natural_add(struct natural *number, const struct natural *addend)
{
	bool carry = false;

	while (number->count < addend->count)
		number->words[number->count++] = 0;
	for (uint32_t i = 0; i < number->count && (i < addend->count || carry); i++) {
		uint64_t word = i < addend->count ? addend->words[i] : 0;

		/* At most one of the two carries. */
		carry = __builtin_add_overflow(word, carry, &word);
		carry |= __builtin_add_overflow(number->words[i], word, &number->words[i]);
	}
	append(number, carry);
}

void
natural_subtract(struct natural *number, const struct natural *subtrahend)
{
	bool borrow = false;

	for (uint32_t i = 0; i < subtrahend->count || borrow; i++) {
		uint64_t word = i < subtrahend->count ? subtrahend->words[i] : 0;

		/* At most one of the two borrows. */
		borrow = __builtin_add_overflow(word, borrow, &word);
		borrow |= __builtin_sub_overflow(number->words[i], word, &number->words[i]);
	}
	while (number->count > 0 && number->words[number->count - 1] == 0)
		number->count--;
}

int
natural_compare(const struct natural *one, const struct natural *other)
{
	if (one->count != other->count)
		return one->count < other->count ? -1 : 1;
	for (uint32_t i = one->count; i-- > 0;)
		if (one->words[i] != other->words[i])
			return one->words[i] < other->words[i] ? -1 : 1;
	return 0;
}

uint32_t
natural_bit_count(const struct natural *number)
{
	if (number->count == 0)
		return 0;
	return number->count * 64 - (uint32_t)__builtin_clzll(number->words[number->count - 1]);
}
