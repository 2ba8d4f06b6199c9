/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities of calls that are served: each has one owner, however the call ends. */
#include "base/test.h"
#include "fake_client_test.h"
#include "serve.h"

static const struct cap_transfer *
transfers(void)
{
	return (const void *)((const uint8_t *)answer.words + answer.sqe.len);
}

/* Alone, or beside one that is not taken. */
TEST(a_capability_that_is_taken_and_moved_is_the_callers)
{
	for (uint32_t untaken = 0; untaken < 2; untaken++) {
		start();
		client_swaps();
		client.cap_count = 1 + untaken;
		run();
		CHECK_EQ(answer.sqe.flags, 0);
		CHECK_EQ(answer.sqe.xfer_count, 1);
		CHECK_EQ(transfers()[0].cap_id, 77);
		CHECK_EQ(transfers()[0].mode, CAP_TRANSFER_MOVE);
		CHECK_EQ(releases_of(77), 0);
		CHECK_EQ(releases_of(78), untaken);
	}
}

/* Echo.drop with capability 77, to which this pointer leads, or not. */
static void
client_drops(const char *text, uint64_t cap_pointer)
{
	struct capnp_builder builder;
	struct echo_drop_params_builder params;

	_Alignas(8) static uint64_t buffer[sizeof(client.bytes) / 8];
	capnp_builder_init(&builder, buffer, sizeof(buffer));
	params = echo_drop_params_init_root(&builder);
	echo_drop_params_set_data(
	    params, (struct capnp_data){ (const uint8_t *)text, (uint32_t)strlen(text) });
	client.byte_count = (uint32_t)capnp_builder_finish(&builder);
	buffer[3] = cap_pointer;
	memcpy(client.bytes, buffer, client.byte_count);
	client.method = ECHO_METHOD_DROP;
	client.caps[0] = (struct cap_record){ 77, 770 };
	client.cap_count = 1;
}

TEST(what_comes_with_a_flat_message_and_is_taken_leaves_with_the_answer)
{
	start();
	client_drops("round trip", CAPNP_FLAT_CAP);
	run();
	check_data("round trip");
	CHECK_EQ(server.dropped.cap_id, 77);
	CHECK_EQ(server.dropped.interface_id, 770);
	CHECK_EQ(releases_of(77), 1);
	CHECK_EQ(fake.log[1].op, CAP_OP_RELEASE);
	CHECK_EQ(fake.log[2].op, CAP_OP_RETURN);
	CHECK_EQ(fake.log_entry[1], fake.log_entry[2]);
	CHECK_EQ(fake.log_count, 3);
	CHECK_EQ(answer.turns, 1);
}

TEST(what_comes_with_a_flat_message_and_is_not_taken_is_released_after_the_answer)
{
	start();
	client_drops("round trip", CAPNP_FLAT_CAP);
	server.keeps_mode = CAPNP_CAP_COPY;
	run();
	check_data("round trip");
	CHECK_EQ(releases_of(77), 1);
	CHECK_EQ(fake.log[1].op, CAP_OP_RETURN);
	CHECK_EQ(fake.log[2].op, CAP_OP_RELEASE);
}

/* Records and pointers are the client's: any number of either. */
TEST(a_pointer_to_a_capability_that_did_not_come_is_none)
{
	static const struct {
		uint64_t pointer;
		uint32_t cap_count;
		uint64_t seen;
		bool spoils;
	} cases[] = {
		{ CAPNP_FLAT_CAP, 1, 77, false },
		{ CAPNP_FLAT_CAP, 2, 77, false },
		{ CAPNP_FLAT_CAP, 0, 0, true },
		{ CAPNP_FLAT_CAP | UINT64_C(1) << 32, 1, 0, true },
		{ CAPNP_FLAT_CAP | UINT64_C(1) << 32, 2, 78, false },
		{ 0, 0, 0, false },
		{ 0, 1, 0, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start();
		client_drops("bytes", cases[i].pointer);
		client.caps[1] = (struct cap_record){ 78, 780 };
		client.cap_count = cases[i].cap_count;
		run();
		CHECK_EQ(server.dropped.cap_id, cases[i].seen);
		CHECK_EQ(releases_of(77), cases[i].cap_count >= 1);
		CHECK_EQ(releases_of(78), cases[i].cap_count >= 2);
		if (cases[i].spoils)
			check_status(EXCEPTION_TYPE_FAILED, CAP_ERR_MALFORMED_MESSAGE);
		else
			check_data("bytes");
	}
}

/* Whatever else comes along with a call that takes none. */
TEST(capabilities_that_a_method_does_not_know_are_released)
{
	start();
	client_pings("plain");
	client.caps[0] = (struct cap_record){ 77, 770 };
	client.cap_count = 1;
	run();
	check_data("plain");
	CHECK_EQ(releases_of(77), 1);
}

TEST(a_capability_moved_to_a_caller_that_is_gone_is_released)
{
	start();
	client_swaps();
	client.return_result = CAP_ERR_CALL_GONE;
	run();
	/* Nobody is left who could be told. */
	CHECK_EQ(answer.count, 1);
	CHECK_EQ(releases_of(77), 1);
	CHECK_EQ(releases_of(78), 1);
}

/* Else its call would stay open for ever, and take a place among the server's. */
TEST(a_caller_that_takes_fewer_capabilities_than_there_are_gets_an_exception)
{
	start();
	client_swaps();
	client.repeats = 3;
	client.caps_result = CAP_ERR_TOO_MANY_CAPS;
	run();
	CHECK_EQ(server.runs, 4);
	CHECK_EQ(answer.count, 8);
	CHECK_EQ(answer.turns, 4);
	CHECK_EQ(releases_of(77), 4);
	answer.count = 1;
	check_status(EXCEPTION_TYPE_FAILED, CAP_ERR_TOO_MANY_CAPS);
}

TEST(a_capability_that_is_taken_goes_into_the_answer_of_a_turn)
{
	start();
	client_swaps();
	client.cap_count = 1;
	run();
	CHECK_EQ(answer.count, 1);
	CHECK_EQ(answer.turns, 1);
	CHECK_EQ(answer.sqe.xfer_count, 1);
	CHECK_EQ(transfers()[0].cap_id, 77);
	CHECK_EQ(transfers()[0].mode, CAP_TRANSFER_MOVE);
	CHECK_EQ(releases_of(77), 0);
}

static void
fill_cap(struct capnp_builder *results, void *context)
{
	const struct capnp_cap *cap = context;

	echo_swap_results_set_cap(echo_swap_results_init_root(results), *cap);
}

TEST(a_deferred_answer_with_more_capabilities_than_its_caller_takes_becomes_an_exception)
{
	static struct capnp_cap cap = { 77, 770, CAPNP_CAP_COPY };

	start();
	client_pings("later");
	server.status = CAPOS_DEFERRED;
	run();
	CHECK_EQ(answer.count, 0);
	client.caps_result = CAP_ERR_TOO_MANY_CAPS;
	CHECK_EQ(capos_reply(server.ticket, fill_cap, &cap), CAP_ERR_TOO_MANY_CAPS);
	CHECK_EQ(answer.count, 2);
	CHECK_EQ(releases_of(77), 0);
	answer.count = 1;
	check_status(EXCEPTION_TYPE_FAILED, CAP_ERR_TOO_MANY_CAPS);
	client.caps_result = CAP_ERR_CALL_GONE;
	CHECK_EQ(capos_reply(server.ticket, fill_cap, &cap), CAP_ERR_CALL_GONE);
	CHECK_EQ(answer.count, 2);
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
