/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as they are typed: what is read is what the host's library reads, bit for bit, in both
 * formats; printed, it reads back as the same bits.
 */
#include <core/float_text.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define TEXT_BYTES_MAX 65536

static bool
is_double(const struct float_format *format)
{
	return format == &float_binary64;
}

/* What the host's library makes of it; false if it does not take all of the text. */
static bool
host_parse(const struct float_format *format, const char *text, uint64_t *bits, bool *is_infinite)
{
	char *end;
	double wide = is_double(format) ? strtod(text, &end) : 0;
	float narrow = is_double(format) ? 0 : strtof(text, &end);

	*bits = 0;
	memcpy(bits, is_double(format) ? (void *)&wide : (void *)&narrow,
	    is_double(format) ? sizeof(wide) : sizeof(narrow));
	*is_infinite = is_double(format) ? isinf(wide) : isinf(narrow);
	return *end == '\0' && end != text;
}

/* Of the host's forms these are ours too. */
static bool
is_decimal(const char *text, size_t size)
{
	const char *first = text + (*text == '-');

	return *first >= '0' && *first <= '9' && strspn(text, "0123456789.eE+-") == size;
}

static void
check(const struct float_format *format, const char *text, size_t size)
{
	uint64_t untouched = UINT64_C(0x5a5a5a5a5a5a5a5a);
	uint64_t bits = untouched;
	enum float_text_result result = float_text_parse(format, text, size, &bits);
	char printed[FLOAT_TEXT_BYTES_MAX];
	uint64_t expected;
	uint64_t again;
	bool is_infinite;
	bool is_whole;

	if (strlen(text) != size) {
		fuzz_require(result == FLOAT_TEXT_NO_NUMBER);
		return;
	}
	is_whole = host_parse(format, text, &expected, &is_infinite);
	if (is_decimal(text, size) && is_whole)
		fuzz_require(result == (is_infinite ? FLOAT_TEXT_TOO_LARGE : FLOAT_TEXT_OK));
	if (result != FLOAT_TEXT_OK) {
		fuzz_require(bits == untouched);
		return;
	}
	fuzz_require(is_whole && bits == expected);
	fuzz_require(float_text_print(format, bits, printed) == strlen(printed));
	fuzz_require(float_text_parse(format, printed, strlen(printed), &again) == FLOAT_TEXT_OK);
	fuzz_require(again == bits);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[TEXT_BYTES_MAX + 1];

	if (size > TEXT_BYTES_MAX)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check(&float_binary64, text, size);
	check(&float_binary32, text, size);
	return 0;
}
