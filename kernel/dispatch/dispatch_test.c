/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two system calls, submissions that need no peer, and every refusal of a submission's shape.
 */
#include <stdio.h>
#include <string.h>

#include "arch/sim/world.h"
#include "base/log.h"
#include "base/test.h"
#include "ipc/endpoint.h"
#include "object/endpoint.h"
#include "object/timer.h"
#include <schema/endpoint.capnp.h>
#include <schema/exception.capnp.h>
#include <schema/memory.capnp.h>
#include <schema/timer.capnp.h>

static int32_t
refusal(struct world_process *process, struct cap_sqe sqe)
{
	return world_do(process, &sqe).result;
}

TEST(an_entry_with_nothing_to_do_returns_zero)
{
	struct world_process a;

	world_start();
	a = world_process(NULL);
	CHECK_EQ(world_enter(&a, 0, 0), 0);
}

TEST(a_nop_completes_with_its_user_data)
{
	struct world_process a;
	struct cap_sqe nop = { .op = CAP_OP_NOP, .user_data = 77 };
	struct cap_cqe cqe;

	world_start();
	a = world_process(NULL);
	cqe = world_do(&a, &nop);
	CHECK_EQ(cqe.user_data, 77);
	CHECK_EQ(cqe.result, 0);
	CHECK_EQ(world_enter(&a, 0, 0), 0);
	CHECK_EQ(ring_in_flight(a.thread->ring), 0);
}

TEST(an_unknown_system_call_has_no_effect)
{
	struct world_process a;

	world_start();
	a = world_process(NULL);
	CHECK_EQ(world_syscall(&a, 2, 1, 2), CAP_ERR_UNKNOWN_SYSCALL);
	CHECK_EQ(world_syscall(&a, UINT64_MAX, 1, 2), CAP_ERR_UNKNOWN_SYSCALL);
}

TEST(impossible_waits_are_refused)
{
	static const struct {
		uint64_t min_complete, deadline_ns;
		int64_t expected;
	} cases[] = {
		{ 33, 0, CAP_ERR_INVALID_REQUEST },
		{ UINT64_C(1) << 32, 0, CAP_ERR_INVALID_REQUEST },
		{ CAP_ENTER_YIELD | 1, 0, CAP_ERR_INVALID_REQUEST },
		{ CAP_ENTER_YIELD, 1, CAP_ERR_INVALID_REQUEST },
		{ 1, CAP_DEADLINE_NONE, CAP_ERR_UNENDABLE_WAIT },
		{ 32, CAP_DEADLINE_NONE, CAP_ERR_UNENDABLE_WAIT },
		{ 32, 0, 0 },
		{ 1, 1, 0 }, /* a deadline that has passed */
		{ CAP_ENTER_YIELD, 0, 0 },
	};
	struct world_process a;

	world_start();
	a = world_process(NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_EQ(world_enter(&a, cases[i].min_complete, cases[i].deadline_ns),
		    cases[i].expected);
}

TEST(an_entry_takes_more_than_sixteen_only_by_being_repeated)
{
	struct world_process a;
	struct cap_sqe nop = { .op = CAP_OP_NOP };

	world_start();
	a = world_process(NULL);
	for (int i = 0; i < 16; i++)
		world_submit(&a, &nop);
	CHECK_EQ(world_enter(&a, 16, CAP_DEADLINE_NONE), 16);
	for (int i = 0; i < 16; i++)
		world_submit(&a, &nop);
	CHECK_EQ(world_enter(&a, 32, CAP_DEADLINE_NONE), 32);
	/* No free op: nothing is taken, nothing is lost. */
	world_submit(&a, &nop);
	CHECK_EQ(world_enter(&a, 32, CAP_DEADLINE_NONE), 32);
	CHECK_EQ(a.ring->sq_tail - a.ring->sq_head, 1);
	a.ring->cq_head += 32;
	CHECK_EQ(world_enter(&a, 1, CAP_DEADLINE_NONE), 1);
}

TEST(a_forged_tail_takes_nothing_and_is_where_the_queue_goes_on)
{
	struct world_process a;
	struct cap_sqe nop = { .op = CAP_OP_NOP, .user_data = 5 };
	struct cap_cqe cqe;

	world_start();
	a = world_process(NULL);
	world_submit(&a, &nop);
	a.ring->sq_tail += 16;
	CHECK_EQ(world_enter(&a, 0, 0), CAP_ERR_RING_CORRUPT);
	CHECK_EQ(world_reap(&a, &cqe), false);
	CHECK_EQ(a.ring->sq_head, a.ring->sq_tail);
	CHECK_EQ(world_do(&a, &nop).user_data, 5);
}

TEST(a_forged_head_leaves_the_last_valid_one_in_force)
{
	struct world_process a;
	struct cap_sqe nop = { .op = CAP_OP_NOP };
	uint32_t head;

	world_start();
	a = world_process(NULL);
	world_submit(&a, &nop);
	CHECK_EQ(world_enter(&a, 0, 0), 1);
	head = a.ring->cq_head;
	a.ring->cq_head = head + 2;
	world_submit(&a, &nop);
	CHECK_EQ(world_enter(&a, 0, 0), CAP_ERR_RING_CORRUPT);
	a.ring->cq_head = head - 1;
	CHECK_EQ(world_enter(&a, 0, 0), CAP_ERR_RING_CORRUPT);
	a.ring->cq_head = head;
	CHECK_EQ(world_enter(&a, 0, 0), 2);
}

TEST(submissions_of_a_forbidden_shape_are_refused_and_change_nothing)
{
	static const struct {
		struct cap_sqe sqe;
		int32_t expected;
	} cases[] = {
		{ { .op = CAP_OP_NOP, .flags = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_NOP, .method = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_NOP, .op_flags = 0x80000000 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_NOP, .target = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_NOP, .addr = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_NOP, .result_addr = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_NOP, .len = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_NOP, .result_len = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_NOP, .answer_id = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_NOP, .xfer_count = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_NOP, .cap_max = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_NOP, .reserved = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_CALL, .flags = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_CALL, .op_flags = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_CALL, .flags = CAP_SQE_ANSWER_ONLY }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_CALL, .flags = CAP_SQE_PROMISED }, CAP_ERR_UNKNOWN_ANSWER },
		{ { .op = CAP_OP_CALL, .reserved = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_CALL, .cap_max = 9 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_CALL, .xfer_count = 9 }, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
		{ { .op = CAP_OP_CALL, .target = 0 }, CAP_ERR_INVALID_CAP },
		{ { .op = CAP_OP_CALL, .target = UINT64_MAX }, CAP_ERR_INVALID_CAP },
		{ { .op = CAP_OP_RECV, .method = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RECV, .flags = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RECV, .addr = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RECV, .len = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RECV, .xfer_count = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RECV, .cap_max = 9 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RECV, .reserved = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RECV, .target = 0 }, CAP_ERR_INVALID_CAP },
		{ { .op = CAP_OP_RETURN, .flags = 2 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RETURN, .method = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RETURN, .result_addr = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RETURN, .result_len = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RETURN, .cap_max = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RETURN, .len = 65537 }, CAP_ERR_MESSAGE_TOO_LARGE },
		{ { .op = CAP_OP_RETURN, .flags = CAP_SQE_EXCEPTION, .xfer_count = 1 },
		    CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RETURN, .target = 0 }, CAP_ERR_INVALID_CALL_ID },
		{ { .op = CAP_OP_RETURN, .target = 65536 }, CAP_ERR_INVALID_CALL_ID },
		{ { .op = CAP_OP_RELEASE, .len = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RELEASE, .flags = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_RELEASE, .target = 0 }, CAP_ERR_INVALID_CAP },
		{ { .op = CAP_OP_RELEASE, .target = 1 }, CAP_ERR_INVALID_CAP },
		{ { .op = CAP_OP_FINISH, .addr = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_FINISH, .flags = 1 }, CAP_ERR_INVALID_REQUEST },
		{ { .op = CAP_OP_FINISH, .target = 12345 }, CAP_ERR_NOT_FOUND },
		{ { .op = CAP_OP_FINISH, .target = 0 }, CAP_ERR_NOT_FOUND },
		{ { .op = CAP_OP_COUNT }, CAP_ERR_UNSUPPORTED_OPCODE },
		{ { .op = 255 }, CAP_ERR_UNSUPPORTED_OPCODE },
	};
	struct world_process a;
	struct ledger before;

	world_start();
	a = world_process(NULL);
	before = *a.process->ledger;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_EQ(refusal(&a, cases[i].sqe), cases[i].expected);
	CHECK_MEMORY(&before, a.process->ledger, sizeof(before));
	CHECK_EQ(cap_table_used(a.process->table), 0);
}

/*
 * `Timer.now` or `Timer.sleepUntil` as a submission; the message is put into the ring's message
 * area.
 */
static struct cap_sqe
timer_call(struct world_process *process, cap_id_t timer, uint16_t method, uint64_t until_ns)
{
	uint64_t words[8];
	struct capnp_builder builder;
	size_t bytes;

	capnp_builder_init(&builder, words, sizeof(words));
	if (method == TIMER_METHOD_NOW)
		(void)timer_now_params_init_root(&builder);
	else
		timer_sleep_until_params_set_deadline_ns(
		    timer_sleep_until_params_init_root(&builder), until_ns);
	bytes = capnp_builder_finish(&builder);
	world_write(process, process->message, words, bytes);
	return (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = timer,
		.method = method,
		.addr = process->message,
		.len = (uint32_t)bytes,
		.result_addr = process->message + 512,
		.result_len = 512,
		.user_data = 9 };
}

TEST(timer_now_answers_with_the_clock)
{
	struct world_process a;
	struct cap_sqe sqe;
	struct cap_cqe cqe;
	uint64_t answer[64];
	struct capnp_reader reader;

	world_start();
	a = world_process(NULL);
	sqe = timer_call(&a, world_give(&a, timer_object(), 0), TIMER_METHOD_NOW, 0);
	cqe = world_do(&a, &sqe);
	CHECK_EQ(cqe.result, 24);
	world_read(&a, sqe.result_addr, answer, 24);
	CHECK_EQ(capnp_reader_init(&reader, answer, 24), CAPNP_OK);
	CHECK_EQ(timer_now_results_ns((struct timer_now_results){ capnp_reader_root(&reader) }),
	    sim.now_ns);
}

static enum exception_type
exception_in(struct world_process *process, uaddr_t address, int32_t *status)
{
	uint64_t answer[64];
	struct capnp_reader reader;
	struct cap_exception exception;

	world_read(process, address, answer, sizeof(answer));
	/* The frame's table says how long the message is. */
	CHECK_EQ(capnp_reader_init(&reader, answer, 8 + (answer[0] >> 32) * 8), CAPNP_OK);
	exception = cap_exception_root(&reader);
	*status = cap_exception_status(exception);
	return cap_exception_type(exception);
}

TEST(kernel_objects_refuse_with_an_exception_or_a_transport_error)
{
	struct world_process a;
	struct cap_sqe good;
	struct cap_sqe sqe;
	int32_t status;

	world_start();
	a = world_process(NULL);
	good = timer_call(&a, world_give(&a, timer_object(), 0), TIMER_METHOD_NOW, 0);
	sqe = good;
	sqe.method = 7;
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(exception_in(&a, sqe.result_addr, &status), EXCEPTION_TYPE_UNIMPLEMENTED);
	CHECK_EQ(status, CAP_ERR_UNIMPLEMENTED_METHOD);
	sqe.result_len = 16;
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_APPLICATION_EXCEPTION_TRUNCATED);
	sqe.result_len = 0;
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_UNIMPLEMENTED_METHOD);
	sqe = good;
	sqe.result_len = 23;
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_BUFFER_TOO_SMALL);
	sqe = good;
	sqe.result_addr = WORLD_READ_ONLY;
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_INVALID_BUFFER);
	sqe = good;
	sqe.addr = WORLD_UNMAPPED;
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_INVALID_BUFFER);
	sqe.addr = UINT64_MAX - 4;
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_INVALID_BUFFER);
	sqe = good;
	sqe.len = 8;
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_MALFORMED_MESSAGE);
	sqe.len = 0;
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_MALFORMED_MESSAGE);
	sqe.len = 16385;
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_MESSAGE_TOO_LARGE);
	sqe = good;
	sqe.op = CAP_OP_RECV;
	sqe.addr = 0;
	sqe.len = 0;
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_WRONG_INTERFACE);
	CHECK_EQ(cap_table_used(a.process->table), 1);
}

TEST(a_revoked_target_is_disconnected)
{
	struct world_process a;
	struct cap_sqe sqe;
	int32_t status;

	world_start();
	a = world_process(NULL);
	sqe = timer_call(&a, world_give(&a, timer_object(), 0), TIMER_METHOD_NOW, 0);
	CHECK(object_revoke(timer_object()));
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(exception_in(&a, sqe.result_addr, &status), EXCEPTION_TYPE_DISCONNECTED);
	CHECK_EQ(status, CAP_ERR_REVOKED);
	sqe.result_len = 0;
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_REVOKED);
	/* It can still be released. */
	CHECK_EQ(refusal(&a, (struct cap_sqe){ .op = CAP_OP_RELEASE, .target = sqe.target }), 0);
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_STALE_GENERATION);
}

TEST(a_sleeper_wakes_at_its_time_and_not_before)
{
	struct world_process a;
	struct cap_sqe sqe;
	struct cap_cqe cqe;

	world_start();
	a = world_process(NULL);
	sqe = timer_call(
	    &a, world_give(&a, timer_object(), 0), TIMER_METHOD_SLEEP_UNTIL, sim.now_ns + 5000);
	world_submit(&a, &sqe);
	CHECK_EQ(world_enter(&a, 1, CAP_DEADLINE_NONE), WORLD_WAITS);
	CHECK_EQ(sim.event_ns, sim.now_ns + 5000);
	sim_time_pass(4999);
	world_settle();
	CHECK_EQ(a.thread->state, THREAD_WAITING);
	sim_time_pass(1);
	world_settle();
	CHECK_EQ(thread_current(), a.thread);
	CHECK_EQ(a.thread->registers->result, 1);
	CHECK(world_reap(&a, &cqe));
	CHECK_EQ(cqe.result, 16);
	/* One in the past answers at once. */
	sqe = timer_call(&a, sqe.target, TIMER_METHOD_SLEEP_UNTIL, sim.now_ns);
	CHECK_EQ(world_do(&a, &sqe).result, 16);
}

TEST(finish_and_deadlines_end_a_sleeper_and_free_it)
{
	struct world_process a;
	struct cap_sqe sqe;
	struct cap_sqe finish = { .op = CAP_OP_FINISH, .target = 9, .user_data = 10 };
	struct cap_cqe cqe;
	uint64_t kernel_bytes;

	world_start();
	a = world_process(NULL);
	sqe = timer_call(
	    &a, world_give(&a, timer_object(), 0), TIMER_METHOD_SLEEP_UNTIL, sim.now_ns + 9000);
	/* The ring's deadlines stay, once there are any. */
	sqe.deadline_ns = sim.now_ns + 100;
	world_submit(&a, &sqe);
	CHECK_EQ(world_enter(&a, 1, CAP_DEADLINE_NONE), WORLD_WAITS);
	sim_time_pass(100);
	world_settle();
	CHECK(world_reap(&a, &cqe));
	CHECK_EQ(cqe.result, CAP_ERR_TIMED_OUT);
	kernel_bytes = a.process->ledger->used[LEDGER_KERNEL_BYTES];
	sqe.deadline_ns = 0;
	world_submit(&a, &sqe);
	CHECK_EQ(world_enter(&a, 0, 0), 0);
	CHECK(a.process->ledger->used[LEDGER_KERNEL_BYTES] > kernel_bytes);
	world_submit(&a, &finish);
	CHECK_EQ(world_enter(&a, 2, CAP_DEADLINE_NONE), 2);
	CHECK(world_reap(&a, &cqe));
	CHECK_EQ(cqe.user_data, 9);
	CHECK_EQ(cqe.result, CAP_ERR_CANCELLED);
	CHECK(world_reap(&a, &cqe));
	CHECK_EQ(cqe.result, 0);
	CHECK_EQ(a.process->ledger->used[LEDGER_KERNEL_BYTES], kernel_bytes);
}

TEST(a_wait_ends_at_its_own_deadline)
{
	struct world_process a;
	struct cap_sqe sqe;

	world_start();
	a = world_process(NULL);
	sqe = timer_call(
	    &a, world_give(&a, timer_object(), 0), TIMER_METHOD_SLEEP_UNTIL, sim.now_ns + 9000);
	world_submit(&a, &sqe);
	CHECK_EQ(world_enter(&a, 1, sim.now_ns + 50), WORLD_WAITS);
	sim_time_pass(50);
	world_settle();
	CHECK_EQ(thread_current(), a.thread);
	CHECK_EQ(a.thread->registers->result, 0);
}

TEST(ready_threads_take_turns_by_the_slice)
{
	struct world_process a;
	struct world_process b;

	world_start();
	a = world_process(NULL);
	b = world_process(NULL);
	CHECK_EQ(world_enter(&a, 0, 0), 0);
	CHECK_EQ(thread_current(), a.thread);
	sim_time_pass(SCHED_SLICE_NS);
	world_settle();
	CHECK_EQ(thread_current(), b.thread);
	sim_time_pass(SCHED_SLICE_NS - 1);
	world_settle();
	CHECK_EQ(thread_current(), b.thread);
	sim_time_pass(1);
	world_settle();
	CHECK_EQ(thread_current(), a.thread);
}

TEST(a_flood_of_nops_makes_room_in_the_middle_of_an_entry)
{
	struct world_process a;
	struct world_process b;
	struct cap_sqe nop = { .op = CAP_OP_NOP };

	world_start();
	a = world_process(NULL);
	b = world_process(NULL);
	CHECK_EQ(world_enter(&a, 0, 0), 0);
	for (int i = 0; i < 16; i++)
		world_submit(&a, &nop);
	sim_time_pass(SCHED_SLICE_NS);
	CHECK_EQ(world_enter(&a, 0, 0), 16);
	CHECK_EQ(sim.switches >= 3, true);
	(void)b;
}

TEST(exit_ends_the_process_and_gives_everything_back)
{
	struct world_process a;
	struct world_process b;
	uint64_t frames;
	uint64_t bytes;

	world_start();
	a = world_process(NULL);
	CHECK_EQ(world_enter(&a, 0, 0), 0);
	frames = ledger_boot.used[LEDGER_FRAME_PAGES];
	bytes = ledger_boot.used[LEDGER_KERNEL_BYTES];
	b = world_process(NULL);
	(void)world_give(&b, timer_object(), 0);
	CHECK_EQ(world_syscall(&b, 1, 5, 0), WORLD_GONE);
	for (int i = 0; i < 10; i++)
		world_settle();
	CHECK_EQ(ledger_boot.used[LEDGER_FRAME_PAGES], frames);
	CHECK_EQ(ledger_boot.used[LEDGER_KERNEL_BYTES], bytes);
	CHECK_EQ(world_enter(&a, 0, 0), 0);
}

static uint32_t lines_shown;
static uint32_t summaries;
static char last_summary[256];

static void
count_lines(const char *bytes, unsigned long byte_count)
{
	char line[256];

	snprintf(line, sizeof(line), "%.*s", (int)byte_count, bytes);
	if (strstr(line, "suppressed=") != NULL) {
		summaries++;
		memcpy(last_summary, line, sizeof(line));
	} else if (strstr(line, "invalid submission") != NULL) {
		lines_shown++;
	}
}

TEST(a_flood_of_bad_submissions_shows_four_lines_and_a_summary_a_second)
{
	struct world_process a;
	struct cap_sqe bad = { .op = 200 };

	world_start();
	a = world_process(NULL);
	log_sink_set(count_lines);
	lines_shown = 0;
	summaries = 0;
	for (int second = 1; second <= 3; second++) {
		for (int i = 0; i < 100; i++)
			CHECK_EQ(refusal(&a, bad), CAP_ERR_UNSUPPORTED_OPCODE);
		CHECK_EQ(lines_shown, second * 4);
		CHECK_EQ(summaries, second - 1);
		sim_time_pass(UINT64_C(1000000000));
		world_settle();
		CHECK_EQ(summaries, second);
	}
	CHECK(strstr(last_summary, "suppressed=96 last_err=CAP_ERR_UNSUPPORTED_OPCODE") != NULL);
	/* Another kind has its own first line; what is only refused for a shortage has none. */
	bad.op = CAP_OP_RELEASE;
	CHECK_EQ(refusal(&a, bad), CAP_ERR_INVALID_CAP);
	CHECK_EQ(lines_shown, 13);
	bad.op = CAP_OP_FINISH;
	CHECK_EQ(refusal(&a, bad), CAP_ERR_NOT_FOUND);
	CHECK_EQ(lines_shown, 13);
	log_sink_set(NULL);
}

TEST(a_factory_makes_endpoints_and_an_owner_makes_facets)
{
	struct world_process a;
	struct cap_sqe sqe;
	struct cap_cqe made;
	struct cap_cqe facet;
	struct cap_ref ref = { 0 };
	uint64_t words[8];
	struct capnp_builder builder;

	world_start();
	a = world_process(NULL);
	/* Parameters of Timer.now are as empty as those of create. */
	sqe = timer_call(&a, world_give(&a, endpoint_factory_object(), 0), 0, 0);
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_APPLICATION_EXCEPTION);
	sqe.cap_max = 3;
	made = world_do(&a, &sqe);
	CHECK_EQ(made.cap_count, 1);
	CHECK_EQ(made.interface_id, ENDPOINT_INTERFACE_ID);
	/* Slots that were reserved and not used are given back. */
	CHECK_EQ(cap_table_used(a.process->table), 2);
	capnp_builder_init(&builder, words, sizeof(words));
	endpoint_client_params_set_interface_id(endpoint_client_params_init_root(&builder), 0x77);
	sqe.len = (uint32_t)capnp_builder_finish(&builder);
	world_write(&a, a.message, words, sqe.len);
	sqe.target = made.cap_id;
	facet = world_do(&a, &sqe);
	CHECK_EQ(facet.interface_id, 0x77);
	CHECK_EQ(cap_lookup(a.process->table, facet.cap_id, &ref), CAP_OK);
	CHECK_EQ(ref.interface_index, 1);
	CHECK_EQ(cap_table_used(a.process->table), 3);
	/* A result buffer that is too small makes nothing. */
	sqe.result_len = 8;
	CHECK_EQ(refusal(&a, sqe), CAP_ERR_BUFFER_TOO_SMALL);
	CHECK_EQ(cap_table_used(a.process->table), 3);
}

TEST(an_endpoint_shows_at_most_four_interfaces)
{
	struct world_process a;
	struct endpoint *endpoint = NULL;
	uint16_t index = 0;

	world_start();
	a = world_process(NULL);
	CHECK_EQ(endpoint_create(a.process->ledger, &endpoint), CAP_OK);
	CHECK_EQ(endpoint_facet(endpoint, 0, &index), CAP_ERR_INVALID_ARGUMENT);
	/* Nobody but the kernel says where memory was mapped. */
	CHECK_EQ(
	    endpoint_facet(endpoint, MEMORY_OBJECT_INTERFACE_ID, &index), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(endpoint_facet(endpoint, VIRTUAL_MEMORY_INTERFACE_ID, &index),
	    CAP_ERR_INVALID_ARGUMENT);
	for (uint64_t i = 1; i <= 4; i++)
		CHECK_EQ(endpoint_facet(endpoint, i, &index), CAP_OK);
	CHECK_EQ(endpoint_facet(endpoint, 5, &index), CAP_ERR_TABLE_FULL);
	CHECK_EQ(endpoint_facet(endpoint, 2, &index), CAP_OK);
	CHECK_EQ(index, 2);
	object_put(endpoint_object(endpoint));
}
