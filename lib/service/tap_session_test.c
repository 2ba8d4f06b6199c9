/* SPDX-License-Identifier: Apache-2.0 */
/* A tap of one's own: made with what there is, read while the program runs, and given back. */
#include "tap_session.h"

#include <schema/process.capnp.h>
#include <string.h>

#include "base/test.h"
#include "fake_objects.h"

enum {
	FRAMES = 10,
	NOTIFICATIONS,
	FACTORY,
	MEMORY = 20,
	NOTIFICATION,
	SIGNALLER,
	TAP,
	HANDLE = 30,
};

#define CALLS 5 /* that make a tap with everything */

static struct capos self;
static struct tap_session session;
static struct capos_call end;
static struct cap_tap_header *shared; /* as the kernel has it */
static struct {
	uint32_t calls;
	uint32_t refused_call; /* from 1; 0: none */
	bool is_mapped;
	uint32_t idle; /* how often the program waited */
	uint32_t lines;
	uint32_t lines_before_end;
	char last[TAP_SESSION_LINE_BYTES];
} test;

void
capos_exit(int64_t code)
{
	fail_msg("the program ended with %lld", (long long)code);
	__builtin_unreachable(); /* it does not return */
}

static void
lay_out(void)
{
	*shared = (struct cap_tap_header){
		.magic = CAP_TAP_MAGIC,
		.version = CAP_TAP_VERSION,
		.slot_offset = sizeof(*shared),
		.slot_bytes = sizeof(struct cap_tap_record),
		.slot_count = 4,
	};
}

/* A NOP that is taken. */
static void
write_record(void)
{
	struct cap_tap_record *slots = (struct cap_tap_record *)(void *)(shared + 1);

	slots[shared->tail % 4] = (struct cap_tap_record){ .sequence = shared->tail,
		.call_id = shared->tail + 1,
		.pid = 7,
		.direction = CAP_TAP_SUBMISSION,
		.op = CAP_OP_NOP };
	shared->tail++;
}

static void
answer_with_cap(const struct cap_sqe *sqe, uint64_t cap_id, uint64_t interface_id)
{
	struct cap_record record = { .cap_id = cap_id, .interface_id = interface_id };
	struct capnp_builder results;
	struct capnp_struct_builder root;

	/* Each of these answers is a struct with one capability. */
	fake_results(sqe, &results);
	root = capnp_builder_root(&results, 0, 1, 1);
	capnp_any_set_root_cap(capnp_set_any(root, 0), 0, fake_cap());
	fake_answer(sqe, &results, &record);
}

static void
answer_memory(const struct cap_sqe *sqe)
{
	struct capnp_builder results;

	test.is_mapped = sqe->method == MEMORY_OBJECT_METHOD_MAP;
	if (!test.is_mapped) {
		fake_answer_empty(sqe);
		return;
	}
	shared = (struct cap_tap_header *)(void *)fake_pages(TAP_SESSION_PAGES * 4096);
	fake_results(sqe, &results);
	memory_object_map_results_set_address(
	    memory_object_map_results_init_root(&results), (uint64_t)shared);
	fake_answer(sqe, &results, NULL);
}

static void
on_op(const struct cap_sqe *sqe)
{
	if (sqe->op != CAP_OP_CALL || sqe->target == HANDLE)
		return;
	if (++test.calls == test.refused_call) {
		fake_refuse(sqe, CAP_ERR_QUOTA_EXCEEDED);
		return;
	}
	if (sqe->target == MEMORY)
		answer_memory(sqe);
	else if (sqe->target == FRAMES)
		answer_with_cap(sqe, MEMORY, MEMORY_OBJECT_INTERFACE_ID);
	else if (sqe->target == NOTIFICATIONS)
		answer_with_cap(sqe, NOTIFICATION, NOTIFICATION_INTERFACE_ID);
	else if (sqe->target == NOTIFICATION)
		answer_with_cap(sqe, SIGNALLER, SIGNALLER_INTERFACE_ID);
	else {
		CHECK_EQ(sqe->target, FACTORY);
		lay_out();
		answer_with_cap(sqe, TAP, RING_TAP_INTERFACE_ID);
	}
}

static const struct cap_sqe *
in_flight(uint8_t op)
{
	for (uint32_t i = 0; i < fake.in_flight_count; i++)
		if (fake.in_flight[i].op == op)
			return &fake.in_flight[i];
	return NULL;
}

/* Two records, and the bit that tells of them; then a record nobody is told of, and the end. */
static void
program_goes_on(void)
{
	const struct cap_sqe *wait = in_flight(CAP_OP_WAIT);

	if (test.idle++ == 0 && wait != NULL) {
		write_record();
		write_record();
		fake_complete(wait, 1);
		return;
	}
	test.lines_before_end = test.lines;
	write_record();
	CHECK(in_flight(CAP_OP_CALL) != NULL);
	fake_complete(in_flight(CAP_OP_CALL), CAP_ERR_DISCONNECTED);
}

static bool
write_line(void *context, struct capnp_text line)
{
	CHECK(context == &test);
	test.lines++;
	CHECK(line.size < sizeof(test.last));
	memcpy(test.last, line.data, line.size);
	test.last[line.size] = 0;
	return test.lines != 2;
}

static void
start(const char *factory, uint64_t interface_id)
{
	fake_start(&self);
	fake_objects_start(&self);
	memset(&test, 0, sizeof(test));
	fake_grant(&self, "frames", FRAMES, FRAME_ALLOCATOR_INTERFACE_ID);
	fake_grant(&self, factory, FACTORY, interface_id);
	fake.on_op = on_op;
	fake.on_idle = program_goes_on;
}

static void
start_with_notifications(bool with_payloads)
{
	if (with_payloads)
		start("payloads", PAYLOAD_TAP_FACTORY_INTERFACE_ID);
	else
		start("taps", TAP_FACTORY_INTERFACE_ID);
	fake_grant(&self, "notifications", NOTIFICATIONS, NOTIFICATION_FACTORY_INTERFACE_ID);
}

static enum cap_status
open_session(void)
{
	return tap_session_open(&session, &self, "program", write_line, &test);
}

static uint32_t
releases_of(uint64_t cap_id)
{
	uint32_t count = 0;

	CHECK(capos_enter(0, CAP_DEADLINE_POLL) >= 0);
	for (uint32_t i = 0; i < fake.log_count; i++)
		count += fake.log[i].op == CAP_OP_RELEASE && fake.log[i].target == cap_id;
	return count;
}

static void
follow(void)
{
	(void)process_handle_wait_begin(
	    &end, (struct process_handle){ { &self, HANDLE, PROCESS_HANDLE_INTERFACE_ID } });
	CHECK_EQ(capos_call_send(&end), CAP_OK);
	CHECK_EQ(tap_session_follow(&session, &end), CAP_OK);
	CHECK(end.state != CAPOS_CALL_SENT);
	capos_call_end(&end);
}

TEST(records_are_shown_while_the_program_runs_and_the_last_ones_behind_it)
{
	for (uint32_t with_payloads = 0; with_payloads < 2; with_payloads++) {
		start_with_notifications(with_payloads != 0);
		CHECK_EQ(open_session(), CAP_OK);
		CHECK_EQ(releases_of(SIGNALLER), 1);
		follow();
		CHECK_EQ(test.lines_before_end, 2);
		CHECK_EQ(test.lines, 3);
		CHECK_EQ(session.records, 3);
		CHECK_EQ(session.unwritten, 1);
		CHECK(strstr(test.last, "pid 7 program -> ") != NULL);
		CHECK(strchr(test.last, '\n') == NULL);
		CHECK(in_flight(CAP_OP_WAIT) == NULL);
		tap_session_close(&session);
		for (uint64_t cap_id = MEMORY; cap_id <= TAP; cap_id++)
			CHECK_EQ(releases_of(cap_id), 1);
		CHECK(!test.is_mapped);
	}
}

TEST(without_notifications_records_wait_for_the_end)
{
	start("taps", TAP_FACTORY_INTERFACE_ID);
	CHECK_EQ(open_session(), CAP_OK);
	follow();
	CHECK_EQ(test.lines_before_end, 0);
	CHECK_EQ(test.lines, 1);
	tap_session_close(&session);
	CHECK_EQ(releases_of(MEMORY), 1);
	CHECK_EQ(releases_of(TAP), 1);
}

TEST(a_tap_that_cannot_be_made_leaves_nothing)
{
	for (uint32_t refused = 1; refused <= CALLS; refused++) {
		start_with_notifications(true);
		test.refused_call = refused;
		CHECK(open_session() < 0);
		CHECK_EQ(releases_of(MEMORY), refused > 1);
		CHECK_EQ(releases_of(NOTIFICATION), refused > 3);
		CHECK_EQ(releases_of(SIGNALLER), refused > 4);
		CHECK(!test.is_mapped);
	}
	start_with_notifications(true);
	CHECK_EQ(open_session(), CAP_OK);
	CHECK_EQ(test.calls, CALLS);
	tap_session_close(&session);
}

TEST(what_is_missing_in_the_capset_is_said)
{
	start("something", TAP_FACTORY_INTERFACE_ID);
	CHECK_EQ(open_session(), CAP_ERR_NOT_FOUND);
	CHECK_EQ(releases_of(MEMORY), 1);
}
