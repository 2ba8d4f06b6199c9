/* SPDX-License-Identifier: Apache-2.0 */
/* Calls over a kernel that the test plays: queueing, completion in any order, cancellation,
 * buffers, and that what cannot be sent is refused with nothing queued. */
#include <schema/console.client.h>
#include <schema/echo.client.h>
#include <schema/timer.client.h>

#include "base/test.h"
#include "fake_kernel.h"

#define TIMER_CAP 0x1000001
#define OWN_CALLS 40

static struct capos self;
static jmp_buf exit_jump;
static int64_t exit_code;

/* Calls with buffers of their own: more than the runtime has. */
static struct own_call {
	struct capos_call call;
	struct capos_block block;
	uint64_t memory[32];
} own[OWN_CALLS];

void
capos_exit(int64_t code)
{
	exit_code = code;
	longjmp(exit_jump, 1);
}

static struct timer
timer(void)
{
	return (struct timer){ { &self, TIMER_CAP, TIMER_INTERFACE_ID } };
}

/* Answer Timer.now; the clock counts the answers. */
static uint64_t answered;

static void
answer_now(const struct cap_sqe *sqe)
{
	struct capnp_builder builder;

	capnp_builder_init(&builder, (void *)sqe->result_addr, sqe->result_len);
	timer_now_results_set_ns(timer_now_results_init_root(&builder), ++answered);
	fake_complete(sqe, (int32_t)capnp_builder_finish(&builder));
}

static void
answer_newest(void)
{
	answer_now(&fake.in_flight[fake.in_flight_count - 1]);
}

static void
answer_oldest(void)
{
	answer_now(&fake.in_flight[0]);
}

static void
start(void)
{
	fake_start(&self);
	answered = 0;
	exit_code = 0;
}

static struct capos_call *
own_begin(uint32_t index)
{
	struct own_call *at = &own[index];

	at->block = (struct capos_block){
		.params = (uint8_t *)at->memory,
		.results = (uint8_t *)(at->memory + 16),
		.param_bytes = 128,
		.result_bytes = 128,
		.kind = CAPOS_BLOCK_KINDS,
	};
	capos_call_begin_block(&at->call, timer().cap, 0, 0, &at->block);
	(void)timer_now_params_init_root(&at->call.params);
	return &at->call;
}

static uint64_t
now_of(struct capos_call *call)
{
	struct timer_now_results results;

	CHECK_EQ(timer_now_wait(call, &results), CAP_OK);
	return timer_now_results_ns(results);
}

TEST(a_call_reaches_the_kernel_only_when_it_is_waited_for)
{
	struct capos_call call;

	start();
	fake.on_op = answer_now;
	(void)timer_now_begin(&call, timer());
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	CHECK_EQ(fake.entries, 0);
	CHECK_EQ(now_of(&call), 1);
	CHECK_EQ(fake.entries, 1);
	CHECK_EQ(fake.log[0].op, CAP_OP_CALL);
	CHECK_EQ(fake.log[0].target, TIMER_CAP);
	CHECK_EQ(fake.log[0].method, TIMER_METHOD_NOW);
	/* The answer stays readable, without the kernel. */
	CHECK_EQ(now_of(&call), 1);
	CHECK_EQ(fake.entries, 1);
	capos_call_end(&call);
}

TEST(sixteen_calls_enter_the_kernel_once)
{
	start();
	fake.on_op = answer_now;
	for (uint32_t i = 0; i < 16; i++)
		CHECK_EQ(capos_call_send(own_begin(i)), CAP_OK);
	CHECK_EQ(fake.entries, 0);
	for (uint32_t i = 0; i < 16; i++) {
		CHECK_EQ(now_of(&own[i].call), i + 1);
		capos_call_end(&own[i].call);
	}
	CHECK_EQ(fake.entries, 1);
}

TEST(calls_complete_in_any_order)
{
	start();
	fake.on_idle = answer_newest;
	for (uint32_t i = 0; i < 5; i++)
		CHECK_EQ(capos_call_send(own_begin(i)), CAP_OK);
	/* The oldest is waited for first and answered last. */
	CHECK_EQ(now_of(&own[0].call), 5);
	for (uint32_t i = 0; i < 5; i++) {
		CHECK(capos_call_is_done(&own[i].call));
		CHECK_EQ(now_of(&own[i].call), 5 - i);
		capos_call_end(&own[i].call);
	}
	CHECK_EQ(capos_in_flight(&self), 0);
}

TEST(a_full_submission_queue_is_handed_to_the_kernel)
{
	start();
	fake.on_idle = answer_oldest;
	for (uint32_t i = 0; i < 16; i++)
		CHECK_EQ(capos_call_send(own_begin(i)), CAP_OK);
	CHECK_EQ(fake.entries, 0);
	CHECK_EQ(capos_call_send(own_begin(16)), CAP_OK);
	CHECK_EQ(fake.entries, 1);
	CHECK_EQ(fake.log_count, 16);
	for (uint32_t i = 0; i < 17; i++) {
		CHECK_EQ(now_of(&own[i].call), i + 1);
		capos_call_end(&own[i].call);
	}
}

TEST(with_all_ops_in_flight_a_call_waits_until_one_ends)
{
	start();
	fake.on_idle = answer_oldest;
	for (uint32_t i = 0; i < FAKE_CQ_ENTRIES; i++)
		CHECK_EQ(capos_call_send(own_begin(i)), CAP_OK);
	/* The queue is empty, but there is no op for what would stand in it. */
	CHECK_EQ(capos_enter(0, CAP_DEADLINE_POLL), 0);
	CHECK(!capos_call_is_done(&own[0].call));
	CHECK_EQ(capos_call_send(own_begin(FAKE_CQ_ENTRIES)), CAP_OK);
	CHECK(capos_call_is_done(&own[0].call));
	CHECK(!capos_call_is_done(&own[1].call));
	for (uint32_t i = 0; i <= FAKE_CQ_ENTRIES; i++) {
		CHECK_EQ(now_of(&own[i].call), i + 1);
		capos_call_end(&own[i].call);
	}
	CHECK_EQ(fake.overcommitted, 0);
}

TEST(the_rings_indexes_may_wrap_around)
{
	start();
	fake.on_op = answer_now;
	fake.sq_head = fake.cq_tail = UINT32_MAX - 3;
	fake_ring()->sq_head = fake_ring()->sq_tail = UINT32_MAX - 3;
	fake_ring()->cq_head = fake_ring()->cq_tail = UINT32_MAX - 3;
	capos_ring_resync(&self);
	for (uint32_t i = 0; i < 10; i++) {
		uint64_t ns;

		CHECK_EQ(timer_now(timer(), &ns), CAP_OK);
		CHECK_EQ(ns, i + 1);
	}
	CHECK_EQ(capos_in_flight(&self), 0);
}

TEST(a_call_carries_its_deadline_and_its_room_for_capabilities)
{
	struct capos_call call;

	start();
	fake.on_op = answer_now;
	capos_call_begin_kind(&call, timer().cap, 7, 3, CAPOS_BLOCK_SMALL);
	(void)timer_now_params_init_root(&call.params);
	call.deadline_ns = 12345;
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	CHECK_EQ(capos_call_wait(&call), CAP_OK);
	CHECK_EQ(fake.log[0].deadline_ns, 12345);
	CHECK_EQ(fake.log[0].cap_max, 3);
	CHECK_EQ(fake.log[0].method, 7);
	CHECK_EQ(fake.log[0].flags | fake.log[0].op_flags | fake.log[0].reserved, 0);
	capos_call_end(&call);
}

TEST(parameters_that_do_not_fit_are_refused_and_nothing_is_queued)
{
	static uint8_t bytes[CAPOS_MEDIUM_PARAM_BYTES];
	struct echo echo = { { &self, 9, ECHO_INTERFACE_ID } };
	struct capos_call call;

	start();
	echo_ping_params_set_data(
	    echo_ping_begin(&call, echo), (struct capnp_data){ bytes, sizeof(bytes) });
	CHECK_EQ(capos_call_send(&call), CAP_ERR_MESSAGE_TOO_LARGE);
	CHECK_EQ(fake_ring()->sq_tail, 0);
	CHECK_EQ(capos_in_flight(&self), 0);
	CHECK_EQ(capos_call_wait(&call), CAP_ERR_WRONG_STATE);
	capos_call_end(&call);
}

TEST(transfer_entries_need_room_behind_the_parameters)
{
	struct echo echo = { { &self, 9, ECHO_INTERFACE_ID } };
	struct own_call *at = &own[0];

	start();
	at->block = (struct capos_block){ .params = (uint8_t *)at->memory,
		.results = (uint8_t *)(at->memory + 16),
		.result_bytes = 128,
		.kind = CAPOS_BLOCK_KINDS };
	for (uint32_t room = 24; room <= 40; room += 8) {
		at->block.param_bytes = room;
		capos_call_begin_block(&at->call, echo.cap, 1, 1, &at->block);
		echo_swap_params_set_cap(echo_swap_params_init_root(&at->call.params),
		    (struct capnp_cap){ 5, 0, CAPNP_CAP_MOVE });
		CHECK_EQ(
		    capos_call_send(&at->call), room == 40 ? CAP_OK : CAP_ERR_MESSAGE_TOO_LARGE);
		CHECK_EQ(capos_in_flight(&self), room == 40);
	}
}

TEST(capabilities_travel_behind_the_parameters_with_their_mode)
{
	static const uint8_t modes[] = { CAPNP_CAP_COPY, CAPNP_CAP_MOVE };
	struct echo echo = { { &self, 9, ECHO_INTERFACE_ID } };

	start();
	for (uint32_t i = 0; i < 3; i++) {
		struct capos_call call;
		struct echo_swap_params_builder params = echo_swap_begin(&call, echo);
		const struct cap_transfer *entry;

		/* The last one is left out: a hole. */
		if (i < 2)
			echo_swap_params_set_cap(params, (struct capnp_cap){ 5 + i, 0, modes[i] });
		CHECK_EQ(capos_call_send(&call), CAP_OK);
		CHECK_EQ(capos_enter(0, CAP_DEADLINE_POLL), 0);
		CHECK_EQ(fake.log[i * 2].xfer_count, 1);
		entry = (const void *)(fake.log[i * 2].addr + fake.log[i * 2].len);
		CHECK_EQ(entry->cap_id, i < 2 ? 5 + i : 0);
		CHECK_EQ(entry->mode, i < 2 ? modes[i] : CAP_TRANSFER_HOLE);
		capos_call_end(&call);
	}
}

TEST(without_a_free_buffer_a_call_is_refused_when_it_is_sent)
{
	/* Of its own kind, of the next larger one, and the medium one. */
	enum { BLOCKS = CAPOS_SCALAR_COUNT + CAPOS_SMALL_COUNT + 1 };
	struct capos_call calls[BLOCKS + 1];
	uint64_t ns;

	start();
	fake.on_op = answer_now;
	for (uint32_t i = 0; i < BLOCKS + 1; i++)
		(void)timer_now_begin(&calls[i], timer());
	CHECK_EQ(capos_call_send(&calls[BLOCKS - 1]), CAP_OK);
	CHECK_EQ(capos_call_send(&calls[BLOCKS]), CAP_ERR_NO_MEMORY);
	CHECK_EQ(capos_in_flight(&self), 1);
	for (uint32_t i = 0; i < BLOCKS + 1; i++)
		capos_call_end(&calls[i]);
	CHECK_EQ(timer_now(timer(), &ns), CAP_OK);
}

TEST(a_call_is_sent_once_and_waited_for_only_then)
{
	struct capos_call call;

	start();
	fake.on_op = answer_now;
	(void)timer_now_begin(&call, timer());
	CHECK_EQ(capos_call_wait(&call), CAP_ERR_WRONG_STATE);
	CHECK_EQ(capos_call_cancel(&call), CAP_ERR_WRONG_STATE);
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	CHECK_EQ(capos_call_send(&call), CAP_ERR_WRONG_STATE);
	CHECK_EQ(capos_in_flight(&self), 1);
	CHECK_EQ(now_of(&call), 1);
	CHECK_EQ(capos_call_send(&call), CAP_ERR_WRONG_STATE);
	capos_call_end(&call);
}

TEST(a_cancelled_call_ends_with_that_status)
{
	struct capos_call call;

	start();
	(void)timer_now_begin(&call, timer());
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	CHECK_EQ(capos_call_cancel(&call), CAP_OK);
	CHECK_EQ(capos_call_wait(&call), CAP_ERR_CANCELLED);
	CHECK_EQ(fake.log[1].op, CAP_OP_FINISH);
	CHECK_EQ(fake.log[1].target, fake.log[0].user_data);
	CHECK_NE(fake.log[1].user_data, fake.log[0].user_data);
	capos_call_end(&call);
	CHECK_EQ(fake.log_count, 2);
}

TEST(a_cancellation_that_comes_too_late_is_no_failure)
{
	struct capos_call call;

	start();
	fake.on_op = answer_now;
	(void)timer_now_begin(&call, timer());
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	CHECK_EQ(capos_call_cancel(&call), CAP_OK);
	CHECK_EQ(now_of(&call), 1);
	CHECK_EQ(capos_call_cancel(&call), CAP_OK);
	CHECK_EQ(fake.log_count, 2);
	CHECK_EQ(capos_release_flush(&self), CAP_OK);
	capos_call_end(&call);
}

TEST(the_end_of_a_call_in_flight_awaits_its_completion)
{
	struct capos_call call;
	struct capos_block *block;

	start();
	(void)timer_now_begin(&call, timer());
	block = call.block;
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	CHECK(self.free_blocks[CAPOS_BLOCK_SCALAR] != block);
	capos_call_end(&call);
	CHECK_EQ(fake.in_flight_count, 0);
	CHECK_EQ(capos_in_flight(&self), 0);
	CHECK_EQ(self.free_blocks[CAPOS_BLOCK_SCALAR], block);
}

TEST(a_program_ends_if_the_end_of_a_call_cannot_be_known)
{
	struct capos_call call;
	struct capos_block *block;

	start();
	(void)timer_now_begin(&call, timer());
	block = call.block;
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	fake.refusal = CAP_ERR_RING_CORRUPT;
	CHECK_EQ(capos_call_wait(&call), CAP_ERR_RING_CORRUPT);
	if (setjmp(exit_jump) == 0)
		capos_call_end(&call);
	CHECK_EQ(exit_code, CAPOS_EXIT_PANIC);
	CHECK(self.free_blocks[CAPOS_BLOCK_SCALAR] != block);
}

static uint32_t done_count;

static void
count_done(struct capos_call *call, void *context)
{
	uint64_t ns;

	CHECK(capos_call_is_done(call));
	CHECK_EQ(context, &done_count);
	/* A callback may call and wait: reaping nests. */
	CHECK_EQ(timer_now(timer(), &ns), CAP_OK);
	done_count++;
}

TEST(each_completion_is_handed_out_once_though_reaping_nests)
{
	start();
	fake.on_op = answer_now;
	done_count = 0;
	for (uint32_t i = 0; i < 12; i++) {
		struct capos_call *call = own_begin(i);

		call->on_done = count_done;
		call->context = &done_count;
		CHECK_EQ(capos_call_send(call), CAP_OK);
	}
	CHECK_EQ(capos_wait_any(&self, CAP_DEADLINE_NONE), CAP_OK);
	CHECK_EQ(done_count, 12);
	CHECK_EQ(capos_in_flight(&self), 0);
	CHECK_EQ(fake_unread(), 0);
}

TEST(a_call_that_is_run_is_handed_out_as_well)
{
	struct capos_call *call;

	start();
	fake.on_op = answer_now;
	done_count = 0;
	call = own_begin(0);
	call->on_done = count_done;
	call->context = &done_count;
	CHECK_EQ(capos_call_run(call), CAP_OK);
	CHECK_EQ(done_count, 1);
	CHECK_EQ(capos_in_flight(&self), 0);
	CHECK_EQ(fake_unread(), 0);
}

TEST(what_nobody_waits_for_does_not_end_a_wait)
{
	struct capos_call call;

	start();
	fake.on_idle = answer_oldest;
	capos_release((struct capos_cap){ &self, 5, 0 });
	(void)timer_now_begin(&call, timer());
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	/* The RELEASE ends at once; the call only when there is nothing else to do. */
	CHECK_EQ(now_of(&call), 1);
	CHECK_EQ(fake.entries, 1);
	CHECK_EQ(self.unawaited, 0);
	capos_call_end(&call);
	for (uint32_t i = 0; i < 40; i++)
		capos_release((struct capos_cap){ &self, 5, 0 });
	CHECK_EQ(capos_wait_any(&self, CAP_DEADLINE_NONE), CAP_OK);
	CHECK_EQ(self.unawaited, 0);
	CHECK_EQ(capos_in_flight(&self), 0);
}

TEST(a_wait_that_ends_by_its_deadline_says_so)
{
	start();
	CHECK_EQ(capos_wait_any(&self, 1), CAP_ERR_TIMED_OUT);
	fake.refusal = CAP_ERR_RING_CORRUPT;
	CHECK_EQ(capos_wait_any(&self, 1), CAP_ERR_RING_CORRUPT);
}
