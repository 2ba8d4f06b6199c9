/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Floating point as decimal text and back, exact in both directions. Values are the bits of IEEE
 * 754 binary32 or binary64; no register of floating point is used, nothing is allocated. Both take
 * up to 3 KiB of stack, and are never inlined: who prints and reads messages calls itself.
 */
#include <stddef.h>
#include <stdint.h>

struct float_format {
	uint8_t fraction_bits; /* without the leading one, which is not stored */
	uint8_t exponent_bits;
};

extern const struct float_format float_binary32;
extern const struct float_format float_binary64;

/* The longest is -1.7976931348623157e-308 and the like. */
#define FLOAT_TEXT_BYTES_MAX 32

enum float_text_result {
	FLOAT_TEXT_OK,
	FLOAT_TEXT_NO_NUMBER,
	FLOAT_TEXT_TOO_LARGE, /* rounds to more than the largest finite value */
};

/**
 * float_text_print - the shortest decimal that reads back as the same bits.
 * @text: NUL-terminated
 *
 * Laid out as the stock tool does: `0.1`, `1e-05`, `1.5e16`, `inf`, `-inf`, `nan` (any: what else
 * its bits say has no text). Negative zero is `-0.0`, for the stock tool reads `-0` as an integer.
 * Returns: the length, without the NUL.
 */
__attribute__((noinline)) size_t float_text_print(
    const struct float_format *format, uint64_t bits, char text[FLOAT_TEXT_BYTES_MAX]);

/**
 * float_text_parse - the nearest value of a decimal of any length; ties go to the even one.
 * @text: all of it is the number: `-1`, `0.5`, `1.`, `2e-7`, `inf`, `-inf`, `nan`; a digit comes
 *        before the point
 * @bits: written only on FLOAT_TEXT_OK
 */
__attribute__((noinline)) enum float_text_result
float_text_parse(const struct float_format *format, const char *text, size_t size, uint64_t *bits);
