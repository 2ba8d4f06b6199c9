/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entering and leaving the kernel. An entry works on the current thread's ring with a window
 * between two submissions and after each step of a job; if something more urgent is due then, the
 * thread's system call is set up to be executed again and another thread runs. All waiting happens
 * at the end of cap_enter.
 */
#include "dispatch/entry.h"

#include <abi/ring.h>
#include <abi/start.h>
#include <schema/limits.capnp.h>
#include <schema/process.capnp.h>

#include "arch/clock.h"
#include "arch/cpu.h"
#include "base/assert.h"
#include "base/log.h"
#include "cap/process.h"
#include "dispatch/diagnostic.h"
#include "dispatch/submission.h"
#include "ipc/answer.h"
#include "ipc/endpoint.h"
#include "irq/irq.h"
#include "mm/grace.h"
#include "mm/job.h"
#include "object/endpoint.h"
#include "object/notification.h"
#include "object/timer.h"
#include "ring/ring.h"
#include "ring/tap.h"
#include "sched/thread.h"
#include "sync/per_cpu.h"
#include "time/deadline.h"

#define REAP_STEPS_PER_ENTRY 16

static struct kernel_hooks hooks;

static void
op_expired(struct op *op)
{
	(void)op_cancel(op, CAP_ERR_TIMED_OUT);
}

void
kernel_core_init(const struct kernel_hooks *given)
{
	static const struct ring_hooks ring_hooks = {
		.op_expired = op_expired,
		.op_answered = answer_settle,
		.op_cell_drop = op_cell_drop,
	};

	hooks = *given;
	deadline_init();
	ring_init(&ring_hooks);
	sched_init();
	cap_init();
	ipc_init(&endpoint_owner_type);
	answer_init(submission_run_promised);
	timer_init();
	endpoint_factory_init();
	notification_objects_init();
	diagnostic_init();
}

/* What the clock and devices brought. */
static COLD void
run_due(void)
{
	irq_run();
	while (deadline_run(arch_clock_now_ns()))
		arch_interrupt_window();
}

/* The thread goes behind the others, and does what is left of its entry when it is back. */
static COLD _Noreturn void
yield_and_restart(struct thread *thread)
{
	arch_thread_restart(thread->registers);
	thread_preempt(thread);
	kernel_leave();
}

/* A slice ends by a deadline: it is over only when something was due. */
static COLD void
due_in_entry(struct thread *thread)
{
	run_due();
	if (sched_must_switch())
		yield_and_restart(thread);
}

/* Between two pieces of work of an entry: interrupts, and whoever is more urgent. */
static inline void
window(struct thread *thread)
{
	arch_interrupt_window();
	if (sched_due_take())
		due_in_entry(thread);
}

static COLD void
run_jobs(struct thread *thread)
{
	while (!list_is_empty(&thread->jobs)) {
		struct job *job = LIST_ENTRY(thread->jobs.next, struct job, link);

		list_remove(&job->link);
		if (job->step(job) == JOB_AGAIN)
			list_prepend(&thread->jobs, &job->link);
		if (thread->state == THREAD_DEAD)
			kernel_leave();
		window(thread);
	}
}

/* What may be left by what was not short. */
static NO_INLINE void
run_left(struct thread *thread)
{
	/* A method may have ended this very process. */
	if (thread->state == THREAD_DEAD)
		kernel_leave();
	if (!list_is_empty(&thread->jobs))
		run_jobs(thread);
}

/* True: it was short. */
static inline bool
run_taken(struct thread *thread, struct op *op, enum ring_take taken)
{
	if (taken == RING_CALL	     ? submission_run_call(thread->process, op)
		: taken == RING_TURN ? submission_run_turn(thread->process, op)
				     : submission_run(thread->process, op))
		return true;
	run_left(thread);
	return false;
}

static inline bool
is_short_end(struct thread *thread, enum submission_end end)
{
	if (end == SUBMISSION_UNUSUAL)
		run_left(thread);
	return end == SUBMISSION_SHORT;
}

/* Short submissions, NOPs among them, between two windows. */
#define SHORT_PER_WINDOW 8

static inline __attribute__((always_inline)) void
drain(struct thread *thread, struct ring *ring)
{
	struct ring_bare bare;
	struct op *op;

	for (uint32_t i = 0; i < ENTRY_SUBMISSIONS_MAX; i++) {
		enum ring_take taken = ring_take(ring, &op, &bare);
		bool is_short = true;

		if (taken == RING_FULL)
			return;
		if (taken == RING_SIGNAL)
			is_short = is_short_end(
			    thread, submission_run_signal(thread->process, ring, bare));
		else if (taken == RING_RETURN)
			is_short = is_short_end(
			    thread, submission_run_return(thread->process, ring, bare));
		else if (taken == RING_RELEASE)
			is_short = is_short_end(
			    thread, submission_run_release(thread->process, ring, bare));
		else if (taken != RING_DONE)
			is_short = run_taken(thread, op, taken);
		if (is_short) {
			if (ring_ready(ring) == 0)
				return;
			if ((i + 1) % SHORT_PER_WINDOW != 0)
				continue;
		} else if (ring_ready(ring) == 0) {
			return;
		}
		window(thread);
	}
}

static COLD void
ring_is_corrupt(struct thread *thread)
{
	struct diagnostic what = { thread->process->pid, CAP_ERR_RING_CORRUPT, 0, 0 };

	diagnostic_refused(&what);
	arch_thread_result_set(thread->registers, CAP_ERR_RING_CORRUPT);
}

/* The general way for each, with its record before it runs; the completion's is ring/'s. */
static COLD void
drain_tapped(struct thread *thread, struct ring *ring)
{
	struct op *op;

	for (uint32_t i = 0; i < ENTRY_SUBMISSIONS_MAX; i++) {
		struct ring_tap *tap = ring_tapped(ring);

		if (ring_take_tapped(ring, &op) == RING_FULL)
			return;
		if (tap != NULL)
			ring_tap_submitted(tap, op, submission_interface(op));
		submission_run_general(op);
		if (thread->state == THREAD_DEAD)
			kernel_leave();
		run_jobs(thread);
		/* Behind the last one the entry leaves, as without a tap. */
		if (ring_ready(ring) == 0)
			return;
		window(thread);
	}
}

/* What ring_refresh() told apart. False: the ring is corrupt, and the result says so. */
static COLD bool
take_unusually(struct thread *thread, struct ring *ring)
{
	if (ring_is_refused(ring)) {
		ring_is_corrupt(thread);
		return false;
	}
	drain_tapped(thread, ring);
	return true;
}

/* Submissions are left that one entry does not take: they may be what is waited for. */
static COLD bool
takes_more(struct thread *thread)
{
	if (ring_outstanding(thread->ring) == ring_cq_entries(thread->ring))
		return false;
	arch_thread_restart(thread->registers);
	return true;
}

/* Not enough is unread. False: the thread waits, and the result is set by who wakes it. */
static inline __attribute__((always_inline)) bool
wait(struct thread *thread, struct ring *ring, uint32_t count, uint64_t deadline_ns)
{
	if (ring_ready(ring) != 0 && takes_more(thread))
		return true;
	if (deadline_ns == CAP_DEADLINE_NONE && count > ring_outstanding(ring)) {
		arch_thread_result_set(thread->registers, CAP_ERR_UNENDABLE_WAIT);
		return true;
	}
	if (thread_wait(thread, ring, count, deadline_ns))
		return false;
	arch_thread_result_set(thread->registers, (int64_t)ring_unread(ring));
	return true;
}

/* False: the ring is corrupt, and the result says so. */
static inline __attribute__((always_inline)) bool
take_submissions(struct thread *thread, struct ring *ring)
{
	if (!list_is_empty(&thread->jobs))
		run_jobs(thread);
	if (!ring_refresh(ring))
		return take_unusually(thread, ring);
	if (ring_ready(ring) != 0)
		drain(thread, ring);
	return true;
}

/* `min_complete` is larger than the queue: the yield, or nonsense. */
static COLD bool
enter_unusually(struct thread *thread)
{
	struct ring *ring = thread->ring;

	if (arch_thread_argument(thread->registers, 0) != CAP_ENTER_YIELD ||
	    arch_thread_argument(thread->registers, 1) != 0) {
		arch_thread_result_set(thread->registers, CAP_ERR_INVALID_REQUEST);
		return true;
	}
	if (!take_submissions(thread, ring))
		return true;
	arch_thread_result_set(thread->registers, (int64_t)ring_unread(ring));
	thread_preempt(thread);
	return false;
}

/* True: the thread goes on with its result. */
static inline __attribute__((always_inline)) bool
cap_enter(struct thread *thread)
{
	struct ring *ring = thread->ring;
	uint64_t min_complete;
	uint64_t deadline_ns;
	uint32_t unread;

	if (arch_thread_argument(thread->registers, 0) > ring_cq_entries(ring))
		return enter_unusually(thread);
	if (!take_submissions(thread, ring))
		return true;
	/* Both are as they were, and had no register meanwhile. */
	min_complete = arch_thread_argument(thread->registers, 0);
	deadline_ns = arch_thread_argument(thread->registers, 1);
	unread = ring_unread(ring);
	if (min_complete > unread && deadline_ns != CAP_DEADLINE_POLL)
		return wait(thread, ring, (uint32_t)min_complete, deadline_ns);
	arch_thread_result_set(thread->registers, (int64_t)unread);
	return true;
}

static COLD void
exit_with(struct thread *thread, const struct process_exit *exit)
{
	hooks.exit(thread, exit);
	KASSERT(thread_current() == NULL);
}

KERNEL_ENTRY void
kernel_syscall(uint64_t number)
{
	struct thread *thread = thread_current();

	grace_enter();
	if (number == SYSCALL_CAP_ENTER) {
		/* Nothing is due, nobody else is ready, nothing is to be reaped: the usual case. */
		if (!cap_enter(thread)) {
			thread = sched_next_by_handoff();
			/* Whoever is handed over to waited in its own system call. */
			if (thread != NULL)
				arch_resume_syscall(thread->registers);
		} else if (pending_is_empty(pending_here())) {
			arch_resume_syscall(thread->registers);
		}
	} else if (number == SYSCALL_EXIT) {
		struct process_exit exit = { .kind = EXIT_KIND_EXITED,
			.code = (int64_t)arch_thread_argument(thread->registers, 0) };

		exit_with(thread, &exit);
	} else {
		arch_thread_result_set(thread->registers, CAP_ERR_UNKNOWN_SYSCALL);
	}
	kernel_leave();
}

_Noreturn void
kernel_user_fault(const struct kernel_fault *fault)
{
	struct thread *thread = thread_current();
	struct process_exit exit = {
		.kind = EXIT_KIND_FAULTED,
		.code = (int64_t)fault->vector,
		.fault_address = fault->address,
		.fault_instruction = fault->instruction,
		.fault_error = fault->error,
	};

	grace_enter();
	log_line(LOG_WARN, "dispatch",
	    "pid=%u fault vector=%llu error=%llx address=%llx instruction=%llx",
	    thread->process->pid, (unsigned long long)fault->vector,
	    (unsigned long long)fault->error, (unsigned long long)fault->address,
	    (unsigned long long)fault->instruction);
	exit_with(thread, &exit);
	kernel_leave();
}

_Noreturn void
kernel_user_interrupted(void)
{
	grace_enter();
	kernel_leave();
}

void
kernel_clock_event(void)
{
	sched_due_mark();
}

/* Drops and teardowns, some at each entry; whoever goes to user mode meanwhile has a slice. */
static COLD void
reap_some(void)
{
	for (uint32_t i = 0; i < REAP_STEPS_PER_ENTRY && job_reap_step(); i++) {
		arch_interrupt_window();
		if (sched_due_take())
			run_due();
	}
}

/* Nobody is ready: halt, unless something came up. */
static COLD void
idle(void)
{
	grace_leave();
	if (!job_reap_pending() && !grace_pending())
		arch_idle();
	grace_enter();
}

KERNEL_ENTRY void
kernel_leave(void)
{
	struct thread *thread;

	for (;;) {
		if (job_reap_pending())
			reap_some();
		/*
		 * Until nothing is due: from here to user mode, or to the halt, there is no window.
		 */
		while (sched_due_take())
			run_due();
		thread = thread_current();
		if (thread != NULL && sched_must_switch()) {
			thread_preempt(thread);
			thread = NULL;
		}
		if (thread == NULL)
			thread = sched_next();
		else
			sched_stay();
		if (thread != NULL)
			break;
		idle();
	}
	sched_leaving();
	grace_leave();
	arch_resume(thread->registers);
}
