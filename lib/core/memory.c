/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory and string functions of the freestanding builds. Long runs use the processor's string
 * instructions in words of 8 bytes: fewer instructions, and no vector registers, which the kernel
 * may not touch.
 */
#include <stdint.h>

#include "string.h"

#if defined(__STDC_HOSTED__) && __STDC_HOSTED__ == 0

void *
memcpy(void *restrict to, const void *restrict from, size_t byte_count)
{
	uint8_t *t = to;
	const uint8_t *f = from;
	size_t words = byte_count / 8;
	size_t rest = byte_count % 8;

	__asm__ volatile("rep movsq" : "+D"(t), "+S"(f), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(t), "+S"(f), "+c"(rest) : : "memory");
	return to;
}

void *
memmove(void *to, const void *from, size_t byte_count)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if (t <= f || t >= f + byte_count)
		return memcpy(to, from, byte_count);
	while (byte_count-- > 0) {
		t[byte_count] = f[byte_count];
		__asm__ volatile("" : : : "memory"); /* not to be turned into a call of memmove */
	}
	return to;
}

void *
memset(void *to, int value, size_t byte_count)
{
	uint8_t *t = to;
	uint64_t pattern = (uint8_t)value * UINT64_C(0x0101010101010101);
	size_t words = byte_count / 8;
	size_t rest = byte_count % 8;

	__asm__ volatile("rep stosq" : "+D"(t), "+c"(words) : "a"(pattern) : "memory");
	__asm__ volatile("rep stosb" : "+D"(t), "+c"(rest) : "a"(pattern) : "memory");
	return to;
}

int
memcmp(const void *one, const void *other, size_t byte_count)
{
	const uint8_t *a = one;
	const uint8_t *b = other;

	for (size_t i = 0; i < byte_count; i++)
		if (a[i] != b[i])
			return a[i] - b[i];
	return 0;
}

void *
memchr(const void *bytes, int value, size_t byte_count)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < byte_count; i++)
		if (b[i] == (uint8_t)value)
			return (void *)(uintptr_t)(b + i);
	return NULL;
}

size_t
strlen(const char *string)
{
	const char *behind = string;
	size_t left = SIZE_MAX;

	__asm__ volatile("repne scasb" : "+D"(behind), "+c"(left) : "a"(0) : "cc", "memory");
	return (size_t)(behind - string) - 1;
}

int
strcmp(const char *one, const char *other)
{
	while (*one != '\0' && *one == *other) {
		one++;
		other++;
	}
	return (uint8_t)*one - (uint8_t)*other;
}

char *
strstr(const char *text, const char *part)
{
	size_t length = strlen(part);

	for (; *text != '\0'; text++)
		if (memcmp(text, part, length) == 0)
			return (char *)(uintptr_t)text;
	return length == 0 ? (char *)(uintptr_t)text : NULL;
}

#endif
