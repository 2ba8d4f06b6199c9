/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See interleave.h. A processor is a thread of the host, and one of them runs at a time: the
 * kernel's calls of spin_lock() and its like come here through the linker's --wrap, and hand over
 * where the schedule says so; whoever spins hands over, too. The machine's registers of each are
 * kept while the other one runs.
 */
#include "interleave.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "mm/pool.h"
#include "object/permanent.h"
#include "ring/scratch.h"
#include "sync/spinlock.h"

#define ARENA_BYTES (UINT64_C(3) << 19)
#define COMPLETIONS_MAX 8
#define POOLS_MAX 64
#define NEVER UINT32_MAX

/* Who begins, and at which of the places where locks are taken or given back they change. */
struct schedule {
	uint32_t first;
	uint32_t change[2]; /* ascending; NEVER: not any more */
};

/* What everybody can see. */
struct outcome {
	struct world_accounts accounts[INTERLEAVE_CPUS];
	struct cap_cqe completions[INTERLEAVE_CPUS][COMPLETIONS_MAX];
	uint32_t completion_count[INTERLEAVE_CPUS];
	struct pool_numbers pools[POOLS_MAX];
};

/* What arch/sim keeps of the processor that runs. */
struct registers {
	struct arch_thread *resumed;
	struct arch_thread *loaded;
	paddr_t root;
	jmp_buf way_out;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_on;
	uint32_t running;
	bool is_done[INTERLEAVE_CPUS];
	struct registers registers[INTERLEAVE_CPUS];
	struct schedule schedule;
	uint32_t places; /* passed so far */
} machine = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

struct world_process interleave_process[INTERLEAVE_CPUS];

static void
registers_save(uint32_t cpu)
{
	struct registers *to = &machine.registers[cpu];

	to->resumed = sim.resumed;
	to->loaded = sim.loaded;
	to->root = sim.root;
	memcpy(to->way_out, sim.way_out, sizeof(to->way_out));
}

static void
registers_load(uint32_t cpu)
{
	const struct registers *from = &machine.registers[cpu];

	sim.cpu = cpu;
	sim.resumed = from->resumed;
	sim.loaded = from->loaded;
	sim.root = from->root;
	memcpy(sim.way_out, from->way_out, sizeof(from->way_out));
}

void
interleave_switch(uint32_t cpu)
{
	registers_save(sim.cpu);
	registers_load(cpu);
}

/* The host thread of this processor waits for its turn. */
static void
turn_wait(uint32_t cpu)
{
	while (machine.running != cpu)
		pthread_cond_wait(&machine.changed, &machine.lock);
	registers_load(cpu);
}

static void
hand_over(void)
{
	uint32_t cpu = sim.cpu;

	registers_save(cpu);
	machine.running = 1 - cpu;
	pthread_cond_broadcast(&machine.changed);
}

static void
change(void)
{
	uint32_t cpu = sim.cpu;

	if (machine.is_done[1 - cpu])
		return;
	hand_over();
	turn_wait(cpu);
}

/* A place where another processor can be seen to have been first. */
static void
place(void)
{
	uint32_t number;

	if (!machine.is_on)
		return;
	number = machine.places++;
	if (number == machine.schedule.change[0] || number == machine.schedule.change[1])
		change();
}

void __real_spin_lock(struct spinlock *lock);
void __wrap_spin_lock(struct spinlock *lock);
void __real_spin_unlock(struct spinlock *lock);
void __wrap_spin_unlock(struct spinlock *lock);
void __real_spin_lock_pair(struct spinlock *one, struct spinlock *other);
void __wrap_spin_lock_pair(struct spinlock *one, struct spinlock *other);
void __wrap_arch_spin_hint(void);

void
__wrap_spin_lock(struct spinlock *lock) NO_LOCK_ANALYSIS
{
	place();
	__real_spin_lock(lock);
}

void
__wrap_spin_unlock(struct spinlock *lock) NO_LOCK_ANALYSIS
{
	__real_spin_unlock(lock);
	place();
}

void
__wrap_spin_lock_pair(struct spinlock *one, struct spinlock *other) NO_LOCK_ANALYSIS
{
	place();
	__real_spin_lock_pair(one, other);
}

/* Who has the lock is on the other processor, or nobody will ever give it back. */
void
__wrap_arch_spin_hint(void)
{
	if (!machine.is_on || machine.is_done[1 - sim.cpu])
		abort();
	change();
}

static void *
processor_run(void *argument)
{
	uint32_t cpu = (uint32_t)(uintptr_t)argument;

	pthread_mutex_lock(&machine.lock);
	turn_wait(cpu);
	world_call_once(&interleave_process[cpu], 0, 0);
	machine.is_done[cpu] = true;
	hand_over();
	pthread_mutex_unlock(&machine.lock);
	return NULL;
}

/* A world with a process on each processor, which is in user mode there. */
static void
world_begin(const struct interleave_case *tried)
{
	static struct scratch second;

	world_start_in(ARENA_BYTES);
	objects_init();
	scratch_provide(1, &second);
	memset(machine.registers, 0, sizeof(machine.registers));
	for (uint32_t cpu = 0; cpu < INTERLEAVE_CPUS; cpu++) {
		interleave_switch(cpu);
		interleave_process[cpu] = world_process(NULL);
		world_settle();
	}
	interleave_switch(0);
	tried->prepare();
	for (uint32_t cpu = 0; cpu < INTERLEAVE_CPUS; cpu++) {
		struct cap_sqe sqe = tried->submission[cpu]();

		sqe.user_data = 1000 + cpu;
		world_submit(&interleave_process[cpu], &sqe);
	}
}

static void
enter_both(const struct schedule *schedule)
{
	pthread_t threads[INTERLEAVE_CPUS];

	registers_save(0);
	memset(machine.is_done, 0, sizeof(machine.is_done));
	machine.schedule = *schedule;
	machine.places = 0;
	machine.running = NEVER;
	for (uintptr_t cpu = 0; cpu < INTERLEAVE_CPUS; cpu++)
		CHECK_EQ(pthread_create(&threads[cpu], NULL, processor_run, (void *)cpu), 0);
	pthread_mutex_lock(&machine.lock);
	machine.is_on = true;
	machine.running = schedule->first;
	pthread_cond_broadcast(&machine.changed);
	pthread_mutex_unlock(&machine.lock);
	for (uint32_t cpu = 0; cpu < INTERLEAVE_CPUS; cpu++)
		CHECK_EQ(pthread_join(threads[cpu], NULL), 0);
	machine.is_on = false;
	registers_load(0);
}

/* In which order they came is not promised. */
static int
completion_compare(const void *one, const void *other)
{
	const struct cap_cqe *first = one;
	const struct cap_cqe *second = other;

	return (first->user_data > second->user_data) - (first->user_data < second->user_data);
}

static void
outcome_take(struct outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	for (uint32_t i = 0; i < 2 * INTERLEAVE_CPUS; i++) {
		interleave_switch(i % INTERLEAVE_CPUS);
		world_settle();
	}
	interleave_switch(0);
	for (uint32_t cpu = 0; cpu < INTERLEAVE_CPUS; cpu++) {
		uint32_t *count = &outcome->completion_count[cpu];

		outcome->accounts[cpu] = world_accounts(&interleave_process[cpu]);
		while (world_reap(&interleave_process[cpu], &outcome->completions[cpu][*count]))
			CHECK(++*count < COMPLETIONS_MAX);
		qsort(
		    outcome->completions[cpu], *count, sizeof(struct cap_cqe), completion_compare);
	}
	for (uint32_t i = 0; pool_numbers_get(i, &outcome->pools[i]); i++)
		CHECK(i + 1 < POOLS_MAX);
}

/* How many places there were. */
static uint32_t
try(const struct interleave_case *tried, const struct schedule *schedule, struct outcome *outcome)
{
	world_begin(tried);
	enter_both(schedule);
	outcome_take(outcome);
	return machine.places;
}

static bool
is_same(const struct outcome *one, const struct outcome *other)
{
	return memcmp(one, other, sizeof(*one)) == 0;
}

static void
tell_outcome(const char *what, const struct outcome *outcome)
{
	fprintf(stderr, "  %s:", what);
	for (uint32_t cpu = 0; cpu < INTERLEAVE_CPUS; cpu++) {
		const struct world_accounts *accounts = &outcome->accounts[cpu];

		for (uint32_t i = 0; i < outcome->completion_count[cpu]; i++)
			fprintf(stderr, " %llu ended with %d,",
			    (unsigned long long)outcome->completions[cpu][i].user_data,
			    outcome->completions[cpu][i].result);
		fprintf(stderr, " %llu slots, %llu bytes;", (unsigned long long)accounts->slots,
		    (unsigned long long)accounts->own[LEDGER_KERNEL_BYTES]);
	}
	fprintf(stderr, "\n");
}

static void
run_one(const struct interleave_case *tried)
{
	static struct outcome orders[INTERLEAVE_CPUS];
	static struct outcome outcome;
	uint32_t tries = 0;
	uint32_t as_first = 0;
	uint32_t places = 0;

	for (uint32_t first = 0; first < INTERLEAVE_CPUS; first++) {
		struct schedule schedule = { first, { NEVER, NEVER } };

		places = try(tried, &schedule, &orders[first]);
	}
	for (uint32_t i = 0; i < INTERLEAVE_CPUS * places * places; i++) {
		struct schedule schedule = { i % 2, { i / 2 % places, i / 2 / places } };

		/* The same place twice: one change. */
		if (schedule.change[1] < schedule.change[0])
			continue;
		(void)try(tried, &schedule, &outcome);
		tries++;
		as_first += is_same(&outcome, &orders[0]);
		if (is_same(&outcome, &orders[0]) || is_same(&outcome, &orders[1]))
			continue;
		fprintf(stderr, "%s: processor %u first, changed at %u and %u\n", tried->name,
		    schedule.first, schedule.change[0], schedule.change[1]);
		tell_outcome("this", &outcome);
		tell_outcome("the first one first", &orders[0]);
		tell_outcome("the second one first", &orders[1]);
		CHECK(false);
	}
	printf("case %s: %u places, %u schedules, %u as if the first was first, orders %s\n",
	    tried->name, places, tries, as_first,
	    is_same(&orders[0], &orders[1]) ? "are alike" : "differ");
}

void
interleave_run(const struct interleave_case *cases, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		run_one(&cases[i]);
}
