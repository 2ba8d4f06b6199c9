/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the model believes to stand in a process's memory: its data pages and the message area of
 * its ring. The lower half of each is for what a process sends, the upper half for what it gets, so
 * that a message never overlaps its own copy.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/sim/world.h"

#define MEMORY_DATA_BYTES (WORLD_DATA_PAGES * PAGE_BYTES)
#define MEMORY_MESSAGE_OFFSET UINT64_C(2176) /* of the message area in the ring's page */
#define MEMORY_MESSAGE_BYTES (PAGE_BYTES - MEMORY_MESSAGE_OFFSET)

struct memory {
	uint8_t data[MEMORY_DATA_BYTES];
	uint8_t message[MEMORY_MESSAGE_BYTES];
};

/* The address map of every process of world.h: is each byte there, with the access that is needed?
 */
bool memory_is_readable(uint64_t address, uint64_t bytes);
bool memory_is_writable(uint64_t address, uint64_t bytes);

/* Wholly in the ring's message area. */
bool memory_is_in_ring(uint64_t address, uint64_t bytes);

/* The byte at an address that the model follows, or NULL. */
uint8_t *memory_at(struct memory *memory, uint64_t address);
/* Readable bytes; those of pages that nobody can write are zero. */
void memory_read(struct memory *memory, uint64_t address, void *to, size_t bytes);
/* Writable bytes. */
void memory_write(struct memory *memory, uint64_t address, const void *from, size_t bytes);
