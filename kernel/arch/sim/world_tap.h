/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * For tests of taps: a holder of both factories, a process that is watched by its handle, and what
 * the tap wrote, read in the holder's mapping of the memory.
 */
#include <abi/start.h>
#include <abi/tap.h>
#include <schema/exception.capnp.h>
#include <schema/memory.capnp.h>
#include <schema/process.capnp.h>
#include <schema/tap.capnp.h>
#include <schema/timer.capnp.h>
#include <string.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "ipc/endpoint.h"
#include "ipc/notification.h"
#include "mm/frame.h"
#include "object/notification.h"
#include "object/permanent.h"
#include "object/process.h"
#include "object/ring_tap.h"
#include "object/timer.h"
#include "proc/process.h"

#define MAYBE_UNUSED __attribute__((unused))
#define INTERFACE UINT64_C(0x8000000000000001)
#define PAGES 2
#define SLOTS ((PAGES * PAGE_BYTES - sizeof(struct cap_tap_header)) / sizeof(struct cap_tap_record))

static struct world_process holder;
static struct world_process watched;
static cap_id_t factory;
static cap_id_t payload_factory;
static cap_id_t buffer;
static cap_id_t handle; /* the holder's, of the watched */
static cap_id_t timer;	/* the watched's */
static cap_id_t tap;
static uaddr_t mapped; /* the buffer, in the holder */
static struct world_call call;

static MAYBE_UNUSED void
make_buffer(uint32_t pages)
{
	cap_id_t frames = world_give(&holder, frame_allocator_object(), 0);
	struct memory_object_map_params_builder params;

	world_call_begin(&call, &holder, frames, FRAME_ALLOCATOR_METHOD_ALLOC);
	call.sqe.cap_max = 1;
	frame_allocator_alloc_params_set_count(
	    frame_allocator_alloc_params_init_root(&call.params), pages);
	CHECK_EQ(world_call(&call), CAP_OK);
	buffer = call.cqe.cap_id;
	CHECK_EQ(world_release(&holder, frames), CAP_OK);
	world_call_begin(&call, &holder, buffer, MEMORY_OBJECT_METHOD_MAP);
	params = memory_object_map_params_init_root(&call.params);
	memory_object_map_params_set_size(params, pages * PAGE_BYTES);
	memory_object_map_params_set_protection(params, PROTECTION_READ_WRITE);
	CHECK_EQ(world_call(&call), CAP_OK);
	mapped = memory_object_map_results_address(memory_object_map_results_root(&call.results));
}

static MAYBE_UNUSED void
start(void)
{
	world_start();
	objects_init();
	holder = world_process(NULL);
	watched = world_process(NULL);
	factory = world_give(&holder, tap_factory_object(), 0);
	payload_factory = world_give(&holder, payload_tap_factory_object(), 0);
	handle = world_give(&holder, process_handle_object(watched.process), 0);
	timer = world_give(&watched, timer_object(), 0);
	make_buffer(PAGES);
}

static MAYBE_UNUSED struct capnp_cap
as_cap(cap_id_t cap_id)
{
	return (struct capnp_cap){ .cap_id = cap_id, .mode = CAPNP_CAP_COPY };
}

static MAYBE_UNUSED void
begin_create(cap_id_t memory, cap_id_t signaller, uint64_t mask)
{
	struct tap_factory_create_params_builder params;

	world_call_begin(&call, &holder, factory, TAP_FACTORY_METHOD_CREATE);
	call.sqe.cap_max = 1;
	params = tap_factory_create_params_init_root(&call.params);
	if (memory != 0)
		tap_factory_create_params_set_buffer(params, as_cap(memory));
	if (signaller != 0)
		tap_factory_create_params_set_signaller(params, as_cap(signaller));
	tap_factory_create_params_set_mask(params, mask);
}

MUST_CHECK static MAYBE_UNUSED enum cap_status
create(cap_id_t memory, cap_id_t signaller, uint64_t mask)
{
	enum cap_status status;

	begin_create(memory, signaller, mask);
	status = world_call(&call);
	if (status == CAP_OK)
		tap = call.cqe.cap_id;
	return status;
}

MUST_CHECK static MAYBE_UNUSED enum cap_status
create_payload(uint32_t payload_max)
{
	struct payload_tap_factory_create_params_builder params;
	enum cap_status status;

	world_call_begin(&call, &holder, payload_factory, PAYLOAD_TAP_FACTORY_METHOD_CREATE);
	call.sqe.cap_max = 1;
	params = payload_tap_factory_create_params_init_root(&call.params);
	payload_tap_factory_create_params_set_buffer(params, as_cap(buffer));
	payload_tap_factory_create_params_set_payload_max(params, payload_max);
	status = world_call(&call);
	if (status == CAP_OK)
		tap = call.cqe.cap_id;
	return status;
}

MUST_CHECK static MAYBE_UNUSED enum cap_status
attach(cap_id_t to)
{
	struct ring_tap_attach_params_builder params;

	world_call_begin(&call, &holder, tap, RING_TAP_METHOD_ATTACH);
	params = ring_tap_attach_params_init_root(&call.params);
	if (to != 0)
		ring_tap_attach_params_set_process(params, as_cap(to));
	return world_call(&call);
}

MUST_CHECK static MAYBE_UNUSED enum cap_status
detach(void)
{
	world_call_begin(&call, &holder, tap, RING_TAP_METHOD_DETACH);
	(void)ring_tap_detach_params_init_root(&call.params);
	return world_call(&call);
}

static MAYBE_UNUSED struct ring_tap_status_results
tap_status(void)
{
	world_call_begin(&call, &holder, tap, RING_TAP_METHOD_STATUS);
	(void)ring_tap_status_params_init_root(&call.params);
	CHECK_EQ(world_call(&call), CAP_OK);
	return ring_tap_status_results_root(&call.results);
}

static MAYBE_UNUSED void
start_tapped(void)
{
	start();
	CHECK_EQ(create(buffer, 0, 0), CAP_OK);
	CHECK_EQ(attach(handle), CAP_OK);
}

static MAYBE_UNUSED void
start_with_payload(uint32_t payload_max)
{
	start();
	CHECK_EQ(create_payload(payload_max), CAP_OK);
	CHECK_EQ(attach(handle), CAP_OK);
}

static MAYBE_UNUSED struct cap_tap_header
header(void)
{
	struct cap_tap_header found;

	world_read(&holder, mapped, &found, sizeof(found));
	return found;
}

static uaddr_t
slot_address(uint64_t index)
{
	struct cap_tap_header found = header();

	return mapped + found.slot_offset + index % found.slot_count * found.slot_bytes;
}

static MAYBE_UNUSED struct cap_tap_record
record_at(uint64_t index)
{
	struct cap_tap_record found;

	CHECK(index < header().tail);
	world_read(&holder, slot_address(index), &found, sizeof(found));
	return found;
}

static MAYBE_UNUSED void
read_up_to(uint64_t head)
{
	world_write(&holder, mapped + offsetof(struct cap_tap_header, head), &head, sizeof(head));
}

static MAYBE_UNUSED void
do_nop(uint64_t user_data)
{
	const struct cap_sqe sqe = { .op = CAP_OP_NOP, .user_data = user_data };

	CHECK_EQ(world_do(&watched, &sqe).result, 0);
}

static MAYBE_UNUSED struct cap_sqe
timer_now(void)
{
	uint64_t words[2] = { UINT64_C(1) << 32, 0 };

	world_write(&watched, watched.message, words, sizeof(words));
	return (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = timer,
		.method = TIMER_METHOD_NOW,
		.user_data = 77,
		.addr = watched.message,
		.len = sizeof(words),
		.result_addr = watched.message + 512,
		.result_len = 256 };
}

/* A client and a server of one endpoint; who of them is watched is the test's to say. */
struct pair {
	struct world_process *client;
	struct world_process *server;
	cap_id_t facet;
	cap_id_t owner;
};

static MAYBE_UNUSED struct pair
pair_of(struct world_process *client, struct world_process *server)
{
	struct pair pair = { .client = client, .server = server };
	struct endpoint *endpoint;
	uint16_t index = 0;

	CHECK_EQ(endpoint_create(server->process->ledger, &endpoint), CAP_OK);
	CHECK_EQ(endpoint_facet(endpoint, INTERFACE, &index), CAP_OK);
	pair.facet = world_give(client, endpoint_object(endpoint), index);
	pair.owner = world_give(server, endpoint_object(endpoint), 0);
	object_put(endpoint_object(endpoint));
	return pair;
}

static MAYBE_UNUSED void
post(struct world_process *process, struct cap_sqe sqe)
{
	world_submit(process, &sqe);
	CHECK(world_enter(process, 0, 0) >= 0);
}

/* The user data of a RECV that waits. */
#define AWAITED 2

static MAYBE_UNUSED void
await_call(const struct pair *pair, uint64_t deadline_ns)
{
	post(pair->server,
	    (struct cap_sqe){ .op = CAP_OP_RECV,
		.target = pair->owner,
		.user_data = AWAITED,
		.result_addr = pair->server->message,
		.result_len = 512,
		.deadline_ns = deadline_ns });
}

/* RECV, CALL, RETURN, and both completions reaped. */
static MAYBE_UNUSED void
exchange(const struct pair *pair, uint8_t return_flags)
{
	struct cap_delivery delivery;
	struct cap_cqe cqe;

	await_call(pair, 0);
	post(pair->client,
	    (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = pair->facet,
		.method = 3,
		.user_data = 1,
		.addr = pair->client->message,
		.len = 16,
		.result_addr = pair->client->message + 512,
		.result_len = 256 });
	CHECK(world_reap(pair->server, &cqe));
	world_read(pair->server, pair->server->message, &delivery, sizeof(delivery));
	post(pair->server,
	    (struct cap_sqe){ .op = CAP_OP_RETURN,
		.flags = return_flags,
		.target = delivery.call_id,
		.user_data = 3,
		.addr = pair->server->message + 512,
		.len = 24 });
	CHECK(world_reap(pair->server, &cqe));
	CHECK_EQ(cqe.result, 0);
	CHECK(world_reap(pair->client, &cqe));
}
