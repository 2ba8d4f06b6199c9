/* SPDX-License-Identifier: Apache-2.0 */
/* The CapSet page (abi/capset.h): read only for the process;
 * written while it is made, and when something is granted to it later. */
#include <abi/start.h>
#include <core/string.h>
#include <schema/limits.capnp.h>

#include "arch/clock.h"
#include "arch/page_table.h"
#include "arch/thread.h"
#include "proc/process_internal.h"

static void
write_header(struct process_record *record)
{
	const struct arch_clock_parameters *clock = arch_clock_parameters();

	*record->capset = (struct capset_header){
		.magic = CAPSET_MAGIC,
		.abi_version = CAPSET_ABI_VERSION,
		.features =
		    arch_capset_features() | (clock->multiplier != 0 ? CAPSET_FEATURE_CLOCK : 0),
		.sqe_bytes = sizeof(struct cap_sqe),
		.cqe_bytes = sizeof(struct cap_cqe),
		.message_bytes_max = MESSAGE_BYTES_MAX,
		.clock_base_tsc = clock->base_tsc,
		.clock_base_ns = clock->base_ns,
		.clock_multiplier = clock->multiplier,
		.clock_shift = clock->shift,
	};
	memcpy(record->capset->process_name, record->process.name, PROCESS_NAME_BYTES);
}

enum cap_status
capset_create(struct process_record *record)
{
	const struct address_space_fixed page = {
		.address = USER_CAPSET_ADDRESS,
		.page_count = 1,
		.access = PAGE_ACCESS_READ,
		.pinned = true,
	};
	paddr_t frame;
	enum cap_status status = address_space_map_fixed(record->process.space, &page, &frame);

	if (status != CAP_OK)
		return status;
	record->capset = arch_direct_map(frame);
	write_header(record);
	return CAP_OK;
}

static struct capset_entry *
entries(struct process_record *record)
{
	return (struct capset_entry *)(void *)(record->capset + 1);
}

static bool
is_name_used(struct process_record *record, const struct process_grant *grant)
{
	for (uint32_t i = 0; i < record->capset->entry_count; i++) {
		const char *name = entries(record)[i].name;

		if (strlen(name) == grant->name_bytes &&
		    memcmp(name, grant->name, grant->name_bytes) == 0)
			return true;
	}
	return false;
}

enum cap_status
process_grant(struct process *process, const struct process_grant *grant)
{
	struct process_record *record = record_of(process);
	struct capset_entry *entry = &entries(record)[record->capset->entry_count];
	cap_id_t cap_id;
	enum cap_status status;

	if (!name_is_valid(grant->name, grant->name_bytes))
		return CAP_ERR_NAME_TOO_LONG;
	if (record->capset->entry_count == CAPSET_ENTRIES_MAX)
		return CAP_ERR_CAP_SET_FULL;
	if (is_name_used(record, grant))
		return CAP_ERR_NAME_IN_USE;
	status = cap_table_add(process->table, &grant->hold, &cap_id);
	if (status != CAP_OK)
		return status;
	*entry = (struct capset_entry){
		.cap_id = cap_id,
		.interface_id =
		    object_interface_id(grant->hold.object, grant->hold.interface_index),
		.origin = grant->origin_pid == 0 ? CAPSET_ORIGIN_KERNEL : CAPSET_ORIGIN_GRANT,
		.origin_pid = grant->origin_pid,
	};
	memcpy(entry->name, grant->name, grant->name_bytes);
	/* The process may read it meanwhile: the entry is whole when it counts. */
	__atomic_store_n(
	    &record->capset->entry_count, record->capset->entry_count + 1, __ATOMIC_RELEASE);
	return CAP_OK;
}
