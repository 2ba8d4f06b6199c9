/* SPDX-License-Identifier: Apache-2.0 */
/* Drains records out of a shared buffer, and says what it saw. CapSet: `sink` (Endpoint: serves
 * RecordSink). */
#include <buffer/record_ring.h>
#include <capos/capos.h>
#include <schema/record_sink.server.h>
#include <service/take_shared.h>

struct record_sink_server {
	struct record_ring ring;
	bool is_attached;
};

static enum cap_status
sink_attach(struct record_sink_server *server, struct record_sink_attach_params params,
    struct record_sink_attach_results_builder results, const struct capos_caller *caller)
{
	struct shared_parts parts;
	enum cap_status status;

	(void)results;
	CAPOS_TRY(service_take_shared(caller, record_sink_attach_params_buffer(params), &parts));
	if (server->is_attached)
		record_ring_close(&server->ring);
	server->is_attached = false;
	/* Words of 64 bits, read by a consumer. */
	status = parts.role == BUFFER_ROLE_CONSUMER && parts.record_bytes % sizeof(uint64_t) == 0
	    ? record_ring_accept(&parts, &server->ring)
	    : CAP_ERR_INVALID_ARGUMENT;
	if (status != CAP_OK) {
		shared_parts_release(&parts);
		return status;
	}
	server->is_attached = true;
	return CAP_OK;
}

static inline uint64_t
sum_of(const uint64_t *words, uint32_t count)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		sum += words[i];
	return sum;
}

/* Neighbours of a size that the compiler knows, or does not. False: one is not the next. */
static inline bool
sum_of_run(
    const uint64_t *records, uint32_t words, uint64_t sequence, uint32_t count, uint64_t *checksum)
{
	for (uint32_t i = 0; i < count; i++) {
		/* It is the producer's memory: what is checked is what is summed, or the sum is
		 * wrong. */
		if (records[0] != sequence + i)
			return false;
		*checksum += sum_of(records, words);
		records += words;
	}
	return true;
}

/* Those that are there now, up to the end. False: one is not the next. */
static bool
drain_some(struct record_ring *ring, uint64_t *sequence, uint64_t end, uint64_t *checksum)
{
	uint32_t words = ring->record_bytes / sizeof(uint64_t);
	const uint64_t *records;
	uint32_t count;

	while ((records = record_take_run(ring, end - *sequence, &count)) != NULL) {
		bool is_next = words == 8 ? sum_of_run(records, 8, *sequence, count, checksum)
					  : sum_of_run(records, words, *sequence, count, checksum);

		if (!is_next)
			return false;
		*sequence += count;
	}
	return true;
}

static enum cap_status
sink_drain(struct record_sink_server *server, struct record_sink_drain_params params,
    struct record_sink_drain_results_builder results, const struct capos_caller *caller)
{
	uint64_t sequence = record_sink_drain_params_sequence(params);
	uint64_t end = sequence + record_sink_drain_params_count(params);
	uint64_t checksum = 0;

	if (!server->is_attached)
		return CAP_ERR_WRONG_STATE;
	while (sequence != end) {
		CAPOS_TRY(record_wait(&server->ring, 1, 0));
		if (!drain_some(&server->ring, &sequence, end, &checksum))
			return capos_fail(
			    caller, EXCEPTION_TYPE_FAILED, "a record is not the next one");
	}
	record_publish(&server->ring);
	record_sink_drain_results_set_sequence(results, sequence);
	record_sink_drain_results_set_checksum(results, checksum);
	return CAP_OK;
}

static const struct record_sink_methods methods = {
	.attach = sink_attach,
	.drain = sink_drain,
};
RECORD_SINK_SERVE_WITH(methods)

int
capos_main(struct capos *self)
{
	static struct record_sink_server server;

	return capos_serve(self, "sink", record_sink_interface(&server));
}
