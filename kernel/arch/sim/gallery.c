/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities of all kinds, made as programs make them; see gallery.h. */
#include "arch/sim/gallery.h"

#include <abi/start.h>
#include <schema/boot.capnp.h>
#include <schema/capability_manager.capnp.h>
#include <schema/console.capnp.h>
#include <schema/device.capnp.h>
#include <schema/endpoint.capnp.h>
#include <schema/ledger.capnp.h>
#include <schema/memory.capnp.h>
#include <schema/notification.capnp.h>
#include <schema/null_cap.capnp.h>
#include <schema/process.capnp.h>
#include <schema/stats.capnp.h>
#include <schema/tap.capnp.h>
#include <schema/timer.capnp.h>

#include "arch/sim/world_call.h"
#include "base/assert.h"
#include "irq/irq.h"
#include "object/device.h"
#include "object/endpoint.h"
#include "object/ledger.h"
#include "object/memory.h"
#include "object/notification.h"
#include "object/permanent.h"
#include "object/ring_tap.h"
#include "object/timer.h"

#define MEMORY_PAGES 2
#define FIRST_PORT 0x2f8
#define PORTS 8
#define LINE 5

static struct world_call call;

static void
must(enum cap_status status)
{
	KASSERT(status == CAP_OK);
}

/* A call that is answered with a capability. */
static void
begin(struct world_process *from, cap_id_t target, uint16_t method)
{
	world_call_begin(&call, from, target, method);
	call.sqe.cap_max = 1;
}

static cap_id_t
made(void)
{
	must(world_call(&call));
	return call.cqe.cap_id;
}

/* The target was made for the call alone. */
static cap_id_t
made_once(void)
{
	cap_id_t target = call.sqe.target;
	cap_id_t cap_id = made();

	must(world_release(call.from, target));
	return cap_id;
}

static struct capnp_cap
copy_of(cap_id_t cap_id)
{
	return (struct capnp_cap){ .cap_id = cap_id, .mode = CAPNP_CAP_COPY };
}

/* A fresh object, whose one reference is the caller's. */
static cap_id_t
give_fresh(struct world_process *to, struct object *object)
{
	cap_id_t cap_id = world_give(to, object, 0);

	object_put(object);
	return cap_id;
}

#define GIVE_PERMANENT(name)                                                                       \
	static cap_id_t give_##name(struct world_process *to)                                      \
	{                                                                                          \
		return world_give(to, name##_object(), 0);                                         \
	}

GIVE_PERMANENT(boot_package)
GIVE_PERMANENT(console)
GIVE_PERMANENT(endpoint_factory)
GIVE_PERMANENT(frame_allocator)
GIVE_PERMANENT(kernel_stats)
GIVE_PERMANENT(machine_control)
GIVE_PERMANENT(null_cap)
GIVE_PERMANENT(notification_factory)
GIVE_PERMANENT(payload_tap_factory)
GIVE_PERMANENT(process_factory)
GIVE_PERMANENT(tap_factory)
GIVE_PERMANENT(timer)

static cap_id_t
give_endpoint(struct world_process *to)
{
	begin(to, give_endpoint_factory(to), ENDPOINT_FACTORY_METHOD_CREATE);
	(void)endpoint_factory_create_params_init_root(&call.params);
	return made_once();
}

static cap_id_t
give_notification(struct world_process *to)
{
	begin(to, give_notification_factory(to), NOTIFICATION_FACTORY_METHOD_CREATE);
	(void)notification_factory_create_params_init_root(&call.params);
	return made_once();
}

static cap_id_t
give_signaller(struct world_process *to)
{
	begin(to, give_notification(to), NOTIFICATION_METHOD_SIGNALLER);
	(void)notification_signaller_params_init_root(&call.params);
	return made();
}

static cap_id_t
give_limited_signaller(struct world_process *to)
{
	begin(to, give_notification(to), NOTIFICATION_METHOD_LIMITED_SIGNALLER);
	notification_limited_signaller_params_set_mask(
	    notification_limited_signaller_params_init_root(&call.params), 1);
	return made();
}

static cap_id_t
give_memory(struct world_process *to)
{
	begin(to, give_frame_allocator(to), FRAME_ALLOCATOR_METHOD_ALLOC);
	frame_allocator_alloc_params_set_count(
	    frame_allocator_alloc_params_init_root(&call.params), MEMORY_PAGES);
	return made_once();
}

static cap_id_t
give_alarm(struct world_process *to)
{
	cap_id_t signaller = give_signaller(to);
	cap_id_t alarm;
	struct timer_alarm_params_builder params;

	begin(to, give_timer(to), TIMER_METHOD_ALARM);
	params = timer_alarm_params_init_root(&call.params);
	timer_alarm_params_set_signaller(params, copy_of(signaller));
	timer_alarm_params_set_mask(params, 1);
	alarm = made_once();
	must(world_release(to, signaller));
	return alarm;
}

static cap_id_t
give_tap(struct world_process *to)
{
	cap_id_t memory = give_memory(to);
	cap_id_t tap;

	begin(to, give_tap_factory(to), TAP_FACTORY_METHOD_CREATE);
	tap_factory_create_params_set_buffer(
	    tap_factory_create_params_init_root(&call.params), copy_of(memory));
	tap = made_once();
	must(world_release(to, memory));
	return tap;
}

/* Of a part of boot's. */
static cap_id_t
give_ledger(struct world_process *to)
{
	const uint64_t limit[LEDGER_RESOURCE_COUNT] = { [LEDGER_CAP_SLOTS] = 1000,
		[LEDGER_FRAME_PAGES] = 1000,
		[LEDGER_VIRTUAL_PAGES] = 1000,
		[LEDGER_KERNEL_BYTES] = 1000000 };
	struct ledger *part;
	struct object *object;

	must(ledger_create(&ledger_boot, limit, &part));
	must(ledger_capability_create(&ledger_boot, part, &object));
	ledger_put(part);
	return give_fresh(to, object);
}

static cap_id_t
give_funding(struct world_process *to)
{
	begin(to, give_ledger(to), LEDGER_METHOD_FUND);
	resource_amounts_set_frame_pages(
	    ledger_fund_params_init_amounts(ledger_fund_params_init_root(&call.params)), 2);
	return made_once();
}

static cap_id_t
give_factory_within(struct world_process *to)
{
	cap_id_t ledger = give_ledger(to);
	cap_id_t factory;

	begin(to, give_process_factory(to), PROCESS_FACTORY_METHOD_WITHIN);
	process_factory_within_params_set_ledger(
	    process_factory_within_params_init_root(&call.params), copy_of(ledger));
	factory = made_once();
	must(world_release(to, ledger));
	return factory;
}

static cap_id_t
give_builder(struct world_process *to)
{
	begin(to, give_process_factory(to), PROCESS_FACTORY_METHOD_CREATE);
	process_factory_create_params_set_name(
	    process_factory_create_params_init_root(&call.params), CAPNP_TEXT("child"));
	return made_once();
}

/* A process that runs: its handle, and its control if `control` is not NULL. */
static cap_id_t
start_child(struct world_process *to, cap_id_t builder, cap_id_t *control)
{
	struct cap_record second;
	uaddr_t at;

	begin(to, builder, PROCESS_BUILDER_METHOD_START);
	process_builder_start_params_set_entry(
	    process_builder_start_params_init_root(&call.params), USER_IMAGE_BASE);
	if (control == NULL)
		return made_once();
	call.sqe.cap_max = 2;
	(void)made_once();
	at = call.sqe.result_addr + (((uint64_t)call.cqe.result + 7) & ~UINT64_C(7));
	world_read(to, at, &second, sizeof(second));
	*control = second.cap_id;
	return call.cqe.cap_id;
}

static cap_id_t
give_handle(struct world_process *to)
{
	return start_child(to, give_builder(to), NULL);
}

static cap_id_t
give_control(struct world_process *to)
{
	cap_id_t control;

	must(world_release(to, start_child(to, give_builder(to), &control)));
	return control;
}

static void
grant_timer(struct world_process *to, cap_id_t builder)
{
	cap_id_t timer = give_timer(to);
	struct process_builder_grant_params_builder params;

	world_call_begin(&call, to, builder, PROCESS_BUILDER_METHOD_GRANT);
	params = process_builder_grant_params_init_root(&call.params);
	process_builder_grant_params_set_name(params, CAPNP_TEXT("timer"));
	process_builder_grant_params_set_cap(params, copy_of(timer));
	must(world_call(&call));
	must(world_release(to, timer));
}

/* Of a process that runs, and was granted a timer: grant 1. */
static cap_id_t
give_manager(struct world_process *to)
{
	cap_id_t builder = give_builder(to);
	cap_id_t manager;

	begin(to, builder, PROCESS_BUILDER_METHOD_MANAGE);
	(void)process_builder_manage_params_init_root(&call.params);
	manager = made();
	grant_timer(to, builder);
	must(world_release(to, start_child(to, builder, NULL)));
	return manager;
}

static cap_id_t
give_virtual_memory(struct world_process *to)
{
	struct object *object;

	must(virtual_memory_create(to->process, &object));
	return give_fresh(to, object);
}

static cap_id_t
give_ports(struct world_process *to)
{
	struct object *object;

	must(io_port_range_create(&ledger_boot, FIRST_PORT, PORTS, &object));
	return give_fresh(to, object);
}

static cap_id_t
give_interrupt(struct world_process *to)
{
	struct object *object;

	/* The line may be of the machine before this one. */
	irq_release(LINE);
	must(interrupt_create(&ledger_boot, LINE, &object));
	return give_fresh(to, object);
}

const struct gallery_kind gallery_kinds[GALLERY_KINDS] = {
	{ "Alarm", ALARM_INTERFACE_ID, give_alarm },
	{ "BootPackage", BOOT_PACKAGE_INTERFACE_ID, give_boot_package },
	{ "CapabilityManager", CAPABILITY_MANAGER_INTERFACE_ID, give_manager },
	{ "Console", CONSOLE_INTERFACE_ID, give_console },
	{ "Endpoint", ENDPOINT_INTERFACE_ID, give_endpoint },
	{ "EndpointFactory", ENDPOINT_FACTORY_INTERFACE_ID, give_endpoint_factory },
	{ "FrameAllocator", FRAME_ALLOCATOR_INTERFACE_ID, give_frame_allocator },
	{ "Funding", FUNDING_INTERFACE_ID, give_funding },
	{ "Interrupt", INTERRUPT_INTERFACE_ID, give_interrupt },
	{ "IoPortRange", IO_PORT_RANGE_INTERFACE_ID, give_ports },
	{ "KernelStats", KERNEL_STATS_INTERFACE_ID, give_kernel_stats },
	{ "Ledger", LEDGER_INTERFACE_ID, give_ledger },
	{ "MachineControl", MACHINE_CONTROL_INTERFACE_ID, give_machine_control },
	{ "MemoryObject", MEMORY_OBJECT_INTERFACE_ID, give_memory },
	{ "Notification", NOTIFICATION_INTERFACE_ID, give_notification },
	{ "NotificationFactory", NOTIFICATION_FACTORY_INTERFACE_ID, give_notification_factory },
	{ "NullCap", NULL_CAP_INTERFACE_ID, give_null_cap },
	{ "PayloadTapFactory", PAYLOAD_TAP_FACTORY_INTERFACE_ID, give_payload_tap_factory },
	{ "ProcessBuilder", PROCESS_BUILDER_INTERFACE_ID, give_builder },
	{ "ProcessControl", PROCESS_CONTROL_INTERFACE_ID, give_control },
	{ "ProcessFactory", PROCESS_FACTORY_INTERFACE_ID, give_process_factory },
	{ "ProcessFactory within a ledger", PROCESS_FACTORY_INTERFACE_ID, give_factory_within },
	{ "ProcessHandle", PROCESS_HANDLE_INTERFACE_ID, give_handle },
	{ "RingTap", RING_TAP_INTERFACE_ID, give_tap },
	{ "Signaller", SIGNALLER_INTERFACE_ID, give_signaller },
	{ "Signaller of some bits", SIGNALLER_INTERFACE_ID, give_limited_signaller },
	{ "TapFactory", TAP_FACTORY_INTERFACE_ID, give_tap_factory },
	{ "Timer", TIMER_INTERFACE_ID, give_timer },
	{ "VirtualMemory", VIRTUAL_MEMORY_INTERFACE_ID, give_virtual_memory },
};

const struct gallery_kind *
gallery_find(uint64_t interface_id)
{
	uint32_t i = 0;

	while (i < GALLERY_KINDS && gallery_kinds[i].interface_id != interface_id)
		i++;
	KASSERT(i < GALLERY_KINDS);
	return &gallery_kinds[i];
}
