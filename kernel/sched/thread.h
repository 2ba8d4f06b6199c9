/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Threads and who runs. A thread off the CPU is its saved registers plus its ops: it has no kernel stack.
 *
 *   NEW -> READY (start) -> RUNNING -> WAITING (end of cap_enter) -> READY (wake) ... -> DEAD
 */
#include "arch/thread.h"
#include "base/annotate.h"
#include "base/list.h"
#include "mm/ledger.h"
#include "sync/spinlock.h"

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
	_Atomic uint8_t	    state;
	uint32_t	    tid;
	struct process	   *process; /* [I] */
	struct ring	   *ring;    /* [I] */
	struct list_node    run_link;
	struct list_node    jobs;	 /* work that this thread asked for: struct job, oldest first */
	uint32_t	    wait_count;	 /* unread completions that end the wait */
	uint64_t	    wait_deadline_ns;
	struct arch_thread *registers; /* [I] behind this struct */
	paddr_t		    root;      /* [I] of the process's address space */
	const uint8_t	   *io_bitmap; /* of the process; NULL: none */
};

MUST_CHECK enum cap_status thread_create(struct process *process, struct ledger *payer, struct thread **out);
void thread_free(struct thread *thread, struct ledger *payer);
void thread_start(struct thread *thread);
/* WAITING -> READY if its wait is over. Called with the ring's completion lock held or by a deadline. */
void thread_wake(struct thread *thread, int64_t result);
/* The thread that this CPU runs, or NULL. */
struct thread *thread_current(void);
/* End a thread of a dying process, wherever it is; it never runs again. */
void thread_kill(struct thread *thread);

/* Hint from ipc/: when the current entry ends with its caller blocked, run this thread next (direct switch). */
void sched_handoff(struct thread *thread);
/* Leave the kernel: the current thread goes on if it may, else the next one, else idle. */
_Noreturn void sched_leave(void);
