/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Floating point to decimal; see float_text.h. Digits are made one by one, exactly, until what was
 * written can be no other value (Steele and White, How to print floating-point numbers accurately,
 * 1990).
 */
#include <stdbool.h>
#include <string.h>

#include "float_text.h"
#include "format.h"
#include "natural.h"

#define DIGITS_MAX 17

const struct float_format float_binary32 = { .fraction_bits = 23, .exponent_bits = 8 };
const struct float_format float_binary64 = { .fraction_bits = 52, .exponent_bits = 11 };

/* value / scale is what remains to be written; it may be wrong by less than low / scale downwards
 * and high / scale upwards. */
struct remainder {
	struct natural value;
	struct natural scale;
	struct natural low;
	struct natural high;
	bool is_even; /* then the bounds belong to the value: reading rounds to even */
};

struct decimal {
	char digits[DIGITS_MAX];
	uint32_t count;
	int exponent; /* of ten, at the first digit */
};

/* floor(exponent * log10(2)), or one less where they are close. */
static int
power_of_ten_below(int exponent)
{
	return (int)((exponent * INT64_C(1292913986)) >> 32);
}

/* significand * 2^exponent. Below a power of two values are closer together. */
static void
remainder_init(
    struct remainder *remainder, uint64_t significand, int exponent, bool is_power_of_two)
{
	uint32_t up = exponent > 0 ? (uint32_t)exponent : 0;
	uint32_t down = exponent < 0 ? (uint32_t)-exponent : 0;

	natural_set(&remainder->value, significand);
	natural_shift_left(&remainder->value, up + 1 + is_power_of_two);
	natural_set(&remainder->scale, 1);
	natural_shift_left(&remainder->scale, down + 1 + is_power_of_two);
	natural_set(&remainder->low, 1);
	natural_shift_left(&remainder->low, up);
	natural_set(&remainder->high, 1);
	natural_shift_left(&remainder->high, up + is_power_of_two);
	remainder->is_even = (significand & 1) == 0;
}

static void
remainder_multiply_power_of_ten(struct remainder *remainder, uint32_t exponent)
{
	natural_multiply_power_of_ten(&remainder->value, exponent);
	natural_multiply_power_of_ten(&remainder->low, exponent);
	natural_multiply_power_of_ten(&remainder->high, exponent);
}

/* May what remains be rounded up to a whole `scale`? */
static bool
reaches_scale(const struct remainder *remainder)
{
	struct natural sum = remainder->value;
	int order;

	natural_add(&sum, &remainder->high);
	order = natural_compare(&sum, &remainder->scale);
	return remainder->is_even ? order >= 0 : order > 0;
}

/* May it be rounded down to nothing? */
static bool
reaches_zero(const struct remainder *remainder)
{
	int order = natural_compare(&remainder->value, &remainder->low);

	return remainder->is_even ? order <= 0 : order < 0;
}

/* Bring it to less than 1, so that ten times it begins with the first digit. Returns the exponent
 * of that digit. */
static int
remainder_normalise(struct remainder *remainder, int binary_exponent)
{
	int exponent = power_of_ten_below(binary_exponent);

	if (exponent >= 0)
		natural_multiply_power_of_ten(&remainder->scale, (uint32_t)exponent);
	else
		remainder_multiply_power_of_ten(remainder, (uint32_t)-exponent);
	while (reaches_scale(remainder)) {
		natural_multiply_power_of_ten(&remainder->scale, 1);
		exponent++;
	}
	return exponent - 1;
}

static char
next_digit(struct remainder *remainder)
{
	char digit = '0';

	remainder_multiply_power_of_ten(remainder, 1);
	while (natural_compare(&remainder->value, &remainder->scale) >= 0) {
		natural_subtract(&remainder->value, &remainder->scale);
		digit++;
	}
	return digit;
}

static void
write_digits(struct remainder *remainder, struct decimal *decimal)
{
	char *last;
	bool down;
	bool up;
	int order;

	decimal->count = 0;
	do {
		decimal->digits[decimal->count++] = next_digit(remainder);
		down = reaches_zero(remainder);
		up = reaches_scale(remainder);
	} while (!down && !up);
	last = &decimal->digits[decimal->count - 1];
	if (down && up) {
		natural_shift_left(&remainder->value, 1);
		order = natural_compare(&remainder->value, &remainder->scale);
		up = order > 0 || (order == 0 && *last % 2 != 0);
	}
	*last += up;
}

/* 1.25e-07: as the stock tool's library prints it, but without a plus. */
static size_t
put_scientific(const struct decimal *decimal, char *text)
{
	int exponent = decimal->exponent;

	return format_text(text, FLOAT_TEXT_BYTES_MAX - 1, "%c%s%.*se%s%02d", decimal->digits[0],
	    decimal->count > 1 ? "." : "", (int)decimal->count - 1, decimal->digits + 1,
	    exponent < 0 ? "-" : "", exponent < 0 ? -exponent : exponent);
}

/* 0.00125, 12.5 or 12500. */
static size_t
put_plain(const struct decimal *decimal, char *text)
{
	int whole = decimal->exponent + 1;
	size_t length = 0;

	if (whole <= 0) {
		memcpy(text, "0.000", (size_t)(2 - whole));
		length = (size_t)(2 - whole);
	}
	for (int i = 0; i < (int)decimal->count || i < whole; i++) {
		if (i == whole && i > 0)
			text[length++] = '.';
		text[length++] = i < (int)decimal->count ? decimal->digits[i] : '0';
	}
	text[length] = '\0';
	return length;
}

/* The stock tool writes 15 digits (6 of binary32), or all where these are not enough; a number with
 * more places than it has digits is written with an exponent. */
static size_t
put_decimal(const struct float_format *format, const struct decimal *decimal, char *text)
{
	uint32_t few = format->fraction_bits * 301U / 1000;
	uint32_t places = decimal->count <= few ? few : few + 2;

	if (decimal->exponent < -4 || decimal->exponent >= (int)places)
		return put_scientific(decimal, text);
	return put_plain(decimal, text);
}

size_t
float_text_print(const struct float_format *format, uint64_t bits, char text[FLOAT_TEXT_BYTES_MAX])
{
	uint32_t exponent_max = (UINT32_C(1) << format->exponent_bits) - 1;
	uint32_t exponent = (uint32_t)(bits >> format->fraction_bits) & exponent_max;
	uint64_t hidden = UINT64_C(1) << format->fraction_bits;
	uint64_t fraction = bits & (hidden - 1);
	bool is_negative = (bits >> (format->fraction_bits + format->exponent_bits)) & 1;
	uint64_t significand = exponent == 0 ? fraction : fraction | hidden;
	int binary_exponent =
	    (int)(exponent == 0 ? 1 : exponent) - (int)(exponent_max / 2) - format->fraction_bits;
	struct remainder remainder;
	struct decimal decimal;

	if (exponent == exponent_max && fraction != 0)
		return format_text(text, FLOAT_TEXT_BYTES_MAX, "nan");
	if (exponent == exponent_max)
		return format_text(text, FLOAT_TEXT_BYTES_MAX, is_negative ? "-inf" : "inf");
	if (significand == 0)
		return format_text(text, FLOAT_TEXT_BYTES_MAX, is_negative ? "-0.0" : "0");
	if (is_negative)
		text[0] = '-';
	remainder_init(&remainder, significand, binary_exponent, fraction == 0 && exponent > 1);
	decimal.exponent =
	    remainder_normalise(&remainder, binary_exponent + 63 - __builtin_clzll(significand));
	write_digits(&remainder, &decimal);
	return is_negative + put_decimal(format, &decimal, text + is_negative);
}
