/* SPDX-License-Identifier: Apache-2.0 */
/* Rings of records; see record_ring.h. The first page of the memory holds both sides' lines, the
 * records follow. */
#include "record_ring.h"

/* Bytes of memory that a ring of this shape takes; 0: there is no such ring. */
static uint64_t
bytes_of(uint32_t record_bytes, uint32_t count)
{
	uint64_t bytes = (uint64_t)record_bytes * count;

	if (record_bytes == 0 || record_bytes > SHARED_RECORD_BYTES_MAX || count < 2 ||
	    count > SHARED_COUNT_MAX || (count & (count - 1)) != 0 ||
	    bytes > SHARED_MEMORY_BYTES_MAX - SHARED_PAGE_BYTES)
		return 0;
	return SHARED_PAGE_BYTES + bytes;
}

static void
ring_init(struct record_ring *ring, uint32_t record_bytes, uint32_t count, bool produces)
{
	struct ring_side *sides = (struct ring_side *)(void *)ring->end.address;

	ring_view_init(&ring->view, sides, count, produces);
	ring->records = ring->end.address + SHARED_PAGE_BYTES;
	ring->record_bytes = record_bytes;
}

enum cap_status
record_ring_make(const struct shared_maker *maker, const struct record_ring_shape *shape,
    struct record_ring *mine, struct shared_parts *theirs)
{
	uint64_t bytes = bytes_of(shape->record_bytes, shape->count);

	if (bytes == 0)
		return CAP_ERR_INVALID_ARGUMENT;
	CAPOS_TRY(shared_end_make(maker, bytes, &mine->end, theirs));
	ring_init(mine, shape->record_bytes, shape->count, shape->produces);
	theirs->role = shape->produces ? BUFFER_ROLE_CONSUMER : BUFFER_ROLE_PRODUCER;
	theirs->record_bytes = shape->record_bytes;
	theirs->count = shape->count;
	return CAP_OK;
}

enum cap_status
record_ring_accept(const struct shared_parts *parts, struct record_ring *out)
{
	uint64_t bytes = bytes_of(parts->record_bytes, parts->count);

	if (bytes == 0 ||
	    (parts->role != BUFFER_ROLE_CONSUMER && parts->role != BUFFER_ROLE_PRODUCER))
		return CAP_ERR_INVALID_ARGUMENT;
	CAPOS_TRY(shared_end_accept(parts, bytes, &out->end));
	ring_init(out, parts->record_bytes, parts->count, parts->role == BUFFER_ROLE_PRODUCER);
	return CAP_OK;
}

void
record_ring_close(struct record_ring *ring)
{
	/* Who goes on with a closed ring finds nothing in it. */
	static struct ring_side nobody[2];

	if (ring->end.address == NULL)
		return;
	(void)ring_view_publish(&ring->view);
	ring_view_close(&ring->view);
	/* Now: the end of the signaller is told when its release has reached the kernel. */
	shared_end_signal(&ring->end);
	shared_end_close(&ring->end);
	ring_view_init(&ring->view, nobody, 0, ring->view.produces);
}

/*
 * Whether the wait is over, and how: true, and *out. What the other side published before its end
 * is looked for after the end is known.
 */
static bool
is_over(struct record_ring *ring, uint32_t wanted, enum cap_status *out)
{
	struct ring_view *view = &ring->view;
	bool is_gone = ring->end.is_gone;
	bool is_closed = ring_view_is_closed(view);
	uint32_t ready;

	ring_view_refresh(view);
	ready = ring_view_ready(view);
	*out = CAP_OK;
	if (view->is_corrupt)
		*out = CAP_ERR_BUFFER_CORRUPT;
	else if (!is_closed && !is_gone)
		return ready >= wanted;
	else if (view->produces || ready == 0)
		*out = is_closed && !view->produces ? CAP_ERR_END_OF_STREAM : CAP_ERR_DISCONNECTED;
	return true;
}

enum cap_status
record_wait(struct record_ring *ring, uint32_t wanted, uint64_t deadline_ns)
{
	struct ring_view *view = &ring->view;
	enum cap_status status;

	if (ring->end.address == NULL)
		return CAP_ERR_WRONG_STATE;
	if (wanted == 0)
		wanted = 1;
	if (wanted > view->count)
		wanted = view->count;
	/* First: the other side may sleep for just that. */
	record_publish(ring);
	while (!is_over(ring, wanted, &status))
		if (!ring_view_arm(view, wanted))
			CAPOS_TRY(shared_end_sleep(&ring->end, deadline_ns));
	return status;
}
