/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory functions of the freestanding builds, under other names beside the C library's, which
 * say what is right. memcpy and memset use instructions that the sanitizers do not see: guard bytes
 * stand around every buffer.
 */
#include <stdlib.h>
#include <string.h>

#include "base/test.h"

#define memcpy core_memcpy
#define memmove core_memmove
#define memset core_memset
#define memcmp core_memcmp
#define memchr core_memchr
#define strlen core_strlen
#define strcmp core_strcmp
#define strstr core_strstr
#pragma clang diagnostic ignored "-Wbuiltin-macro-redefined"
#pragma clang diagnostic ignored "-Wkeyword-macro"
#undef __STDC_HOSTED__
#define __STDC_HOSTED__ 0
#include "memory.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strcmp
#undef strstr

#define BYTES 64

static void
fill(uint8_t bytes[BYTES])
{
	for (size_t i = 0; i < BYTES; i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
}

static int
sign(int value)
{
	return (value > 0) - (value < 0);
}

TEST(copies_are_exact_at_every_offset_and_length)
{
	for (size_t from = 0; from < 9; from++) {
		for (size_t length = 0; length <= 40; length++) {
			uint8_t source[BYTES], ours[BYTES] = { 0 }, theirs[BYTES] = { 0 };

			fill(source);
			CHECK_EQ(core_memcpy(ours + 9, source + from, length), ours + 9);
			memcpy(theirs + 9, source + from, length);
			CHECK_MEMORY(ours, theirs, BYTES);
		}
	}
}

TEST(moves_within_a_buffer_keep_what_they_move)
{
	for (size_t from = 0; from < 20; from++) {
		for (size_t to = 0; to < 20; to++) {
			uint8_t ours[BYTES], theirs[BYTES];

			fill(ours);
			fill(theirs);
			CHECK_EQ(core_memmove(ours + to, ours + from, 33), ours + to);
			memmove(theirs + to, theirs + from, 33);
			CHECK_MEMORY(ours, theirs, BYTES);
		}
	}
}

TEST(fills_are_exact_at_every_length)
{
	for (size_t length = 0; length <= 40; length++) {
		uint8_t ours[BYTES], theirs[BYTES];

		fill(ours);
		fill(theirs);
		CHECK_EQ(core_memset(ours + 3, 0x1a5, length), ours + 3);
		memset(theirs + 3, 0x1a5, length);
		CHECK_MEMORY(ours, theirs, BYTES);
	}
}

TEST(comparisons_have_the_sign_of_the_first_difference)
{
	static const char *const texts[] = { "", "a", "ab", "abc", "abd", "b", "\xff", "a\xff" };
	size_t count = sizeof(texts) / sizeof(texts[0]);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			CHECK_EQ(sign(core_strcmp(texts[i], texts[j])),
			    sign(strcmp(texts[i], texts[j])));
	CHECK_EQ(core_memcmp("abx", "aby", 2), 0);
	CHECK(core_memcmp("ab\xff", "ab\x01", 3) > 0);
	CHECK(core_memcmp("a", "b", 1) < 0);
}

TEST(searches_find_the_first_place_or_none)
{
	const char *text = "one two one";

	CHECK_EQ(core_strlen(""), 0);
	CHECK_EQ(core_strlen(text), 11);
	CHECK_EQ(core_memchr(text, 'o', 11), text);
	CHECK_EQ(core_memchr(text, 'w', 11), text + 5);
	CHECK_EQ(core_memchr(text, 'w', 5), NULL);
	CHECK_EQ(core_strstr(text, "one"), text);
	CHECK_EQ(core_strstr(text, "two"), text + 4);
	CHECK_EQ(core_strstr(text, "one "), text);
	CHECK_EQ(core_strstr(text, "ones"), NULL);
	CHECK_EQ(core_strstr(text, ""), text);
	CHECK_EQ(core_strstr("", "a"), NULL);
}
