/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Program files for tests on the host: a 64-bit ELF header and its program headers behind it. What
 * a test wants wrong it overwrites. */
#include <stdint.h>
#include <string.h>

#define FAKE_ELF_TABLE_AT 64
#define FAKE_ELF_LOAD 1
#define FAKE_ELF_EXECUTE 1
#define FAKE_ELF_WRITE 2
#define FAKE_ELF_READ 4

struct fake_elf_segment {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t address;
	uint64_t physical;
	uint64_t file_bytes;
	uint64_t memory_bytes;
	uint64_t alignment;
};

/* Little-endian, as the host is. */
static inline void
fake_elf_put(uint8_t *file, size_t offset, uint64_t value, size_t bytes)
{
	memcpy(file + offset, &value, bytes);
}

/* The rest of `byte_count` is zeros. */
static inline void
fake_elf_make(uint8_t *file, size_t byte_count, uint64_t entry,
    const struct fake_elf_segment *segments, size_t count)
{
	static const uint8_t ident[7] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

	memset(file, 0, byte_count);
	memcpy(file, ident, sizeof(ident));
	fake_elf_put(file, 16, 2, 2);
	fake_elf_put(file, 18, 62, 2);
	fake_elf_put(file, 20, 1, 4);
	fake_elf_put(file, 24, entry, 8);
	fake_elf_put(file, 32, FAKE_ELF_TABLE_AT, 8);
	fake_elf_put(file, 54, sizeof(*segments), 2);
	fake_elf_put(file, 56, count, 2);
	memcpy(file + FAKE_ELF_TABLE_AT, segments, count * sizeof(*segments));
}
