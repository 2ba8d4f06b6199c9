/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of entries that meet: at an endpoint, at a notification, at an op that both want to end. */
#include <string.h>

#include "base/test.h"
#include "cap/transfer.h"
#include "interleave.h"
#include "ipc/endpoint.h"
#include "ipc/notification.h"
#include "object/timer.h"

#define CLIENT (&interleave_process[0])
#define SERVER (&interleave_process[1])
#define INTERFACE 7

static cap_id_t facet;	   /* the client's */
static cap_id_t owner;	   /* the server's */
static cap_id_t given;	   /* the server's */
static cap_id_t timer;	   /* the client's */
static cap_id_t signaller; /* the client's */
static cap_id_t waiting;   /* the server's */
static uint64_t call_id;

static void
prepare(void)
{
	struct endpoint *endpoint;
	struct notification *notification;
	uint16_t index = 0;

	CHECK_EQ(endpoint_create(SERVER->process->ledger, &endpoint), CAP_OK);
	CHECK_EQ(endpoint_facet(endpoint, INTERFACE, &index), CAP_OK);
	facet = world_give(CLIENT, endpoint_object(endpoint), index);
	owner = world_give(SERVER, endpoint_object(endpoint), 0);
	object_put(endpoint_object(endpoint));
	CHECK_EQ(notification_create(SERVER->process->ledger, &notification), CAP_OK);
	signaller = world_give(CLIENT, notification_signalling_side(notification), 0);
	waiting = world_give(SERVER, notification_waiting_side(notification), 0);
	object_put(notification_waiting_side(notification));
	timer = world_give(CLIENT, timer_object(), 0);
	given = world_give(SERVER, timer_object(), 0);
}

static struct cap_sqe
call(void)
{
	return (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = facet,
		.addr = CLIENT->message,
		.len = 16,
		.result_addr = CLIENT->message + 512,
		.result_len = 64 };
}

static struct cap_sqe
receive(void)
{
	return (struct cap_sqe){ .op = CAP_OP_RECV,
		.target = owner,
		.cap_max = 1,
		.result_addr = SERVER->message,
		.result_len = 256 };
}

/* With the timer, which the caller has no more then. */
static struct cap_sqe
call_moving(void)
{
	const struct cap_transfer entry = { .cap_id = timer, .mode = CAP_TRANSFER_MOVE };
	struct cap_sqe sqe = call();

	world_write(CLIENT, sqe.addr + sqe.len, &entry, sizeof(entry));
	sqe.xfer_count = 1;
	sqe.cap_max = 1;
	return sqe;
}

static struct cap_sqe
answer(void)
{
	return (struct cap_sqe){
		.op = CAP_OP_RETURN, .target = call_id, .addr = SERVER->message + 512, .len = 16
	};
}

static struct cap_sqe
answer_moving(void)
{
	const struct cap_transfer entry = { .cap_id = given, .mode = CAP_TRANSFER_MOVE };
	struct cap_sqe sqe = answer();

	world_write(SERVER, sqe.addr + sqe.len, &entry, sizeof(entry));
	sqe.xfer_count = 1;
	return sqe;
}

/* An answer that goes on as a receive. */
static struct cap_sqe
turn(void)
{
	struct cap_sqe sqe = answer();

	sqe.flags = CAP_SQE_RECEIVE;
	sqe.receive_from = owner;
	sqe.result_addr = SERVER->message;
	sqe.result_len = 256;
	return sqe;
}

static struct cap_sqe
release_of(cap_id_t cap_id)
{
	return (struct cap_sqe){ .op = CAP_OP_RELEASE, .target = cap_id };
}

static struct cap_sqe
release_facet(void)
{
	return release_of(facet);
}

static struct cap_sqe
release_timer(void)
{
	return release_of(timer);
}

static struct cap_sqe
release_owner(void)
{
	return release_of(owner);
}

static struct cap_sqe
release_waiting(void)
{
	return release_of(waiting);
}

/* Of what prepare_called() and its like have left waiting. */
static struct cap_sqe
finish(void)
{
	return (struct cap_sqe){ .op = CAP_OP_FINISH, .target = 1 };
}

static struct cap_sqe
set_bits(void)
{
	return (struct cap_sqe){ .op = CAP_OP_SIGNAL, .target = signaller, .addr = 3 };
}

static struct cap_sqe
wait_for_bits(void)
{
	return (struct cap_sqe){ .op = CAP_OP_WAIT, .target = waiting, .addr = 1 };
}

static void
post(struct world_process *process, struct cap_sqe sqe)
{
	sqe.user_data = 1;
	world_submit(process, &sqe);
	world_call_once(process, 0, 0);
}

/* The call is in its queue. */
static void
prepare_called(void)
{
	prepare();
	post(CLIENT, call_moving());
}

/* A call that will be refused: what it moves is gone. */
static void
prepare_called_in_vain(void)
{
	struct cap_cqe cqe;

	prepare_called();
	post(CLIENT, release_timer());
	CHECK(world_reap(CLIENT, &cqe));
}

static void
run_on(uint32_t cpu, void (*act)(void))
{
	interleave_switch(cpu);
	act();
	interleave_switch(0);
}

static void
take_call(void)
{
	struct cap_delivery header;
	struct cap_cqe cqe;

	post(SERVER, receive());
	CHECK(world_reap(SERVER, &cqe));
	world_read(SERVER, SERVER->message, &header, sizeof(header));
	call_id = header.call_id;
}

static void
prepare_delivered(void)
{
	prepare_called();
	run_on(1, take_call);
}

static void
wait_as_server(void)
{
	post(SERVER, wait_for_bits());
}

static void
prepare_waiting(void)
{
	prepare();
	run_on(1, wait_as_server);
}

static void
receive_as_server(void)
{
	post(SERVER, receive());
}

static void
prepare_receiving(void)
{
	prepare();
	run_on(1, receive_as_server);
}

static const struct interleave_case cases[] = {
	{ "a call and a receive", prepare, { call, receive } },
	{ "a call that moves and a receive", prepare, { call_moving, receive } },
	{ "a call and the end of its endpoint", prepare, { call, release_owner } },
	{ "a call to who receives, and the end of its endpoint", prepare_receiving,
	    { call, release_owner } },
	{ "a receive and the FINISH of the call", prepare_called, { finish, receive } },
	{ "a receive and the release of what the call moves", prepare_called,
	    { release_timer, receive } },
	{ "a receive that refuses the call, and the FINISH of the call", prepare_called_in_vain,
	    { finish, receive } },
	{ "an answer that moves, and the FINISH of the call", prepare_delivered,
	    { finish, answer_moving } },
	{ "an answer and the FINISH of the call", prepare_delivered, { finish, answer } },
	{ "an answer and the release of the facet", prepare_delivered, { release_facet, answer } },
	{ "a turn and the FINISH of the call", prepare_delivered, { finish, turn } },
	{ "a turn and the next call", prepare_delivered, { call, turn } },
	{ "a call and the FINISH of the receive", prepare_receiving, { call_moving, finish } },
	{ "a signal and a wait", prepare, { set_bits, wait_for_bits } },
	{ "a signal and the FINISH of the wait", prepare_waiting, { set_bits, finish } },
	{ "a signal and the end of its notification", prepare_waiting,
	    { set_bits, release_waiting } },
};

TEST(two_entries_at_once_are_as_one_after_the_other)
{
	interleave_run(cases, sizeof(cases) / sizeof(cases[0]));
}
