/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Natural numbers of a bounded size, as exact conversion of floating point needs them. Simple
 * rather than fast. Whoever calls knows that the result fits: it is trapped on otherwise.
 */
#include <stdint.h>

#define NATURAL_WORDS 64
#define NATURAL_BITS (NATURAL_WORDS * 64)

struct natural {
	uint32_t count; /* of words in use: the highest is not 0 */
	uint64_t words[NATURAL_WORDS];
};

void natural_set(struct natural *number, uint64_t value);
/* number = number * factor + addend */
void natural_multiply_add(struct natural *number, uint64_t factor, uint64_t addend);
void natural_multiply_power_of_ten(struct natural *number, uint32_t exponent);
void natural_shift_left(struct natural *number, uint32_t bit_count);
void natural_add(struct natural *number, const struct natural *addend);
/* The subtrahend is not greater. */
void natural_subtract(struct natural *number, const struct natural *subtrahend);
/* Below, at or above 0: as `one` is to `other`. */
int natural_compare(const struct natural *one, const struct natural *other);
/* Up to the highest bit that is set; 0 of 0. */
uint32_t natural_bit_count(const struct natural *number);
