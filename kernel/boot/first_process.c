/* SPDX-License-Identifier: Apache-2.0 */
/* The start of init; see first_process.h. */
#include "boot/first_process.h"

#include <core/elf.h>
#include <core/format.h>
#include <core/string.h>
#include <schema/boot.capnp.h>
#include <schema/process.capnp.h>

#include "arch/cpu.h"
#include "base/log.h"
#include "boot/boot.h"
#include "mm/memory_object.h"
#include "object/device.h"
#include "object/endpoint.h"
#include "object/ledger.h"
#include "object/memory.h"
#include "object/notification.h"
#include "object/permanent.h"
#include "object/ring_tap.h"
#include "object/timer.h"
#include "proc/process.h"

#define WHY_BYTES 200
#define INIT_STACK_BYTES 0x8000

/* Init may use what the machine has: it makes everything else. */
static const struct process_limits init_limits = {
	.limit = { UINT64_MAX / 2, UINT64_MAX / 2, UINT64_MAX / 2, 4096, 4096, 4096 },
};

static enum cap_status
find_binary(struct system_manifest manifest, struct capnp_text name, struct capnp_data *out)
{
	struct named_blob_list binaries = system_manifest_binaries(manifest);

	for (uint32_t i = 0; i < named_blob_list_size(binaries); i++) {
		struct named_blob blob = named_blob_at(binaries, i);
		struct capnp_text blob_name = named_blob_name(blob);

		if (blob_name.size != name.size ||
		    memcmp(blob_name.data, name.data, name.size) != 0)
			continue;
		*out = named_blob_data(blob);
		return CAP_OK;
	}
	return CAP_ERR_NOT_FOUND;
}

/* Copy a segment into pages of its own and map them. */
static enum cap_status
load_segment(struct process *process, const struct elf_segment *segment, const uint8_t *file)
{
	struct address_space_fixed range = {
		.address = segment->address,
		.page_count = 1,
		.access = segment->is_executable ? PAGE_ACCESS_EXECUTE
		    : segment->is_writable	 ? PAGE_ACCESS_WRITE
						 : PAGE_ACCESS_READ,
	};

	for (uint64_t at = 0; at < segment->memory_bytes; at += PAGE_BYTES) {
		uint64_t left = at < segment->file_bytes ? segment->file_bytes - at : 0;
		paddr_t frame;
		enum cap_status status;

		range.address = segment->address + at;
		status = address_space_map_fixed(process->space, &range, &frame);
		if (status != CAP_OK)
			return status;
		if (left != 0)
			memcpy(arch_direct_map(frame), file + segment->file_offset + at,
			    left < PAGE_BYTES ? left : PAGE_BYTES);
	}
	return CAP_OK;
}

/* A kernel capability for the process; *interface_index 0. Takes a reference for the hold. */
static enum cap_status
make_source(struct process *process, struct kernel_source source, struct object **out)
{
	enum kernel_source_which which = kernel_source_which(source);
	struct object *permanent = NULL;

	switch (which) {
	case KERNEL_SOURCE_WHICH_CONSOLE:
		permanent = console_object();
		break;
	case KERNEL_SOURCE_WHICH_BOOT_PACKAGE:
		permanent = boot_package_object();
		break;
	case KERNEL_SOURCE_WHICH_FRAME_ALLOCATOR:
		permanent = frame_allocator_object();
		break;
	case KERNEL_SOURCE_WHICH_TIMER:
		permanent = timer_object();
		break;
	case KERNEL_SOURCE_WHICH_ENDPOINT_FACTORY:
		permanent = endpoint_factory_object();
		break;
	case KERNEL_SOURCE_WHICH_NOTIFICATION_FACTORY:
		permanent = notification_factory_object();
		break;
	case KERNEL_SOURCE_WHICH_PROCESS_FACTORY:
		permanent = process_factory_object();
		break;
	case KERNEL_SOURCE_WHICH_KERNEL_STATS:
		permanent = kernel_stats_object();
		break;
	case KERNEL_SOURCE_WHICH_MACHINE_CONTROL:
		permanent = machine_control_object();
		break;
	case KERNEL_SOURCE_WHICH_TAP_FACTORY:
		permanent = tap_factory_object();
		break;
	case KERNEL_SOURCE_WHICH_PAYLOAD_TAP_FACTORY:
		permanent = payload_tap_factory_object();
		break;
	case KERNEL_SOURCE_WHICH_NULL_CAP:
		permanent = null_cap_object();
		break;
	case KERNEL_SOURCE_WHICH_LEDGER:
		return ledger_capability_create(process->ledger, &ledger_boot, out);
	case KERNEL_SOURCE_WHICH_VIRTUAL_MEMORY:
		return virtual_memory_create(process, out);
	case KERNEL_SOURCE_WHICH_IO_PORTS: {
		struct kernel_source_io_ports ports = kernel_source_get_io_ports(source);

		return io_port_range_create(process->ledger, kernel_source_io_ports_base(ports),
		    kernel_source_io_ports_count(ports), out);
	}
	case KERNEL_SOURCE_WHICH_INTERRUPT:
		return interrupt_create(process->ledger,
		    kernel_source_interrupt_line(kernel_source_get_interrupt(source)), out);
	default:
		return CAP_ERR_INVALID_ARGUMENT;
	}
	object_get(permanent);
	*out = permanent;
	return CAP_OK;
}

static enum cap_status
grant_caps(struct process *process, struct init_cap_list caps, char *why)
{
	for (uint32_t i = 0; i < init_cap_list_size(caps); i++) {
		struct init_cap cap = init_cap_at(caps, i);
		struct capnp_text name = init_cap_name(cap);
		struct process_grant grant = { .name = name.data, .name_bytes = name.size };
		struct object *object;
		enum cap_status status = make_source(process, init_cap_kernel(cap), &object);

		if (status == CAP_OK) {
			grant.hold = object_hold(object, 0);
			status = process_grant(process, &grant);
			if (status != CAP_OK)
				object_put(object);
		}
		if (status != CAP_OK) {
			format_text(why, WHY_BYTES, "initConfig.init.caps[%u]: %s", i,
			    cap_status_sentence(status));
			return status;
		}
	}
	return CAP_OK;
}

static enum cap_status
load_init(struct process *process, struct capnp_data file, struct process_entry *entry, char *why)
{
	struct elf_image image;
	enum elf_error error = elf_read(file.data, file.size, &image);

	if (error != ELF_OK) {
		format_text(why, WHY_BYTES, "initConfig.init.binary: %s", elf_error_name(error));
		return CAP_ERR_INVALID_ELF;
	}
	for (uint32_t i = 0; i < image.segment_count; i++) {
		enum cap_status status = load_segment(process, &image.segments[i], file.data);

		if (status != CAP_OK) {
			format_text(why, WHY_BYTES, "initConfig.init.binary: %s",
			    cap_status_sentence(status));
			return status;
		}
	}
	*entry = (struct process_entry){
		.entry = image.entry,
		.stack_bytes = INIT_STACK_BYTES,
		.tls_bytes = image.tls_bytes,
	};
	return CAP_OK;
}

/* Without init nothing can happen any more. */
static void
init_ended(const struct process_exit *exit)
{
	bool exited =
	    exit->kind == EXIT_KIND_EXITED && exit->code >= 0 && exit->code <= MACHINE_CODE_MAX;

	if (exited)
		log_line(LOG_INFO, "boot", "init exited with %lld", (long long)exit->code);
	else
		log_line(LOG_ERROR, "boot", "init ended by fault %lld at 0x%llx",
		    (long long)exit->code, (unsigned long long)exit->fault_instruction);
	arch_machine_stop(exited ? (uint8_t)exit->code : BOOT_EXIT_INIT);
}

static enum cap_status
start_init(struct init_entry init, struct capnp_data file, char *why)
{
	struct process_entry entry;
	struct process *process;
	enum cap_status status = process_create(&ledger_boot, "init", 4, &init_limits, &process);

	if (status != CAP_OK) {
		format_text(why, WHY_BYTES, "init: %s", cap_status_sentence(status));
		return status;
	}
	status = load_init(process, file, &entry, why);
	if (status == CAP_OK)
		status = grant_caps(process, init_entry_caps(init), why);
	if (status == CAP_OK) {
		status = process_start(process, &entry);
		if (status != CAP_OK)
			format_text(why, WHY_BYTES, "init: %s", cap_status_sentence(status));
	}
	if (status != CAP_OK) {
		process_abandon(process);
		return status;
	}
	process_vital_set(process, init_ended);
	return CAP_OK;
}

static void
apply_parameters(struct kernel_params params)
{
	static const enum log_level levels[] = { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
	uint32_t level = kernel_params_log_level(params);

	log_level_set(level < sizeof(levels) / sizeof(levels[0]) ? levels[level] : LOG_INFO);
}

/* `refusal` is what the machine has against its processor, or NULL. */
static bool
is_cpu_allowed(struct kernel_params params, const char *refusal)
{
	if (refusal == NULL)
		return true;
	if (!kernel_params_allow_vulnerable_cpu(params))
		return false;
	log_line(
	    LOG_WARN, "boot", "kernelParams.allowVulnerableCpu: processes may read the kernel");
	return true;
}

enum cap_status
first_process_start(
    const void *package, uint64_t package_bytes, const char *cpu_refusal, char why[200])
{
	static struct capnp_reader reader; /* too large for a kernel stack's taste */
	enum capnp_error error = capnp_reader_init(&reader, package, package_bytes);
	struct system_manifest manifest;
	struct init_entry init;
	struct capnp_data file;

	if (error != CAPNP_OK) {
		format_text(
		    why, WHY_BYTES, "the boot package is no message: %s", capnp_error_name(error));
		return CAP_ERR_INVALID_MANIFEST;
	}
	manifest = system_manifest_root(&reader);
	if (system_manifest_schema_version(manifest) != MANIFEST_SCHEMA_VERSION) {
		format_text(why, WHY_BYTES,
		    "schemaVersion: %u is not the version %u that this kernel reads",
		    system_manifest_schema_version(manifest), MANIFEST_SCHEMA_VERSION);
		return CAP_ERR_UNSUPPORTED_VERSION;
	}
	apply_parameters(system_manifest_kernel_params(manifest));
	if (!is_cpu_allowed(system_manifest_kernel_params(manifest), cpu_refusal)) {
		format_text(why, WHY_BYTES, "%s", cpu_refusal);
		return CAP_ERR_DEVICE_FAILED;
	}
	init = init_config_init(system_manifest_init_config(manifest));
	if (find_binary(manifest, init_entry_binary(init), &file) != CAP_OK) {
		format_text(why, WHY_BYTES, "initConfig.init.binary: no such binary");
		return CAP_ERR_NOT_FOUND;
	}
	/* Looked at before anything is made: a damaged list reads as an empty one. */
	(void)init_cap_list_size(init_entry_caps(init));
	if (capnp_reader_error(&reader) != CAPNP_OK) {
		format_text(why, WHY_BYTES, "the boot package is damaged: %s",
		    capnp_error_name(capnp_reader_error(&reader)));
		return CAP_ERR_INVALID_MANIFEST;
	}
	return start_init(init, file, why);
}
