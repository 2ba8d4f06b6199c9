/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A client of a serve loop, over a kernel that the test plays: it calls once, when the loop has
 * nothing to do, then the endpoint is gone and the loop ends. Included by one file of a test
 * program.
 */
#include <schema/echo.server.h>

#include "base/test.h"
#include "capos/fake_kernel.h"
#include "serve.h"

#define ENDPOINT_CAP 30
#define OTHER_CAP 40  /* called by the methods */
#define SILENT_CAP 50 /* never answers */
#define CALL_ID 7000

CAPOS_LARGE_MESSAGES(1);

struct echo_server {
	enum cap_status status; /* what the method returns */
	uint32_t runs;
	uint32_t running; /* methods, at this moment */
	uint32_t running_most;
	bool calls_other;
	bool forwards;		       /* a status of a call of its own, without a sentence */
	enum capnp_error reader_error; /* as the method saw it */
	struct capnp_cap dropped;      /* as the method saw it */
	uint8_t keeps_mode; /* the capability goes into the answer thus, and is not taken */
	bool stops;
	struct capos_call *leaves; /* in flight, to SILENT_CAP */
	uint64_t room;		   /* bytes that the answer asks for beyond those it was given */
	struct capos_ticket ticket;
};

static struct capos self;
static struct service service;
static struct service_endpoint endpoints[2];
static struct echo_server server;

/* A call that a client makes when the loop has nothing to do. */
static struct {
	uint16_t method;
	uint64_t interface_id;
	uint8_t bytes[256];
	uint32_t byte_count;
	struct cap_record caps[CAPNP_CAPS_MAX];
	uint32_t cap_count;
	uint32_t room;		/* for the answer; 0: plenty */
	int32_t return_result;	/* how the RETURN of its answer ends */
	int32_t caps_result;	/* and that of one with capabilities */
	int32_t receive_result; /* of the RECV behind the last call; 0: the endpoint is gone */
	bool both;		/* at both endpoints */
	uint32_t repeats;	/* calls behind the first one, one by one */
	uint32_t waited_behind; /* answers that were out when the loop had nothing to do again */
} client;

/* The last answer. */
static struct {
	uint32_t count;
	uint32_t turns; /* of these: behind them the same submission received */
	struct cap_sqe sqe;
	uint64_t words[CAPOS_LARGE_PARAM_BYTES / 8];
} answer;

void
capos_exit(int64_t code)
{
	fail_msg("the program ended with %lld", (long long)code);
	__builtin_unreachable(); /* it does not return */
}

static inline enum cap_status
call_other(void)
{
	struct capos_call call;
	enum cap_status status;

	capos_call_begin_kind(
	    &call, (struct capos_cap){ &self, OTHER_CAP, 0 }, 0, 0, CAPOS_BLOCK_SMALL);
	status = capos_call_send(&call);
	if (status == CAP_OK)
		status = capos_call_wait(&call);
	capos_call_end(&call);
	return status;
}

static inline enum cap_status
echo_ping(struct echo_server *at, struct echo_ping_params params,
    struct echo_ping_results_builder results, const struct capos_caller *caller)
{
	static uint8_t large[CAPOS_LARGE_PARAM_BYTES];
	struct capnp_data data = echo_ping_params_data(params);

	at->runs++;
	if (++at->running > at->running_most)
		at->running_most = at->running;
	if (at->calls_other)
		CHECK_EQ(call_other(), CAP_OK);
	at->running--;
	if (at->leaves != NULL) {
		capos_call_begin_kind(at->leaves, (struct capos_cap){ &self, SILENT_CAP, 0 }, 0, 0,
		    CAPOS_BLOCK_SMALL);
		CHECK_EQ(capos_call_send(at->leaves), CAP_OK);
	}
	if (at->stops)
		service_stop(&service, 5);
	if (at->room != 0)
		data = (struct capnp_data){ large, (uint32_t)at->room };
	echo_ping_results_set_data(results, data);
	at->reader_error = capnp_reader_error(params.s.reader);
	if (at->status == CAP_ERR_APPLICATION_EXCEPTION && !at->forwards)
		return capos_fail(caller, EXCEPTION_TYPE_OVERLOADED, "not today");
	if (at->status == CAPOS_DEFERRED)
		at->ticket = capos_defer(caller);
	return at->status;
}

static inline enum cap_status
echo_swap(struct echo_server *at, struct echo_swap_params params,
    struct echo_swap_results_builder results, const struct capos_caller *caller)
{
	struct capnp_cap from = echo_swap_params_cap(params);
	struct capos_cap cap;

	at->runs++;
	if (at->keeps_mode != 0) {
		from.mode = at->keeps_mode;
		echo_swap_results_set_cap(results, from);
		return at->status;
	}
	CHECK_EQ(capos_take(caller, params.s.reader, (struct capnp_cap){ 0, 0, 0 }, &cap),
	    CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(capos_take(caller, params.s.reader, (struct capnp_cap){ 1234, 0, 0 }, &cap),
	    CAP_ERR_NOT_FOUND);
	CHECK_EQ(capos_take(caller, params.s.reader, from, &cap), CAP_OK);
	CHECK_EQ(capos_take(caller, params.s.reader, from, &cap), CAP_ERR_NOT_FOUND);
	echo_swap_results_set_cap(
	    results, (struct capnp_cap){ cap.cap_id, cap.interface_id, CAPNP_CAP_MOVE });
	return at->status;
}

static inline enum cap_status
echo_drop(struct echo_server *at, struct echo_drop_params params,
    struct echo_drop_results_builder results, const struct capos_caller *caller)
{
	struct capos_cap cap;

	at->runs++;
	at->dropped = echo_drop_params_cap(params);
	if (at->keeps_mode == 0) {
		CHECK_EQ(capos_take(caller, params.s.reader, at->dropped, &cap),
		    at->dropped.cap_id == 0 ? CAP_ERR_INVALID_ARGUMENT : CAP_OK);
		if (at->dropped.cap_id != 0)
			capos_release(cap);
	}
	echo_drop_results_set_data(results, echo_drop_params_data(params));
	return at->status;
}

static const struct echo_methods methods = {
	.ping = echo_ping,
	.swap = echo_swap,
	.drop = echo_drop,
};
ECHO_SERVE_WITH(methods)

static inline void
deliver(const struct cap_sqe *receive)
{
	struct cap_delivery header = { .call_id = CALL_ID,
		.interface_id = client.interface_id,
		.param_bytes = client.byte_count,
		.method = client.method,
		.result_len = client.room != 0 ? client.room : 4096,
		.cap_count = (uint16_t)client.cap_count };
	uint8_t *to = (uint8_t *)receive->result_addr;
	uint32_t records_at = (uint32_t)sizeof(header) + ((client.byte_count + 7) & ~7U);

	CHECK(records_at + sizeof(client.caps) <= receive->result_len);
	memcpy(to, &header, sizeof(header));
	memcpy(to + sizeof(header), client.bytes, client.byte_count);
	memcpy(to + records_at, client.caps, client.cap_count * sizeof(*client.caps));
	fake_complete(receive, (int32_t)(sizeof(header) + client.byte_count));
}

/* The answer of a turn is given: what is in flight is its RECV. */
static inline void
turn_receives(const struct cap_sqe *turn)
{
	struct cap_sqe *receive = fake_find(turn->user_data);

	CHECK(receive != NULL);
	CHECK_EQ(receive->cap_max, CAPNP_CAPS_MAX);
	receive->op = CAP_OP_RECV;
	receive->flags = 0;
	receive->target = turn->receive_from;
	CHECK(receive->target == endpoints[0].endpoint.cap_id ||
	    receive->target == endpoints[1].endpoint.cap_id);
}

static inline void
answer_ends(const struct cap_sqe *sqe, int32_t result)
{
	if ((sqe->flags & CAP_SQE_RECEIVE) == 0 || result < 0)
		fake_complete(sqe, result);
	else
		turn_receives(sqe);
}

static inline void
take_op(const struct cap_sqe *sqe)
{
	static const uint32_t empty[] = { 0, 1, 0, 0 };
	uint32_t bytes = sqe->len + sqe->xfer_count * (uint32_t)sizeof(struct cap_transfer);

	switch (sqe->op) {
	case CAP_OP_CALL:
		if (sqe->target == SILENT_CAP)
			return;
		CHECK_EQ(sqe->target, OTHER_CAP);
		memcpy((void *)sqe->result_addr, empty, sizeof(empty));
		fake_complete(sqe, sizeof(empty));
		return;
	case CAP_OP_RETURN:
		CHECK_EQ(sqe->target, CALL_ID);
		CHECK(bytes <= sizeof(answer.words));
		answer.count++;
		answer.sqe = *sqe;
		answer.sqe.flags &= (uint8_t)~CAP_SQE_RECEIVE;
		answer.turns += (sqe->flags & CAP_SQE_RECEIVE) != 0;
		memcpy(answer.words, (const void *)sqe->addr, bytes);
		answer_ends(sqe,
		    sqe->xfer_count != 0 && client.caps_result != 0 ? client.caps_result
								    : client.return_result);
		return;
	default:
		CHECK_EQ(sqe->op, CAP_OP_RECV);
	}
}

static inline const struct cap_sqe *
first_receive(void)
{
	uint32_t at = 0;

	while (at < fake.in_flight_count && fake.in_flight[at].op != CAP_OP_RECV)
		at++;
	CHECK(at < fake.in_flight_count);
	return &fake.in_flight[at];
}

/* The client calls once, or more often, then the endpoint goes: the loop ends. */
static inline void
client_calls(void)
{
	uint32_t receives = client.both ? 2 : 1;

	if (client.interface_id == 0) {
		if (client.waited_behind == 0)
			client.waited_behind = answer.count;
		fake_complete(first_receive(),
		    client.receive_result < 0 ? client.receive_result : CAP_ERR_DISCONNECTED);
		client.receive_result = 0;
		return;
	}
	for (uint32_t i = 0; i < receives; i++)
		deliver(first_receive());
	if (client.repeats != 0)
		client.repeats--;
	else
		client.interface_id = 0;
}

static inline void
start(void)
{
	struct capos_cap endpoint = { &self, ENDPOINT_CAP, ENDPOINT_INTERFACE_ID };

	fake_start(&self);
	memset(&server, 0, sizeof(server));
	memset(&client, 0, sizeof(client));
	memset(&answer, 0, sizeof(answer));
	client.interface_id = ECHO_INTERFACE_ID;
	fake.on_op = take_op;
	fake.on_idle = client_calls;
	service_init(&service, &self);
	CHECK_EQ(service_add(&service, &endpoints[0], endpoint, echo_interface(&server),
		     CAPOS_BLOCK_MEDIUM),
	    CAP_OK);
}

/* Echo.ping with this text. */
static inline void
client_pings(const char *text)
{
	struct capnp_builder builder;

	_Alignas(8) static uint8_t buffer[sizeof(client.bytes)];
	capnp_builder_init(&builder, buffer, sizeof(buffer));
	echo_ping_params_set_data(echo_ping_params_init_root(&builder),
	    (struct capnp_data){ (const uint8_t *)text, (uint32_t)strlen(text) });
	client.byte_count = (uint32_t)capnp_builder_finish(&builder);
	memcpy(client.bytes, buffer, client.byte_count);
}

/* Echo.swap with capability 77, and another one that the method does not look for. */
static inline void
client_swaps(void)
{
	struct capnp_builder builder;

	_Alignas(8) static uint8_t buffer[sizeof(client.bytes)];
	capnp_builder_init(&builder, buffer, sizeof(buffer));
	echo_swap_params_set_cap(
	    echo_swap_params_init_root(&builder), (struct capnp_cap){ 1, 0, CAPNP_CAP_COPY });
	client.byte_count = (uint32_t)capnp_builder_finish(&builder);
	memcpy(client.bytes, buffer, client.byte_count);
	client.method = ECHO_METHOD_SWAP;
	client.caps[0] = (struct cap_record){ 77, 770 };
	client.caps[1] = (struct cap_record){ 78, 780 };
	client.cap_count = 2;
}

static inline uint32_t
releases_of(uint64_t cap_id)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < fake.log_count; i++)
		count += fake.log[i].op == CAP_OP_RELEASE && fake.log[i].target == cap_id;
	return count;
}

/* The loop ends when the endpoint is gone. */
static inline void
run(void)
{
	CHECK_EQ(service_run(&service), 1);
	CHECK_EQ(server.running, 0);
	CHECK_EQ(capos_release_flush(&self), CAP_OK);
}

static inline void
check_exception(enum exception_type type, enum cap_status status, const char *reason)
{
	struct capnp_reader reader;
	struct cap_exception exception;
	struct capnp_text text;

	CHECK_EQ(answer.count, 1);
	CHECK_EQ(answer.sqe.flags, CAP_SQE_EXCEPTION);
	CHECK_EQ(answer.sqe.method, type);
	CHECK_EQ(answer.sqe.xfer_count, 0);
	CHECK_EQ(capnp_reader_init(&reader, answer.words, answer.sqe.len), CAPNP_OK);
	exception = cap_exception_root(&reader);
	CHECK_EQ(cap_exception_type(exception), type);
	CHECK_EQ(cap_exception_status(exception), status);
	text = cap_exception_reason(exception);
	CHECK_EQ(text.size, strlen(reason));
	CHECK_MEMORY(text.data, reason, text.size);
}

static inline void
check_status(enum exception_type type, enum cap_status status)
{
	check_exception(type, status, cap_status_sentence(status));
}

static inline void
check_data(const char *expected)
{
	struct capnp_reader reader;
	struct capnp_data data;

	CHECK_EQ(answer.count, 1);
	CHECK_EQ(answer.sqe.flags, 0);
	CHECK_EQ(capnp_reader_init(&reader, answer.words, answer.sqe.len), CAPNP_OK);
	data = echo_ping_results_data(echo_ping_results_root(&reader));
	CHECK_EQ(data.size, strlen(expected));
	CHECK_MEMORY(data.data, expected, data.size);
}
