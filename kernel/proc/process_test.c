/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: made, granted to, started, ended, abandoned; each refusal, and every frame back. */
#include "proc/process.h"

#include <abi/capset.h>
#include <abi/start.h>
#include <string.h>

#include "arch/sim/world.h"
#include "base/test.h"
#include "mm/frame.h"
#include "mm/user_copy.h"
#include "object/endpoint.h"
#include "proc/process_internal.h"

static struct process *
make(const char *name)
{
	static const struct process_limits none;
	struct process *process = NULL;

	CHECK_EQ(process_create(&ledger_boot, name, strlen(name), &none, &process), CAP_OK);
	return process;
}

static uint64_t
free_pages(void)
{
	struct frame_stats stats;

	frame_stats_get(&stats);
	return stats.free_pages;
}

static enum cap_status
grant(struct process *process, const char *name)
{
	struct object *object = endpoint_factory_object();
	struct process_grant wanted = { .name = name,
		.name_bytes = strlen(name),
		.hold = object_hold(object, 0),
		.origin_pid = 7 };
	enum cap_status status;

	object_get(object);
	status = process_grant(process, &wanted);
	if (status != CAP_OK)
		object_put(object);
	return status;
}

TEST(an_abandoned_process_gives_every_frame_and_charge_back)
{
	uint64_t before, charged[LEDGER_RESOURCE_COUNT];
	struct process *process;

	world_start();
	before = free_pages();
	memcpy(charged, ledger_boot.used, sizeof(charged));
	process = make("gone");
	CHECK_EQ(grant(process, "one"), CAP_OK);
	CHECK(free_pages() < before);
	process_abandon(process);
	world_settle();
	CHECK_EQ(free_pages(), before);
	CHECK_MEMORY(charged, ledger_boot.used, sizeof(charged));
}

TEST(a_shortage_at_any_frame_leaves_nothing_behind)
{
	static const struct process_limits none;
	const struct process_entry entry = { .entry = USER_IMAGE_BASE, .tls_bytes = 100 };
	uint32_t refusals = 0;
	enum cap_status status;
	uint64_t before;

	world_start();
	before = free_pages();
	do {
		struct process *process = NULL;

		frame_fail_after(refusals);
		status = process_create(&ledger_boot, "tight", 5, &none, &process);
		if (status == CAP_OK) {
			status = process_start(process, &entry);
			frame_fail_after(UINT64_MAX);
			if (status == CAP_OK)
				break;
			process_abandon(process);
		}
		frame_fail_after(UINT64_MAX);
		world_settle();
		CHECK_EQ(status, CAP_ERR_NO_MEMORY);
		CHECK_EQ(free_pages(), before);
		CHECK(++refusals < 64);
	} while (status != CAP_OK);
	CHECK(refusals > 5);
}

TEST(names_that_are_empty_too_long_or_strange_are_refused)
{
	static const char *const bad[] = { "", "a b", "a/b", "\xc3\xa4", "a\n",
		"a2345678901234567890123456789012" };
	static const struct process_limits none;
	uint64_t before;

	world_start();
	before = free_pages();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct process *process = NULL;

		CHECK_EQ(process_create(&ledger_boot, bad[i], strlen(bad[i]), &none, &process),
		    CAP_ERR_NAME_TOO_LONG);
		CHECK_EQ(process, NULL);
	}
	CHECK_EQ(free_pages(), before);
	make("a234567890123456789012345678901");
}

TEST(grants_stand_in_the_capset_in_their_order_with_their_origin)
{
	struct capset_header header;
	struct capset_entry entries[2];
	struct process *process;

	world_start();
	process = make("granted");
	CHECK_EQ(grant(process, "first"), CAP_OK);
	CHECK_EQ(grant(process, "second"), CAP_OK);
	CHECK_EQ(
	    user_copy_in(process->space, &header, USER_CAPSET_ADDRESS, sizeof(header)), CAP_OK);
	CHECK_EQ(user_copy_in(process->space, entries, USER_CAPSET_ADDRESS + sizeof(header),
		     sizeof(entries)),
	    CAP_OK);
	CHECK_EQ(header.magic, CAPSET_MAGIC);
	CHECK_EQ(header.entry_count, 2);
	CHECK_STR(header.process_name, "granted");
	CHECK_STR(entries[0].name, "first");
	CHECK_STR(entries[1].name, "second");
	CHECK_EQ(entries[0].origin, CAPSET_ORIGIN_GRANT);
	CHECK_EQ(entries[0].origin_pid, 7);
	CHECK_NE(entries[0].cap_id, entries[1].cap_id);
	/* Nobody may write it. */
	CHECK_EQ(
	    user_copy_out(process->space, USER_CAPSET_ADDRESS, &header, 1), CAP_ERR_INVALID_BUFFER);
}

TEST(a_refused_grant_changes_nothing)
{
	struct process_record *record;
	struct process *process;
	uint64_t slots;
	uint8_t page[4096];

	world_start();
	process = make("refusing");
	record = record_of(process);
	CHECK_EQ(grant(process, "name"), CAP_OK);
	memcpy(page, record->capset, sizeof(page));
	slots = process->ledger->used[LEDGER_CAP_SLOTS];
	CHECK_EQ(grant(process, "name"), CAP_ERR_NAME_IN_USE);
	CHECK_EQ(grant(process, ""), CAP_ERR_NAME_TOO_LONG);
	CHECK_EQ(grant(process, "a b"), CAP_ERR_NAME_TOO_LONG);
	CHECK_MEMORY(page, record->capset, sizeof(page));
	CHECK_EQ(process->ledger->used[LEDGER_CAP_SLOTS], slots);
}

TEST(a_full_capset_refuses_the_next_grant)
{
	struct process *process;
	char name[8] = "n00";
	uint64_t slots;

	world_start();
	process = make("full");
	for (unsigned i = 0; i < CAPSET_ENTRIES_MAX; i++) {
		name[1] = (char)('a' + i / 10);
		name[2] = (char)('0' + i % 10);
		CHECK_EQ(grant(process, name), CAP_OK);
	}
	slots = process->ledger->used[LEDGER_CAP_SLOTS];
	CHECK_EQ(grant(process, "more"), CAP_ERR_CAP_SET_FULL);
	CHECK_EQ(process->ledger->used[LEDGER_CAP_SLOTS], slots);
}

TEST(a_start_with_impossible_numbers_is_refused)
{
	static const struct process_entry bad[] = {
		{ .entry = 0 },
		{ .entry = USER_ADDRESS_MIN - 1 },
		{ .entry = USER_ADDRESS_END },
		{ .entry = UINT64_MAX },
		{ .entry = USER_IMAGE_BASE, .stack_bytes = 1 },
		{ .entry = USER_IMAGE_BASE, .stack_bytes = USER_STACK_BYTES_MAX + PAGE_BYTES },
		{ .entry = USER_IMAGE_BASE, .tls_bytes = USER_TLS_BYTES_MAX },
		{ .entry = USER_IMAGE_BASE, .tls_bytes = UINT64_MAX },
	};
	struct process *process;
	uint64_t before;

	world_start();
	process = make("refused");
	before = free_pages();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_EQ(process_start(process, &bad[i]), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(free_pages(), before);
	CHECK_EQ(process->state, PROCESS_BUILDING);
}

TEST(a_thread_starts_with_what_the_abi_says)
{
	const struct process_entry entry = { .entry = USER_IMAGE_BASE, .tls_bytes = 8 };
	const struct arch_thread *registers;
	struct process *process;
	uint8_t byte;

	world_start();
	process = make("starting");
	CHECK_EQ(process_start(process, &entry), CAP_OK);
	registers = process->thread->registers;
	CHECK_EQ(registers->entry, USER_IMAGE_BASE);
	CHECK_EQ(registers->stack, USER_STACK_TOP - 8);
	CHECK_EQ(registers->start_arguments[0], USER_RING_ADDRESS);
	CHECK_EQ(registers->start_arguments[1], process->pid);
	CHECK_EQ(registers->start_arguments[2], 0); /* no capabilities */
	CHECK_EQ(registers->fs_base, USER_TLS_POINTER);
	/* Guard pages on both sides of the stack. */
	CHECK_EQ(user_copy_in(process->space, &byte, USER_STACK_TOP - 1, 1), CAP_OK);
	CHECK_EQ(user_copy_in(process->space, &byte, USER_STACK_TOP, 1), CAP_ERR_INVALID_BUFFER);
	CHECK_EQ(
	    user_copy_in(process->space, &byte, USER_STACK_TOP - USER_STACK_BYTES_DEFAULT - 1, 1),
	    CAP_ERR_INVALID_BUFFER);
}

TEST(the_list_is_in_the_order_of_pids_whatever_starts_first)
{
	const struct process_entry entry = { .entry = USER_IMAGE_BASE };
	struct process *first, *second;

	world_start();
	first = make("first");
	second = make("second");
	CHECK_EQ(process_after(-1), NULL); /* nothing is seen before its start */
	CHECK_EQ(process_start(second, &entry), CAP_OK);
	CHECK_EQ(process_start(first, &entry), CAP_OK);
	CHECK(first->pid < second->pid);
	CHECK_EQ(process_after(-1), first);
	CHECK_EQ(process_after(first->pid), second);
	CHECK_EQ(process_after(second->pid), NULL);
}

TEST(an_exit_gives_everything_back_and_keeps_the_status_for_the_handle)
{
	struct world_process watcher, a;
	const struct process_exit *exit;
	struct object *handle;
	uint64_t before;

	world_start();
	watcher = world_process(NULL);
	before = free_pages();
	a = world_process(NULL);
	handle = process_handle_object(a.process);
	object_get(handle);
	world_syscall(&a, SYSCALL_EXIT, 42, 0);
	world_settle();
	CHECK_EQ(a.process->state, PROCESS_DEAD);
	CHECK(!process_is_running(a.process));
	exit = process_exit_status(a.process);
	CHECK_EQ(exit->code, 42);
	CHECK_EQ(process_after(-1), watcher.process);
	object_put(handle);
	world_settle();
	CHECK_EQ(free_pages(), before);
}
