/* SPDX-License-Identifier: Apache-2.0 */
/* Formatting is what the C library's snprintf does, for the part of it that is there. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/test.h"
#include "format.h"

/* Both results of one format, with room to spare. */
#define CHECK_SAME(...)                                                                            \
	do {                                                                                       \
		char ours[128], theirs[128];                                                       \
		size_t length = format_text(ours, sizeof(ours), __VA_ARGS__);                      \
		int expected = snprintf(theirs, sizeof(theirs), __VA_ARGS__);                      \
		CHECK_STR(ours, theirs);                                                           \
		CHECK_EQ(length, expected);                                                        \
	} while (0)

TEST(integers_are_printed_as_the_c_library_does)
{
	static const int values[] = { 0, 1, -1, 9, 10, -10, 99999, INT32_MAX, INT32_MIN };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		CHECK_SAME(
		    "%d|%5d|%-5d|%05d|%1d", values[i], values[i], values[i], values[i], values[i]);
		CHECK_SAME("%u|%x|%08x|%-12u|", (unsigned)values[i], (unsigned)values[i],
		    (unsigned)values[i], (unsigned)values[i]);
	}
}

TEST(wide_integers_keep_all_their_bits)
{
	CHECK_SAME("%lld %lld %llu", (long long)INT64_MAX, (long long)INT64_MIN,
	    (unsigned long long)UINT64_MAX);
	CHECK_SAME(
	    "%llx %lx %zu %ld", (unsigned long long)UINT64_MAX, 0x123456789abcdefUL, SIZE_MAX, -1L);
	CHECK_SAME("%016llx|%20lld|%-20lld|", 0xfffULL, -5LL, -5LL);
}

TEST(a_negative_number_among_zeros_keeps_its_width)
{
	CHECK_SAME("%05d", -5);
	CHECK_SAME("%02d", -5);
	CHECK_SAME("%03d", -12345);
}

TEST(text_is_padded_and_cut)
{
	CHECK_SAME("%s|%6s|%-6s|%2s|", "abc", "abc", "abc", "abc");
	CHECK_SAME("%.2s|%.*s|%.0s|%6.1s|", "abc", 1, "abc", "abc", "abc");
	CHECK_SAME("%c%c|%3c|%-3c|", 'a', 'b', 'c', 'd');
	CHECK_SAME("100%%|%*d|", 6, 7);
}

TEST(a_text_without_an_end_is_read_no_further_than_its_precision)
{
	const char bytes[3] = { 'a', 'b', 'c' };
	char text[8];

	CHECK_EQ(format_text(text, sizeof(text), "%.*s", 3, bytes), 3);
	CHECK_STR(text, "abc");
}

TEST(a_missing_text_is_told)
{
	const char *volatile nothing = NULL;
	char text[16];

	format_text(text, sizeof(text), "%s", nothing);
	CHECK_STR(text, "(null)");
}

TEST(nothing_is_written_beyond_the_buffer)
{
	for (size_t room = 0; room < 12; room++) {
		char text[16];
		size_t expected = room == 0 ? 0 : room - 1 < 10 ? room - 1 : 10;

		memset(text, '#', sizeof(text));
		CHECK_EQ(format_text(text, room, "%05d%s", 12345, "abcde"), expected);
		if (room > 0) {
			CHECK_MEMORY(text, "12345abcde", expected);
			CHECK_EQ(text[expected], '\0');
		}
		for (size_t i = room; i < sizeof(text); i++)
			CHECK_EQ(text[i], '#');
	}
}

TEST(a_format_that_ends_in_the_middle_ends_the_text)
{
	const char *volatile format = "ab%5";
	char text[16];

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wformat-nonliteral"
#pragma clang diagnostic ignored "-Wformat-security"
	CHECK_EQ(format_text(text, sizeof(text), format), 2);
#pragma clang diagnostic pop
	CHECK_STR(text, "ab");
}
