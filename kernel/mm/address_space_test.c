/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address spaces, their regions and memory objects, and copies to and from user memory: what is
 * refused changes nothing, and everything comes back.
 */
#include "mm/address_space_internal.h"

#include <abi/start.h>
#include <string.h>

#include "arch/sim/world.h"
#include "base/test.h"
#include "mm/frame.h"
#include "mm/memory_object.h"
#include "mm/user_copy.h"

#define AT UINT64_C(0x50000000)
#define PAGES(count) ((uint64_t)(count) * PAGE_BYTES)

static struct address_space *space;
static struct ledger *payer;
static uint64_t limits[LEDGER_RESOURCE_COUNT];
static uint64_t frames_at_start;

static void
start_with_frames(uint64_t frame_limit)
{
	world_start();
	frames_at_start = world_free_frames();
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		limits[i] = 1 << 20;
	limits[LEDGER_FRAME_PAGES] = frame_limit;
	CHECK_EQ(ledger_create(&ledger_boot, limits, &payer), CAP_OK);
	CHECK_EQ(address_space_create(payer, &space), CAP_OK);
}

static void
start(void)
{
	start_with_frames(1000);
}

/* Nothing of the space, the objects or the ledger is left. */
static void
end(void)
{
	while (address_space_destroy_step(space) == JOB_AGAIN)
		;
	world_settle();
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		CHECK_EQ(payer->used[i], 0);
	ledger_put(payer);
	CHECK_EQ(world_free_frames(), frames_at_start);
}

static enum cap_status
run(struct space_request *request)
{
	struct space_job job;
	enum cap_status status = space_request_begin(&job, space, request);

	if (status != CAP_OK)
		return status;
	while (space_request_step(&job) == JOB_AGAIN)
		;
	return space_request_end(&job, &request->address);
}

static struct space_request
range_of(enum space_operation operation, enum page_access access, uaddr_t address, uint64_t bytes)
{
	return (struct space_request){
		.operation = operation, .access = access, .address = address, .bytes = bytes
	};
}

static enum cap_status
do_range(enum space_operation operation, uaddr_t address, uint64_t bytes)
{
	struct space_request request = range_of(operation, PAGE_ACCESS_WRITE, address, bytes);

	return run(&request);
}

/* Refused, and the ledger is as it was. */
static void
check_refused(const struct space_request *request, enum cap_status expected)
{
	struct space_request copy = *request;
	uint64_t used[LEDGER_RESOURCE_COUNT];
	uint64_t frames = world_free_frames();

	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		used[i] = payer->used[i];
	CHECK_EQ(run(&copy), expected);
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		CHECK_EQ(payer->used[i], used[i]);
	CHECK_EQ(world_free_frames(), frames);
}

static enum cap_status
write_byte(uaddr_t address, uint8_t byte)
{
	return user_copy_out(space, address, &byte, 1);
}

static int
read_byte(uaddr_t address)
{
	uint8_t byte;

	return user_copy_in(space, &byte, address, 1) == CAP_OK ? byte : -1;
}

static struct memory_object *
make_object(uint32_t pages)
{
	const struct memory_object_request request = { payer, pages, false };
	struct memory_object *object = NULL;

	CHECK_EQ(memory_object_create(&request, &object), CAP_OK);
	return object;
}

TEST(mapped_pages_are_zeroed_and_their_own)
{
	start();
	CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT, PAGES(3)), CAP_OK);
	CHECK_EQ(read_byte(AT), 0);
	CHECK_EQ(write_byte(AT + PAGES(3) - 1, 9), CAP_OK);
	CHECK_EQ(read_byte(AT + PAGES(3) - 1), 9);
	CHECK_EQ(read_byte(AT + PAGES(3)), -1);
	CHECK_EQ(read_byte(AT - 1), -1);
	end();
}

TEST(a_place_is_found_and_leaves_gaps)
{
	struct space_request first = range_of(SPACE_MAP_ANONYMOUS, PAGE_ACCESS_WRITE, 0, PAGES(2));
	struct space_request second = first;

	start();
	CHECK_EQ(run(&first), CAP_OK);
	CHECK_EQ(run(&second), CAP_OK);
	CHECK(first.address >= USER_START_END);
	CHECK(second.address >= first.address + PAGES(3));
	CHECK_EQ(do_range(SPACE_UNMAP, first.address, PAGES(2)), CAP_OK);
	first.address = 0;
	CHECK_EQ(run(&first), CAP_OK);
	CHECK(first.address < second.address);
	end();
}

TEST(ranges_that_are_none_are_refused)
{
	static const struct {
		uaddr_t address;
		uint64_t bytes;
		enum cap_status expected;
	} cases[] = {
		{ AT, 0, CAP_ERR_INVALID_ARGUMENT },
		{ AT, 1, CAP_ERR_INVALID_ARGUMENT },
		{ AT + 1, PAGE_BYTES, CAP_ERR_INVALID_ARGUMENT },
		{ PAGE_BYTES, PAGE_BYTES, CAP_ERR_INVALID_ARGUMENT },
		{ USER_ADDRESS_END, PAGE_BYTES, CAP_ERR_INVALID_ARGUMENT },
		{ USER_ADDRESS_END - PAGE_BYTES, PAGES(2), CAP_ERR_INVALID_ARGUMENT },
		{ UINT64_C(0xffff800000000000), PAGE_BYTES, CAP_ERR_INVALID_ARGUMENT },
		{ AT, UINT64_MAX & ~PAGE_MASK, CAP_ERR_INVALID_ARGUMENT },
		{ UINT64_MAX & ~PAGE_MASK, PAGES(2), CAP_ERR_INVALID_ARGUMENT },
		{ AT + PAGES(1), PAGES(1), CAP_ERR_ADDRESS_IN_USE },
		{ AT - PAGES(1), PAGES(2), CAP_ERR_ADDRESS_IN_USE },
		{ AT - PAGES(1), PAGES(9), CAP_ERR_ADDRESS_IN_USE },
	};

	start();
	CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT, PAGES(4)), CAP_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct space_request request = range_of(
		    SPACE_MAP_ANONYMOUS, PAGE_ACCESS_WRITE, cases[i].address, cases[i].bytes);

		check_refused(&request, cases[i].expected);
	}
	end();
}

TEST(a_quota_and_a_shortage_undo_what_was_begun)
{
	const struct space_request large =
	    range_of(SPACE_MAP_ANONYMOUS, PAGE_ACCESS_WRITE, AT, PAGES(50));

	start_with_frames(20);
	check_refused(&large, CAP_ERR_QUOTA_EXCEEDED);
	end();
	for (uint64_t after = 0; after < 54; after += 9) {
		uint64_t tables;

		start();
		frame_fail_after(after);
		CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT, PAGES(50)),
		    after < 53 ? CAP_ERR_NO_MEMORY : CAP_OK);
		frame_fail_after(UINT64_MAX);
		/* Tables that were made on the way may stay: they are the process's until it ends.
		 */
		tables = payer->used[LEDGER_FRAME_PAGES];
		CHECK(after >= 53 || tables <= 4);
		CHECK_EQ(payer->used[LEDGER_VIRTUAL_PAGES], after < 53 ? 0 : 50);
		end();
	}
}

TEST(a_reservation_takes_addresses_and_is_committed_in_parts)
{
	start();
	CHECK_EQ(do_range(SPACE_RESERVE, AT, PAGES(100)), CAP_OK);
	CHECK_EQ(payer->used[LEDGER_VIRTUAL_PAGES], 100);
	CHECK_EQ(read_byte(AT), -1);
	CHECK_EQ(do_range(SPACE_COMMIT, AT + PAGES(10), PAGES(5)), CAP_OK);
	CHECK_EQ(write_byte(AT + PAGES(12), 3), CAP_OK);
	CHECK_EQ(do_range(SPACE_COMMIT, AT + PAGES(14), PAGES(2)), CAP_ERR_ADDRESS_IN_USE);
	CHECK_EQ(read_byte(AT + PAGES(15)), -1);
	CHECK_EQ(do_range(SPACE_DECOMMIT, AT + PAGES(10), PAGES(5)), CAP_OK);
	CHECK_EQ(read_byte(AT + PAGES(12)), -1);
	CHECK_EQ(do_range(SPACE_COMMIT, AT + PAGES(12), PAGES(1)), CAP_OK);
	CHECK_EQ(read_byte(AT + PAGES(12)), 0);
	CHECK_EQ(do_range(SPACE_COMMIT, AT + PAGES(99), PAGES(2)), CAP_ERR_NOT_MAPPED);
	end();
}

TEST(a_space_has_so_many_regions_and_no_more)
{
	struct space_request more =
	    range_of(SPACE_RESERVE, PAGE_ACCESS_NONE, AT + PAGES(2 * REGIONS_MAX), PAGES(1));

	start();
	for (uint64_t i = 0; i < REGIONS_MAX; i++)
		CHECK_EQ(do_range(SPACE_RESERVE, AT + PAGES(2 * i), PAGES(1)), CAP_OK);
	check_refused(&more, CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(do_range(SPACE_UNMAP, AT, PAGES(1)), CAP_OK);
	CHECK_EQ(run(&more), CAP_OK);
	end();
}

TEST(a_hole_is_cut_into_a_region_and_mapped_again)
{
	start();
	CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT, PAGES(8)), CAP_OK);
	CHECK_EQ(write_byte(AT, 1), CAP_OK);
	CHECK_EQ(write_byte(AT + PAGES(7), 7), CAP_OK);
	CHECK_EQ(do_range(SPACE_UNMAP, AT + PAGES(2), PAGES(3)), CAP_OK);
	CHECK_EQ(read_byte(AT + PAGES(1)), 0);
	CHECK_EQ(read_byte(AT + PAGES(2)), -1);
	CHECK_EQ(read_byte(AT + PAGES(4)), -1);
	CHECK_EQ(read_byte(AT + PAGES(7)), 7);
	CHECK_EQ(payer->used[LEDGER_VIRTUAL_PAGES], 5);
	/* A range over the hole is no range. */
	CHECK_EQ(do_range(SPACE_UNMAP, AT, PAGES(8)), CAP_ERR_NOT_MAPPED);
	CHECK_EQ(read_byte(AT), 1);
	CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT + PAGES(2), PAGES(3)), CAP_OK);
	CHECK_EQ(do_range(SPACE_UNMAP, AT, PAGES(8)), CAP_OK);
	CHECK_EQ(payer->used[LEDGER_VIRTUAL_PAGES], 0);
	end();
}

TEST(a_region_gives_back_either_end)
{
	uint64_t pages;

	start();
	pages = payer->used[LEDGER_VIRTUAL_PAGES];
	CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT, PAGES(4)), CAP_OK);
	CHECK_EQ(do_range(SPACE_UNMAP, AT, PAGES(1)), CAP_OK);
	CHECK_EQ(payer->used[LEDGER_VIRTUAL_PAGES], pages + 3);
	CHECK_EQ(do_range(SPACE_UNMAP, AT + PAGES(3), PAGES(1)), CAP_OK);
	CHECK_EQ(payer->used[LEDGER_VIRTUAL_PAGES], pages + 2);
	CHECK_EQ(write_byte(AT + PAGES(1), 1), CAP_OK);
	CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT, PAGES(1)), CAP_OK);
	CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT + PAGES(3), PAGES(1)), CAP_OK);
	end();
}

TEST(a_cut_without_room_for_its_region_changes_nothing)
{
	const struct space_request middle =
	    range_of(SPACE_UNMAP, PAGE_ACCESS_NONE, AT + PAGES(1), PAGES(1));

	start();
	CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT, PAGES(3)), CAP_OK);
	payer->limit[LEDGER_KERNEL_BYTES] = payer->used[LEDGER_KERNEL_BYTES];
	check_refused(&middle, CAP_ERR_QUOTA_EXCEEDED);
	payer->limit[LEDGER_KERNEL_BYTES] = 1 << 20;
	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(write_byte(AT + PAGES(i), 1), CAP_OK);
	CHECK_EQ(do_range(SPACE_UNMAP, AT, PAGES(3)), CAP_OK);
	end();
}

TEST(protection_is_changed_for_whole_committed_ranges_only)
{
	struct space_request protect = range_of(SPACE_PROTECT, PAGE_ACCESS_READ, AT, PAGES(2));
	uint64_t flushes;

	start();
	CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT, PAGES(3)), CAP_OK);
	CHECK_EQ(write_byte(AT, 5), CAP_OK);
	flushes = sim.flushes;
	CHECK_EQ(run(&protect), CAP_OK);
	CHECK(sim.flushes >= flushes + 2);
	CHECK_EQ(write_byte(AT, 6), CAP_ERR_INVALID_BUFFER);
	CHECK_EQ(read_byte(AT), 5);
	CHECK_EQ(write_byte(AT + PAGES(2), 6), CAP_OK);
	protect.bytes = PAGES(4);
	check_refused(&protect, CAP_ERR_NOT_MAPPED);
	CHECK_EQ(do_range(SPACE_DECOMMIT, AT + PAGES(1), PAGES(1)), CAP_OK);
	protect.bytes = PAGES(2);
	check_refused(&protect, CAP_ERR_NOT_MAPPED);
	end();
}

TEST(unmapping_flushes_every_page)
{
	uint64_t flushes;

	start();
	CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT, PAGES(10)), CAP_OK);
	flushes = sim.flushes;
	CHECK_EQ(do_range(SPACE_UNMAP, AT, PAGES(10)), CAP_OK);
	CHECK(sim.flushes >= flushes + 10);
	end();
}

TEST(a_shared_object_shows_the_same_bytes_twice_and_lives_by_its_mappings)
{
	struct memory_object *object;
	struct space_request one = range_of(SPACE_MAP_OBJECT, PAGE_ACCESS_WRITE, AT, PAGES(2));
	struct space_request other =
	    range_of(SPACE_MAP_OBJECT, PAGE_ACCESS_READ, AT + PAGES(8), PAGES(1));

	start();
	object = make_object(3);
	one.object = object;
	other.object = object;
	other.offset = PAGES(1);
	CHECK_EQ(run(&one), CAP_OK);
	CHECK_EQ(run(&other), CAP_OK);
	CHECK_EQ(memory_object_mappings(object), 2);
	CHECK_EQ(write_byte(AT + PAGES(1) + 4, 44), CAP_OK);
	CHECK_EQ(read_byte(AT + PAGES(8) + 4), 44);
	CHECK_EQ(write_byte(AT + PAGES(8) + 4, 45), CAP_ERR_INVALID_BUFFER);
	memory_object_put(object);
	world_settle();
	CHECK_EQ(read_byte(AT + PAGES(8) + 4), 44);
	one.operation = SPACE_UNMAP_OBJECT;
	CHECK_EQ(run(&one), CAP_OK);
	CHECK_EQ(read_byte(AT), -1);
	CHECK_EQ(read_byte(AT + PAGES(8) + 4), 44);
	end();
}

TEST(an_object_is_mapped_within_its_bounds_only)
{
	static const struct {
		uint64_t offset;
		uint64_t bytes;
	} cases[] = {
		{ 0, PAGES(4) },
		{ PAGES(2), PAGES(2) },
		{ PAGES(3), PAGES(1) },
		{ PAGES(4), PAGES(1) },
		{ 1, PAGES(1) },
		{ UINT64_MAX & ~PAGE_MASK, PAGES(2) },
	};
	struct memory_object *object;

	start();
	object = make_object(3);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct space_request request = { .operation = SPACE_MAP_OBJECT,
			.access = PAGE_ACCESS_READ,
			.address = AT,
			.bytes = cases[i].bytes,
			.object = object,
			.offset = cases[i].offset };

		check_refused(&request, CAP_ERR_INVALID_ARGUMENT);
	}
	CHECK_EQ(memory_object_mappings(object), 0);
	memory_object_put(object);
	end();
}

TEST(copied_pages_are_private_and_zero_behind_the_copy)
{
	struct memory_object *object;
	struct space_request share = range_of(SPACE_MAP_OBJECT, PAGE_ACCESS_WRITE, AT, PAGES(1));
	struct space_request copy =
	    range_of(SPACE_MAP_COPY, PAGE_ACCESS_WRITE, AT + PAGES(8), PAGES(2));

	start();
	object = make_object(1);
	share.object = object;
	copy.object = object;
	copy.copy_bytes = 100;
	CHECK_EQ(run(&share), CAP_OK);
	for (uint32_t i = 0; i < 200; i++)
		CHECK_EQ(write_byte(AT + i, 7), CAP_OK);
	CHECK_EQ(run(&copy), CAP_OK);
	CHECK_EQ(read_byte(AT + PAGES(8) + 99), 7);
	CHECK_EQ(read_byte(AT + PAGES(8) + 100), 0);
	CHECK_EQ(write_byte(AT + PAGES(8), 1), CAP_OK);
	CHECK_EQ(read_byte(AT), 7);
	copy.address = AT + PAGES(16);
	copy.copy_bytes = PAGES(1) + 1;
	check_refused(&copy, CAP_ERR_INVALID_ARGUMENT);
	memory_object_put(object);
	end();
}

TEST(objects_are_bounded_and_a_shortage_leaves_nothing)
{
	struct memory_object_request request = { .page_count = 0 };
	struct memory_object *object = NULL;
	uint64_t frames;

	start();
	request.payer = payer;
	CHECK_EQ(memory_object_create(&request, &object), CAP_ERR_INVALID_ARGUMENT);
	request.page_count = MEMORY_OBJECT_PAGES_MAX + 1;
	CHECK_EQ(memory_object_create(&request, &object), CAP_ERR_INVALID_ARGUMENT);
	request.page_count = 40;
	frames = world_free_frames();
	for (uint64_t after = 0; after < 41; after += 5) {
		frame_fail_after(after);
		CHECK_EQ(memory_object_create(&request, &object), CAP_ERR_NO_MEMORY);
		frame_fail_after(UINT64_MAX);
		world_settle();
		CHECK_EQ(world_free_frames(), frames);
	}
	request.page_count = 2000;
	CHECK_EQ(memory_object_create(&request, &object), CAP_ERR_QUOTA_EXCEEDED);
	world_settle();
	CHECK_EQ(world_free_frames(), frames);
	CHECK(object == NULL);
	end();
}

TEST(user_copies_are_whole_or_refused)
{
	static uint8_t bytes[3 * PAGE_BYTES];
	static const struct {
		uaddr_t address;
		size_t size;
	} refused[] = {
		{ AT + PAGES(2) - 1, 2 },
		{ AT - 1, 2 },
		{ 0, 1 },
		{ UINT64_MAX, 2 },
		{ UINT64_C(0xffff800000000000), 8 },
		{ USER_ADDRESS_END - 1, 2 },
	};

	start();
	CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT, PAGES(2)), CAP_OK);
	memset(bytes, 0x5a, sizeof(bytes));
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		CHECK_EQ(user_copy_out(space, refused[i].address, bytes, refused[i].size),
		    CAP_ERR_INVALID_BUFFER);
		CHECK_EQ(user_copy_in(space, bytes, refused[i].address, refused[i].size),
		    CAP_ERR_INVALID_BUFFER);
		CHECK_EQ(bytes[0], 0x5a);
	}
	CHECK_EQ(read_byte(AT + PAGES(2) - 1), 0);
	CHECK_EQ(read_byte(AT), 0);
	CHECK_EQ(user_copy_out(space, AT + 10, bytes, PAGES(2) - 10), CAP_OK);
	CHECK_EQ(read_byte(AT + 9), 0);
	CHECK_EQ(read_byte(AT + PAGES(2) - 1), 0x5a);
	CHECK_EQ(user_check_writable(space, AT, PAGES(2)), CAP_OK);
	CHECK_EQ(user_check_writable(space, AT, PAGES(2) + 1), CAP_ERR_INVALID_BUFFER);
	CHECK_EQ(user_copy_out(space, 0, bytes, 0), CAP_OK);
	end();
}

TEST(a_copy_across_spaces_needs_both_ranges)
{
	struct address_space *first = NULL;
	uint8_t byte = 0;

	start();
	CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT, PAGES(2)), CAP_OK);
	CHECK_EQ(write_byte(AT + PAGES(1), 77), CAP_OK);
	first = space;
	CHECK_EQ(address_space_create(payer, &space), CAP_OK);
	CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT, PAGES(1)), CAP_OK);
	CHECK_EQ(user_copy_across(space, AT + 1, first, AT + PAGES(1), PAGES(1)),
	    CAP_ERR_INVALID_BUFFER);
	CHECK_EQ(read_byte(AT + 1), 0);
	CHECK_EQ(user_copy_across(space, AT + 1, first, AT + PAGES(1), 100), CAP_OK);
	CHECK_EQ(read_byte(AT + 1), 77);
	CHECK_EQ(user_copy_across(first, AT, space, AT, PAGES(1)), CAP_OK);
	CHECK_EQ(user_copy_in(first, &byte, AT + 1, 1), CAP_OK);
	CHECK_EQ(byte, 77);
	while (address_space_destroy_step(first) == JOB_AGAIN)
		;
	end();
}

TEST(fixed_pages_that_are_pinned_are_off_limits)
{
	const struct address_space_fixed fixed = { AT, 2, PAGE_ACCESS_WRITE, true };
	const struct space_request over =
	    range_of(SPACE_MAP_ANONYMOUS, PAGE_ACCESS_WRITE, AT, PAGES(1));
	const struct space_request away = range_of(SPACE_UNMAP, PAGE_ACCESS_WRITE, AT, PAGES(2));
	const struct space_request protect =
	    range_of(SPACE_PROTECT, PAGE_ACCESS_READ, AT, PAGES(2));
	paddr_t frames[2];

	start();
	CHECK_EQ(address_space_map_fixed(space, &fixed, frames), CAP_OK);
	CHECK(frames[0] != 0 && frames[0] != frames[1]);
	CHECK_EQ(address_space_map_fixed(space, &fixed, NULL), CAP_ERR_ADDRESS_IN_USE);
	check_refused(&over, CAP_ERR_ADDRESS_IN_USE);
	check_refused(&away, CAP_ERR_NOT_MAPPED);
	check_refused(&protect, CAP_ERR_NOT_MAPPED);
	CHECK_EQ(write_byte(AT, 1), CAP_OK);
	end();
}

/* How many steps a request takes. */
static uint32_t
count_steps(enum space_operation operation, uint64_t pages)
{
	struct space_request request = range_of(operation, PAGE_ACCESS_READ, AT, PAGES(pages));
	struct space_job job;
	uint32_t steps = 1;

	CHECK_EQ(space_request_begin(&job, space, &request), CAP_OK);
	while (space_request_step(&job) == JOB_AGAIN)
		steps++;
	CHECK_EQ(space_request_end(&job, NULL), CAP_OK);
	return steps;
}

TEST(fixed_pages_come_and_go_with_windows)
{
	const struct address_space_fixed fixed = { AT, 200, PAGE_ACCESS_WRITE, false };
	uint64_t windows;

	start();
	frame_fail_after(190);
	windows = sim.windows;
	CHECK_EQ(address_space_map_fixed(space, &fixed, NULL), CAP_ERR_NO_MEMORY);
	CHECK(sim.windows >= windows + 180 / 4 + 200 / 64);
	frame_fail_after(UINT64_MAX);
	CHECK_EQ(payer->used[LEDGER_VIRTUAL_PAGES], 0);
	CHECK(payer->used[LEDGER_FRAME_PAGES] <= 4);
	CHECK_EQ(address_space_map_fixed(space, &fixed, NULL), CAP_OK);
	end();
}

TEST(a_step_does_a_bounded_part)
{
	start();
	CHECK_EQ(count_steps(SPACE_MAP_ANONYMOUS, 256), 256 / 4);
	CHECK_EQ(count_steps(SPACE_PROTECT, 256), 2 * 256 / 64);
	CHECK_EQ(count_steps(SPACE_DECOMMIT, 256), 256 / 64);
	CHECK_EQ(count_steps(SPACE_COMMIT, 256), 256 / 64 + 256 / 4);
	CHECK_EQ(count_steps(SPACE_UNMAP, 256), 256 / 64);
	CHECK_EQ(count_steps(SPACE_RESERVE, 256), 1);
	end();
}

/* Given up after each possible number of steps. */
TEST(a_mapping_that_is_given_up_leaves_nothing)
{
	for (uint32_t steps = 0; steps < 16; steps++) {
		struct space_request request =
		    range_of(SPACE_MAP_ANONYMOUS, PAGE_ACCESS_WRITE, AT, PAGES(64));
		struct space_job job;

		start();
		CHECK_EQ(space_request_begin(&job, space, &request), CAP_OK);
		for (uint32_t i = 0; i < steps; i++)
			CHECK_EQ(
			    space_request_step(&job), i + 1 < 16 ? (int)JOB_AGAIN : (int)JOB_DONE);
		space_request_give_up(&job);
		while (space_request_step(&job) == JOB_AGAIN)
			;
		CHECK_EQ(space_request_end(&job, NULL), CAP_ERR_CANCELLED);
		CHECK_EQ(payer->used[LEDGER_VIRTUAL_PAGES], 0);
		CHECK(payer->used[LEDGER_FRAME_PAGES] <= 4);
		CHECK_EQ(read_byte(AT), -1);
		end();
	}
}

TEST(an_unmapping_that_is_given_up_is_finished)
{
	struct space_request request = range_of(SPACE_UNMAP, PAGE_ACCESS_WRITE, AT, PAGES(200));
	struct space_job job;

	start();
	CHECK_EQ(do_range(SPACE_MAP_ANONYMOUS, AT, PAGES(200)), CAP_OK);
	CHECK_EQ(space_request_begin(&job, space, &request), CAP_OK);
	CHECK_EQ(space_request_step(&job), JOB_AGAIN);
	space_request_give_up(&job);
	while (space_request_step(&job) == JOB_AGAIN)
		;
	CHECK_EQ(space_request_end(&job, NULL), CAP_OK);
	CHECK_EQ(payer->used[LEDGER_VIRTUAL_PAGES], 0);
	end();
}

TEST(a_space_is_taken_down_in_steps)
{
	uint32_t steps = 1;

	start();
	CHECK_EQ(do_range(SPACE_RESERVE, AT, PAGES(1000)), CAP_OK);
	while (address_space_destroy_step(space) == JOB_AGAIN)
		steps++;
	CHECK(steps >= 1000 / 64);
	CHECK_EQ(payer->used[LEDGER_VIRTUAL_PAGES], 0);
	ledger_put(payer);
	CHECK_EQ(world_free_frames(), frames_at_start);
}
