/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Kernel objects for tests of services on the host, over the kernel of capos/fake_kernel.h: a
 * CapSet, the boot package, memory to map it into, and answers of a test's own objects. Included by
 * one file of a test program, as that is.
 */
#include <abi/capset.h>
#include <capos/fake_call.h>
#include <schema/boot.capnp.h>
#include <schema/memory.capnp.h>

#define FAKE_PACKAGE_CAP 2
#define FAKE_MEMORY_CAP 3
#define FAKE_PACKAGE_BYTES 0x20000
#define FAKE_ARENA_BYTES 0x80000
#define FAKE_CAPSET_ENTRIES 8

static struct {
	struct {
		struct capset_header header;
		struct capset_entry entries[FAKE_CAPSET_ENTRIES];
	} capset;
	uint8_t package[FAKE_PACKAGE_BYTES];
	uint64_t package_bytes;
	uint32_t part_bytes_max; /* of a read; 0: what was asked for */
	_Alignas(4096) uint8_t arena[FAKE_ARENA_BYTES];
	uint64_t arena_used;
} fake_objects;

/* Another entry of the CapSet. */
static inline void
fake_grant(struct capos *self, const char *name, uint64_t cap_id, uint64_t interface_id)
{
	struct capset_entry *entry =
	    &fake_objects.capset.entries[fake_objects.capset.header.entry_count++];

	*entry = (struct capset_entry){ .cap_id = cap_id, .interface_id = interface_id };
	for (uint32_t i = 0; name[i] != 0; i++)
		entry->name[i] = name[i];
	self->capset = &fake_objects.capset.header;
}

/* Behind fake_start(): nothing but `package` and `vm`. */
static inline void
fake_objects_start(struct capos *self)
{
	memset(&fake_objects, 0, sizeof(fake_objects));
	fake_grant(self, "package", FAKE_PACKAGE_CAP, BOOT_PACKAGE_INTERFACE_ID);
	fake_grant(self, "vm", FAKE_MEMORY_CAP, VIRTUAL_MEMORY_INTERFACE_ID);
}

/* Zeroed pages; NULL: there are no more. */
static inline uint8_t *
fake_pages(uint64_t bytes)
{
	uint8_t *pages = fake_objects.arena + fake_objects.arena_used;

	if (bytes > FAKE_ARENA_BYTES - fake_objects.arena_used)
		return NULL;
	fake_objects.arena_used += (bytes + 4095) & ~UINT64_C(4095);
	return pages;
}

static inline void
fake_package_read(const struct cap_sqe *sqe)
{
	struct capnp_reader params;
	struct capnp_builder results;
	uint64_t offset;
	uint64_t bytes;

	fake_params(sqe, &params);
	fake_results(sqe, &results);
	if (sqe->method == BOOT_PACKAGE_METHOD_MANIFEST_SIZE) {
		boot_package_manifest_size_results_set_size(
		    boot_package_manifest_size_results_init_root(&results),
		    fake_objects.package_bytes);
		fake_answer(sqe, &results, NULL);
		return;
	}
	offset = boot_package_read_manifest_params_offset(
	    boot_package_read_manifest_params_root(&params));
	bytes = boot_package_read_manifest_params_max_bytes(
	    boot_package_read_manifest_params_root(&params));
	if (fake_objects.part_bytes_max != 0 && bytes > fake_objects.part_bytes_max)
		bytes = fake_objects.part_bytes_max;
	if (bytes > fake_objects.package_bytes - offset)
		bytes = fake_objects.package_bytes - offset;
	boot_package_read_manifest_results_set_data(
	    boot_package_read_manifest_results_init_root(&results),
	    (struct capnp_data){ fake_objects.package + offset, (uint32_t)bytes });
	fake_answer(sqe, &results, NULL);
}

static inline void
fake_map(const struct cap_sqe *sqe)
{
	struct capnp_reader params;
	struct capnp_builder results;
	uint8_t *pages;

	fake_params(sqe, &params);
	pages = fake_pages(virtual_memory_map_params_size(virtual_memory_map_params_root(&params)));
	if (pages == NULL) {
		fake_refuse(sqe, CAP_ERR_NO_MEMORY);
		return;
	}
	fake_results(sqe, &results);
	virtual_memory_map_results_set_address(
	    virtual_memory_map_results_init_root(&results), (uint64_t)pages);
	fake_answer(sqe, &results, NULL);
}

/* True: it was a call of the package or of memory, and is answered. */
static inline bool
fake_objects_call(const struct cap_sqe *sqe)
{
	if (sqe->op != CAP_OP_CALL)
		return false;
	if (sqe->target == FAKE_PACKAGE_CAP)
		fake_package_read(sqe);
	else if (sqe->target == FAKE_MEMORY_CAP)
		fake_map(sqe);
	else
		return false;
	return true;
}
