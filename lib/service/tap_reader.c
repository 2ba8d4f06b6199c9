/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what a tap wrote; see tap_reader.h. */
#include "tap_reader.h"

#include <string.h>

static bool
is_header(const struct cap_tap_header *header, uint64_t bytes)
{
	return header->magic == CAP_TAP_MAGIC && header->version == CAP_TAP_VERSION &&
	    header->payload_max <= CAP_TAP_PAYLOAD_MAX &&
	    header->slot_bytes >= sizeof(struct cap_tap_record) + header->payload_max &&
	    header->slot_offset >= sizeof(*header) && header->slot_offset <= bytes &&
	    header->slot_count != 0 &&
	    header->slot_count <= (bytes - header->slot_offset) / header->slot_bytes;
}

enum cap_status
tap_reader_open(struct tap_reader *reader, void *memory, uint64_t memory_bytes)
{
	struct cap_tap_header header;

	if (memory_bytes < sizeof(header))
		return CAP_ERR_UNSUPPORTED_VERSION;
	memcpy(&header, memory, sizeof(header));
	if (!is_header(&header, memory_bytes))
		return CAP_ERR_UNSUPPORTED_VERSION;
	*reader = (struct tap_reader){
		.shared = memory,
		.slot_offset = header.slot_offset,
		.slot_bytes = header.slot_bytes,
		.slot_count = header.slot_count,
		.payload_max = header.payload_max,
		.head = header.head,
	};
	return CAP_OK;
}

bool
tap_reader_next(struct tap_reader *reader, struct cap_tap_record *record, void *payload)
{
	/* Pairs with the kernel's release store: the slots before are whole. */
	uint64_t tail = __atomic_load_n(&reader->shared->tail, __ATOMIC_ACQUIRE);
	const uint8_t *slot;

	if (reader->head == tail)
		return false;
	slot = (const uint8_t *)reader->shared + reader->slot_offset +
	    (uint64_t)reader->slot_bytes * (reader->head % reader->slot_count);
	memcpy(record, slot, sizeof(*record));
	if (record->payload_bytes > reader->payload_max)
		record->payload_bytes = (uint16_t)reader->payload_max;
	memcpy(payload, slot + sizeof(*record), record->payload_bytes);
	reader->head++;
	/* Release: the slot was read before the kernel may write it again. */
	__atomic_store_n(&reader->shared->head, reader->head, __ATOMIC_RELEASE);
	return true;
}

uint64_t
tap_reader_dropped(const struct tap_reader *reader)
{
	return __atomic_load_n(&reader->shared->dropped, __ATOMIC_ACQUIRE);
}
