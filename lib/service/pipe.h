/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Pipes: a bounded stream of bytes from one process to another, over shared memory
 * (buffer/record_ring.h). No kernel entry for a read or a write, unless somebody has to wait or to
 * be woken. There is one writer and one reader; either may make the pipe and offer the other end.
 *
 * The end is told, in whatever order things happen: a reader gets all that was written and then
 * CAP_ERR_END_OF_STREAM, or CAP_ERR_DISCONNECTED if the writer died without closing; a writer whose
 * reader has closed or died gets CAP_ERR_DISCONNECTED, also while it waits for room.
 */
#include <buffer/record_ring.h>

struct pipe_end {
	struct record_ring ring; /* of records of one byte */
};

/* `capacity`: a power of two, 2 to SHARED_COUNT_MAX / 2. As record_ring_make(). */
MUST_CHECK enum cap_status pipe_make(const struct shared_maker *maker, uint32_t capacity,
    bool writes, struct pipe_end *mine, struct shared_parts *theirs);
/* CAP_ERR_INVALID_ARGUMENT: it is no pipe. As record_ring_accept(). */
MUST_CHECK enum cap_status pipe_accept(const struct shared_parts *parts, struct pipe_end *out);
void pipe_close(struct pipe_end *end);
static inline bool
pipe_writes(const struct pipe_end *end)
{
	return end->ring.view.produces;
}

/*
 * Write all, and wait for room until `deadline_ns` (absolute; 0: none). *written is what was
 * written before a refusal. CAP_ERR_DISCONNECTED: nobody reads, and nothing of what is left was
 * written. CAP_ERR_TIMED_OUT, CAP_ERR_BUFFER_CORRUPT; CAP_ERR_WRONG_STATE: a reader's end, or a
 * closed one.
 */
MUST_CHECK enum cap_status
pipe_write(struct pipe_end *end, struct capnp_data data, uint64_t deadline_ns, uint32_t *written);
/* What there is room for now: *written is less than all, or 0. Never waits. */
MUST_CHECK enum cap_status
pipe_write_some(struct pipe_end *end, struct capnp_data data, uint32_t *written);

/*
 * Wait for at least one byte, then read what is there, up to `size`. *read is 0 with a refusal, or
 * if `size` is. CAP_ERR_END_OF_STREAM, CAP_ERR_DISCONNECTED, CAP_ERR_TIMED_OUT,
 * CAP_ERR_BUFFER_CORRUPT, CAP_ERR_WRONG_STATE.
 */
struct pipe_space {
	uint8_t *bytes;
	uint32_t size;
};
MUST_CHECK enum cap_status
pipe_read(struct pipe_end *end, struct pipe_space space, uint64_t deadline_ns, uint32_t *read);
/* What is there now, or *read is 0. At the end as pipe_read(). Never waits. */
MUST_CHECK enum cap_status
pipe_read_some(struct pipe_end *end, struct pipe_space space, uint32_t *read);
