/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ProcessControl: whoever holds it ends the process, and nobody else; what the process did at its
 * end is told with it.
 */
#include <abi/start.h>
#include <schema/process.capnp.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "ipc/endpoint.h"
#include "object/permanent.h"
#include "object/process.h"
#include "proc/process.h"

#define INTERFACE UINT64_C(0x8000000000000005)

static struct world_process parent;
static struct world_process child;
static cap_id_t handle;
static cap_id_t control;
static uint64_t frames_at_start;
static struct world_call call;
static struct world_call waiting;

static void
begin_start(uint8_t cap_max)
{
	cap_id_t factory = world_give(&parent, process_factory_object(), 0);

	world_call_begin(&call, &parent, factory, PROCESS_FACTORY_METHOD_CREATE);
	call.sqe.cap_max = 1;
	process_factory_create_params_set_name(
	    process_factory_create_params_init_root(&call.params), CAPNP_TEXT("child"));
	CHECK_EQ(world_call(&call), CAP_OK);
	CHECK_EQ(world_release(&parent, factory), CAP_OK);
	world_call_begin(&call, &parent, call.cqe.cap_id, PROCESS_BUILDER_METHOD_START);
	call.sqe.cap_max = cap_max;
	process_builder_start_params_set_entry(
	    process_builder_start_params_init_root(&call.params), USER_IMAGE_BASE);
}

static void
start(void)
{
	struct cap_record record;
	cap_id_t builder;

	world_start();
	objects_init();
	frames_at_start = world_free_frames();
	parent = world_process(NULL);
	begin_start(2);
	builder = call.sqe.target;
	CHECK_EQ(world_call(&call), CAP_OK);
	CHECK_EQ(call.cqe.cap_count, 2);
	handle = call.cqe.cap_id;
	world_read(
	    &parent, WORLD_CALL_RESULTS + (uint64_t)call.cqe.result, &record, sizeof(record));
	control = record.cap_id;
	CHECK_EQ(record.interface_id, PROCESS_CONTROL_INTERFACE_ID);
	CHECK_EQ(world_release(&parent, builder), CAP_OK);
	child.process = process_after(parent.process->pid);
	CHECK(child.process != NULL);
	child.thread = child.process->thread;
}

static enum cap_status
kill(struct world_process *by, cap_id_t with, bool *was_running)
{
	enum cap_status status;

	world_call_begin(&call, by, with, PROCESS_CONTROL_METHOD_KILL);
	(void)process_control_kill_params_init_root(&call.params);
	status = world_call(&call);
	if (status == CAP_OK)
		*was_running = process_control_kill_results_was_running(
		    process_control_kill_results_root(&call.results));
	return status;
}

static void
begin_wait(void)
{
	world_call_begin(&waiting, &parent, handle, PROCESS_HANDLE_METHOD_WAIT);
	(void)process_handle_wait_params_init_root(&waiting.params);
	world_call_submit(&waiting);
}

static struct exit_status
waited(void)
{
	enum cap_status status;

	CHECK(world_call_reap(&waiting, &status));
	CHECK_EQ(status, CAP_OK);
	return process_handle_wait_results_status(
	    process_handle_wait_results_root(&waiting.results));
}

static void
check_everything_is_back(void)
{
	static const struct process_exit killed = { .kind = EXIT_KIND_KILLED };
	struct process *left = process_after(parent.process->pid);

	if (left != NULL && left->state == PROCESS_RUNNING)
		process_exit(left->thread, &killed);
	process_exit(parent.thread, &killed);
	world_settle();
	world_settle();
	CHECK_EQ(world_free_frames(), frames_at_start);
	CHECK_EQ(ledger_boot.used[LEDGER_KERNEL_BYTES], 0);
}

TEST(a_kill_ends_the_process_and_who_waits_hears_of_it)
{
	bool was_running = false;

	start();
	begin_wait();
	CHECK_EQ(kill(&parent, control, &was_running), CAP_OK);
	CHECK(was_running);
	world_settle();
	world_settle();
	CHECK_EQ(exit_status_kind(waited()), EXIT_KIND_KILLED);
	CHECK(process_after(parent.process->pid) == NULL);
	check_everything_is_back();
}

TEST(what_is_over_is_killed_by_nobody_and_that_is_no_failure)
{
	bool was_running = true;

	start();
	CHECK_EQ(kill(&parent, control, &was_running), CAP_OK);
	/* It is being taken down, and then it is dead. */
	CHECK_EQ(kill(&parent, control, &was_running), CAP_OK);
	CHECK(!was_running);
	world_settle();
	world_settle();
	was_running = true;
	CHECK_EQ(kill(&parent, control, &was_running), CAP_OK);
	CHECK(!was_running);
	check_everything_is_back();
}

TEST(a_process_that_ended_by_itself_keeps_its_exit)
{
	bool was_running = true;

	start();
	CHECK_EQ(world_syscall(&child, SYSCALL_EXIT, 7, 0), WORLD_GONE);
	CHECK_EQ(kill(&parent, control, &was_running), CAP_OK);
	CHECK(!was_running);
	world_settle();
	begin_wait();
	CHECK_EQ(exit_status_kind(waited()), EXIT_KIND_EXITED);
	check_everything_is_back();
}

TEST(a_handle_has_no_method_that_kills)
{
	start();
	for (uint16_t method = PROCESS_HANDLE_METHOD_STATUS + 1; method < 16; method++) {
		world_call_begin(&call, &parent, handle, method);
		(void)process_control_kill_params_init_root(&call.params);
		CHECK_EQ(world_call(&call), CAP_ERR_UNIMPLEMENTED_METHOD);
	}
	CHECK_EQ(child.process->state, PROCESS_RUNNING);
	check_everything_is_back();
}

TEST(the_control_keeps_the_process_known_when_the_handle_is_gone)
{
	bool was_running = false;

	start();
	CHECK_EQ(world_release(&parent, handle), CAP_OK);
	world_settle();
	CHECK_EQ(kill(&parent, control, &was_running), CAP_OK);
	CHECK(was_running);
	world_settle();
	world_settle();
	CHECK_EQ(kill(&parent, control, &was_running), CAP_OK);
	CHECK_EQ(world_release(&parent, control), CAP_OK);
	check_everything_is_back();
}

TEST(dropping_the_control_kills_nobody)
{
	start();
	CHECK_EQ(world_release(&parent, control), CAP_OK);
	world_settle();
	CHECK_EQ(child.process->state, PROCESS_RUNNING);
	check_everything_is_back();
}

TEST(a_process_can_end_itself_by_its_own_control)
{
	struct cap_ref ref;
	cap_id_t own;

	start();
	CHECK_EQ(cap_lookup(parent.process->table, control, &ref), CAP_OK);
	own = world_give(&child, ref.object, ref.interface_index);
	child.ring = ring_pinned(child.thread->ring, USER_RING_ADDRESS, PAGE_BYTES);
	const struct cap_sqe sqe = { .op = CAP_OP_CALL,
		.target = own,
		.method = PROCESS_CONTROL_METHOD_KILL,
		.addr = USER_RING_ADDRESS + child.ring->message_offset,
		.len = 16,
		.result_addr = USER_RING_ADDRESS + child.ring->message_offset + 256,
		.result_len = 64 };
	uint64_t *message = (uint64_t *)(void *)((char *)child.ring + child.ring->message_offset);

	message[0] = UINT64_C(1) << 32; /* one segment of a word: no parameters */
	message[1] = 0;
	world_submit(&child, &sqe);
	CHECK_EQ(world_enter(&child, 0, 0), WORLD_GONE);
	world_settle();
	world_settle();
	begin_wait();
	CHECK_EQ(exit_status_kind(waited()), EXIT_KIND_KILLED);
	check_everything_is_back();
}

TEST(who_takes_one_capability_gets_the_handle_alone)
{
	world_start();
	objects_init();
	parent = world_process(NULL);
	begin_start(1);
	CHECK_EQ(world_call(&call), CAP_OK);
	CHECK_EQ(call.cqe.cap_count, 1);
	CHECK_EQ(call.cqe.interface_id, PROCESS_HANDLE_INTERFACE_ID);
}

TEST(without_room_for_both_nothing_is_started)
{
	world_start();
	objects_init();
	parent = world_process(NULL);
	for (uint32_t room = 0; room < 48; room += 8) {
		begin_start(2);
		call.sqe.result_len = room;
		CHECK(world_call(&call) != CAP_OK);
		CHECK(process_after(parent.process->pid) == NULL);
		CHECK_EQ(world_release(&parent, call.sqe.target), CAP_OK);
		world_settle();
	}
	begin_start(2);
	call.sqe.result_len = 48;
	CHECK_EQ(world_call(&call), CAP_OK);
}

/* The child serves, has answered none of three calls, and is killed. */
TEST(who_called_it_is_disconnected_and_the_last_call_is_told)
{
	struct endpoint *endpoint;
	struct cap_cqe cqe;
	cap_id_t facet, owner;
	uint16_t index = 0;
	bool was_running;

	start();
	child.ring = ring_pinned(child.thread->ring, USER_RING_ADDRESS, PAGE_BYTES);
	child.message = USER_RING_ADDRESS + child.ring->message_offset;
	CHECK_EQ(endpoint_create(child.process->ledger, &endpoint), CAP_OK);
	CHECK_EQ(endpoint_facet(endpoint, INTERFACE, &index), CAP_OK);
	facet = world_give(&parent, endpoint_object(endpoint), index);
	owner = world_give(&child, endpoint_object(endpoint), 0);
	object_put(endpoint_object(endpoint));
	for (uint16_t i = 0; i < 3; i++) {
		const struct cap_sqe receive = { .op = CAP_OP_RECV,
			.target = owner,
			.result_addr = child.message,
			.result_len = 256 };
		const struct cap_sqe sqe = { .op = CAP_OP_CALL,
			.target = facet,
			.method = (uint16_t)(20 + i),
			.user_data = i,
			.addr = parent.message };

		world_submit(&child, &receive);
		(void)world_enter(&child, 0, 0);
		world_submit(&parent, &sqe);
		CHECK_EQ(world_enter(&parent, 0, 0), 0);
		CHECK(world_reap(&child, &cqe));
	}
	CHECK_EQ(kill(&parent, control, &was_running), CAP_OK);
	world_settle();
	for (uint32_t i = 0; i < 3; i++) {
		CHECK(world_reap(&parent, &cqe));
		CHECK_EQ(cqe.result, CAP_ERR_DISCONNECTED);
	}
	begin_wait();
	CHECK_EQ(exit_status_serving_interface(waited()), INTERFACE);
	CHECK_EQ(exit_status_serving_method(process_handle_wait_results_status(
		     process_handle_wait_results_root(&waiting.results))),
	    22);
	check_everything_is_back();
}
