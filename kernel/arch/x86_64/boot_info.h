/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the loader left in memory, in one form for both loaders. Every field is checked against the
 * bytes that are there: pure code, tested on the host.
 */
#include "machine.h"

#define BOOT_MAGIC_MULTIBOOT2 0x36d76289
#define BOOT_MAGIC_PVH 0x50564831

/*
 * Read the information block of the loader that `magic` names, through `map` (physical address to
 * pointer, NULL if the range is not reachable). Returns NULL, or a sentence that says what is
 * wrong.
 */
typedef const void *(*boot_map_fn)(paddr_t address, uint64_t bytes);
const char *boot_info_read(uint32_t magic, paddr_t info, boot_map_fn map, struct boot_memory *out);
