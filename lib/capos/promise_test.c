/* SPDX-License-Identifier: Apache-2.0 */
/* Promised calls over a kernel that the test plays: names of answers, who gives them back, and that
 * a promise stands wherever a target does. */
#include "promise.h"

#include <schema/endpoint.client.h>
#include <schema/timer.client.h>

#include "base/test.h"
#include "fake_kernel.h"

#define FACTORY_CAP 0x1000001
#define RESULT_CAP 0x5000002

static struct capos self;

void
capos_exit(int64_t code)
{
	(void)code;
	CHECK(false);
	__builtin_unreachable();
}

static struct endpoint_factory
factory(void)
{
	return (struct endpoint_factory){ { &self, FACTORY_CAP, ENDPOINT_FACTORY_INTERFACE_ID } };
}

static void
begin(struct capos_call *call)
{
	(void)endpoint_factory_create_begin(call, factory());
}

/* Its answer carries one capability, unless it is for promised calls alone. */
static void
answer(const struct cap_sqe *sqe)
{
	const struct cap_record record = { RESULT_CAP, ENDPOINT_INTERFACE_ID };
	struct capnp_builder builder;
	struct capnp_cap cap = { RESULT_CAP, ENDPOINT_INTERFACE_ID, CAPNP_CAP_COPY };

	capnp_builder_init(&builder, (void *)sqe->result_addr, sqe->result_len);
	endpoint_factory_create_results_set_endpoint(
	    endpoint_factory_create_results_init_root(&builder), cap);
	fake_complete_caps(sqe, (int32_t)capnp_builder_finish(&builder), &record,
	    sqe->flags & CAP_SQE_ANSWER_ONLY ? 0 : 1);
}

static void
flush(void)
{
	CHECK_EQ(capos_release_flush(&self), CAP_OK);
}

TEST(a_chain_is_sent_in_one_entry_and_names_its_answers)
{
	struct capos_call first;
	struct capos_call second;
	uint32_t id;

	fake_start(&self);
	begin(&first);
	CHECK_EQ(capos_call_send(&first), CAP_OK);
	(void)endpoint_client_begin(&second, endpoint_factory_create_promised_endpoint(&first));
	CHECK_EQ(capos_call_send(&second), CAP_OK);
	CHECK_EQ(fake.entries, 0);
	flush();
	CHECK_EQ(fake.entries, 1);
	id = fake.log[0].answer_id;
	CHECK_NE(id, 0);
	CHECK_EQ(fake.log[0].flags, 0);
	CHECK_EQ(fake.log[0].target, FACTORY_CAP);
	CHECK_EQ(fake.log[0].cap_max, 1);
	CHECK_EQ(fake.log[1].flags, CAP_SQE_PROMISED);
	CHECK_EQ(fake.log[1].target, CAP_PROMISE(id, 0));
	CHECK_EQ(fake.log[1].answer_id, 0);
	answer(&fake.in_flight[0]);
	answer(&fake.in_flight[0]);
	flush();
	capos_call_end(&second);
	capos_call_end(&first);
	flush();
	/* The capability of each, and the one name. */
	CHECK_EQ(fake.log_count, 5);
	CHECK_EQ(fake.log[2].op, CAP_OP_RELEASE);
	CHECK_EQ(fake.log[3].op, CAP_OP_RELEASE);
	CHECK_EQ(fake.log[4].op, CAP_OP_FINISH);
	CHECK_EQ(fake.log[4].flags, CAP_SQE_ANSWER);
	CHECK_EQ(fake.log[4].target, id);
	CHECK_EQ(self.answers, 0);
	CHECK_EQ(capos_in_flight(&self), 0);
	CHECK_EQ(self.unawaited, 0);
}

TEST(a_promise_before_the_send_is_the_same)
{
	struct capos_call call;
	struct endpoint promised;

	fake_start(&self);
	begin(&call);
	promised = endpoint_factory_create_promised_endpoint(&call);
	CHECK_EQ(promised.cap.cap_id, capos_promised(&call, 0).cap_id);
	CHECK_EQ(capos_promised(&call, 3).cap_id, promised.cap.cap_id + 3);
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	flush();
	CHECK_EQ(CAPOS_PROMISE | CAP_PROMISE(fake.log[0].answer_id, 0), promised.cap.cap_id);
	answer(&fake.in_flight[0]);
	flush();
	/* It keeps its name: calls on it need no capability of this process. */
	CHECK_EQ(capos_promised(&call, 0).cap_id, promised.cap.cap_id);
	capos_call_end(&call);
	flush();
}

TEST(capabilities_for_promises_alone_are_not_taken)
{
	struct capos_call call;
	struct capos_cap cap;

	fake_start(&self);
	begin(&call);
	capos_call_promise_only(&call);
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	(void)capos_promised(&call, 0);
	flush();
	CHECK_EQ(fake.log[0].flags, CAP_SQE_ANSWER_ONLY);
	CHECK_NE(fake.log[0].answer_id, 0);
	answer(&fake.in_flight[0]);
	CHECK_EQ(capos_call_wait(&call), CAP_OK);
	CHECK_EQ(capos_adopt(&call, 0, 0, &cap), CAP_ERR_NOT_FOUND);
	capos_call_end(&call);
	flush();
	CHECK_EQ(fake.log_count, 2);
	CHECK_EQ(fake.log[1].op, CAP_OP_FINISH);
	/* Without a promise it is a call like any other. */
	begin(&call);
	capos_call_promise_only(&call);
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	flush();
	CHECK_EQ(fake.log[2].flags, 0);
	CHECK_EQ(fake.log[2].answer_id, 0);
	answer(&fake.in_flight[0]);
	flush();
	capos_call_end(&call);
}

TEST(plain_functions_take_promises_too)
{
	struct capos_call call;
	struct timer promised = { { 0 } };
	struct capos_flat_call now;

	fake_start(&self);
	begin(&call);
	promised.cap = capos_promised(&call, 0);
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	CHECK_EQ(timer_now_send(&now, promised), CAP_OK);
	flush();
	CHECK_EQ(fake.log[1].flags, CAP_SQE_PROMISED);
	CHECK_EQ(fake.log[1].target, promised.cap.cap_id & ~CAPOS_PROMISE);
	/* A null capability is no promise. */
	CHECK_EQ(timer_now_send(&now, (struct timer){ { &self, 0, 0 } }), CAP_OK);
	flush();
	CHECK_EQ(fake.log[2].flags, 0);
	CHECK_EQ(fake.log[2].target, 0);
	while (fake.in_flight_count != 0)
		fake_complete(&fake.in_flight[0], CAP_ERR_INVALID_CAP);
	flush();
	capos_call_end(&call);
	flush();
}

TEST(a_call_that_is_done_gives_its_capability_itself)
{
	struct capos_call call;
	struct capos_cap cap;

	fake_start(&self);
	begin(&call);
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	flush();
	answer(&fake.in_flight[0]);
	flush();
	CHECK_EQ(capos_promised(&call, 0).cap_id, RESULT_CAP);
	CHECK_EQ(capos_promised(&call, 0).interface_id, ENDPOINT_INTERFACE_ID);
	/* It is the call's until somebody takes it. */
	CHECK_EQ(capos_call_wait(&call), CAP_OK);
	CHECK_EQ(capos_adopt(&call, 0, ENDPOINT_INTERFACE_ID, &cap), CAP_OK);
	CHECK_EQ(capos_promised(&call, 1).cap_id, CAPOS_PROMISE);
	capos_call_end(&call);
	flush();
	CHECK_EQ(fake.log_count, 1);
}

TEST(an_answer_that_went_without_a_name_has_no_promises)
{
	struct capos_call call;
	struct capos_call second;

	fake_start(&self);
	begin(&call);
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	flush();
	(void)endpoint_client_begin(&second, endpoint_factory_create_promised_endpoint(&call));
	CHECK_EQ(capos_call_send(&second), CAP_OK);
	flush();
	/* The kernel refuses it: no answer has the id 0. */
	CHECK_EQ(fake.log[1].flags, CAP_SQE_PROMISED);
	CHECK_EQ(fake.log[1].target >> CAP_PROMISE_ORDINAL_BITS, 0);
	CHECK_EQ(self.answers, 0);
	answer(&fake.in_flight[0]);
	fake_complete(&fake.in_flight[0], CAP_ERR_UNKNOWN_ANSWER);
	flush();
	capos_call_end(&second);
	capos_call_end(&call);
	flush();
}

TEST(names_are_given_back_and_do_not_come_again_soon)
{
	struct capos_call calls[CAP_ANSWERS_MAX + 1];
	uint64_t seen[CAP_ANSWERS_MAX + 1];

	fake_start(&self);
	for (uint32_t i = 0; i <= CAP_ANSWERS_MAX; i++) {
		begin(&calls[i]);
		seen[i] = capos_promised(&calls[i], 0).cap_id;
		for (uint32_t k = 0; k < i; k++)
			CHECK_NE(seen[k], seen[i]);
	}
	CHECK_EQ(seen[CAP_ANSWERS_MAX], CAPOS_PROMISE);
	/* None was sent: there is nothing to finish. */
	for (uint32_t i = 0; i <= CAP_ANSWERS_MAX; i++)
		capos_call_end(&calls[i]);
	flush();
	CHECK_EQ(fake.log_count, 0);
	CHECK_EQ(self.answers, 0);
	for (uint32_t i = 0; i < 100000; i++) {
		begin(&calls[0]);
		CHECK(capos_is_promise(capos_promised(&calls[0], 255).cap_id));
		CHECK_NE(capos_promised(&calls[0], 0).cap_id, seen[0]);
		seen[0] = capos_promised(&calls[0], 0).cap_id;
		capos_call_end(&calls[0]);
	}
}

TEST(the_end_of_a_call_in_flight_finishes_its_answer_behind_it)
{
	struct capos_call call;

	fake_start(&self);
	begin(&call);
	(void)capos_promised(&call, 0);
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	capos_call_end(&call);
	flush();
	CHECK_EQ(fake.log_count, 3);
	CHECK_EQ(fake.log[1].op, CAP_OP_FINISH);
	CHECK_EQ(fake.log[1].flags, 0);
	CHECK_EQ(fake.log[2].op, CAP_OP_FINISH);
	CHECK_EQ(fake.log[2].flags, CAP_SQE_ANSWER);
}

TEST(a_promise_is_not_released)
{
	struct capos_call call;

	fake_start(&self);
	begin(&call);
	capos_release(capos_promised(&call, 0));
	flush();
	CHECK_EQ(fake.log_count, 0);
	capos_call_end(&call);
}

static uint32_t ended;

/* All that are in flight end, the oldest first. */
static void
answer_all(void)
{
	while (fake.in_flight_count != 0) {
		answer(&fake.in_flight[0]);
		ended++;
	}
}

TEST(a_wait_for_the_last_of_a_chain_is_one_entry)
{
	struct capos_call calls[4];

	fake_start(&self);
	fake.on_idle = answer_all;
	begin(&calls[0]);
	CHECK_EQ(capos_call_send(&calls[0]), CAP_OK);
	for (uint32_t i = 1; i < 4; i++) {
		struct endpoint_factory target = { capos_promised(&calls[i - 1], 0) };

		(void)endpoint_factory_create_begin(&calls[i], target);
		CHECK_EQ(capos_call_send(&calls[i]), CAP_OK);
	}
	ended = 0;
	CHECK_EQ(capos_call_wait(&calls[3]), CAP_OK);
	CHECK_EQ(fake.entries, 1);
	CHECK_EQ(ended, 4);
	for (uint32_t i = 0; i < 4; i++)
		capos_call_end(&calls[i]);
	flush();
}

/* The last in flight ends; the others do not. */
static void
answer_newest(void)
{
	answer(&fake.in_flight[fake.in_flight_count - 1]);
}

TEST(a_call_that_may_end_early_is_not_waited_for_behind_others)
{
	struct capos_call first;
	struct capos_call second;
	struct endpoint_factory target;

	fake_start(&self);
	fake.on_idle = answer_newest;
	begin(&first);
	target.cap = capos_promised(&first, 0);
	CHECK_EQ(capos_call_send(&first), CAP_OK);
	(void)endpoint_factory_create_begin(&second, target);
	second.deadline_ns = 1;
	CHECK_EQ(capos_call_send(&second), CAP_OK);
	CHECK_EQ(capos_call_wait(&second), CAP_OK);
	CHECK(!capos_call_is_done(&first));
	capos_call_end(&second);
	(void)endpoint_factory_create_begin(&second, target);
	CHECK_EQ(capos_call_send(&second), CAP_OK);
	CHECK_EQ(capos_call_cancel(&second), CAP_OK);
	CHECK_EQ(capos_call_wait(&second), CAP_ERR_CANCELLED);
	CHECK(!capos_call_is_done(&first));
	capos_call_end(&second);
	capos_call_end(&first);
	flush();
}

TEST(a_promise_for_one_call_needs_no_finish)
{
	struct capos_call first;
	struct capos_call second;
	struct endpoint_factory target;

	fake_start(&self);
	begin(&first);
	capos_call_promise_once(&first);
	target.cap = capos_promised(&first, 0);
	CHECK_EQ(capos_call_send(&first), CAP_OK);
	(void)endpoint_factory_create_begin(&second, target);
	CHECK_EQ(capos_call_send(&second), CAP_OK);
	flush();
	CHECK_EQ(fake.log[1].flags, CAP_SQE_PROMISED | CAP_SQE_LAST);
	CHECK_EQ(fake.log[1].target, CAP_PROMISE(fake.log[0].answer_id, 0));
	answer(&fake.in_flight[0]);
	fake_complete(&fake.in_flight[0], CAP_ERR_INVALID_CAP);
	flush();
	capos_call_end(&second);
	capos_call_end(&first);
	flush();
	CHECK_EQ(fake.log_count, 2);
	CHECK_EQ(self.answers, 0);
	/* One that was never used is finished like any other. */
	begin(&first);
	capos_call_promise_once(&first);
	(void)capos_promised(&first, 0);
	CHECK_EQ(capos_call_send(&first), CAP_OK);
	flush();
	answer(&fake.in_flight[0]);
	flush();
	capos_call_end(&first);
	flush();
	CHECK_EQ(fake.log_count, 4);
	CHECK_EQ(fake.log[3].flags, CAP_SQE_ANSWER);
}
