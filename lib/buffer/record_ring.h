/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Records of one size in shared memory, from one producer to one consumer, in their order, without
 *a call for each. Both work in place:
 *
 *	while ((slot = record_take(&ring)) != NULL)	a free slot, or the next record
 *		...					fill it, or read it
 *	CAPOS_TRY(record_wait(&ring, many, 0));		shows what was taken, and sleeps if it must
 *
 * What was taken is shown to the other side by record_publish() or record_wait(): a filled slot is
 *a record then, a read one is free. Only then, and only if the other side sleeps, does it take a
 * kernel entry. A slot that was published belongs to the other side.
 */
#include "shared_buffer.h"

struct record_ring {
	struct shared_end end;
	struct ring_view view;
	uint8_t *records;
	uint32_t record_bytes;
};

struct record_ring_shape {
	uint32_t record_bytes; /* 1 to SHARED_RECORD_BYTES_MAX */
	uint32_t count;	       /* a power of two, 2 to SHARED_COUNT_MAX */
	bool produces;	       /* the maker */
};

/*
 * One end for the maker, which must not move, and `theirs` to offer. CAP_ERR_INVALID_ARGUMENT: no
 * such shape, or more memory than SHARED_MEMORY_BYTES_MAX.
 */
MUST_CHECK enum cap_status record_ring_make(const struct shared_maker *maker,
    const struct record_ring_shape *shape, struct record_ring *mine, struct shared_parts *theirs);
/* The other end; see shared_end_accept(). CAP_ERR_INVALID_ARGUMENT: it is no ring, or is too small.
 */
MUST_CHECK enum cap_status
record_ring_accept(const struct shared_parts *parts, struct record_ring *out);
/*
 * Nothing more is produced, or read. What was taken is published, and can still be read. Afterwards
 * there is nothing to take, and waiting is CAP_ERR_WRONG_STATE. Twice is once.
 */
void record_ring_close(struct record_ring *ring);

/* The next slot; NULL: there is none now, and record_wait() says why. Never enters the kernel. */
static inline void *
record_take(struct record_ring *ring)
{
	struct ring_view *view = &ring->view;

	if (__builtin_expect(ring_view_ready(view) == 0, 0)) {
		ring_view_refresh(view);
		if (ring_view_ready(view) == 0)
			return NULL;
	}
	return ring->records + (uint64_t)ring_view_take(view) * ring->record_bytes;
}

/*
 * The same for neighbours: up to `most` slots, one behind the other; *count is how many, and 0 with
 * NULL.
 */
static inline void *
record_take_run(struct record_ring *ring, uint64_t most, uint32_t *count)
{
	struct ring_view *view = &ring->view;
	uint32_t first = view->next & (view->count - 1);

	if (ring_view_ready(view) == 0)
		ring_view_refresh(view);
	*count = ring_view_ready(view);
	if (*count > view->count - first)
		*count = view->count - first;
	if (*count > most)
		*count = (uint32_t)most;
	view->next += *count;
	return *count == 0 ? NULL : ring->records + (uint64_t)first * ring->record_bytes;
}

/* Show the other side all that was taken, and wake it if it sleeps for that. */
static inline void
record_publish(struct record_ring *ring)
{
	if (__builtin_expect(ring_view_publish(&ring->view), 0))
		shared_end_signal(&ring->end);
}

/*
 * Publish, then wait until `wanted` slots can be taken (at most as many as there are; 0 is 1). A
 * consumer whose producer has closed is given the rest, however little.
 * CAP_ERR_END_OF_STREAM: the producer has closed, and all is read. CAP_ERR_DISCONNECTED: the
 * consumer has closed; or the other side died, and all that it published is read.
 * CAP_ERR_BUFFER_CORRUPT. CAP_ERR_TIMED_OUT: `deadline_ns`, which is absolute, has passed; 0: none.
 */
MUST_CHECK enum cap_status
record_wait(struct record_ring *ring, uint32_t wanted, uint64_t deadline_ns);
