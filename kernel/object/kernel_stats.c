/* SPDX-License-Identifier: Apache-2.0 */
/* KernelStats: numbers about the kernel, read only. */
#include <schema/stats.server.h>

#include "mm/frame.h"
#include "mm/pool.h"
#include "object/call.h"
#include "object/ledger.h"
#include "object/permanent.h"
#include "proc/process.h"

#define LEDGERS_PER_CALL 8
#define POOLS_PER_CALL 16 /* of some 40 bytes, with their names: as in a default ring */

static struct object stats;

static enum cap_status
stats_frames(struct kernel_stats_server *server, struct kernel_stats_frames_params params,
    struct kernel_stats_frames_results_builder results, const struct capos_caller *caller)
{
	struct frame_stats frames;

	(void)server;
	(void)params;
	(void)caller;
	frame_stats_get(&frames);
	kernel_stats_frames_results_set_total(results, frames.total_pages);
	kernel_stats_frames_results_set_free(results, frames.free_pages);
	kernel_stats_frames_results_set_reserved(results, frames.reserved_pages);
	return CAP_OK;
}

static enum cap_status
stats_pools(struct kernel_stats_server *server, struct kernel_stats_pools_params params,
    struct kernel_stats_pools_results_builder results, const struct capos_caller *caller)
{
	uint32_t first = kernel_stats_pools_params_first(params);
	struct pool_stats_list_builder list;
	struct pool_numbers pool;
	uint32_t count = 0;

	(void)server;
	(void)caller;
	while (count < POOLS_PER_CALL && first <= UINT32_MAX - count &&
	    pool_numbers_get(first + count, &pool))
		count++;
	list = kernel_stats_pools_results_init_pools(results, count);
	for (uint32_t i = 0; i < count && pool_numbers_get(first + i, &pool); i++) {
		struct pool_stats_builder entry = pool_stats_builder_at(list, i);

		pool_stats_set_name(entry, capnp_text_from_string(pool.name));
		pool_stats_set_objects(entry, pool.object_count);
		pool_stats_set_pages(entry, pool.page_count);
	}
	return CAP_OK;
}

static void
fill_ledger(
    struct ledger_stats_builder entry, const char *name, uint32_t pid, const struct ledger *ledger)
{
	ledger_stats_set_pid(entry, pid);
	ledger_stats_set_name(entry, capnp_text_from_string(name));
	ledger_usage_fill(ledger_stats_init_usage(entry, LEDGER_RESOURCE_COUNT), ledger);
}

static enum cap_status
stats_ledgers(struct kernel_stats_server *server, struct kernel_stats_ledgers_params params,
    struct kernel_stats_ledgers_results_builder results, const struct capos_caller *caller)
{
	int64_t after_pid = kernel_stats_ledgers_params_after_pid(params);
	struct ledger_stats_list_builder list;
	bool with_boot = after_pid < 0;
	uint32_t count = with_boot;
	int64_t pid = with_boot ? 0 : after_pid;
	struct process *process;

	(void)server;
	(void)caller;
	for (process = process_after(pid); process != NULL && count < LEDGERS_PER_CALL;
	    process = process_after(process->pid))
		count++;
	list = kernel_stats_ledgers_results_init_ledgers(results, count);
	if (with_boot)
		fill_ledger(ledger_stats_builder_at(list, 0), "boot", 0, &ledger_boot);
	process = process_after(pid);
	for (uint32_t i = with_boot; i < count && process != NULL; i++) {
		struct ledger_stats_builder entry = ledger_stats_builder_at(list, i);

		fill_ledger(entry, process->name, process->pid, process->ledger);
		ledger_stats_set_log_refused_bytes(entry, process_log_refused_bytes(process));
		process = process_after(process->pid);
	}
	return CAP_OK;
}

static const struct kernel_stats_methods methods = {
	.frames = stats_frames,
	.pools = stats_pools,
	.ledgers = stats_ledgers,
};

static enum cap_status
stats_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return kernel_stats_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

static const struct object_type stats_type = {
	.name = "kernelStats",
	.interface_id = KERNEL_STATS_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.call = stats_call,
	.destroy = permanent_destroy,
};

void kernel_stats_init(void);

void
kernel_stats_init(void)
{
	object_init(&stats, &stats_type);
}

struct object *
kernel_stats_object(void)
{
	return &stats;
}
