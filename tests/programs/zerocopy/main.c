/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 1 GiB of records through one memory object to another process, and what came there is what went:
 * calls carry sequence numbers and checksums only. CapSet: `console`, `sink` (RecordSink),
 * `frames`, `notifications`, `stats`.
 */
#include <core/format.h>
#include <schema/console.client.h>

#include "claims.h"
#include "frames_used.h"
#include "record_source.h"

#define RECORD_BYTES 4096
#define RECORDS_IN_RING 256
#define RECORDS_IN_CALL 4096
#define CALLS 64
#define RECORDS ((uint64_t)CALLS * RECORDS_IN_CALL)

static struct {
	struct claims claims;
	struct console console;
	struct shared_maker maker;
	struct kernel_stats stats;
	struct record_source source;
} zerocopy;

static enum cap_status
start(struct capos *self)
{
	CAPOS_TRY(console_from_capset(self, "console", &zerocopy.console));
	CAPOS_TRY(record_sink_from_capset(self, "sink", &zerocopy.source.sink));
	CAPOS_TRY(frame_allocator_from_capset(self, "frames", &zerocopy.maker.frames));
	CAPOS_TRY(kernel_stats_from_capset(self, "stats", &zerocopy.stats));
	return notification_factory_from_capset(
	    self, "notifications", &zerocopy.maker.notifications);
}

/* How many arrived as they went. */
static uint64_t
move_all(uint64_t *checksum)
{
	uint64_t records = 0;

	*checksum = 0;
	for (uint32_t i = 0; i < CALLS; i++) {
		uint64_t sum = 0;

		if (!record_source_run(&zerocopy.source, RECORDS_IN_CALL, &sum))
			break;
		records += RECORDS_IN_CALL;
		*checksum += sum;
	}
	return records;
}

static void
print_totals(uint64_t records, uint64_t checksum)
{
	char line[120];

	format_text(line, sizeof(line),
	    "zerocopy: %llu records, %llu bytes, checksum %llx, %u calls",
	    (unsigned long long)records, (unsigned long long)(records * RECORD_BYTES),
	    (unsigned long long)checksum, CALLS);
	claim(&zerocopy.claims, "the totals are printed",
	    console_write_line(zerocopy.console, capnp_text_from_string(line)) == CAP_OK);
}

int
capos_main(struct capos *self)
{
	static const struct record_ring_shape shape = { RECORD_BYTES, RECORDS_IN_RING, true };
	struct claims *claims = &zerocopy.claims;
	uint64_t frames;
	uint64_t checksum;
	uint64_t records;

	if (start(self) != CAP_OK)
		return 101;
	claims_start(claims, self, "zerocopy");
	frames_settle(zerocopy.stats);
	claim(claims, "a ring of records is shared with another process",
	    record_source_attach(&zerocopy.source, &zerocopy.maker, &shape) == CAP_OK);
	frames = frames_used(zerocopy.stats);
	records = move_all(&checksum);
	print_totals(records, checksum);
	claim_equal(
	    claims, "no record is lost, repeated or changed", (int64_t)records, (int64_t)RECORDS);
	claim_equal(claims, "all of them went through the same pages",
	    (int64_t)frames_used(zerocopy.stats), (int64_t)frames);
	record_ring_close(&zerocopy.source.ring);
	claim(claims, "behind the last one the stream ends",
	    !record_source_run(&zerocopy.source, 1, &checksum));
	return claims_end(claims);
}
