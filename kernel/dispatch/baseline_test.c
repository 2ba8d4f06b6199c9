/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After very many rounds of what processes do all day nothing has been added up: frames, every
 * pool, slots and ledgers are exactly as after the first round.
 */
#include <abi/start.h>
#include <schema/process.capnp.h>
#include <string.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "cap/transfer.h"
#include "ipc/endpoint.h"
#include "mm/frame.h"
#include "mm/pool.h"
#include "object/permanent.h"
#include "object/timer.h"
#include "proc/process.h"

#define SPAWNS 100000
#define GRANTS 1000000
#define POOLS_MAX 64
#define PARAMS 64 /* bytes from the message area's start */
#define RESULTS 512

struct baseline {
	struct world_accounts accounts;
	struct pool_numbers pools[POOLS_MAX];
};

static void
baseline_take(const struct world_process *of, struct baseline *out)
{
	uint32_t count = 0;

	memset(out, 0, sizeof(*out));
	world_settle();
	out->accounts = world_accounts(of);
	while (pool_numbers_get(count, &out->pools[count]))
		CHECK(++count < POOLS_MAX);
	CHECK(count > 10);
}

static void
check_baseline(const struct world_process *of, const struct baseline *before)
{
	struct baseline now;

	baseline_take(of, &now);
	for (uint32_t i = 0; i < POOLS_MAX; i++) {
		if (now.pools[i].object_count == before->pools[i].object_count &&
		    now.pools[i].page_count == before->pools[i].page_count)
			continue;
		CHECK_STR(now.pools[i].name, "as it was");
	}
	CHECK_MEMORY(&now.accounts, &before->accounts, sizeof(now.accounts));
}

struct parent {
	struct world_process process;
	struct world_call call;
	cap_id_t factory;
	cap_id_t timer;
};

static struct parent parent;

static cap_id_t
create(void)
{
	world_call_begin(
	    &parent.call, &parent.process, parent.factory, PROCESS_FACTORY_METHOD_CREATE);
	parent.call.sqe.cap_max = 1;
	process_factory_create_params_set_name(
	    process_factory_create_params_init_root(&parent.call.params), CAPNP_TEXT("child"));
	CHECK_EQ(world_call(&parent.call), CAP_OK);
	return parent.call.cqe.cap_id;
}

static void
grant_timer(cap_id_t builder)
{
	struct process_builder_grant_params_builder params;

	world_call_begin(&parent.call, &parent.process, builder, PROCESS_BUILDER_METHOD_GRANT);
	params = process_builder_grant_params_init_root(&parent.call.params);
	process_builder_grant_params_set_name(params, CAPNP_TEXT("timer"));
	process_builder_grant_params_set_cap(
	    params, (struct capnp_cap){ .cap_id = parent.timer, .mode = CAPNP_CAP_COPY });
	CHECK_EQ(world_call(&parent.call), CAP_OK);
}

/* The handle of the child, which runs. */
static cap_id_t
start_child(cap_id_t builder, struct world_process *child)
{
	world_call_begin(&parent.call, &parent.process, builder, PROCESS_BUILDER_METHOD_START);
	parent.call.sqe.cap_max = 1;
	process_builder_start_params_set_entry(
	    process_builder_start_params_init_root(&parent.call.params), USER_IMAGE_BASE);
	CHECK_EQ(world_call(&parent.call), CAP_OK);
	child->process = process_after(parent.process.process->pid);
	CHECK(child->process != NULL);
	child->thread = child->process->thread;
	return parent.call.cqe.cap_id;
}

static void
spawn_and_exit(uint32_t round)
{
	struct world_process child = { 0 };
	cap_id_t builder = create();
	cap_id_t handle;

	grant_timer(builder);
	/* Some are given up before they start. */
	if (round % 7 == 0) {
		CHECK_EQ(world_release(&parent.process, builder), CAP_OK);
		return;
	}
	handle = start_child(builder, &child);
	CHECK_EQ(world_release(&parent.process, builder), CAP_OK);
	/* Handles go before the process does, or after. */
	if (round % 2 == 0)
		CHECK_EQ(world_release(&parent.process, handle), CAP_OK);
	CHECK_EQ(world_syscall(&child, SYSCALL_EXIT, round, 0), WORLD_GONE);
	world_settle();
	if (round % 2 != 0)
		CHECK_EQ(world_release(&parent.process, handle), CAP_OK);
}

TEST(a_hundred_thousand_processes_leave_nothing)
{
	struct baseline before;

	world_start();
	objects_init();
	parent.process = world_process(NULL);
	parent.factory = world_give(&parent.process, process_factory_object(), 0);
	parent.timer = world_give(&parent.process, timer_object(), 0);
	for (uint32_t round = 0; round < 14; round++)
		spawn_and_exit(round);
	baseline_take(&parent.process, &before);
	for (uint32_t round = 0; round < SPAWNS; round++)
		spawn_and_exit(round);
	check_baseline(&parent.process, &before);
}

/* One call carries as many capabilities as there may be: all are copies but the last one. */
#define CAPS TRANSFER_CAPS_MAX
#define RECORDS (RESULTS + sizeof(struct cap_delivery) + PARAMS)

struct pair {
	struct world_process client;
	struct world_process server;
	cap_id_t facet;
	cap_id_t owner;
	cap_id_t copied;
	cap_id_t moved; /* and comes back with the answer */
};

static void
submit_call(struct pair *pair)
{
	struct cap_transfer entries[CAPS];
	struct cap_sqe sqe = {
		.op = CAP_OP_CALL,
		.target = pair->facet,
		.addr = pair->client.message,
		.len = PARAMS,
		.xfer_count = CAPS,
		.cap_max = 1,
		.result_addr = pair->client.message + RESULTS,
		.result_len = 64,
	};

	for (uint32_t i = 0; i < CAPS; i++)
		entries[i] = i < CAPS - 1
		    ? (struct cap_transfer){ pair->copied, CAP_TRANSFER_COPY, { 0 } }
		    : (struct cap_transfer){ pair->moved, CAP_TRANSFER_MOVE, { 0 } };
	world_write(&pair->client, pair->client.message + PARAMS, entries, sizeof(entries));
	world_submit(&pair->client, &sqe);
}

static void
submit_receive(struct pair *pair)
{
	struct cap_sqe sqe = {
		.op = CAP_OP_RECV,
		.target = pair->owner,
		.cap_max = CAPS,
		.result_addr = pair->server.message + RESULTS,
		.result_len = 512,
	};

	world_submit(&pair->server, &sqe);
}

static void
submit_answer(struct pair *pair, cap_id_t moved)
{
	const struct cap_transfer back = { .cap_id = moved, .mode = CAP_TRANSFER_MOVE };
	struct cap_sqe sqe = {
		.op = CAP_OP_RETURN, .addr = pair->server.message, .len = 8, .xfer_count = 1
	};

	/* The call id comes first. */
	world_read(&pair->server, pair->server.message + RESULTS, &sqe.target, sizeof(sqe.target));
	world_write(&pair->server, pair->server.message + 8, &back, sizeof(back));
	world_submit(&pair->server, &sqe);
}

/* The server drops the copies and gives back what moved. */
static void
serve(struct pair *pair)
{
	struct cap_record records[CAPS];
	struct cap_cqe cqe;

	CHECK(world_reap(&pair->server, &cqe));
	CHECK_EQ(cqe.cap_count, CAPS);
	world_read(&pair->server, pair->server.message + RECORDS, records, sizeof(records));
	for (uint32_t i = 0; i < CAPS - 1; i++) {
		struct cap_sqe drop = { .op = CAP_OP_RELEASE, .target = records[i].cap_id };

		world_submit(&pair->server, &drop);
	}
	submit_answer(pair, records[CAPS - 1].cap_id);
	CHECK_EQ(world_enter(&pair->server, 0, 0), CAPS);
	while (world_reap(&pair->server, &cqe))
		CHECK_EQ(cqe.result, 0);
}

static void
grant_and_drop(struct pair *pair)
{
	struct cap_cqe cqe;

	submit_receive(pair);
	(void)world_enter(&pair->server, 0, 0);
	submit_call(pair);
	(void)world_enter(&pair->client, 0, 0);
	serve(pair);
	CHECK(world_reap(&pair->client, &cqe));
	CHECK_EQ(cqe.result, 8);
	pair->moved = cqe.cap_id;
}

TEST(a_million_grants_leave_nothing)
{
	struct baseline before_client, before_server;
	struct endpoint *endpoint;
	struct pair pair;
	uint16_t index = 0;

	world_start();
	pair.client = world_process(NULL);
	pair.server = world_process(NULL);
	CHECK_EQ(endpoint_create(pair.server.process->ledger, &endpoint), CAP_OK);
	CHECK_EQ(endpoint_facet(endpoint, 7, &index), CAP_OK);
	pair.facet = world_give(&pair.client, endpoint_object(endpoint), index);
	pair.owner = world_give(&pair.server, endpoint_object(endpoint), 0);
	object_put(endpoint_object(endpoint));
	pair.copied = world_give(&pair.client, timer_object(), 0);
	pair.moved = world_give(&pair.client, timer_object(), 0);
	for (uint32_t round = 0; round < 6; round++)
		grant_and_drop(&pair);
	baseline_take(&pair.client, &before_client);
	baseline_take(&pair.server, &before_server);
	for (uint32_t round = 0; round < GRANTS / CAPS; round++)
		grant_and_drop(&pair);
	check_baseline(&pair.client, &before_client);
	check_baseline(&pair.server, &before_server);
}
