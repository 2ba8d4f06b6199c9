/* SPDX-License-Identifier: Apache-2.0 */
/* The address map of a simulated process, and its shadow: see memory.h. */
#include "memory.h"

#include <abi/start.h>
#include <string.h>

struct range {
	uint64_t first;
	uint64_t end;
	bool writable;
};

static const struct range map[] = {
	{ WORLD_DATA, WORLD_READ_ONLY, true },
	{ WORLD_READ_ONLY, WORLD_READ_ONLY + PAGE_BYTES, false },
	{ USER_STACK_TOP - USER_STACK_BYTES_DEFAULT, USER_STACK_TOP, true },
	{ USER_RING_ADDRESS, USER_RING_ADDRESS + PAGE_BYTES, true },
	{ USER_CAPSET_ADDRESS, USER_CAPSET_ADDRESS + PAGE_BYTES, false },
};

static const struct range *
range_of(uint64_t address)
{
	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++)
		if (address >= map[i].first && address < map[i].end)
			return &map[i];
	return NULL;
}

static bool
is_there(uint64_t address, uint64_t bytes, bool writes)
{
	if (bytes == 0)
		return true;
	if (address + bytes < address)
		return false;
	for (uint64_t at = address; at < address + bytes;) {
		const struct range *range = range_of(at);

		if (range == NULL || (writes && !range->writable))
			return false;
		at = range->end;
	}
	return true;
}

bool
memory_is_readable(uint64_t address, uint64_t bytes)
{
	return is_there(address, bytes, false);
}

bool
memory_is_writable(uint64_t address, uint64_t bytes)
{
	return is_there(address, bytes, true);
}

bool
memory_is_in_ring(uint64_t address, uint64_t bytes)
{
	uint64_t message = USER_RING_ADDRESS + MEMORY_MESSAGE_OFFSET;

	return address >= message && address + bytes <= message + MEMORY_MESSAGE_BYTES;
}

uint8_t *
memory_at(struct memory *memory, uint64_t address)
{
	uint64_t message = USER_RING_ADDRESS + MEMORY_MESSAGE_OFFSET;

	if (address >= WORLD_DATA && address < WORLD_DATA + MEMORY_DATA_BYTES)
		return &memory->data[address - WORLD_DATA];
	if (address >= message && address < message + MEMORY_MESSAGE_BYTES)
		return &memory->message[address - message];
	return NULL;
}

void
memory_read(struct memory *memory, uint64_t address, void *to, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		const uint8_t *from = memory_at(memory, address + done);
		size_t part = PAGE_BYTES - ((address + done) & PAGE_MASK);

		if (part > bytes - done)
			part = bytes - done;
		if (from != NULL)
			memcpy((uint8_t *)to + done, from, part);
		else
			memset((uint8_t *)to + done, 0, part);
		done += part;
	}
}

void
memory_write(struct memory *memory, uint64_t address, const void *from, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		uint8_t *to = memory_at(memory, address + done);
		size_t part = PAGE_BYTES - ((address + done) & PAGE_MASK);

		if (part > bytes - done)
			part = bytes - done;
		if (to != NULL)
			memcpy(to, (const uint8_t *)from + done, part);
		done += part;
	}
}
