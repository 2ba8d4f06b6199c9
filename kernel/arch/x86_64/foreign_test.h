/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Physical memory for tests of what firmware and loaders leave: a small range of it holds bytes of
 * the test's, the rest is out of reach. Whatever is mapped is a copy of exactly the size that was
 * asked for, so that the address sanitizer sees a look beyond it.
 */
#include <string.h>

#include "base/types.h"

#define FOREIGN_BASE UINT64_C(0x8000)
#define FOREIGN_BYTES 0x4000
#define FOREIGN_MAPS_MAX 8192

static uint8_t foreign[FOREIGN_BYTES];
static void *foreign_maps[FOREIGN_MAPS_MAX];
static uint32_t foreign_map_count;
static uint64_t foreign_random = 1;

static inline const void *
foreign_map(paddr_t address, uint64_t bytes)
{
	void *copy;

	if (address < FOREIGN_BASE || bytes > FOREIGN_BYTES ||
	    address - FOREIGN_BASE > FOREIGN_BYTES - bytes || foreign_map_count == FOREIGN_MAPS_MAX)
		return NULL;
	copy = __builtin_malloc(bytes == 0 ? 1 : bytes);
	if (copy == NULL)
		__builtin_trap();
	memcpy(copy, foreign + (address - FOREIGN_BASE), bytes);
	foreign_maps[foreign_map_count++] = copy;
	return copy;
}

/* At the end of each test. */
static inline void
foreign_unmap(void)
{
	while (foreign_map_count != 0)
		__builtin_free(foreign_maps[--foreign_map_count]);
}

static inline void
foreign_put(paddr_t address, uint64_t value, size_t bytes)
{
	memcpy(foreign + (address - FOREIGN_BASE), &value, bytes);
}

static inline uint64_t
foreign_next(void)
{
	foreign_random ^= foreign_random << 13;
	foreign_random ^= foreign_random >> 7;
	foreign_random ^= foreign_random << 17;
	return foreign_random;
}

/* Change up to four bytes of [start, start + bytes), with a liking for zero and all ones. */
static inline void
foreign_damage(paddr_t start, uint32_t bytes)
{
	static const uint8_t liked[] = { 0, 0xff, 0x7f, 0x80, 1 };

	for (uint64_t count = foreign_next() % 4 + 1; count > 0; count--) {
		uint64_t at = foreign_next() % bytes;
		uint64_t choice = foreign_next() % 10;

		foreign_put(
		    start + at, choice < sizeof(liked) ? liked[choice] : foreign_next() & 0xff, 1);
	}
}
