/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimal to floating point; see float_text.h. The decimal is a fraction of two natural numbers,
 * which is divided bit by bit; what remains then says how to round.
 */
#include <stdbool.h>
#include <string.h>

#include "float_text.h"
#include "natural.h"

/*
 * No value and no middle between two of them has more significant digits (767). Of what comes
 * behind only whether there is anything matters, for which one more digit stands.
 */
#define DIGITS_MAX 768
/* Beyond these every value is infinite, or zero. */
#define EXPONENT_MAX 310
#define EXPONENT_MIN (-330)
/* More than a text can move the point back by. */
#define EXPONENT_LIMIT (INT64_C(1) << 40)

/* digits * 10^exponent */
struct decimal {
	struct natural digits;
	uint32_t count;
	int64_t exponent;
};

struct scanner {
	const char *text;
	size_t size;
	size_t position;
};

static bool
at_digit(const struct scanner *scanner)
{
	return scanner->position < scanner->size && scanner->text[scanner->position] >= '0' &&
	    scanner->text[scanner->position] <= '9';
}

static bool
take(struct scanner *scanner, const char *alternatives)
{
	if (scanner->position == scanner->size ||
	    memchr(alternatives, scanner->text[scanner->position], strlen(alternatives)) == NULL)
		return false;
	scanner->position++;
	return true;
}

static void
add_digit(struct decimal *decimal, uint32_t digit, bool is_fraction)
{
	if (decimal->count <= DIGITS_MAX && (decimal->count != 0 || digit != 0)) {
		natural_multiply_add(&decimal->digits, 10, digit);
		decimal->count++;
		decimal->exponent -= is_fraction;
		return;
	}
	/* A leading zero, or one of more digits than matter: the last that was kept stands for it.
	 */
	if (decimal->count != 0 && digit != 0 && decimal->digits.words[0] % 2 == 0)
		decimal->digits.words[0]++;
	decimal->exponent += decimal->count != 0 ? !is_fraction : -(int)is_fraction;
}

static void
take_digits(struct scanner *scanner, struct decimal *decimal, bool is_fraction)
{
	for (; at_digit(scanner); scanner->position++)
		add_digit(decimal, (uint32_t)(scanner->text[scanner->position] - '0'), is_fraction);
}

static bool
take_exponent(struct scanner *scanner, struct decimal *decimal)
{
	int64_t exponent = 0;
	bool is_negative;

	if (!take(scanner, "eE"))
		return true;
	is_negative = take(scanner, "-");
	if (!is_negative)
		(void)take(scanner, "+");
	if (!at_digit(scanner))
		return false;
	for (; at_digit(scanner); scanner->position++)
		if (exponent < EXPONENT_LIMIT)
			exponent = exponent * 10 + (scanner->text[scanner->position] - '0');
	decimal->exponent += is_negative ? -exponent : exponent;
	return true;
}

static bool
take_decimal(struct scanner *scanner, struct decimal *decimal)
{
	natural_set(&decimal->digits, 0);
	decimal->count = 0;
	decimal->exponent = 0;
	if (!at_digit(scanner))
		return false;
	take_digits(scanner, decimal, false);
	if (take(scanner, "."))
		take_digits(scanner, decimal, true);
	return take_exponent(scanner, decimal) && scanner->position == scanner->size;
}

/* Shift both so that 1 <= above / below < 2. Returns the exponent of two that was taken out. */
static int
normalise(struct natural *above, struct natural *below)
{
	int exponent = (int)natural_bit_count(above) - (int)natural_bit_count(below);

	if (exponent > 0)
		natural_shift_left(below, (uint32_t)exponent);
	else
		natural_shift_left(above, (uint32_t)-exponent);
	if (natural_compare(above, below) < 0) {
		natural_shift_left(above, 1);
		exponent--;
	}
	return exponent;
}

/* The first bits of above / below, rounded. */
static uint64_t
divide(struct natural *above, const struct natural *below, int bit_count)
{
	uint64_t quotient = 0;
	int order;

	for (int i = 0; i < bit_count; i++) {
		bool is_one = natural_compare(above, below) >= 0;

		if (is_one)
			natural_subtract(above, below);
		quotient = quotient << 1 | is_one;
		natural_shift_left(above, 1);
	}
	order = natural_compare(above, below);
	return quotient + (order > 0 || (order == 0 && (quotient & 1) != 0));
}

/* The bits of above / below, which is not 0. A carry out of the fraction belongs to the exponent.
 */
static uint64_t
encode(const struct float_format *format, struct natural *above, struct natural *below)
{
	int bias = (1 << (format->exponent_bits - 1)) - 1;
	int exponent = normalise(above, below) + bias;
	/* Those below the smallest normal value have fewer bits. */
	int missing = exponent < 1 ? 1 - exponent : 0;
	int bit_count = format->fraction_bits + 1 - missing;
	uint64_t significand;

	if (bit_count < 0)
		return 0;
	significand = divide(above, below, bit_count);
	return missing != 0 ? significand
			    : significand + ((uint64_t)(exponent - 1) << format->fraction_bits);
}

static enum float_text_result
convert(const struct float_format *format, struct decimal *decimal, uint64_t *bits)
{
	uint64_t infinity = ((UINT64_C(1) << format->exponent_bits) - 1) << format->fraction_bits;
	int64_t magnitude = decimal->exponent + decimal->count;
	struct natural below;

	*bits = 0;
	if (decimal->count == 0 || magnitude < EXPONENT_MIN)
		return FLOAT_TEXT_OK;
	if (magnitude > EXPONENT_MAX)
		return FLOAT_TEXT_TOO_LARGE;
	natural_set(&below, 1);
	if (decimal->exponent >= 0)
		natural_multiply_power_of_ten(&decimal->digits, (uint32_t)decimal->exponent);
	else
		natural_multiply_power_of_ten(&below, (uint32_t)-decimal->exponent);
	*bits = encode(format, &decimal->digits, &below);
	return *bits >= infinity ? FLOAT_TEXT_TOO_LARGE : FLOAT_TEXT_OK;
}

static bool
is_rest(const struct scanner *scanner, const char *word)
{
	return scanner->size - scanner->position == strlen(word) &&
	    memcmp(scanner->text + scanner->position, word, strlen(word)) == 0;
}

enum float_text_result
float_text_parse(const struct float_format *format, const char *text, size_t size, uint64_t *bits)
{
	struct scanner scanner = { .text = text, .size = size };
	uint64_t infinity = ((UINT64_C(1) << format->exponent_bits) - 1) << format->fraction_bits;
	bool is_negative = take(&scanner, "-");
	uint64_t magnitude = infinity;
	struct decimal decimal;

	if (is_rest(&scanner, "nan") && !is_negative) {
		magnitude |= UINT64_C(1) << (format->fraction_bits - 1);
	} else if (!is_rest(&scanner, "inf")) {
		enum float_text_result result = take_decimal(&scanner, &decimal)
		    ? convert(format, &decimal, &magnitude)
		    : FLOAT_TEXT_NO_NUMBER;

		if (result != FLOAT_TEXT_OK)
			return result;
	}
	*bits =
	    magnitude | (uint64_t)is_negative << (format->fraction_bits + format->exponent_bits);
	return FLOAT_TEXT_OK;
}
