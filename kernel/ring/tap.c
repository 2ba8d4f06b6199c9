/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing records; see tap.h. A slot may lie across two pages, so all goes in pieces of a page. The
 * payload is copied from the process straight into the slot, and the record, which says how much
 * arrived, is written behind it.
 */
#include "ring/tap.h"

#include <core/string.h>

#include "arch/clock.h"
#include "arch/page_table.h"
#include "mm/memory_object.h"
#include "mm/user_copy.h"

/* One message, of which the first bytes are copied. */
struct payload {
	uaddr_t address;
	uint32_t bytes; /* that may be there */
	bool
	    is_framed; /* the message itself says how long it is: `bytes` is what it had room for */
};

static struct cap_tap_header *
header_of(const struct ring_tap *tap)
{
	return arch_direct_map(memory_object_frame(tap->memory, 0));
}

enum cap_status
ring_tap_init(struct ring_tap *tap, const struct ring_tap_request *request)
{
	uint32_t slot_bytes = (uint32_t)sizeof(struct cap_tap_record) + request->payload_max;
	uint64_t room = memory_object_bytes(request->memory) - sizeof(struct cap_tap_header);

	if (request->payload_max > CAP_TAP_PAYLOAD_MAX || request->payload_max % 8 != 0 ||
	    room < slot_bytes)
		return CAP_ERR_INVALID_ARGUMENT;
	memset(tap, 0, sizeof(*tap));
	spin_init(&tap->lock, LOCK_RANK_TAP, 0);
	tap->memory = request->memory;
	tap->arrived = request->arrived;
	tap->payload_max = request->payload_max;
	tap->slot_bytes = slot_bytes;
	tap->slot_count = (uint32_t)(room / slot_bytes);
	*header_of(tap) = (struct cap_tap_header){
		.magic = CAP_TAP_MAGIC,
		.version = CAP_TAP_VERSION,
		.slot_offset = sizeof(struct cap_tap_header),
		.slot_bytes = slot_bytes,
		.slot_count = tap->slot_count,
		.payload_max = tap->payload_max,
	};
	return CAP_OK;
}

struct ring_tap_counts
ring_tap_counts(struct ring_tap *tap)
{
	struct ring_tap_counts counts;

	spin_lock(&tap->lock);
	counts = (struct ring_tap_counts){ tap->tail, tap->dropped };
	spin_unlock(&tap->lock);
	return counts;
}

/* The memory's bytes at `offset`, as many as stand in one page; *bytes is made no more. */
static uint8_t *
piece(const struct ring_tap *tap, uint64_t offset, uint32_t *bytes)
{
	uint64_t in_page = offset % PAGE_BYTES;

	if (*bytes > PAGE_BYTES - in_page)
		*bytes = (uint32_t)(PAGE_BYTES - in_page);
	return (uint8_t *)arch_direct_map(memory_object_frame(tap->memory, offset)) + in_page;
}

static void
record_write(const struct ring_tap *tap, uint64_t offset, const struct cap_tap_record *record)
{
	const uint8_t *from = (const uint8_t *)record;
	uint32_t left = sizeof(*record);

	while (left != 0) {
		uint32_t bytes = left;
		uint8_t *to = piece(tap, offset, &bytes);

		memcpy(to, from, bytes);
		from += bytes;
		offset += bytes;
		left -= bytes;
	}
}

/*
 * How long the message says that it is, of which `had` bytes may be there: the frame of a message
 * with one segment, as the kernel and its runtime write them; one with more is taken whole.
 */
static uint32_t
framed_bytes(struct address_space *space, const struct payload *payload)
{
	uint32_t table[2];

	if (!payload->is_framed || payload->bytes < sizeof(table) ||
	    user_copy_in(space, table, payload->address, sizeof(table)) != CAP_OK ||
	    table[0] != 0 || table[1] >= payload->bytes / 8)
		return payload->bytes;
	return (table[1] + 1) * 8;
}

/* The first bytes of a message into the slot; the record is told what came. */
static void
payload_copy_locked(struct ring_tap *tap, uint64_t offset, const struct payload *payload,
    struct cap_tap_record *record) REQUIRES(&tap->lock)
{
	uint32_t left = framed_bytes(tap->space, payload);
	uaddr_t from = payload->address;

	if (left > tap->payload_max)
		left = tap->payload_max;
	while (left != 0) {
		uint32_t bytes = left;
		uint8_t *to = piece(tap, offset, &bytes);

		if (user_copy_in(tap->space, to, from, bytes) != CAP_OK) {
			record->payload_flags = CAP_TAP_PAYLOAD_LOST;
			return;
		}
		record->payload_bytes = (uint16_t)(record->payload_bytes + bytes);
		from += bytes;
		offset += bytes;
		left -= bytes;
	}
}

/* Is there a free slot? The reader's index is believed if it is between the last one and ours. */
static bool
has_room_locked(struct ring_tap *tap) REQUIRES(&tap->lock)
{
	/* Pairs with the reader's release store: it has read what was in the slots before. */
	uint64_t head = __atomic_load_n(&header_of(tap)->head, __ATOMIC_ACQUIRE);

	if (head - tap->head <= tap->tail - tap->head)
		tap->head = head;
	return tap->tail - tap->head < tap->slot_count;
}

static void
record_add_locked(struct ring_tap *tap, struct cap_tap_record *record,
    const struct payload *payload) REQUIRES(&tap->lock)
{
	struct cap_tap_header *header = header_of(tap);
	uint64_t offset;

	if (!has_room_locked(tap)) {
		tap->dropped++;
		__atomic_store_n(&header->dropped, tap->dropped, __ATOMIC_RELEASE);
		return;
	}
	offset = sizeof(*header) + tap->tail % tap->slot_count * tap->slot_bytes;
	record->sequence = tap->tail + tap->dropped;
	record->time_ns = arch_clock_now_ns();
	record->pid = tap->pid;
	if (tap->payload_max != 0)
		payload_copy_locked(tap, offset + sizeof(*record), payload, record);
	record_write(tap, offset, record);
	tap->tail++;
	/* Pairs with the reader's load: the slot is whole before it is counted. */
	__atomic_store_n(&header->tail, tap->tail, __ATOMIC_RELEASE);
}

static void
record_fill(struct cap_tap_record *record, const struct cap_sqe *sqe)
{
	*record = (struct cap_tap_record){
		.user_data = sqe->user_data,
		.target = sqe->target,
		.method = sqe->method,
		.op = sqe->op,
		.op_flags = sqe->op_flags,
		.flags = sqe->flags,
		.xfer_count = sqe->xfer_count,
		.cap_max = sqe->cap_max,
		.len = sqe->len,
		.result_len = sqe->result_len,
	};
}

void
ring_tap_submitted(struct ring_tap *tap, struct op *op, uint64_t interface_id)
{
	bool has_message = op->sqe.op == CAP_OP_CALL || op->sqe.op == CAP_OP_RETURN;
	const struct payload payload = { op->sqe.addr, has_message ? op->sqe.len : 0, false };
	struct cap_tap_record record;

	record_fill(&record, &op->sqe);
	record.direction = CAP_TAP_SUBMISSION;
	record.interface_id = interface_id;
	spin_lock(&tap->lock);
	record.call_id = ++tap->call_ids;
	tap->ops[op->index] = (struct tap_op){ record.call_id, op->sqe.target, interface_id };
	op->extras |= OP_TAPPED;
	record_add_locked(tap, &record, &payload);
	spin_unlock(&tap->lock);
	tap->arrived(tap);
}

/* What the completed op brought its process. */
static struct payload
payload_of(const struct cap_sqe *sqe, int32_t result)
{
	if (sqe->op != CAP_OP_CALL && sqe->op != CAP_OP_RECV)
		return (struct payload){ 0 };
	/* How long an exception is, its completion does not say. */
	if (sqe->op == CAP_OP_CALL && result == CAP_ERR_APPLICATION_EXCEPTION)
		return (struct payload){ sqe->result_addr, sqe->result_len, true };
	return (struct payload){ sqe->result_addr, result > 0 ? (uint32_t)result : 0, false };
}

void
ring_tap_completed(struct ring_tap *tap, const struct op *op, const struct op_result *result)
{
	const struct payload payload = payload_of(&op->sqe, result->result);
	struct tap_op seen = tap->ops[op->index];
	struct cap_tap_record record;

	if (seen.call_id == 0)
		return;
	record_fill(&record, &op->sqe);
	record.direction = CAP_TAP_COMPLETION;
	record.call_id = seen.call_id;
	record.target = seen.target;
	record.interface_id = seen.interface_id;
	record.result = result->result;
	record.cap_count = (uint8_t)result->cap_count;
	record.cap_id = result->cap_id;
	record.cap_interface_id = result->interface_id;
	spin_lock(&tap->lock);
	record_add_locked(tap, &record, &payload);
	spin_unlock(&tap->lock);
	tap->arrived(tap);
}
