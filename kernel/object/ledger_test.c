/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ledger, Funding, and processes within a ledger: what a client divides off pays for what a server
 * keeps because of it, and for nothing else.
 */
#include "object/ledger.h"

#include <abi/start.h>
#include <schema/ledger.capnp.h>
#include <schema/memory.capnp.h>
#include <schema/process.capnp.h>
#include <string.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "cap/transfer.h"
#include "mm/frame.h"
#include "mm/pool.h"
#include "object/permanent.h"
#include "proc/process.h"

static struct world_process client;
static struct world_process server;
static cap_id_t own;  /* the client's Ledger, of itself */
static cap_id_t part; /* of it, for the server */
static struct world_call call;

static void
start(void)
{
	struct cap_hold hold;

	world_start();
	objects_init();
	client = world_process(NULL);
	server = world_process(NULL);
	CHECK_EQ(ledger_capability_hold(client.process, &hold), CAP_OK);
	CHECK_EQ(cap_table_add(client.process->table, &hold, &own), CAP_OK);
}

static struct ledger *
ledger_at(struct world_process *of, cap_id_t cap_id)
{
	struct ledger *ledger = NULL;

	CHECK_EQ(ledger_capability_find(of->process, cap_id, &ledger), CAP_OK);
	return ledger;
}

static void
begin_divide(cap_id_t ledger, uint64_t pages)
{
	struct resource_amounts_builder limits;

	world_call_begin(&call, &client, ledger, LEDGER_METHOD_DIVIDE);
	call.sqe.cap_max = 1;
	limits = ledger_divide_params_init_limits(ledger_divide_params_init_root(&call.params));
	resource_amounts_set_frame_pages(limits, pages);
	resource_amounts_set_virtual_pages(limits, 100000);
	resource_amounts_set_kernel_bytes(limits, 4096);
	resource_amounts_set_cap_slots(limits, 4);
}

/* As a call of the client would hand it over. */
static cap_id_t
give_server(cap_id_t cap_id)
{
	struct cap_ref ref;

	CHECK_EQ(cap_lookup(client.process->table, cap_id, &ref), CAP_OK);
	return world_give(&server, ref.object, 0);
}

static cap_id_t
divide_for_server(uint64_t pages)
{
	begin_divide(own, pages);
	CHECK_EQ(world_call(&call), CAP_OK);
	CHECK_EQ(call.cqe.interface_id, LEDGER_INTERFACE_ID);
	part = call.cqe.cap_id;
	return give_server(part);
}

static void
begin_fund(cap_id_t ledger, uint64_t pages, uint64_t slots)
{
	struct resource_amounts_builder amounts;

	world_call_begin(&call, &server, ledger, LEDGER_METHOD_FUND);
	call.sqe.cap_max = 1;
	amounts = ledger_fund_params_init_amounts(ledger_fund_params_init_root(&call.params));
	resource_amounts_set_frame_pages(amounts, pages);
	resource_amounts_set_cap_slots(amounts, slots);
}

static enum cap_status
fund(cap_id_t ledger, uint64_t pages, uint64_t slots)
{
	begin_fund(ledger, pages, slots);
	return world_call(&call);
}

static enum cap_status
reduce(cap_id_t funding, uint64_t pages)
{
	struct resource_amounts_builder amounts;

	world_call_begin(&call, &server, funding, FUNDING_METHOD_REDUCE);
	amounts = funding_reduce_params_init_amounts(funding_reduce_params_init_root(&call.params));
	resource_amounts_set_frame_pages(amounts, pages);
	return world_call(&call);
}

TEST(usage_tells_every_resource_of_the_ledger)
{
	struct usage_list usages;

	start();
	world_call_begin(&call, &client, own, LEDGER_METHOD_USAGE);
	(void)ledger_usage_params_init_root(&call.params);
	CHECK_EQ(world_call(&call), CAP_OK);
	usages = ledger_usage_results_usage(ledger_usage_results_root(&call.results));
	CHECK_EQ(usage_list_size(usages), LEDGER_RESOURCE_COUNT);
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
		struct usage usage = usage_at(usages, i);

		CHECK_STR(usage_name(usage).data, ledger_resource_name(i));
		CHECK_EQ(usage_used(usage), client.process->ledger->used[i]);
		CHECK_EQ(usage_limit(usage), client.process->ledger->limit[i]);
	}
}

TEST(a_part_has_its_own_limit_and_is_charged_to_the_whole)
{
	struct ledger *ledger;

	start();
	(void)divide_for_server(16);
	ledger = ledger_at(&client, part);
	CHECK(ledger->parent == client.process->ledger);
	CHECK_EQ(ledger->limit[LEDGER_FRAME_PAGES], 16);
	CHECK_EQ(ledger->limit[LEDGER_ENDPOINT_CALLS], 0); /* what is left out is none */
	CHECK_EQ(ledger_charge(ledger, LEDGER_CAP_SLOTS, 4), CAP_OK);
	CHECK_EQ(ledger_charge(ledger, LEDGER_CAP_SLOTS, 1), CAP_ERR_QUOTA_EXCEEDED);
	ledger_release(ledger, LEDGER_CAP_SLOTS, 4);
}

TEST(a_server_has_the_room_and_the_client_the_charge)
{
	struct ledger *of_server;
	uint64_t limit, used;
	cap_id_t ledger;

	start();
	ledger = divide_for_server(16);
	of_server = server.process->ledger;
	limit = of_server->limit[LEDGER_FRAME_PAGES];
	used = client.process->ledger->used[LEDGER_FRAME_PAGES];
	CHECK_EQ(fund(ledger, 10, 2), CAP_OK);
	CHECK_EQ(call.cqe.interface_id, FUNDING_INTERFACE_ID);
	CHECK_EQ(of_server->limit[LEDGER_FRAME_PAGES], limit + 10);
	CHECK_EQ(client.process->ledger->used[LEDGER_FRAME_PAGES], used + 10);
	CHECK_EQ(ledger_at(&client, part)->used[LEDGER_FRAME_PAGES], 10);
	CHECK_EQ(world_release(&server, call.cqe.cap_id), CAP_OK);
	world_settle();
	CHECK_EQ(of_server->limit[LEDGER_FRAME_PAGES], limit);
	CHECK_EQ(client.process->ledger->used[LEDGER_FRAME_PAGES], used);
}

TEST(a_client_that_asks_for_too_much_is_refused_and_nobody_else)
{
	struct world_accounts before, after;
	cap_id_t ledger;

	start();
	ledger = divide_for_server(16);
	CHECK_EQ(fund(ledger, 16, 0), CAP_OK);
	before = world_accounts(&server);
	CHECK_EQ(fund(ledger, 1, 0), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(fund(ledger, 0, 5), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(fund(ledger, UINT64_MAX, 0), CAP_ERR_INVALID_ARGUMENT);
	world_settle();
	after = world_accounts(&server);
	CHECK_MEMORY(&before, &after, sizeof(before));
	CHECK_EQ(ledger_at(&client, part)->used[LEDGER_FRAME_PAGES], 16);
}

TEST(a_client_pays_for_the_records_of_a_funding_too)
{
	struct world_accounts before, after;
	struct ledger *ledger;
	cap_id_t given;
	uint32_t refused = 0;

	start();
	given = divide_for_server(16);
	ledger = ledger_at(&client, part);
	before = world_accounts(&server);
	for (uint64_t room = 0;; room += 16, refused++) {
		ledger->limit[LEDGER_KERNEL_BYTES] = room;
		if (fund(given, 1, 0) == CAP_OK)
			break;
		CHECK_EQ(call.cqe.result, CAP_ERR_APPLICATION_EXCEPTION);
		CHECK_EQ(ledger->used[LEDGER_KERNEL_BYTES], 0);
		CHECK_EQ(ledger->used[LEDGER_FRAME_PAGES], 0);
		world_settle();
		after = world_accounts(&server);
		CHECK_MEMORY(&before, &after, sizeof(before));
	}
	CHECK(refused > 8); /* both records */
	CHECK_EQ(
	    server.process->ledger->used[LEDGER_KERNEL_BYTES], before.own[LEDGER_KERNEL_BYTES]);
}

TEST(a_part_of_a_funding_can_be_given_back)
{
	struct funding_amounts_results results;
	cap_id_t funding;

	start();
	CHECK_EQ(fund(divide_for_server(16), 10, 2), CAP_OK);
	funding = call.cqe.cap_id;
	CHECK_EQ(reduce(funding, 11), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(reduce(funding, 4), CAP_OK);
	world_call_begin(&call, &server, funding, FUNDING_METHOD_AMOUNTS);
	(void)funding_amounts_params_init_root(&call.params);
	CHECK_EQ(world_call(&call), CAP_OK);
	results = funding_amounts_results_root(&call.results);
	CHECK_EQ(resource_amounts_frame_pages(funding_amounts_results_amounts(results)), 6);
	CHECK_EQ(resource_amounts_cap_slots(funding_amounts_results_amounts(results)), 2);
	CHECK_EQ(resource_amounts_kernel_bytes(funding_amounts_results_amounts(results)), 0);
	CHECK_EQ(ledger_at(&client, part)->used[LEDGER_FRAME_PAGES], 6);
}

TEST(room_in_use_cannot_be_given_back)
{
	struct ledger *of_server;
	cap_id_t funding;

	start();
	of_server = server.process->ledger;
	CHECK_EQ(fund(divide_for_server(16), 10, 0), CAP_OK);
	funding = call.cqe.cap_id;
	of_server->limit[LEDGER_FRAME_PAGES] = of_server->used[LEDGER_FRAME_PAGES] + 10;
	CHECK_EQ(ledger_charge(of_server, LEDGER_FRAME_PAGES, 7), CAP_OK);
	CHECK_EQ(reduce(funding, 4), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(ledger_at(&client, part)->used[LEDGER_FRAME_PAGES], 10);
	CHECK_EQ(reduce(funding, 3), CAP_OK);
	/* Dropped with the rest in use: that stays charged to the client until the server ends. */
	CHECK_EQ(world_release(&server, funding), CAP_OK);
	world_settle();
	CHECK_EQ(ledger_at(&client, part)->used[LEDGER_FRAME_PAGES], 7);
	ledger_release(of_server, LEDGER_FRAME_PAGES, 7);
}

TEST(nobody_funds_what_it_pays_for_anyway)
{
	struct resource_amounts_builder amounts;

	start();
	(void)divide_for_server(16);
	world_call_begin(&call, &client, part, LEDGER_METHOD_FUND);
	call.sqe.cap_max = 1;
	amounts = ledger_fund_params_init_amounts(ledger_fund_params_init_root(&call.params));
	resource_amounts_set_frame_pages(amounts, 1);
	CHECK_EQ(world_call(&call), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(ledger_at(&client, part)->used[LEDGER_FRAME_PAGES], 0);
}

TEST(the_ledger_of_oneself_and_fundings_are_not_handed_on)
{
	struct cap_hold hold;
	struct transfer_list list = { .count = 1,
		.entries = { { .cap_id = own, .mode = CAP_TRANSFER_MOVE } } };

	start();
	list.entries[0].cap_id = own;
	CHECK_EQ(transfer_check_locked(client.process->table, &list, &hold),
	    CAP_ERR_TRANSFER_NOT_SUPPORTED);
	CHECK_EQ(fund(divide_for_server(16), 1, 0), CAP_OK);
	list.entries[0].cap_id = call.cqe.cap_id;
	CHECK_EQ(transfer_check_locked(server.process->table, &list, &hold),
	    CAP_ERR_TRANSFER_NOT_SUPPORTED);
	list.entries[0] = (struct cap_transfer){ .cap_id = part, .mode = CAP_TRANSFER_COPY };
	CHECK_EQ(transfer_check_locked(client.process->table, &list, &hold), CAP_OK);
}

TEST(what_has_no_place_in_the_answer_is_undone)
{
	struct world_accounts before, after;
	cap_id_t ledger;

	start();
	ledger = divide_for_server(16);
	before = world_accounts(&client);
	begin_divide(own, 3);
	call.sqe.cap_max = 0;
	CHECK_EQ(world_call(&call), CAP_ERR_TOO_MANY_CAPS);
	begin_divide(own, 3);
	call.sqe.result_len = 8;
	CHECK_EQ(world_call(&call), CAP_ERR_BUFFER_TOO_SMALL);
	begin_fund(ledger, 1, 1);
	call.sqe.cap_max = 0;
	CHECK_EQ(world_call(&call), CAP_ERR_TOO_MANY_CAPS);
	begin_fund(ledger, 1, 1);
	call.sqe.result_addr = WORLD_READ_ONLY;
	CHECK_EQ(world_call(&call), CAP_ERR_INVALID_BUFFER);
	world_settle();
	after = world_accounts(&client);
	CHECK_MEMORY(&before, &after, sizeof(before));
	CHECK_EQ(ledger_at(&client, part)->used[LEDGER_FRAME_PAGES], 0);
}

TEST(a_client_that_ends_is_charged_until_the_server_gives_back)
{
	const struct process_exit killed = { .kind = EXIT_KIND_KILLED };
	struct ledger *of_client;
	uint64_t limit;
	cap_id_t funding;

	start();
	limit = server.process->ledger->limit[LEDGER_FRAME_PAGES];
	CHECK_EQ(fund(divide_for_server(16), 10, 0), CAP_OK);
	funding = call.cqe.cap_id;
	of_client = client.process->ledger;
	process_exit(client.thread, &killed);
	world_settle();
	CHECK_EQ(of_client->used[LEDGER_FRAME_PAGES], 10);
	CHECK_EQ(server.process->ledger->limit[LEDGER_FRAME_PAGES], limit + 10);
	CHECK_EQ(world_release(&server, funding), CAP_OK);
	world_settle();
	CHECK_EQ(server.process->ledger->limit[LEDGER_FRAME_PAGES], limit);
}

TEST(both_can_end_in_any_order_and_nothing_is_left)
{
	const struct process_exit killed = { .kind = EXIT_KIND_KILLED };

	for (uint32_t order = 0; order < 2; order++) {
		uint64_t frames;

		start();
		process_exit(client.thread, &killed);
		process_exit(server.thread, &killed);
		world_settle();
		world_settle();
		frames = world_free_frames();
		start();
		CHECK_EQ(fund(divide_for_server(16), 10, 3), CAP_OK);
		process_exit((order == 0 ? &client : &server)->thread, &killed);
		world_settle();
		process_exit((order == 0 ? &server : &client)->thread, &killed);
		world_settle();
		world_settle();
		CHECK_EQ(world_free_frames(), frames);
		for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
			CHECK_EQ(ledger_boot.used[i], 0);
	}
}

/* Processes within a ledger. */
static cap_id_t
factory_within(cap_id_t ledger)
{
	cap_id_t factory = world_give(&client, process_factory_object(), 0);

	world_call_begin(&call, &client, factory, PROCESS_FACTORY_METHOD_WITHIN);
	call.sqe.cap_max = 1;
	process_factory_within_params_set_ledger(
	    process_factory_within_params_init_root(&call.params),
	    (struct capnp_cap){ .cap_id = ledger, .mode = CAPNP_CAP_COPY });
	CHECK_EQ(world_call(&call), CAP_OK);
	return call.cqe.cap_id;
}

static enum cap_status
create(cap_id_t factory)
{
	world_call_begin(&call, &client, factory, PROCESS_FACTORY_METHOD_CREATE);
	call.sqe.cap_max = 1;
	process_factory_create_params_set_name(
	    process_factory_create_params_init_root(&call.params), CAPNP_TEXT("member"));
	return world_call(&call);
}

TEST(processes_within_a_ledger_share_its_limit)
{
	uint64_t frames_of_one;
	cap_id_t first;
	cap_id_t factory;
	struct ledger *group;

	start();
	(void)divide_for_server(1000);
	group = ledger_at(&client, part);
	group->limit[LEDGER_KERNEL_BYTES] = UINT64_MAX;
	factory = factory_within(part);
	CHECK_EQ(create(factory), CAP_OK);
	first = call.cqe.cap_id;
	frames_of_one = group->used[LEDGER_FRAME_PAGES];
	CHECK(frames_of_one != 0);
	/* Room for one more, and not for two. */
	group->limit[LEDGER_FRAME_PAGES] = 3 * frames_of_one - 1;
	CHECK_EQ(create(factory), CAP_OK);
	CHECK_EQ(create(factory), CAP_ERR_QUOTA_EXCEEDED);
	world_settle();
	CHECK_EQ(group->used[LEDGER_FRAME_PAGES], 2 * frames_of_one);
	CHECK_EQ(world_release(&client, first), CAP_OK);
	world_settle();
	CHECK_EQ(create(factory), CAP_OK);
}

TEST(a_group_is_named_by_a_ledger_and_nothing_else)
{
	struct world_accounts before, after;
	cap_id_t factory;

	start();
	factory = world_give(&client, process_factory_object(), 0);
	const struct {
		cap_id_t cap_id;
		enum cap_status status;
	} cases[] = {
		{ factory, CAP_ERR_WRONG_INTERFACE },
		{ 0, CAP_ERR_INVALID_CAP },
		{ UINT64_MAX, CAP_ERR_INVALID_CAP },
	};
	before = world_accounts(&client);
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_call_begin(&call, &client, factory, PROCESS_FACTORY_METHOD_WITHIN);
		call.sqe.cap_max = 1;
		process_factory_within_params_set_ledger(
		    process_factory_within_params_init_root(&call.params),
		    (struct capnp_cap){ .cap_id = cases[i].cap_id, .mode = CAPNP_CAP_COPY });
		CHECK_EQ(world_call(&call), cases[i].status);
	}
	after = world_accounts(&client);
	CHECK_MEMORY(&before, &after, sizeof(before));
}

static enum cap_status
grant_ledger(cap_id_t builder, const char *name)
{
	struct process_builder_grant_local_params_builder params;

	world_call_begin(&call, &client, builder, PROCESS_BUILDER_METHOD_GRANT_LOCAL);
	params = process_builder_grant_local_params_init_root(&call.params);
	process_builder_grant_local_params_set_name(params, capnp_text_from_string(name));
	process_builder_grant_local_params_set_source(params, LOCAL_SOURCE_LEDGER);
	return world_call(&call);
}

TEST(a_builder_grants_a_process_its_own_ledger)
{
	struct process *made;
	struct ledger *ledger;
	cap_id_t builder;

	start();
	CHECK_EQ(create(world_give(&client, process_factory_object(), 0)), CAP_OK);
	builder = call.cqe.cap_id;
	CHECK_EQ(grant_ledger(builder, "ledger"), CAP_OK);
	world_call_begin(&call, &client, builder, PROCESS_BUILDER_METHOD_START);
	call.sqe.cap_max = 1;
	process_builder_start_params_set_entry(
	    process_builder_start_params_init_root(&call.params), USER_IMAGE_BASE);
	CHECK_EQ(world_call(&call), CAP_OK);
	made = process_after(server.process->pid);
	CHECK(made != NULL);
	/* The first slot of its table, of generation one. */
	CHECK_EQ(ledger_capability_find(made, UINT64_C(1) << CAP_ID_INDEX_BITS, &ledger), CAP_OK);
	CHECK(ledger == made->ledger);
}

TEST(a_ledger_whose_grant_is_refused_is_undone)
{
	struct world_accounts before, after;
	cap_id_t builder;

	start();
	CHECK_EQ(create(world_give(&client, process_factory_object(), 0)), CAP_OK);
	builder = call.cqe.cap_id;
	before = world_accounts(&client);
	CHECK_EQ(grant_ledger(builder, ""), CAP_ERR_NAME_TOO_LONG);
	world_settle();
	after = world_accounts(&client);
	CHECK_MEMORY(&before, &after, sizeof(before));
}

static uint64_t
ledger_count(void)
{
	struct pool_numbers pool;

	for (uint32_t i = 0; pool_numbers_get(i, &pool); i++)
		if (strcmp(pool.name, "ledger") == 0)
			return pool.object_count;
	return 0;
}

TEST(a_group_outlives_the_capability_that_named_it)
{
	struct world_accounts before, after;
	struct ledger *group;
	uint64_t ledgers;
	cap_id_t factory;
	cap_id_t builder;
	cap_id_t given;

	start();
	before = world_accounts(&client);
	ledgers = ledger_count();
	given = divide_for_server(1000);
	group = ledger_at(&client, part);
	factory = factory_within(part);
	CHECK_EQ(world_release(&client, part), CAP_OK);
	CHECK_EQ(world_release(&server, given), CAP_OK);
	world_settle();
	CHECK_EQ(create(factory), CAP_OK);
	builder = call.cqe.cap_id;
	CHECK(group->used[LEDGER_FRAME_PAGES] != 0);
	CHECK_EQ(world_release(&client, builder), CAP_OK);
	CHECK_EQ(world_release(&client, factory), CAP_OK);
	world_settle();
	world_settle();
	after = world_accounts(&client);
	CHECK_EQ(ledger_count(), ledgers);
	/* But for the hold of the shared factory. */
	CHECK_EQ(after.own[LEDGER_FRAME_PAGES], before.own[LEDGER_FRAME_PAGES]);
	CHECK_EQ(after.own[LEDGER_CAP_SLOTS], before.own[LEDGER_CAP_SLOTS] + 1);
}
