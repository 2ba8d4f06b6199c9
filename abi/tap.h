/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a RingTap writes into its holder's memory object: a header, then slots of one size, used in
 * a circle. The kernel writes slots and then `tail`; the reader reads slots up to `tail` and then
 * writes `head`. Both count slots and never wrap. The kernel believes of the memory `head` alone,
 * and only a value between the last one that it believed and `tail`.
 *
 * A record that finds no free slot is dropped: it is counted, and its sequence number is missing
 * among those that follow. At any time  tail + dropped  is the sequence number of the next record.
 */
#include <stddef.h>
#include <stdint.h>

#define CAP_TAP_MAGIC 0x50415443 /* "CTAP" */
#define CAP_TAP_VERSION 1

struct cap_tap_header {
	uint32_t magic; /* CAP_TAP_MAGIC */
	uint32_t version;
	uint32_t slot_offset; /* of the first slot, from the start of the memory */
	uint32_t slot_bytes;
	uint32_t slot_count;
	uint32_t payload_max; /* bytes of a slot behind its record; 0: metadata alone */
	uint64_t tail;	      /* records written, by the kernel */
	uint64_t dropped;     /* records that found no slot, by the kernel */
	uint64_t head;	      /* records read, by the reader */
	uint64_t reserved[2];
};
_Static_assert(sizeof(struct cap_tap_header) == 64, "ABI: cap_tap_header is 64 bytes");

enum cap_tap_direction {
	CAP_TAP_SUBMISSION = 1,
	CAP_TAP_COMPLETION = 2,
};

/* The payload was read from memory that the process had not mapped, or not any more. */
#define CAP_TAP_PAYLOAD_LOST 1

/*
 * A submission as it was taken, before it runs, or the completion of one. `op` to `cap_max` are the
 * submission's in both. Payload follows the record: the parameters of a submission (of CALL and
 * RETURN); of the completion of a CALL its results or the exception, of a RECV what was delivered.
 */
struct cap_tap_record {
	uint64_t sequence; /* counts dropped ones, too */
	uint64_t time_ns;
	uint64_t call_id;   /* the same in both; from 1, never reused */
	uint64_t user_data; /* of the submission */
	uint64_t target;
	uint64_t interface_id; /* of the hold that target named at the submission; 0: none */
	uint32_t pid;
	uint16_t method;
	uint8_t direction; /* enum cap_tap_direction */
	uint8_t op;
	uint32_t op_flags;
	uint8_t flags;
	uint8_t xfer_count;
	uint8_t cap_max;
	uint8_t cap_count; /* of a completion */
	uint32_t len;
	uint32_t result_len;
	int32_t result;		/* of a completion */
	uint16_t payload_bytes; /* that follow */
	uint16_t payload_flags; /* CAP_TAP_PAYLOAD_* */
	uint64_t cap_id;	/* of a completion: the first capability, or the bits of a WAIT */
	uint64_t cap_interface_id;
};
_Static_assert(sizeof(struct cap_tap_record) == 96, "ABI: cap_tap_record is 96 bytes");

#define CAP_TAP_PAYLOAD_MAX 4096
