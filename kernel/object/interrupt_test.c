/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupt: no firing is lost, one waiter, one holder, and a line that nobody holds is masked. */
#include <abi/start.h>
#include <schema/device.capnp.h>
#include <string.h>

#include "arch/interrupt.h"
#include "arch/sim/world_call.h"
#include "base/test.h"
#include "irq/irq.h"
#include "mm/frame.h"
#include "object/device.h"
#include "object/permanent.h"
#include "proc/process.h"

#define LINE 4

static struct world_process one;
static struct world_process other;
static uint64_t frames_at_start;
static struct world_call call;
static struct world_call second;

static cap_id_t
give_line(struct world_process *to, uint32_t line)
{
	struct object *object;
	cap_id_t cap_id;

	CHECK_EQ(interrupt_create(&ledger_boot, line, &object), CAP_OK);
	cap_id = world_give(to, object, 0);
	object_put(object);
	return cap_id;
}

static void
start(void)
{
	world_start();
	objects_init();
	/* The lines are of the machine before this one. */
	for (uint32_t line = 0; line < ARCH_IRQ_LINES; line++)
		irq_release(line);
	frames_at_start = world_free_frames();
	one = world_process(NULL);
	other = world_process(NULL);
}

/* As the machine's handler does. */
static void
fire(uint32_t line)
{
	arch_irq_mask(line);
	irq_fired(line);
}

static bool
is_masked(uint32_t line)
{
	return !(sim.irq_unmasked & (UINT64_C(1) << line));
}

static void
begin_wait(struct world_call *with, struct world_process *from, cap_id_t interrupt)
{
	world_call_begin(with, from, interrupt, INTERRUPT_METHOD_WAIT);
	(void)interrupt_wait_params_init_root(&with->params);
}

static uint64_t
count_of(struct world_call *with)
{
	return interrupt_wait_results_count(interrupt_wait_results_root(&with->results));
}

/* A wait that is answered at once. */
static uint64_t
wait_for(struct world_process *from, cap_id_t interrupt)
{
	begin_wait(&call, from, interrupt);
	CHECK_EQ(world_call(&call), CAP_OK);
	return count_of(&call);
}

static enum cap_status
acknowledge(struct world_process *from, cap_id_t interrupt)
{
	struct world_call with;

	world_call_begin(&with, from, interrupt, INTERRUPT_METHOD_ACKNOWLEDGE);
	(void)interrupt_acknowledge_params_init_root(&with.params);
	return world_call(&with);
}

static bool
is_answered(struct world_call *with)
{
	enum cap_status status;

	return world_call_reap(with, &status);
}

static void
check_everything_is_back(void)
{
	CHECK_EQ(world_syscall(&other, SYSCALL_EXIT, 0, 0), WORLD_GONE);
	world_settle();
	world_settle();
	CHECK_EQ(world_free_frames(), frames_at_start);
	CHECK_EQ(ledger_boot.used[LEDGER_KERNEL_BYTES], 0);
}

TEST(a_waiter_is_answered_when_the_line_fires)
{
	enum cap_status status;
	cap_id_t interrupt;

	start();
	interrupt = give_line(&one, LINE);
	begin_wait(&call, &one, interrupt);
	world_call_submit(&call);
	CHECK(!is_answered(&call));
	fire(LINE + 1);
	CHECK_EQ(world_enter(&one, 1, CAP_DEADLINE_NONE), WORLD_WAITS);
	fire(LINE);
	world_settle();
	CHECK(one.thread->state != THREAD_WAITING);
	CHECK(world_call_reap(&call, &status));
	CHECK_EQ(status, CAP_OK);
	CHECK_EQ(count_of(&call), 1);
}

TEST(the_line_is_masked_until_it_is_acknowledged)
{
	cap_id_t interrupt;

	start();
	interrupt = give_line(&one, LINE);
	CHECK(is_masked(LINE));
	CHECK_EQ(acknowledge(&one, interrupt), CAP_OK);
	CHECK(!is_masked(LINE));
	CHECK(is_masked(LINE - 1) && is_masked(LINE + 1));
	fire(LINE);
	CHECK_EQ(wait_for(&one, interrupt), 1);
	CHECK(is_masked(LINE));
	CHECK_EQ(acknowledge(&one, interrupt), CAP_OK);
	CHECK(!is_masked(LINE));
	/* Twice is once. */
	CHECK_EQ(acknowledge(&one, interrupt), CAP_OK);
	CHECK(!is_masked(LINE));
}

TEST(firings_that_nobody_waited_for_are_remembered_and_told_once)
{
	cap_id_t interrupt;

	start();
	interrupt = give_line(&one, LINE);
	for (uint32_t i = 0; i < 3; i++) {
		fire(LINE);
		(void)world_enter(&one, 0, 0);
	}
	CHECK_EQ(wait_for(&one, interrupt), 3);
	begin_wait(&call, &one, interrupt);
	world_call_submit(&call);
	CHECK(!is_answered(&call));
	fire(LINE);
	(void)world_enter(&one, 0, 0);
	CHECK(is_answered(&call));
	CHECK_EQ(count_of(&call), 4);
}

TEST(a_second_waiter_is_refused_and_the_first_waits_on)
{
	enum cap_status status;
	cap_id_t interrupt;

	start();
	interrupt = give_line(&one, LINE);
	begin_wait(&call, &one, interrupt);
	call.sqe.user_data = 1;
	world_call_submit(&call);
	begin_wait(&second, &one, interrupt);
	second.sqe.user_data = 2;
	CHECK_EQ(world_call(&second), CAP_ERR_ALREADY_WAITING);
	CHECK_EQ(second.cqe.user_data, 2);
	fire(LINE);
	(void)world_enter(&one, 0, 0);
	CHECK(world_call_reap(&call, &status));
	CHECK_EQ(status, CAP_OK);
	CHECK_EQ(call.cqe.user_data, 1);
	CHECK_EQ(count_of(&call), 1);
}

TEST(a_wait_that_is_cancelled_loses_no_firing)
{
	const struct cap_sqe finish = { .op = CAP_OP_FINISH, .target = 77, .user_data = 78 };
	enum cap_status status;
	struct cap_cqe cqe;
	cap_id_t interrupt;

	start();
	interrupt = give_line(&one, LINE);
	begin_wait(&call, &one, interrupt);
	call.sqe.user_data = 77;
	world_call_submit(&call);
	world_submit(&one, &finish);
	CHECK_EQ(world_enter(&one, 0, 0), 2);
	CHECK(world_call_reap(&call, &status));
	CHECK_EQ(status, CAP_ERR_CANCELLED);
	CHECK_EQ(call.cqe.user_data, 77);
	CHECK(world_reap(&one, &cqe));
	CHECK_EQ(cqe.result, 0);
	fire(LINE);
	(void)world_enter(&one, 0, 0);
	CHECK_EQ(wait_for(&one, interrupt), 1);
}

TEST(a_wait_ends_at_its_deadline_and_the_next_one_is_taken)
{
	enum cap_status status;
	cap_id_t interrupt;

	start();
	interrupt = give_line(&one, LINE);
	begin_wait(&call, &one, interrupt);
	call.sqe.deadline_ns = sim.now_ns + 1000;
	world_call_submit(&call);
	sim_time_pass(1000);
	world_settle();
	CHECK(world_call_reap(&call, &status));
	CHECK_EQ(status, CAP_ERR_TIMED_OUT);
	begin_wait(&call, &one, interrupt);
	world_call_submit(&call);
	CHECK(!is_answered(&call));
	fire(LINE);
	(void)world_enter(&one, 0, 0);
	CHECK(is_answered(&call));
	CHECK_EQ(count_of(&call), 1);
}

/* Both are due at once: the op ends once, and what the waiter was not told the next one is. */
TEST(a_line_that_fires_at_the_deadline_is_told_once)
{
	enum cap_status status;
	cap_id_t interrupt;

	start();
	interrupt = give_line(&one, LINE);
	begin_wait(&call, &one, interrupt);
	call.sqe.deadline_ns = sim.now_ns + 1000;
	world_call_submit(&call);
	fire(LINE);
	sim_time_pass(1000);
	world_settle();
	CHECK(world_call_reap(&call, &status));
	if (status == CAP_OK) {
		CHECK_EQ(count_of(&call), 1);
		fire(LINE);
		(void)world_enter(&one, 0, 0);
		CHECK_EQ(wait_for(&one, interrupt), 2);
	} else {
		CHECK_EQ(status, CAP_ERR_TIMED_OUT);
		CHECK_EQ(wait_for(&one, interrupt), 1);
	}
	CHECK(!is_answered(&call));
}

TEST(a_line_has_one_holder_and_is_free_again_after_the_release)
{
	struct world_accounts before, after;
	struct object *object = NULL;
	cap_id_t interrupt;

	start();
	interrupt = give_line(&one, LINE);
	fire(LINE);
	CHECK_EQ(wait_for(&one, interrupt), 1);
	CHECK_EQ(acknowledge(&one, interrupt), CAP_OK);
	before = world_accounts(&other);
	CHECK_EQ(interrupt_create(other.process->ledger, LINE, &object), CAP_ERR_ADDRESS_IN_USE);
	CHECK_EQ(object, NULL);
	after = world_accounts(&other);
	CHECK_MEMORY(&before, &after, sizeof(before));
	CHECK(!is_masked(LINE));
	CHECK_EQ(world_release(&one, interrupt), CAP_OK);
	world_settle();
	CHECK(is_masked(LINE));
	/* The next holder counts from zero. */
	interrupt = give_line(&other, LINE);
	fire(LINE);
	CHECK_EQ(wait_for(&other, interrupt), 1);
}

TEST(lines_that_do_not_exist_are_refused)
{
	static const uint32_t bad[] = { ARCH_IRQ_LINES, ARCH_IRQ_LINES + 1, 255, UINT32_MAX };
	struct world_accounts before, after;

	start();
	before = world_accounts(&one);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct object *object = NULL;

		CHECK_EQ(interrupt_create(one.process->ledger, bad[i], &object), CAP_ERR_NOT_FOUND);
		CHECK_EQ(object, NULL);
	}
	after = world_accounts(&one);
	CHECK_MEMORY(&before, &after, sizeof(before));
}

TEST(a_line_without_room_for_its_object_stays_free)
{
	struct world_accounts before, after;
	struct ledger *ledger;
	struct object *object = NULL;

	start();
	ledger = one.process->ledger;
	before = world_accounts(&one);
	frame_fail_after(0);
	CHECK_EQ(interrupt_create(ledger, LINE, &object), CAP_ERR_NO_MEMORY);
	frame_fail_after(UINT64_MAX);
	ledger->limit[LEDGER_KERNEL_BYTES] = ledger->used[LEDGER_KERNEL_BYTES] + 15;
	CHECK_EQ(interrupt_create(ledger, LINE, &object), CAP_ERR_QUOTA_EXCEEDED);
	CHECK_EQ(object, NULL);
	after = world_accounts(&one);
	CHECK_MEMORY(&before, &after, sizeof(before));
	(void)give_line(&other, LINE);
}

TEST(an_acknowledge_after_the_release_unmasks_nothing)
{
	cap_id_t interrupt;

	start();
	interrupt = give_line(&one, LINE);
	fire(LINE);
	CHECK_EQ(wait_for(&one, interrupt), 1);
	CHECK_EQ(world_release(&one, interrupt), CAP_OK);
	CHECK_EQ(acknowledge(&one, interrupt), CAP_ERR_STALE_GENERATION);
	world_settle();
	CHECK(is_masked(LINE));
	/* Nor does it when someone else has the line. */
	(void)give_line(&other, LINE);
	CHECK_EQ(acknowledge(&one, interrupt), CAP_ERR_STALE_GENERATION);
	CHECK(is_masked(LINE));
}

TEST(a_holder_that_ends_while_it_waits_leaves_the_line_masked_and_free)
{
	cap_id_t interrupt;

	start();
	interrupt = give_line(&one, LINE);
	CHECK_EQ(acknowledge(&one, interrupt), CAP_OK);
	begin_wait(&call, &one, interrupt);
	world_call_submit(&call);
	CHECK_EQ(world_syscall(&one, SYSCALL_EXIT, 0, 0), WORLD_GONE);
	world_settle();
	CHECK(is_masked(LINE));
	fire(LINE);
	world_settle();
	interrupt = give_line(&other, LINE);
	begin_wait(&second, &other, interrupt);
	world_call_submit(&second);
	CHECK(!is_answered(&second));
	check_everything_is_back();
	CHECK(is_masked(LINE));
}

TEST(a_holder_that_ends_before_it_acknowledges_leaves_the_line_masked)
{
	cap_id_t interrupt;

	start();
	interrupt = give_line(&one, LINE);
	fire(LINE);
	CHECK_EQ(wait_for(&one, interrupt), 1);
	CHECK_EQ(world_syscall(&one, SYSCALL_EXIT, 0, 0), WORLD_GONE);
	world_settle();
	CHECK(is_masked(LINE));
	check_everything_is_back();
}

/* The handler ran, and the holder goes before what follows from it. */
TEST(a_line_that_fired_for_a_dead_holder_tells_nobody)
{
	struct object *object;
	cap_id_t interrupt;

	start();
	CHECK_EQ(interrupt_create(&ledger_boot, LINE, &object), CAP_OK);
	object_put(object);
	fire(LINE);
	world_settle();
	interrupt = give_line(&other, LINE);
	begin_wait(&call, &other, interrupt);
	world_call_submit(&call);
	CHECK(!is_answered(&call));
	CHECK_EQ(world_syscall(&one, SYSCALL_EXIT, 0, 0), WORLD_GONE);
	check_everything_is_back();
}

TEST(a_waiter_may_let_the_capability_go_and_is_still_answered)
{
	enum cap_status status;
	cap_id_t interrupt;

	start();
	interrupt = give_line(&one, LINE);
	begin_wait(&call, &one, interrupt);
	world_call_submit(&call);
	CHECK_EQ(world_release(&one, interrupt), CAP_OK);
	world_settle();
	fire(LINE);
	(void)world_enter(&one, 0, 0);
	CHECK(world_call_reap(&call, &status));
	CHECK_EQ(status, CAP_OK);
	CHECK_EQ(count_of(&call), 1);
	/* The op was the last that held it. */
	world_settle();
	(void)give_line(&other, LINE);
}

TEST(an_answer_without_room_ends_the_wait_and_the_next_one_is_told)
{
	enum cap_status status;
	cap_id_t interrupt;

	start();
	interrupt = give_line(&one, LINE);
	begin_wait(&call, &one, interrupt);
	call.sqe.result_len = 8;
	world_call_submit(&call);
	fire(LINE);
	(void)world_enter(&one, 0, 0);
	CHECK(world_call_reap(&call, &status));
	CHECK_EQ(status, CAP_ERR_BUFFER_TOO_SMALL);
	fire(LINE);
	(void)world_enter(&one, 0, 0);
	CHECK_EQ(wait_for(&one, interrupt), 2);
}

TEST(a_method_that_does_not_exist_is_refused)
{
	start();
	world_call_begin(&call, &one, give_line(&one, LINE), 3);
	CHECK_EQ(world_call(&call), CAP_ERR_UNIMPLEMENTED_METHOD);
	CHECK(is_masked(LINE));
}
