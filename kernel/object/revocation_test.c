/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a revocation ends, wherever it waits, who is told, and what stays as it was: of a grant, and
 * of an endpoint's clients.
 */
#include "arch/sim/managed_child.h"

#define PAGES 3
#define LONG_PAGES 400

TEST(without_a_result_buffer_the_status_says_that_the_target_is_revoked)
{
	struct cap_sqe sqe;
	uint64_t id;

	begin();
	id = start_with(facet, CAPNP_CAP_COPY);
	CHECK_EQ(revoke(id), CAP_OK);
	sqe = call_by(&child, its(0));
	sqe.result_addr = 0;
	sqe.result_len = 0;
	post(&child, sqe);
	CHECK_EQ(reap(&child).result, CAP_ERR_REVOKED);
}

TEST(a_call_that_waits_ends_for_its_caller)
{
	uint64_t id;

	begin();
	id = start_with(facet, CAPNP_CAP_COPY);
	post(&child, call_by(&child, its(0)));
	post(&parent, call_by(&parent, facet));
	CHECK_EQ(revoke(id), CAP_OK);
	check_revoked(&child, reap(&child));
	/* The parent's own is as it was. */
	CHECK(nothing_to_reap(&parent));
	post(&server, receive_by(&server, owner));
	CHECK(reap(&server).result > 0);
	CHECK_EQ(child.process->ledger->used[LEDGER_ENDPOINT_CALLS], 0);
}

TEST(a_delivered_call_ends_and_its_server_is_told)
{
	struct cap_delivery header;
	uint64_t id;

	begin();
	id = start_with(facet, CAPNP_CAP_COPY);
	post(&server, receive_by(&server, owner));
	post(&child, call_by(&child, its(0)));
	CHECK(reap(&server).result > 0);
	world_read(&server, server.message, &header, sizeof(header));
	CHECK_EQ(revoke(id), CAP_OK);
	check_revoked(&child, reap(&child));
	post(&server,
	    (struct cap_sqe){ .op = CAP_OP_RETURN,
		.target = header.call_id,
		.addr = server.message + 512,
		.len = 24 });
	CHECK_EQ(reap(&server).result, CAP_ERR_CALL_GONE);
}

TEST(a_call_that_waited_is_not_delivered_once_its_hold_is_dead)
{
	struct list_node work;
	struct cap_ref ref;
	enum cap_status status = CAP_OK;
	uint64_t id;

	begin();
	id = start_with(facet, CAPNP_CAP_COPY);
	post(&child, call_by(&child, its(0)));
	CHECK_EQ(cap_lookup(child.process->table, its(0), &ref), CAP_OK);
	/* Dead, and not swept yet. */
	list_init(&work);
	CHECK(grant_cell_revoke(ref.cell, &work));
	post(&server, receive_by(&server, owner));
	CHECK(nothing_to_reap(&server));
	check_revoked(&child, reap(&child));
	CHECK_EQ(grant_cell_revoke_below_step(&work), JOB_DONE);
	begin_revoke(id);
	world_call_submit(&call);
	world_settle();
	CHECK(world_call_reap(&call, &status));
	CHECK_EQ(status, CAP_OK);
}

TEST(a_receiver_whose_hold_was_revoked_receives_nothing_more)
{
	cap_id_t moved;
	uint64_t id;

	/* The parent serves an endpoint of its own, and gives its serving to the child. */
	begin();
	moved = world_give(&parent, endpoint_object(endpoint), 0);
	id = start_with(moved, CAPNP_CAP_MOVE);
	post(&child, receive_by(&child, its(0)));
	CHECK(nothing_to_reap(&child));
	CHECK_EQ(revoke(id), CAP_OK);
	CHECK_EQ(reap(&child).result, CAP_ERR_REVOKED);
	post(&child, receive_by(&child, its(0)));
	CHECK_EQ(reap(&child).result, CAP_ERR_REVOKED);
	post(&parent, call_by(&parent, facet));
	CHECK(nothing_to_reap(&child));
	CHECK_EQ(child.process->ledger->used[LEDGER_CAP_SLOTS], 1);
}

/* Dead, and not swept yet. */
static void
kill_hold(struct world_process *process, cap_id_t cap_id, struct list_node *work)
{
	struct cap_ref ref = { 0 };

	CHECK_EQ(cap_lookup(process->process->table, cap_id, &ref), CAP_OK);
	list_init(work);
	CHECK(grant_cell_revoke(ref.cell, work));
	CHECK_EQ(grant_cell_revoke_below_step(work), JOB_DONE);
}

TEST(a_receiver_whose_hold_is_dead_gets_no_call_before_the_sweep)
{
	for (uint32_t is_short = 0; is_short < 2; is_short++) {
		struct list_node work;
		struct cap_sqe call_sqe;
		cap_id_t moved;

		begin();
		moved = world_give(&parent, endpoint_object(endpoint), 0);
		(void)start_with(moved, CAPNP_CAP_MOVE);
		post(&child, receive_by(&child, its(0)));
		kill_hold(&child, its(0), &work);
		call_sqe = call_by(&parent, facet);
		call_sqe.cap_max = is_short == 0;
		post(&parent, call_sqe);
		CHECK(nothing_to_reap(&child));
		CHECK(nothing_to_reap(&parent));
		/* It waits for one that lives. */
		post(&server, receive_by(&server, owner));
		CHECK(reap(&server).result > 0);
	}
}

TEST(a_wait_whose_hold_is_dead_takes_no_bits_before_the_sweep)
{
	struct notification *notification;
	struct list_node work;
	cap_id_t moved;
	cap_id_t signalling;

	begin();
	CHECK_EQ(notification_create(parent.process->ledger, &notification), CAP_OK);
	moved = world_give(&parent, notification_waiting_side(notification), 0);
	object_put(notification_waiting_side(notification));
	(void)start_with(moved, CAPNP_CAP_MOVE);
	post(&child, (struct cap_sqe){ .op = CAP_OP_WAIT, .target = its(0), .addr = 3 });
	signalling = world_give(&parent, notification_signalling_side(notification), 0);
	kill_hold(&child, its(0), &work);
	/* By the general way, and in passing. */
	CHECK_EQ(notification_signal(notification, 1), CAP_OK);
	post(&parent, (struct cap_sqe){ .op = CAP_OP_SIGNAL, .target = signalling, .addr = 2 });
	CHECK_EQ(reap(&parent).result, CAP_OK);
	CHECK(nothing_to_reap(&child));
	CHECK_EQ(notification_poll(notification, 3), 3);
}

TEST(a_sleeper_is_woken_by_the_end_of_its_timer)
{
	uint64_t id;

	begin();
	id = start_with(world_give(&parent, timer_object(), 0), CAPNP_CAP_COPY);
	{
		static struct world_call sleep;
		enum cap_status status = CAP_OK;

		world_call_begin(&sleep, &child, its(0), TIMER_METHOD_SLEEP_UNTIL);
		timer_sleep_until_params_set_deadline_ns(
		    timer_sleep_until_params_init_root(&sleep.params), UINT64_MAX - 1);
		world_call_submit(&sleep);
		CHECK(!world_call_reap(&sleep, &status));
		CHECK_EQ(revoke(id), CAP_OK);
		CHECK(world_call_reap(&sleep, &status));
		CHECK_EQ(status, CAP_ERR_REVOKED);
	}
}

TEST(a_wait_for_bits_ends_and_takes_none)
{
	struct notification *notification;
	cap_id_t moved;
	uint64_t id;

	begin();
	CHECK_EQ(notification_create(parent.process->ledger, &notification), CAP_OK);
	moved = world_give(&parent, notification_waiting_side(notification), 0);
	object_put(notification_waiting_side(notification));
	id = start_with(moved, CAPNP_CAP_MOVE);
	post(&child, (struct cap_sqe){ .op = CAP_OP_WAIT, .target = its(0), .addr = 1 });
	CHECK(nothing_to_reap(&child));
	CHECK_EQ(revoke(id), CAP_OK);
	CHECK_EQ(reap(&child).result, CAP_ERR_REVOKED);
	CHECK_EQ(notification_signal(notification, 1), CAP_OK);
	CHECK_EQ(notification_poll(notification, 1), 1);
}

static cap_id_t
make_memory(uint32_t page_count)
{
	cap_id_t allocator = world_give(&parent, frame_allocator_object(), 0);

	world_call_begin(&call, &parent, allocator, FRAME_ALLOCATOR_METHOD_ALLOC);
	call.sqe.cap_max = 1;
	frame_allocator_alloc_params_set_count(
	    frame_allocator_alloc_params_init_root(&call.params), page_count);
	CHECK_EQ(world_call(&call), CAP_OK);
	return call.cqe.cap_id;
}

static uaddr_t
map_by(struct world_process *process, cap_id_t memory, uint32_t page_count)
{
	static struct world_call mapping;
	struct memory_object_map_params_builder params;

	world_call_begin(&mapping, process, memory, MEMORY_OBJECT_METHOD_MAP);
	params = memory_object_map_params_init_root(&mapping.params);
	memory_object_map_params_set_size(params, page_count * PAGE_BYTES);
	memory_object_map_params_set_protection(params, PROTECTION_READ_WRITE);
	CHECK_EQ(world_call(&mapping), CAP_OK);
	return memory_object_map_results_address(memory_object_map_results_root(&mapping.results));
}

TEST(mappings_that_were_made_by_it_are_gone_and_those_of_others_stay)
{
	cap_id_t memory;
	uaddr_t theirs;
	uaddr_t ours;
	uint64_t virtual_pages;
	uint64_t id;

	begin();
	memory = make_memory(PAGES);
	ours = map_by(&parent, memory, PAGES);
	id = start_with(memory, CAPNP_CAP_COPY);
	virtual_pages = child.process->ledger->used[LEDGER_VIRTUAL_PAGES];
	theirs = map_by(&child, its(0), PAGES);
	CHECK_EQ(user_check_writable(child.process->space, theirs, PAGES * PAGE_BYTES), CAP_OK);
	CHECK_EQ(revoke(id), CAP_OK);
	for (uint32_t i = 0; i < PAGES; i++)
		CHECK_EQ(user_check_writable(child.process->space, theirs + i * PAGE_BYTES, 1),
		    CAP_ERR_INVALID_BUFFER);
	CHECK_EQ(user_check_writable(parent.process->space, ours, PAGES * PAGE_BYTES), CAP_OK);
	CHECK_EQ(child.process->ledger->used[LEDGER_VIRTUAL_PAGES], virtual_pages);
}

/* Wherever a step of the sweep ends: behind the last region of another process, too. */
TEST(a_call_ends_however_much_the_processes_before_have_mapped)
{
	for (uint32_t mappings = 0; mappings < JOB_STEP_ENTRIES; mappings++) {
		cap_id_t memory;
		uint64_t id;

		begin();
		memory = make_memory(1);
		for (uint32_t i = 0; i < mappings; i++)
			(void)map_by(&parent, memory, 1);
		id = start_with(facet, CAPNP_CAP_COPY);
		post(&child, call_by(&child, its(0)));
		CHECK_EQ(revoke(id), CAP_OK);
		check_revoked(&child, reap(&child));
	}
}

TEST(mappings_by_another_grant_of_the_same_process_stay)
{
	cap_id_t memory;
	uaddr_t gone;
	uaddr_t kept;
	uint64_t id;

	begin();
	memory = make_memory(PAGES);
	CHECK_EQ(manage(), CAP_OK);
	id = granted("one", memory, CAPNP_CAP_COPY);
	(void)granted("other", memory, CAPNP_CAP_COPY);
	start_child();
	gone = map_by(&child, its(0), PAGES);
	kept = map_by(&child, its(1), PAGES);
	CHECK_EQ(revoke(id), CAP_OK);
	CHECK_EQ(user_check_writable(child.process->space, gone, 1), CAP_ERR_INVALID_BUFFER);
	CHECK_EQ(user_check_writable(child.process->space, kept, PAGES * PAGE_BYTES), CAP_OK);
}

TEST(a_mapping_counts_for_its_grant_as_long_as_it_is_there)
{
	struct memory_object_unmap_params_builder params;
	struct cap_hold hold;
	uint32_t references;
	uaddr_t address;

	begin();
	(void)start_with(make_memory(PAGES), CAPNP_CAP_COPY);
	CHECK_EQ(cap_table_get(child.process->table, its(0), &hold), CAP_OK);
	references = hold.cell->references;
	address = map_by(&child, its(0), PAGES);
	CHECK_EQ(hold.cell->references, references + 1);
	world_call_begin(&call, &child, its(0), MEMORY_OBJECT_METHOD_UNMAP);
	params = memory_object_unmap_params_init_root(&call.params);
	memory_object_unmap_params_set_address(params, address);
	memory_object_unmap_params_set_size(params, PAGES * PAGE_BYTES);
	CHECK_EQ(world_call(&call), CAP_OK);
	CHECK_EQ(hold.cell->references, references);
}

/* The grant that the child has its memory by. */
static struct grant_cell *granted_cell;
static uint32_t windows_left;

static void
grant_dies_in_a_window(void)
{
	struct list_node work;
	uaddr_t cursor = 0;

	if (windows_left-- != 0)
		return;
	sim.on_window = NULL;
	list_init(&work);
	CHECK(grant_cell_revoke(granted_cell, &work));
	while (grant_cell_revoke_below_step(&work) == JOB_AGAIN)
		continue;
	while (cursor != UINT64_MAX)
		(void)address_space_sweep(child.process->space, &cursor, JOB_STEP_ENTRIES);
}

/* A child with so many pages, whose grant will die in a window of what it does next. */
static void
start_with_memory(uint32_t page_count)
{
	struct cap_hold hold;

	begin();
	(void)start_with(make_memory(page_count), CAPNP_CAP_COPY);
	CHECK_EQ(cap_table_get(child.process->table, its(0), &hold), CAP_OK);
	granted_cell = hold.cell;
	windows_left = 2;
}

static enum cap_status
wait_for_answer(void)
{
	enum cap_status status = CAP_OK;

	sim.on_window = grant_dies_in_a_window;
	world_call_submit(&call);
	world_settle();
	CHECK_EQ(sim.on_window, NULL);
	CHECK(world_call_reap(&call, &status));
	return status;
}

TEST(a_mapping_ends_when_its_grant_dies_in_the_middle)
{
	struct memory_object_map_params_builder params;
	uint64_t virtual_pages;

	start_with_memory(LONG_PAGES);
	virtual_pages = child.process->ledger->used[LEDGER_VIRTUAL_PAGES];
	world_call_begin(&call, &child, its(0), MEMORY_OBJECT_METHOD_MAP);
	params = memory_object_map_params_init_root(&call.params);
	memory_object_map_params_set_size(params, LONG_PAGES * PAGE_BYTES);
	memory_object_map_params_set_protection(params, PROTECTION_READ_WRITE);
	CHECK_EQ(wait_for_answer(), CAP_ERR_REVOKED);
	CHECK_EQ(child.process->ledger->used[LEDGER_VIRTUAL_PAGES], virtual_pages);
}

TEST(a_change_of_protection_ends_when_its_pages_are_taken_in_the_middle)
{
	struct memory_object_protect_params_builder params;
	uaddr_t address;

	start_with_memory(LONG_PAGES);
	address = map_by(&child, its(0), LONG_PAGES);
	world_call_begin(&call, &child, its(0), MEMORY_OBJECT_METHOD_PROTECT);
	params = memory_object_protect_params_init_root(&call.params);
	memory_object_protect_params_set_address(params, address);
	memory_object_protect_params_set_size(params, LONG_PAGES * PAGE_BYTES);
	memory_object_protect_params_set_protection(params, PROTECTION_READ);
	windows_left = LONG_PAGES / JOB_STEP_ENTRIES + 1;
	CHECK_EQ(wait_for_answer(), CAP_ERR_NOT_MAPPED);
	CHECK_EQ(user_check_writable(child.process->space, address, 1), CAP_ERR_INVALID_BUFFER);
}

TEST(what_was_mapped_into_a_process_that_is_still_made_goes_too)
{
	struct process_builder_map_params_builder params;
	struct process *made;
	uint8_t byte;
	cap_id_t memory;
	uint64_t id;

	/* The child has the factory and the memory, and is making a process with it. */
	begin();
	memory = make_memory(PAGES);
	CHECK_EQ(manage(), CAP_OK);
	id = granted("memory", memory, CAPNP_CAP_COPY);
	(void)granted("factory", factory, CAPNP_CAP_COPY);
	start_child();
	world_call_begin(&call, &child, its(1), PROCESS_FACTORY_METHOD_CREATE);
	call.sqe.cap_max = 1;
	process_factory_create_params_set_name(
	    process_factory_create_params_init_root(&call.params), CAPNP_TEXT("grandchild"));
	CHECK_EQ(world_call(&call), CAP_OK);
	world_call_begin(&call, &child, call.cqe.cap_id, PROCESS_BUILDER_METHOD_MAP);
	params = process_builder_map_params_init_root(&call.params);
	process_builder_map_params_set_memory(
	    params, (struct capnp_cap){ .cap_id = its(0), .mode = CAPNP_CAP_COPY });
	process_builder_map_params_set_size(params, PAGES * PAGE_BYTES);
	process_builder_map_params_set_address(params, USER_IMAGE_BASE);
	process_builder_map_params_set_protection(params, PROTECTION_READ);
	CHECK_EQ(world_call(&call), CAP_OK);
	made = process_from(child.process->pid + 1);
	CHECK_EQ(user_copy_in(made->space, &byte, USER_IMAGE_BASE, 1), CAP_OK);
	CHECK_EQ(revoke(id), CAP_OK);
	CHECK_EQ(user_copy_in(made->space, &byte, USER_IMAGE_BASE, 1), CAP_ERR_INVALID_BUFFER);
}

TEST(copies_that_were_handed_on_die_with_their_grant)
{
	struct cap_hold hold;
	cap_id_t copy = 0;
	uint64_t id;

	begin();
	id = start_with(facet, CAPNP_CAP_COPY);
	CHECK_EQ(cap_table_get(child.process->table, its(0), &hold), CAP_OK);
	CHECK_EQ(cap_table_add(server.process->table, &hold, &copy), CAP_OK);
	post(&server, call_by(&server, copy));
	CHECK_EQ(revoke(id), CAP_OK);
	check_revoked(&server, reap(&server));
	CHECK_EQ(look(&server, copy), CAP_ERR_REVOKED);
}

TEST(a_revocation_goes_on_when_whoever_asked_is_gone)
{
	uint64_t id;

	begin();
	id = start_with(facet, CAPNP_CAP_COPY);
	for (int i = 0; i < 20; i++)
		post(&child, call_by(&child, its(0)));
	begin_revoke(id);
	world_call_submit(&call);
	(void)world_syscall(&parent, SYSCALL_EXIT, 0, 0);
	world_settle();
	for (int i = 0; i < 20; i++)
		CHECK_EQ(reap(&child).result, CAP_ERR_APPLICATION_EXCEPTION);
}

static enum cap_status
revoke_clients(void)
{
	enum cap_status status = CAP_OK;

	world_call_begin(&call, &server, owner, ENDPOINT_METHOD_REVOKE_CLIENTS);
	(void)endpoint_revoke_clients_params_init_root(&call.params);
	world_call_submit(&call);
	if (!world_call_reap(&call, &status)) {
		world_settle();
		CHECK(world_call_reap(&call, &status));
	}
	return status;
}

TEST(a_server_revokes_its_clients_and_goes_on_serving_new_ones)
{
	struct cap_sqe receive;
	cap_id_t fresh;

	begin();
	receive = receive_by(&server, owner);
	receive.user_data = 77;
	post(&parent, call_by(&parent, facet));
	CHECK_EQ(revoke_clients(), CAP_OK);
	check_revoked(&parent, reap(&parent));
	CHECK_EQ(look(&parent, facet), CAP_ERR_REVOKED);
	CHECK_EQ(look(&server, owner), CAP_OK);
	world_call_begin(&call, &server, owner, ENDPOINT_METHOD_CLIENT);
	call.sqe.cap_max = 1;
	endpoint_client_params_set_interface_id(
	    endpoint_client_params_init_root(&call.params), INTERFACE);
	CHECK_EQ(world_call(&call), CAP_OK);
	fresh = call.cqe.cap_id;
	post(&server, receive);
	post(&server, call_by(&server, fresh));
	CHECK_EQ(reap(&server).user_data, 77);
}

TEST(a_receiver_that_waits_is_not_touched_when_clients_are_revoked)
{
	uint16_t index = 0;
	cap_id_t fresh;

	begin();
	post(&server, receive_by(&server, owner));
	CHECK_EQ(revoke_clients(), CAP_OK);
	CHECK(nothing_to_reap(&server));
	CHECK_EQ(endpoint_facet(endpoint, INTERFACE, &index), CAP_OK);
	fresh = world_give(&parent, endpoint_object(endpoint), index);
	post(&parent, call_by(&parent, fresh));
	CHECK(reap(&server).result > 0);
}

TEST(the_last_epoch_of_an_endpoint_retires_it)
{
	begin();
	endpoint_object(endpoint)->epoch = OBJECT_EPOCH_MAX;
	owner = world_give(&server, endpoint_object(endpoint), 0);
	CHECK_EQ(revoke_clients(), CAP_OK);
	CHECK_EQ(look(&server, owner), CAP_ERR_REVOKED);
	CHECK_EQ(revoke_clients(), CAP_ERR_REVOKED);
}
