/* SPDX-License-Identifier: Apache-2.0 */
/* ProcessFactory and ProcessBuilder: what a new process gets, each refusal, and nothing left of
 * what never started. */
#include <abi/capset.h>
#include <abi/start.h>
#include <schema/memory.capnp.h>
#include <schema/process.capnp.h>
#include <string.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "mm/frame.h"
#include "mm/user_copy.h"
#include "object/endpoint.h"
#include "object/permanent.h"
#include "object/timer.h"
#include "proc/process.h"

#define IMAGE USER_IMAGE_BASE
#define INTERFACE UINT64_C(0x8000000000000001)
#define LONG_PAGES 400

static struct world_process one;
static cap_id_t factory;
static cap_id_t builder;
static cap_id_t memory; /* two pages */
static uint64_t frames_at_start;
static struct world_call call;

static enum cap_status
create(const char *name)
{
	struct process_factory_create_params_builder params;

	world_call_begin(&call, &one, factory, PROCESS_FACTORY_METHOD_CREATE);
	call.sqe.cap_max = 1;
	params = process_factory_create_params_init_root(&call.params);
	process_factory_create_params_set_name(params, capnp_text_from_string(name));
	return world_call(&call);
}

static cap_id_t
make_memory(uint32_t page_count)
{
	cap_id_t allocator = world_give(&one, frame_allocator_object(), 0);

	world_call_begin(&call, &one, allocator, FRAME_ALLOCATOR_METHOD_ALLOC);
	call.sqe.cap_max = 1;
	frame_allocator_alloc_params_set_count(
	    frame_allocator_alloc_params_init_root(&call.params), page_count);
	CHECK_EQ(world_call(&call), CAP_OK);
	CHECK_EQ(world_release(&one, allocator), CAP_OK);
	return call.cqe.cap_id;
}

static void
fill_memory(const void *bytes, size_t byte_count)
{
	struct memory_object_map_params_builder params;
	uaddr_t address;

	world_call_begin(&call, &one, memory, MEMORY_OBJECT_METHOD_MAP);
	params = memory_object_map_params_init_root(&call.params);
	memory_object_map_params_set_size(params, 2 * PAGE_BYTES);
	memory_object_map_params_set_protection(params, PROTECTION_READ_WRITE);
	CHECK_EQ(world_call(&call), CAP_OK);
	address = memory_object_map_results_address(memory_object_map_results_root(&call.results));
	world_write(&one, address, bytes, byte_count);
}

static void
start(void)
{
	world_start();
	objects_init();
	frames_at_start = world_free_frames();
	one = world_process(NULL);
	factory = world_give(&one, process_factory_object(), 0);
	memory = make_memory(2);
	CHECK_EQ(create("made"), CAP_OK);
	builder = call.cqe.cap_id;
}

struct mapping {
	uint64_t offset;
	uint64_t size;
	uint64_t address;
	uint64_t copy_bytes;
	enum protection protection;
};

static void
begin_map(cap_id_t cap_id, const struct mapping *mapping)
{
	struct process_builder_map_params_builder params;

	world_call_begin(&call, &one, builder, PROCESS_BUILDER_METHOD_MAP);
	params = process_builder_map_params_init_root(&call.params);
	if (cap_id != 0)
		process_builder_map_params_set_memory(
		    params, (struct capnp_cap){ .cap_id = cap_id, .mode = CAPNP_CAP_COPY });
	process_builder_map_params_set_offset(params, mapping->offset);
	process_builder_map_params_set_size(params, mapping->size);
	process_builder_map_params_set_address(params, mapping->address);
	process_builder_map_params_set_protection(params, mapping->protection);
}

static void
begin_map_copy(cap_id_t cap_id, const struct mapping *mapping)
{
	struct process_builder_map_copy_params_builder params;

	world_call_begin(&call, &one, builder, PROCESS_BUILDER_METHOD_MAP_COPY);
	params = process_builder_map_copy_params_init_root(&call.params);
	if (cap_id != 0)
		process_builder_map_copy_params_set_memory(
		    params, (struct capnp_cap){ .cap_id = cap_id, .mode = CAPNP_CAP_COPY });
	process_builder_map_copy_params_set_offset(params, mapping->offset);
	process_builder_map_copy_params_set_copy_bytes(params, mapping->copy_bytes);
	process_builder_map_copy_params_set_size(params, mapping->size);
	process_builder_map_copy_params_set_address(params, mapping->address);
	process_builder_map_copy_params_set_protection(params, mapping->protection);
}

static enum cap_status
map(cap_id_t cap_id, const struct mapping *mapping)
{
	begin_map(cap_id, mapping);
	return world_call(&call);
}

static enum cap_status
map_copy(cap_id_t cap_id, const struct mapping *mapping)
{
	begin_map_copy(cap_id, mapping);
	return world_call(&call);
}

static enum cap_status
grant(const char *name, cap_id_t cap_id, uint8_t mode)
{
	struct process_builder_grant_params_builder params;

	world_call_begin(&call, &one, builder, PROCESS_BUILDER_METHOD_GRANT);
	params = process_builder_grant_params_init_root(&call.params);
	process_builder_grant_params_set_name(params, capnp_text_from_string(name));
	if (cap_id != 0)
		process_builder_grant_params_set_cap(
		    params, (struct capnp_cap){ .cap_id = cap_id, .mode = mode });
	return world_call(&call);
}

static enum cap_status
grant_local(const char *name, uint16_t source, uint64_t interface_id, uint8_t cap_max)
{
	struct process_builder_grant_local_params_builder params;

	world_call_begin(&call, &one, builder, PROCESS_BUILDER_METHOD_GRANT_LOCAL);
	call.sqe.cap_max = cap_max;
	params = process_builder_grant_local_params_init_root(&call.params);
	process_builder_grant_local_params_set_name(params, capnp_text_from_string(name));
	process_builder_grant_local_params_set_source(params, (enum local_source)source);
	process_builder_grant_local_params_set_interface_id(params, interface_id);
	return world_call(&call);
}

static void
begin_start(uint64_t entry, uint64_t stack_bytes, uint64_t tls_bytes)
{
	struct process_builder_start_params_builder params;

	world_call_begin(&call, &one, builder, PROCESS_BUILDER_METHOD_START);
	call.sqe.cap_max = 1;
	params = process_builder_start_params_init_root(&call.params);
	process_builder_start_params_set_entry(params, entry);
	process_builder_start_params_set_stack_bytes(params, stack_bytes);
	process_builder_start_params_set_tls_bytes(params, tls_bytes);
}

static enum cap_status
start_process(uint64_t entry)
{
	begin_start(entry, 0, 0);
	return world_call(&call);
}

/* The process that was started last; NULL: only the test's own runs. */
static struct process *
made(void)
{
	return process_after(one.process->pid);
}

static bool
text_is(struct process *process, uaddr_t address, const void *bytes, size_t byte_count)
{
	uint8_t found[64];

	return user_copy_in(process->space, found, address, byte_count) == CAP_OK &&
	    memcmp(found, bytes, byte_count) == 0;
}

static void
check_everything_is_back(void)
{
	const struct process_exit killed = { .kind = EXIT_KIND_KILLED };

	while (made() != NULL && made()->state == PROCESS_RUNNING)
		process_exit(made()->thread, &killed);
	process_exit(one.thread, &killed);
	world_settle();
	world_settle();
	CHECK_EQ(world_free_frames(), frames_at_start);
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		CHECK_EQ(ledger_boot.used[i], 0);
}

/* After a refusal: nothing runs, the builder refuses everything, and dropping it undoes all. */
static void
check_is_broken(void)
{
	CHECK_EQ(start_process(IMAGE), CAP_ERR_WRONG_STATE);
	CHECK_EQ(grant_local("vm", LOCAL_SOURCE_VIRTUAL_MEMORY, 0, 0), CAP_ERR_WRONG_STATE);
	CHECK_EQ(made(), NULL);
	CHECK_EQ(world_release(&one, builder), CAP_OK);
	check_everything_is_back();
}

static const struct mapping text = { 0, PAGE_BYTES, IMAGE, 0, PROTECTION_READ_EXECUTE };
static const struct mapping zeros = { 0, PAGE_BYTES, IMAGE + 0x20000, 0, PROTECTION_READ_WRITE };

TEST(a_process_has_what_it_was_built_of)
{
	struct world_process child = { 0 };
	struct capset_entry entries[4];
	cap_id_t moved, handle, client;

	start();
	fill_memory("program hello", 13);
	moved = make_memory(1);
	CHECK_EQ(map(memory, &text), CAP_OK);
	CHECK_EQ(map_copy(memory,
		     &(struct mapping){ 0, PAGE_BYTES, IMAGE + 0x10000, 8, PROTECTION_READ_WRITE }),
	    CAP_OK);
	CHECK_EQ(map_copy(0, &zeros), CAP_OK);
	CHECK_EQ(grant("memory", memory, CAPNP_CAP_COPY), CAP_OK);
	CHECK_EQ(grant("moved", moved, CAPNP_CAP_MOVE), CAP_OK);
	CHECK_EQ(grant_local("vm", LOCAL_SOURCE_VIRTUAL_MEMORY, 0, 0), CAP_OK);
	CHECK_EQ(grant_local("serve", LOCAL_SOURCE_ENDPOINT, INTERFACE, 1), CAP_OK);
	client = call.cqe.cap_id;
	CHECK_EQ(call.cqe.interface_id, INTERFACE);
	CHECK_EQ(made(), NULL);
	CHECK_EQ(start_process(IMAGE + 16), CAP_OK);
	handle = call.cqe.cap_id;
	CHECK_EQ(call.cqe.interface_id, PROCESS_HANDLE_INTERFACE_ID);
	CHECK(handle != 0 && client != 0);
	child.process = made();
	CHECK(child.process != NULL);
	CHECK_STR(child.process->name, "made");
	CHECK_EQ(child.process->thread->registers->entry, IMAGE + 16);
	CHECK(text_is(child.process, IMAGE, "program hello", 13));
	CHECK(text_is(child.process, IMAGE + 0x10000, "program \0\0\0\0", 12));
	CHECK(text_is(child.process, IMAGE + 0x20000, "\0\0\0\0", 4));
	CHECK_EQ(user_copy_out(child.process->space, IMAGE, "x", 1), CAP_ERR_INVALID_BUFFER);
	CHECK_EQ(user_copy_out(child.process->space, IMAGE + 0x20000, "x", 1), CAP_OK);
	world_read(
	    &child, USER_CAPSET_ADDRESS + sizeof(struct capset_header), entries, sizeof(entries));
	CHECK_STR(entries[0].name, "memory");
	CHECK_EQ(entries[0].origin_pid, one.process->pid);
	CHECK_STR(entries[1].name, "moved");
	CHECK_EQ(entries[1].interface_id, MEMORY_OBJECT_INTERFACE_ID);
	CHECK_STR(entries[2].name, "vm");
	CHECK_EQ(entries[2].origin, CAPSET_ORIGIN_KERNEL);
	CHECK_STR(entries[3].name, "serve");
	CHECK_EQ(child.process->ledger->used[LEDGER_CAP_SLOTS], 4);
	/* What was moved is gone from here, what was copied is not. */
	CHECK_EQ(world_release(&one, moved), CAP_ERR_STALE_GENERATION);
	CHECK_EQ(world_release(&one, memory), CAP_OK);
	CHECK_EQ(world_release(&one, client), CAP_OK);
	check_everything_is_back();
}

TEST(memory_that_is_shared_is_the_same_and_what_is_copied_is_not)
{
	start();
	fill_memory("before", 6);
	CHECK_EQ(map(memory, &text), CAP_OK);
	CHECK_EQ(map_copy(memory,
		     &(struct mapping){ 0, PAGE_BYTES, IMAGE + 0x10000, 6, PROTECTION_READ }),
	    CAP_OK);
	CHECK_EQ(start_process(IMAGE), CAP_OK);
	fill_memory("behind", 6);
	CHECK(text_is(made(), IMAGE, "behind", 6));
	CHECK(text_is(made(), IMAGE + 0x10000, "before", 6));
	check_everything_is_back();
}

TEST(a_started_builder_is_empty)
{
	struct world_accounts before, after;

	start();
	CHECK_EQ(start_process(IMAGE), CAP_OK);
	before = world_accounts(&one);
	CHECK_EQ(start_process(IMAGE), CAP_ERR_WRONG_STATE);
	CHECK_EQ(map(memory, &text), CAP_ERR_WRONG_STATE);
	CHECK_EQ(map_copy(0, &zeros), CAP_ERR_WRONG_STATE);
	CHECK_EQ(grant("memory", memory, CAPNP_CAP_COPY), CAP_ERR_WRONG_STATE);
	CHECK_EQ(grant_local("e", LOCAL_SOURCE_ENDPOINT, INTERFACE, 1), CAP_ERR_WRONG_STATE);
	after = world_accounts(&one);
	CHECK_MEMORY(&before, &after, sizeof(before));
	CHECK_EQ(world_release(&one, builder), CAP_OK);
	world_settle();
	CHECK_EQ(made()->state, PROCESS_RUNNING);
	check_everything_is_back();
}

TEST(mappings_that_cannot_be_are_refused)
{
	static const struct {
		bool copies;
		struct mapping mapping;
		enum cap_status expected;
	} cases[] = {
		{ false, { 0, PAGE_BYTES, 0, 0, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ false, { 0, PAGE_BYTES, IMAGE, 0, 4 }, CAP_ERR_INVALID_ARGUMENT },
		{ false, { 0, PAGE_BYTES, IMAGE, 0, UINT16_MAX }, CAP_ERR_INVALID_ARGUMENT },
		{ false, { 0, 0, IMAGE, 0, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ false, { 0, 1, IMAGE, 0, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ false, { 1, PAGE_BYTES, IMAGE, 0, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ false, { 0, PAGE_BYTES, IMAGE + 1, 0, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ false, { 0, 3 * PAGE_BYTES, IMAGE, 0, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ false, { PAGE_BYTES, 2 * PAGE_BYTES, IMAGE, 0, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ false, { -PAGE_BYTES, 2 * PAGE_BYTES, IMAGE, 0, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ false, { 0, -PAGE_BYTES, IMAGE, 0, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ false, { 0, PAGE_BYTES, USER_ADDRESS_END, 0, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ false, { 0, PAGE_BYTES, -PAGE_BYTES, 0, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ false, { 0, PAGE_BYTES, PAGE_BYTES, 0, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ false, { 0, PAGE_BYTES, USER_CAPSET_ADDRESS, 0, 2 }, CAP_ERR_ADDRESS_IN_USE },
		{ true, { 0, PAGE_BYTES, 0, 0, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ true, { 0, PAGE_BYTES, IMAGE, 1, 4 }, CAP_ERR_INVALID_ARGUMENT },
		{ true, { 0, PAGE_BYTES, IMAGE, PAGE_BYTES + 1, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ true, { 0, 4 * PAGE_BYTES, IMAGE, 2 * PAGE_BYTES + 1, 1 },
		    CAP_ERR_INVALID_ARGUMENT },
		{ true, { 4, PAGE_BYTES, IMAGE, 1, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ true, { 2 * PAGE_BYTES, PAGE_BYTES, IMAGE, 1, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ true, { -PAGE_BYTES, PAGE_BYTES, IMAGE, PAGE_BYTES, 1 },
		    CAP_ERR_INVALID_ARGUMENT },
		{ true, { 0, PAGE_BYTES, IMAGE, UINT64_MAX, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ true, { 0, 0, IMAGE, 0, 1 }, CAP_ERR_INVALID_ARGUMENT },
		{ true, { 0, PAGE_BYTES, USER_CAPSET_ADDRESS, 1, 2 }, CAP_ERR_ADDRESS_IN_USE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct mapping *mapping = &cases[i].mapping;
		struct world_accounts before, after;

		start();
		before = world_accounts(&one);
		CHECK_EQ(cases[i].copies ? map_copy(memory, mapping) : map(memory, mapping),
		    cases[i].expected);
		after = world_accounts(&one);
		CHECK_MEMORY(&before, &after, sizeof(before));
		check_is_broken();
	}
}

TEST(what_is_no_memory_cannot_be_mapped)
{
	const struct mapping copy = { 0, PAGE_BYTES, IMAGE, 1, PROTECTION_READ };

	for (uint32_t i = 0; i < 4; i++) {
		cap_id_t wrong;

		start();
		wrong = i < 2 ? 0 : factory;
		CHECK_EQ(i % 2 == 0 ? map(wrong, &text) : map_copy(wrong, &copy),
		    i < 2 ? CAP_ERR_INVALID_CAP : CAP_ERR_WRONG_INTERFACE);
		check_is_broken();
	}
	start();
	CHECK_EQ(world_release(&one, memory), CAP_OK);
	CHECK_EQ(map(memory, &text), CAP_ERR_STALE_GENERATION);
	check_is_broken();
}

TEST(two_mappings_may_not_overlap)
{
	start();
	CHECK_EQ(map(memory, &text), CAP_OK);
	CHECK_EQ(map_copy(memory, &text), CAP_ERR_ADDRESS_IN_USE);
	check_is_broken();
}

TEST(grants_that_cannot_be_are_refused_and_the_caller_keeps_what_it_has)
{
	static const struct {
		const char *name;
		uint8_t mode;
		enum cap_status expected;
	} cases[] = {
		{ "", CAPNP_CAP_MOVE, CAP_ERR_NAME_TOO_LONG },
		{ "a b", CAPNP_CAP_MOVE, CAP_ERR_NAME_TOO_LONG },
		{ "a2345678901234567890123456789012", CAPNP_CAP_COPY, CAP_ERR_NAME_TOO_LONG },
		{ "taken", CAPNP_CAP_MOVE, CAP_ERR_NAME_IN_USE },
		{ "taken", CAPNP_CAP_COPY, CAP_ERR_NAME_IN_USE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world_accounts before, after;
		struct cap_ref found;

		start();
		CHECK_EQ(grant("taken", memory, CAPNP_CAP_COPY), CAP_OK);
		before = world_accounts(&one);
		CHECK_EQ(grant(cases[i].name, memory, cases[i].mode), cases[i].expected);
		after = world_accounts(&one);
		CHECK_MEMORY(&before, &after, sizeof(before));
		CHECK_EQ(cap_lookup(one.process->table, memory, &found), CAP_OK);
		check_is_broken();
	}
}

/* The next one starts anew. */
static void
check_not_granted(cap_id_t cap_id, uint8_t mode, enum cap_status expected)
{
	CHECK_EQ(grant("name", cap_id, mode), expected);
	check_is_broken();
	start();
}

TEST(what_the_caller_does_not_hold_or_may_not_hand_on_is_not_granted)
{
	cap_id_t own;

	start();
	check_not_granted(0, CAPNP_CAP_COPY, CAP_ERR_INVALID_CAP);
	check_not_granted(memory + 1000, CAPNP_CAP_COPY, CAP_ERR_INVALID_CAP);
	check_not_granted(builder, CAPNP_CAP_MOVE, CAP_ERR_TRANSFER_NOT_SUPPORTED);
	CHECK_EQ(world_release(&one, memory), CAP_OK);
	check_not_granted(memory, CAPNP_CAP_COPY, CAP_ERR_STALE_GENERATION);
	own = world_give(&one, process_handle_object(one.process), 0);
	check_not_granted(own, CAPNP_CAP_COPY, CAP_ERR_TRANSFER_NOT_SUPPORTED);
	own = world_give(&one, timer_object(), 0);
	CHECK(object_revoke(timer_object()));
	check_not_granted(own, CAPNP_CAP_COPY, CAP_ERR_REVOKED);
}

TEST(a_capset_takes_so_many_grants)
{
	char name[4] = "n00";

	start();
	for (uint32_t i = 0; i < CAPSET_ENTRIES_MAX; i++) {
		name[1] = (char)('A' + i / 10);
		name[2] = (char)('0' + i % 10);
		CHECK_EQ(grant(name, memory, CAPNP_CAP_COPY), CAP_OK);
	}
	CHECK_EQ(grant("more", memory, CAPNP_CAP_MOVE), CAP_ERR_CAP_SET_FULL);
	check_is_broken();
}

TEST(capabilities_of_its_own_are_refused_by_name_and_kind)
{
	static const struct {
		const char *name;
		uint16_t source;
		uint64_t interface_id;
		uint8_t cap_max;
		enum cap_status expected;
	} cases[] = {
		{ "", LOCAL_SOURCE_VIRTUAL_MEMORY, 0, 0, CAP_ERR_NAME_TOO_LONG },
		{ "taken", LOCAL_SOURCE_VIRTUAL_MEMORY, 0, 0, CAP_ERR_NAME_IN_USE },
		{ "", LOCAL_SOURCE_ENDPOINT, INTERFACE, 1, CAP_ERR_NAME_TOO_LONG },
		{ "taken", LOCAL_SOURCE_ENDPOINT, INTERFACE, 1, CAP_ERR_NAME_IN_USE },
		{ "e", LOCAL_SOURCE_ENDPOINT, INTERFACE, 0, CAP_ERR_TOO_MANY_CAPS },
		{ "e", LOCAL_SOURCE_ENDPOINT, 0, 1, CAP_ERR_INVALID_ARGUMENT },
		{ "e", LOCAL_SOURCE_LEDGER + 1, INTERFACE, 1, CAP_ERR_INVALID_ARGUMENT },
		{ "e", UINT16_MAX, INTERFACE, 1, CAP_ERR_INVALID_ARGUMENT },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world_accounts before, after;

		start();
		CHECK_EQ(grant_local("taken", LOCAL_SOURCE_VIRTUAL_MEMORY, 0, 0), CAP_OK);
		before = world_accounts(&one);
		CHECK_EQ(grant_local(cases[i].name, cases[i].source, cases[i].interface_id,
			     cases[i].cap_max),
		    cases[i].expected);
		world_settle();
		after = world_accounts(&one);
		CHECK_MEMORY(&before, &after, sizeof(before));
		check_is_broken();
	}
}

TEST(starts_that_cannot_be_are_refused)
{
	static const struct {
		uint64_t entry;
		uint64_t stack_bytes;
		uint64_t tls_bytes;
		enum cap_status expected;
	} cases[] = {
		{ 0, 0, 0, CAP_ERR_INVALID_ARGUMENT },
		{ USER_ADDRESS_END, 0, 0, CAP_ERR_INVALID_ARGUMENT },
		{ UINT64_MAX, 0, 0, CAP_ERR_INVALID_ARGUMENT },
		{ IMAGE, 1, 0, CAP_ERR_INVALID_ARGUMENT },
		{ IMAGE, USER_STACK_BYTES_MAX + PAGE_BYTES, 0, CAP_ERR_INVALID_ARGUMENT },
		{ IMAGE, -PAGE_BYTES, 0, CAP_ERR_INVALID_ARGUMENT },
		{ IMAGE, 0, USER_TLS_BYTES_MAX, CAP_ERR_INVALID_ARGUMENT },
		{ IMAGE, 0, UINT64_MAX, CAP_ERR_INVALID_ARGUMENT },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start();
		begin_start(cases[i].entry, cases[i].stack_bytes, cases[i].tls_bytes);
		CHECK_EQ(world_call(&call), cases[i].expected);
		check_is_broken();
	}
	start();
	begin_start(IMAGE, 0, 0);
	call.sqe.cap_max = 0;
	CHECK_EQ(world_call(&call), CAP_ERR_TOO_MANY_CAPS);
	check_is_broken();
	/* Something lies where the stack has to be. */
	start();
	CHECK_EQ(map_copy(0, &(struct mapping){ 0, PAGE_BYTES, USER_STACK_TOP - PAGE_BYTES, 0, 2 }),
	    CAP_OK);
	CHECK_EQ(start_process(IMAGE), CAP_ERR_ADDRESS_IN_USE);
	check_is_broken();
}

static const struct mapping long_zeros = { 0, LONG_PAGES *PAGE_BYTES, IMAGE, 0, 2 };

/* Both are in the queue before the first runs. */
static void
submit_map_and_start(void)
{
	begin_map_copy(0, &long_zeros);
	call.sqe.user_data = 1;
	call.sqe.len = (uint32_t)capnp_builder_finish(&call.params);
	call.sqe.xfer_count = (uint8_t)call.params.cap_count;
	world_write(&one, call.sqe.addr, call.param_words, call.sqe.len + 16);
	world_submit(&one, &call.sqe);
	begin_start(IMAGE, 0, 0);
	call.sqe.addr += PAGE_BYTES;
	call.sqe.result_addr -= PAGE_BYTES;
	call.sqe.result_len = PAGE_BYTES;
	call.sqe.user_data = 2;
	world_call_submit(&call);
}

TEST(a_start_behind_a_long_step_waits_for_its_end)
{
	enum cap_status status;
	struct cap_cqe cqe;

	start();
	submit_map_and_start();
	CHECK(world_reap(&one, &cqe));
	CHECK_EQ(cqe.user_data, 1);
	CHECK(cqe.result > 0);
	CHECK(world_call_reap(&call, &status));
	CHECK_EQ(status, CAP_OK);
	CHECK(text_is(made(), IMAGE + LONG_PAGES * PAGE_BYTES - 4, "\0\0\0\0", 4));
	check_everything_is_back();
}

TEST(a_start_behind_a_long_step_that_fails_is_refused)
{
	enum cap_status status;
	struct cap_cqe cqe;

	for (uint64_t after = 5; after < LONG_PAGES; after += 130) {
		start();
		frame_fail_after(after);
		submit_map_and_start();
		frame_fail_after(UINT64_MAX);
		CHECK(world_reap(&one, &cqe));
		CHECK_EQ(cqe.result, CAP_ERR_APPLICATION_EXCEPTION);
		CHECK(world_call_reap(&call, &status));
		CHECK_EQ(status, CAP_ERR_WRONG_STATE);
		check_is_broken();
	}
}

static uint32_t windows_left;

static void
kill_in_a_window(void)
{
	const struct process_exit killed = { .kind = EXIT_KIND_KILLED };

	if (windows_left-- != 0)
		return;
	sim.on_window = NULL;
	process_exit(one.thread, &killed);
}

TEST(a_maker_that_ends_in_the_middle_of_a_step_leaves_nothing)
{
	for (uint32_t windows = 1; windows < 8; windows++) {
		start();
		begin_map_copy(0, &long_zeros);
		windows_left = windows;
		sim.on_window = kill_in_a_window;
		world_call_submit(&call);
		sim.on_window = NULL;
		world_settle();
		world_settle();
		CHECK_EQ(world_free_frames(), frames_at_start);
		CHECK_EQ(ledger_boot.used[LEDGER_KERNEL_BYTES], 0);
	}
}

TEST(a_long_step_that_times_out_breaks_the_builder)
{
	start();
	begin_map_copy(0, &long_zeros);
	call.sqe.deadline_ns = sim.now_ns;
	CHECK_EQ(world_call(&call), CAP_ERR_TIMED_OUT);
	check_is_broken();
}

/* All of it with one frame less, one by one: an error that says so, and everything back. */
TEST(a_shortage_at_any_frame_of_the_making_leaves_nothing)
{
	enum cap_status status = CAP_ERR_NO_MEMORY;
	uint64_t frames = 0;

	for (; status != CAP_OK; frames++) {
		start();
		CHECK_EQ(world_release(&one, builder), CAP_OK);
		world_settle();
		frame_fail_after(frames);
		status = create("tight");
		builder = call.cqe.cap_id;
		if (status == CAP_OK)
			status = map(memory, &text);
		if (status == CAP_OK)
			status = map_copy(0, &zeros);
		if (status == CAP_OK)
			status = grant("memory", memory, CAPNP_CAP_MOVE);
		if (status == CAP_OK)
			status = grant_local("vm", LOCAL_SOURCE_VIRTUAL_MEMORY, 0, 0);
		if (status == CAP_OK)
			status = grant_local("e", LOCAL_SOURCE_ENDPOINT, INTERFACE, 1);
		if (status == CAP_OK)
			status = start_process(IMAGE);
		frame_fail_after(UINT64_MAX);
		CHECK(status == CAP_OK || status == CAP_ERR_NO_MEMORY);
		CHECK_EQ(made() != NULL, status == CAP_OK);
		check_everything_is_back();
	}
	CHECK(frames > 12);
}

TEST(quotas_are_those_of_the_new_process)
{
	struct process_factory_create_params_builder params;
	struct resource_limits_builder limits;
	const struct mapping pages = { 0, 3 * PAGE_BYTES, IMAGE, 0, PROTECTION_READ };

	for (uint32_t i = 0; i < 2; i++) {
		start();
		world_call_begin(&call, &one, factory, PROCESS_FACTORY_METHOD_CREATE);
		call.sqe.cap_max = 1;
		params = process_factory_create_params_init_root(&call.params);
		process_factory_create_params_set_name(params, CAPNP_TEXT("limited"));
		limits = process_factory_create_params_init_limits(params);
		resource_limits_set_frame_pages(limits, 7);
		resource_limits_set_cap_slots(limits, 1);
		CHECK_EQ(world_call(&call), CAP_OK);
		builder = call.cqe.cap_id;
		CHECK_EQ(grant("first", memory, CAPNP_CAP_COPY), CAP_OK);
		if (i == 0)
			CHECK_EQ(grant("second", memory, CAPNP_CAP_MOVE), CAP_ERR_QUOTA_EXCEEDED);
		else
			CHECK_EQ(map_copy(0, &pages), CAP_ERR_QUOTA_EXCEEDED);
		check_is_broken();
	}
}

TEST(a_start_whose_handle_cannot_be_told_of_starts_nothing)
{
	static const uaddr_t bad[] = { WORLD_READ_ONLY, WORLD_UNMAPPED, UINT64_MAX - 7 };

	for (uint32_t i = 0; i < 3 + 3; i++) {
		start();
		begin_start(IMAGE, 0, 0);
		call.sqe.result_addr = i < 3 ? bad[i] : call.sqe.result_addr;
		call.sqe.result_len = i < 3 ? 64 : (i - 3) * 8;
		world_call_submit(&call);
		CHECK(world_reap(&one, &call.cqe) && call.cqe.result < 0);
		check_is_broken();
	}
}
