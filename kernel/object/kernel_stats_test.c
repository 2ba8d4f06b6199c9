/* SPDX-License-Identifier: Apache-2.0 */
/* KernelStats: the numbers are those of the kernel, and however many there are, every one is told.
 */
#include <schema/stats.capnp.h>
#include <string.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "mm/frame.h"
#include "mm/pool.h"
#include "object/permanent.h"
#include "proc/process.h"

#define LEDGERS_PER_CALL 8

static struct world_process one;
static cap_id_t stats;
static struct world_call call;

static void
start(void)
{
	world_start();
	objects_init();
	one = world_process(NULL);
	stats = world_give(&one, kernel_stats_object(), 0);
}

static bool
text_is(struct capnp_text text, const char *expected)
{
	return text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0;
}

static struct ledger_stats_list
ledgers_after(int64_t pid)
{
	world_call_begin(&call, &one, stats, KERNEL_STATS_METHOD_LEDGERS);
	kernel_stats_ledgers_params_set_after_pid(
	    kernel_stats_ledgers_params_init_root(&call.params), pid);
	CHECK_EQ(world_call(&call), CAP_OK);
	return kernel_stats_ledgers_results_ledgers(
	    kernel_stats_ledgers_results_root(&call.results));
}

static void
check_ledger(struct ledger_stats told, const struct ledger *ledger)
{
	struct usage_list usages = ledger_stats_usage(told);

	CHECK_EQ(usage_list_size(usages), LEDGER_RESOURCE_COUNT);
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
		struct usage usage = usage_at(usages, i);

		CHECK(text_is(usage_name(usage), ledger_resource_name(i)));
		CHECK_EQ(usage_used(usage), ledger->used[i]);
		CHECK_EQ(usage_limit(usage), ledger->limit[i]);
	}
}

TEST(frames_are_counted_as_the_frame_allocator_counts_them)
{
	struct kernel_stats_frames_results results;
	struct frame_stats frames;

	start();
	frame_stats_get(&frames);
	world_call_begin(&call, &one, stats, KERNEL_STATS_METHOD_FRAMES);
	(void)kernel_stats_frames_params_init_root(&call.params);
	CHECK_EQ(world_call(&call), CAP_OK);
	results = kernel_stats_frames_results_root(&call.results);
	CHECK_EQ(kernel_stats_frames_results_total(results), frames.total_pages);
	CHECK_EQ(kernel_stats_frames_results_free(results), frames.free_pages);
	CHECK_EQ(kernel_stats_frames_results_reserved(results), frames.reserved_pages);
	CHECK(frames.free_pages < frames.total_pages);
}

static struct pool_stats_list
pools_from(uint32_t first)
{
	world_call_begin(&call, &one, stats, KERNEL_STATS_METHOD_POOLS);
	kernel_stats_pools_params_set_first(
	    kernel_stats_pools_params_init_root(&call.params), first);
	CHECK_EQ(world_call(&call), CAP_OK);
	return kernel_stats_pools_results_pools(kernel_stats_pools_results_root(&call.results));
}

TEST(every_pool_is_told_with_its_numbers)
{
	struct pool_numbers pool;
	uint32_t count = 0;

	start();
	for (;;) {
		struct pool_stats_list list = pools_from(count);
		uint32_t size = pool_stats_list_size(list);

		for (uint32_t i = 0; i < size; i++) {
			struct pool_stats told = pool_stats_at(list, i);

			CHECK(pool_numbers_get(count + i, &pool));
			CHECK(text_is(pool_stats_name(told), pool.name));
			CHECK_EQ(pool_stats_objects(told), pool.object_count);
			CHECK_EQ(pool_stats_pages(told), pool.page_count);
		}
		count += size;
		if (size == 0)
			break;
	}
	CHECK(!pool_numbers_get(count, &pool));
	CHECK(count > 16); /* more than one answer holds */
}

TEST(pools_that_do_not_exist_are_an_empty_answer)
{
	static const uint32_t beyond[] = { 4096, UINT32_MAX - 1, UINT32_MAX };

	start();
	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		CHECK_EQ(pool_stats_list_size(pools_from(beyond[i])), 0);
}

TEST(ledgers_begin_with_boot_and_go_on_by_pid)
{
	struct world_process two;
	struct ledger_stats_list list;

	start();
	two = world_process(NULL);
	list = ledgers_after(-1);
	CHECK_EQ(ledger_stats_list_size(list), 3);
	CHECK_EQ(ledger_stats_pid(ledger_stats_at(list, 0)), 0);
	CHECK(text_is(ledger_stats_name(ledger_stats_at(list, 0)), "boot"));
	CHECK_EQ(ledger_stats_pid(ledger_stats_at(list, 1)), one.process->pid);
	CHECK(text_is(ledger_stats_name(ledger_stats_at(list, 1)), "world"));
	CHECK_EQ(ledger_stats_pid(ledger_stats_at(list, 2)), two.process->pid);
	check_ledger(ledger_stats_at(list, 0), &ledger_boot);
	check_ledger(ledger_stats_at(list, 2), two.process->ledger);
	list = ledgers_after(0);
	CHECK_EQ(ledger_stats_list_size(list), 2);
	CHECK_EQ(ledger_stats_pid(ledger_stats_at(list, 0)), one.process->pid);
	list = ledgers_after(one.process->pid);
	CHECK_EQ(ledger_stats_list_size(list), 1);
	CHECK_EQ(ledger_stats_pid(ledger_stats_at(list, 0)), two.process->pid);
}

TEST(pids_that_nobody_has_are_no_reason_to_fail)
{
	static const struct {
		int64_t after;
		bool all;
	} cases[] = {
		{ INT64_MIN, true },
		{ -2, true },
		{ UINT32_MAX, false },
		{ INT64_C(1) << 32, false },
		{ INT64_MAX, false },
	};

	start();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_EQ(
		    ledger_stats_list_size(ledgers_after(cases[i].after)), cases[i].all ? 2 : 0);
}

TEST(many_processes_are_told_in_parts_and_none_twice)
{
	uint32_t expected = 0;
	int64_t after = -1;
	uint32_t told = 0;

	start();
	for (uint32_t i = 1; i < 2 * LEDGERS_PER_CALL + 3; i++)
		(void)world_process(NULL);
	for (;;) {
		struct ledger_stats_list list = ledgers_after(after);

		CHECK(ledger_stats_list_size(list) <= LEDGERS_PER_CALL);
		if (ledger_stats_list_size(list) == 0)
			break;
		for (uint32_t i = 0; i < ledger_stats_list_size(list); i++, told++) {
			int64_t pid = ledger_stats_pid(ledger_stats_at(list, i));

			CHECK(pid > after);
			after = pid;
		}
	}
	for (struct process *process = process_after(0); process != NULL;
	    process = process_after(process->pid))
		expected++;
	CHECK_EQ(expected, 2 * LEDGERS_PER_CALL + 3);
	CHECK_EQ(told, expected + 1);
}

TEST(the_longest_names_and_numbers_of_a_full_part_fit)
{
	static const struct process_limits limits = {
		.limit = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX },
	};
	const struct process_entry entry = { .entry = UINT64_C(0x400000) };
	struct ledger_stats_list list;

	start();
	for (uint32_t i = 0; i < LEDGERS_PER_CALL; i++) {
		struct process *process;

		CHECK_EQ(process_create(&ledger_boot, "a234567890123456789012345678901", 31,
			     &limits, &process),
		    CAP_OK);
		CHECK_EQ(process_start(process, &entry), CAP_OK);
	}
	list = ledgers_after(one.process->pid);
	CHECK_EQ(ledger_stats_list_size(list), LEDGERS_PER_CALL);
	CHECK_EQ(ledger_stats_name(ledger_stats_at(list, LEDGERS_PER_CALL - 1)).size, 31);
	CHECK_EQ(
	    usage_limit(usage_at(ledger_stats_usage(ledger_stats_at(list, 0)), 0)), UINT64_MAX);
}

TEST(processes_that_are_not_started_or_dead_are_not_told)
{
	static const struct process_limits limits;
	struct world_process two;
	struct process *building;

	start();
	two = world_process(NULL);
	CHECK_EQ(process_create(&ledger_boot, "building", 8, &limits, &building), CAP_OK);
	CHECK_EQ(ledger_stats_list_size(ledgers_after(0)), 2);
	CHECK_EQ(world_syscall(&two, 1, 0, 0), WORLD_GONE);
	world_settle();
	CHECK_EQ(ledger_stats_list_size(ledgers_after(0)), 1);
	process_abandon(building);
	CHECK_EQ(ledger_stats_list_size(ledgers_after(0)), 1);
}

/* Killed, and its teardown is between two steps: it still has what it has. */
TEST(a_process_that_is_ending_is_told_until_it_is_dead)
{
	const struct process_exit killed = { 0 };
	struct world_process two;
	struct ledger_stats_list list;

	start();
	two = world_process(NULL);
	process_exit(two.thread, &killed);
	CHECK_EQ(two.process->state, PROCESS_EXITING);
	list = ledgers_after(one.process->pid);
	CHECK(ledger_stats_list_size(list) <= 1);
	world_settle();
	CHECK_EQ(ledger_stats_list_size(ledgers_after(one.process->pid)), 0);
}

TEST(a_small_buffer_gets_no_part_of_the_answer)
{
	static const uint16_t method_of[] = { KERNEL_STATS_METHOD_FRAMES, KERNEL_STATS_METHOD_POOLS,
		KERNEL_STATS_METHOD_LEDGERS };
	uint8_t zero[64] = { 0 };
	uint8_t after[64];

	start();
	for (size_t i = 0; i < sizeof(method_of) / sizeof(method_of[0]); i++) {
		world_call_begin(&call, &one, stats, method_of[i]);
		call.sqe.result_len = 24;
		kernel_stats_ledgers_params_set_after_pid(
		    kernel_stats_ledgers_params_init_root(&call.params), -1);
		CHECK_EQ(world_call(&call), CAP_ERR_BUFFER_TOO_SMALL);
		world_read(&one, WORLD_CALL_RESULTS, after, sizeof(after));
		CHECK_MEMORY(after, zero, sizeof(after));
	}
}

TEST(looking_changes_nothing)
{
	struct world_accounts before, after;

	start();
	before = world_accounts(&one);
	(void)ledgers_after(-1);
	world_call_begin(&call, &one, stats, 3);
	CHECK_EQ(world_call(&call), CAP_ERR_UNIMPLEMENTED_METHOD);
	after = world_accounts(&one);
	CHECK_MEMORY(&before, &after, sizeof(before));
}
