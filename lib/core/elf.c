/* SPDX-License-Identifier: Apache-2.0 */
/* Reading static ELF64 programs; see elf.h. */
#include "elf.h"

#include <abi/start.h>
#include <string.h>

#define PT_LOAD 1
#define PT_DYNAMIC 2
#define PT_INTERP 3
#define PT_TLS 7
#define PF_X 1
#define PF_W 2
#define PROGRAM_HEADERS_MAX 32

struct elf_header {
	uint8_t ident[16];
	uint16_t type;
	uint16_t machine;
	uint32_t version;
	uint64_t entry;
	uint64_t program_headers;
	uint64_t section_headers;
	uint32_t flags;
	uint16_t header_bytes;
	uint16_t program_header_bytes;
	uint16_t program_header_count;
	uint16_t section_header_bytes;
	uint16_t section_header_count;
	uint16_t section_names;
};

struct program_header {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t address;
	uint64_t physical;
	uint64_t file_bytes;
	uint64_t memory_bytes;
	uint64_t alignment;
};

const char *
elf_error_name(enum elf_error error)
{
	static const char *const names[] = {
		[ELF_OK] = "no error",
		[ELF_ERROR_HEADER] = "not an ELF64 executable for x86_64",
		[ELF_ERROR_TABLE] = "the program headers are out of the file or too many",
		[ELF_ERROR_RANGE] = "a segment is out of range or overlaps another",
		[ELF_ERROR_ALIGNMENT] = "a segment does not start on a page",
		[ELF_ERROR_WRITE_EXECUTE] = "a segment is writable and executable",
		[ELF_ERROR_ENTRY] = "the entry is in no executable segment",
		[ELF_ERROR_TLS] = "the thread-local storage is too large",
		[ELF_ERROR_DYNAMIC] = "it needs a dynamic linker",
	};

	return (unsigned)error < sizeof(names) / sizeof(names[0]) ? names[error] : "unknown error";
}

static bool
is_header_valid(const struct elf_header *header)
{
	static const uint8_t ident[7] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

	return memcmp(header->ident, ident, sizeof(ident)) == 0 && header->type == 2 &&
	    header->machine == 62 && header->version == 1 &&
	    header->program_header_bytes == sizeof(struct program_header);
}

static enum elf_error
read_load(const struct program_header *header, size_t byte_count, struct elf_image *out)
{
	struct elf_segment *segment = &out->segments[out->segment_count];
	uint64_t end;

	if (header->memory_bytes == 0)
		return ELF_OK;
	if (out->segment_count == ELF_SEGMENTS_MAX)
		return ELF_ERROR_TABLE;
	if (header->address % USER_PAGE_BYTES != 0 || header->offset % 8 != 0)
		return ELF_ERROR_ALIGNMENT;
	if (header->offset > byte_count || header->file_bytes > byte_count - header->offset ||
	    header->file_bytes > header->memory_bytes)
		return ELF_ERROR_RANGE;
	if (header->address < USER_IMAGE_BASE ||
	    __builtin_add_overflow(header->address, header->memory_bytes, &end) ||
	    end > USER_START_BASE)
		return ELF_ERROR_RANGE;
	if ((header->flags & PF_W) && (header->flags & PF_X))
		return ELF_ERROR_WRITE_EXECUTE;
	*segment = (struct elf_segment){ .address = header->address,
		.memory_bytes =
		    (header->memory_bytes + USER_PAGE_BYTES - 1) & ~(USER_PAGE_BYTES - 1),
		.file_offset = header->offset,
		.file_bytes = header->file_bytes,
		.is_writable = (header->flags & PF_W) != 0,
		.is_executable = (header->flags & PF_X) != 0 };
	/* In order of address, each behind the last: so no two overlap. */
	if (out->segment_count != 0) {
		const struct elf_segment *last = segment - 1;

		if (segment->address < last->address + last->memory_bytes)
			return ELF_ERROR_RANGE;
	}
	out->segment_count++;
	return ELF_OK;
}

static enum elf_error
read_tls(const struct program_header *header, size_t byte_count, struct elf_image *out)
{
	bool aligned =
	    header->alignment <= 16 && (header->alignment & (header->alignment - 1)) == 0;

	if (!aligned || header->memory_bytes > ELF_TLS_BYTES_MAX || out->tls_bytes != 0)
		return ELF_ERROR_TLS;
	if (header->file_bytes > header->memory_bytes)
		return ELF_ERROR_TLS;
	/* Zeroed storage alone has no place in the file. */
	if (header->file_bytes != 0 &&
	    (header->offset > byte_count || header->file_bytes > byte_count - header->offset))
		return ELF_ERROR_TLS;
	out->tls_bytes = header->memory_bytes;
	return ELF_OK;
}

static enum elf_error
read_program_header(const struct program_header *header, size_t byte_count, struct elf_image *out)
{
	switch (header->type) {
	case PT_LOAD:
		return read_load(header, byte_count, out);
	case PT_TLS:
		return read_tls(header, byte_count, out);
	case PT_DYNAMIC:
	case PT_INTERP:
		return ELF_ERROR_DYNAMIC;
	default:
		return ELF_OK;
	}
}

static bool
is_entry_valid(const struct elf_image *image)
{
	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];

		if (segment->is_executable && image->entry >= segment->address &&
		    image->entry - segment->address < segment->file_bytes)
			return true;
	}
	return false;
}

enum elf_error
elf_read(const void *bytes, size_t byte_count, struct elf_image *out)
{
	struct elf_header header;

	memset(out, 0, sizeof(*out));
	if (byte_count < sizeof(header))
		return ELF_ERROR_HEADER;
	memcpy(&header, bytes, sizeof(header));
	if (!is_header_valid(&header))
		return ELF_ERROR_HEADER;
	if (header.program_header_count > PROGRAM_HEADERS_MAX ||
	    header.program_headers > byte_count ||
	    header.program_header_count * sizeof(struct program_header) >
		byte_count - header.program_headers)
		return ELF_ERROR_TABLE;
	for (uint32_t i = 0; i < header.program_header_count; i++) {
		struct program_header program;
		enum elf_error error;

		memcpy(&program,
		    (const uint8_t *)bytes + header.program_headers + i * sizeof(program),
		    sizeof(program));
		error = read_program_header(&program, byte_count, out);
		if (error != ELF_OK)
			return error;
	}
	out->entry = header.entry;
	return is_entry_valid(out) ? ELF_OK : ELF_ERROR_ENTRY;
}
