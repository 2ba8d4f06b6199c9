/* SPDX-License-Identifier: Apache-2.0 */
/* SIGNAL and WAIT: who gets which bits, and that nothing is left of a notification. */
#include "ipc/notification.h"

#include <abi/start.h>
#include <schema/notification.capnp.h>
#include <string.h>

#include "arch/sim/world.h"
#include "base/test.h"
#include "object/notification.h"
#include "object/timer.h"

static struct world_process waiter;
static struct world_process signaller;
static struct notification *notification;
static cap_id_t waiting;    /* the waiter's */
static cap_id_t signalling; /* the signaller's */

static void
start(void)
{
	world_start();
	waiter = world_process(NULL);
	signaller = world_process(NULL);
	CHECK_EQ(notification_create(waiter.process->ledger, &notification), CAP_OK);
	waiting = world_give(&waiter, notification_waiting_side(notification), 0);
	signalling = world_give(&signaller, notification_signalling_side(notification), 0);
	object_put(notification_waiting_side(notification));
}

static struct cap_sqe
signal_of(uint64_t mask)
{
	return (struct cap_sqe){
		.op = CAP_OP_SIGNAL, .target = signalling, .addr = mask, .user_data = 1
	};
}

static struct cap_sqe
wait_of(uint64_t mask, uint64_t user_data)
{
	return (struct cap_sqe){
		.op = CAP_OP_WAIT, .target = waiting, .addr = mask, .user_data = user_data
	};
}

static int32_t
do_signal(uint64_t mask)
{
	struct cap_sqe sqe = signal_of(mask);

	return world_do(&signaller, &sqe).result;
}

/* Submit without waiting. */
static void
post_wait(uint64_t mask, uint64_t user_data)
{
	struct cap_sqe sqe = wait_of(mask, user_data);

	world_submit(&waiter, &sqe);
	CHECK(world_enter(&waiter, 0, 0) >= 0);
}

static struct cap_cqe
reap(void)
{
	struct cap_cqe cqe = { .result = -4711 };

	CHECK(world_reap(&waiter, &cqe));
	return cqe;
}

static bool
nothing_to_reap(void)
{
	struct cap_cqe cqe;

	return !world_reap(&waiter, &cqe);
}

static void
release(struct world_process *process, cap_id_t cap_id)
{
	struct cap_sqe sqe = { .op = CAP_OP_RELEASE, .target = cap_id, .user_data = 1000 };
	struct cap_cqe cqe = { 0 };

	world_submit(process, &sqe);
	CHECK(world_enter(process, 0, 0) >= 0);
	world_settle();
	CHECK(world_reap(process, &cqe));
	CHECK_EQ(cqe.user_data, 1000);
	CHECK_EQ(cqe.result, CAP_OK);
	while (world_reap(process, &cqe))
		CHECK_EQ(cqe.result, CAP_ERR_DISCONNECTED);
}

TEST(bits_stay_until_somebody_waits_and_are_cleared_then)
{
	struct cap_cqe cqe;

	start();
	CHECK_EQ(do_signal(5), CAP_OK);
	CHECK_EQ(do_signal(UINT64_C(1) << 63), CAP_OK);
	post_wait(UINT64_C(1) << 63 | 4, 7);
	cqe = reap();
	CHECK_EQ(cqe.user_data, 7);
	CHECK_EQ(cqe.result, 0);
	CHECK_EQ(cqe.cap_count, 0);
	CHECK_EQ(cqe.bits, UINT64_C(1) << 63 | 4);
	/* Bit 0 was not asked for. */
	post_wait(UINT64_MAX, 8);
	CHECK_EQ(reap().bits, 1);
	post_wait(UINT64_MAX, 9);
	CHECK(nothing_to_reap());
}

static int32_t
signal_with_bits(uint32_t index, uint64_t bits)
{
	struct cap_sqe sqe = signal_of(2);
	uint64_t words[8];
	struct cap_cqe cqe;

	memcpy(words, &sqe, sizeof(sqe));
	words[index] |= bits;
	memcpy(&sqe, words, sizeof(sqe));
	cqe = world_do(&signaller, &sqe);
	CHECK_EQ(cqe.user_data, 1);
	CHECK_EQ(cqe.bits, 0);
	return cqe.result;
}

/* The words that the straight path does without, one after the other. */
TEST(a_signal_with_more_than_a_mask_sets_nothing)
{
	start();
	for (uint32_t bit = 8; bit < 64; bit++)
		CHECK_EQ(signal_with_bits(0, UINT64_C(1) << bit), CAP_ERR_INVALID_REQUEST);
	for (uint32_t index = 4; index <= 6; index++)
		for (uint32_t bit = 0; bit < 64; bit++)
			CHECK_EQ(
			    signal_with_bits(index, UINT64_C(1) << bit), CAP_ERR_INVALID_REQUEST);
	CHECK_EQ(do_signal(0), CAP_ERR_INVALID_REQUEST);
	post_wait(UINT64_MAX, 8);
	CHECK(nothing_to_reap());
}

TEST(a_signal_with_a_deadline_is_as_one_without)
{
	start();
	CHECK_EQ(signal_with_bits(7, UINT64_MAX), CAP_OK);
	post_wait(UINT64_MAX, 8);
	CHECK_EQ(reap().bits, 2);
	CHECK_EQ(signal_with_bits(7, UINT64_C(1) << 62), CAP_OK);
	post_wait(UINT64_MAX, 9);
	CHECK_EQ(reap().bits, 2);
}

TEST(a_signal_wakes_the_thread_that_waits)
{
	struct cap_sqe sqe = wait_of(6, 1);

	start();
	sqe.target = waiting;
	world_submit(&waiter, &sqe);
	CHECK_EQ(world_enter(&waiter, 1, CAP_DEADLINE_NONE), WORLD_WAITS);
	CHECK_EQ(do_signal(1), CAP_OK);
	CHECK_EQ(waiter.thread->state, THREAD_WAITING);
	CHECK_EQ(do_signal(2), CAP_OK);
	CHECK_EQ(waiter.thread->state, THREAD_READY);
	CHECK_EQ(reap().bits, 2);
}

TEST(the_oldest_waiter_gets_all_bits_that_it_waits_for)
{
	start();
	post_wait(3, 1);
	post_wait(UINT64_MAX, 2);
	post_wait(8, 3);
	CHECK_EQ(do_signal(7), CAP_OK);
	CHECK_EQ(reap().bits, 3);
	CHECK_EQ(reap().bits, 4);
	CHECK(nothing_to_reap());
	CHECK_EQ(do_signal(15), CAP_OK);
	CHECK_EQ(reap().bits, 8);
	/* What nobody waited for is still there. */
	CHECK_EQ(notification_poll(notification, UINT64_MAX), 7);
	CHECK_EQ(notification_poll(notification, UINT64_MAX), 0);
}

TEST(the_only_waiter_gets_what_it_wants_of_old_bits_and_new_ones)
{
	start();
	CHECK_EQ(do_signal(1), CAP_OK);
	post_wait(6, 1);
	CHECK_EQ(do_signal(8), CAP_OK);
	CHECK(nothing_to_reap());
	CHECK_EQ(do_signal(2 | 16), CAP_OK);
	CHECK_EQ(reap().bits, 2);
	CHECK_EQ(notification_poll(notification, UINT64_MAX), 1 | 8 | 16);
}

TEST(nobody_is_signalled_after_the_end_although_one_still_stands_in_the_queue)
{
	start();
	post_wait(1, 1);
	/* What the last hold's end does, before its job has run. */
	notification_hold_dropped(notification_waiting_side(notification), 0);
	CHECK(!notification_signal_short(notification, 1));
	CHECK_EQ(do_signal(1), CAP_ERR_DISCONNECTED);
	CHECK_EQ(reap().result, CAP_ERR_DISCONNECTED);
}

TEST(a_wait_that_ends_by_itself_takes_no_bits)
{
	struct cap_sqe late = wait_of(1, 1);
	struct cap_sqe finish = { .op = CAP_OP_FINISH, .target = 2, .user_data = 3 };

	start();
	late.target = waiting;
	late.deadline_ns = sim.now_ns + 1000;
	world_submit(&waiter, &late);
	CHECK(world_enter(&waiter, 0, 0) >= 0);
	sim_time_pass(2000);
	world_settle();
	CHECK_EQ(reap().result, CAP_ERR_TIMED_OUT);
	post_wait(1, 2);
	world_submit(&waiter, &finish);
	CHECK(world_enter(&waiter, 0, 0) >= 0);
	CHECK_EQ(reap().result, CAP_ERR_CANCELLED);
	CHECK_EQ(reap().result, CAP_OK);
	CHECK_EQ(do_signal(1), CAP_OK);
	CHECK(nothing_to_reap());
	CHECK_EQ(notification_poll(notification, 1), 1);
}

TEST(without_anybody_who_may_wait_all_is_disconnected)
{
	start();
	post_wait(1, 1);
	release(&waiter, waiting);
	CHECK_EQ(do_signal(1), CAP_ERR_DISCONNECTED);
	CHECK_EQ(ring_in_flight(waiter.thread->ring), 0);
}

TEST(both_sides_give_their_memory_back_in_either_order)
{
	for (int waiting_first = 0; waiting_first < 2; waiting_first++) {
		uint64_t bytes;

		world_start();
		waiter = world_process(NULL);
		signaller = world_process(NULL);
		/* The table grows once. */
		(void)world_give(&waiter, timer_object(), 0);
		bytes = waiter.process->ledger->used[LEDGER_KERNEL_BYTES];
		CHECK_EQ(notification_create(waiter.process->ledger, &notification), CAP_OK);
		waiting = world_give(&waiter, notification_waiting_side(notification), 0);
		signalling = world_give(&signaller, notification_signalling_side(notification), 0);
		object_put(notification_waiting_side(notification));
		CHECK(waiter.process->ledger->used[LEDGER_KERNEL_BYTES] > bytes);
		if (waiting_first) {
			release(&waiter, waiting);
			CHECK(waiter.process->ledger->used[LEDGER_KERNEL_BYTES] > bytes);
			release(&signaller, signalling);
		} else {
			release(&signaller, signalling);
			post_wait(1, 1);
			release(&waiter, waiting);
		}
		CHECK_EQ(waiter.process->ledger->used[LEDGER_KERNEL_BYTES], bytes);
	}
}

TEST(what_does_not_fit_is_refused_and_changes_nothing)
{
	struct cap_sqe wrong[8];

	start();
	for (uint32_t i = 0; i < 8; i++)
		wrong[i] = wait_of(1, 1);
	wrong[0].addr = 0;
	wrong[1].flags = 1;
	wrong[2].method = 1;
	wrong[3].op_flags = 1;
	wrong[4].result_addr = 8;
	wrong[5].len = 8;
	wrong[6].cap_max = 1;
	wrong[7].reserved = 1;
	for (uint32_t i = 0; i < 8; i++)
		CHECK_EQ(world_do(&waiter, &wrong[i]).result, CAP_ERR_INVALID_REQUEST);
	for (uint32_t i = 0; i < 8; i++) {
		wrong[i].op = CAP_OP_SIGNAL;
		wrong[i].target = signalling;
		CHECK_EQ(world_do(&signaller, &wrong[i]).result, CAP_ERR_INVALID_REQUEST);
	}
	/* Each side is good for its own thing only. */
	wrong[0] = signal_of(1);
	wrong[0].target = waiting;
	CHECK_EQ(world_do(&waiter, &wrong[0]).result, CAP_ERR_WRONG_INTERFACE);
	wrong[0] = wait_of(1, 1);
	wrong[0].target = signalling;
	CHECK_EQ(world_do(&signaller, &wrong[0]).result, CAP_ERR_WRONG_INTERFACE);
	wrong[0].target = world_give(&signaller, timer_object(), 0);
	CHECK_EQ(world_do(&signaller, &wrong[0]).result, CAP_ERR_WRONG_INTERFACE);
	wrong[0].target = 77;
	CHECK_EQ(world_do(&signaller, &wrong[0]).result, CAP_ERR_INVALID_CAP);
	CHECK_EQ(notification_poll(notification, UINT64_MAX), 0);
}

static struct world_process others[3];

/* A ring has 32 ops: it takes more than one process to fill the queue. */
static void
fill_queue(void)
{
	start();
	for (uint32_t i = 0; i < 3; i++) {
		others[i] = world_process(NULL);
		waiting = world_give(&others[i], notification_waiting_side(notification), 0);
		waiter = others[i];
		for (uint32_t k = 0; k < 32 && i * 32 + k < NOTIFICATION_WAITS_MAX; k++)
			post_wait(1, k);
	}
}

TEST(a_queue_of_waits_has_an_end)
{
	fill_queue();
	post_wait(1, 99);
	CHECK_EQ(reap().result, CAP_ERR_QUEUE_FULL);
}

/* However many there have been. */
TEST(a_wait_that_has_ended_has_left_the_queue)
{
	start();
	for (uint32_t i = 0; i < 2 * NOTIFICATION_WAITS_MAX; i++) {
		post_wait(1, i);
		CHECK_EQ(notification_signal(notification, 1), CAP_OK);
		CHECK_EQ(reap().result, CAP_OK);
	}
}

static uint32_t pending_before;
static uint32_t most_at_once;

/* How many waits ended since the last window. */
static void
look_in_a_window(void)
{
	uint32_t pending = 0;

	for (uint32_t i = 0; i < 3; i++)
		pending += ring_in_flight(others[i].thread->ring);
	if (pending_before - pending > most_at_once)
		most_at_once = pending_before - pending;
	pending_before = pending;
}

TEST(a_full_queue_ends_in_steps)
{
	fill_queue();
	pending_before = NOTIFICATION_WAITS_MAX;
	most_at_once = 0;
	sim.on_window = look_in_a_window;
	release(&waiter, waiting);
	sim.on_window = NULL;
	look_in_a_window();
	CHECK_EQ(pending_before, 0);
	CHECK_EQ(most_at_once, NOTIFICATION_WAITS_PER_STEP);
}

TEST(a_process_that_dies_waits_no_more)
{
	start();
	post_wait(1, 1);
	CHECK_EQ(world_syscall(&waiter, SYSCALL_EXIT, 0, 0), WORLD_GONE);
	world_settle();
	CHECK_EQ(do_signal(1), CAP_ERR_DISCONNECTED);
}

/* `method` with one word of parameters, or none; the answer's word is in *out. */
static int32_t
call(struct world_process *process, cap_id_t target, uint16_t method, uint64_t word)
{
	uint64_t words[] = { UINT64_C(2) << 32, UINT64_C(1) << 32, word };
	struct cap_sqe sqe = { .op = CAP_OP_CALL,
		.target = target,
		.method = method,
		.addr = process->message,
		.len = sizeof(words),
		.result_addr = process->message + 64,
		.result_len = 256,
		.cap_max = 1 };

	world_write(process, process->message, words, sizeof(words));
	return world_do(process, &sqe).result;
}

TEST(the_same_can_be_done_by_calls)
{
	uint64_t words[3];

	start();
	CHECK_EQ(call(&signaller, signalling, SIGNALLER_METHOD_SIGNAL, 6), 16);
	CHECK_EQ(call(&waiter, waiting, NOTIFICATION_METHOD_POLL, 3), 24);
	world_read(&waiter, waiter.message + 64, words, sizeof(words));
	CHECK_EQ(words[2], 2);
	/* No bits: nothing is done. */
	CHECK_EQ(call(&signaller, signalling, SIGNALLER_METHOD_SIGNAL, 0), 16);
	CHECK_EQ(call(&waiter, waiting, NOTIFICATION_METHOD_POLL, 0), 24);
	world_read(&waiter, waiter.message + 64, words, sizeof(words));
	CHECK_EQ(words[2], 0);
	CHECK_EQ(notification_poll(notification, UINT64_MAX), 4);
	release(&waiter, waiting);
	CHECK_EQ(call(&signaller, signalling, SIGNALLER_METHOD_SIGNAL, 6),
	    CAP_ERR_APPLICATION_EXCEPTION);
}

TEST(a_notification_is_made_and_its_signaller_given_out)
{
	struct cap_sqe sqe;
	struct cap_cqe cqe;

	start();
	CHECK_EQ(call(&waiter, world_give(&waiter, notification_factory_object(), 0), 0, 0), 24);
	sqe = (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = waiting,
		.method = NOTIFICATION_METHOD_SIGNALLER,
		.addr = waiter.message,
		.len = 24,
		.result_addr = waiter.message + 64,
		.result_len = 256,
		.cap_max = 1 };
	cqe = world_do(&waiter, &sqe);
	CHECK_EQ(cqe.result, 24);
	CHECK_EQ(cqe.cap_count, 1);
	CHECK_EQ(cqe.interface_id, SIGNALLER_INTERFACE_ID);
	sqe = (struct cap_sqe){ .op = CAP_OP_SIGNAL, .target = cqe.cap_id, .addr = 9 };
	CHECK_EQ(world_do(&waiter, &sqe).result, CAP_OK);
	CHECK_EQ(notification_poll(notification, UINT64_MAX), 9);
	/* Without room for it nothing is given. */
	sqe = (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = waiting,
		.method = NOTIFICATION_METHOD_SIGNALLER,
		.addr = waiter.message,
		.len = 24,
		.result_addr = waiter.message + 64,
		.result_len = 256 };
	CHECK_EQ(world_do(&waiter, &sqe).result, CAP_ERR_APPLICATION_EXCEPTION);
}

/* A SIGNAL with a deadline has an op; one without goes straight, where it can. */
static void
check_both_ways(struct cap_sqe sqe, int32_t expected)
{
	for (int is_general = 0; is_general < 2; is_general++) {
		struct cap_cqe cqe;

		sqe.deadline_ns = is_general ? UINT64_MAX - 1 : 0;
		sqe.user_data = (uint64_t)is_general + 41;
		cqe = world_do(&signaller, &sqe);
		CHECK_EQ(cqe.user_data, sqe.user_data);
		CHECK_EQ(cqe.result, expected);
		CHECK_EQ(cqe.cap_count, 0);
		CHECK_EQ(cqe.bits, 0);
		CHECK_EQ(cqe.interface_id, 0);
		CHECK_EQ(ring_in_flight(signaller.thread->ring), 0);
	}
}

TEST(a_signal_without_an_op_ends_as_one_with_an_op)
{
	struct cap_sqe sqe;

	start();
	check_both_ways(signal_of(5), CAP_OK);
	CHECK_EQ(notification_poll(notification, UINT64_MAX), 5);
	check_both_ways(signal_of(0), CAP_ERR_INVALID_REQUEST);
	sqe = signal_of(1);
	sqe.target = 0;
	check_both_ways(sqe, CAP_ERR_INVALID_CAP);
	sqe.target = world_give(&signaller, timer_object(), 0);
	check_both_ways(sqe, CAP_ERR_WRONG_INTERFACE);
	CHECK_EQ(notification_poll(notification, UINT64_MAX), 0);
	release(&waiter, waiting);
	check_both_ways(signal_of(1), CAP_ERR_DISCONNECTED);
	release(&signaller, signalling);
	check_both_ways(signal_of(1), CAP_ERR_STALE_GENERATION);
}

TEST(a_signal_with_anything_but_a_mask_is_refused)
{
	start();
	for (uint32_t byte = 1; byte < offsetof(struct cap_sqe, deadline_ns); byte++) {
		struct cap_sqe sqe = signal_of(1);

		/* Its target, user_data and mask. */
		if (byte >= offsetof(struct cap_sqe, target) &&
		    byte < offsetof(struct cap_sqe, result_addr))
			continue;
		((uint8_t *)&sqe)[byte] = 0x80;
		check_both_ways(sqe, CAP_ERR_INVALID_REQUEST);
	}
	CHECK_EQ(notification_poll(notification, UINT64_MAX), 0);
}

TEST(signals_of_one_entry_wake_in_their_order_with_and_without_an_op)
{
	struct cap_sqe sqe;
	struct cap_cqe cqe;

	start();
	sqe = signal_of(1);
	post_wait(1, 1);
	post_wait(3, 2);
	for (uint32_t i = 0; i < 6; i++) {
		sqe.addr = UINT64_C(1) << i;
		sqe.user_data = i + 100;
		sqe.deadline_ns = i % 2 != 0 ? UINT64_MAX - 1 : 0;
		world_submit(&signaller, &sqe);
	}
	CHECK_EQ(world_enter(&signaller, 0, 0), 6);
	for (uint32_t i = 0; i < 6; i++) {
		CHECK(world_reap(&signaller, &cqe));
		CHECK_EQ(cqe.user_data, i + 100);
		CHECK_EQ(cqe.result, CAP_OK);
	}
	CHECK_EQ(reap().bits, 1);
	CHECK_EQ(reap().bits, 2);
	CHECK(nothing_to_reap());
	CHECK_EQ(notification_poll(notification, UINT64_MAX), 0x3c);
}
