/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What shared buffers are made of, for tests on the host: one memory object, two notifications with
 * limited signallers, and the other side, which the test plays: it writes to the memory and sets
 * bits when the code under test would sleep. Included by one file of a test program.
 */
#include <capos/fake_call.h>
#include <schema/memory.client.h>
#include <schema/notification.client.h>

#include "shared_buffer.h"

#define FAKE_FRAMES_CAP 2
#define FAKE_FACTORY_CAP 3
#define FAKE_SHARED_MEMORY_CAP 4
#define FAKE_NOTIFICATION_CAP 16 /* and the next */
#define FAKE_SIGNALLER_CAP 32	 /* of the notification with the same number */
#define FAKE_SHARED_BYTES 0x20000
#define FAKE_SHARED_CAPS 64

static struct {
	_Alignas(4096) uint8_t memory[FAKE_SHARED_BYTES];
	uint64_t memory_bytes; /* that the object says it has */
	uint32_t mappings;
	uint32_t notifications; /* made */
	uint64_t bits[2];
	uint32_t signals[2];
	bool closed[2];
	uint32_t holds[FAKE_SHARED_CAPS]; /* by capability id */
	uint32_t refused_call;		  /* the n-th call is refused; 0: none */
	uint32_t calls;
	void (*on_sleep)(void); /* the other side's turn */
} fake_shared;

static inline void
fake_wake(uint32_t index)
{
	const struct cap_sqe *wait = NULL;

	for (uint32_t i = 0; i < fake.in_flight_count; i++)
		if (fake.in_flight[i].op == CAP_OP_WAIT &&
		    fake.in_flight[i].target == FAKE_NOTIFICATION_CAP + index &&
		    (fake.in_flight[i].addr & fake_shared.bits[index]) != 0)
			wait = &fake.in_flight[i];
	if (wait != NULL) {
		struct cap_cqe cqe = { .user_data = wait->user_data,
			.bits = wait->addr & fake_shared.bits[index] };

		fake_shared.bits[index] &= ~cqe.bits;
		fake_end(&cqe);
	}
}

/* The other side, or the kernel, sets bits. */
static inline void
fake_set_bits(uint32_t index, uint64_t bits)
{
	fake_shared.bits[index] |= bits;
	fake_wake(index);
}

static inline void
fake_shared_signal(const struct cap_sqe *sqe)
{
	uint32_t index = (uint32_t)(sqe->target - FAKE_SIGNALLER_CAP);
	uint64_t bits = sqe->addr;

	if (fake_shared.closed[index]) {
		fake_complete(sqe, CAP_ERR_DISCONNECTED);
		return;
	}
	fake_shared.signals[index]++;
	fake_complete(sqe, CAP_OK);
	fake_set_bits(index, bits);
}

static inline void
fake_answer_cap(const struct cap_sqe *sqe, uint64_t cap_id, uint64_t interface_id)
{
	struct capnp_builder results;
	struct cap_record record = { .cap_id = cap_id, .interface_id = interface_id };

	fake_shared.holds[cap_id]++;
	fake_results(sqe, &results);
	/* All of them answer with one capability alone. */
	notification_factory_create_results_set_notification(
	    notification_factory_create_results_init_root(&results), fake_cap());
	fake_answer(sqe, &results, &record);
}

static inline void
fake_memory_call(const struct cap_sqe *sqe)
{
	struct capnp_reader params;
	struct capnp_builder results;

	fake_params(sqe, &params);
	fake_results(sqe, &results);
	switch (sqe->method) {
	case MEMORY_OBJECT_METHOD_INFO:
		memory_object_info_results_set_size(
		    memory_object_info_results_init_root(&results), fake_shared.memory_bytes);
		break;
	case MEMORY_OBJECT_METHOD_MAP:
		fake_shared.mappings++;
		memory_object_map_results_set_address(
		    memory_object_map_results_init_root(&results), (uint64_t)fake_shared.memory);
		break;
	default:
		fake_shared.mappings--;
		(void)memory_object_unmap_results_init_root(&results);
		break;
	}
	fake_answer(sqe, &results, NULL);
}

static inline void
fake_shared_call(const struct cap_sqe *sqe)
{
	if (++fake_shared.calls == fake_shared.refused_call) {
		fake_refuse(sqe, CAP_ERR_QUOTA_EXCEEDED);
	} else if (sqe->target == FAKE_FRAMES_CAP) {
		struct capnp_reader params;

		fake_params(sqe, &params);
		fake_shared.memory_bytes = SHARED_PAGE_BYTES *
		    frame_allocator_alloc_params_count(frame_allocator_alloc_params_root(&params));
		fake_answer_cap(sqe, FAKE_SHARED_MEMORY_CAP, MEMORY_OBJECT_INTERFACE_ID);
	} else if (sqe->target == FAKE_FACTORY_CAP) {
		fake_answer_cap(sqe, FAKE_NOTIFICATION_CAP + fake_shared.notifications++,
		    NOTIFICATION_INTERFACE_ID);
	} else if (sqe->target == FAKE_SHARED_MEMORY_CAP) {
		fake_memory_call(sqe);
	} else {
		fake_answer_cap(sqe, sqe->target - FAKE_NOTIFICATION_CAP + FAKE_SIGNALLER_CAP,
		    SIGNALLER_INTERFACE_ID);
	}
}

static inline void
fake_shared_op(const struct cap_sqe *sqe)
{
	if (sqe->op == CAP_OP_SIGNAL)
		fake_shared_signal(sqe);
	else if (sqe->op == CAP_OP_WAIT)
		fake_wake((uint32_t)(sqe->target - FAKE_NOTIFICATION_CAP));
	else if (sqe->op == CAP_OP_CALL)
		fake_shared_call(sqe);
}

static inline void
fake_shared_idle(void)
{
	if (fake_shared.on_sleep != NULL)
		fake_shared.on_sleep();
}

/* Holds that are left, once what is queued has reached the kernel. */
static inline uint32_t
fake_holds_left(struct capos *self)
{
	uint32_t left = 0;

	(void)!capos_release_flush(self);
	for (uint32_t i = 0; i < fake.log_count; i++)
		if (fake.log[i].op == CAP_OP_RELEASE && fake.log[i].target < FAKE_SHARED_CAPS)
			fake_shared.holds[fake.log[i].target]--;
	for (uint32_t i = 0; i < FAKE_SHARED_CAPS; i++)
		left += fake_shared.holds[i];
	return left;
}

/* Behind fake_start(). */
static inline struct shared_maker
fake_shared_start(struct capos *self)
{
	memset(&fake_shared, 0, sizeof(fake_shared));
	fake.on_op = fake_shared_op;
	fake.on_idle = fake_shared_idle;
	return (struct shared_maker){
		{ { self, FAKE_FRAMES_CAP, FRAME_ALLOCATOR_INTERFACE_ID } },
		{ { self, FAKE_FACTORY_CAP, NOTIFICATION_FACTORY_INTERFACE_ID } },
	};
}
