/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipes to another process and back: all bytes, waiting on both sides, and every way to end.
 * CapSet: `console`, `spawner`, `frames`, `notifications`, `stats`.
 */
#include <schema/byte_filter.client.h>
#include <schema/process.client.h>
#include <service/pipe.h>
#include <string.h>

#include "claims.h"
#include "exit_code.h"
#include "frames_used.h"
#include "spawn_server.h"

#define CAPACITY 4096
#define CHUNK 1500
#define CHUNKS 100
#define MILLISECOND UINT64_C(1000000)
#define PEER_DIED 9 /* programs/byte_filter */

CAPOS_LARGE_MESSAGES(2);

static struct {
	struct claims claims;
	struct capos *self;
	struct process_spawner spawner;
	struct kernel_stats stats;
	struct shared_maker maker;
	struct byte_filter filter;
	struct process_handle process;
	struct pipe_end to;   /* what we write */
	struct pipe_end from; /* what we read */
	struct capos_call call;
} suite;

static uint8_t bytes[3 * CAPACITY];
static uint8_t back[3 * CAPACITY];

static enum cap_status
start(struct capos *self)
{
	suite.self = self;
	CAPOS_TRY(process_spawner_from_capset(self, "spawner", &suite.spawner));
	CAPOS_TRY(kernel_stats_from_capset(self, "stats", &suite.stats));
	CAPOS_TRY(frame_allocator_from_capset(self, "frames", &suite.maker.frames));
	return notification_factory_from_capset(self, "notifications", &suite.maker.notifications);
}

static enum cap_status
spawn_filter(void)
{
	static const struct server_program program = { CAPNP_TEXT("byte-filter"),
		CAPNP_TEXT("filter"), BYTE_FILTER_INTERFACE_ID };
	struct spawned_server server;

	CAPOS_TRY(spawn_server(suite.spawner, &program, &server));
	suite.process = server.process;
	suite.filter = (struct byte_filter){ server.served };
	return CAP_OK;
}

/* Two pipes, and the call that filters from one to the other: it goes on meanwhile. */
static bool
begin(uint64_t limit)
{
	struct byte_filter_filter_params_builder params;
	struct shared_parts input;
	struct shared_parts output;

	if (pipe_make(&suite.maker, CAPACITY, true, &suite.to, &input) != CAP_OK ||
	    pipe_make(&suite.maker, CAPACITY, false, &suite.from, &output) != CAP_OK)
		return false;
	params = byte_filter_filter_begin(&suite.call, suite.filter);
	shared_parts_offer(byte_filter_filter_params_init_input(params), &input);
	shared_parts_offer(byte_filter_filter_params_init_output(params), &output);
	byte_filter_filter_params_set_limit(params, limit);
	return capos_call_send(&suite.call) == CAP_OK && capos_enter(0, 0) >= 0;
}

/* How the call ended, and how many bytes it says. */
static enum cap_status
end(uint64_t *count)
{
	struct byte_filter_filter_results results;
	enum cap_status status = byte_filter_filter_wait(&suite.call, &results);

	*count = status == CAP_OK ? byte_filter_filter_results_bytes(results) : 0;
	capos_call_end(&suite.call);
	pipe_close(&suite.to);
	pipe_close(&suite.from);
	return status;
}

static void
fill(uint32_t size, uint32_t seed)
{
	for (uint32_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)('a' + (seed + i * 7) % 26);
}

static enum cap_status
write_all(uint32_t size, uint32_t *written)
{
	return pipe_write(&suite.to, (struct capnp_data){ bytes, size }, 0, written);
}

/* So many bytes come back in upper case. */
static bool
read_all(uint32_t size)
{
	uint32_t done = 0;

	while (done < size) {
		uint32_t read;

		if (pipe_read(&suite.from, (struct pipe_space){ back + done, size - done }, 0,
			&read) != CAP_OK)
			return false;
		done += read;
	}
	for (uint32_t i = 0; i < size; i++)
		if (back[i] != bytes[i] - 'a' + 'A')
			return false;
	return true;
}

static void
claim_streams(void)
{
	struct claims *claims = &suite.claims;
	uint32_t good = 0;
	uint32_t written;
	uint32_t read;
	uint64_t count;

	claim(claims, "two pipes are shared with another process", begin(0));
	claim_equal(claims, "a read ends at its deadline",
	    pipe_read(&suite.from, (struct pipe_space){ back, 1 },
		capos_now(suite.self) + MILLISECOND, &read),
	    CAP_ERR_TIMED_OUT);
	for (uint32_t i = 0; i < CHUNKS; i++) {
		fill(CHUNK, i);
		good += write_all(CHUNK, &written) == CAP_OK && read_all(CHUNK);
	}
	claim_equal(claims, "what is written comes back, in its order", good, CHUNKS);
	fill(2 * CAPACITY, 1);
	claim(claims, "a write that is larger than its pipe waits for the reader",
	    write_all(2 * CAPACITY, &written) == CAP_OK && read_all(2 * CAPACITY));
	fill(100, 2);
	claim(
	    claims, "what was written before the end is read", write_all(100, &written) == CAP_OK);
	pipe_close(&suite.to);
	claim(claims, "by both sides", read_all(100));
	claim_equal(claims, "and then both see the end",
	    pipe_read(&suite.from, (struct pipe_space){ back, 1 }, 0, &read),
	    CAP_ERR_END_OF_STREAM);
	claim(claims, "the other side counted all of them",
	    end(&count) == CAP_OK && count == CHUNKS * CHUNK + 2 * CAPACITY + 100);
}

static void
claim_closed_reader(void)
{
	struct claims *claims = &suite.claims;
	uint32_t written = 0;
	uint64_t count;

	fill(3 * CAPACITY, 3);
	claim(claims, "a reader may stop early", begin(100));
	claim_equal(claims, "whoever waits for room in its pipe is told",
	    write_all(3 * CAPACITY, &written), CAP_ERR_DISCONNECTED);
	claim(claims, "and how much was written",
	    written >= CAPACITY && written < 3 * CAPACITY && read_all(100));
	claim(claims, "the reader has what it wanted", end(&count) == CAP_OK && count == 100);
}

static void
claim_death(void)
{
	struct claims *claims = &suite.claims;
	uint32_t written;
	uint32_t read;
	uint64_t count;

	fill(CHUNK, 4);
	claim(claims, "the other side may die",
	    begin(0) && write_all(CHUNK, &written) == CAP_OK && read_all(CHUNK));
	bytes[0] = 0;
	claim(claims, "at any byte", write_all(1, &written) == CAP_OK);
	claim_equal(claims, "who waits for its bytes is told, and that it is no end",
	    pipe_read(&suite.from, (struct pipe_space){ back, 1 }, 0, &read), CAP_ERR_DISCONNECTED);
	claim_equal(claims, "who waits for it to read as well", write_all(2 * CAPACITY, &written),
	    CAP_ERR_DISCONNECTED);
	claim(claims, "its process is gone",
	    end(&count) != CAP_OK && exits_with(suite.process, PEER_DIED));
	capos_release(suite.filter.cap);
}

int
capos_main(struct capos *self)
{
	uint64_t frames = 0;

	if (start(self) != CAP_OK)
		return 101;
	claims_start(&suite.claims, self, "pipe");
	frames_settle(suite.stats);
	for (uint32_t round = 0; round < 2; round++) {
		bool started = spawn_filter() == CAP_OK;

		claim(&suite.claims, "a filter is started", started);
		if (!started)
			break;
		claim_streams();
		claim_closed_reader();
		claim_death();
		/* The first time, tables grow. */
		if (round == 0)
			frames = frames_used(suite.stats);
	}
	claim_equal(&suite.claims, "no frame is left behind", (int64_t)frames_used(suite.stats),
	    (int64_t)frames);
	return claims_end(&suite.claims);
}
