/* SPDX-License-Identifier: Apache-2.0 */
/* The ring client; see ring.h. */
#include "ring.h"

#include <string.h>

__attribute__((weak)) const struct capos_large_messages capos_large_messages = { 0 };

static struct capos_block small_blocks[CAPOS_SMALL_COUNT];
static struct capos_block medium_block;
static _Alignas(16) uint8_t small_memory[(CAPOS_SMALL_COUNT - CAPOS_SMALL_PINNED) *
    (CAPOS_SMALL_PARAM_BYTES + CAPOS_SMALL_RESULT_BYTES)];

static void
give_new(struct capos *self, struct capos_block *block, uint8_t *memory, uint32_t param_bytes)
{
	block->params = memory;
	block->results = memory + param_bytes;
	block->param_bytes = param_bytes;
	capos_block_give(self, block);
}

static void
blocks_init(struct capos *self)
{
	const uint32_t small_bytes = CAPOS_SMALL_PARAM_BYTES + CAPOS_SMALL_RESULT_BYTES;
	uint8_t *area = (uint8_t *)self->ring + self->ring->message_offset;
	uint32_t medium_bytes = self->ring->message_bytes - CAPOS_SMALL_PINNED * small_bytes;

	for (uint32_t i = 0; i < capos_large_messages.count; i++) {
		struct capos_block *block = &capos_large_messages.blocks[i];

		block->kind = CAPOS_BLOCK_LARGE;
		block->result_bytes = CAPOS_LARGE_RESULT_BYTES;
		give_new(self, block,
		    capos_large_messages.memory +
			(size_t)i * (CAPOS_LARGE_PARAM_BYTES + CAPOS_LARGE_RESULT_BYTES),
		    CAPOS_LARGE_PARAM_BYTES);
	}
	medium_block.kind = CAPOS_BLOCK_MEDIUM;
	medium_block.result_bytes = medium_bytes - CAPOS_MEDIUM_PARAM_BYTES;
	give_new(
	    self, &medium_block, area + CAPOS_SMALL_PINNED * small_bytes, CAPOS_MEDIUM_PARAM_BYTES);
	/* The pinned ones are given last: they are taken first. */
	for (uint32_t i = CAPOS_SMALL_COUNT; i-- > 0;) {
		uint8_t *memory = i < CAPOS_SMALL_PINNED
		    ? area + i * small_bytes
		    : small_memory + (i - CAPOS_SMALL_PINNED) * small_bytes;

		small_blocks[i].kind = CAPOS_BLOCK_SMALL;
		small_blocks[i].result_bytes = CAPOS_SMALL_RESULT_BYTES;
		give_new(self, &small_blocks[i], memory, CAPOS_SMALL_PARAM_BYTES);
	}
}

static struct capos_block *
block_pop(struct capos *self, enum capos_block_kind kind)
{
	struct capos_block *block = self->free_blocks[kind];

	if (block != NULL)
		self->free_blocks[kind] = block->next;
	return block;
}

struct capos_block *
capos_block_take(struct capos *self, enum capos_block_kind kind)
{
	enum capos_block_kind at = kind;

	/* A larger one serves as well; a program without large ones tries with the medium one. */
	while (at < CAPOS_BLOCK_KINDS && self->free_blocks[at] == NULL)
		at++;
	if (at == CAPOS_BLOCK_KINDS)
		at = CAPOS_BLOCK_MEDIUM;
	return block_pop(self, at);
}

void
capos_block_give(struct capos *self, struct capos_block *block)
{
	block->next = self->free_blocks[block->kind];
	self->free_blocks[block->kind] = block;
}

void
capos_ring_resync(struct capos *self)
{
	self->sq_tail = self->ring->sq_tail;
	self->cq_head = self->ring->cq_head;
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

uint32_t
capos_reap(struct capos *self)
{
	/* Pairs with the kernel's release store in op_complete(): the completion is seen whole. */
	uint32_t tail = __atomic_load_n(&self->ring->cq_tail, __ATOMIC_ACQUIRE);
	uint32_t count = 0;

	/* What a completion sets off may wait and reap in turn: then the head is past this tail
	 * already. */
	while ((int32_t)(tail - self->cq_head) > 0) {
		struct cap_cqe cqe = self->cq[self->cq_head & self->cq_mask];

		struct capos_completion *completion =
		    (struct capos_completion *)(cqe.user_data & ~CAPOS_UNAWAITED);

		self->cq_head++;
		self->in_flight--;
		self->unawaited -= cqe.user_data & CAPOS_UNAWAITED;
		count++;
		/* The place may be used again as soon as it is reaped: reap before the callback
		 * submits. */
		__atomic_store_n(&self->ring->cq_head, self->cq_head, __ATOMIC_RELEASE);
		if (completion != NULL)
			completion->done(completion, &cqe);
		else if (cqe.result < 0 && self->release_status == CAP_OK)
			self->release_status = (enum cap_status)cqe.result;
	}
	return count;
}

enum cap_status
capos_wait_any(struct capos *self, uint64_t deadline_ns)
{
	uint32_t wanted = self->unawaited + 1;
	int64_t entered;

	/* With nothing else in flight, those are what can be waited for. */
	if (wanted > self->in_flight && self->in_flight != 0)
		wanted = self->in_flight;
	entered = capos_enter(wanted, deadline_ns);
	if (entered < 0)
		return (enum cap_status)entered;
	return capos_reap(self) != 0 ? CAP_OK : CAP_ERR_TIMED_OUT;
}

/* The kernel takes what is queued; if all ops are in flight, one must end first. */
enum cap_status
capos_make_room(struct capos *self)
{
	while (!capos_has_room(self)) {
		bool is_full = self->in_flight > self->cq_mask;
		int64_t entered =
		    capos_enter(is_full ? 1 : 0, is_full ? CAP_DEADLINE_NONE : CAP_DEADLINE_POLL);

		if (entered < 0)
			return (enum cap_status)entered;
		(void)capos_reap(self);
	}
	return CAP_OK;
}
