/* SPDX-License-Identifier: Apache-2.0 */
/* The serve loop over a kernel that the test plays: what a method may do, what clients may send,
 * and that nothing of a call is left behind. */
#include "serve.h"

#include <schema/echo.server.h>
#include <stdlib.h>

#include "base/test.h"
#include "capos/fake_kernel.h"

#define ENDPOINT_CAP 30
#define OTHER_CAP 40 /* called by the methods */
#define CALL_ID 7000

CAPOS_LARGE_MESSAGES(1);

struct echo_server {
	enum cap_status status; /* what the method returns */
	uint32_t runs;
	uint32_t running; /* methods, at this moment */
	uint32_t running_most;
	bool calls_other;
	uint8_t keeps_mode; /* the capability goes into the answer thus, and is not taken */
	bool stops;
	uint64_t room; /* bytes that the answer asks for beyond those it was given */
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
	uint32_t room;	       /* for the answer; 0: plenty */
	int32_t return_result; /* how the RETURN of its answer ends */
	bool both;	       /* at both endpoints */
} client;

/* The last answer. */
static struct {
	uint32_t count;
	struct cap_sqe sqe;
	uint64_t words[CAPOS_LARGE_PARAM_BYTES / 8];
} answer;

void
capos_exit(int64_t code)
{
	fail_msg("the program ended with %lld", (long long)code);
	abort();
}

static enum cap_status
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

static enum cap_status
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
	if (at->stops)
		service_stop(&service, 5);
	if (at->room != 0)
		data = (struct capnp_data){ large, (uint32_t)at->room };
	echo_ping_results_set_data(results, data);
	if (at->status == CAP_ERR_APPLICATION_EXCEPTION)
		return capos_fail(caller, EXCEPTION_TYPE_OVERLOADED, "not today");
	if (at->status == CAPOS_DEFERRED)
		at->ticket = capos_defer(caller);
	return at->status;
}

static enum cap_status
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

static const struct echo_methods methods = { .ping = echo_ping, .swap = echo_swap };

static void
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

static void
take_op(const struct cap_sqe *sqe)
{
	static const uint32_t empty[] = { 0, 1, 0, 0 };
	uint32_t bytes = sqe->len + sqe->xfer_count * (uint32_t)sizeof(struct cap_transfer);

	switch (sqe->op) {
	case CAP_OP_CALL:
		CHECK_EQ(sqe->target, OTHER_CAP);
		memcpy((void *)sqe->result_addr, empty, sizeof(empty));
		fake_complete(sqe, sizeof(empty));
		return;
	case CAP_OP_RETURN:
		CHECK_EQ(sqe->target, CALL_ID);
		CHECK(bytes <= sizeof(answer.words));
		answer.count++;
		answer.sqe = *sqe;
		memcpy(answer.words, (const void *)sqe->addr, bytes);
		fake_complete(sqe, client.return_result);
		return;
	default:
		CHECK_EQ(sqe->op, CAP_OP_RECV);
	}
}

/* The client calls once, then the endpoint goes: the loop ends. */
static void
client_calls(void)
{
	uint32_t receives = client.both ? 2 : 1;

	if (client.interface_id == 0) {
		fake_complete(&fake.in_flight[0], CAP_ERR_DISCONNECTED);
		return;
	}
	for (uint32_t i = 0; i < receives; i++)
		deliver(&fake.in_flight[0]);
	client.interface_id = 0;
}

static void
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
	CHECK_EQ(service_add(&service, &endpoints[0], endpoint, echo_interface(&methods, &server),
		     CAPOS_BLOCK_MEDIUM),
	    CAP_OK);
}

/* Echo.ping with this text. */
static void
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
static void
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

static uint32_t
releases_of(uint64_t cap_id)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < fake.log_count; i++)
		count += fake.log[i].op == CAP_OP_RELEASE && fake.log[i].target == cap_id;
	return count;
}

/* The loop ends when the endpoint is gone. */
static void
run(void)
{
	CHECK_EQ(service_run(&service), 1);
	CHECK_EQ(server.running, 0);
	CHECK_EQ(capos_release_flush(&self), CAP_OK);
}

static void
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

static void
check_status(enum exception_type type, enum cap_status status)
{
	check_exception(type, status, cap_status_sentence(status));
}

static void
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

TEST(an_answer_and_the_next_receive_are_one_entry)
{
	start();
	client_pings("round trip");
	run();
	check_data("round trip");
	CHECK_EQ(fake.log[0].op, CAP_OP_RECV);
	CHECK_EQ(fake.log[0].target, ENDPOINT_CAP);
	CHECK_EQ(fake.log[1].op, CAP_OP_RETURN);
	CHECK_EQ(fake.log[2].op, CAP_OP_RECV);
	CHECK_EQ(fake.log_entry[1], fake.log_entry[2]);
	CHECK_EQ(fake.log_count, 3);
	CHECK_EQ(fake.entries, 4); /* receive, answer and receive; at the end, two flushes */
}

TEST(a_method_that_fails_answers_with_its_type_and_text)
{
	start();
	client_pings("x");
	server.status = CAP_ERR_APPLICATION_EXCEPTION;
	run();
	check_exception(EXCEPTION_TYPE_OVERLOADED, CAP_OK, "not today");
}

/* Without it, it takes 32 bytes. */
TEST(a_sentence_that_the_caller_has_no_room_for_is_left_out)
{
	start();
	server.status = CAP_ERR_APPLICATION_EXCEPTION;
	client_pings("x");
	client.room = 40;
	run();
	check_exception(EXCEPTION_TYPE_OVERLOADED, CAP_OK, "");
}

TEST(a_status_becomes_an_exception_of_its_kind)
{
	static const struct {
		enum cap_status status;
		enum exception_type type;
	} rows[] = {
		{ CAP_ERR_TABLE_FULL, EXCEPTION_TYPE_OVERLOADED },
		{ CAP_ERR_QUOTA_EXCEEDED, EXCEPTION_TYPE_OVERLOADED },
		{ CAP_ERR_NO_MEMORY, EXCEPTION_TYPE_OVERLOADED },
		{ CAP_ERR_QUEUE_FULL, EXCEPTION_TYPE_OVERLOADED },
		{ CAP_ERR_REVOKED, EXCEPTION_TYPE_DISCONNECTED },
		{ CAP_ERR_DISCONNECTED, EXCEPTION_TYPE_DISCONNECTED },
		{ CAP_ERR_CALL_GONE, EXCEPTION_TYPE_DISCONNECTED },
		{ CAP_ERR_UNIMPLEMENTED_METHOD, EXCEPTION_TYPE_UNIMPLEMENTED },
		{ CAP_ERR_INVALID_ARGUMENT, EXCEPTION_TYPE_FAILED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start();
		client_pings("x");
		server.status = rows[i].status;
		run();
		check_status(rows[i].type, rows[i].status);
	}
}

TEST(a_method_that_does_not_exist_is_unimplemented)
{
	start();
	client_pings("x");
	client.method = 2;
	run();
	CHECK_EQ(server.runs, 0);
	check_status(EXCEPTION_TYPE_UNIMPLEMENTED, CAP_ERR_UNIMPLEMENTED_METHOD);
}

TEST(a_call_that_shows_another_interface_runs_no_method)
{
	start();
	client_pings("x");
	client.interface_id = ECHO_INTERFACE_ID + 1;
	run();
	CHECK_EQ(server.runs, 0);
	check_status(EXCEPTION_TYPE_FAILED, CAP_ERR_WRONG_INTERFACE);
}

TEST(a_malformed_call_runs_no_method_and_leaves_no_capability_behind)
{
	start();
	client_swaps();
	client.bytes[4]++;
	run();
	CHECK_EQ(server.runs, 0);
	check_status(EXCEPTION_TYPE_FAILED, CAP_ERR_MALFORMED_MESSAGE);
	CHECK_EQ(releases_of(77), 1);
	CHECK_EQ(releases_of(78), 1);
}

TEST(a_bad_pointer_that_a_method_has_read_spoils_its_answer)
{
	start();
	client_pings("x");
	client.bytes[16] ^= 0x80; /* the data's pointer leaves the message */
	run();
	check_status(EXCEPTION_TYPE_FAILED, CAP_ERR_MALFORMED_MESSAGE);
}

/* The same parameters in another encoding: the bytes stand a word further on. */
TEST(parameters_that_are_not_flat_are_served_alike)
{
	uint64_t words[] = { UINT64_C(4) << 32, UINT64_C(1) << 48,
		UINT64_C(2) << 35 | 4 | 1 | UINT64_C(2) << 32, 0, 0x6968 };

	start();
	client_pings("hi");
	memcpy(client.bytes, words, sizeof(words));
	client.byte_count = sizeof(words);
	run();
	CHECK_EQ(server.runs, 1);
	CHECK_EQ(answer.count, 1);
	CHECK_EQ(answer.sqe.len, 32);
	CHECK_MEMORY(&answer.words[3], "hi", 2);
}

TEST(an_answer_that_does_not_fit_is_an_exception)
{
	start();
	client_pings("x");
	server.room = CAPOS_MEDIUM_PARAM_BYTES;
	run();
	check_status(EXCEPTION_TYPE_FAILED, CAP_ERR_MESSAGE_TOO_LARGE);
}

static const struct cap_transfer *
transfers(void)
{
	return (const void *)((const uint8_t *)answer.words + answer.sqe.len);
}

TEST(a_capability_that_is_taken_and_moved_is_the_callers)
{
	start();
	client_swaps();
	run();
	CHECK_EQ(answer.sqe.flags, 0);
	CHECK_EQ(answer.sqe.xfer_count, 1);
	CHECK_EQ(transfers()[0].cap_id, 77);
	CHECK_EQ(transfers()[0].mode, CAP_TRANSFER_MOVE);
	CHECK_EQ(releases_of(77), 0);
	CHECK_EQ(releases_of(78), 1);
}

TEST(a_capability_moved_to_a_caller_that_is_gone_is_released)
{
	start();
	client_swaps();
	client.return_result = CAP_ERR_CALL_GONE;
	run();
	CHECK_EQ(releases_of(77), 1);
	CHECK_EQ(releases_of(78), 1);
}

TEST(a_capability_moved_by_a_method_that_then_fails_is_released)
{
	start();
	client_swaps();
	server.status = CAP_ERR_INVALID_ARGUMENT;
	run();
	check_status(EXCEPTION_TYPE_FAILED, CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(releases_of(77), 1);
}

TEST(a_capability_that_is_copied_into_the_answer_is_released_after_it)
{
	uint32_t returned = 0;

	start();
	client_swaps();
	server.keeps_mode = CAPNP_CAP_COPY;
	run();
	CHECK_EQ(transfers()[0].mode, CAP_TRANSFER_COPY);
	CHECK_EQ(releases_of(77), 1);
	for (uint32_t i = 0; i < fake.log_count; i++) {
		returned += fake.log[i].op == CAP_OP_RETURN;
		if (fake.log[i].op == CAP_OP_RELEASE)
			CHECK_EQ(returned, 1);
	}
}

TEST(a_capability_that_is_moved_into_the_answer_untaken_is_released_at_most_once)
{
	for (uint32_t gone = 0; gone < 2; gone++) {
		start();
		client_swaps();
		server.keeps_mode = CAPNP_CAP_MOVE;
		client.return_result = gone ? CAP_ERR_CALL_GONE : 0;
		run();
		CHECK_EQ(releases_of(77), gone);
		CHECK_EQ(releases_of(78), 1);
	}
}

static void
start_two(void)
{
	struct capos_cap endpoint = { &self, ENDPOINT_CAP + 1, ENDPOINT_INTERFACE_ID };

	start();
	client_pings("both");
	client.both = true;
	CHECK_EQ(service_add(&service, &endpoints[1], endpoint, echo_interface(&methods, &server),
		     CAPOS_BLOCK_LARGE),
	    CAP_OK);
}

TEST(one_loop_serves_two_endpoints)
{
	start_two();
	run();
	CHECK_EQ(server.runs, 2);
	CHECK_EQ(answer.count, 2);
}

TEST(methods_run_one_at_a_time_though_one_of_them_waits)
{
	start_two();
	server.calls_other = true;
	run();
	CHECK_EQ(server.runs, 2);
	CHECK_EQ(server.running_most, 1);
	CHECK_EQ(answer.count, 2);
}

TEST(a_call_kept_open_is_not_answered_and_the_loop_goes_on)
{
	start();
	client_pings("later");
	server.status = CAPOS_DEFERRED;
	run();
	CHECK_EQ(answer.count, 0);
	CHECK_EQ(server.ticket.call_id, CALL_ID);
	CHECK_EQ(fake.log_count, 2);
	CHECK_EQ(fake.log[1].op, CAP_OP_RECV);
}

static void
fill_data(struct capnp_builder *results, void *context)
{
	echo_ping_results_set_data(
	    echo_ping_results_init_root(results), *(const struct capnp_data *)context);
}

/* A call that is kept open, and nothing else; the loop has ended. */
static void
start_deferred(void)
{
	start();
	client_pings("later");
	server.status = CAPOS_DEFERRED;
	run();
}

TEST(a_ticket_is_answered_later)
{
	struct capnp_data data = { (const uint8_t *)"now", 3 };

	start_deferred();
	CHECK_EQ(capos_reply(server.ticket, fill_data, &data), CAP_OK);
	check_data("now");
}

TEST(a_reply_does_not_wait_for_the_next_call)
{
	struct capos_cap endpoint = { &self, ENDPOINT_CAP, ENDPOINT_INTERFACE_ID };
	struct capnp_data data = { (const uint8_t *)"now", 3 };

	start_deferred();
	fake.on_idle = NULL;
	CHECK_EQ(service_add(&service, &endpoints[1], endpoint, echo_interface(&methods, &server),
		     CAPOS_BLOCK_SMALL),
	    CAP_OK);
	CHECK_EQ(capos_reply(server.ticket, fill_data, &data), CAP_OK);
	CHECK_EQ(fake.in_flight_count, 1);
}

TEST(a_ticket_may_fail_with_type_status_and_text)
{
	start_deferred();
	CHECK_EQ(capos_reply_fail(
		     server.ticket, EXCEPTION_TYPE_DISCONNECTED, CAP_ERR_REVOKED, "it went away"),
	    CAP_OK);
	check_exception(EXCEPTION_TYPE_DISCONNECTED, CAP_ERR_REVOKED, "it went away");
}

TEST(a_ticket_knows_how_much_room_its_caller_has)
{
	start_deferred();
	CHECK_EQ(server.ticket.result_bytes, 4096);
	server.ticket.result_bytes = 40;
	CHECK_EQ(capos_reply_fail(
		     server.ticket, EXCEPTION_TYPE_DISCONNECTED, CAP_ERR_REVOKED, "it went away"),
	    CAP_OK);
	check_exception(EXCEPTION_TYPE_DISCONNECTED, CAP_ERR_REVOKED, "");
}

TEST(a_ticket_whose_caller_has_given_up_says_so)
{
	struct capnp_data data = { (const uint8_t *)"now", 3 };

	start_deferred();
	client.return_result = CAP_ERR_CALL_GONE;
	CHECK_EQ(capos_reply(server.ticket, fill_data, &data), CAP_ERR_CALL_GONE);
	CHECK_EQ(capos_reply_fail(server.ticket, EXCEPTION_TYPE_FAILED, CAP_OK, "late"),
	    CAP_ERR_CALL_GONE);
}

TEST(a_reply_uses_a_large_buffer_and_gives_it_back)
{
	static uint8_t large[CAPOS_LARGE_PARAM_BYTES];
	struct capnp_data data = { large, 4096 };

	start_deferred();
	for (uint32_t i = 0; i < 3; i++)
		CHECK_EQ(capos_reply(server.ticket, fill_data, &data), CAP_OK);
	CHECK_EQ(answer.count, 3);
	data.size = CAPOS_LARGE_PARAM_BYTES;
	CHECK_EQ(capos_reply(server.ticket, fill_data, &data), CAP_ERR_MESSAGE_TOO_LARGE);
	CHECK_EQ(answer.count, 3);
	CHECK(self.free_blocks[CAPOS_BLOCK_LARGE] != NULL);
	/* The endpoint holds the only other one. */
	self.free_blocks[CAPOS_BLOCK_LARGE] = NULL;
	CHECK_EQ(capos_reply(server.ticket, fill_data, &data), CAP_ERR_NO_MEMORY);
}

TEST(a_service_that_stops_still_answers_the_call)
{
	start();
	client_pings("last");
	server.stops = true;
	CHECK_EQ(service_run(&service), 5);
	check_data("last");
	CHECK_EQ(fake.in_flight_count, 0);
}

TEST(a_loop_whose_ring_has_failed_ends_with_that_status)
{
	start();
	fake.refusal = CAP_ERR_RING_CORRUPT;
	CHECK_EQ(service_run(&service), CAP_ERR_RING_CORRUPT);
}

TEST(an_endpoint_without_a_buffer_is_refused)
{
	struct capos_cap endpoint = { &self, ENDPOINT_CAP, ENDPOINT_INTERFACE_ID };

	start();
	self.free_blocks[CAPOS_BLOCK_LARGE] = NULL;
	CHECK_EQ(service_add(&service, &endpoints[1], endpoint, echo_interface(&methods, &server),
		     CAPOS_BLOCK_MEDIUM),
	    CAP_ERR_NO_MEMORY);
	CHECK_EQ(capos_in_flight(&self), 1);
	CHECK_EQ(service.endpoints, &endpoints[0]);
}
