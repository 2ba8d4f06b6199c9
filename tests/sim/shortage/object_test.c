/* SPDX-License-Identifier: Apache-2.0 */
/* Shortages in what methods of kernel objects do: endpoints, notifications, memory, time, ledgers.
 */
#include <schema/device.capnp.h>
#include <schema/endpoint.capnp.h>
#include <schema/ledger.capnp.h>
#include <schema/memory.capnp.h>
#include <schema/notification.capnp.h>
#include <schema/timer.capnp.h>

#include "arch/interrupt.h"
#include "arch/sim/world_call.h"
#include "base/test.h"
#include "irq/irq.h"
#include "object/device.h"
#include "object/endpoint.h"
#include "object/ledger.h"
#include "object/memory.h"
#include "object/notification.h"
#include "object/permanent.h"
#include "object/timer.h"
#include "shortage.h"

#define INTERFACE UINT64_C(0x8000000000000001)
#define LINE 4
#define LONG_PAGES 40

static struct world_process one;
static struct world_process other;
static struct world_call call;
static cap_id_t target; /* of the call that is tried */
static cap_id_t made;	/* by what comes before it */

static void
prepare(void)
{
	world_start();
	objects_init();
	/* The lines are of the machine before this one. */
	for (uint32_t line = 0; line < ARCH_IRQ_LINES; line++)
		irq_release(line);
	one = world_process(NULL);
	other = world_process(NULL);
	shortage_watch(&one);
	shortage_watch(&other);
	/* The first chunk of its table is there. */
	(void)world_give(&one, timer_object(), 0);
}

static void
begin(cap_id_t of, uint16_t method)
{
	world_call_begin(&call, &one, of, method);
	call.sqe.cap_max = 1;
}

static enum cap_status
make(void)
{
	enum cap_status status = world_call(&call);

	if (status == CAP_OK)
		made = call.cqe.cap_id;
	return status;
}

/* Endpoints. */
static void
prepare_endpoint_factory(void)
{
	prepare();
	target = world_give(&one, endpoint_factory_object(), 0);
}

static enum cap_status
create_endpoint(void)
{
	begin(target, ENDPOINT_FACTORY_METHOD_CREATE);
	(void)endpoint_factory_create_params_init_root(&call.params);
	return make();
}

static void
prepare_endpoint(void)
{
	prepare_endpoint_factory();
	CHECK_EQ(create_endpoint(), CAP_OK);
	target = made;
}

static enum cap_status
create_facet(void)
{
	begin(target, ENDPOINT_METHOD_CLIENT);
	endpoint_client_params_set_interface_id(
	    endpoint_client_params_init_root(&call.params), INTERFACE);
	return make();
}

static enum cap_status
revoke_clients(void)
{
	enum cap_status status = CAP_OK;

	begin(target, ENDPOINT_METHOD_REVOKE_CLIENTS);
	(void)endpoint_revoke_clients_params_init_root(&call.params);
	world_call_submit(&call);
	if (world_call_reap(&call, &status))
		return status;
	world_settle();
	CHECK(world_call_reap(&call, &status));
	return status;
}

/* Notifications, and what signals them. */
static void
prepare_notification_factory(void)
{
	prepare();
	target = world_give(&one, notification_factory_object(), 0);
}

static enum cap_status
create_notification(void)
{
	begin(target, NOTIFICATION_FACTORY_METHOD_CREATE);
	(void)notification_factory_create_params_init_root(&call.params);
	return make();
}

static void
prepare_notification(void)
{
	prepare_notification_factory();
	CHECK_EQ(create_notification(), CAP_OK);
	target = made;
}

static enum cap_status
create_signaller(void)
{
	begin(target, NOTIFICATION_METHOD_SIGNALLER);
	(void)notification_signaller_params_init_root(&call.params);
	return make();
}

static enum cap_status
create_limited_signaller(void)
{
	struct notification_limited_signaller_params_builder params;

	begin(target, NOTIFICATION_METHOD_LIMITED_SIGNALLER);
	params = notification_limited_signaller_params_init_root(&call.params);
	notification_limited_signaller_params_set_mask(params, 1);
	notification_limited_signaller_params_set_dropped(params, 2);
	return make();
}

/* Time. */
static void
prepare_timer(void)
{
	prepare_notification();
	CHECK_EQ(create_signaller(), CAP_OK);
	target = world_give(&one, timer_object(), 0);
}

static enum cap_status
create_alarm(void)
{
	struct timer_alarm_params_builder params;

	begin(target, TIMER_METHOD_ALARM);
	params = timer_alarm_params_init_root(&call.params);
	timer_alarm_params_set_signaller(params, (struct capnp_cap){ made, 0, CAPNP_CAP_COPY });
	timer_alarm_params_set_mask(params, 1);
	return world_call(&call);
}

static enum cap_status
sleep(void)
{
	enum cap_status status = CAP_OK;

	begin(target, TIMER_METHOD_SLEEP_UNTIL);
	call.sqe.cap_max = 0;
	timer_sleep_until_params_set_deadline_ns(
	    timer_sleep_until_params_init_root(&call.params), sim.now_ns + 1000);
	world_call_submit(&call);
	return world_call_reap(&call, &status) ? status : CAP_OK;
}

/* Memory. */
static void
prepare_frames(void)
{
	prepare();
	target = world_give(&one, frame_allocator_object(), 0);
}

static enum cap_status
allocate_one(void)
{
	begin(target, FRAME_ALLOCATOR_METHOD_ALLOC_FRAME);
	(void)frame_allocator_alloc_frame_params_init_root(&call.params);
	return make();
}

static enum cap_status
allocate_adjacent(void)
{
	begin(target, FRAME_ALLOCATOR_METHOD_ALLOC_CONTIGUOUS);
	frame_allocator_alloc_contiguous_params_set_count(
	    frame_allocator_alloc_contiguous_params_init_root(&call.params), 6);
	return make();
}

static enum cap_status
allocate_many(void)
{
	begin(target, FRAME_ALLOCATOR_METHOD_ALLOC);
	frame_allocator_alloc_params_set_count(
	    frame_allocator_alloc_params_init_root(&call.params), 6);
	return make();
}

static void
prepare_memory(void)
{
	prepare_frames();
	CHECK_EQ(allocate_many(), CAP_OK);
	target = made;
}

static enum cap_status
map_memory(void)
{
	struct memory_object_map_params_builder params;

	begin(target, MEMORY_OBJECT_METHOD_MAP);
	params = memory_object_map_params_init_root(&call.params);
	memory_object_map_params_set_size(params, 6 * PAGE_BYTES);
	memory_object_map_params_set_protection(params, PROTECTION_READ_WRITE);
	return world_call(&call);
}

static uaddr_t mapped;

static void
prepare_mapped(void)
{
	prepare_memory();
	CHECK_EQ(map_memory(), CAP_OK);
	mapped = memory_object_map_results_address(memory_object_map_results_root(&call.results));
}

/* The region becomes three. */
static enum cap_status
protect_middle(void)
{
	struct memory_object_protect_params_builder params;

	begin(target, MEMORY_OBJECT_METHOD_PROTECT);
	params = memory_object_protect_params_init_root(&call.params);
	memory_object_protect_params_set_address(params, mapped + PAGE_BYTES);
	memory_object_protect_params_set_size(params, PAGE_BYTES);
	memory_object_protect_params_set_protection(params, PROTECTION_READ);
	return world_call(&call);
}

static enum cap_status
unmap_middle(void)
{
	struct memory_object_unmap_params_builder params;

	begin(target, MEMORY_OBJECT_METHOD_UNMAP);
	params = memory_object_unmap_params_init_root(&call.params);
	memory_object_unmap_params_set_address(params, mapped + PAGE_BYTES);
	memory_object_unmap_params_set_size(params, PAGE_BYTES);
	return world_call(&call);
}

static void
prepare_space(void)
{
	struct object *object;

	prepare();
	CHECK_EQ(virtual_memory_create(one.process, &object), CAP_OK);
	target = world_give(&one, object, 0);
	object_put(object);
}

static enum cap_status
create_space(void)
{
	struct object *object;
	enum cap_status status = virtual_memory_create(one.process, &object);

	if (status == CAP_OK)
		object_put(object);
	return status;
}

static enum cap_status
map_pages(uint64_t pages)
{
	struct virtual_memory_map_params_builder params;

	begin(target, VIRTUAL_MEMORY_METHOD_MAP);
	params = virtual_memory_map_params_init_root(&call.params);
	virtual_memory_map_params_set_size(params, pages * PAGE_BYTES);
	virtual_memory_map_params_set_protection(params, PROTECTION_READ_WRITE);
	return world_call(&call);
}

static enum cap_status
map_few(void)
{
	return map_pages(3);
}

static enum cap_status
map_long(void)
{
	return map_pages(LONG_PAGES);
}

static enum cap_status
reserve_pages(void)
{
	begin(target, VIRTUAL_MEMORY_METHOD_RESERVE);
	virtual_memory_reserve_params_set_size(
	    virtual_memory_reserve_params_init_root(&call.params), 4 * PAGE_BYTES);
	return world_call(&call);
}

static void
prepare_reserved(void)
{
	prepare_space();
	CHECK_EQ(reserve_pages(), CAP_OK);
	mapped = virtual_memory_reserve_results_address(
	    virtual_memory_reserve_results_root(&call.results));
}

static enum cap_status
commit_middle(void)
{
	struct virtual_memory_commit_params_builder params;

	begin(target, VIRTUAL_MEMORY_METHOD_COMMIT);
	params = virtual_memory_commit_params_init_root(&call.params);
	virtual_memory_commit_params_set_address(params, mapped + PAGE_BYTES);
	virtual_memory_commit_params_set_size(params, 2 * PAGE_BYTES);
	virtual_memory_commit_params_set_protection(params, PROTECTION_READ_WRITE);
	return world_call(&call);
}

/* Ledgers. */
static void
prepare_ledger(void)
{
	struct cap_hold hold;

	prepare();
	CHECK_EQ(ledger_capability_hold(one.process, &hold), CAP_OK);
	CHECK_EQ(cap_table_add(one.process->table, &hold, &target), CAP_OK);
}

static enum cap_status
hold_ledger(void)
{
	struct cap_hold hold;
	enum cap_status status = ledger_capability_hold(one.process, &hold);

	if (status == CAP_OK)
		cap_hold_put(&hold);
	return status;
}

static enum cap_status
divide(void)
{
	struct resource_amounts_builder limits;

	begin(target, LEDGER_METHOD_DIVIDE);
	limits = ledger_divide_params_init_limits(ledger_divide_params_init_root(&call.params));
	resource_amounts_set_frame_pages(limits, 16);
	resource_amounts_set_virtual_pages(limits, 1000);
	resource_amounts_set_kernel_bytes(limits, 4096);
	resource_amounts_set_cap_slots(limits, 4);
	return make();
}

static void
prepare_part(void)
{
	struct cap_ref ref;

	prepare_ledger();
	CHECK_EQ(divide(), CAP_OK);
	CHECK_EQ(cap_lookup(one.process->table, made, &ref), CAP_OK);
	(void)world_give(&other, timer_object(), 0);
	target = world_give(&other, ref.object, 0);
}

static enum cap_status
fund(void)
{
	struct resource_amounts_builder amounts;

	world_call_begin(&call, &other, target, LEDGER_METHOD_FUND);
	call.sqe.cap_max = 1;
	amounts = ledger_fund_params_init_amounts(ledger_fund_params_init_root(&call.params));
	resource_amounts_set_frame_pages(amounts, 4);
	return world_call(&call);
}

static void
prepare_funding(void)
{
	prepare_part();
	CHECK_EQ(fund(), CAP_OK);
	target = call.cqe.cap_id;
}

static enum cap_status
reduce(void)
{
	struct resource_amounts_builder amounts;

	world_call_begin(&call, &other, target, FUNDING_METHOD_REDUCE);
	amounts = funding_reduce_params_init_amounts(funding_reduce_params_init_root(&call.params));
	resource_amounts_set_frame_pages(amounts, 2);
	return world_call(&call);
}

/* Devices. */
static enum cap_status
create_interrupt(void)
{
	struct object *object;
	enum cap_status status = interrupt_create(one.process->ledger, LINE, &object);

	if (status == CAP_OK)
		object_put(object);
	return status;
}

static enum cap_status
create_ports(void)
{
	struct object *object;
	enum cap_status status = io_port_range_create(one.process->ledger, 0x2f8, 8, &object);

	if (status == CAP_OK)
		object_put(object);
	return status;
}

static void
prepare_ports(void)
{
	struct object *object;

	prepare();
	CHECK_EQ(io_port_range_create(&ledger_boot, 0x2f8, 8, &object), CAP_OK);
	target = world_give(&one, object, 0);
	object_put(object);
}

static enum cap_status
enable_ports(void)
{
	begin(target, IO_PORT_RANGE_METHOD_ENABLE);
	(void)io_port_range_enable_params_init_root(&call.params);
	return world_call(&call);
}

static const struct shortage_case endpoints[] = {
	{ "EndpointFactory.create", prepare_endpoint_factory, create_endpoint, NULL },
	{ "Endpoint.client", prepare_endpoint, create_facet, NULL },
	{ "Endpoint.revokeClients", prepare_endpoint, revoke_clients, NULL },
	{ "NotificationFactory.create", prepare_notification_factory, create_notification, NULL },
	{ "Notification.signaller", prepare_notification, create_signaller, NULL },
	{ "Notification.limitedSignaller", prepare_notification, create_limited_signaller, NULL },
	{ "Timer.alarm", prepare_timer, create_alarm, NULL },
	{ "Timer.sleepUntil", prepare_timer, sleep, NULL },
};

TEST(endpoints_notifications_and_timers_refuse_each_shortage_and_change_nothing)
{
	shortage_run(endpoints, sizeof(endpoints) / sizeof(endpoints[0]));
}

static const struct shortage_case memories[] = {
	{ "FrameAllocator.allocFrame", prepare_frames, allocate_one, NULL },
	{ "FrameAllocator.allocContiguous", prepare_frames, allocate_adjacent, NULL },
	{ "FrameAllocator.alloc", prepare_frames, allocate_many, NULL },
	{ "MemoryObject.map", prepare_memory, map_memory, "page-table" },
	{ "MemoryObject.protect", prepare_mapped, protect_middle, "region" },
	{ "MemoryObject.unmap", prepare_mapped, unmap_middle, "region" },
	{ "a VirtualMemory", prepare, create_space, NULL },
	{ "VirtualMemory.map", prepare_space, map_few, "page-table" },
	{ "VirtualMemory.map, long", prepare_space, map_long, "page-table" },
	{ "VirtualMemory.reserve", prepare_space, reserve_pages, NULL },
	{ "VirtualMemory.commit", prepare_reserved, commit_middle, "page-table region" },
};

TEST(memory_refuses_each_shortage_and_changes_nothing)
{
	shortage_run(memories, sizeof(memories) / sizeof(memories[0]));
}

static const struct shortage_case others[] = {
	{ "a Ledger", prepare, hold_ledger, NULL },
	{ "Ledger.divide", prepare_ledger, divide, NULL },
	{ "Ledger.fund", prepare_part, fund, NULL },
	{ "Funding.reduce", prepare_funding, reduce, NULL },
	{ "an Interrupt", prepare, create_interrupt, NULL },
	{ "an IoPortRange", prepare, create_ports, NULL },
	{ "IoPortRange.enable", prepare_ports, enable_ports, NULL },
};

TEST(ledgers_and_devices_refuse_each_shortage_and_change_nothing)
{
	shortage_run(others, sizeof(others) / sizeof(others[0]));
}
