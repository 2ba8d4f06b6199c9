/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the loader left in memory, in one form for both loaders. Every field is checked against the
 * bytes that are there: pure code, tested on the host.
 */
#include "mm/frame.h"

#define BOOT_MAGIC_MULTIBOOT2 0x36d76289
#define BOOT_MAGIC_PVH 0x50564831

struct boot_memory {
	struct memory_range usable[64];
	uint32_t usable_count;
	paddr_t module;
	uint64_t module_bytes;
	uint32_t module_count;
	paddr_t rsdp; /* 0: the loader does not know */
	const char *loader;
	char command_line[256];
};

/* Physical address to pointer, NULL if the range is not reachable. Nothing says it is aligned. */
typedef const void *(*boot_map_fn)(paddr_t address, uint64_t bytes);

/*
 * Read the information block of the loader that `magic` names. Returns NULL, or a sentence that
 * says what is wrong.
 */
const char *boot_info_read(uint32_t magic, paddr_t info, boot_map_fn map, struct boot_memory *out);

/* The command line has `word`, between spaces. */
bool boot_info_has_word(const struct boot_memory *memory, const char *word);
