/* SPDX-License-Identifier: Apache-2.0 */
/* How much may wait or be held at once, and what ends when the other side is gone. */
#include <string.h>

#include "arch/sim/world.h"
#include "base/test.h"
#include "ipc/endpoint.h"
#include "ipc/notification.h"
#include "mm/job.h"
#include "object/permanent.h"

#define INTERFACE UINT64_C(0x8000000000000001)
#define CALLS_HELD_MAX 1024 /* ipc/endpoint_internal.h: chunks of slots */
#define LONG_BYTES 40000

static struct endpoint *endpoint;

static cap_id_t
give_endpoint(struct world_process *server)
{
	CHECK_EQ(endpoint_create(&ledger_boot, &endpoint), CAP_OK);
	return world_give(server, endpoint_object(endpoint), 0);
}

static cap_id_t
give_facet(struct world_process *client)
{
	uint16_t index = 0;

	CHECK_EQ(endpoint_facet(endpoint, INTERFACE, &index), CAP_OK);
	return world_give(client, endpoint_object(endpoint), index);
}

static void
post(struct world_process *process, struct cap_sqe sqe)
{
	world_submit(process, &sqe);
	CHECK(world_enter(process, 0, 0) >= 0);
}

/* The result of the next completion; -4711: there is none. */
static int32_t
next(struct world_process *process)
{
	struct cap_cqe cqe = { .result = -4711 };

	(void)world_reap(process, &cqe);
	return cqe.result;
}

static struct cap_sqe
receive_by(const struct world_process *server, cap_id_t owner)
{
	return (struct cap_sqe){ .op = CAP_OP_RECV,
		.target = owner,
		.result_addr = server->message,
		.result_len = 512 };
}

TEST(a_process_holds_so_many_calls_and_no_more)
{
	static const uint64_t limits[LEDGER_RESOURCE_COUNT] = { [LEDGER_OUTSTANDING_CALLS] = 4096 };
	struct world_process server, client;
	cap_id_t owner, facet = 0;

	world_start_in(UINT64_C(32) << 20);
	server = world_process(limits);
	owner = give_endpoint(&server);
	for (uint32_t held = 0; held < CALLS_HELD_MAX; held++) {
		if (held % 32 == 0) {
			client = world_process(NULL);
			facet = give_facet(&client);
		}
		post(&client, (struct cap_sqe){ .op = CAP_OP_CALL, .target = facet });
		post(&server, receive_by(&server, owner));
		CHECK_EQ(next(&server), sizeof(struct cap_delivery));
	}
	post(&server, receive_by(&server, owner));
	CHECK_EQ(next(&server), CAP_ERR_QUEUE_FULL);
}

TEST(so_many_receivers_wait_at_an_endpoint_and_no_more)
{
	struct world_process server;
	cap_id_t owner = 0;

	world_start();
	for (uint32_t waiting = 0; waiting < ENDPOINT_RECEIVES_MAX; waiting++) {
		/* A ring has place for half of them; who had the Endpoint before waits on. */
		if (waiting == 0) {
			server = world_process(NULL);
			owner = give_endpoint(&server);
		} else if (waiting % 32 == 0) {
			server = world_process(NULL);
			owner = world_give(&server, endpoint_object(endpoint), 0);
		}
		post(&server, receive_by(&server, owner));
		CHECK_EQ(next(&server), -4711);
	}
	server = world_process(NULL);
	owner = world_give(&server, endpoint_object(endpoint), 0);
	post(&server, receive_by(&server, owner));
	CHECK_EQ(next(&server), CAP_ERR_QUEUE_FULL);
}

static void
owner_goes_in_a_window(void)
{
	sim.on_window = NULL;
	endpoint_hold_dropped(endpoint_object(endpoint), 0);
}

TEST(both_sides_of_a_copy_end_when_its_endpoint_is_closed)
{
	struct world_process server, client;
	struct cap_sqe receive, call;
	cap_id_t owner;

	world_start();
	server = world_process(NULL);
	client = world_process(NULL);
	owner = give_endpoint(&server);
	receive = receive_by(&server, owner);
	receive.result_addr = WORLD_DATA;
	receive.result_len = LONG_BYTES + sizeof(struct cap_delivery);
	call = (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = give_facet(&client),
		.addr = WORLD_DATA,
		.len = LONG_BYTES,
		.result_addr = client.message,
		.result_len = 256 };
	post(&server, receive);
	sim.on_window = owner_goes_in_a_window;
	post(&client, call);
	world_settle();
	CHECK_EQ(sim.on_window, NULL);
	CHECK_EQ(next(&server), CAP_ERR_DISCONNECTED);
	CHECK_EQ(next(&client), CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(ring_in_flight(server.thread->ring), 0);
	CHECK_EQ(ring_in_flight(client.thread->ring), 0);
}

TEST(nobody_waits_at_a_notification_whose_waiting_side_was_dropped)
{
	struct notification *notification;
	struct world_process process;
	struct cap_sqe wait = { .op = CAP_OP_WAIT, .addr = 1 };
	struct cap_sqe release = { .op = CAP_OP_RELEASE };

	world_start();
	objects_init();
	process = world_process(NULL);
	CHECK_EQ(notification_create(process.process->ledger, &notification), CAP_OK);
	wait.target = world_give(&process, notification_waiting_side(notification), 0);
	release.target = world_give(&process, notification_waiting_side(notification), 0);
	CHECK_EQ(world_do(&process, &release).result, 0);
	CHECK_EQ(world_do(&process, &wait).result, CAP_ERR_DISCONNECTED);
	CHECK_EQ(ring_in_flight(process.thread->ring), 0);
}
