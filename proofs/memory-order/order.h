/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A machine that lets memory be seen in every order that C allows, for a few threads of a few
 * accesses each: order_explore_all() runs a program once for each way in which they can take turns,
 * and for each value that a load may find.
 *
 * Each place keeps all that was ever stored in it. A thread has a view: how far along each place it
 * must see. A load may find anything from there on. What a release store or a fence hands on is a
 * view, which an acquire load or a fence takes over; two full fences hand theirs to the later one.
 * Places of which views say nothing may not be touched by two threads: a plain access that no view
 * orders behind the other thread's is a race.
 *
 * Less than C allows: a place has one thread that stores in it, and no load runs ahead of a store
 * before it. Sources under test are compiled with this header before them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ORDER_THREADS 2

struct order_program {
	const char *name;
	void (*start)(void); /* alone, before each run */
	void (*threads[ORDER_THREADS])(void);
	bool (*holds)(void); /* alone, after each run */
};

/*
 * What main() of a program returns: 0 if all hold in every run and nothing raced. One line is
 * printed for each.
 */
int order_explore_all(const struct order_program *programs, size_t count);

uint64_t order_load(const volatile void *place, uint32_t bytes, int order);
void order_store(volatile void *place, uint64_t value, uint32_t bytes, int order);
/* Finds what was stored last. False: that was another value, which is in `expected` now. */
bool order_compare_exchange(
    volatile void *place, uint64_t *expected, uint64_t value, uint32_t bytes, int order);
void order_fence(int order);
/* Accesses of memory that has no order of its own. */
void order_plain_read(const void *place);
void order_plain_write(void *place);

/* The compiler's own atomics, of whole words. */
#define __atomic_load_n(place, order)                                                              \
	((__typeof__(*(place) + 0))order_load(place, sizeof(*(place)), order))
#define __atomic_store_n(place, value, order)                                                      \
	order_store(place, (uint64_t)(value), sizeof(*(place)), order)
#define __atomic_thread_fence(order) order_fence(order)
