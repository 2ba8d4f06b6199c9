/* SPDX-License-Identifier: Apache-2.0 */
/* Making, offering, accepting and closing shared buffers; see shared_buffer.h. */
#include "shared_buffer.h"

#include <string.h>

static void
release(struct capos_cap *cap)
{
	if (cap->cap_id != 0)
		capos_release(*cap);
	cap->cap_id = 0;
}

static enum cap_status
map(struct shared_end *buffer)
{
	uint64_t address;

	CAPOS_TRY(memory_object_map(
	    buffer->memory, 0, buffer->bytes, 0, PROTECTION_READ_WRITE, &address));
	buffer->address = (uint8_t *)address;
	return CAP_OK;
}

/* A notification, and what its other side signals it by. */
static enum cap_status
make_notification(const struct shared_maker *maker, struct notification *notification,
    struct capos_cap *signaller)
{
	struct signaller made;
	enum cap_status status = notification_factory_create(maker->notifications, notification);

	if (status != CAP_OK)
		return status;
	status = notification_limited_signaller(*notification, SHARED_MOVED, SHARED_GONE, &made);
	if (status != CAP_OK) {
		release(&notification->cap);
		return status;
	}
	*signaller = made.cap;
	return CAP_OK;
}

static enum cap_status
make_memory(const struct shared_maker *maker, uint64_t bytes, struct shared_end *mine)
{
	uint64_t pages = (bytes + SHARED_PAGE_BYTES - 1) / SHARED_PAGE_BYTES;
	enum cap_status status;

	mine->bytes = pages * SHARED_PAGE_BYTES;
	CAPOS_TRY(frame_allocator_alloc(maker->frames, (uint32_t)pages, &mine->memory));
	status = map(mine);
	if (status != CAP_OK)
		release(&mine->memory.cap);
	return status;
}

enum cap_status
shared_end_make(const struct shared_maker *maker, uint64_t bytes, struct shared_end *mine,
    struct shared_parts *theirs)
{
	struct notification their_notification;
	enum cap_status status;

	*mine = (struct shared_end){ .signal_bits = SHARED_MOVED };
	*theirs = (struct shared_parts){ .signal_bits = SHARED_MOVED };
	status = make_memory(maker, bytes, mine);
	if (status != CAP_OK)
		return status;
	status = make_notification(maker, &mine->notification, &theirs->signaller);
	if (status != CAP_OK)
		goto unmap;
	status = make_notification(maker, &their_notification, &mine->signaller.cap);
	if (status != CAP_OK)
		goto drop_notification;
	theirs->notification = their_notification.cap;
	theirs->memory = mine->memory.cap;
	return CAP_OK;
drop_notification:
	release(&theirs->signaller);
	release(&mine->notification.cap);
unmap:
	(void)!memory_object_unmap(mine->memory, (uint64_t)mine->address, mine->bytes);
	release(&mine->memory.cap);
	return status;
}

static struct capnp_cap
in_message(struct capos_cap cap, uint8_t mode)
{
	return (struct capnp_cap){ cap.cap_id, cap.interface_id, mode };
}

void
shared_parts_offer(struct shared_buffer_builder to, const struct shared_parts *parts)
{
	shared_buffer_set_role(to, parts->role);
	shared_buffer_set_record_bytes(to, parts->record_bytes);
	shared_buffer_set_count(to, parts->count);
	shared_buffer_set_signal_bits(to, parts->signal_bits);
	shared_buffer_set_memory(to, in_message(parts->memory, CAPNP_CAP_COPY));
	shared_buffer_set_notification(to, in_message(parts->notification, CAPNP_CAP_MOVE));
	shared_buffer_set_signaller(to, in_message(parts->signaller, CAPNP_CAP_MOVE));
}

void
shared_parts_end(struct shared_parts *parts, bool arrived)
{
	/* The memory is the maker's own hold. */
	if (!arrived) {
		release(&parts->notification);
		release(&parts->signaller);
	}
	*parts = (struct shared_parts){ 0 };
}

void
shared_parts_release(struct shared_parts *parts)
{
	release(&parts->memory);
	release(&parts->notification);
	release(&parts->signaller);
}

struct shared_parts
shared_parts_read(struct shared_buffer from)
{
	return (struct shared_parts){
		.role = shared_buffer_role(from),
		.record_bytes = shared_buffer_record_bytes(from),
		.count = shared_buffer_count(from),
		.signal_bits = shared_buffer_signal_bits(from),
	};
}

enum cap_status
shared_end_accept(const struct shared_parts *parts, uint64_t bytes, struct shared_end *out)
{
	struct shared_end accepted = {
		.memory = { parts->memory },
		.notification = { parts->notification },
		.signaller = { parts->signaller },
		.signal_bits = parts->signal_bits,
		.bytes = (bytes + SHARED_PAGE_BYTES - 1) & ~(SHARED_PAGE_BYTES - 1),
	};
	uint64_t size;
	uint32_t mappings;

	if (parts->memory.cap_id == 0 || parts->notification.cap_id == 0 ||
	    parts->signaller.cap_id == 0 || parts->signal_bits == 0)
		return CAP_ERR_INVALID_ARGUMENT;
	if (parts->memory.interface_id != MEMORY_OBJECT_INTERFACE_ID ||
	    parts->notification.interface_id != NOTIFICATION_INTERFACE_ID ||
	    parts->signaller.interface_id != SIGNALLER_INTERFACE_ID)
		return CAP_ERR_WRONG_INTERFACE;
	/* The kernel answers: endpoints cannot show MemoryObject. */
	CAPOS_TRY(memory_object_info(accepted.memory, &size, &mappings));
	if (size < accepted.bytes)
		return CAP_ERR_INVALID_ARGUMENT;
	CAPOS_TRY(map(&accepted));
	*out = accepted;
	return CAP_OK;
}

void
shared_end_close(struct shared_end *buffer)
{
	if (buffer->memory.cap.cap_id == 0)
		return;
	/* It was mapped: this is refused by a ring that has failed alone. */
	(void)!memory_object_unmap(buffer->memory, (uint64_t)buffer->address, buffer->bytes);
	release(&buffer->signaller.cap);
	release(&buffer->notification.cap);
	release(&buffer->memory.cap);
	buffer->address = NULL;
}

void
shared_end_signal(struct shared_end *buffer)
{
	/* Refused: nobody can wait there any more, and the end of its signaller says so as well. */
	if (capos_signal(buffer->signaller, buffer->signal_bits) == CAP_ERR_DISCONNECTED)
		buffer->is_gone = true;
}

enum cap_status
shared_end_sleep(struct shared_end *buffer, uint64_t deadline_ns)
{
	uint64_t bits = 0;

	if (buffer->is_gone)
		return CAP_OK;
	CAPOS_TRY(capos_notification_wait(
	    buffer->notification, SHARED_MOVED | SHARED_GONE, deadline_ns, &bits));
	buffer->is_gone = (bits & SHARED_GONE) != 0;
	return CAP_OK;
}
