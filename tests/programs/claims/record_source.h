/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The other side of programs/record_sink, which is given a ring and told how many records come. */
#include <buffer/record_ring.h>
#include <schema/record_sink.client.h>

struct record_source {
	struct record_ring ring;
	struct record_sink sink;
	uint64_t sequence; /* of the next record */
};

/* Make a ring and hand the consumer's end over. */
MUST_CHECK enum cap_status record_source_attach(struct record_source *source,
    const struct shared_maker *maker, const struct record_ring_shape *shape);
/*
 * So many records, of which the sink is told in one call; the sum of their words. False: it saw
 * something else.
 */
MUST_CHECK bool record_source_run(struct record_source *source, uint64_t count, uint64_t *checksum);
