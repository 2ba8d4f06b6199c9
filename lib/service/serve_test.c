/* SPDX-License-Identifier: Apache-2.0 */
/* The serve loop over a kernel that the test plays: what a method may do, what clients may send,
 * and that nothing of a call is left behind. */
#include "serve.h"

#include "base/test.h"
#include "fake_client_test.h"

TEST(an_answer_and_the_next_receive_are_one_submission)
{
	start();
	client_pings("round trip");
	run();
	check_data("round trip");
	CHECK_EQ(fake.log[0].op, CAP_OP_RECV);
	CHECK_EQ(fake.log[0].target, ENDPOINT_CAP);
	CHECK_EQ(fake.log[1].op, CAP_OP_RETURN);
	CHECK_EQ(fake.log[1].flags, CAP_SQE_RECEIVE);
	CHECK_EQ(fake.log_count, 2);
	CHECK_EQ(answer.turns, 1);
	CHECK_EQ(fake.entries, 4); /* receive, answer and receive; at the end, two flushes */
}

TEST(calls_behind_each_other_are_served_once_each_with_one_entry_for_a_turn)
{
	start();
	client_pings("again");
	client.repeats = 20;
	run();
	CHECK_EQ(server.runs, 21);
	CHECK_EQ(answer.count, 21);
	CHECK_EQ(self.unawaited, 0);
	CHECK_EQ(self.ring->cq_head, self.ring->cq_tail);
	CHECK_EQ(fake.entries, 24); /* as for one, and a turn for each */
}

/* It would fail again: unlike a turn, it has no other part that can have failed. */
TEST(a_receive_that_fails_ends_the_loop)
{
	start();
	client.interface_id = 0;
	client.receive_result = CAP_ERR_QUOTA_EXCEEDED;
	run();
	CHECK_EQ(fake.log_count, 1);
}

TEST(a_turn_whose_receive_fails_receives_once_more)
{
	start();
	client_pings("once");
	client.receive_result = CAP_ERR_QUOTA_EXCEEDED;
	run();
	CHECK_EQ(answer.count, 1);
	CHECK_EQ(fake.log_count, 3);
	CHECK_EQ(fake.log[2].op, CAP_OP_RECV);
}

/* Each turn ends with its RETURN, and the loop receives anew. */
TEST(callers_that_are_gone_do_not_end_the_loop)
{
	start();
	client_pings("gone");
	client.repeats = 5;
	client.return_result = CAP_ERR_CALL_GONE;
	run();
	CHECK_EQ(server.runs, 6);
	CHECK_EQ(answer.count, 6);
	CHECK_EQ(self.unawaited, 0);
	CHECK_EQ(self.ring->cq_head, self.ring->cq_tail);
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
	client.method = 3;
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

/* The first of two calls was answered; what is looked at is the second one's answer. */
static bool
first_is_answered(void)
{
	if (answer.count == 0 || client.interface_id == 0)
		return false;
	answer.count = 0;
	return true;
}

static void
damaged_then_good(void)
{
	if (first_is_answered())
		client_pings("good");
	client_calls();
}

TEST(what_was_wrong_with_a_message_is_not_with_the_next_one)
{
	start();
	client_pings("x");
	client.bytes[16] ^= 0x80;
	client.repeats = 1;
	fake.on_idle = damaged_then_good;
	run();
	CHECK_EQ(server.runs, 2);
	CHECK_EQ(server.reader_error, CAPNP_OK);
	check_data("good");
}

static void
told_then_forwarded(void)
{
	if (first_is_answered())
		server.forwards = true;
	client_calls();
}

/* A status that came from elsewhere has no sentence, and not the one of the last caller. */
TEST(what_a_caller_was_told_is_not_told_the_next_one)
{
	start();
	client_pings("x");
	server.status = CAP_ERR_APPLICATION_EXCEPTION;
	client.repeats = 1;
	fake.on_idle = told_then_forwarded;
	run();
	CHECK_EQ(server.runs, 2);
	check_exception(EXCEPTION_TYPE_FAILED, CAP_OK, "");
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

static void
large_then_small(void)
{
	if (first_is_answered())
		server.room = 0;
	client_calls();
}

TEST(an_answer_that_did_not_fit_does_not_spoil_the_next_one)
{
	start();
	client_pings("small");
	server.room = CAPOS_MEDIUM_PARAM_BYTES;
	client.repeats = 1;
	fake.on_idle = large_then_small;
	run();
	CHECK_EQ(server.runs, 2);
	check_data("small");
}

static void
start_two(void)
{
	struct capos_cap endpoint = { &self, ENDPOINT_CAP + 1, ENDPOINT_INTERFACE_ID };

	start();
	client_pings("both");
	client.both = true;
	CHECK_EQ(service_add(
		     &service, &endpoints[1], endpoint, echo_interface(&server), CAPOS_BLOCK_LARGE),
	    CAP_OK);
}

TEST(one_loop_serves_two_endpoints)
{
	start_two();
	run();
	CHECK_EQ(server.runs, 2);
	CHECK_EQ(answer.count, 2);
	/* Nobody who called waits for the next call at the other endpoint. */
	CHECK_EQ(client.waited_behind, 2);
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
	CHECK_EQ(service_add(
		     &service, &endpoints[1], endpoint, echo_interface(&server), CAPOS_BLOCK_SMALL),
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

TEST(a_service_that_stops_does_not_wait_for_what_it_has_in_flight)
{
	static struct capos_call left;

	start();
	client_pings("last");
	server.stops = true;
	server.leaves = &left;
	CHECK_EQ(service_run(&service), 5);
	check_data("last");
	CHECK_EQ(fake.in_flight_count, 1);
	CHECK_EQ(fake.in_flight[0].target, SILENT_CAP);
}

TEST(a_call_kept_open_is_followed_by_others_while_a_call_of_the_service_is_in_flight)
{
	static struct capos_call left;

	start();
	client_pings("kept");
	server.status = CAPOS_DEFERRED;
	server.leaves = &left;
	/* The idle client ends the endpoint: nothing else may be waited for. */
	CHECK_EQ(service_run(&service), 1);
	CHECK_EQ(server.runs, 1);
	CHECK_EQ(answer.count, 0);
	CHECK_EQ(fake.in_flight_count, 1);
	CHECK_EQ(fake.in_flight[0].target, SILENT_CAP);
}

TEST(a_loop_whose_ring_has_failed_ends_with_that_status)
{
	start();
	fake.refusal = CAP_ERR_RING_CORRUPT;
	CHECK_EQ(service_run(&service), CAP_ERR_RING_CORRUPT);
}

/* Twice, if it is asked for again. */
static void
receive_is_refused(void)
{
	fake_complete(
	    first_receive(), fake.log_count == 1 ? CAP_ERR_REVOKED : CAP_ERR_DISCONNECTED);
}

/* It was no turn: there was no answer that could have been refused instead. */
TEST(a_receive_that_is_refused_ends_the_loop)
{
	start();
	fake.on_idle = receive_is_refused;
	run();
	CHECK_EQ(fake.log_count, 1);
}

TEST(an_endpoint_without_a_buffer_is_refused)
{
	struct capos_cap endpoint = { &self, ENDPOINT_CAP, ENDPOINT_INTERFACE_ID };

	start();
	self.free_blocks[CAPOS_BLOCK_LARGE] = NULL;
	CHECK_EQ(service_add(&service, &endpoints[1], endpoint, echo_interface(&server),
		     CAPOS_BLOCK_MEDIUM),
	    CAP_ERR_NO_MEMORY);
	CHECK_EQ(capos_in_flight(&self), 1);
	CHECK_EQ(service.endpoints, &endpoints[0]);
}
