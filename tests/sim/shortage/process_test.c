/* SPDX-License-Identifier: Apache-2.0 */
/* Shortages while processes are made, granted to, started and watched. A builder that was refused
 * something is of no use any more: it is dropped, and everything with it. */
#include "arch/sim/managed_child.h"
#include "object/ledger.h"
#include "shortage.h"

static void
prepare(void)
{
	begin();
	CHECK_EQ(world_release(&parent, builder), CAP_OK);
	world_settle();
	builder = 0;
	handle = 0;
	manager = 0;
	shortage_watch(&parent);
	shortage_watch(&server);
}

static void
let_go(cap_id_t *cap_id)
{
	if (*cap_id != 0)
		CHECK_EQ(world_release(&parent, *cap_id), CAP_OK);
	*cap_id = 0;
}

static enum cap_status
create(void)
{
	enum cap_status status;

	world_call_begin(&call, &parent, factory, PROCESS_FACTORY_METHOD_CREATE);
	call.sqe.cap_max = 1;
	process_factory_create_params_set_name(
	    process_factory_create_params_init_root(&call.params), CAPNP_TEXT("child"));
	status = world_call(&call);
	if (status == CAP_OK)
		builder = call.cqe.cap_id;
	return status;
}

typedef enum cap_status (*act_fn)(void);

/* The rest of what was made is dropped with the builder. */
static enum cap_status
with_builder(act_fn act)
{
	enum cap_status status = create();

	if (status == CAP_OK)
		status = act();
	if (status == CAP_OK)
		return status;
	let_go(&manager);
	let_go(&builder);
	world_settle();
	return status;
}

static enum cap_status
nothing(void)
{
	return CAP_OK;
}

static enum cap_status
create_builder(void)
{
	return with_builder(nothing);
}

static enum cap_status
grant_facet(void)
{
	uint64_t id;

	return grant("it", facet, CAPNP_CAP_COPY, &id);
}

static enum cap_status
grant_one(void)
{
	return with_builder(grant_facet);
}

static enum cap_status
manage_and_grant(void)
{
	enum cap_status status = manage();

	return status == CAP_OK ? grant_facet() : status;
}

static enum cap_status
grant_managed(void)
{
	return with_builder(manage_and_grant);
}

static enum cap_status
local(const char *name, enum local_source source)
{
	struct process_builder_grant_local_params_builder params;

	world_call_begin(&call, &parent, builder, PROCESS_BUILDER_METHOD_GRANT_LOCAL);
	call.sqe.cap_max = source == LOCAL_SOURCE_ENDPOINT;
	params = process_builder_grant_local_params_init_root(&call.params);
	process_builder_grant_local_params_set_name(params, capnp_text_from_string(name));
	process_builder_grant_local_params_set_source(params, source);
	if (source == LOCAL_SOURCE_ENDPOINT)
		process_builder_grant_local_params_set_interface_id(params, INTERFACE);
	return world_call(&call);
}

static cap_id_t local_facet;

static enum cap_status
local_all(void)
{
	enum cap_status status = local("vm", LOCAL_SOURCE_VIRTUAL_MEMORY);

	local_facet = 0;
	if (status == CAP_OK)
		status = local("ledger", LOCAL_SOURCE_LEDGER);
	if (status == CAP_OK)
		status = local("endpoint", LOCAL_SOURCE_ENDPOINT);
	if (status == CAP_OK)
		local_facet = call.cqe.cap_id;
	return status;
}

static enum cap_status
grant_locals(void)
{
	return with_builder(local_all);
}

static enum cap_status
start(void)
{
	enum cap_status status;

	world_call_begin(&call, &parent, builder, PROCESS_BUILDER_METHOD_START);
	call.sqe.cap_max = 1;
	process_builder_start_params_set_entry(
	    process_builder_start_params_init_root(&call.params), USER_IMAGE_BASE);
	status = world_call(&call);
	if (status == CAP_OK)
		handle = call.cqe.cap_id;
	return status;
}

static enum cap_status
start_one(void)
{
	return with_builder(start);
}

/* A child that runs, and a manager of what it is granted. */
static void
prepare_child(void)
{
	prepare();
	CHECK_EQ(create(), CAP_OK);
	CHECK_EQ(manage(), CAP_OK);
	start_child();
	shortage_watch(&child);
}

static enum cap_status
grant_later_one(void)
{
	uint64_t id;

	return grant_later("later", facet, &id);
}

/* A memory object, and mapping it into what is built. */
static cap_id_t memory;

static void
prepare_memory(void)
{
	cap_id_t frames;

	prepare();
	frames = world_give(&parent, frame_allocator_object(), 0);
	world_call_begin(&call, &parent, frames, FRAME_ALLOCATOR_METHOD_ALLOC);
	call.sqe.cap_max = 1;
	frame_allocator_alloc_params_set_count(
	    frame_allocator_alloc_params_init_root(&call.params), 2);
	CHECK_EQ(world_call(&call), CAP_OK);
	memory = call.cqe.cap_id;
}

static enum cap_status
map(void)
{
	struct process_builder_map_params_builder params;

	world_call_begin(&call, &parent, builder, PROCESS_BUILDER_METHOD_MAP);
	params = process_builder_map_params_init_root(&call.params);
	process_builder_map_params_set_memory(
	    params, (struct capnp_cap){ .cap_id = memory, .mode = CAPNP_CAP_COPY });
	process_builder_map_params_set_size(params, PAGE_BYTES);
	process_builder_map_params_set_address(params, USER_IMAGE_BASE);
	process_builder_map_params_set_protection(params, PROTECTION_READ_EXECUTE);
	return world_call(&call);
}

static enum cap_status
map_one(void)
{
	return with_builder(map);
}

static enum cap_status
map_copy(void)
{
	struct process_builder_map_copy_params_builder params;

	world_call_begin(&call, &parent, builder, PROCESS_BUILDER_METHOD_MAP_COPY);
	params = process_builder_map_copy_params_init_root(&call.params);
	process_builder_map_copy_params_set_memory(
	    params, (struct capnp_cap){ .cap_id = memory, .mode = CAPNP_CAP_COPY });
	process_builder_map_copy_params_set_copy_bytes(params, 100);
	process_builder_map_copy_params_set_size(params, 2 * PAGE_BYTES);
	process_builder_map_copy_params_set_address(params, USER_IMAGE_BASE);
	process_builder_map_copy_params_set_protection(params, PROTECTION_READ_WRITE);
	return world_call(&call);
}

static enum cap_status
map_copy_one(void)
{
	return with_builder(map_copy);
}

/* A factory of processes within a ledger. */
static cap_id_t ledger;

static void
prepare_ledger(void)
{
	struct cap_hold hold;

	prepare();
	CHECK_EQ(ledger_capability_hold(parent.process, &hold), CAP_OK);
	CHECK_EQ(cap_table_add(parent.process->table, &hold, &ledger), CAP_OK);
}

static enum cap_status
factory_within(void)
{
	world_call_begin(&call, &parent, factory, PROCESS_FACTORY_METHOD_WITHIN);
	call.sqe.cap_max = 1;
	process_factory_within_params_set_ledger(
	    process_factory_within_params_init_root(&call.params),
	    (struct capnp_cap){ .cap_id = ledger, .mode = CAPNP_CAP_COPY });
	return world_call(&call);
}

static const struct shortage_case cases[] = {
	{ "ProcessFactory.create", prepare, create_builder, NULL },
	{ "ProcessFactory.within", prepare_ledger, factory_within, NULL },
	{ "ProcessBuilder.map", prepare_memory, map_one, NULL },
	{ "ProcessBuilder.mapCopy", prepare_memory, map_copy_one, NULL },
	{ "ProcessBuilder.grant", prepare, grant_one, NULL },
	{ "ProcessBuilder.grant, managed", prepare, grant_managed, NULL },
	{ "ProcessBuilder.grantLocal", prepare, grant_locals, NULL },
	{ "ProcessBuilder.start", prepare, start_one, NULL },
	{ "CapabilityManager.grant", prepare_child, grant_later_one, "cap_directory cap_chunk" },
};

TEST(what_makes_processes_refuses_each_shortage_and_leaves_nothing)
{
	shortage_run(cases, sizeof(cases) / sizeof(cases[0]));
}
