/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that writes what it likes into shared memory, between any two steps of ours: a ring that
 * we read, one that we fill, a pool. Slots and buffers stay inside, none is ours twice, and nothing
 * hangs.
 */
#include <buffer/buffer_pool.h>
#include <buffer/fake_shared.h>
#include <buffer/record_ring.h>

#include "fuzz.h"

#define COUNT 8
#define BYTES 16

/* Words that the peer writes: both lines of a ring, those of a pool and its entries. */
#define HOSTILE_WORDS 128

static struct capos self;
static const uint8_t *input;
static size_t left;

void
capos_exit(int64_t code)
{
	(void)code;
	abort();
}

static uint32_t
next_byte(void)
{
	if (left == 0)
		return 0;
	left--;
	return *input++;
}

/* Near what is there, or anything. */
static void
peer_writes(void)
{
	uint32_t choice = next_byte();
	uint32_t at = next_byte() % HOSTILE_WORDS;
	uint8_t *base = fake_shared.memory + (choice & 1 ? SHARED_PAGE_BYTES : 0);
	uint32_t *word = (uint32_t *)(void *)base + (choice & 2 ? at : at / 16 * 16);
	uint32_t value = next_byte();

	if (choice & 4)
		value |= next_byte() << 24;
	*word = choice & 8 ? value : *word + value - 4;
	if (choice & 16)
		fake_set_bits(0, SHARED_MOVED);
	if (choice & 32)
		fake_set_bits(0, SHARED_GONE);
}

static bool
is_inside(const void *slot, uint64_t bytes)
{
	const uint8_t *at = slot;

	return at >= fake_shared.memory + SHARED_PAGE_BYTES &&
	    at + bytes <= fake_shared.memory + fake_shared.memory_bytes;
}

static void
step_ring(struct record_ring *ring, uint32_t choice)
{
	uint32_t count;
	void *slot;

	switch (choice % 4) {
	case 0:
		slot = record_take(ring);
		count = slot != NULL;
		break;
	case 1:
		slot = record_take_run(ring, choice / 4, &count);
		break;
	case 2:
		record_publish(ring);
		return;
	default:
		(void)!record_wait(ring, choice / 4, 0);
		return;
	}
	fuzz_require((slot == NULL) == (count == 0));
	if (slot == NULL)
		return;
	fuzz_require(is_inside(slot, (uint64_t)count * BYTES));
	fuzz_require(ring->view.next - ring->view.published <= COUNT);
	memset(slot, 1, (size_t)count * BYTES);
}

static void
step_pool(struct buffer_pool *pool, uint32_t choice)
{
	struct pool_buffer got = { 0 };
	uint32_t index = choice / 4;
	bool owned[COUNT];

	for (uint32_t i = 0; i < COUNT; i++)
		owned[i] = buffer_pool_owns(pool, i);
	switch (choice % 4) {
	case 0:
		if (buffer_pool_take(pool, &got) != CAP_OK)
			return;
		fuzz_require(got.index < COUNT && !owned[got.index] && got.bytes <= BYTES);
		fuzz_require(buffer_pool_owns(pool, got.index) && is_inside(got.address, BYTES));
		memset(got.address, 2, BYTES);
		return;
	case 1:
		fuzz_require((buffer_pool_give(pool, index, BYTES) == CAP_OK) ==
		    (index < COUNT && owned[index % COUNT]));
		return;
	case 2:
		buffer_pool_publish(pool);
		return;
	default:
		(void)!buffer_pool_wait(pool, 0);
	}
}

static void
run_ring(const struct shared_maker *maker, bool produces)
{
	const struct record_ring_shape shape = { BYTES, COUNT, produces };
	struct record_ring ring;
	struct shared_parts theirs;

	fuzz_require(record_ring_make(maker, &shape, &ring, &theirs) == CAP_OK);
	while (left != 0) {
		uint32_t choice = next_byte();

		if (choice & 128)
			peer_writes();
		else
			step_ring(&ring, choice);
	}
	record_ring_close(&ring);
}

static void
run_pool(const struct shared_maker *maker)
{
	const struct buffer_pool_shape shape = { BYTES, COUNT };
	struct buffer_pool pool;
	struct shared_parts theirs;

	fuzz_require(buffer_pool_make(maker, &shape, &pool, &theirs) == CAP_OK);
	while (left != 0) {
		uint32_t choice = next_byte();

		if (choice & 128)
			peer_writes();
		else
			step_pool(&pool, choice);
	}
	buffer_pool_close(&pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct shared_maker maker;
	uint32_t form;

	input = data;
	left = size;
	fake_start(&self);
	maker = fake_shared_start(&self);
	form = next_byte() % 3;
	if (form == 2)
		run_pool(&maker);
	else
		run_ring(&maker, form == 1);
	fuzz_require(fake_shared.mappings == 0);
	return 0;
}
