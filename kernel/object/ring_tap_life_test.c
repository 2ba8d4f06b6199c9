/* SPDX-License-Identifier: Apache-2.0 */
/* Taps are made, given to one process, ended, and leave nothing; each refusal changes nothing. */
#include "arch/sim/world_tap.h"

TEST(detaching_ends_the_records_for_good)
{
	start_tapped();
	CHECK(ring_tap_status_results_attached(tap_status()));
	do_nop(1);
	CHECK_EQ(detach(), CAP_OK);
	CHECK(!ring_tap_status_results_attached(tap_status()));
	do_nop(2);
	CHECK_EQ(header().tail, 2);
	CHECK_EQ(detach(), CAP_ERR_WRONG_STATE);
	CHECK_EQ(attach(handle), CAP_ERR_WRONG_STATE);
	/* Another one may have the process. */
	CHECK_EQ(create(buffer, 0, 0), CAP_OK);
	CHECK_EQ(attach(handle), CAP_OK);
	do_nop(3);
	CHECK_EQ(record_at(0).user_data, 3);
}

TEST(dropping_the_last_capability_ends_the_tap_and_leaves_nothing)
{
	struct world_accounts before;
	struct world_accounts after;

	start();
	world_settle();
	before = world_accounts(&holder);
	CHECK_EQ(create(buffer, 0, 0), CAP_OK);
	CHECK_EQ(attach(handle), CAP_OK);
	do_nop(1);
	CHECK_EQ(world_release(&holder, tap), CAP_OK);
	world_settle();
	world_settle();
	do_nop(2);
	CHECK_EQ(header().tail, 2);
	after = world_accounts(&holder);
	CHECK_EQ(memcmp(&before, &after, sizeof(before)), 0);
}

TEST(the_memory_of_a_tap_lives_as_long_as_the_tap)
{
	start_tapped();
	CHECK_EQ(world_release(&holder, buffer), CAP_OK);
	world_settle();
	do_nop(1);
	CHECK_EQ(header().tail, 2);
}

TEST(a_tap_that_is_refused_takes_nothing)
{
	cap_id_t wrong;

	start();
	wrong = world_give(&holder, timer_object(), 0);
	world_settle();
	const struct {
		cap_id_t memory;
		cap_id_t signaller;
		uint64_t mask;
		uint8_t cap_max;
		enum cap_status status;
	} cases[] = {
		{ 0, 0, 0, 1, CAP_ERR_INVALID_CAP },
		{ wrong, 0, 0, 1, CAP_ERR_WRONG_INTERFACE },
		{ buffer, wrong, 1, 1, CAP_ERR_WRONG_INTERFACE },
		{ buffer, 0, 1, 1, CAP_ERR_INVALID_CAP },
		{ buffer, 0, 0, 0, CAP_ERR_TOO_MANY_CAPS },
	};

	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world_accounts before = world_accounts(&holder);
		struct world_accounts after;

		begin_create(cases[i].memory, cases[i].signaller, cases[i].mask);
		call.sqe.cap_max = cases[i].cap_max;
		CHECK_EQ(world_call(&call), cases[i].status);
		after = world_accounts(&holder);
		CHECK_EQ(memcmp(&before, &after, sizeof(before)), 0);
	}
	CHECK_EQ(header().magic, 0);
}

TEST(a_payload_is_of_whole_words_and_at_most_a_page)
{
	static const uint32_t refused[] = { 0, 4, 12, CAP_TAP_PAYLOAD_MAX + 8, UINT32_MAX,
		UINT32_MAX - 7 };

	start();
	for (uint32_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		CHECK_EQ(create_payload(refused[i]), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(header().magic, 0);
	CHECK_EQ(create_payload(CAP_TAP_PAYLOAD_MAX), CAP_OK);
	CHECK_EQ(header().slot_count, 1);
	/* No slot at all. */
	make_buffer(1);
	CHECK_EQ(create_payload(CAP_TAP_PAYLOAD_MAX), CAP_ERR_INVALID_ARGUMENT);
}

TEST(a_tap_serves_one_process_and_a_process_has_one_tap)
{
	struct world_process other;
	cap_id_t other_handle;
	cap_id_t first;

	start_tapped();
	other = world_process(NULL);
	other_handle = world_give(&holder, process_handle_object(other.process), 0);
	CHECK_EQ(attach(other_handle), CAP_ERR_WRONG_STATE);
	first = tap;
	make_buffer(PAGES);
	CHECK_EQ(create(buffer, 0, 0), CAP_OK);
	CHECK_EQ(attach(handle), CAP_ERR_WRONG_STATE);
	/* That refusal did not use it up. */
	CHECK_EQ(attach(other_handle), CAP_OK);
	do_nop(1);
	CHECK_EQ(header().tail, 0);
	tap = first;
	CHECK_EQ(ring_tap_status_results_records(tap_status()), 2);
}

TEST(only_a_handle_of_a_running_process_is_tapped)
{
	const struct process_exit exit = { .kind = EXIT_KIND_EXITED };

	start();
	CHECK_EQ(create(buffer, 0, 0), CAP_OK);
	CHECK_EQ(attach(0), CAP_ERR_INVALID_CAP);
	CHECK_EQ(attach(buffer), CAP_ERR_WRONG_INTERFACE);
	process_exit(watched.thread, &exit);
	CHECK_EQ(attach(handle), CAP_ERR_WRONG_STATE);
	world_settle();
	CHECK_EQ(attach(handle), CAP_ERR_WRONG_STATE);
}

TEST(bits_are_set_when_records_have_come)
{
	struct notification *notification;
	cap_id_t signaller;

	start();
	CHECK_EQ(notification_create(holder.process->ledger, &notification), CAP_OK);
	signaller = world_give(&holder, notification_signalling_side(notification), 0);
	CHECK_EQ(create(buffer, signaller, 0), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(create(buffer, signaller, 6), CAP_OK);
	CHECK_EQ(attach(handle), CAP_OK);
	CHECK_EQ(notification_poll(notification, UINT64_MAX), 0);
	do_nop(1);
	world_settle();
	CHECK_EQ(notification_poll(notification, UINT64_MAX), 6);
	CHECK_EQ(notification_poll(notification, UINT64_MAX), 0);
	do_nop(2);
	world_settle();
	CHECK_EQ(notification_poll(notification, UINT64_MAX), 6);
	CHECK_EQ(world_release(&holder, tap), CAP_OK);
	world_settle();
	object_put(notification_waiting_side(notification));
	world_settle();
}

static cap_id_t
begin_build(void)
{
	cap_id_t processes = world_give(&holder, process_factory_object(), 0);

	world_call_begin(&call, &holder, processes, PROCESS_FACTORY_METHOD_CREATE);
	call.sqe.cap_max = 1;
	process_factory_create_params_set_name(
	    process_factory_create_params_init_root(&call.params), capnp_text_from_string("made"));
	CHECK_EQ(world_call(&call), CAP_OK);
	return call.cqe.cap_id;
}

static enum cap_status
build_tap(cap_id_t builder, cap_id_t with)
{
	world_call_begin(&call, &holder, builder, PROCESS_BUILDER_METHOD_TAP);
	process_builder_tap_params_set_tap(
	    process_builder_tap_params_init_root(&call.params), as_cap(with));
	return world_call(&call);
}

static enum cap_status
build_start(cap_id_t builder, uint64_t entry)
{
	world_call_begin(&call, &holder, builder, PROCESS_BUILDER_METHOD_START);
	call.sqe.cap_max = 1;
	process_builder_start_params_set_entry(
	    process_builder_start_params_init_root(&call.params), entry);
	return world_call(&call);
}

static struct world_process
built_process(void)
{
	struct world_process made = { .process = process_after(watched.process->pid) };

	CHECK(made.process != NULL);
	made.thread = made.process->thread;
	made.ring = ring_pinned(made.thread->ring, USER_RING_ADDRESS, PAGE_BYTES);
	return made;
}

TEST(a_process_that_is_built_with_a_tap_is_seen_from_its_first_submission)
{
	cap_id_t builder;

	start();
	CHECK_EQ(create(buffer, 0, 0), CAP_OK);
	builder = begin_build();
	CHECK_EQ(build_tap(builder, tap), CAP_OK);
	CHECK(!ring_tap_status_results_attached(tap_status()));
	CHECK_EQ(build_start(builder, USER_IMAGE_BASE), CAP_OK);
	CHECK(ring_tap_status_results_attached(tap_status()));
	watched = built_process();
	do_nop(1);
	CHECK_EQ(header().tail, 2);
	CHECK_EQ(record_at(0).call_id, 1);
	CHECK_EQ(record_at(0).pid, watched.process->pid);
}

TEST(a_builder_takes_one_free_tap)
{
	cap_id_t builder;

	start_tapped();
	builder = begin_build();
	CHECK_EQ(build_tap(builder, buffer), CAP_ERR_WRONG_INTERFACE);
	builder = begin_build();
	/* One that another process has is found out at the start. */
	CHECK_EQ(build_tap(builder, tap), CAP_OK);
	CHECK_EQ(build_start(builder, USER_IMAGE_BASE), CAP_ERR_WRONG_STATE);
	builder = begin_build();
	CHECK_EQ(create(buffer, 0, 0), CAP_OK);
	CHECK_EQ(build_tap(builder, tap), CAP_OK);
	CHECK_EQ(build_tap(builder, tap), CAP_ERR_WRONG_STATE);
}

TEST(a_start_that_fails_or_never_comes_leaves_the_tap_free)
{
	cap_id_t builder;

	start();
	CHECK_EQ(create(buffer, 0, 0), CAP_OK);
	builder = begin_build();
	CHECK_EQ(build_tap(builder, tap), CAP_OK);
	CHECK_EQ(build_start(builder, 1), CAP_ERR_INVALID_ARGUMENT);
	CHECK_EQ(world_release(&holder, builder), CAP_OK);
	world_settle();
	CHECK_EQ(attach(handle), CAP_OK);
	do_nop(1);
	CHECK_EQ(header().tail, 2);
}
