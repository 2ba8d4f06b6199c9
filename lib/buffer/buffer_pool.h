/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Buffers of one size in shared memory that two processes hand to each other by number, in both
 * directions, in any order: what is received or to be sent, without a copy and without a call for
 * each. A buffer is owned by one side at a time; all are the maker's at first.
 *
 *	buffer_pool_give(&pool, index, bytes)	the other side's from now on, with so many bytes in
 *it buffer_pool_take(&pool, &taken)		one that the other side gave buffer_pool_wait(&pool,
 *0)		shows what was given, and sleeps until one can be taken
 *
 * Each side remembers what it owns. A number that is no buffer, or that is ours already, makes the
 *pool corrupt.
 */
#include "shared_buffer.h"

#define BUFFER_POOL_COUNT_MAX 1024

struct buffer_pool {
	struct shared_end end;
	struct ring_view gives; /* buffers that we give */
	struct ring_view takes; /* buffers that the other side gives */
	struct pool_entry *given;
	const struct pool_entry *taken;
	uint8_t *buffers;
	uint32_t buffer_bytes;
	uint64_t owned[BUFFER_POOL_COUNT_MAX / 64]; /* bit: the buffer is ours */
};

/* In shared memory, both words in one. */
struct pool_entry {
	uint32_t index;
	uint32_t bytes;
};

struct buffer_pool_shape {
	uint32_t buffer_bytes; /* 1 to SHARED_RECORD_BYTES_MAX */
	uint32_t count;	       /* a power of two, 2 to BUFFER_POOL_COUNT_MAX */
};

/* As record_ring_make() and the others. */
MUST_CHECK enum cap_status buffer_pool_make(const struct shared_maker *maker,
    const struct buffer_pool_shape *shape, struct buffer_pool *mine, struct shared_parts *theirs);
MUST_CHECK enum cap_status
buffer_pool_accept(const struct shared_parts *parts, struct buffer_pool *out);
void buffer_pool_close(struct buffer_pool *pool);

/* Where a buffer stands; the number is one that is ours. */
static inline uint8_t *
buffer_pool_at(const struct buffer_pool *pool, uint32_t index)
{
	return pool->buffers + (uint64_t)index * pool->buffer_bytes;
}

/* Whether the buffer is ours; false for a number that is no buffer. */
bool buffer_pool_owns(const struct buffer_pool *pool, uint32_t index);

/*
 * The buffer is the other side's once it is shown: by buffer_pool_publish() or buffer_pool_wait().
 * CAP_ERR_INVALID_ARGUMENT: it is not ours, or has fewer bytes.
 */
MUST_CHECK enum cap_status
buffer_pool_give(struct buffer_pool *pool, uint32_t index, uint32_t bytes);
void buffer_pool_publish(struct buffer_pool *pool);

struct pool_buffer {
	uint8_t *address;
	uint32_t index;
	uint32_t bytes; /* that the other side says are in it: at most its size */
};
/*
 * The next buffer that the other side gave. CAP_ERR_NOT_FOUND: none now. CAP_ERR_BUFFER_CORRUPT.
 * Never enters the kernel.
 */
MUST_CHECK enum cap_status buffer_pool_take(struct buffer_pool *pool, struct pool_buffer *out);
/*
 * Publish, and wait until a buffer can be taken. CAP_ERR_END_OF_STREAM: the other side has closed,
 * and all that it gave is taken; CAP_ERR_DISCONNECTED: it died; CAP_ERR_TIMED_OUT,
 * CAP_ERR_BUFFER_CORRUPT.
 */
MUST_CHECK enum cap_status buffer_pool_wait(struct buffer_pool *pool, uint64_t deadline_ns);
