/* SPDX-License-Identifier: Apache-2.0 */
/* IoPortRange: exactly its ports are open, to its holder alone, and for as long as it holds them.
 */
#include <abi/start.h>
#include <schema/device.capnp.h>
#include <string.h>

#include "arch/sim/world_call.h"
#include "arch/thread.h"
#include "base/test.h"
#include "cap/transfer.h"
#include "mm/frame.h"
#include "object/device.h"
#include "object/permanent.h"
#include "proc/process.h"

#define PORTS 0x10000

static struct world_process one;
static struct world_process other;
static uint64_t frames_at_start;
static struct world_call call;

static void
start(void)
{
	world_start();
	objects_init();
	frames_at_start = world_free_frames();
	one = world_process(NULL);
	other = world_process(NULL);
}

static cap_id_t
give_range(struct world_process *to, uint16_t base, uint16_t count)
{
	struct object *object;
	cap_id_t cap_id;

	CHECK_EQ(io_port_range_create(&ledger_boot, base, count, &object), CAP_OK);
	cap_id = world_give(to, object, 0);
	object_put(object);
	return cap_id;
}

static enum cap_status
enable(struct world_process *from, cap_id_t range)
{
	world_call_begin(&call, from, range, IO_PORT_RANGE_METHOD_ENABLE);
	(void)io_port_range_enable_params_init_root(&call.params);
	return world_call(&call);
}

/* The hold goes from one table to the other, as with a message. */
static cap_id_t
move(struct world_process *from, cap_id_t cap_id, struct world_process *to)
{
	struct transfer_list list = { .count = 1,
		.entries = { { .cap_id = cap_id, .mode = CAP_TRANSFER_MOVE } } };
	struct cap_hold holds[TRANSFER_CAPS_MAX];
	struct cap_record records[TRANSFER_CAPS_MAX];

	CHECK_EQ(cap_table_reserve_locked(to->process->table, 1), CAP_OK);
	CHECK_EQ(transfer_check_locked(from->process->table, &list, holds), CAP_OK);
	transfer_predict_locked(to->process->table, &list, holds, records);
	transfer_commit_locked(from->process->table, to->process->table, &list, holds);
	return records[0].cap_id;
}

static bool
is_open(const struct world_process *process, uint32_t port)
{
	const uint8_t *bitmap = process_io_bitmap(process->process);

	return bitmap != NULL && !(bitmap[port / 8] & (1U << (port % 8)));
}

/* The ports [base, base + count) are open, and none besides. */
static void
check_open(const struct world_process *process, uint32_t base, uint32_t count)
{
	for (uint32_t port = 0; port < PORTS; port++)
		CHECK_EQ(is_open(process, port), port - base < count);
}

TEST(a_range_tells_its_ports)
{
	static const struct {
		uint16_t base;
		uint16_t count;
	} cases[] = { { 0x2f8, 8 }, { 0x60, 1 }, { 0xffff, 1 }, { 0x1000, 0xf000 } };

	start();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct io_port_range_info_results results;

		world_call_begin(&call, &one, give_range(&one, cases[i].base, cases[i].count),
		    IO_PORT_RANGE_METHOD_INFO);
		(void)io_port_range_info_params_init_root(&call.params);
		CHECK_EQ(world_call(&call), CAP_OK);
		results = io_port_range_info_results_root(&call.results);
		CHECK_EQ(io_port_range_info_results_base(results), cases[i].base);
		CHECK_EQ(io_port_range_info_results_count(results), cases[i].count);
		/* Nothing is open by holding it alone. */
		CHECK_EQ(process_io_bitmap(one.process), NULL);
		CHECK_EQ(one.thread->io_bitmap, NULL);
	}
}

TEST(enabling_opens_exactly_these_ports_until_the_release)
{
	static const struct {
		uint16_t base;
		uint16_t count;
	} cases[] = { { 0x2f8, 8 }, { 0x60, 1 }, { 0x2e7, 3 }, { 0x67f + 1, 17 }, { 0xfff9, 7 },
		{ 0x1000, 0xf000 } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cap_id_t range;

		start();
		range = give_range(&one, cases[i].base, cases[i].count);
		CHECK_EQ(enable(&one, range), CAP_OK);
		CHECK_EQ(one.thread->io_bitmap, process_io_bitmap(one.process));
		check_open(&one, cases[i].base, cases[i].count);
		CHECK_EQ(process_io_bitmap(other.process), NULL);
		/* Once more is the same. */
		CHECK_EQ(enable(&one, range), CAP_OK);
		check_open(&one, cases[i].base, cases[i].count);
		CHECK_EQ(world_release(&one, range), CAP_OK);
		check_open(&one, 0, 0);
	}
}

TEST(ranges_of_one_process_come_and_go_alone)
{
	cap_id_t first, second;

	start();
	first = give_range(&one, 0x2f8, 8);
	second = give_range(&one, 0x300, 9);
	CHECK_EQ(enable(&one, first), CAP_OK);
	CHECK_EQ(enable(&one, second), CAP_OK);
	check_open(&one, 0x2f8, 17);
	CHECK_EQ(world_release(&one, first), CAP_OK);
	check_open(&one, 0x300, 9);
	CHECK_EQ(world_release(&one, second), CAP_OK);
	check_open(&one, 0, 0);
}

TEST(ports_that_nobody_may_have_are_refused_and_nothing_is_charged)
{
	static const struct {
		uint16_t base;
		uint16_t count;
	} bad[] = { { 0x2f8, 0 }, { 0, 0 }, { 0xffff, 2 }, { 0xffff, 0xffff }, { 0, 0xffff },
		{ 0x3f8, 8 }, { 0x3f0, 9 }, { 0x3ff, 1 }, { 0xcf8, 1 }, { 0x20, 1 }, { 0xf4, 1 },
		{ 0x510, 1 }, { 0x604, 2 } };
	struct world_accounts before, after;

	start();
	before = world_accounts(&one);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct object *object = NULL;

		CHECK_EQ(
		    io_port_range_create(one.process->ledger, bad[i].base, bad[i].count, &object),
		    CAP_ERR_INVALID_ARGUMENT);
		CHECK_EQ(object, NULL);
	}
	after = world_accounts(&one);
	CHECK_MEMORY(&before, &after, sizeof(before));
}

TEST(a_range_without_room_for_it_is_refused)
{
	struct world_accounts before, after;
	struct object *object = NULL;

	start();
	before = world_accounts(&one);
	frame_fail_after(0);
	CHECK_EQ(io_port_range_create(one.process->ledger, 0x2f8, 8, &object), CAP_ERR_NO_MEMORY);
	frame_fail_after(UINT64_MAX);
	one.process->ledger->limit[LEDGER_KERNEL_BYTES] =
	    one.process->ledger->used[LEDGER_KERNEL_BYTES] + 15;
	CHECK_EQ(
	    io_port_range_create(one.process->ledger, 0x2f8, 8, &object), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(object, NULL);
	after = world_accounts(&one);
	CHECK_MEMORY(&before, &after, sizeof(before));
}

TEST(enabling_without_room_for_the_map_is_refused_and_opens_nothing)
{
	struct ledger *ledger;
	struct world_accounts before, after;
	cap_id_t range;

	start();
	ledger = one.process->ledger;
	range = give_range(&one, 0x2f8, 8);
	before = world_accounts(&one);
	for (uint64_t room = 0; room < 2; room++) {
		ledger->limit[LEDGER_FRAME_PAGES] = ledger->used[LEDGER_FRAME_PAGES] + room;
		CHECK_EQ(enable(&one, range), CAP_ERR_QUOTA_EXCEEDED);
	}
	ledger->limit[LEDGER_FRAME_PAGES] = ledger->used[LEDGER_FRAME_PAGES] + 2;
	frame_fail_after(0);
	CHECK_EQ(enable(&one, range), CAP_ERR_NO_MEMORY);
	frame_fail_after(UINT64_MAX);
	after = world_accounts(&one);
	CHECK_MEMORY(&before, &after, sizeof(before));
	CHECK_EQ(process_io_bitmap(one.process), NULL);
	CHECK_EQ(one.thread->io_bitmap, NULL);
	/* With room it is enabled, and releases what it has. */
	CHECK_EQ(enable(&one, range), CAP_OK);
	check_open(&one, 0x2f8, 8);
	CHECK_EQ(world_release(&one, range), CAP_OK);
	check_open(&one, 0, 0);
}

TEST(a_range_that_was_never_enabled_is_released)
{
	cap_id_t range;

	start();
	range = give_range(&one, 0x2f8, 8);
	CHECK_EQ(world_release(&one, range), CAP_OK);
	CHECK_EQ(process_io_bitmap(one.process), NULL);
}

TEST(a_holder_that_ends_gives_everything_back)
{
	start();
	CHECK_EQ(enable(&one, give_range(&one, 0x2f8, 8)), CAP_OK);
	CHECK_EQ(enable(&one, give_range(&one, 0x300, 8)), CAP_OK);
	(void)give_range(&one, 0x310, 8);
	CHECK_EQ(world_syscall(&one, SYSCALL_EXIT, 0, 0), WORLD_GONE);
	CHECK_EQ(world_syscall(&other, SYSCALL_EXIT, 0, 0), WORLD_GONE);
	world_settle();
	world_settle();
	CHECK_EQ(world_free_frames(), frames_at_start);
	CHECK_EQ(ledger_boot.used[LEDGER_KERNEL_BYTES], 0);
}

TEST(who_hands_a_range_on_keeps_no_port_of_it)
{
	cap_id_t range, rest, moved;

	start();
	range = give_range(&one, 0x2f8, 8);
	rest = give_range(&one, 0x310, 8);
	CHECK_EQ(enable(&one, range), CAP_OK);
	CHECK_EQ(enable(&one, rest), CAP_OK);
	moved = move(&one, range, &other);
	check_open(&one, 0x310, 8);
	/* The new holder has to ask for them. */
	CHECK_EQ(process_io_bitmap(other.process), NULL);
	CHECK_EQ(enable(&other, moved), CAP_OK);
	check_open(&other, 0x2f8, 8);
	check_open(&one, 0x310, 8);
	CHECK_EQ(world_release(&other, moved), CAP_OK);
	check_open(&other, 0, 0);
}

TEST(a_range_outlives_the_process_that_had_enabled_it)
{
	cap_id_t range, moved;

	start();
	range = give_range(&one, 0x2f8, 8);
	CHECK_EQ(enable(&one, range), CAP_OK);
	moved = move(&one, range, &other);
	CHECK_EQ(world_syscall(&one, SYSCALL_EXIT, 0, 0), WORLD_GONE);
	world_settle();
	world_settle();
	CHECK_EQ(world_release(&other, moved), CAP_OK);
	CHECK_EQ(world_syscall(&other, SYSCALL_EXIT, 0, 0), WORLD_GONE);
	world_settle();
	world_settle();
	CHECK_EQ(world_free_frames(), frames_at_start);
}

TEST(a_range_cannot_be_copied)
{
	struct transfer_list list = { .count = 1, .entries = { { .mode = CAP_TRANSFER_COPY } } };
	struct cap_hold holds[TRANSFER_CAPS_MAX];

	start();
	list.entries[0].cap_id = give_range(&one, 0x2f8, 8);
	CHECK_EQ(transfer_check_locked(one.process->table, &list, holds),
	    CAP_ERR_TRANSFER_NOT_SUPPORTED);
}

TEST(a_method_that_does_not_exist_is_refused)
{
	start();
	world_call_begin(&call, &one, give_range(&one, 0x2f8, 8), 2);
	CHECK_EQ(world_call(&call), CAP_ERR_UNIMPLEMENTED_METHOD);
	CHECK_EQ(process_io_bitmap(one.process), NULL);
}
