/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Memory that two processes share, and how they wake each other. One makes the buffer and offers
 *the other end in a message (schema/shared_buffer.capnp); the other accepts it. Forms:
 *record_ring.h, buffer_pool.h.
 *
 *	maker:	record_ring_make(...) -> offer into a message -> call -> shared_parts_end()
 *	other:	shared_buffer_parts from the message -> record_ring_accept()
 *
 * The maker pays: for the pages until the last mapping is gone, and for both notifications. Each
 *side pays for its own mapping. Each side has a notification, whose bits only the other side sets,
 *by a limited signaller: when the other side has closed or died, its signaller's end tells
 *(SHARED_GONE).
 *
 * Nothing that the other side writes is believed: positions are bounded, indexes checked, each read
 * once. Contents are the other side's bytes and may change while they are read: who decides by them
 * copies them first. A corrupt buffer answers CAP_ERR_BUFFER_CORRUPT from then on.
 */
#include <capos/notification.h>
#include <schema/memory.client.h>
#include <schema/shared_buffer.capnp.h>

#include "ring_view.h"

#define SHARED_MOVED UINT64_C(1) /* bits of a notification that is the buffer's own */
#define SHARED_GONE UINT64_C(2)

#define SHARED_RECORD_BYTES_MAX 65536
#define SHARED_COUNT_MAX (1U << 24)
#define SHARED_MEMORY_BYTES_MAX (16U << 20) /* the largest MemoryObject */
#define SHARED_PAGE_BYTES UINT64_C(4096)

/* What a buffer is made with; borrowed. */
struct shared_maker {
	struct frame_allocator frames;
	struct notification_factory notifications;
};

/* The capabilities of one end, and what it is. */
struct shared_parts {
	enum buffer_role role;
	uint32_t record_bytes;
	uint32_t count;
	uint64_t signal_bits;
	struct capos_cap memory;
	struct capos_cap notification;
	struct capos_cap signaller;
};

/* One end; in the caller's storage. */
struct shared_end {
	struct memory_object memory;
	struct notification notification; /* ours */
	struct signaller signaller;	  /* the other side's */
	uint64_t signal_bits;		  /* that wake the other side */
	uint8_t *address;		  /* of the mapping */
	uint64_t bytes;
	bool is_gone; /* the other side has closed its end, or died */
};

/*
 * Make memory of `bytes`, map it, and both notifications. CAP_OK: `mine` and `theirs` are the
 * caller's; theirs.role and sizes are the caller's to fill. Else a refusal of the kernel, and
 * nothing is left.
 */
MUST_CHECK enum cap_status shared_end_make(const struct shared_maker *maker, uint64_t bytes,
    struct shared_end *mine, struct shared_parts *theirs);
/*
 * Put an end that was made into a message: the notification and the signaller move with it. Before
 * the call is sent.
 */
void shared_parts_offer(struct shared_buffer_builder to, const struct shared_parts *parts);
/*
 * After the call: what has not moved is released. `arrived`: the call reached the other side, which
 * may have refused it.
 */
void shared_parts_end(struct shared_parts *parts, bool arrived);
/* All that an end consists of, if it is not accepted. */
void shared_parts_release(struct shared_parts *parts);
/* What a message says; its capabilities are named there, and not taken yet (ids 0). */
struct shared_parts shared_parts_read(struct shared_buffer from);

/*
 * Map what was accepted; `bytes` is what its form needs. Takes over the capabilities; after a
 * refusal they are still the caller's. CAP_ERR_INVALID_ARGUMENT: the memory is smaller, or
 * something is missing; CAP_ERR_WRONG_INTERFACE: a capability is something else.
 */
MUST_CHECK enum cap_status
shared_end_accept(const struct shared_parts *parts, uint64_t bytes, struct shared_end *out);
/* Unmap, and release all. The other side gets SHARED_GONE. */
void shared_end_close(struct shared_end *buffer);

/* Wake the other side. That it is gone is found out by whoever waits. */
void shared_end_signal(struct shared_end *buffer);
/*
 * Sleep until the other side signals, closes or dies. `deadline_ns`: absolute; 0: none.
 * CAP_ERR_TIMED_OUT. That it is gone is CAP_OK, and stands in `is_gone`.
 */
MUST_CHECK enum cap_status shared_end_sleep(struct shared_end *buffer, uint64_t deadline_ns);
