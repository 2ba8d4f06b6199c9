/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile program file: what is accepted keeps the promises of core/elf.h. */
#include <core/elf.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_image image;

	if (elf_read(data, size, &image) != ELF_OK)
		return 0;
	fuzz_require(image.segment_count <= ELF_SEGMENTS_MAX);
	for (uint32_t i = 0; i < image.segment_count; i++) {
		const struct elf_segment *segment = &image.segments[i];

		fuzz_require(!(segment->is_writable && segment->is_executable));
		fuzz_require(segment->file_bytes <= size &&
		    segment->file_offset <= size - segment->file_bytes);
		fuzz_require(segment->file_bytes <= segment->memory_bytes);
		fuzz_require(segment->address % 4096 == 0 && segment->memory_bytes % 4096 == 0);
		fuzz_require(
		    i == 0 || segment[-1].address + segment[-1].memory_bytes <= segment->address);
	}
	return 0;
}
