/* SPDX-License-Identifier: Apache-2.0 */
/* Long work on an address space makes room for others, and ends with its op. */
#include "object/memory.h"

#include <string.h>

#include "arch/sim/world.h"
#include "base/test.h"
#include "mm/frame.h"
#include "mm/user_copy.h"
#include "object/permanent.h"
#include "proc/process.h"

#define PAGES 400
#define RESULT_OFFSET 512
#define RESULT_BYTES 256

static struct world_process one;
static struct world_process other;
static cap_id_t memory;
static uint64_t frames_at_start;
static uint32_t windows_left; /* until something happens in one */
static uint64_t time_to_pass;

static void
start(void)
{
	struct object *object;

	world_start();
	objects_init();
	frames_at_start = world_free_frames();
	one = world_process(NULL);
	other = world_process(NULL);
	CHECK_EQ(virtual_memory_create(one.process, &object), CAP_OK);
	memory = world_give(&one, object, 0);
	object_put(object);
}

static struct cap_sqe
map_call(uint64_t pages)
{
	uint64_t buffer[16];
	struct capnp_builder builder;
	struct virtual_memory_map_params_builder params;
	size_t size;

	capnp_builder_init(&builder, buffer, sizeof(buffer));
	params = virtual_memory_map_params_init_root(&builder);
	virtual_memory_map_params_set_size(params, pages * PAGE_BYTES);
	virtual_memory_map_params_set_protection(params, PROTECTION_READ_WRITE);
	size = capnp_builder_finish(&builder);
	world_write(&one, one.message, buffer, size);
	return (struct cap_sqe){
		.op = CAP_OP_CALL,
		.method = VIRTUAL_MEMORY_METHOD_MAP,
		.target = memory,
		.addr = one.message,
		.len = (uint32_t)size,
		.result_addr = one.message + RESULT_OFFSET,
		.result_len = RESULT_BYTES,
	};
}

static struct cap_sqe
unmap_call(uaddr_t address, uint64_t pages)
{
	uint64_t buffer[16];
	struct capnp_builder builder;
	struct virtual_memory_unmap_params_builder params;
	size_t size;

	capnp_builder_init(&builder, buffer, sizeof(buffer));
	params = virtual_memory_unmap_params_init_root(&builder);
	virtual_memory_unmap_params_set_address(params, address);
	virtual_memory_unmap_params_set_size(params, pages * PAGE_BYTES);
	size = capnp_builder_finish(&builder);
	world_write(&one, one.message, buffer, size);
	return (struct cap_sqe){
		.op = CAP_OP_CALL,
		.method = VIRTUAL_MEMORY_METHOD_UNMAP,
		.target = memory,
		.addr = one.message,
		.len = (uint32_t)size,
		.result_addr = one.message + RESULT_OFFSET,
		.result_len = RESULT_BYTES,
	};
}

/* Where the answer says that the pages are. */
static uaddr_t
answered_address(const struct cap_cqe *cqe)
{
	uint64_t words[RESULT_BYTES / 8];
	struct capnp_reader reader;

	CHECK(cqe->result > 0 && cqe->result <= RESULT_BYTES);
	world_read(&one, one.message + RESULT_OFFSET, words, (size_t)cqe->result);
	CHECK_EQ(capnp_reader_init_single(&reader, words, (size_t)cqe->result), CAPNP_OK);
	return virtual_memory_map_results_address(virtual_memory_map_results_root(&reader));
}

static void
time_passes_in_a_window(void)
{
	if (windows_left-- != 0)
		return;
	sim.on_window = NULL;
	sim_time_pass(time_to_pass);
}

static void
pass_time_after_windows(uint32_t windows, uint64_t ns)
{
	windows_left = windows;
	time_to_pass = ns;
	sim.on_window = time_passes_in_a_window;
}

TEST(a_large_mapping_is_answered_like_a_small_one)
{
	static const uint64_t sizes[] = { 1, 4, 5, PAGES };
	uint8_t byte = 7;

	start();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct cap_sqe call = map_call(sizes[i]);
		struct cap_cqe cqe = world_do(&one, &call);
		uaddr_t last = answered_address(&cqe) + sizes[i] * PAGE_BYTES - 1;

		CHECK_EQ(user_copy_out(one.process->space, last, &byte, 1), CAP_OK);
		CHECK_EQ(
		    user_copy_out(one.process->space, last + 1, &byte, 1), CAP_ERR_INVALID_BUFFER);
	}
}

TEST(another_thread_has_its_turn_in_the_middle)
{
	struct cap_sqe call;
	struct cap_cqe cqe;

	start();
	call = map_call(PAGES);
	world_submit(&one, &call);
	pass_time_after_windows(3, 2 * SCHED_SLICE_NS);
	world_call_once(&one, 0, 0);
	CHECK(thread_current() == other.thread);
	CHECK(!world_reap(&one, &cqe));
	CHECK_EQ(world_enter(&other, 0, 0), 0);
	CHECK_EQ(world_enter(&one, 1, CAP_DEADLINE_NONE), 1);
	CHECK(world_reap(&one, &cqe));
	CHECK(answered_address(&cqe) != 0);
	CHECK_EQ(one.process->ledger->used[LEDGER_VIRTUAL_PAGES] >= PAGES, 1);
}

TEST(a_deadline_in_the_middle_takes_back_what_was_made)
{
	struct cap_sqe call;
	struct cap_cqe cqe;
	uint64_t pages;

	start();
	pages = one.process->ledger->used[LEDGER_VIRTUAL_PAGES];
	call = map_call(PAGES);
	call.deadline_ns = sim.now_ns + 100;
	pass_time_after_windows(5, 1000);
	cqe = world_do(&one, &call);
	CHECK_EQ(cqe.result, CAP_ERR_TIMED_OUT);
	CHECK_EQ(one.process->ledger->used[LEDGER_VIRTUAL_PAGES], pages);
	/* The place is free again. */
	call = map_call(PAGES);
	cqe = world_do(&one, &call);
	CHECK(answered_address(&cqe) != 0);
}

TEST(a_process_that_ends_in_the_middle_leaves_no_frame)
{
	const struct process_exit killed = { 0 };
	struct cap_sqe call;

	start();
	call = map_call(PAGES);
	world_submit(&one, &call);
	pass_time_after_windows(3, 2 * SCHED_SLICE_NS);
	world_call_once(&one, 0, 0);
	CHECK(thread_current() == other.thread);
	process_exit(one.thread, &killed);
	process_exit(other.thread, &killed);
	world_settle();
	world_settle();
	CHECK_EQ(world_free_frames(), frames_at_start);
	CHECK_EQ(ledger_boot.used[LEDGER_KERNEL_BYTES], 0);
}

TEST(a_shortage_in_the_middle_is_told_and_undone)
{
	struct cap_sqe call;
	struct cap_cqe cqe;
	uint64_t pages;

	start();
	pages = one.process->ledger->used[LEDGER_VIRTUAL_PAGES];
	for (uint64_t after = 0; after < 60; after += 7) {
		call = map_call(PAGES);
		frame_fail_after(after);
		cqe = world_do(&one, &call);
		frame_fail_after(UINT64_MAX);
		CHECK_EQ(cqe.result, CAP_ERR_APPLICATION_EXCEPTION);
		CHECK_EQ(one.process->ledger->used[LEDGER_VIRTUAL_PAGES], pages);
	}
}

TEST(an_unmapping_without_room_for_its_record_is_refused_and_unmaps_nothing)
{
	uint32_t refused = 0;

	for (uint64_t room = 0; room < 1024; room += 16) {
		struct ledger *ledger;
		struct cap_sqe call;
		struct cap_cqe cqe;
		uaddr_t address;
		uint8_t byte = 1;

		start();
		ledger = one.process->ledger;
		call = map_call(PAGES);
		cqe = world_do(&one, &call);
		address = answered_address(&cqe);
		call = unmap_call(address, PAGES);
		ledger->limit[LEDGER_KERNEL_BYTES] = ledger->used[LEDGER_KERNEL_BYTES] + room;
		cqe = world_do(&one, &call);
		refused += cqe.result < 0;
		CHECK_EQ(user_copy_out(one.process->space, address, &byte, 1),
		    cqe.result < 0 ? CAP_OK : CAP_ERR_INVALID_BUFFER);
	}
	CHECK(refused != 0 && refused != 1024 / 16);
}

/* The message as generated clients send it: the answer overwrites it, and the straight path takes
 * it. */
static struct cap_sqe
in_one_place(struct cap_sqe call)
{
	call.result_addr = call.addr;
	return call;
}

static uaddr_t
address_in_place(const struct cap_cqe *cqe)
{
	uint64_t words[3];

	CHECK_EQ(cqe->result, sizeof(words));
	world_read(&one, one.message, words, sizeof(words));
	return words[2];
}

TEST(the_straight_path_does_what_the_general_one_does)
{
	static const uint64_t sizes[] = { 1, 4, 5, 64 };
	uint8_t byte = 7;

	start();
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct cap_sqe call = in_one_place(map_call(sizes[i]));
		struct cap_cqe cqe = world_do(&one, &call);
		uaddr_t address = address_in_place(&cqe);
		uaddr_t last = address + sizes[i] * PAGE_BYTES - 1;

		CHECK_EQ(user_copy_out(one.process->space, last, &byte, 1), CAP_OK);
		CHECK_EQ(
		    user_copy_out(one.process->space, last + 1, &byte, 1), CAP_ERR_INVALID_BUFFER);
		call = in_one_place(unmap_call(address, sizes[i]));
		cqe = world_do(&one, &call);
		CHECK_EQ(cqe.result, 16);
		CHECK_EQ(user_copy_out(one.process->space, last, &byte, 1), CAP_ERR_INVALID_BUFFER);
		/* Twice is refused, in the same way by both. */
		call = unmap_call(address, sizes[i]);
		cqe = world_do(&one, &call);
		CHECK_EQ(cqe.result, CAP_ERR_APPLICATION_EXCEPTION);
		call = in_one_place(unmap_call(address, sizes[i]));
		cqe = world_do(&one, &call);
		CHECK_EQ(cqe.result, CAP_ERR_APPLICATION_EXCEPTION);
	}
}

TEST(a_short_request_needs_no_record_and_a_refused_one_leaves_nothing)
{
	struct world_accounts before, after;
	struct cap_sqe call;
	struct cap_cqe cqe;
	struct ledger *ledger;

	start();
	/* The tables are there. */
	call = map_call(1);
	(void)world_do(&one, &call);
	before = world_accounts(&one);
	ledger = one.process->ledger;
	ledger->limit[LEDGER_FRAME_PAGES] = ledger->used[LEDGER_FRAME_PAGES];
	for (uint64_t pages = 1; pages <= 4; pages++) {
		call = map_call(pages);
		cqe = world_do(&one, &call);
		CHECK_EQ(cqe.result, CAP_ERR_APPLICATION_EXCEPTION);
	}
	ledger->limit[LEDGER_FRAME_PAGES] = UINT64_MAX;
	for (uint64_t frames = 0; frames < 4; frames++) {
		call = map_call(4);
		frame_fail_after(frames);
		cqe = world_do(&one, &call);
		frame_fail_after(UINT64_MAX);
		CHECK_EQ(cqe.result, CAP_ERR_APPLICATION_EXCEPTION);
	}
	after = world_accounts(&one);
	CHECK_MEMORY(&before, &after, sizeof(before));
	/* With room for a region, and nothing more. */
	call = map_call(1);
	cqe = world_do(&one, &call);
	CHECK(answered_address(&cqe) != 0);
}
