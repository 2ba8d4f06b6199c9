/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See order.h. A run is a list of choices; the next one differs in the last choice that has another
 * value. Threads are contexts of this one thread, which change at each access.
 */
#include "order.h"

#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

#define PLACES 16
#define STORES 16
#define CHOICES 128
#define STACK_BYTES 65536
#define NOWHERE 4096 /* a field behind NULL */

/* How far along each place is seen, and how far along each thread. */
struct view {
	uint32_t place[PLACES];
	uint32_t thread[ORDER_THREADS];
};

struct stored {
	uint64_t value;
	struct view handed_on;
};

struct place {
	const volatile void *at;
	struct stored stores[STORES];
	uint32_t store_count;
	/* Of plain accesses: when each thread did it last, by its own count. */
	uint32_t read[ORDER_THREADS];
	uint32_t written[ORDER_THREADS];
};

struct thread {
	ucontext_t context;
	struct view seen;     /* what it must see */
	struct view fenced;   /* what an acquire fence adds */
	struct view released; /* what relaxed stores hand on, since a release fence */
	bool is_over;
	uint8_t *stack;
};

static struct {
	const struct order_program *program;
	struct place places[PLACES];
	uint32_t place_count;
	struct thread threads[ORDER_THREADS];
	uint32_t running;
	struct view full; /* of full fences */
	ucontext_t explorer;
	const char *fault;
	uint8_t taken[CHOICES];
	uint8_t possible[CHOICES];
	uint32_t choice_count;
	uint32_t choice;
} machine;

/* One of `count`: each of them in some run. */
static uint32_t
choose(uint32_t count)
{
	uint32_t at = machine.choice++;

	if (count == 0 || count > UINT8_MAX || at == CHOICES)
		abort();
	if (at == machine.choice_count) {
		machine.taken[at] = 0;
		machine.possible[at] = (uint8_t)count;
		machine.choice_count++;
	}
	return machine.taken[at];
}

/* False: every run has been. */
static bool
choose_anew(void)
{
	while (machine.choice_count != 0) {
		uint32_t last = machine.choice_count - 1;

		if (++machine.taken[last] < machine.possible[last])
			return true;
		machine.choice_count--;
	}
	return false;
}

static void
join(struct view *to, const struct view *from)
{
	for (uint32_t i = 0; i < PLACES; i++)
		if (from->place[i] > to->place[i])
			to->place[i] = from->place[i];
	for (uint32_t i = 0; i < ORDER_THREADS; i++)
		if (from->thread[i] > to->thread[i])
			to->thread[i] = from->thread[i];
}

static struct thread *
self(void)
{
	return &machine.threads[machine.running];
}

/* Any thread that is not over goes on, this one as well. */
static void
take_turns(void)
{
	uint32_t ready[ORDER_THREADS];
	uint32_t count = 0;
	ucontext_t *from = &self()->context;

	for (uint32_t i = 0; i < ORDER_THREADS; i++)
		if (!machine.threads[i].is_over)
			ready[count++] = i;
	if (count == 0) {
		(void)swapcontext(from, &machine.explorer);
		return;
	}
	machine.running = ready[choose(count)];
	if (&self()->context != from)
		(void)swapcontext(from, &self()->context);
}

/* A place that is new starts with what stands in memory. */
static struct place *
place_of(const volatile void *at, uint32_t bytes)
{
	static const uint64_t nothing;
	struct place *place;

	for (uint32_t i = 0; i < machine.place_count; i++)
		if (machine.places[i].at == at)
			return &machine.places[i];
	if (machine.place_count == PLACES)
		abort();
	if ((uintptr_t)at < NOWHERE) {
		machine.fault = "what is nowhere is looked at";
		at = &nothing;
	}
	place = &machine.places[machine.place_count++];
	*place = (struct place){ .at = at, .store_count = 1 };
	memcpy(&place->stores[0].value, (const void *)(uintptr_t)at, bytes);
	return place;
}

static bool
acquires(int order)
{
	return order == __ATOMIC_ACQUIRE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static bool
releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

/* The thread finds a store, and with it perhaps what was handed on. */
static uint64_t
find(struct place *place, uint32_t store, int order)
{
	self()->seen.place[place - machine.places] = store;
	join(&self()->fenced, &self()->seen);
	join(&self()->fenced, &place->stores[store].handed_on);
	if (acquires(order))
		join(&self()->seen, &place->stores[store].handed_on);
	return place->stores[store].value;
}

static void
add(struct place *place, uint64_t value, int order)
{
	uint32_t index = (uint32_t)(place - machine.places);
	uint32_t store = place->store_count++;

	if (store == STORES)
		abort();
	self()->seen.place[index] = store;
	join(&self()->fenced, &self()->seen);
	place->stores[store].value = value;
	place->stores[store].handed_on = releases(order) ? self()->seen : self()->released;
	place->stores[store].handed_on.place[index] = store;
}

uint64_t
order_load(const volatile void *at, uint32_t bytes, int order)
{
	struct place *place = place_of(at, bytes);
	uint32_t first;

	take_turns();
	first = self()->seen.place[place - machine.places];
	return find(place, first + choose(place->store_count - first), order);
}

void
order_store(volatile void *at, uint64_t value, uint32_t bytes, int order)
{
	struct place *place = place_of(at, bytes);

	take_turns();
	add(place, value, order);
	memcpy((void *)(uintptr_t)at, &value, bytes);
}

bool
order_compare_exchange(
    volatile void *at, uint64_t *expected, uint64_t value, uint32_t bytes, int order)
{
	struct place *place = place_of(at, bytes);
	const struct stored *last;
	uint64_t found;

	take_turns();
	last = &place->stores[place->store_count - 1];
	found = find(place, place->store_count - 1, order);
	if (found != *expected) {
		*expected = found;
		return false;
	}
	add(place, value, order);
	/* What the store before it handed on goes further. */
	join(&place->stores[place->store_count - 1].handed_on, &last->handed_on);
	memcpy((void *)(uintptr_t)at, &value, bytes);
	return true;
}

void
order_fence(int order)
{
	take_turns();
	if (acquires(order))
		join(&self()->seen, &self()->fenced);
	if (order == __ATOMIC_SEQ_CST) {
		join(&machine.full, &self()->seen);
		self()->seen = machine.full;
		join(&self()->fenced, &self()->seen);
	}
	if (releases(order))
		self()->released = self()->seen;
}

/* Has this thread seen the others' accesses? Its own one is counted. */
static uint32_t
plain_access(const uint32_t others[ORDER_THREADS])
{
	for (uint32_t i = 0; i < ORDER_THREADS; i++)
		if (others[i] > self()->seen.thread[i])
			machine.fault = "two threads race for memory that has no order";
	return ++self()->seen.thread[machine.running];
}

void
order_plain_read(const void *at)
{
	struct place *place = place_of(at, 1);

	place->read[machine.running] = plain_access(place->written);
}

void
order_plain_write(void *at)
{
	struct place *place = place_of(at, 1);

	(void)plain_access(place->read);
	place->written[machine.running] = plain_access(place->written);
}

static void
run_thread(void)
{
	uint32_t own = machine.running;

	machine.program->threads[own]();
	machine.threads[own].is_over = true;
	take_turns();
}

static void
run_once(void)
{
	machine.place_count = 0;
	machine.choice = 0;
	machine.full = (struct view){ 0 };
	machine.program->start();
	for (uint32_t i = 0; i < ORDER_THREADS; i++) {
		struct thread *thread = &machine.threads[i];

		thread->seen = thread->fenced = thread->released = machine.full;
		thread->is_over = false;
		if (thread->stack == NULL)
			thread->stack = malloc(STACK_BYTES);
		(void)getcontext(&thread->context);
		thread->context.uc_stack.ss_sp = thread->stack;
		thread->context.uc_stack.ss_size = STACK_BYTES;
		makecontext(&thread->context, run_thread, 0);
	}
	machine.running = choose(ORDER_THREADS);
	(void)swapcontext(&machine.explorer, &self()->context);
	if (machine.fault == NULL && !machine.program->holds())
		machine.fault = "it does not hold";
}

static bool
explore(const struct order_program *program)
{
	uint64_t runs = 0;

	machine.program = program;
	machine.choice_count = 0;
	machine.fault = NULL;
	do {
		run_once();
		runs++;
	} while (machine.fault == NULL && choose_anew());
	(void)printf("%s: %s in %llu runs\n", program->name,
	    machine.fault == NULL ? "holds" : machine.fault, (unsigned long long)runs);
	return machine.fault == NULL;
}

int
order_explore_all(const struct order_program *programs, size_t count)
{
	bool all_hold = true;

	for (size_t i = 0; i < count; i++)
		all_hold = explore(&programs[i]) && all_hold;
	return all_hold ? 0 : 1;
}
