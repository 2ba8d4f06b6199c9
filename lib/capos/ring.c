/* SPDX-License-Identifier: Apache-2.0 */
/* The ring client; see ring.h. */
#include "ring.h"

#include <string.h>

__attribute__((weak)) const struct capos_large_messages capos_large_messages = { 0 };

static struct capos_block scalar_blocks[CAPOS_SCALAR_COUNT];
static struct capos_block small_blocks[CAPOS_SMALL_COUNT];
static struct capos_block medium_block;
static _Alignas(16) uint8_t
    small_memory[CAPOS_SMALL_COUNT * (CAPOS_SMALL_PARAM_BYTES + CAPOS_SMALL_RESULT_BYTES)];

static void
give_new(struct capos *self, struct capos_block *block, uint8_t *memory, uint32_t param_bytes)
{
	block->params = memory;
	block->results = memory + param_bytes;
	block->param_bytes = param_bytes;
	capos_block_give(self, block);
}

/* In the ring's message area. */
static void
pinned_blocks_init(struct capos *self)
{
	uint8_t *area = (uint8_t *)self->ring + self->ring->message_offset;
	const uint32_t scalar_bytes = CAPOS_SCALAR_COUNT * CAPOS_SCALAR_BYTES;

	for (uint32_t i = CAPOS_SCALAR_COUNT; i-- > 0;) {
		struct capos_block *block = &scalar_blocks[i];

		block->kind = CAPOS_BLOCK_SCALAR;
		block->result_bytes = CAPOS_SCALAR_BYTES;
		give_new(self, block, area + i * CAPOS_SCALAR_BYTES, CAPOS_SCALAR_BYTES);
		block->results = block->params;
	}
	medium_block.kind = CAPOS_BLOCK_MEDIUM;
	medium_block.result_bytes =
	    self->ring->message_bytes - scalar_bytes - CAPOS_MEDIUM_PARAM_BYTES;
	give_new(self, &medium_block, area + scalar_bytes, CAPOS_MEDIUM_PARAM_BYTES);
}

static void
blocks_init(struct capos *self)
{
	const uint32_t small_bytes = CAPOS_SMALL_PARAM_BYTES + CAPOS_SMALL_RESULT_BYTES;

	for (uint32_t i = 0; i < capos_large_messages.count; i++) {
		struct capos_block *block = &capos_large_messages.blocks[i];

		block->kind = CAPOS_BLOCK_LARGE;
		block->result_bytes = CAPOS_LARGE_RESULT_BYTES;
		give_new(self, block,
		    capos_large_messages.memory +
			(size_t)i * (CAPOS_LARGE_PARAM_BYTES + CAPOS_LARGE_RESULT_BYTES),
		    CAPOS_LARGE_PARAM_BYTES);
	}
	for (uint32_t i = CAPOS_SMALL_COUNT; i-- > 0;) {
		small_blocks[i].kind = CAPOS_BLOCK_SMALL;
		small_blocks[i].result_bytes = CAPOS_SMALL_RESULT_BYTES;
		give_new(self, &small_blocks[i], small_memory + i * small_bytes,
		    CAPOS_SMALL_PARAM_BYTES);
	}
	pinned_blocks_init(self);
}

struct capos_block *
capos_block_take_larger(struct capos *self, enum capos_block_kind kind)
{
	enum capos_block_kind at = kind;
	struct capos_block *block;

	/* A larger one serves as well; a program without large ones tries with the medium one. */
	while (at < CAPOS_BLOCK_KINDS && self->free_blocks[at] == NULL)
		at++;
	if (at == CAPOS_BLOCK_KINDS)
		at = CAPOS_BLOCK_MEDIUM;
	block = self->free_blocks[at];
	if (block != NULL)
		self->free_blocks[at] = block->next;
	return block;
}

void
capos_ring_resync(struct capos *self)
{
	self->sq_tail = self->ring->sq_tail;
	self->cq_head = self->ring->cq_head;
	self->even = self->sq_tail - self->cq_head;
	self->room = 0;
}

void
capos_ring_init(struct capos *self, struct cap_ring *ring)
{
	self->ring = ring;
	self->sq = (struct cap_sqe *)(void *)((uint8_t *)ring + ring->sq_offset);
	self->cq = (struct cap_cqe *)(void *)((uint8_t *)ring + ring->cq_offset);
	self->sq_mask = ring->sq_entries - 1;
	self->cq_mask = ring->cq_entries - 1;
	capos_ring_resync(self);
	blocks_init(self);
}

/* As much as the queue and the ops have. */
static uint32_t
room(const struct capos *self)
{
	uint32_t queued = self->sq_tail - __atomic_load_n(&self->ring->sq_head, __ATOMIC_RELAXED);
	uint32_t slots = self->sq_mask + 1 - queued;
	uint32_t ops = self->cq_mask + 1 - capos_in_flight(self);

	return slots < ops ? slots : ops;
}

/* The kernel takes what is queued; if all ops are in flight, one must end first. */
enum cap_status
capos_make_room(struct capos *self)
{
	while ((self->room = room(self)) == 0) {
		bool is_full = capos_in_flight(self) > self->cq_mask;
		int64_t entered =
		    capos_enter(is_full ? 1 : 0, is_full ? CAP_DEADLINE_NONE : CAP_DEADLINE_POLL);

		if (entered < 0)
			return (enum cap_status)entered;
		(void)capos_reap(self);
	}
	return CAP_OK;
}

void
capos_ignore_completion(struct capos_completion *completion, const struct cap_cqe *cqe)
{
	(void)completion;
	(void)cqe;
}

/* A FINISH that comes too late finds nothing, which is no failure. */
enum cap_status
capos_finish(struct capos *self, struct capos_completion *completion)
{
	static struct capos_completion cancelled = { capos_ignore_completion };
	struct cap_sqe *sqe;

	CAPOS_TRY(capos_submit(self, &sqe));
	*sqe = (struct cap_sqe){
		.op = CAP_OP_FINISH,
		.target = (uint64_t)completion,
		.user_data = (uint64_t)&cancelled | CAPOS_UNAWAITED,
	};
	self->unawaited++;
	capos_submitted(self);
	return CAP_OK;
}
