/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Threads and who runs. A thread off the CPU is its saved registers plus its ops: it has no kernel
 * stack.
 *
 *   NEW -> READY (start) -> RUNNING -> WAITING (end of cap_enter) -> READY (wake) ... -> DEAD
 */
#include "arch/thread.h"
#include "base/annotate.h"
#include "base/list.h"
#include "mm/job.h"
#include "mm/ledger.h"
#include "sync/spinlock.h"
#include "time/deadline.h"

struct process;
struct ring;

enum thread_state {
	THREAD_NEW,
	THREAD_READY,
	THREAD_RUNNING,
	THREAD_WAITING,
	THREAD_DEAD,
};

struct thread {
	_Atomic uint8_t state;
	uint32_t tid;
	struct process *process; /* [I] */
	struct ring *ring;	 /* [I] */
	struct list_node run_link;
	struct list_node jobs; /* work that this thread asked for: struct job, oldest first */
	struct deadline wait_deadline;
	uint32_t cpu;		       /* whose run queue */
	struct arch_thread *registers; /* [I] behind this struct */
	paddr_t root;		       /* [I] of the process's address space */
	const uint8_t *io_bitmap;      /* of the process; NULL: none */
};

#define SCHED_SLICE_NS UINT64_C(10000000)

/* Once, at start, and between simulator runs: nobody runs, nobody is ready. */
void sched_init(void);

/* `ring`, `root` and `io_bitmap` are set by the caller before thread_start(). */
MUST_CHECK enum cap_status
thread_create(struct process *process, struct ledger *payer, struct thread **out);
void thread_free(struct thread *thread, struct ledger *payer);
/* NEW -> READY. */
void thread_start(struct thread *thread);
/*
 * End a thread of a dying process, wherever it is; it never runs again. Its jobs go on as reap
 * jobs: they see by their ops that nobody waits for them any more.
 */
void thread_kill(struct thread *thread);
/* Work in the thread's own time, done before it returns to user mode. */
void thread_job_queue(struct thread *thread, struct job *job);
/*
 * Work came up for a thread that may be waiting: it is woken, does it, and waits again, as its
 * cap_enter is executed once more. Locks: as for a completion.
 */
void thread_jobs_wake(struct thread *thread);

/*
 * The thread's I/O permission map was made or changed: load it again if the CPU has the thread's
 * state.
 */
void thread_reload(struct thread *thread);

/* The thread that this CPU runs, or NULL. */
struct thread *thread_current(void);

/*
 * RUNNING -> WAITING for `count` unread completions in `ring`, its own, until `deadline_ns`; false:
 * there is nothing to wait for (any more). WAITING -> READY is ring_wait_over() of ring/ring.h: one
 * that is handed over to stands beside the queue, as the next to run.
 */
bool thread_wait(struct thread *thread, struct ring *ring, uint32_t count, uint64_t deadline_ns);
/* RUNNING -> READY, behind the others. */
void thread_preempt(struct thread *thread);

/*
 * Something is due (clock event, interrupt): looked at in the next window and on the way out.
 * Called by handlers.
 */
void sched_due_mark(void);
bool sched_due_take(void);
/* The slice of the current thread is over and another one is ready. */
bool sched_must_switch(void);

/*
 * The thread to run now: made RUNNING and current, its address space loaded; NULL: none is ready.
 */
struct thread *sched_next(void);
/*
 * The same when nothing is to be done but to hand over, which leaves the slice as it is; else NULL:
 * sched_next() decides.
 */
struct thread *sched_next_by_handoff(void);
/* The current thread goes on: who was to be handed over to waits in the queue. */
void sched_stay(void);
/*
 * Before user mode: a slice is armed if someone else wants the CPU, reap jobs included.
 */
void sched_leaving(void);
