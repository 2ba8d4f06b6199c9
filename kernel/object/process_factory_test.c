/* SPDX-License-Identifier: Apache-2.0 */
/* ProcessFactory: names, limits, and nothing left of a builder that could not be made or told of.
 */
#include <abi/start.h>
#include <schema/process.capnp.h>
#include <string.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "mm/frame.h"
#include "object/permanent.h"
#include "proc/process.h"

static struct world_process one;
static cap_id_t factory;
static struct world_call call;

static void
start(void)
{
	world_start();
	objects_init();
	one = world_process(NULL);
	factory = world_give(&one, process_factory_object(), 0);
}

static struct process_factory_create_params_builder
begin_create(const char *name)
{
	struct process_factory_create_params_builder params;

	world_call_begin(&call, &one, factory, PROCESS_FACTORY_METHOD_CREATE);
	call.sqe.cap_max = 1;
	params = process_factory_create_params_init_root(&call.params);
	process_factory_create_params_set_name(params, capnp_text_from_string(name));
	return params;
}

/* The builder that was made last starts its process, which has nothing but its stack. */
static struct process *
start_made(void)
{
	world_call_begin(&call, &one, call.cqe.cap_id, PROCESS_BUILDER_METHOD_START);
	call.sqe.cap_max = 1;
	process_builder_start_params_set_entry(
	    process_builder_start_params_init_root(&call.params), USER_IMAGE_BASE);
	CHECK_EQ(world_call(&call), CAP_OK);
	return process_after(one.process->pid);
}

TEST(a_process_has_the_name_and_the_limits_that_were_given)
{
	static const uint64_t expected[LEDGER_RESOURCE_COUNT] = {
		[LEDGER_CAP_SLOTS] = 3,
		[LEDGER_FRAME_PAGES] = 100,
		[LEDGER_VIRTUAL_PAGES] = 2000,
		[LEDGER_KERNEL_BYTES] = 30000,
		[LEDGER_ENDPOINT_CALLS] = 4,
		[LEDGER_OUTSTANDING_CALLS] = UINT32_MAX,
	};
	struct resource_limits_builder limits;
	struct process *made;

	start();
	limits = process_factory_create_params_init_limits(begin_create("a.B-3_z"));
	resource_limits_set_cap_slots(limits, 3);
	resource_limits_set_frame_pages(limits, 100);
	resource_limits_set_virtual_pages(limits, 2000);
	resource_limits_set_kernel_bytes(limits, 30000);
	resource_limits_set_endpoint_calls(limits, 4);
	resource_limits_set_outstanding_calls(limits, UINT32_MAX);
	CHECK_EQ(world_call(&call), CAP_OK);
	CHECK_EQ(call.cqe.interface_id, PROCESS_BUILDER_INTERFACE_ID);
	made = start_made();
	CHECK_STR(made->name, "a.B-3_z");
	CHECK_MEMORY(made->ledger->limit, expected, sizeof(expected));
}

TEST(a_limit_of_zero_is_the_default_in_the_schema)
{
	static const uint64_t expected[LEDGER_RESOURCE_COUNT] = {
		[LEDGER_CAP_SLOTS] = 256,
		[LEDGER_FRAME_PAGES] = 4096,
		[LEDGER_VIRTUAL_PAGES] = 262144,
		[LEDGER_KERNEL_BYTES] = 262144,
		[LEDGER_ENDPOINT_CALLS] = 128,
		[LEDGER_OUTSTANDING_CALLS] = 64,
	};

	start();
	(void)begin_create("default");
	CHECK_EQ(world_call(&call), CAP_OK);
	CHECK_MEMORY(start_made()->ledger->limit, expected, sizeof(expected));
}

TEST(what_cannot_be_made_is_refused_and_nothing_changes)
{
	static const char *const bad[] = { "", " ", "a b", "a/b", "\xff", "a\n",
		"a2345678901234567890123456789012" };
	struct world_accounts before, after;

	start();
	before = world_accounts(&one);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)begin_create(bad[i]);
		CHECK_EQ(world_call(&call), CAP_ERR_NAME_TOO_LONG);
	}
	(void)begin_create("name");
	call.sqe.cap_max = 0;
	CHECK_EQ(world_call(&call), CAP_ERR_TOO_MANY_CAPS);
	world_call_begin(&call, &one, factory, 2);
	CHECK_EQ(world_call(&call), CAP_ERR_UNIMPLEMENTED_METHOD);
	/* A name that lies outside of the message. */
	(void)begin_create("name");
	call.param_words[2] = UINT64_C(0x0000002a00000405);
	CHECK_EQ(world_call(&call), CAP_ERR_MALFORMED_MESSAGE);
	world_settle();
	after = world_accounts(&one);
	CHECK_MEMORY(&before, &after, sizeof(before));
}

TEST(a_builder_that_cannot_be_told_of_is_undone)
{
	struct world_accounts before, after;

	start();
	before = world_accounts(&one);
	(void)begin_create("name");
	call.sqe.result_len = 8;
	CHECK_EQ(world_call(&call), CAP_ERR_BUFFER_TOO_SMALL);
	(void)begin_create("name");
	call.sqe.result_addr = WORLD_READ_ONLY;
	CHECK_EQ(world_call(&call), CAP_ERR_INVALID_BUFFER);
	world_settle();
	after = world_accounts(&one);
	CHECK_MEMORY(&before, &after, sizeof(before));
}

TEST(a_maker_whose_quota_is_used_up_makes_none)
{
	struct world_accounts before, after;
	struct ledger *ledger;
	uint32_t refused = 0;

	start();
	ledger = one.process->ledger;
	before = world_accounts(&one);
	for (uint64_t room = 0;; room += 16, refused++) {
		ledger->limit[LEDGER_KERNEL_BYTES] = before.own[LEDGER_KERNEL_BYTES] + room;
		(void)begin_create("name");
		if (world_call(&call) == CAP_OK)
			break;
		CHECK_EQ(call.cqe.result, CAP_ERR_APPLICATION_EXCEPTION);
		world_settle();
		after = world_accounts(&one);
		CHECK_MEMORY(&before, &after, sizeof(before));
	}
	/* Both records are the maker's: the process's, and the builder. */
	CHECK(refused > 4);
}

TEST(a_maker_that_ends_takes_what_did_not_start_with_it)
{
	const struct process_exit killed = { .kind = EXIT_KIND_KILLED };
	uint64_t frames;

	world_start();
	objects_init();
	frames = world_free_frames();
	one = world_process(NULL);
	factory = world_give(&one, process_factory_object(), 0);
	for (uint32_t i = 0; i < 5; i++) {
		(void)begin_create("name");
		CHECK_EQ(world_call(&call), CAP_OK);
	}
	process_exit(one.thread, &killed);
	world_settle();
	world_settle();
	CHECK_EQ(world_free_frames(), frames);
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		CHECK_EQ(ledger_boot.used[i], 0);
}
