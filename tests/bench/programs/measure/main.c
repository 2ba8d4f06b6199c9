/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of `make measure`, in instructions: one unit of the time-stamp counter is one
 * instruction in the measuring emulator. Each is the median of many samples with varying arguments
 * and checked answers. CapSet: `console`, `timer`, `echo`,
 * `launcher`, `stats`, `notifications`, `frames`, `vm`, `nullCap`, `held` (Endpoint).
 */
#include <capos/notification.h>
#include <string.h>

#include "figures.h"

#define CHILD_CODE 7
#define RECORD_BYTES 64
#define RECORDS_IN_RING 512
#define RECORDS 8192
#define PEER_STOP (UINT64_C(1) << 63) /* programs/signal_peer */

CAPOS_LARGE_MESSAGES(2);

static void
empty(uint64_t turn)
{
	(void)turn;
	require(capos_enter(0, 0) == 0, "cap_enter");
}

/* NOPs without the client: queued, taken in one entry, reaped, their order checked. */
static inline void
submit_nops(struct capos *self, uint64_t user_data, uint32_t count)
{
	uint32_t tail = self->sq_tail;

	for (uint32_t i = 0; i < count; i++)
		capos_fill(&self->sq[(tail + i) & self->sq_mask],
		    (struct capos_sqe_words){ .user_data = user_data + i });
	self->sq_tail = tail + count;
	__atomic_store_n(&self->ring->sq_tail, self->sq_tail, __ATOMIC_RELEASE);
}

static inline void
reap_nops(struct capos *self, uint64_t user_data, uint32_t count)
{
	uint32_t head = self->cq_head;

	for (uint32_t i = 0; i < count; i++) {
		const struct cap_cqe *cqe = &self->cq[(head + i) & self->cq_mask];

		require(cqe->user_data == user_data + i && cqe->result == 0, "NOP order");
	}
	self->cq_head = head + count;
	__atomic_store_n(&self->ring->cq_head, self->cq_head, __ATOMIC_RELEASE);
}

static void
nop_1(uint64_t turn)
{
	submit_nops(bench.self, turn, 1);
	require(capos_enter(1, CAP_DEADLINE_NONE) == 1, "NOP entry");
	reap_nops(bench.self, turn, 1);
}

static void
nop_16(uint64_t turn)
{
	submit_nops(bench.self, turn, BATCH);
	require(capos_enter(BATCH, CAP_DEADLINE_NONE) == BATCH, "NOP entry");
	reap_nops(bench.self, turn, BATCH);
}

static void
null_call_1(uint64_t turn)
{
	uint64_t now_ns = 0;

	(void)turn;
	require(timer_now(bench.timer, &now_ns) == CAP_OK && now_ns >= bench.last_ns, "Timer.now");
	bench.last_ns = now_ns;
}

static void
null_call_16(uint64_t turn)
{
	static struct capos_flat_call calls[BATCH];

	(void)turn;
	for (uint32_t i = 0; i < BATCH; i++)
		require(timer_now_send(&calls[i], bench.timer) == CAP_OK, "send");
	for (uint32_t i = 0; i < BATCH; i++) {
		uint64_t now_ns = 0;

		require(timer_now_receive(&calls[i], &now_ns) == CAP_OK && now_ns >= bench.last_ns,
		    "Timer.now in a batch");
		bench.last_ns = now_ns;
	}
}

static void
echo(uint64_t turn)
{
	uint8_t bytes[ECHO_BYTES];
	struct capos_flat_call call;
	struct capnp_data answer;

	memset(bytes, (int)(turn & 0xff), sizeof(bytes));
	require(echo_ping_call(&call, bench.echo, (struct capnp_data){ bytes, sizeof(bytes) },
		    &answer) == CAP_OK,
	    "echo");
	require(answer.size == ECHO_BYTES && answer.data[ECHO_BYTES - 1] == (uint8_t)turn,
	    "echo differs");
	capos_flat_end(&call);
}

static void
message_build(uint64_t turn)
{
	struct capnp_builder builder;
	struct process_builder_start_params_builder params;

	capnp_builder_init(&builder, bench.memory, sizeof(bench.memory));
	params = process_builder_start_params_init_root(&builder);
	process_builder_start_params_set_entry(params, turn);
	process_builder_start_params_set_stack_bytes(params, turn + 1);
	process_builder_start_params_set_tls_bytes(params, turn + 2);
	require(capnp_builder_finish(&builder) == 40, "message");
}

static void
message_read(uint64_t turn)
{
	struct capnp_reader reader;
	struct process_builder_start_params params;

	(void)turn;
	require(capnp_reader_init_single(&reader, bench.memory, 40) == CAPNP_OK, "reader");
	params = process_builder_start_params_root(&reader);
	require(process_builder_start_params_entry(params) + 3 ==
		process_builder_start_params_stack_bytes(params) +
		    process_builder_start_params_tls_bytes(params) -
		    process_builder_start_params_entry(params),
	    "message fields");
}

static void
spawn(uint64_t turn)
{
	(void)turn;
	require(run_program(CAPNP_TEXT("measure-child")) == CHILD_CODE, "exit code");
}

static void
signal_no_waiter(uint64_t turn)
{
	require(capos_signal(bench.of_nobody, turn + 1) == CAP_OK, "signal");
}

static void
signal_round_trip(uint64_t turn)
{
	uint64_t bits = 0;

	capos_signal_later(bench.yours, turn + 1);
	require(capos_notification_wait(bench.mine, UINT64_MAX, 0, &bits) == CAP_OK, "wait");
	require(bits == turn + 1, "other bits");
}

static void
records(uint64_t turn)
{
	uint64_t sum = 0;

	(void)turn;
	require(record_source_run(&bench.source, RECORDS, &sum), "records");
}

/* Producer and consumer, their processes' switches and the call that says how many; all words of a
 * record are written and read. */
static void
measure_records(void)
{
	static const struct record_ring_shape shape = { RECORD_BYTES, RECORDS_IN_RING, true };
	const struct shared_maker maker = { bench.frames, bench.notifications };
	struct server server = { CAPNP_TEXT("record-sink"), CAPNP_TEXT("sink"),
		RECORD_SINK_INTERFACE_ID, { 0 }, { { 0 } } };

	launch_server(&server);
	bench.source.sink.cap = server.client;
	require(record_source_attach(&bench.source, &maker, &shape) == CAP_OK, "shared buffer");
	measure("shared_buffer_record_64", records, RECORDS);
	record_ring_close(&bench.source.ring);
}

static void
map_touch_unmap(uint64_t turn)
{
	uint64_t address = 0;

	require(virtual_memory_map(bench.memory_space, 0, PAGE, PROTECTION_READ_WRITE, &address) ==
		CAP_OK,
	    "map");
	*(volatile uint64_t *)address = turn;
	require(virtual_memory_unmap(bench.memory_space, address, PAGE) == CAP_OK, "unmap");
}

static void
grant_cap(
    struct cap_grant_builder grant, struct capnp_text name, struct capos_cap cap, uint8_t mode)
{
	cap_grant_set_name(grant, name);
	cap_grant_set_cap(grant, (struct capnp_cap){ cap.cap_id, cap.interface_id, mode });
}

static void
launch_signal_peer(struct notification theirs, struct signaller mine, struct process_handle *out)
{
	struct capos_call call;
	struct process_launcher_launch_params_builder params =
	    process_launcher_launch_begin(&call, bench.launcher);
	struct cap_grant_list_builder grants;

	process_launcher_launch_params_set_name(params, CAPNP_TEXT("signal-peer"));
	process_launcher_launch_params_set_binary(params, CAPNP_TEXT("signal-peer"));
	grants = process_launcher_launch_params_init_grants(params, 2);
	grant_cap(cap_grant_builder_at(grants, 0), CAPNP_TEXT("mine"), theirs.cap, CAPNP_CAP_MOVE);
	grant_cap(cap_grant_builder_at(grants, 1), CAPNP_TEXT("yours"), mine.cap, CAPNP_CAP_COPY);
	require(capos_call_run(&call) == CAP_OK &&
		capos_adopt(&call, 0, PROCESS_HANDLE_INTERFACE_ID, &out->cap) == CAP_OK,
	    "launch of signal-peer");
	capos_call_end(&call);
}

static struct signaller
make_notification(struct notification *out)
{
	struct signaller signaller = { 0 };

	require(notification_factory_create(bench.notifications, out) == CAP_OK &&
		notification_signaller(*out, &signaller) == CAP_OK,
	    "notification");
	return signaller;
}

static void
measure_signals(void)
{
	struct notification unwaited;
	struct notification theirs;
	struct process_handle peer;
	struct signaller signals_mine = make_notification(&bench.mine);

	bench.of_nobody = make_notification(&unwaited);
	measure("signal_no_waiter", signal_no_waiter, 1);
	bench.yours = make_notification(&theirs);
	launch_signal_peer(theirs, signals_mine, &peer);
	measure("signal_round_trip", signal_round_trip, 1);
	require(capos_signal(bench.yours, PEER_STOP) == CAP_OK, "end of signal-peer");
	capos_release(peer.cap);
}

/* Bytes of kernel objects that all ledgers together pay for. */
static uint64_t
kernel_bytes(void)
{
	struct capos_call call;
	struct kernel_stats_ledgers_results results;
	struct usage_list usage;
	uint64_t bytes = 0;

	kernel_stats_ledgers_params_set_after_pid(
	    kernel_stats_ledgers_begin(&call, bench.stats), -1);
	require(capos_call_run(&call) == CAP_OK, "ledgers");
	results = kernel_stats_ledgers_results_root(&call.results);
	usage =
	    ledger_stats_usage(ledger_stats_at(kernel_stats_ledgers_results_ledgers(results), 0));
	for (uint32_t i = 0; i < usage_list_size(usage); i++)
		if (strcmp(usage_name(usage_at(usage, i)).data, "kernelBytes") == 0)
			bytes = usage_used(usage_at(usage, i));
	capos_call_end(&call);
	return bytes;
}

/* True: it is among the pools from `first` on, of which there are `*count` in one answer. */
static bool
find_page_tables(uint32_t first, uint32_t *count, uint64_t *pages)
{
	struct capos_call call;
	struct kernel_stats_pools_results results;
	struct pool_stats_list pools;
	bool found = false;

	kernel_stats_pools_params_set_first(kernel_stats_pools_begin(&call, bench.stats), first);
	require(capos_call_run(&call) == CAP_OK, "pools");
	results = kernel_stats_pools_results_root(&call.results);
	pools = kernel_stats_pools_results_pools(results);
	*count = pool_stats_list_size(pools);
	for (uint32_t i = 0; i < *count && !found; i++) {
		found = strcmp(pool_stats_name(pool_stats_at(pools, i)).data, "page-table") == 0;
		*pages = pool_stats_objects(pool_stats_at(pools, i));
	}
	capos_call_end(&call);
	return found;
}

static uint64_t
page_table_pages(void)
{
	uint64_t pages = 0;
	uint32_t first = 0;
	uint32_t count;

	while (!find_page_tables(first, &count, &pages)) {
		require(count != 0, "page-table");
		first += count;
	}
	return pages;
}

static void
ping(struct echo client, const char *bytes, uint32_t size)
{
	struct capos_call call;

	echo_ping_params_set_data(
	    echo_ping_begin(&call, client), (struct capnp_data){ (const uint8_t *)bytes, size });
	require(capos_call_run(&call) == CAP_OK, "measure-overhead");
	capos_call_end(&call);
}

/* What the kernel keeps for a process: page tables and objects, not the program's own pages. */
static uint64_t
overhead_bytes(void)
{
	uint64_t bytes = kernel_bytes();
	uint64_t tables = page_table_pages();
	struct server server = { CAPNP_TEXT("measure-overhead"), CAPNP_TEXT("echo"),
		ECHO_INTERFACE_ID, { 0 }, { { 0 } } };
	struct echo client;

	launch_server(&server);
	client.cap = server.client;
	ping(client, "ready", 5);
	bytes = kernel_bytes() - bytes + (page_table_pages() - tables) * 4096;
	ping(client, NULL, 0);
	require(await_exit(server.process) == 0, "end of measure-overhead");
	capos_release(client.cap);
	return bytes;
}

#define CHAIN 3 /* steps; their end is the fourth call */

/* What a client without promises does: a round trip for each, and every capability is dropped. */
static void
sequential_4(uint64_t turn)
{
	struct steps at[CHAIN + 1] = { bench.steps };
	uint64_t first = turn % 9 + 1;
	uint64_t digits;

	for (uint32_t i = 0; i < CHAIN; i++)
		require(steps_next(at[i], i == 0 ? first : i, &at[i + 1]) == CAP_OK, "step");
	require(steps_end(at[CHAIN], &digits) == CAP_OK && digits == first * 100 + 12, "digits");
	for (uint32_t i = 1; i <= CHAIN; i++)
		capos_release(at[i].cap);
}

static struct steps
send_chain(struct capos_call calls[CHAIN], uint64_t first)
{
	struct steps at = bench.steps;

	for (uint32_t i = 0; i < CHAIN; i++) {
		steps_next_params_set_digit(steps_next_begin(&calls[i], at), i == 0 ? first : i);
		capos_call_promise_once(&calls[i]);
		at = steps_next_promised_on(&calls[i]);
		require(capos_call_send(&calls[i]) == CAP_OK, "step");
	}
	return at;
}

static void
pipeline_4(uint64_t turn)
{
	struct capos_call calls[CHAIN];
	uint64_t first = turn % 9 + 1;
	uint64_t digits;

	require(
	    steps_end(send_chain(calls, first), &digits) == CAP_OK && digits == first * 100 + 12,
	    "digits");
	for (uint32_t i = 0; i < CHAIN; i++)
		capos_call_end(&calls[i]);
}

/* How often the client enters the kernel until the last of a chain is answered. */
static uint64_t
pipeline_entries(void)
{
	struct capos_call calls[CHAIN];
	struct capos_flat_call end;
	uint64_t entries = 0;
	uint64_t digits;

	require(steps_end_send(&end, send_chain(calls, 1)) == CAP_OK, "chain");
	for (; end.state != CAPOS_CALL_DONE; entries++) {
		require(capos_enter(capos_in_flight(bench.self), CAP_DEADLINE_NONE) > 0, "enter");
		(void)capos_reap(bench.self);
	}
	require(steps_end_receive(&end, &digits) == CAP_OK && digits == 112, "digits");
	for (uint32_t i = 0; i < CHAIN; i++)
		capos_call_end(&calls[i]);
	return entries;
}

static void
measure_chains(void)
{
	struct server server = { CAPNP_TEXT("steps"), CAPNP_TEXT("steps"), STEPS_INTERFACE_ID,
		{ 0 }, { { 0 } } };

	launch_server(&server);
	bench.steps.cap = server.client;
	measure("sequential_4", sequential_4, 1);
	measure("pipeline_4", pipeline_4, 1);
	report("pipeline_4_client_entries", pipeline_entries());
}

int
capos_main(struct capos *self)
{
	bench.self = self;
	require(console_from_capset(self, "console", &bench.console) == CAP_OK, "no console");
	require(timer_from_capset(self, "timer", &bench.timer) == CAP_OK, "no timer");
	require(echo_from_capset(self, "echo", &bench.echo) == CAP_OK, "no echo");
	require(process_launcher_from_capset(self, "launcher", &bench.launcher) == CAP_OK,
	    "no launcher");
	require(kernel_stats_from_capset(self, "stats", &bench.stats) == CAP_OK, "no stats");
	require(
	    notification_factory_from_capset(self, "notifications", &bench.notifications) == CAP_OK,
	    "no notifications");
	require(frame_allocator_from_capset(self, "frames", &bench.frames) == CAP_OK, "no frames");
	require(virtual_memory_from_capset(self, "vm", &bench.memory_space) == CAP_OK, "no vm");
	measure_start();
	measure("cap_enter_empty", empty, 1);
	measure("nop_1", nop_1, 1);
	measure("nop_16_each", nop_16, BATCH);
	measure("null_call_1", null_call_1, 1);
	measure("null_call_16_each", null_call_16, BATCH);
	measure("echo_64_round_trip", echo, 1);
	measure_baselines();
	measure_transfers();
	measure("message_build_3", message_build, 1);
	measure("message_read_3", message_read, 1);
	measure("spawn_run_reap", spawn, 1);
	measure_signals();
	measure("map_touch_unmap_4k", map_touch_unmap, 1);
	measure_records();
	measure_chains();
	/* The first one may make tables of ours and the spawner's grow. */
	(void)overhead_bytes();
	report("process_overhead_bytes", overhead_bytes());
	measure_revocation();
	return 0;
}
