/* SPDX-License-Identifier: Apache-2.0 */
#include "record_source.h"

#define STEP UINT64_C(0x9e3779b97f4a7c15)

enum cap_status
record_source_attach(struct record_source *source, const struct shared_maker *maker,
    const struct record_ring_shape *shape)
{
	struct shared_parts theirs;
	struct capos_call call;
	enum cap_status status = record_ring_make(maker, shape, &source->ring, &theirs);

	if (status != CAP_OK)
		return status;
	source->sequence = 0;
	shared_parts_offer(
	    record_sink_attach_params_init_buffer(record_sink_attach_begin(&call, source->sink)),
	    &theirs);
	status = capos_call_run(&call);
	shared_parts_end(&theirs, status == CAP_OK || status == CAP_ERR_APPLICATION_EXCEPTION);
	capos_call_end(&call);
	if (status != CAP_OK)
		record_ring_close(&source->ring);
	return status;
}

/* The sequence number, then words that differ from record to record; their sum. */
static inline uint64_t
fill(uint64_t *record, uint32_t words, uint64_t sequence)
{
	uint64_t word = sequence * STEP;
	uint64_t sum = sequence;

	record[0] = sequence;
	/* Their sum is known without a loop, so that filling a small record is not all about it. */
	for (uint32_t i = 1; i < words; i++)
		record[i] = word + i;
	return sum + (words - 1) * word + (uint64_t)words * (words - 1) / 2;
}

/* Neighbours of a size that the compiler knows, or does not. */
static inline uint64_t
fill_run(uint64_t *records, uint32_t words, uint64_t sequence, uint32_t count)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		sum += fill(records, words, sequence + i);
		records += words;
	}
	return sum;
}

static enum cap_status
produce(struct record_source *source, uint64_t count, uint64_t *checksum)
{
	struct record_ring *ring = &source->ring;
	uint32_t words = ring->record_bytes / sizeof(uint64_t);
	uint64_t end = source->sequence + count;
	uint64_t sum = 0;

	while (source->sequence != end) {
		uint32_t taken;
		uint64_t *records = record_take_run(ring, end - source->sequence, &taken);

		if (records == NULL)
			CAPOS_TRY(record_wait(ring, ring->view.count / 2, 0));
		else
			sum += words == 8 ? fill_run(records, 8, source->sequence, taken)
					  : fill_run(records, words, source->sequence, taken);
		source->sequence += taken;
	}
	record_publish(ring);
	*checksum = sum;
	return CAP_OK;
}

bool
record_source_run(struct record_source *source, uint64_t count, uint64_t *checksum)
{
	struct capos_call call;
	struct record_sink_drain_params_builder params =
	    record_sink_drain_begin(&call, source->sink);
	struct record_sink_drain_results results;
	bool is_same;

	record_sink_drain_params_set_sequence(params, source->sequence);
	record_sink_drain_params_set_count(params, count);
	is_same = capos_call_send(&call) == CAP_OK && produce(source, count, checksum) == CAP_OK &&
	    record_sink_drain_wait(&call, &results) == CAP_OK &&
	    record_sink_drain_results_sequence(results) == source->sequence &&
	    record_sink_drain_results_checksum(results) == *checksum;
	capos_call_end(&call);
	return is_same;
}
