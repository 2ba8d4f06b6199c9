/* SPDX-License-Identifier: Apache-2.0 */
/* Signals and waits over a kernel that the test plays: the submissions, how they end, and that a
 * signal for later ends nobody's wait. */
#include "notification.h"

#include <schema/timer.client.h>

#include "base/test.h"
#include "fake_kernel.h"

#define NOTIFICATION_CAP 0x2000003
#define SIGNALLER_CAP 0x2000004
#define BITS UINT64_C(0x8000000000000011)

static struct capos self;
static jmp_buf exit_jump;
static int64_t exit_code;

void
capos_exit(int64_t code)
{
	exit_code = code;
	longjmp(exit_jump, 1);
}

static struct notification
notification(void)
{
	return (struct notification){ { &self, NOTIFICATION_CAP, NOTIFICATION_INTERFACE_ID } };
}

static struct signaller
signaller(void)
{
	return (struct signaller){ { &self, SIGNALLER_CAP, SIGNALLER_INTERFACE_ID } };
}

static int32_t signal_result;

static void
end_signals(const struct cap_sqe *sqe)
{
	if (sqe->op == CAP_OP_SIGNAL)
		fake_complete(sqe, signal_result);
}

/* What is in flight ends with bits. */
static void
give_bits(void)
{
	struct cap_cqe cqe = { .user_data = fake.in_flight[0].user_data, .bits = BITS };

	fake.in_flight_count = 0;
	fake_post(&cqe);
}

static void
start(void)
{
	fake_start(&self);
	exit_code = 0;
	signal_result = CAP_OK;
	fake.on_op = end_signals;
}

TEST(a_wait_says_what_it_wants_and_gets_its_bits)
{
	uint64_t bits = 0;

	start();
	fake.on_idle = give_bits;
	CHECK_EQ(capos_notification_wait(notification(), BITS | 2, 77, &bits), CAP_OK);
	CHECK_EQ(bits, BITS);
	CHECK_EQ(fake.log_count, 1);
	CHECK_EQ(fake.log[0].op, CAP_OP_WAIT);
	CHECK_EQ(fake.log[0].target, NOTIFICATION_CAP);
	CHECK_EQ(fake.log[0].addr, BITS | 2);
	CHECK_EQ(fake.log[0].deadline_ns, 77);
	CHECK_EQ(fake.log[0].flags | fake.log[0].op_flags | fake.log[0].reserved |
		fake.log[0].cap_max | fake.log[0].xfer_count | fake.log[0].answer_id |
		fake.log[0].method | fake.log[0].len | fake.log[0].result_len |
		fake.log[0].result_addr,
	    0);
	CHECK_EQ(capos_in_flight(&self), 0);
}

static void
time_out(void)
{
	fake_complete(&fake.in_flight[0], CAP_ERR_TIMED_OUT);
}

TEST(a_wait_that_fails_leaves_the_bits_alone)
{
	uint64_t bits = 5;

	start();
	fake.on_idle = time_out;
	CHECK_EQ(capos_notification_wait(notification(), 1, 77, &bits), CAP_ERR_TIMED_OUT);
	CHECK_EQ(bits, 5);
}

TEST(a_signal_ends_at_once_and_tells)
{
	start();
	CHECK_EQ(capos_signal(signaller(), BITS), CAP_OK);
	CHECK_EQ(fake.log[0].op, CAP_OP_SIGNAL);
	CHECK_EQ(fake.log[0].target, SIGNALLER_CAP);
	CHECK_EQ(fake.log[0].addr, BITS);
	CHECK_EQ(fake.log[0].deadline_ns, 0);
	signal_result = CAP_ERR_DISCONNECTED;
	CHECK_EQ(capos_signal(signaller(), 1), CAP_ERR_DISCONNECTED);
}

TEST(a_signal_for_later_goes_with_the_wait_and_does_not_end_it)
{
	uint64_t bits = 0;

	start();
	fake.on_idle = give_bits;
	capos_signal_later(signaller(), 3);
	CHECK_EQ(fake.entries, 0);
	CHECK_EQ(capos_notification_wait(notification(), 1, 0, &bits), CAP_OK);
	CHECK_EQ(fake.entries, 1);
	CHECK_EQ(fake.log[0].op, CAP_OP_SIGNAL);
	CHECK_EQ(fake.log[0].addr, 3);
	CHECK_EQ(fake.log[1].op, CAP_OP_WAIT);
	CHECK_EQ(self.unawaited, 0);
	CHECK_EQ(capos_release_flush(&self), CAP_OK);
}

TEST(all_signals_for_later_are_reaped_with_the_wait_and_a_failure_is_kept)
{
	uint64_t bits = 0;

	start();
	fake.on_idle = give_bits;
	for (uint32_t i = 0; i < 40; i++)
		capos_signal_later(signaller(), i + 1);
	signal_result = CAP_ERR_DISCONNECTED;
	capos_signal_later(signaller(), 1);
	CHECK_EQ(capos_notification_wait(notification(), 1, 0, &bits), CAP_OK);
	CHECK_EQ(bits, BITS);
	CHECK_EQ(self.unawaited, 0);
	CHECK_EQ(capos_in_flight(&self), 0);
	CHECK_EQ(self.ring->cq_head, self.ring->cq_tail);
	CHECK_EQ(capos_release_flush(&self), CAP_ERR_DISCONNECTED);
}

static void
count_completion(struct capos_completion *completion, const struct cap_cqe *cqe)
{
	(void)cqe;
	completion->done = capos_ignore_completion;
}

TEST(what_ends_before_a_wait_and_is_no_signal_hears_of_it)
{
	struct capos_completion other = { count_completion };
	uint64_t bits = 0;

	start();
	fake.on_idle = give_bits;
	capos_signal_later(signaller(), 3);
	/* Unawaited as well, and it has somebody to tell: as a RETURN of a service. */
	capos_queue(&self,
	    (struct capos_sqe_words){ .head = CAP_OP_SIGNAL,
		.target = SIGNALLER_CAP,
		.user_data = (uint64_t)&other | CAPOS_UNAWAITED,
		.addr = 1 });
	self.unawaited++;
	CHECK_EQ(capos_notification_wait(notification(), 1, 0, &bits), CAP_OK);
	CHECK_EQ(bits, BITS);
	CHECK(other.done == capos_ignore_completion);
	CHECK_EQ(self.unawaited, 0);
	CHECK_EQ(capos_in_flight(&self), 0);
}

TEST(a_signal_for_later_that_fails_is_told_once)
{
	start();
	signal_result = CAP_ERR_DISCONNECTED;
	capos_signal_later(signaller(), 1);
	CHECK_EQ(capos_release_flush(&self), CAP_ERR_DISCONNECTED);
	CHECK_EQ(capos_release_flush(&self), CAP_OK);
}

static void
note_done(struct capos_event *event, void *context)
{
	*(uint64_t *)context += event->bits;
}

TEST(waits_in_flight_end_in_any_order_and_call_back)
{
	struct capos_event events[2];
	uint64_t sum = 0;

	start();
	for (uint32_t i = 0; i < 2; i++) {
		CHECK_EQ(capos_wait_send(&events[i], notification(), i + 1, 0), CAP_OK);
		events[i].on_done = note_done;
		events[i].context = &sum;
	}
	CHECK_EQ(capos_enter(0, 0), 0);
	fake_post(&(struct cap_cqe){ .user_data = (uint64_t)&events[1], .bits = 2 });
	fake_post(&(struct cap_cqe){ .user_data = (uint64_t)&events[0], .bits = 1 });
	fake.in_flight_count = 0;
	CHECK_EQ(capos_event_await(&events[0]), CAP_OK);
	CHECK_EQ(capos_event_await(&events[1]), CAP_OK);
	CHECK_EQ(sum, 3);
	CHECK_EQ(events[0].bits, 1);
	CHECK_EQ(events[1].bits, 2);
}

TEST(a_wait_that_is_ended_early_is_over_when_its_completion_has_come)
{
	struct capos_event event;

	start();
	CHECK_EQ(capos_wait_send(&event, notification(), 1, 0), CAP_OK);
	capos_event_end(&event);
	CHECK_EQ(event.result, CAP_ERR_CANCELLED);
	CHECK_EQ(fake.log[1].op, CAP_OP_FINISH);
	CHECK_EQ(fake.log[1].target, (uint64_t)&event);
	/* Both completions are reaped with the same entry or the next: nothing stays. */
	CHECK_EQ(capos_release_flush(&self), CAP_OK);
	CHECK_EQ(capos_in_flight(&self), 0);
	capos_event_end(&event);
	CHECK_EQ(fake.log_count, 2);
}

TEST(a_ring_that_fails_under_a_wait_ends_the_program)
{
	uint64_t bits;

	start();
	fake.refusal = CAP_ERR_RING_CORRUPT;
	if (setjmp(exit_jump) == 0) {
		(void)!capos_notification_wait(notification(), 1, 0, &bits);
		CHECK(false);
	}
	CHECK_EQ(exit_code, CAPOS_EXIT_PANIC);
}
