/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools of buffers; see buffer_pool.h. The shared memory: a page with two pairs of lines, one pair
 * for each direction; the entries of both directions; the buffers. A direction has as many entries
 * as there are buffers, so that it is never full: nobody waits for room.
 */
#include "buffer_pool.h"

enum direction {
	BY_MAKER,
	BY_PEER,
	DIRECTIONS,
};

struct pool_lines {
	struct ring_side sides[DIRECTIONS][2];
};

_Static_assert(sizeof(struct pool_lines) <= SHARED_PAGE_BYTES, "the lines stand in one page");
_Static_assert(sizeof(struct pool_entry) == 8, "an entry is read at once");

static uint64_t
entries_bytes(uint32_t count)
{
	uint64_t bytes = (uint64_t)DIRECTIONS * count * sizeof(struct pool_entry);

	return (bytes + SHARED_PAGE_BYTES - 1) & ~(SHARED_PAGE_BYTES - 1);
}

/* Bytes of memory; 0: there is no such pool. */
static uint64_t
bytes_of(uint32_t buffer_bytes, uint32_t count)
{
	uint64_t bytes;

	if (buffer_bytes == 0 || buffer_bytes > SHARED_RECORD_BYTES_MAX || count < 2 ||
	    count > BUFFER_POOL_COUNT_MAX || (count & (count - 1)) != 0)
		return 0;
	bytes = SHARED_PAGE_BYTES + entries_bytes(count) + (uint64_t)buffer_bytes * count;
	return bytes <= SHARED_MEMORY_BYTES_MAX ? bytes : 0;
}

static void
pool_init(struct buffer_pool *pool, uint32_t buffer_bytes, uint32_t count, bool is_maker)
{
	struct pool_lines *lines = (struct pool_lines *)(void *)pool->end.address;
	struct pool_entry *entries =
	    (struct pool_entry *)(void *)(pool->end.address + SHARED_PAGE_BYTES);
	enum direction ours = is_maker ? BY_MAKER : BY_PEER;
	enum direction theirs = is_maker ? BY_PEER : BY_MAKER;

	ring_view_init(&pool->gives, lines->sides[ours], count, true);
	ring_view_init(&pool->takes, lines->sides[theirs], count, false);
	pool->given = entries + (size_t)ours * count;
	pool->taken = entries + (size_t)theirs * count;
	pool->buffers = pool->end.address + SHARED_PAGE_BYTES + entries_bytes(count);
	pool->buffer_bytes = buffer_bytes;
	for (uint32_t i = 0; i < BUFFER_POOL_COUNT_MAX / 64; i++)
		pool->owned[i] = 0;
	for (uint32_t i = 0; is_maker && i < count; i++)
		pool->owned[i / 64] |= UINT64_C(1) << i % 64;
}

enum cap_status
buffer_pool_make(const struct shared_maker *maker, const struct buffer_pool_shape *shape,
    struct buffer_pool *mine, struct shared_parts *theirs)
{
	uint64_t bytes = bytes_of(shape->buffer_bytes, shape->count);

	if (bytes == 0)
		return CAP_ERR_INVALID_ARGUMENT;
	CAPOS_TRY(shared_end_make(maker, bytes, &mine->end, theirs));
	pool_init(mine, shape->buffer_bytes, shape->count, true);
	theirs->role = BUFFER_ROLE_POOL_PEER;
	theirs->record_bytes = shape->buffer_bytes;
	theirs->count = shape->count;
	return CAP_OK;
}

enum cap_status
buffer_pool_accept(const struct shared_parts *parts, struct buffer_pool *out)
{
	uint64_t bytes = bytes_of(parts->record_bytes, parts->count);

	if (bytes == 0 || parts->role != BUFFER_ROLE_POOL_PEER)
		return CAP_ERR_INVALID_ARGUMENT;
	CAPOS_TRY(shared_end_accept(parts, bytes, &out->end));
	pool_init(out, parts->record_bytes, parts->count, false);
	return CAP_OK;
}

void
buffer_pool_close(struct buffer_pool *pool)
{
	static struct pool_lines nobody;

	if (pool->end.address == NULL)
		return;
	(void)ring_view_publish(&pool->gives);
	ring_view_close(&pool->gives);
	shared_end_signal(&pool->end);
	shared_end_close(&pool->end);
	ring_view_init(&pool->gives, nobody.sides[BY_MAKER], 0, true);
	ring_view_init(&pool->takes, nobody.sides[BY_PEER], 0, false);
	for (uint32_t i = 0; i < BUFFER_POOL_COUNT_MAX / 64; i++)
		pool->owned[i] = 0;
}

bool
buffer_pool_owns(const struct buffer_pool *pool, uint32_t index)
{
	return index < pool->gives.count &&
	    (pool->owned[index / 64] & UINT64_C(1) << index % 64) != 0;
}

enum cap_status
buffer_pool_give(struct buffer_pool *pool, uint32_t index, uint32_t bytes)
{
	struct pool_entry entry = { index, bytes };
	uint64_t word;

	if (!buffer_pool_owns(pool, index) || bytes > pool->buffer_bytes)
		return CAP_ERR_INVALID_ARGUMENT;
	pool->owned[index / 64] &= ~(UINT64_C(1) << index % 64);
	/* There is an entry for each buffer, and this one was ours: no need to look for room. */
	__builtin_memcpy(&word, &entry, sizeof(word));
	__atomic_store_n(
	    (uint64_t *)(void *)&pool->given[ring_view_take(&pool->gives)], word, __ATOMIC_RELAXED);
	return CAP_OK;
}

void
buffer_pool_publish(struct buffer_pool *pool)
{
	if (ring_view_publish(&pool->gives))
		shared_end_signal(&pool->end);
}

enum cap_status
buffer_pool_take(struct buffer_pool *pool, struct pool_buffer *out)
{
	struct ring_view *view = &pool->takes;
	struct pool_entry entry;
	uint64_t word;

	if (ring_view_ready(view) == 0)
		ring_view_refresh(view);
	if (view->is_corrupt)
		return CAP_ERR_BUFFER_CORRUPT;
	if (ring_view_ready(view) == 0)
		return CAP_ERR_NOT_FOUND;
	/* Read once: what is checked is what is used. */
	word = __atomic_load_n(
	    (const uint64_t *)(const void *)&pool->taken[view->next & (view->count - 1)],
	    __ATOMIC_RELAXED);
	__builtin_memcpy(&entry, &word, sizeof(entry));
	if (entry.index >= view->count || buffer_pool_owns(pool, entry.index) ||
	    entry.bytes > pool->buffer_bytes) {
		ring_view_set_corrupt(view);
		return CAP_ERR_BUFFER_CORRUPT;
	}
	(void)ring_view_take(view);
	/* The entry is free; the other side never looks whether it is. */
	view->published = view->next;
	pool->owned[entry.index / 64] |= UINT64_C(1) << entry.index % 64;
	*out = (struct pool_buffer){ buffer_pool_at(pool, entry.index), entry.index, entry.bytes };
	return CAP_OK;
}

static bool
is_over(struct buffer_pool *pool, enum cap_status *out)
{
	struct ring_view *view = &pool->takes;
	bool is_gone = pool->end.is_gone;
	bool is_closed = ring_view_is_closed(view);

	ring_view_refresh(view);
	*out = CAP_OK;
	if (view->is_corrupt)
		*out = CAP_ERR_BUFFER_CORRUPT;
	else if (ring_view_ready(view) == 0 && is_closed)
		*out = CAP_ERR_END_OF_STREAM;
	else if (ring_view_ready(view) == 0 && is_gone)
		*out = CAP_ERR_DISCONNECTED;
	else
		return ring_view_ready(view) != 0;
	return true;
}

enum cap_status
buffer_pool_wait(struct buffer_pool *pool, uint64_t deadline_ns)
{
	enum cap_status status;

	if (pool->end.address == NULL)
		return CAP_ERR_WRONG_STATE;
	buffer_pool_publish(pool);
	while (!is_over(pool, &status))
		if (!ring_view_arm(&pool->takes, 1))
			CAPOS_TRY(shared_end_sleep(&pool->end, deadline_ns));
	return status;
}
