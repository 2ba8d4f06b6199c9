/* SPDX-License-Identifier: Apache-2.0 */
/* Pipes; see pipe.h. */
#include "pipe.h"

#include <string.h>

enum cap_status
pipe_make(const struct shared_maker *maker, uint32_t capacity, bool writes, struct pipe_end *mine,
    struct shared_parts *theirs)
{
	const struct record_ring_shape shape = { 1, capacity, writes };

	return record_ring_make(maker, &shape, &mine->ring, theirs);
}

enum cap_status
pipe_accept(const struct shared_parts *parts, struct pipe_end *out)
{
	if (parts->record_bytes != 1)
		return CAP_ERR_INVALID_ARGUMENT;
	return record_ring_accept(parts, &out->ring);
}

void
pipe_close(struct pipe_end *end)
{
	record_ring_close(&end->ring);
}

static enum cap_status
state_check(const struct pipe_end *end, bool writes)
{
	if (end->ring.end.address == NULL || end->ring.view.produces != writes)
		return CAP_ERR_WRONG_STATE;
	return end->ring.view.is_corrupt ? CAP_ERR_BUFFER_CORRUPT : CAP_OK;
}

/* At most two runs: the ring's end may lie between. */
static uint32_t
copy_in(struct record_ring *ring, const uint8_t *bytes, uint32_t size)
{
	uint32_t done = 0;
	uint32_t count;
	uint8_t *to;

	while (done != size && (to = record_take_run(ring, size - done, &count)) != NULL) {
		memcpy(to, bytes + done, count);
		done += count;
	}
	record_publish(ring);
	return done;
}

static uint32_t
copy_out(struct record_ring *ring, uint8_t *bytes, uint32_t size)
{
	uint32_t done = 0;
	uint32_t count;
	const uint8_t *from;

	while (done != size && (from = record_take_run(ring, size - done, &count)) != NULL) {
		memcpy(bytes + done, from, count);
		done += count;
	}
	/* The copy is ours; their bytes may change from here on. */
	record_publish(ring);
	return done;
}

enum cap_status
pipe_write_some(struct pipe_end *end, struct capnp_data data, uint32_t *written)
{
	struct record_ring *ring = &end->ring;

	*written = 0;
	CAPOS_TRY(state_check(end, true));
	if (ring->end.is_gone || ring_view_is_closed(&ring->view))
		return CAP_ERR_DISCONNECTED;
	*written = copy_in(ring, data.data, data.size);
	return ring->view.is_corrupt ? CAP_ERR_BUFFER_CORRUPT : CAP_OK;
}

enum cap_status
pipe_write(struct pipe_end *end, struct capnp_data data, uint64_t deadline_ns, uint32_t *written)
{
	uint32_t half = end->ring.view.count / 2;

	*written = 0;
	for (;;) {
		const struct capnp_data rest = { data.data + *written, data.size - *written };
		uint32_t some;
		enum cap_status status = pipe_write_some(end, rest, &some);

		*written += some;
		if (status != CAP_OK || some == rest.size)
			return status;
		/*
		 * For all that is left if that is little, so that a write that fits is not held up;
		 * else for so much that not every byte read is a switch.
		 */
		CAPOS_TRY(record_wait(
		    &end->ring, rest.size - some < half ? rest.size - some : half, deadline_ns));
	}
}

enum cap_status
pipe_read_some(struct pipe_end *end, struct pipe_space space, uint32_t *read)
{
	struct record_ring *ring = &end->ring;
	bool is_gone;
	bool is_closed;

	*read = 0;
	CAPOS_TRY(state_check(end, false));
	/* Looked at first: what was written before the end is found behind it. */
	is_gone = ring->end.is_gone;
	is_closed = ring_view_is_closed(&ring->view);
	*read = copy_out(ring, space.bytes, space.size);
	if (ring->view.is_corrupt)
		return CAP_ERR_BUFFER_CORRUPT;
	if (*read != 0 || space.size == 0 || (!is_gone && !is_closed))
		return CAP_OK;
	return is_closed ? CAP_ERR_END_OF_STREAM : CAP_ERR_DISCONNECTED;
}

enum cap_status
pipe_read(struct pipe_end *end, struct pipe_space space, uint64_t deadline_ns, uint32_t *read)
{
	for (;;) {
		enum cap_status status = pipe_read_some(end, space, read);

		if (status != CAP_OK || *read != 0 || space.size == 0)
			return status;
		CAPOS_TRY(record_wait(&end->ring, 1, deadline_ns));
	}
}
