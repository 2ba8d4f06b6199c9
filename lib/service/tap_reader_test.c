/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of a tap's memory: in order, around the circle, and no header that cannot be. */
#include "tap_reader.h"

#include <string.h>

#include "base/test.h"

#define PAYLOAD 8
#define SLOT_BYTES ((uint32_t)sizeof(struct cap_tap_record) + PAYLOAD)
#define SLOTS 3
#define BYTES (sizeof(struct cap_tap_header) + SLOTS * SLOT_BYTES)

static union {
	struct cap_tap_header header;
	uint64_t words[(BYTES + 7) / 8];
} memory;

static struct tap_reader reader;
static struct cap_tap_record record;
static uint8_t payload[PAYLOAD];

static void
lay_out(void)
{
	memset(&memory, 0, sizeof(memory));
	memory.header = (struct cap_tap_header){
		.magic = CAP_TAP_MAGIC,
		.version = CAP_TAP_VERSION,
		.slot_offset = sizeof(struct cap_tap_header),
		.slot_bytes = SLOT_BYTES,
		.slot_count = SLOTS,
		.payload_max = PAYLOAD,
	};
}

/* As the kernel does. */
static void
write_record(uint16_t payload_bytes)
{
	uint8_t *slot = (uint8_t *)&memory + sizeof(struct cap_tap_header) +
	    memory.header.tail % SLOTS * SLOT_BYTES;
	struct cap_tap_record written = { .sequence = memory.header.tail,
		.payload_bytes = payload_bytes };

	memcpy(slot, &written, sizeof(written));
	memset(slot + sizeof(written), (int)memory.header.tail, PAYLOAD);
	memory.header.tail++;
}

TEST(records_come_in_order_around_the_circle_and_are_given_back)
{
	lay_out();
	CHECK_EQ(tap_reader_open(&reader, &memory, BYTES), CAP_OK);
	CHECK(!tap_reader_next(&reader, &record, payload));
	for (uint64_t i = 0; i < 10; i++) {
		write_record(PAYLOAD);
		CHECK(tap_reader_next(&reader, &record, payload));
		CHECK_EQ(record.sequence, i);
		CHECK_EQ(payload[PAYLOAD - 1], i);
		CHECK_EQ(memory.header.head, i + 1);
		CHECK(!tap_reader_next(&reader, &record, payload));
	}
}

TEST(a_payload_is_never_longer_than_its_slot)
{
	lay_out();
	CHECK_EQ(tap_reader_open(&reader, &memory, BYTES), CAP_OK);
	write_record(UINT16_MAX);
	CHECK(tap_reader_next(&reader, &record, payload));
	CHECK_EQ(record.payload_bytes, PAYLOAD);
}

TEST(what_was_dropped_is_told)
{
	lay_out();
	CHECK_EQ(tap_reader_open(&reader, &memory, BYTES), CAP_OK);
	memory.header.dropped = 7;
	CHECK_EQ(tap_reader_dropped(&reader), 7);
}

TEST(a_header_that_cannot_be_is_refused)
{
	for (uint32_t i = 0; i < 9; i++) {
		uint64_t bytes = BYTES;

		lay_out();
		switch (i) {
		case 0:
			memory.header.magic++;
			break;
		case 1:
			memory.header.version++;
			break;
		case 2:
			memory.header.payload_max = PAYLOAD + 1;
			break;
		case 3:
			memory.header.payload_max = UINT32_MAX;
			break;
		case 4:
			memory.header.slot_count++;
			break;
		case 5:
			memory.header.slot_count = 0;
			break;
		case 6:
			memory.header.slot_offset = UINT32_MAX;
			break;
		case 7:
			memory.header.slot_offset = 0;
			break;
		default:
			bytes = sizeof(struct cap_tap_header) - 1;
			break;
		}
		CHECK_EQ(tap_reader_open(&reader, &memory, bytes), CAP_ERR_UNSUPPORTED_VERSION);
	}
}
