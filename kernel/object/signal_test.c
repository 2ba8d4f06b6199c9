/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who sets bits: limited signallers, interrupts, alarms. No firing is lost, nothing is set that may
 * not be, and nothing of them is left.
 */
#include "object/signal.h"

#include <abi/start.h>
#include <schema/device.capnp.h>
#include <schema/notification.capnp.h>
#include <schema/timer.capnp.h>
#include <string.h>

#include "arch/interrupt.h"
#include "arch/sim/world_call.h"
#include "base/test.h"
#include "ipc/notification.h"
#include "irq/irq.h"
#include "mm/frame.h"
#include "object/device.h"
#include "object/notification.h"
#include "object/permanent.h"
#include "object/timer.h"
#include "time/deadline.h"

#define LINE 4
#define PEER_GONE UINT64_C(0x80)

static struct world_process waiter;
static struct world_process peer;
static struct notification *notification;
static struct world_call call;
static cap_id_t waiting;    /* the waiter's */
static cap_id_t signalling; /* the peer's */
static cap_id_t timer;	    /* the peer's */
static cap_id_t line;	    /* the peer's */

static void
start(void)
{
	struct object *object;

	world_start();
	objects_init();
	for (uint32_t i = 0; i < ARCH_IRQ_LINES; i++)
		irq_release(i);
	waiter = world_process(NULL);
	peer = world_process(NULL);
	CHECK_EQ(notification_create(waiter.process->ledger, &notification), CAP_OK);
	waiting = world_give(&waiter, notification_waiting_side(notification), 0);
	signalling = world_give(&peer, notification_signalling_side(notification), 0);
	object_put(notification_waiting_side(notification));
	timer = world_give(&peer, timer_object(), 0);
	CHECK_EQ(interrupt_create(peer.process->ledger, LINE, &object), CAP_OK);
	line = world_give(&peer, object, 0);
	object_put(object);
}

static uint64_t
bits_set(void)
{
	return notification_poll(notification, UINT64_MAX);
}

static void
fire(void)
{
	arch_irq_mask(LINE);
	irq_fired(LINE);
	world_settle();
}

static void
pass(uint64_t ns)
{
	sim_time_pass(ns);
	world_settle();
}

static struct cap_sqe
signal_of(cap_id_t target, uint64_t mask)
{
	return (struct cap_sqe){ .op = CAP_OP_SIGNAL, .target = target, .addr = mask };
}

static int32_t
do_signal(cap_id_t target, uint64_t mask)
{
	struct cap_sqe sqe = signal_of(target, mask);

	return world_do(&peer, &sqe).result;
}

static enum cap_status
call_signal(cap_id_t target, uint64_t mask)
{
	world_call_begin(&call, &peer, target, SIGNALLER_METHOD_SIGNAL);
	signaller_signal_params_set_mask(signaller_signal_params_init_root(&call.params), mask);
	return world_call(&call);
}

/* A limited signaller in the waiter's table, as its holder makes it. */
static enum cap_status
make_limited(uint64_t mask, uint64_t dropped, cap_id_t *out)
{
	struct notification_limited_signaller_params_builder params;
	enum cap_status status;

	world_call_begin(&call, &waiter, waiting, NOTIFICATION_METHOD_LIMITED_SIGNALLER);
	params = notification_limited_signaller_params_init_root(&call.params);
	notification_limited_signaller_params_set_mask(params, mask);
	notification_limited_signaller_params_set_dropped(params, dropped);
	call.sqe.cap_max = 1;
	status = world_call(&call);
	if (status == CAP_OK)
		*out = call.cqe.cap_id;
	return status;
}

/* The same, moved to the peer. */
static cap_id_t
limited_of_peer(uint64_t mask, uint64_t dropped)
{
	struct limited_signaller_request request = { waiter.process->ledger, notification, mask,
		dropped };
	struct object *object;
	cap_id_t cap_id;

	CHECK_EQ(limited_signaller_create(&request, &object), CAP_OK);
	cap_id = world_give(&peer, object, 0);
	object_put(object);
	return cap_id;
}

static enum cap_status
notify(cap_id_t signaller, uint64_t mask)
{
	struct interrupt_notify_params_builder params;

	world_call_begin(&call, &peer, line, INTERRUPT_METHOD_NOTIFY);
	params = interrupt_notify_params_init_root(&call.params);
	if (signaller != 0)
		interrupt_notify_params_set_signaller(
		    params, (struct capnp_cap){ signaller, 0, CAPNP_CAP_COPY });
	interrupt_notify_params_set_mask(params, mask);
	return world_call(&call);
}

static enum cap_status
make_alarm(cap_id_t signaller, uint64_t mask, cap_id_t *out)
{
	struct timer_alarm_params_builder params;
	enum cap_status status;

	world_call_begin(&call, &peer, timer, TIMER_METHOD_ALARM);
	params = timer_alarm_params_init_root(&call.params);
	timer_alarm_params_set_signaller(
	    params, (struct capnp_cap){ signaller, 0, CAPNP_CAP_COPY });
	timer_alarm_params_set_mask(params, mask);
	call.sqe.cap_max = 1;
	status = world_call(&call);
	if (status == CAP_OK)
		*out = call.cqe.cap_id;
	return status;
}

static enum cap_status
set_alarm(cap_id_t alarm, uint64_t deadline_ns)
{
	world_call_begin(&call, &peer, alarm, ALARM_METHOD_SET);
	alarm_set_params_set_deadline_ns(alarm_set_params_init_root(&call.params), deadline_ns);
	return world_call(&call);
}

static bool
cancel_alarm(cap_id_t alarm)
{
	world_call_begin(&call, &peer, alarm, ALARM_METHOD_CANCEL);
	(void)alarm_cancel_params_init_root(&call.params);
	CHECK_EQ(world_call(&call), CAP_OK);
	return alarm_cancel_results_was_set(alarm_cancel_results_root(&call.results));
}

TEST(a_limited_signaller_sets_bits_of_its_mask_and_no_others)
{
	cap_id_t limited;

	start();
	limited = limited_of_peer(6, 0);
	CHECK_EQ(do_signal(limited, 2), CAP_OK);
	CHECK_EQ(call_signal(limited, 4), CAP_OK);
	CHECK_EQ(bits_set(), 6);
	CHECK_EQ(do_signal(limited, 3), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(do_signal(limited, UINT64_MAX), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(call_signal(limited, 8), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(do_signal(limited, 0), CAP_ERR_INVALID_REQUEST);
	CHECK_EQ(bits_set(), 0);
	CHECK_EQ(world_release(&waiter, waiting), CAP_OK);
	world_settle();
	CHECK_EQ(do_signal(limited, 2), CAP_ERR_DISCONNECTED);
}

TEST(nobody_can_wait_with_a_limited_signaller)
{
	struct cap_sqe sqe = { .op = CAP_OP_WAIT, .addr = 1 };

	start();
	sqe.target = limited_of_peer(1, 0);
	CHECK_EQ(world_do(&peer, &sqe).result, CAP_ERR_WRONG_INTERFACE);
}

TEST(the_last_hold_of_a_limited_signaller_sets_the_bits_of_its_end)
{
	cap_id_t limited;
	cap_id_t other;
	struct cap_hold hold;

	start();
	limited = limited_of_peer(1, PEER_GONE);
	spin_lock(&peer.process->lock);
	CHECK_EQ(cap_table_peek_locked(peer.process->table, limited, &hold), CAP_OK);
	spin_unlock(&peer.process->lock);
	other = world_give(&waiter, hold.object, 0);
	CHECK_EQ(world_release(&peer, limited), CAP_OK);
	world_settle();
	CHECK_EQ(bits_set(), 0);
	CHECK_EQ(world_release(&waiter, other), CAP_OK);
	world_settle();
	CHECK_EQ(bits_set(), PEER_GONE);
}

TEST(a_peer_that_dies_wakes_who_waits_for_its_end)
{
	struct cap_sqe sqe = { .op = CAP_OP_WAIT, .user_data = 5 };
	struct cap_cqe cqe;

	start();
	(void)limited_of_peer(1, PEER_GONE);
	sqe.target = waiting;
	sqe.addr = 1 | PEER_GONE;
	world_submit(&waiter, &sqe);
	CHECK_EQ(world_enter(&waiter, 1, CAP_DEADLINE_NONE), WORLD_WAITS);
	CHECK_EQ(world_syscall(&peer, SYSCALL_EXIT, 0, 0), WORLD_GONE);
	world_settle();
	CHECK(world_reap(&waiter, &cqe));
	CHECK_EQ(cqe.user_data, 5);
	CHECK_EQ(cqe.bits, PEER_GONE);
}

TEST(a_limited_signaller_that_is_refused_changes_nothing)
{
	struct world_accounts before, after;
	struct ledger *ledger;
	cap_id_t made = 0;

	start();
	ledger = waiter.process->ledger;
	before = world_accounts(&waiter);
	CHECK_EQ(make_limited(0, 0, &made), CAP_ERR_INVALID_ARGUMENT);
	frame_fail_after(0);
	CHECK_EQ(make_limited(1, 2, &made), CAP_ERR_NO_MEMORY);
	frame_fail_after(UINT64_MAX);
	world_call_begin(&call, &waiter, waiting, NOTIFICATION_METHOD_LIMITED_SIGNALLER);
	notification_limited_signaller_params_set_dropped(
	    notification_limited_signaller_params_init_root(&call.params), 2);
	CHECK_EQ(world_call(&call), CAP_ERR_TOO_MANY_CAPS);
	ledger->limit[LEDGER_KERNEL_BYTES] = ledger->used[LEDGER_KERNEL_BYTES] + 15;
	CHECK_EQ(make_limited(1, 2, &made), CAP_ERR_QUOTA_EXCEEDED);
	world_settle();
	after = world_accounts(&waiter);
	CHECK_MEMORY(&before, &after, sizeof(before));
	CHECK_EQ(bits_set(), 0);
	CHECK_EQ(made, 0);
}

TEST(what_a_limited_signaller_takes_comes_back_in_either_order)
{
	for (int waiting_first = 0; waiting_first < 2; waiting_first++) {
		uint64_t bytes;
		cap_id_t made;

		start();
		CHECK_EQ(make_limited(1, 2, &made), CAP_OK);
		CHECK_EQ(call.cqe.interface_id, SIGNALLER_INTERFACE_ID);
		bytes = waiter.process->ledger->used[LEDGER_KERNEL_BYTES];
		CHECK_EQ(world_release(&waiter, waiting_first ? waiting : made), CAP_OK);
		CHECK_EQ(world_release(&waiter, waiting_first ? made : waiting), CAP_OK);
		CHECK_EQ(world_release(&peer, signalling), CAP_OK);
		world_settle();
		world_settle();
		CHECK(waiter.process->ledger->used[LEDGER_KERNEL_BYTES] < bytes);
		start();
		bytes = waiter.process->ledger->used[LEDGER_KERNEL_BYTES];
		CHECK_EQ(make_limited(1, 2, &made), CAP_OK);
		CHECK_EQ(world_release(&waiter, made), CAP_OK);
		world_settle();
		CHECK_EQ(waiter.process->ledger->used[LEDGER_KERNEL_BYTES], bytes);
	}
}

TEST(a_line_that_fires_sets_bits_and_stays_masked)
{
	start();
	CHECK_EQ(notify(signalling, 12), CAP_OK);
	CHECK_EQ(bits_set(), 0);
	arch_irq_unmask(LINE);
	fire();
	CHECK_EQ(bits_set(), 12);
	CHECK(!(sim.irq_unmasked & (UINT64_C(1) << LINE)));
	fire();
	CHECK_EQ(bits_set(), 12);
	/* Its holder may let the signaller go: the line keeps it. */
	CHECK_EQ(world_release(&peer, signalling), CAP_OK);
	world_settle();
	fire();
	CHECK_EQ(bits_set(), 12);
	CHECK_EQ(notify(0, 0), CAP_OK);
	fire();
	CHECK_EQ(bits_set(), 0);
}

TEST(a_firing_that_nobody_was_told_of_sets_the_bits_at_once)
{
	start();
	fire();
	CHECK_EQ(notify(signalling, 1), CAP_OK);
	CHECK_EQ(bits_set(), 1);
	/* And once. */
	CHECK_EQ(notify(signalling, 2), CAP_OK);
	CHECK_EQ(bits_set(), 0);
	fire();
	CHECK_EQ(bits_set(), 2);
}

TEST(a_waiter_is_answered_beside_the_bits)
{
	enum cap_status status;

	start();
	CHECK_EQ(notify(signalling, 1), CAP_OK);
	world_call_begin(&call, &peer, line, INTERRUPT_METHOD_WAIT);
	(void)interrupt_wait_params_init_root(&call.params);
	world_call_submit(&call);
	fire();
	CHECK(world_call_reap(&call, &status));
	CHECK_EQ(status, CAP_OK);
	CHECK_EQ(bits_set(), 1);
}

TEST(a_line_whose_bits_nobody_can_wait_for_is_remembered)
{
	start();
	CHECK_EQ(notify(signalling, 1), CAP_OK);
	CHECK_EQ(world_release(&waiter, waiting), CAP_OK);
	world_settle();
	fire();
	world_call_begin(&call, &peer, line, INTERRUPT_METHOD_WAIT);
	(void)interrupt_wait_params_init_root(&call.params);
	CHECK_EQ(world_call(&call), CAP_OK);
	CHECK_EQ(interrupt_wait_results_count(interrupt_wait_results_root(&call.results)), 1);
}

static const struct {
	const char *what;
	uint64_t mask;
	enum cap_status expected;
} bad_targets[] = {
	{ "signaller", 0, CAP_ERR_INVALID_ARGUMENT },
	{ "limited", 3, CAP_ERR_INVALID_ARGUMENT },
	{ "limited", 0, CAP_ERR_INVALID_ARGUMENT },
	{ "timer", 1, CAP_ERR_WRONG_INTERFACE },
	{ "null", 1, CAP_ERR_INVALID_CAP },
	{ "released", 1, CAP_ERR_STALE_GENERATION },
	{ "revoked", 1, CAP_ERR_REVOKED },
};

static cap_id_t
bad_target(const char *what)
{
	cap_id_t cap_id = what[0] == 's' ? signalling : what[0] == 't' ? timer : 0;

	if (cap_id != 0 || what[0] == 'n')
		return cap_id;
	cap_id = limited_of_peer(1, 0);
	if (strcmp(what, "released") == 0) {
		CHECK_EQ(world_release(&peer, cap_id), CAP_OK);
		world_settle();
	} else if (strcmp(what, "revoked") == 0) {
		struct cap_ref ref;

		CHECK_EQ(cap_lookup(peer.process->table, cap_id, &ref), CAP_OK);
		CHECK(object_revoke(ref.object));
	}
	return cap_id;
}

TEST(signallers_that_are_no_good_are_refused_and_change_nothing)
{
	for (size_t i = 0; i < sizeof(bad_targets) / sizeof(bad_targets[0]); i++) {
		struct world_accounts before, after;
		cap_id_t bad;
		cap_id_t made = 0;

		start();
		CHECK_EQ(notify(signalling, 1), CAP_OK);
		bad = bad_target(bad_targets[i].what);
		before = world_accounts(&peer);
		/* A transfer entry cannot name nothing: a null capability is no capability. */
		CHECK_EQ(notify(bad, bad_targets[i].mask), bad_targets[i].expected);
		if (bad != 0)
			CHECK_EQ(
			    make_alarm(bad, bad_targets[i].mask, &made), bad_targets[i].expected);
		after = world_accounts(&peer);
		CHECK_MEMORY(&before, &after, sizeof(before));
		CHECK_EQ(made, 0);
		/* The line has the one that it had. */
		fire();
		CHECK_EQ(bits_set(), 1);
	}
}

TEST(a_revoked_signaller_that_the_kernel_keeps_sets_nothing)
{
	cap_id_t limited;
	cap_id_t alarm;
	struct cap_ref ref;

	start();
	limited = limited_of_peer(1, 0);
	CHECK_EQ(notify(limited, 1), CAP_OK);
	CHECK_EQ(make_alarm(limited, 1, &alarm), CAP_OK);
	CHECK_EQ(set_alarm(alarm, sim.now_ns + 1000), CAP_OK);
	CHECK_EQ(cap_lookup(peer.process->table, limited, &ref), CAP_OK);
	CHECK(object_revoke(ref.object));
	fire();
	pass(2000);
	CHECK_EQ(bits_set(), 0);
}

TEST(an_alarm_sets_its_bits_at_its_time_and_once)
{
	cap_id_t alarm;

	start();
	CHECK_EQ(make_alarm(signalling, 3, &alarm), CAP_OK);
	CHECK_EQ(call.cqe.interface_id, ALARM_INTERFACE_ID);
	CHECK_EQ(set_alarm(alarm, sim.now_ns + 1000), CAP_OK);
	pass(500);
	CHECK_EQ(bits_set(), 0);
	pass(500);
	CHECK_EQ(bits_set(), 3);
	pass(5000);
	CHECK_EQ(bits_set(), 0);
	CHECK(!cancel_alarm(alarm));
}

TEST(a_time_that_has_come_sets_the_bits_at_once)
{
	cap_id_t alarm;

	start();
	pass(1000);
	CHECK_EQ(make_alarm(signalling, 1, &alarm), CAP_OK);
	CHECK_EQ(set_alarm(alarm, 0), CAP_OK);
	CHECK_EQ(bits_set(), 1);
	CHECK_EQ(set_alarm(alarm, sim.now_ns), CAP_OK);
	CHECK_EQ(bits_set(), 1);
}

TEST(a_new_time_replaces_the_old_one)
{
	cap_id_t alarm;

	start();
	CHECK_EQ(make_alarm(signalling, 1, &alarm), CAP_OK);
	CHECK_EQ(set_alarm(alarm, sim.now_ns + 1000), CAP_OK);
	CHECK_EQ(set_alarm(alarm, sim.now_ns + 3000), CAP_OK);
	pass(2000);
	CHECK_EQ(bits_set(), 0);
	CHECK_EQ(set_alarm(alarm, sim.now_ns + 100), CAP_OK);
	pass(100);
	CHECK_EQ(bits_set(), 1);
	pass(5000);
	CHECK_EQ(bits_set(), 0);
}

TEST(a_cancelled_alarm_sets_nothing)
{
	cap_id_t alarm;

	start();
	CHECK_EQ(make_alarm(signalling, 1, &alarm), CAP_OK);
	CHECK_EQ(set_alarm(alarm, sim.now_ns + 1000), CAP_OK);
	CHECK(cancel_alarm(alarm));
	CHECK(!cancel_alarm(alarm));
	pass(2000);
	CHECK_EQ(bits_set(), 0);
}

TEST(alarms_and_lines_end_with_who_holds_them)
{
	uint64_t bytes = 0;

	for (int round = 0; round < 2; round++) {
		uint64_t at_ns;
		cap_id_t alarm;

		start();
		CHECK_EQ(make_alarm(limited_of_peer(1, PEER_GONE), 1, &alarm), CAP_OK);
		at_ns = sim.now_ns + 1000;
		CHECK_EQ(set_alarm(alarm, at_ns), CAP_OK);
		CHECK_EQ(deadline_next_ns(), at_ns);
		if (round != 0)
			CHECK_EQ(notify(limited_of_peer(2, PEER_GONE), 2), CAP_OK);
		CHECK_EQ(world_syscall(&peer, SYSCALL_EXIT, 0, 0), WORLD_GONE);
		world_settle();
		world_settle();
		/* All that they kept is gone, and its end is told. */
		CHECK_EQ(bits_set(), PEER_GONE);
		CHECK(deadline_next_ns() != at_ns);
		pass(2000);
		fire();
		CHECK_EQ(bits_set(), 0);
		if (round == 0)
			bytes = ledger_boot.used[LEDGER_KERNEL_BYTES];
		else
			CHECK_EQ(ledger_boot.used[LEDGER_KERNEL_BYTES], bytes);
	}
}

TEST(an_alarm_is_charged_and_its_memory_comes_back)
{
	struct world_accounts before, after;
	struct ledger *ledger;
	cap_id_t alarm = 0;

	start();
	before = world_accounts(&peer);
	CHECK_EQ(make_alarm(signalling, 1, &alarm), CAP_OK);
	CHECK_EQ(set_alarm(alarm, sim.now_ns + 1000), CAP_OK);
	after = world_accounts(&peer);
	CHECK(after.own[LEDGER_KERNEL_BYTES] > before.own[LEDGER_KERNEL_BYTES]);
	CHECK_EQ(world_release(&peer, alarm), CAP_OK);
	world_settle();
	world_settle();
	after = world_accounts(&peer);
	CHECK_MEMORY(&before, &after, sizeof(before));
	pass(2000);
	CHECK_EQ(bits_set(), 0);
	frame_fail_after(0);
	CHECK_EQ(make_alarm(signalling, 1, &alarm), CAP_ERR_NO_MEMORY);
	frame_fail_after(UINT64_MAX);
	ledger = peer.process->ledger;
	ledger->limit[LEDGER_KERNEL_BYTES] = ledger->used[LEDGER_KERNEL_BYTES] + 15;
	CHECK_EQ(make_alarm(signalling, 1, &alarm), CAP_ERR_QUOTA_EXCEEDED);
	after = world_accounts(&peer);
	CHECK_MEMORY(&before, &after, sizeof(before));
}
