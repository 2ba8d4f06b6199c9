/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * For tests of promised calls: a client, and a server whose answers carry what the client calls
 * next.
 */
#include <schema/exception.capnp.h>
#include <string.h>

#include "arch/sim/world.h"
#include "base/test.h"
#include "cap/transfer.h"
#include "ipc/endpoint.h"
#include "object/timer.h"

#define PENDING -4711

struct pair {
	struct world_process client;
	struct world_process server;
	cap_id_t facet;	   /* the client's */
	cap_id_t own;	   /* the server's, of the same endpoint: what its answers carry */
	cap_id_t receives; /* the server's Endpoint */
	cap_id_t timer;	   /* the server's */
	struct endpoint *endpoint;
};

static inline struct pair
pair_start(void)
{
	struct pair pair;
	uint16_t index = 0;

	world_start();
	pair.client = world_process(NULL);
	pair.server = world_process(NULL);
	CHECK_EQ(endpoint_create(pair.server.process->ledger, &pair.endpoint), CAP_OK);
	CHECK_EQ(endpoint_facet(pair.endpoint, 7, &index), CAP_OK);
	pair.facet = world_give(&pair.client, endpoint_object(pair.endpoint), index);
	pair.own = world_give(&pair.server, endpoint_object(pair.endpoint), index);
	pair.receives = world_give(&pair.server, endpoint_object(pair.endpoint), 0);
	pair.timer = world_give(&pair.server, timer_object(), 0);
	object_put(endpoint_object(pair.endpoint));
	return pair;
}

/* A message without parameters: as well for a kernel object. Its completion carries the method. */
static inline struct cap_sqe
call_of(struct pair *pair, uint16_t method)
{
	static const uint64_t empty[2] = { UINT64_C(1) << 32, (uint32_t)-4 };

	world_write(&pair->client, pair->client.message, empty, sizeof(empty));
	return (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = pair->facet,
		.method = method,
		.user_data = method,
		.addr = pair->client.message,
		.len = sizeof(empty),
		.result_addr = pair->client.message + 64 * (uint64_t)(method % 24 + 1),
		.result_len = 64 };
}

/* The same with a named answer of one capability, which the kernel alone keeps. */
static inline struct cap_sqe
named_call(struct pair *pair, uint16_t method, uint32_t answer_id)
{
	struct cap_sqe sqe = call_of(pair, method);

	sqe.answer_id = answer_id;
	sqe.flags = CAP_SQE_ANSWER_ONLY;
	sqe.cap_max = 1;
	return sqe;
}

static inline struct cap_sqe
promised(struct cap_sqe sqe, uint32_t answer_id, uint32_t ordinal)
{
	sqe.flags |= CAP_SQE_PROMISED;
	sqe.target = CAP_PROMISE(answer_id, ordinal);
	return sqe;
}

static inline struct cap_sqe
finish_of(uint32_t answer_id)
{
	return (
	    struct cap_sqe){ .op = CAP_OP_FINISH, .flags = CAP_SQE_ANSWER, .target = answer_id };
}

static inline void
post(struct world_process *process, struct cap_sqe sqe)
{
	world_submit(process, &sqe);
	CHECK(world_enter(process, 0, 0) >= 0);
}

/* The result of the next completion; PENDING: there is none. */
static inline int32_t
next(struct world_process *process)
{
	struct cap_cqe cqe = { .result = PENDING };

	(void)world_reap(process, &cqe);
	return cqe.result;
}

/* Post, and its completion if it came at once. */
static inline int32_t
run(struct world_process *process, struct cap_sqe sqe)
{
	post(process, sqe);
	return next(process);
}

/* The server takes a call: its method, or -1; header->call_id is what it answers to. */
static inline int
receive_header(struct pair *pair, struct cap_delivery *header)
{
	struct cap_sqe sqe = { .op = CAP_OP_RECV,
		.target = pair->receives,
		.user_data = 999,
		.cap_max = 1,
		.result_addr = pair->server.message,
		.result_len = 512 };

	if (run(&pair->server, sqe) < 0) {
		(void)run(&pair->server,
		    (struct cap_sqe){ .op = CAP_OP_FINISH, .target = 999, .user_data = 1000 });
		while (next(&pair->server) != PENDING)
			continue;
		return -1;
	}
	world_read(&pair->server, pair->server.message, header, sizeof(*header));
	return header->method;
}

static inline int
receive(struct pair *pair, uint64_t *call_id)
{
	struct cap_delivery header = { 0 };
	int method = receive_header(pair, &header);

	*call_id = header.call_id;
	return method;
}

static inline int32_t
answer_with(struct pair *pair, uint64_t call_id, struct cap_transfer entry)
{
	world_write(&pair->server, pair->server.message + 512 + 16, &entry, sizeof(entry));
	return run(&pair->server,
	    (struct cap_sqe){ .op = CAP_OP_RETURN,
		.target = call_id,
		.addr = pair->server.message + 512,
		.len = 16,
		.xfer_count = 1 });
}

static inline int32_t
answer(struct pair *pair, uint64_t call_id)
{
	return answer_with(pair, call_id, (struct cap_transfer){ .cap_id = pair->own, .mode = 1 });
}

static inline int32_t
answer_exception(struct pair *pair, uint64_t call_id, enum exception_type type)
{
	return run(&pair->server,
	    (struct cap_sqe){ .op = CAP_OP_RETURN,
		.flags = CAP_SQE_EXCEPTION,
		.method = (uint16_t)type,
		.target = call_id,
		.addr = pair->server.message + 512,
		.len = 16 });
}

static inline int32_t
answer_plain(struct pair *pair, uint64_t call_id)
{
	return run(&pair->server,
	    (struct cap_sqe){ .op = CAP_OP_RETURN,
		.target = call_id,
		.addr = pair->server.message + 512,
		.len = 16 });
}

/*
 * Take the call that comes next, which has to be this one, and answer it, with the facet if it
 * takes one.
 */
static inline void
serve(struct pair *pair, int method)
{
	struct cap_delivery header = { 0 };

	CHECK_EQ(receive_header(pair, &header), method);
	CHECK_EQ(
	    header.cap_max != 0 ? answer(pair, header.call_id) : answer_plain(pair, header.call_id),
	    0);
}

static inline enum exception_type
exception_at(struct pair *pair, uint16_t method, enum cap_status *status)
{
	_Alignas(8) uint8_t bytes[64];
	struct capnp_reader reader;
	struct cap_exception exception;
	uint32_t words;

	world_read(&pair->client, call_of(pair, method).result_addr, bytes, sizeof(bytes));
	memcpy(&words, bytes + 4, sizeof(words));
	CHECK_EQ(capnp_reader_init_single(&reader, bytes, ((size_t)words + 1) * 8), CAPNP_OK);
	exception = cap_exception_root(&reader);
	*status = (enum cap_status)cap_exception_status(exception);
	return cap_exception_type(exception);
}

static inline void
check_broken(struct pair *pair, uint16_t method, enum exception_type type)
{
	enum cap_status status = CAP_OK;
	struct cap_cqe cqe = { .result = PENDING };

	CHECK(world_reap(&pair->client, &cqe));
	CHECK_EQ(cqe.user_data, method);
	CHECK_EQ(cqe.result, CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(exception_at(pair, method, &status), type);
	CHECK_EQ(status, CAP_ERR_BROKEN_PROMISE);
}

/* Let the client do what came up for it. */
static inline void
client_runs(struct pair *pair)
{
	CHECK(world_enter(&pair->client, 0, 0) >= 0);
}

static inline uint64_t
slots_of(const struct pair *pair)
{
	return pair->client.process->ledger->used[LEDGER_CAP_SLOTS];
}
