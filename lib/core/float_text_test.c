/* SPDX-License-Identifier: Apache-2.0 */
/* Floating point as text and back, against the host's library and at the edges of both formats. */
#include "float_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"

/* A million together. */
#define RANDOM_DOUBLES 250000
#define RANDOM_FLOATS 750000
#define ORACLE_COUNT 50000

static uint64_t seed;

/* splitmix64 */
static uint64_t
random_next(void)
{
	uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static bool
is_double(const struct float_format *format)
{
	return format == &float_binary64;
}

static uint64_t
random_bits(const struct float_format *format)
{
	return is_double(format) ? random_next() : random_next() >> 32;
}

static double
value_of(const struct float_format *format, uint64_t bits)
{
	uint32_t low = (uint32_t)bits;
	double wide;
	float narrow;

	memcpy(&wide, &bits, sizeof(wide));
	memcpy(&narrow, &low, sizeof(narrow));
	return is_double(format) ? wide : (double)narrow;
}

/* What the host's library reads. */
static uint64_t
host_bits(const struct float_format *format, const char *text)
{
	double wide = strtod(text, NULL);
	float narrow = strtof(text, NULL);
	uint64_t bits = 0;

	memcpy(&bits, is_double(format) ? (void *)&wide : (void *)&narrow,
	    is_double(format) ? sizeof(wide) : sizeof(narrow));
	return bits;
}

/* What reads back as it is: any nan is one of them. */
static uint64_t
canonical_bits(const struct float_format *format, uint64_t bits)
{
	if (!isnan(value_of(format, bits)))
		return bits;
	return is_double(format) ? UINT64_C(0x7ff8000000000000) : UINT64_C(0x7fc00000);
}

static uint64_t
parsed(const struct float_format *format, const char *text)
{
	uint64_t bits = UINT64_MAX;

	if (float_text_parse(format, text, strlen(text), &bits) != FLOAT_TEXT_OK)
		fail_msg("`%s` was not read", text);
	return bits;
}

static void
check_same_as_host(const struct float_format *format, const char *text)
{
	uint64_t expected = host_bits(format, text);
	uint64_t bits = 0x5a;

	if (isinf(value_of(format, expected))) {
		CHECK_EQ(float_text_parse(format, text, strlen(text), &bits), FLOAT_TEXT_TOO_LARGE);
		CHECK_EQ(bits, 0x5a);
	} else if (parsed(format, text) != expected) {
		fail_msg("`%s` is %llx, not %llx", text, (unsigned long long)parsed(format, text),
		    (unsigned long long)expected);
	}
}

static void
check_comes_back(const struct float_format *format, uint64_t bits)
{
	char text[FLOAT_TEXT_BYTES_MAX];
	size_t length = float_text_print(format, bits, text);

	CHECK_EQ(length, strlen(text));
	if (parsed(format, text) != canonical_bits(format, bits))
		fail_msg("%llx is printed as `%s`", (unsigned long long)bits, text);
}

static void
check_random_come_back(const struct float_format *format, uint32_t count)
{
	seed = 1;
	for (uint32_t i = 0; i < count; i++)
		check_comes_back(format, random_bits(format));
}

TEST(random_doubles_come_back_bit_for_bit)
{
	check_random_come_back(&float_binary64, RANDOM_DOUBLES);
}

TEST(random_floats_come_back_bit_for_bit)
{
	check_random_come_back(&float_binary32, RANDOM_FLOATS);
}

/* Around each power of two the distance between values changes. */
TEST(neighbours_of_powers_of_two_come_back)
{
	for (uint64_t exponent = 0; exponent < 2047; exponent++)
		for (uint64_t i = 0; i < 5; i++)
			check_comes_back(&float_binary64, (exponent << 52) + i - 2);
	for (uint64_t exponent = 0; exponent < 255; exponent++)
		for (uint64_t i = 0; i < 5; i++)
			check_comes_back(&float_binary32, ((exponent << 23) + i - 2) & UINT32_MAX);
}

TEST(the_smallest_and_the_largest_values_come_back)
{
	for (uint64_t bits = 0; bits < 2000; bits++) {
		check_comes_back(&float_binary64, bits);
		check_comes_back(&float_binary32, bits);
		check_comes_back(&float_binary64, UINT64_C(0xfff0000000000000) - bits);
		check_comes_back(&float_binary32, UINT64_C(0xff800000) - bits);
	}
}

struct printed {
	uint64_t bits;
	const char *text;
};

static const struct printed doubles[] = {
	{ 0, "0" },
	{ UINT64_C(0x8000000000000000), "-0.0" },
	{ 1, "5e-324" },
	{ 3, "1.5e-323" },
	{ UINT64_C(0x000fffffffffffff), "2.225073858507201e-308" },
	{ UINT64_C(0x0010000000000000), "2.2250738585072014e-308" },
	{ UINT64_C(0x7fefffffffffffff), "1.7976931348623157e308" },
	{ UINT64_C(0xffefffffffffffff), "-1.7976931348623157e308" },
	{ UINT64_C(0x7ff0000000000000), "inf" },
	{ UINT64_C(0xfff0000000000000), "-inf" },
	{ UINT64_C(0x7ff8000000000000), "nan" },
	{ UINT64_C(0xfff0000000000001), "nan" },
	{ UINT64_C(0x3ff0000000000000), "1" },
	{ UINT64_C(0xbff8000000000000), "-1.5" },
	{ UINT64_C(0x3fb999999999999a), "0.1" },
	{ UINT64_C(0x3fd3333333333334), "0.30000000000000004" },
	{ UINT64_C(0x40c3880000000000), "10000" },
	{ UINT64_C(0x40c3880200000000), "10000.015625" },
	{ UINT64_C(0x42d6bcc41e900000), "100000000000000" },
	{ UINT64_C(0x430c6bf526340000), "1e15" },
	{ UINT64_C(0x4340000000000000), "9007199254740992" },
	{ UINT64_C(0x44b52d02c7e14af6), "1e23" },
	{ UINT64_C(0x44b52d02c7e14af7), "1.0000000000000001e23" },
	{ UINT64_C(0x3f1a36e2eb1c432d), "0.0001" },
	{ UINT64_C(0x3ee4f8b588e368f1), "1e-05" },
	/* Below a power of two, where the shortest is not the nearest. */
	{ UINT64_C(0x3d30000000000000), "5.684341886080802e-14" },
};

static const struct printed floats[] = {
	{ 0, "0" },
	{ UINT64_C(0x80000000), "-0.0" },
	{ 1, "1e-45" },
	{ UINT64_C(0x007fffff), "1.1754942e-38" },
	{ UINT64_C(0x00800000), "1.1754944e-38" },
	{ UINT64_C(0x7f7fffff), "3.4028235e38" },
	{ UINT64_C(0x7f800000), "inf" },
	{ UINT64_C(0xff800000), "-inf" },
	{ UINT64_C(0xffc00001), "nan" },
	{ UINT64_C(0x3dcccccd), "0.1" },
	{ UINT64_C(0x4b800000), "16777216" },
	{ UINT64_C(0x501502f9), "1e10" },
	{ UINT64_C(0xc4b98a00), "-1484.3125" },
};

TEST(known_values_are_printed_as_they_should_be)
{
	char text[FLOAT_TEXT_BYTES_MAX];

	for (size_t i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++) {
		(void)float_text_print(&float_binary64, doubles[i].bits, text);
		CHECK_STR(text, doubles[i].text);
	}
	for (size_t i = 0; i < sizeof(floats) / sizeof(floats[0]); i++) {
		(void)float_text_print(&float_binary32, floats[i].bits, text);
		CHECK_STR(text, floats[i].text);
	}
}

/* The stock tool: 15 digits (6 of a float) if these are enough, no plus in the exponent. */
static void
stock_text(const struct float_format *format, uint64_t bits, char *text)
{
	char *plus;

	snprintf(
	    text, FLOAT_TEXT_BYTES_MAX, "%.*g", is_double(format) ? 15 : 6, value_of(format, bits));
	plus = strchr(text, '+');
	if (plus != NULL)
		memmove(plus, plus + 1, strlen(plus));
}

TEST(where_the_stock_tool_needs_few_digits_its_text_is_ours)
{
	uint32_t same = 0;

	seed = 2;
	for (uint32_t i = 0; i < ORACLE_COUNT; i++) {
		const struct float_format *format = i % 2 == 0 ? &float_binary64 : &float_binary32;
		char expected[FLOAT_TEXT_BYTES_MAX];
		char text[FLOAT_TEXT_BYTES_MAX];
		uint64_t bits;

		snprintf(text, sizeof(text), "%de%d", (int)(random_next() % 2000000) - 1000000,
		    (int)(random_next() % 60) - 40);
		bits = host_bits(format, text);
		stock_text(format, bits, expected);
		if (host_bits(format, expected) != bits || value_of(format, bits) == 0)
			continue;
		(void)float_text_print(format, bits, text);
		CHECK_STR(text, expected);
		same++;
	}
	CHECK(same > ORACLE_COUNT * 3 / 4);
}

/* The digits of a number, without sign, point, exponent and zeros around them. */
static void
digits_of(const char *text, char *digits)
{
	size_t count = 0;

	for (; *text != '\0' && *text != 'e'; text++)
		if (*text >= '0' && *text <= '9' && (*text != '0' || count != 0))
			digits[count++] = *text;
	while (count > 0 && digits[count - 1] == '0')
		count--;
	digits[count] = '\0';
}

TEST(no_shorter_decimal_is_the_same_value)
{
	seed = 3;
	for (uint32_t i = 0; i < ORACLE_COUNT; i++) {
		const struct float_format *format = i % 2 == 0 ? &float_binary64 : &float_binary32;
		uint64_t bits = random_bits(format);
		char text[FLOAT_TEXT_BYTES_MAX];
		char shorter[64];
		char digits[64];
		int count;

		if (!isfinite(value_of(format, bits)) || value_of(format, bits) == 0)
			continue;
		(void)float_text_print(format, bits, text);
		digits_of(text, digits);
		count = (int)strlen(digits);
		CHECK(count >= 1 && count <= (is_double(format) ? 17 : 9));
		if (count == 1)
			continue;
		snprintf(shorter, sizeof(shorter), "%.*e", count - 2, value_of(format, bits));
		CHECK_NE(host_bits(format, shorter), bits);
	}
}

TEST(of_the_shortest_decimals_the_nearest_is_printed)
{
	uint32_t same = 0;

	seed = 4;
	for (uint32_t i = 0; i < ORACLE_COUNT; i++) {
		uint64_t bits = random_bits(&float_binary64);
		double value = value_of(&float_binary64, bits);
		char text[FLOAT_TEXT_BYTES_MAX];
		char digits[2][64];
		char nearest[64];

		if (!isfinite(value) || value == 0)
			continue;
		(void)float_text_print(&float_binary64, bits, text);
		digits_of(text, digits[0]);
		snprintf(nearest, sizeof(nearest), "%.*e", (int)strlen(digits[0]) - 1, value);
		digits_of(nearest, digits[1]);
		if (host_bits(&float_binary64, nearest) != bits)
			continue;
		CHECK_STR(digits[0], digits[1]);
		same++;
	}
	CHECK(same > ORACLE_COUNT * 9 / 10);
}

static const char *const hard_texts[] = {
	"0",
	"0e999999999999999999999",
	"0.000e-5",
	"1",
	"1.",
	"1.e5",
	"007",
	"1e+5",
	"1E5",
	"9007199254740993",
	"9007199254740993.0000000000000000000000000000000000000000000000000000000001",
	"9007199254740991.5",
	"9007199254740994.9999999999999999999999999",
	"2.2250738585072011e-308",
	"2.2250738585072012e-308",
	"2.2250738585072014e-308",
	"2.4703282292062327e-324",
	"2.4703282292062328e-324",
	"7.4109846876186981e-324",
	"7.4109846876186982e-324",
	"4.9406564584124654e-324",
	"1e23",
	"8.5e22",
	"1.7976931348623157e308",
	"1.7976931348623158e308",
	"1.7976931348623159e308",
	"179769313486231580793e289",
	"1.8e308",
	"1e309",
	"1e99999999999999999999999999",
	"1e-99999999999999999999999999",
	"1e-400",
	"1e-330",
	"3.4028235e38",
	"3.40282356e38",
	"3.40282357e38",
	"7.0064923216240853e-46",
	"7.0064923216240854e-46",
	"1.17549429e-38",
	"16777217",
	"16777217.0000000000001",
	"16777219",
	"0.1e-1000000000000000000",
	"6.631236871469758276785396630275967242469e-316",
};

TEST(hard_decimals_are_read_as_the_host_reads_them)
{
	for (size_t i = 0; i < sizeof(hard_texts) / sizeof(hard_texts[0]); i++) {
		check_same_as_host(&float_binary64, hard_texts[i]);
		check_same_as_host(&float_binary32, hard_texts[i]);
	}
}

TEST(random_decimals_are_read_as_the_host_reads_them)
{
	static const int spans[] = { 10, 50, 340, 400 };

	seed = 5;
	for (uint32_t i = 0; i < ORACLE_COUNT; i++) {
		int span = spans[random_next() % 4];
		uint64_t digits = random_next() >> (random_next() % 64);
		char text[96];

		snprintf(text, sizeof(text), "%s%llu.%llue%d", i % 3 == 0 ? "-" : "",
		    (unsigned long long)digits, (unsigned long long)random_next(),
		    (int)(random_next() % (2 * (uint64_t)span)) - span);
		check_same_as_host(&float_binary64, text);
		check_same_as_host(&float_binary32, text);
	}
}

/* The middle of two neighbours goes to the even one; the least bit more, however far behind, does
 * not. */
TEST(middles_are_read_as_the_host_reads_them)
{
	seed = 6;
	for (uint32_t i = 0; i < ORACLE_COUNT / 10; i++) {
		uint64_t bits = random_next() >> (1 + random_next() % 40);
		double value = value_of(&float_binary64, bits);
		double next = value_of(&float_binary64, bits + 1);
		static char text[1400];
		char *exponent;

		if (!isfinite(next))
			continue;
		/* Exact: the host's long double has more bits than are needed. */
		snprintf(text, 1100, "%.780Le", ((long double)value + (long double)next) / 2);
		check_same_as_host(&float_binary64, text);
		exponent = strchr(text, 'e');
		memmove(exponent + 200, exponent, strlen(exponent) + 1);
		memset(exponent, '0', 199);
		exponent[199] = '1';
		check_same_as_host(&float_binary64, text);
	}
}

TEST(a_long_text_is_read_to_its_end)
{
	static char text[100100];

	memset(text, '0', sizeof(text));
	memcpy(text, "0.", 2);
	memcpy(text + 100000, "15e100000", 10);
	CHECK_EQ(parsed(&float_binary64, text), host_bits(&float_binary64, "15"));
	memset(text, '9', 100000);
	memcpy(text + 100000, "e-100000", 9);
	CHECK_EQ(parsed(&float_binary64, text), host_bits(&float_binary64, "1"));
	memset(text, '0', 100000);
	text[0] = '1';
	memcpy(text + 100000, "e-99999", 8);
	CHECK_EQ(parsed(&float_binary32, text), host_bits(&float_binary32, "1"));
}

TEST(infinite_values_and_nan_are_words)
{
	CHECK_EQ(parsed(&float_binary64, "inf"), UINT64_C(0x7ff0000000000000));
	CHECK_EQ(parsed(&float_binary64, "-inf"), UINT64_C(0xfff0000000000000));
	CHECK_EQ(parsed(&float_binary64, "nan"), UINT64_C(0x7ff8000000000000));
	CHECK_EQ(parsed(&float_binary32, "inf"), UINT64_C(0x7f800000));
	CHECK_EQ(parsed(&float_binary32, "-inf"), UINT64_C(0xff800000));
	CHECK_EQ(parsed(&float_binary32, "nan"), UINT64_C(0x7fc00000));
	CHECK_EQ(parsed(&float_binary64, "-0"), UINT64_C(0x8000000000000000));
}

TEST(what_is_no_number_is_refused_and_nothing_is_written)
{
	static const char *const texts[] = { "", "-", ".", ".5", "-.5", "e5", "1e", "1e-", "1e+",
		"1e+-5", "1ee5", "1.2.3", "1,5", " 1", "1 ", "+1", "--1", "0x10", "1f", "in",
		"infx", "Inf", "infinity", "-nan", "nanx", "NaN", "1_000", "1e5.0", "\xff" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint64_t bits = 0x5a;

		if (float_text_parse(&float_binary64, texts[i], strlen(texts[i]), &bits) !=
		    FLOAT_TEXT_NO_NUMBER)
			fail_msg("`%s` was taken", texts[i]);
		CHECK_EQ(bits, 0x5a);
	}
}
