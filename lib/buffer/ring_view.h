/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The positions of a ring in shared memory, as one side sees them: who produces and who consumes
 * are alone on their sides. Each side writes its own cache line and reads the other's. What a side
 * has written it never reads back, and what it reads is a distance that it bounds: whatever the
 * other side writes, no slot outside of the ring is used, and none twice.
 *
 * Positions run freely; the slot is the position modulo the number of slots, a power of two.
 *
 *   producer: slots [theirs, next) are in use, [published, next) not shown yet
 *   consumer: slots [next, theirs) are there,  [published, next) not given back yet
 *
 * Nobody is woken who does not sleep. Who is going to sleep says at which position of the other
 * side it wants to be woken (`wake_at`) and looks once more; who publishes looks at the other's
 * `wake_at` afterwards. Both do it with a full fence between: so one of them sees what the other
 * wrote (ring_view_test.c runs the two against each other, proofs/memory-order in every order).
 */
#include <stdbool.h>
#include <stdint.h>

#define RING_SIDE_BYTES 64

/* One side's line of the shared page. All fields atomic: the other process reads them at any time.
 */
struct ring_side {
	uint32_t position;
	uint32_t wake_at; /* of the other's position */
	uint32_t closed;  /* not 0: nothing more will be published */
	uint32_t unused[13];
};

_Static_assert(sizeof(struct ring_side) == RING_SIDE_BYTES, "one cache line each");

struct ring_view {
	struct ring_side *mine;
	const struct ring_side *their_side;
	uint32_t published; /* what stands in mine->position */
	uint32_t next;
	uint32_t end;	 /* slots [next, end) can be taken */
	uint32_t theirs; /* as it was when it was read and found possible */
	uint32_t count;	 /* of slots */
	bool produces;
	bool is_corrupt; /* the other side wrote what cannot be: from then on nothing is taken */
};

/* Both lines are zero at the start, as new memory is. */
static inline void
ring_view_init(struct ring_view *view, struct ring_side sides[2], uint32_t count, bool produces)
{
	*view = (struct ring_view){ .mine = &sides[produces ? 0 : 1],
		.their_side = &sides[produces ? 1 : 0],
		.count = count,
		.end = produces ? count : 0,
		.produces = produces };
}

/* Slots that can be used now, by what is known. */
static inline uint32_t
ring_view_ready(const struct ring_view *view)
{
	return view->end - view->next;
}

/* What the other side wrote cannot be: from now on nothing is taken. */
static inline void
ring_view_set_corrupt(struct ring_view *view)
{
	view->is_corrupt = true;
	view->end = view->next;
}

/* Read the other's position, once. */
static inline void
ring_view_refresh(struct ring_view *view)
{
	/* Pairs with the release store in ring_view_publish(): slots behind it are seen whole. */
	uint32_t theirs = __atomic_load_n(&view->their_side->position, __ATOMIC_ACQUIRE);
	/*
	 * How far it can have come: a consumer as far as we have published, a producer to the end
	 * of what we have given back.
	 */
	uint32_t most = view->produces ? view->published - view->theirs
				       : view->count - (view->theirs - view->published);

	if (view->is_corrupt)
		return;
	if (theirs - view->theirs > most) {
		ring_view_set_corrupt(view);
		return;
	}
	view->theirs = theirs;
	view->end = view->produces ? theirs + view->count : theirs;
}

/* The next slot is ours to fill or to read: ring_view_ready() said so. Its number. */
static inline uint32_t
ring_view_take(struct ring_view *view)
{
	return view->next++ & (view->count - 1);
}

/* Show the other side what was taken. True: it sleeps, and wants to be woken by this. */
static inline bool
ring_view_publish(struct ring_view *view)
{
	uint32_t moved = view->next - view->published;
	uint32_t wake_at;

	if (moved == 0)
		return false;
	view->published = view->next;
	/* Release: with the position the contents of the slots are seen, or that we are done with
	 * them. */
	__atomic_store_n(&view->mine->position, view->next, __ATOMIC_RELEASE);
	/* Pairs with the fence in ring_view_arm(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	wake_at = __atomic_load_n(&view->their_side->wake_at, __ATOMIC_RELAXED);
	/* Only the step over it wakes: one signal for each sleep. */
	return view->next - wake_at < moved;
}

/* The other side will publish nothing more. Those before it are seen by a refresh after this. */
static inline bool
ring_view_is_closed(const struct ring_view *view)
{
	return __atomic_load_n(&view->their_side->closed, __ATOMIC_ACQUIRE) != 0;
}

/* After a publish: nothing more will come. The other side is to be woken. */
static inline void
ring_view_close(struct ring_view *view)
{
	__atomic_store_n(&view->mine->closed, 1, __ATOMIC_RELEASE);
}

/*
 * Before a sleep for `wanted` slots, not more than there are: true: they are there already, the
 * other side has closed or is corrupt: no sleep. All that was taken has been published, or the
 * other side may wait for it.
 */
static inline bool
ring_view_arm(struct ring_view *view, uint32_t wanted)
{
	uint32_t missing;
	bool is_closed;

	ring_view_refresh(view);
	if (view->is_corrupt || ring_view_ready(view) >= wanted)
		return true;
	missing = wanted - ring_view_ready(view);
	__atomic_store_n(&view->mine->wake_at, view->theirs + missing, __ATOMIC_RELAXED);
	/* Pairs with the fence in ring_view_publish(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	is_closed = ring_view_is_closed(view);
	ring_view_refresh(view);
	return is_closed || view->is_corrupt || ring_view_ready(view) >= wanted;
}
