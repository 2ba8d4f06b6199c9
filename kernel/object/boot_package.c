/* SPDX-License-Identifier: Apache-2.0 */
/* BootPackage: the module that the machine was started with, in parts. */
#include <schema/boot.server.h>

#include "object/call.h"
#include "object/permanent.h"

#define READ_BYTES_MAX (15 * 1024)

static struct object package_object;
static const uint8_t *package;
static uint64_t package_bytes;

void
boot_package_set(const void *bytes, uint64_t byte_count)
{
	package = bytes;
	package_bytes = byte_count;
}

static enum cap_status
package_manifest_size(struct boot_package_server *server,
    struct boot_package_manifest_size_params params,
    struct boot_package_manifest_size_results_builder results, const struct capos_caller *caller)
{
	(void)server;
	(void)params;
	(void)caller;
	boot_package_manifest_size_results_set_size(results, package_bytes);
	return CAP_OK;
}

static enum cap_status
package_read_manifest(struct boot_package_server *server,
    struct boot_package_read_manifest_params params,
    struct boot_package_read_manifest_results_builder results, const struct capos_caller *caller)
{
	uint64_t offset = boot_package_read_manifest_params_offset(params);
	uint32_t bytes = boot_package_read_manifest_params_max_bytes(params);

	(void)server;
	(void)caller;
	if (bytes > READ_BYTES_MAX)
		return CAP_ERR_INVALID_ARGUMENT;
	if (offset >= package_bytes)
		bytes = 0;
	else if (bytes > package_bytes - offset)
		bytes = (uint32_t)(package_bytes - offset);
	boot_package_read_manifest_results_set_data(
	    results, (struct capnp_data){ bytes == 0 ? NULL : package + offset, bytes });
	return CAP_OK;
}

static const struct boot_package_methods methods = {
	.manifest_size = package_manifest_size,
	.read_manifest = package_read_manifest,
};

static enum cap_status
package_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return boot_package_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

static const struct object_type package_type = {
	.name = "bootPackage",
	.interface_id = BOOT_PACKAGE_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = package_call,
	.destroy = permanent_destroy,
};

void boot_package_init(void);

void
boot_package_init(void)
{
	object_init(&package_object, &package_type);
}

struct object *
boot_package_object(void)
{
	return &package_object;
}
