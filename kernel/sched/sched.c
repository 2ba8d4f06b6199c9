/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads and run queues: round-robin with a slice of 10 ms, which is armed only while someone else
 * wants the CPU. A direct switch goes past the queue and leaves the slice as it is: the thread that
 * is handed over to stands beside the queue from its wake to the end of the entry. A thread's state
 * changes with its ring's lock (WAITING -> READY) or by its own CPU.
 */
#include <stdatomic.h>

#include "arch/clock.h"
#include "arch/cpu.h"
#include "base/assert.h"
#include "mm/pool.h"
#include "ring/ring.h"
#include "sched/thread.h"
#include "sync/per_cpu.h"

/* What of a CPU is not in per_cpus[]. */
struct sched_cpu {
	struct spinlock lock;	/* rank LOCK_RANK_RUN_QUEUE, key: CPU */
	struct list_node ready; /* guarded by lock: struct thread.run_link */
	struct deadline slice;
};

static struct sched_cpu cpus[CPU_COUNT_MAX];
static struct pool thread_pool;
static uint32_t next_tid;

static inline struct sched_cpu *
this_cpu(void)
{
	return &cpus[arch_cpu_id()];
}

static void
slice_expired(struct deadline *deadline)
{
	per_cpus[LIST_ENTRY(deadline, struct sched_cpu, slice) - cpus].slice_over = true;
}

void
sched_init(void)
{
	/* The extended state wants 64-byte alignment, which the pool does not promise. */
	pool_init(&thread_pool, "thread", sizeof(struct thread) + 64 + arch_thread_bytes());
	next_tid = 1;
	for (uint32_t i = 0; i < CPU_COUNT_MAX; i++) {
		cpus[i] = (struct sched_cpu){ 0 };
		per_cpus[i].current = per_cpus[i].handoff = NULL;
		per_cpus[i].loaded = NULL;
		per_cpus[i].id = i;
		per_cpus[i].slice_over = false;
		spin_init(&cpus[i].lock, LOCK_RANK_RUN_QUEUE, i);
		list_init(&cpus[i].ready);
		deadline_prepare(&cpus[i].slice, slice_expired);
	}
}

static void
wait_expired(struct deadline *deadline)
{
	struct thread *thread = LIST_ENTRY(deadline, struct thread, wait_deadline);

	if (ring_wait_end(thread->ring))
		ring_wait_over(thread, ring_unread(thread->ring), false);
}

enum cap_status
thread_create(struct process *process, struct ledger *payer, struct thread **out)
{
	void *memory;
	struct thread *thread;
	enum cap_status status = pool_alloc(&thread_pool, payer, &memory);

	if (status != CAP_OK)
		return status;
	thread = memory;
	thread->registers = (struct arch_thread *)(((uintptr_t)(thread + 1) + 63) & ~(uintptr_t)63);
	thread->process = process;
	thread->tid = __atomic_fetch_add(&next_tid, 1, __ATOMIC_RELAXED);
	thread->cpu = arch_cpu_id();
	list_init(&thread->run_link);
	list_init(&thread->jobs);
	deadline_prepare(&thread->wait_deadline, wait_expired);
	*out = thread;
	return CAP_OK;
}

void
thread_free(struct thread *thread, struct ledger *payer)
{
	const struct per_cpu *cpu = &per_cpus[thread->cpu];

	KASSERT(thread->state == THREAD_NEW || thread->state == THREAD_DEAD);
	KASSERT(cpu->current != thread && cpu->loaded != thread->registers);
	pool_free(&thread_pool, payer, thread);
}

static void
make_ready(struct thread *thread)
{
	struct sched_cpu *cpu = &cpus[thread->cpu];

	spin_lock(&cpu->lock);
	atomic_store_explicit(&thread->state, THREAD_READY, memory_order_relaxed);
	list_append(&cpu->ready, &thread->run_link);
	per_cpus[thread->cpu].pending.ready++;
	spin_unlock(&cpu->lock);
}

/* The thread that stands beside the queue goes into it. */
static COLD void
handoff_queue(struct per_cpu *cpu)
{
	cpu->pending.handoff = 0;
	make_ready(cpu->handoff);
}

void
thread_start(struct thread *thread)
{
	KASSERT(thread->state == THREAD_NEW);
	make_ready(thread);
}

void
thread_kill(struct thread *thread)
{
	struct sched_cpu *queue = &cpus[thread->cpu];
	struct per_cpu *cpu = &per_cpus[thread->cpu];

	if (thread->state == THREAD_WAITING)
		(void)ring_wait_end(thread->ring);
	(void)deadline_disarm(&thread->wait_deadline);
	if (cpu == arch_per_cpu() && cpu->pending.handoff != 0)
		handoff_queue(cpu);
	spin_lock(&queue->lock);
	if (thread->state == THREAD_READY) {
		list_remove(&thread->run_link);
		cpu->pending.ready--;
	}
	atomic_store_explicit(&thread->state, THREAD_DEAD, memory_order_relaxed);
	if (cpu->current == thread)
		cpu->current = NULL;
	spin_unlock(&queue->lock);
	while (!list_is_empty(&thread->jobs)) {
		struct job *job = LIST_ENTRY(thread->jobs.next, struct job, link);

		list_remove(&job->link);
		job_reap_queue(job);
	}
	/* Whoever runs next must not save into it, and its address space is about to go. */
	if (cpu->loaded == thread->registers) {
		arch_thread_none(thread->registers);
		cpu->loaded = NULL;
	}
}

void
thread_job_queue(struct thread *thread, struct job *job)
{
	list_append(&thread->jobs, &job->link);
}

void
thread_reload(struct thread *thread)
{
	if (arch_per_cpu()->loaded == thread->registers)
		arch_io_bitmap_load(thread->io_bitmap);
}

struct thread *
thread_current(void)
{
	return arch_per_cpu()->current;
}

/* False: the deadline has passed already. */
static COLD bool
wait_deadline_arm(struct thread *thread, uint64_t deadline_ns)
{
	if (deadline_ns <= arch_clock_now_ns())
		return false;
	deadline_arm(&thread->wait_deadline, deadline_ns);
	return true;
}

/* What was waited for is there meanwhile. */
static COLD void
wait_undo(struct thread *thread)
{
	if (thread->wait_deadline.armed)
		(void)deadline_disarm(&thread->wait_deadline);
	atomic_store_explicit(&thread->state, THREAD_RUNNING, memory_order_relaxed);
}

HOT_INLINE bool
thread_wait(struct thread *thread, struct ring *ring, uint32_t count, uint64_t deadline_ns)
{
	if (deadline_ns != UINT64_MAX && !wait_deadline_arm(thread, deadline_ns))
		return false;
	/*
	 * Before the ring knows of the wait: a completion on another CPU may wake the thread at
	 * once.
	 */
	atomic_store_explicit(&thread->state, THREAD_WAITING, memory_order_relaxed);
	if (ring_wait_begin(ring, count) != 0) {
		wait_undo(thread);
		return false;
	}
	arch_per_cpu()->current = NULL;
	return true;
}

static NO_INLINE void
wake_into_queue(struct thread *thread)
{
	if (thread->wait_deadline.armed)
		(void)deadline_disarm(&thread->wait_deadline);
	make_ready(thread);
}

HOT_INLINE void
ring_wait_over(struct thread *thread, uint32_t unread, bool hands_over)
{
	struct per_cpu *cpu = arch_per_cpu();

	arch_thread_result_set(thread->registers, (int64_t)unread);
	if (!hands_over || thread->cpu != cpu->id || cpu->pending.handoff != 0 ||
	    thread->wait_deadline.armed) {
		wake_into_queue(thread);
		return;
	}
	cpu->handoff = thread;
	atomic_store_explicit(&thread->state, THREAD_READY, memory_order_relaxed);
	cpu->pending.handoff = 1;
}

void
thread_jobs_wake(struct thread *thread)
{
	if (thread->state != THREAD_WAITING || list_is_empty(&thread->jobs) ||
	    !ring_wait_end(thread->ring))
		return;
	arch_thread_restart(thread->registers);
	wake_into_queue(thread);
}

void
thread_preempt(struct thread *thread)
{
	struct per_cpu *cpu = arch_per_cpu();

	KASSERT(cpu->current == thread);
	cpu->current = NULL;
	make_ready(thread);
}

void
sched_due_mark(void)
{
	__atomic_store_n(&pending_here()->due, 1, __ATOMIC_RELAXED);
}

bool
sched_due_take(void)
{
	struct pending *pending = pending_here();

	/*
	 * Only this CPU's handlers set it, and they run in windows: a plain look and a plain store
	 * are enough.
	 */
	if (__atomic_load_n(&pending->due, __ATOMIC_RELAXED) == 0)
		return false;
	__atomic_store_n(&pending->due, 0, __ATOMIC_RELAXED);
	return true;
}

bool
sched_must_switch(void)
{
	const struct per_cpu *cpu = arch_per_cpu();

	return cpu->slice_over && (cpu->pending.ready != 0 || cpu->pending.handoff != 0);
}

void
sched_stay(void)
{
	struct per_cpu *cpu = arch_per_cpu();

	if (cpu->pending.handoff != 0)
		handoff_queue(cpu);
}

/*
 * The thread of the hand-over, if it is ready and the slice is not over, else the first in the
 * queue.
 */
static struct thread *
pick(struct per_cpu *cpu)
{
	struct sched_cpu *queue = this_cpu();
	struct list_node *first;

	if (cpu->pending.handoff != 0) {
		if (!cpu->slice_over) {
			cpu->pending.handoff = 0;
			return cpu->handoff;
		}
		handoff_queue(cpu);
	}
	spin_lock(&queue->lock);
	first = list_first(&queue->ready);
	if (first != NULL) {
		list_remove(first);
		cpu->pending.ready--;
	}
	spin_unlock(&queue->lock);
	/* A new slice: it is armed on the way out if someone else is ready. */
	cpu->slice_over = false;
	if (queue->slice.armed)
		(void)deadline_disarm(&queue->slice);
	return first == NULL ? NULL : LIST_ENTRY(first, struct thread, run_link);
}

/* READY -> RUNNING; another one is loaded. */
static inline void
run_other(struct per_cpu *cpu, struct thread *thread)
{
	struct arch_switch change = { cpu->loaded, thread->registers, thread->root,
		thread->io_bitmap };

	atomic_store_explicit(&thread->state, THREAD_RUNNING, memory_order_relaxed);
	cpu->current = thread;
	cpu->loaded = thread->registers;
	arch_thread_switch(&change);
}

static inline void
run(struct per_cpu *cpu, struct thread *thread)
{
	if (cpu->loaded != thread->registers) {
		run_other(cpu, thread);
		return;
	}
	atomic_store_explicit(&thread->state, THREAD_RUNNING, memory_order_relaxed);
	cpu->current = thread;
}

struct thread *
sched_next(void)
{
	struct per_cpu *cpu = arch_per_cpu();
	struct thread *thread;

	KASSERT(cpu->current == NULL);
	thread = pick(cpu);
	if (thread != NULL)
		run(cpu, thread);
	return thread;
}

HOT_INLINE struct thread *
sched_next_by_handoff(void)
{
	struct per_cpu *cpu = arch_per_cpu();
	struct thread *thread = cpu->handoff;

	if (!pending_is_handoff(&cpu->pending) || cpu->slice_over)
		return NULL;
	cpu->pending.handoff = 0;
	/* The one that waits now was loaded. */
	run_other(cpu, thread);
	return thread;
}

void
sched_leaving(void)
{
	struct sched_cpu *cpu = this_cpu();

	if (cpu->slice.armed || pending_is_empty(pending_here()))
		return;
	deadline_arm(&cpu->slice, arch_clock_now_ns() + SCHED_SLICE_NS);
}
