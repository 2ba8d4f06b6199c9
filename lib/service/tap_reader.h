/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The reader's side of a tap's memory (abi/tap.h): records in the order in which they were written.
 * One reader; the memory is the tap holder's own, mapped for reading and writing.
 */
#include <abi/tap.h>
#include <capos/status.h>
#include <stdbool.h>

struct tap_reader {
	struct cap_tap_header *shared;
	uint32_t slot_offset;
	uint32_t slot_bytes;
	uint32_t slot_count;
	uint32_t payload_max;
	uint64_t head; /* records read */
};

/* Behind TapFactory.create. CAP_ERR_UNSUPPORTED_VERSION: no tap of this ABI has this memory. */
MUST_CHECK enum cap_status
tap_reader_open(struct tap_reader *reader, void *memory, uint64_t memory_bytes);
/* The next record, and its payload: room for payload_max bytes. False: there is none yet. */
bool tap_reader_next(struct tap_reader *reader, struct cap_tap_record *record, void *payload);
/* So far; those before the next record show in its sequence number, too. */
uint64_t tap_reader_dropped(const struct tap_reader *reader);
