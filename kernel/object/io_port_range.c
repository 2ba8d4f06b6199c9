/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IoPortRange: x86 I/O ports for a driver, by the processor's permission map. The map of the
 * process that enabled the range is changed back when its hold is released or handed on: a range
 * has one holder, since it can only be moved.
 */
#include <schema/device.server.h>

#include "arch/thread.h"
#include "base/assert.h"
#include "cap/process.h"
#include "dev/port.h"
#include "mm/pool.h"
#include "object/call.h"
#include "object/device.h"
#include "object/permanent.h"
#include "proc/process.h"
#include "sched/thread.h"

struct port_range {
	struct object object;
	struct ledger *payer; /* a reference */
	struct process
	    *user; /* whose map has the ports; it holds the range, so it lives; NULL: not enabled */
	uint16_t base;
	uint16_t count;
};

static struct pool range_pool;

/* A zero bit allows. */
static void
set_ports(uint8_t *bitmap, const struct port_range *range, bool allowed)
{
	for (uint32_t port = range->base; port < (uint32_t)range->base + range->count; port++) {
		if (allowed)
			bitmap[port / 8] &= (uint8_t)~(1U << (port % 8));
		else
			bitmap[port / 8] |= (uint8_t)(1U << (port % 8));
	}
	arch_io_bitmap_changed(bitmap);
}

static enum cap_status
range_info(struct io_port_range_server *server, struct io_port_range_info_params params,
    struct io_port_range_info_results_builder results, const struct capos_caller *caller)
{
	const struct port_range *range =
	    LIST_ENTRY(caller->call->object, struct port_range, object);

	(void)server;
	(void)params;
	io_port_range_info_results_set_base(results, range->base);
	io_port_range_info_results_set_count(results, range->count);
	return CAP_OK;
}

static enum cap_status
range_enable(struct io_port_range_server *server, struct io_port_range_enable_params params,
    struct io_port_range_enable_results_builder results, const struct capos_caller *caller)
{
	struct port_range *range = LIST_ENTRY(caller->call->object, struct port_range, object);
	struct process *process = caller->call->process;
	uint8_t *bitmap;
	enum cap_status status = process_io_bitmap_make(process, &bitmap);

	(void)server;
	(void)params;
	(void)results;
	if (status != CAP_OK)
		return status;
	KASSERT(range->user == NULL || range->user == process);
	range->user = process;
	set_ports(bitmap, range, true);
	process->thread->io_bitmap = bitmap;
	thread_reload(process->thread);
	return CAP_OK;
}

static const struct io_port_range_methods methods = {
	.info = range_info,
	.enable = range_enable,
};

static enum cap_status
range_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return io_port_range_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

/* The ports are out of the user's map before it runs again. */
static void
range_disable(struct object *object)
{
	struct port_range *range = LIST_ENTRY(object, struct port_range, object);

	if (range->user == NULL)
		return;
	set_ports(process_io_bitmap(range->user), range, false);
	if (range->user->thread != NULL)
		thread_reload(range->user->thread);
	range->user = NULL;
}

static void
range_hold_dropped(struct object *object, uint16_t interface_index)
{
	(void)interface_index;
	range_disable(object);
}

static enum job_state
range_destroy(struct object *object)
{
	struct port_range *range = LIST_ENTRY(object, struct port_range, object);
	struct ledger *payer = range->payer;

	pool_free(&range_pool, payer, range);
	ledger_put(payer);
	return JOB_DONE;
}

static const struct object_type range_type = {
	.name = "ioPortRange",
	.interface_id = IO_PORT_RANGE_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_MOVE,
	.call = range_call,
	.destroy = range_destroy,
	.hold_dropped = range_hold_dropped,
	.hold_moved = range_disable,
};

enum cap_status
io_port_range_create(struct ledger *payer, uint16_t base, uint16_t count, struct object **out)
{
	struct port_range *range;
	void *object;
	enum cap_status status;

	if (!device_ports_are_free(base, count))
		return CAP_ERR_INVALID_ARGUMENT;
	status = pool_alloc(&range_pool, payer, &object);
	if (status != CAP_OK)
		return status;
	range = object;
	object_init(&range->object, &range_type);
	range->payer = payer;
	range->base = base;
	range->count = count;
	ledger_get(payer);
	*out = &range->object;
	return CAP_OK;
}

void interrupt_objects_init(void);

void
device_objects_init(void)
{
	pool_init(&range_pool, "io-port-range", sizeof(struct port_range));
	interrupt_objects_init();
}
