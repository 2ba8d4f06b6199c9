/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a RingTap records: each submission and completion once or counted as dropped, and payloads
 * only from the factory that has the authority.
 */
#include "arch/sim/world_tap.h"

TEST(a_call_is_recorded_before_it_runs_and_when_it_is_answered)
{
	struct cap_sqe sqe;
	struct cap_tap_record record;

	start_tapped();
	sqe = timer_now();
	CHECK_EQ(world_do(&watched, &sqe).result, 24);
	CHECK_EQ(header().magic, CAP_TAP_MAGIC);
	CHECK_EQ(header().version, CAP_TAP_VERSION);
	CHECK_EQ(header().slot_count, SLOTS);
	CHECK_EQ(header().tail, 2);
	record = record_at(0);
	CHECK_EQ(record.direction, CAP_TAP_SUBMISSION);
	CHECK_EQ(record.sequence, 0);
	CHECK_EQ(record.call_id, 1);
	CHECK_EQ(record.pid, watched.process->pid);
	CHECK_EQ(record.op, CAP_OP_CALL);
	CHECK_EQ(record.method, TIMER_METHOD_NOW);
	CHECK_EQ(record.target, timer);
	CHECK_EQ(record.interface_id, TIMER_INTERFACE_ID);
	CHECK_EQ(record.user_data, 77);
	CHECK_EQ(record.len, 16);
	CHECK_EQ(record.result_len, 256);
	CHECK_EQ(record.payload_bytes, 0);
	record = record_at(1);
	CHECK_EQ(record.direction, CAP_TAP_COMPLETION);
	CHECK_EQ(record.sequence, 1);
	CHECK_EQ(record.call_id, 1);
	CHECK_EQ(record.interface_id, TIMER_INTERFACE_ID);
	CHECK_EQ(record.method, TIMER_METHOD_NOW);
	CHECK_EQ(record.result, 24);
	CHECK_EQ(record.user_data, 77);
	CHECK_EQ(record.payload_bytes, 0);
}

TEST(nops_and_refusals_are_recorded_and_answered_as_without_a_tap)
{
	struct cap_sqe bad = { .op = CAP_OP_NOP, .target = 1, .deadline_ns = 5 };

	start_tapped();
	do_nop(5);
	CHECK_EQ(world_do(&watched, &bad).result, CAP_ERR_INVALID_REQUEST);
	bad = (struct cap_sqe){ .op = 200 };
	CHECK_EQ(world_do(&watched, &bad).result, CAP_ERR_UNSUPPORTED_OPCODE);
	bad = (struct cap_sqe){ .op = CAP_OP_RELEASE, .target = 0x123456 };
	CHECK(world_do(&watched, &bad).result < 0);
	CHECK_EQ(header().tail, 8);
	CHECK_EQ(record_at(1).result, 0);
	CHECK_EQ(record_at(1).user_data, 5);
	CHECK_EQ(record_at(3).result, CAP_ERR_INVALID_REQUEST);
	CHECK_EQ(record_at(5).result, CAP_ERR_UNSUPPORTED_OPCODE);
	CHECK_EQ(record_at(6).interface_id, 0);
	CHECK_EQ(record_at(7).op, CAP_OP_RELEASE);
}

TEST(a_forged_index_of_a_tapped_ring_takes_nothing_and_is_told)
{
	struct cap_sqe sqe = { .op = CAP_OP_NOP };

	start_tapped();
	watched.ring->sq_tail += 100;
	CHECK_EQ(world_enter(&watched, 0, 0), CAP_ERR_RING_CORRUPT);
	CHECK_EQ(header().tail, 0);
	CHECK_EQ(world_do(&watched, &sqe).result, 0);
	watched.ring->cq_head += 100;
	CHECK_EQ(world_enter(&watched, 0, 0), CAP_ERR_RING_CORRUPT);
	CHECK_EQ(header().tail, 2);
}

TEST(every_submission_of_a_full_queue_is_recorded_once)
{
	start_tapped();
	for (uint64_t i = 0; i < 16; i++) {
		struct cap_sqe sqe = { .op = CAP_OP_NOP, .user_data = i };

		world_submit(&watched, &sqe);
	}
	CHECK_EQ(world_enter(&watched, 16, UINT64_MAX), 16);
	CHECK_EQ(header().tail, 32);
	for (uint64_t i = 0; i < 32; i++) {
		CHECK_EQ(record_at(i).sequence, i);
		CHECK_EQ(record_at(i).user_data, i / 2);
		CHECK_EQ(record_at(i).call_id, i / 2 + 1);
		CHECK_EQ(
		    record_at(i).direction, i % 2 == 0 ? CAP_TAP_SUBMISSION : CAP_TAP_COMPLETION);
	}
}

TEST(without_room_records_are_dropped_counted_and_missing_among_the_numbers)
{
	const uint32_t nops = 100;

	start_tapped();
	for (uint64_t i = 0; i < nops; i++)
		do_nop(i);
	CHECK_EQ(header().tail, SLOTS);
	CHECK_EQ(header().dropped, 2 * nops - SLOTS);
	CHECK_EQ(record_at(SLOTS - 1).sequence, SLOTS - 1);
	CHECK_EQ(ring_tap_status_results_records(tap_status()), SLOTS);
	CHECK_EQ(ring_tap_status_results_dropped(tap_status()), 2 * nops - SLOTS);
	read_up_to(1);
	do_nop(1000);
	CHECK_EQ(header().tail, SLOTS + 1);
	CHECK_EQ(header().dropped, 2 * nops - SLOTS + 1);
	CHECK_EQ(record_at(SLOTS).sequence, 2 * nops);
	CHECK_EQ(record_at(SLOTS).user_data, 1000);
	/* In the slot of the first, which was read. */
	CHECK_EQ(slot_address(SLOTS), slot_address(0));
}

TEST(a_forged_head_is_not_believed)
{
	static const uint64_t forged[] = { SLOTS + 1, UINT64_MAX, UINT64_C(1) << 63 };

	start_tapped();
	for (uint64_t i = 0; i < SLOTS / 2 + 1; i++)
		do_nop(i);
	CHECK_EQ(header().tail, SLOTS);
	for (uint32_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		uint64_t dropped = header().dropped;

		read_up_to(forged[i]);
		do_nop(0);
		CHECK_EQ(header().tail, SLOTS);
		CHECK_EQ(header().dropped, dropped + 2);
	}
	/* Backwards neither. */
	read_up_to(10);
	do_nop(0);
	read_up_to(9);
	for (uint32_t i = 0; i < 4; i++)
		do_nop(0);
	CHECK_EQ(header().tail, SLOTS + 10);
	/* The kernel's own numbers are not what stands in the memory. */
	world_write(&holder, mapped, &forged[1], 8);
	read_up_to(SLOTS + 10);
	do_nop(0);
	CHECK_EQ(ring_tap_status_results_records(tap_status()), SLOTS + 12);
}

TEST(a_tapped_client_sees_its_call_and_the_answer_that_another_process_gives)
{
	struct pair pair;

	start_tapped();
	pair = pair_of(&watched, &holder);
	exchange(&pair, 0);
	CHECK_EQ(header().tail, 2);
	CHECK_EQ(record_at(0).interface_id, INTERFACE);
	CHECK_EQ(record_at(0).method, 3);
	CHECK_EQ(record_at(1).direction, CAP_TAP_COMPLETION);
	CHECK_EQ(record_at(1).call_id, record_at(0).call_id);
	CHECK_EQ(record_at(1).result, 24);
}

TEST(a_tapped_server_sees_what_it_receives_and_returns)
{
	struct pair pair;

	start_tapped();
	pair = pair_of(&holder, &watched);
	exchange(&pair, 0);
	CHECK_EQ(header().tail, 4);
	CHECK_EQ(record_at(0).op, CAP_OP_RECV);
	CHECK_EQ(record_at(1).op, CAP_OP_RECV);
	CHECK_EQ(record_at(1).direction, CAP_TAP_COMPLETION);
	CHECK_EQ(record_at(1).result, (int32_t)sizeof(struct cap_delivery) + 16);
	CHECK_EQ(record_at(2).op, CAP_OP_RETURN);
	CHECK_EQ(record_at(2).interface_id, 0);
	CHECK_EQ(record_at(3).op, CAP_OP_RETURN);
	CHECK_EQ(record_at(3).result, 0);
}

TEST(a_deadline_that_passes_is_recorded_as_the_end)
{
	struct pair pair;

	start_tapped();
	pair = pair_of(&holder, &watched);
	await_call(&pair, sim.now_ns + 1000);
	CHECK_EQ(header().tail, 1);
	sim_time_pass(2000);
	world_settle();
	CHECK_EQ(header().tail, 2);
	CHECK_EQ(record_at(1).result, CAP_ERR_TIMED_OUT);
	CHECK(record_at(1).time_ns >= record_at(0).time_ns + 1000);
}

TEST(of_a_process_that_ends_the_last_completions_are_recorded)
{
	const struct process_exit exit = { .kind = EXIT_KIND_EXITED };
	struct pair pair;

	start_tapped();
	pair = pair_of(&holder, &watched);
	await_call(&pair, 0);
	process_exit(watched.thread, &exit);
	world_settle();
	CHECK_EQ(header().tail, 2);
	CHECK_EQ(record_at(1).result, CAP_ERR_CANCELLED);
	CHECK(!ring_tap_status_results_attached(tap_status()));
	CHECK_EQ(detach(), CAP_OK);
	CHECK_EQ(world_release(&holder, tap), CAP_OK);
	world_settle();
}

TEST(what_was_submitted_before_the_tap_is_not_its_own)
{
	struct pair pair;

	start();
	pair = pair_of(&holder, &watched);
	await_call(&pair, 0);
	CHECK_EQ(create(buffer, 0, 0), CAP_OK);
	CHECK_EQ(attach(handle), CAP_OK);
	post(&watched, (struct cap_sqe){ .op = CAP_OP_FINISH, .target = AWAITED });
	CHECK_EQ(header().tail, 2);
	CHECK_EQ(record_at(0).op, CAP_OP_FINISH);
	CHECK_EQ(record_at(1).op, CAP_OP_FINISH);
}

TEST(a_tap_that_took_over_does_not_tell_of_the_ops_of_the_one_before)
{
	struct pair pair;

	start_tapped();
	pair = pair_of(&holder, &watched);
	await_call(&pair, 0);
	CHECK_EQ(detach(), CAP_OK);
	make_buffer(PAGES);
	CHECK_EQ(create(buffer, 0, 0), CAP_OK);
	CHECK_EQ(attach(handle), CAP_OK);
	post(&watched, (struct cap_sqe){ .op = CAP_OP_FINISH, .target = AWAITED });
	CHECK_EQ(header().tail, 2);
	CHECK_EQ(record_at(0).op, CAP_OP_FINISH);
	CHECK_EQ(record_at(0).call_id, 1);
	CHECK_EQ(record_at(1).op, CAP_OP_FINISH);
}

static void
read_payload(uint64_t index, void *to, uint32_t bytes)
{
	world_read(&holder, slot_address(index) + sizeof(struct cap_tap_record), to, bytes);
}

TEST(payloads_are_the_first_bytes_of_parameters_and_results)
{
	struct pair pair;
	uint8_t found[16];

	start_with_payload(16);
	pair = pair_of(&watched, &holder);
	world_write(&watched, watched.message, "sixteen bytes go", 16);
	world_write(&holder, holder.message + 512, "twenty-four bytes here..", 24);
	exchange(&pair, 0);
	CHECK_EQ(record_at(0).payload_bytes, 16);
	read_payload(0, found, 16);
	CHECK_EQ(memcmp(found, "sixteen bytes go", 16), 0);
	CHECK_EQ(record_at(1).result, 24);
	CHECK_EQ(record_at(1).payload_bytes, 16);
	read_payload(1, found, 16);
	CHECK_EQ(memcmp(found, "twenty-four bytes here..", 16), 0);
}

TEST(a_delivery_is_a_payload_and_so_is_a_return)
{
	struct cap_delivery delivery;
	struct pair pair;
	uint8_t found[24];

	start_with_payload(128);
	pair = pair_of(&holder, &watched);
	world_write(&holder, holder.message, "sixteen bytes go", 16);
	world_write(&watched, watched.message + 512, "twenty-four bytes here..", 24);
	exchange(&pair, 0);
	CHECK_EQ(record_at(0).payload_bytes, 0);
	CHECK_EQ(record_at(1).payload_bytes, sizeof(delivery) + 16);
	read_payload(1, &delivery, sizeof(delivery));
	CHECK_EQ(delivery.interface_id, INTERFACE);
	CHECK_EQ(delivery.method, 3);
	CHECK_EQ(record_at(2).payload_bytes, 24);
	read_payload(2, found, 24);
	CHECK_EQ(memcmp(found, "twenty-four bytes here..", 24), 0);
	CHECK_EQ(record_at(3).payload_bytes, 0);
}

TEST(an_exception_is_a_payload_as_long_as_it_says)
{
	uint64_t words[64];
	struct capnp_reader reader;
	struct cap_sqe sqe;

	start_with_payload(512);
	sqe = timer_now();
	sqe.method = 99;
	CHECK_EQ(world_do(&watched, &sqe).result, CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(record_at(1).result, CAP_ERR_APPLICATION_EXCEPTION);
	CHECK(record_at(1).payload_bytes > 8 && record_at(1).payload_bytes < 256);
	read_payload(1, words, sizeof(words));
	CHECK_EQ(record_at(1).payload_bytes, 8 + 8 * (words[0] >> 32));
	CHECK_EQ(capnp_reader_init(&reader, words, record_at(1).payload_bytes), CAPNP_OK);
	CHECK_EQ(cap_exception_status(cap_exception_root(&reader)), CAP_ERR_UNIMPLEMENTED_METHOD);
}

TEST(memory_outside_of_the_ring_is_a_payload_too_and_slots_lie_across_pages)
{
	static uint8_t sent[4096];
	static uint8_t found[4096];
	struct pair pair;

	start_with_payload(4000);
	CHECK_EQ(header().slot_count, 1);
	pair = pair_of(&watched, &holder);
	for (uint32_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 31 + i / 256);
	world_write(&watched, WORLD_DATA + 4000, sent, sizeof(sent));
	post(&watched,
	    (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = pair.facet,
		.addr = WORLD_DATA + 4000,
		.len = sizeof(sent),
		.result_addr = WORLD_DATA,
		.result_len = 64 });
	CHECK_EQ(record_at(0).payload_bytes, 4000);
	read_payload(0, found, 4000);
	CHECK_EQ(memcmp(found, sent, 4000), 0);
}

TEST(what_is_not_mapped_is_lost_and_the_record_says_so)
{
	struct cap_sqe sqe;

	start_with_payload(64);
	sqe = timer_now();
	sqe.addr = WORLD_UNMAPPED;
	CHECK(world_do(&watched, &sqe).result < 0);
	CHECK_EQ(record_at(0).payload_bytes, 0);
	CHECK_EQ(record_at(0).payload_flags, CAP_TAP_PAYLOAD_LOST);
	CHECK_EQ(header().tail, 2);
}
