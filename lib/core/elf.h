/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Static ELF64 programs for x86_64 (System V gABI, chapter 4 and 5): what a loader needs, and
 * nothing that it must not trust. Shared by the kernel (for init), the spawner and the tools. The
 * bytes are hostile.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 8
#define ELF_TLS_BYTES_MAX 0x8000

enum elf_error {
	ELF_OK,
	ELF_ERROR_HEADER, /* no ELF64 little-endian executable for x86_64 */
	ELF_ERROR_TABLE,  /* the program headers leave the file, or are too many */
	ELF_ERROR_RANGE, /* a segment leaves the file, the image's addresses, or overlaps another */
	ELF_ERROR_ALIGNMENT,	 /* a segment does not start on a page */
	ELF_ERROR_WRITE_EXECUTE, /* a segment is writable and executable */
	ELF_ERROR_ENTRY,	 /* the entry is in no executable segment */
	ELF_ERROR_TLS,	   /* thread-local storage is too large, misaligned or not in the file */
	ELF_ERROR_DYNAMIC, /* it needs a dynamic linker */
};

struct elf_segment {
	uint64_t address;
	uint64_t memory_bytes; /* whole pages */
	uint64_t file_offset;
	uint64_t file_bytes; /* the rest is zero */
	bool is_writable;
	bool is_executable;
};

struct elf_image {
	uint64_t entry;
	uint64_t tls_bytes;
	uint32_t segment_count;
	struct elf_segment segments[ELF_SEGMENTS_MAX]; /* by address */
};

/* Look at the whole file; `out` is complete only on ELF_OK. */
enum elf_error elf_read(const void *bytes, size_t byte_count, struct elf_image *out);
const char *elf_error_name(enum elf_error error);
