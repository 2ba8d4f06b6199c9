/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the boot package; see boot_package.h. */
#include "boot_package.h"

#include <abi/start.h>
#include <string.h>

#define PART_BYTES 15360

/* The answer's message around the data: segment table, root, struct, pointer. */
static _Alignas(8) uint8_t part[PART_BYTES + 64];

static enum cap_status
read_part(struct boot_package package, uint8_t *to, uint64_t offset, uint64_t *read)
{
	struct capos_call call;
	struct boot_package_read_manifest_params_builder params =
	    boot_package_read_manifest_begin(&call, package);
	struct boot_package_read_manifest_results results;
	enum cap_status status;

	boot_package_read_manifest_params_set_offset(params, offset);
	boot_package_read_manifest_params_set_max_bytes(params, PART_BYTES);
	capos_call_result_buffer(&call, part, sizeof(part));
	status = boot_package_read_manifest_run(&call, &results);
	if (status == CAP_OK) {
		struct capnp_data data = boot_package_read_manifest_results_data(results);

		*read = data.size;
		if (data.size != 0)
			memcpy(to, data.data, data.size);
	}
	capos_call_end(&call);
	return status;
}

enum cap_status
boot_package_open(
    struct boot_package package, struct virtual_memory memory, struct capnp_reader *out)
{
	uint64_t size;
	uint64_t address;
	uint64_t offset = 0;

	CAPOS_TRY(boot_package_manifest_size(package, &size));
	CAPOS_TRY(
	    virtual_memory_map(memory, 0, (size + USER_PAGE_BYTES - 1) & ~(USER_PAGE_BYTES - 1),
		PROTECTION_READ_WRITE, &address));
	while (offset < size) {
		uint64_t read = 0;

		CAPOS_TRY(read_part(package, (uint8_t *)address + offset, offset, &read));
		if (read == 0)
			return CAP_ERR_INVALID_MANIFEST;
		offset += read;
	}
	if (capnp_reader_init(out, (const void *)address, size) != CAPNP_OK)
		return CAP_ERR_INVALID_MANIFEST;
	/* Our own copy of a package that the kernel has taken: it is read over and over. */
	out->traversal_words = UINT64_MAX;
	return CAP_OK;
}
