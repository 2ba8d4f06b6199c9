/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a process: what its first thread needs, at the fixed places of abi/start.h. */
#include <abi/start.h>
#include <schema/limits.capnp.h>

#include "arch/page_table.h"
#include "mm/address_space.h"
#include "proc/process_internal.h"
#include "ring/ring.h"
#include "sched/thread.h"

static uint64_t
whole_pages(uint64_t bytes)
{
	return (bytes + PAGE_MASK) & ~PAGE_MASK;
}

static bool
is_entry_valid(const struct process_entry *entry)
{
	return entry->entry >= USER_ADDRESS_MIN && entry->entry < USER_ADDRESS_END &&
	    entry->stack_bytes <= USER_STACK_BYTES_MAX && entry->stack_bytes % PAGE_BYTES == 0 &&
	    entry->tls_bytes <= USER_TLS_BYTES_MAX - USER_TLS_CONTROL_BYTES - PAGE_BYTES;
}

static enum cap_status
map_stack_and_tls(struct process *process, const struct process_entry *entry)
{
	uint64_t stack_bytes =
	    entry->stack_bytes != 0 ? entry->stack_bytes : USER_STACK_BYTES_DEFAULT;
	uint64_t tls_bytes = whole_pages(entry->tls_bytes + USER_TLS_CONTROL_BYTES);
	struct address_space_fixed stack = {
		.address = USER_STACK_TOP - stack_bytes,
		.page_count = (uint32_t)(stack_bytes / PAGE_BYTES),
		.access = PAGE_ACCESS_WRITE,
	};
	struct address_space_fixed tls = {
		.address = USER_RING_ADDRESS - tls_bytes,
		.page_count = (uint32_t)(tls_bytes / PAGE_BYTES),
		.access = PAGE_ACCESS_WRITE,
	};
	enum cap_status status = address_space_map_fixed(process->space, &stack, NULL);

	if (status == CAP_OK && entry->tls_bytes != 0)
		status = address_space_map_fixed(process->space, &tls, NULL);
	return status;
}

static enum cap_status
make_ring(struct process *process)
{
	const struct address_space_fixed page = {
		.address = USER_RING_ADDRESS,
		.page_count = 1,
		.access = PAGE_ACCESS_WRITE,
		.pinned = true,
	};
	struct ring_request request = {
		.thread = process->thread,
		.payer = process->ledger,
		.address = USER_RING_ADDRESS,
		.region_bytes = (uint32_t)PAGE_BYTES,
		.sq_entries = RING_SQ_ENTRIES,
		.cq_entries = RING_CQ_ENTRIES,
	};
	paddr_t frame;
	enum cap_status status = address_space_map_fixed(process->space, &page, &frame);

	if (status != CAP_OK)
		return status;
	request.region = arch_direct_map(frame);
	return ring_create(&request, &process->thread->ring);
}

static void
prepare_thread(struct process *process, const struct process_entry *entry)
{
	const struct arch_thread_start start = {
		.entry = entry->entry,
		.stack = USER_STACK_TOP - 8, /* as after a call */
		.arguments = { USER_RING_ADDRESS, process->pid, USER_CAPSET_ADDRESS },
		.fs_base = entry->tls_bytes != 0 ? USER_TLS_POINTER : 0,
	};

	if (record_of(process)->capset->entry_count == 0) {
		struct arch_thread_start without = start;

		without.arguments[2] = 0;
		arch_thread_init(process->thread->registers, &without);
	} else {
		arch_thread_init(process->thread->registers, &start);
	}
	process->thread->root = address_space_root(process->space);
	process->thread->io_bitmap = process_io_bitmap(process);
}

enum cap_status
process_start(struct process *process, const struct process_entry *entry)
{
	enum cap_status status;

	if (!is_entry_valid(entry))
		return CAP_ERR_INVALID_ARGUMENT;
	status = map_stack_and_tls(process, entry);
	if (status != CAP_OK)
		return status;
	status = thread_create(process, process->ledger, &process->thread);
	if (status != CAP_OK)
		return status;
	status = make_ring(process);
	if (status != CAP_OK) {
		thread_free(process->thread, process->ledger);
		process->thread = NULL;
		return status;
	}
	/* Nothing below this line can fail. */
	prepare_thread(process, entry);
	if (entry->tap != NULL)
		ring_tap_set(process->thread->ring, entry->tap);
	process->state = PROCESS_RUNNING;
	thread_start(process->thread);
	return CAP_OK;
}
