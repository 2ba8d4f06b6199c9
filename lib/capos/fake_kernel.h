/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A kernel for tests on the host: capos_enter() over a ring in ordinary memory. It takes
 * submissions as the real one does (16 in an entry, an op for each until its completion is reaped),
 * notes them, and completes NOP, RELEASE and FINISH. CALL, RECV and RETURN stay in flight until the
 * test completes them: in `on_op`, as they are taken, or in `on_idle`, when the thread would block.
 * A wait that nothing ends is CAP_ERR_UNENDABLE_WAIT, so that no test hangs.
 *
 * Included by one file of a test program; it defines capos_enter.
 */
#include <string.h>

#include "capos.h"

#define FAKE_SQ_ENTRIES 16
#define FAKE_CQ_ENTRIES 32
#define FAKE_LOG_ENTRIES 256
#define FAKE_ENTRY_MAX 16

static struct fake_kernel {
	_Alignas(4096) uint8_t page[4096];
	struct cap_sqe in_flight[FAKE_CQ_ENTRIES];
	uint32_t in_flight_count;
	uint32_t sq_head;
	uint32_t cq_tail;
	uint32_t overcommitted; /* submissions that had no op: the client may never cause it */
	uint32_t entries;	/* calls of capos_enter */
	int64_t refusal;	/* what capos_enter returns, if not 0 */
	int32_t release_result;
	struct cap_sqe log[FAKE_LOG_ENTRIES]; /* all that were taken, in order */
	uint32_t log_entry[FAKE_LOG_ENTRIES]; /* in which entry */
	uint32_t log_count;
	void (*on_op)(const struct cap_sqe *sqe);
	void (*on_idle)(void);
} fake;

static inline struct cap_ring *
fake_ring(void)
{
	return (struct cap_ring *)(void *)fake.page;
}

/* A fresh kernel and a fresh thread. */
static inline void
fake_start(struct capos *self)
{
	struct cap_ring *ring = fake_ring();
	const uint32_t cq_offset = sizeof(*ring) + FAKE_SQ_ENTRIES * sizeof(struct cap_sqe);
	const uint32_t message_offset = cq_offset + FAKE_CQ_ENTRIES * sizeof(struct cap_cqe);

	memset(&fake, 0, sizeof(fake));
	memset(self, 0, sizeof(*self));
	*ring = (struct cap_ring){
		.magic = CAP_RING_MAGIC,
		.version = CAP_RING_VERSION,
		.sq_entries = FAKE_SQ_ENTRIES,
		.cq_entries = FAKE_CQ_ENTRIES,
		.sq_offset = sizeof(*ring),
		.cq_offset = cq_offset,
		.message_offset = message_offset,
		.message_bytes = sizeof(fake.page) - message_offset,
	};
	capos_ring_init(self, ring);
}

static inline void
fake_post(const struct cap_cqe *cqe)
{
	struct cap_ring *ring = fake_ring();
	struct cap_cqe *queue = (struct cap_cqe *)(void *)(fake.page + ring->cq_offset);

	queue[fake.cq_tail++ & (FAKE_CQ_ENTRIES - 1)] = *cqe;
	__atomic_store_n(&ring->cq_tail, fake.cq_tail, __ATOMIC_RELEASE);
}

static inline uint32_t
fake_unread(void)
{
	return fake.cq_tail - __atomic_load_n(&fake_ring()->cq_head, __ATOMIC_ACQUIRE);
}

/* The op in flight with this user_data, or NULL. */
static inline struct cap_sqe *
fake_find(uint64_t user_data)
{
	for (uint32_t i = 0; i < fake.in_flight_count; i++)
		if (fake.in_flight[i].user_data == user_data)
			return &fake.in_flight[i];
	return NULL;
}

/* Post the completion of what it names, which is in flight no more. */
static inline void
fake_end(const struct cap_cqe *cqe)
{
	struct cap_sqe *found = fake_find(cqe->user_data);

	if (found != NULL) {
		fake.in_flight_count--;
		memmove(found, found + 1,
		    (size_t)(&fake.in_flight[fake.in_flight_count] - found) * sizeof(*found));
	}
	fake_post(cqe);
}

/* End an op in flight. */
static inline void
fake_complete_caps(
    const struct cap_sqe *sqe, int32_t result, const struct cap_record *caps, uint32_t cap_count)
{
	struct cap_sqe copy = *sqe;
	struct cap_cqe cqe = {
		.user_data = copy.user_data, .result = result, .cap_count = (uint16_t)cap_count
	};

	if (cap_count != 0) {
		cqe.cap_id = caps[0].cap_id;
		cqe.interface_id = caps[0].interface_id;
		memcpy((uint8_t *)copy.result_addr + ((result + 7) & ~7), &caps[1],
		    (cap_count - 1) * sizeof(*caps));
	}
	fake_end(&cqe);
}

static inline void
fake_complete(const struct cap_sqe *sqe, int32_t result)
{
	fake_complete_caps(sqe, result, NULL, 0);
}

static inline int32_t
fake_finish(uint64_t user_data)
{
	struct cap_sqe *found = fake_find(user_data);

	if (found == NULL)
		return CAP_ERR_NOT_FOUND;
	fake_complete(found, CAP_ERR_CANCELLED);
	return CAP_OK;
}

static inline void
fake_run(const struct cap_sqe *sqe)
{
	switch (sqe->op) {
	case CAP_OP_NOP:
		fake_complete(sqe, 0);
		return;
	case CAP_OP_RELEASE:
		fake_complete(sqe, fake.release_result);
		return;
	case CAP_OP_FINISH:
		fake_complete(sqe, sqe->flags & CAP_SQE_ANSWER ? CAP_OK : fake_finish(sqe->target));
		return;
	default:
		fake.in_flight[fake.in_flight_count++] = *sqe;
		if (fake.on_op != NULL)
			fake.on_op(sqe);
	}
}

static inline void
fake_take(void)
{
	struct cap_ring *ring = fake_ring();
	const struct cap_sqe *queue =
	    (const struct cap_sqe *)(const void *)(fake.page + ring->sq_offset);
	uint32_t tail = __atomic_load_n(&ring->sq_tail, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < FAKE_ENTRY_MAX && fake.sq_head != tail; i++) {
		struct cap_sqe sqe = queue[fake.sq_head & (FAKE_SQ_ENTRIES - 1)];

		if (fake.in_flight_count + fake_unread() == FAKE_CQ_ENTRIES) {
			fake.overcommitted++;
			return;
		}
		if (fake.log_count < FAKE_LOG_ENTRIES) {
			fake.log[fake.log_count] = sqe;
			fake.log_entry[fake.log_count++] = fake.entries;
		}
		__atomic_store_n(&ring->sq_head, ++fake.sq_head, __ATOMIC_RELEASE);
		fake_run(&sqe);
	}
}

int64_t
capos_enter(uint32_t min_complete, uint64_t deadline_ns)
{
	fake.entries++;
	if (fake.refusal != 0)
		return fake.refusal;
	fake_take();
	if (fake_unread() < min_complete && fake.on_idle != NULL)
		fake.on_idle();
	if (fake_unread() < min_complete && deadline_ns == CAP_DEADLINE_NONE)
		return CAP_ERR_UNENDABLE_WAIT;
	return fake_unread();
}
