/* SPDX-License-Identifier: Apache-2.0 */
/* The child of programs/shared_memory: answers what it finds in each page. CapSet: `memory`. */
#include <capos/capos.h>
#include <schema/memory.client.h>

#define PAGE UINT64_C(4096)
#define DONE 7

int
capos_main(struct capos *self)
{
	struct memory_object memory;
	uint64_t address;
	uint64_t size;
	uint32_t mappings;

	if (memory_object_from_capset(self, "memory", &memory) != CAP_OK ||
	    memory_object_info(memory, &size, &mappings) != CAP_OK || mappings != 1 ||
	    memory_object_map(memory, 0, size, 0, PROTECTION_READ_WRITE, &address) != CAP_OK)
		return 1;
	for (uint64_t at = address; at < address + size; at += PAGE) {
		volatile uint64_t *word = (volatile uint64_t *)at;

		*word = ~*word;
	}
	return memory_object_unmap(memory, address, size) == CAP_OK ? DONE : 2;
}
