/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/transfer-matrix.md with real objects: each is copied and moved to another process, or
 * refused with nothing changed. tools/check-transfers compares the types of all others with the
 * schema.
 */
#include "arch/sim/hostile.h"
#include "cap/table.h"
#include "ipc/endpoint.h"
#include "ipc/notification.h"
#include "object/endpoint.h"
#include "object/ledger.h"
#include "object/memory.h"
#include "object/notification.h"
#include "object/permanent.h"
#include "object/ring_tap.h"
#include "object/signal.h"
#include "object/timer.h"

static struct world_process *process;

static struct object *
waiting_side(void)
{
	struct notification *notification;

	CHECK_EQ(notification_create(process->process->ledger, &notification), CAP_OK);
	return notification_waiting_side(notification);
}

static struct object *
signalling_side(void)
{
	struct notification *notification;

	CHECK_EQ(notification_create(process->process->ledger, &notification), CAP_OK);
	return notification_signalling_side(notification);
}

static struct object *
endpoint_owner(void)
{
	struct endpoint *endpoint;

	CHECK_EQ(endpoint_create(process->process->ledger, &endpoint), CAP_OK);
	return endpoint_object(endpoint);
}

static struct object *
virtual_memory(void)
{
	struct object *object;

	CHECK_EQ(virtual_memory_create(process->process, &object), CAP_OK);
	return object;
}

static struct object *
ledger(void)
{
	struct object *object;

	ledger_get(process->process->ledger);
	CHECK_EQ(
	    ledger_capability_create(process->process->ledger, process->process->ledger, &object),
	    CAP_OK);
	return object;
}

static struct object *
limited_signaller(void)
{
	struct limited_signaller_request request = { .payer = process->process->ledger, .mask = 1 };
	struct object *object;

	CHECK_EQ(notification_create(process->process->ledger, &request.notification), CAP_OK);
	CHECK_EQ(limited_signaller_create(&request, &object), CAP_OK);
	return object;
}

static const struct {
	const char *interface;
	struct object *(*make)(void);
	bool copy, move;
} matrix[] = {
	{ "BootPackage", boot_package_object, true, true },
	{ "Console", console_object, true, true },
	{ "Endpoint", endpoint_owner, false, true },
	{ "EndpointFactory", endpoint_factory_object, true, true },
	{ "FrameAllocator", frame_allocator_object, true, true },
	{ "KernelStats", kernel_stats_object, true, true },
	{ "Ledger", ledger, true, true },
	{ "MachineControl", machine_control_object, false, true },
	{ "Notification", waiting_side, false, true },
	{ "NotificationFactory", notification_factory_object, true, true },
	{ "NullCap", null_cap_object, true, true },
	{ "PayloadTapFactory", payload_tap_factory_object, true, true },
	{ "ProcessFactory", process_factory_object, true, true },
	{ "Signaller", signalling_side, true, true },
	{ "Signaller of some bits", limited_signaller, true, true },
	{ "TapFactory", tap_factory_object, true, true },
	{ "Timer", timer_object, true, true },
	{ "VirtualMemory", virtual_memory, false, false },
};

/* A call that carries the capability: what the process has of it then. */
static enum cap_status
send(cap_id_t id, enum cap_transfer_mode mode)
{
	const struct cap_transfer entry = { .cap_id = id, .mode = (uint8_t)mode };
	struct cap_cqe cqe = { 0 };
	struct cap_ref ref;

	world_write(process, HOSTILE_MESSAGE, &entry, sizeof(entry));
	world_submit(process,
	    &(struct cap_sqe){ .op = CAP_OP_CALL,
		.target = hostile_id(HOSTILE_FACET),
		.addr = HOSTILE_MESSAGE,
		.xfer_count = 1 });
	CHECK(world_enter(process, 0, 0) >= 0);
	if (world_reap(process, &cqe))
		return (enum cap_status)cqe.result;
	return cap_lookup(process->process->table, id, &ref);
}

/* The peer has it, as what it is. */
static void
check_arrived(const struct object *object)
{
	struct world_process *peer = hostile_peer();
	struct cap_record record;
	struct cap_cqe cqe;
	struct cap_ref ref;

	CHECK(world_reap(peer, &cqe));
	CHECK_EQ(cqe.cap_count, 1);
	world_read(peer, HOSTILE_DELIVERY + sizeof(struct cap_delivery), &record, sizeof(record));
	CHECK_EQ(record.interface_id, object->type->interface_id);
	CHECK_EQ(cap_lookup(peer->process->table, record.cap_id, &ref), CAP_OK);
	CHECK_EQ(ref.object, object);
}

static void
check_mode(size_t row, enum cap_transfer_mode mode)
{
	bool is_allowed = mode == CAP_TRANSFER_COPY ? matrix[row].copy : matrix[row].move;
	enum cap_status gone = mode == CAP_TRANSFER_MOVE ? CAP_ERR_STALE_GENERATION : CAP_OK;
	enum cap_status expected = is_allowed ? gone : CAP_ERR_TRANSFER_NOT_SUPPORTED;
	struct hostile_snapshot before, after;
	enum cap_status status;
	struct object *object;
	cap_id_t id;

	process = hostile_start();
	object = matrix[row].make();
	id = world_give(process, object, 0);
	before = hostile_snapshot();
	status = send(id, mode);
	if (status != expected)
		(void)printf("%s, mode %d: %d\n", matrix[row].interface, (int)mode, (int)status);
	CHECK_EQ(status, expected);
	after = hostile_snapshot();
	before.memory = after.memory; /* the entry was written */
	if (is_allowed)
		check_arrived(object);
	else
		CHECK_MEMORY(&before, &after, sizeof(before));
}

TEST(holds_are_handed_on_as_the_matrix_says)
{
	for (size_t row = 0; row < sizeof(matrix) / sizeof(matrix[0]); row++) {
		check_mode(row, CAP_TRANSFER_COPY);
		check_mode(row, CAP_TRANSFER_MOVE);
	}
}
