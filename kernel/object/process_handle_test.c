/* SPDX-License-Identifier: Apache-2.0 */
/* ProcessHandle: the end of a process is told once to whoever waits, before it or behind it. */
#include <abi/start.h>
#include <schema/process.capnp.h>
#include <string.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "object/permanent.h"
#include "object/process.h"
#include "proc/process.h"

static struct world_process watcher;
static struct world_process watched;
static cap_id_t handle;
static uint64_t frames_at_start;
static struct world_call call;
static struct world_call second;

static void
start(void)
{
	world_start();
	objects_init();
	frames_at_start = world_free_frames();
	watcher = world_process(NULL);
	watched = world_process(NULL);
	handle = world_give(&watcher, process_handle_object(watched.process), 0);
}

static void
begin_wait(struct world_call *with, struct world_process *from, cap_id_t target)
{
	world_call_begin(with, from, target, PROCESS_HANDLE_METHOD_WAIT);
	(void)process_handle_wait_params_init_root(&with->params);
}

static struct process_handle_status_results
status_now(cap_id_t target)
{
	world_call_begin(&second, &watcher, target, PROCESS_HANDLE_METHOD_STATUS);
	(void)process_handle_status_params_init_root(&second.params);
	CHECK_EQ(world_call(&second), CAP_OK);
	return process_handle_status_results_root(&second.results);
}

static void
check_status(struct exit_status status, const struct process_exit *expected)
{
	CHECK_EQ(exit_status_kind(status), expected->kind);
	CHECK_EQ(exit_status_code(status), expected->code);
	CHECK_EQ(exit_status_fault_address(status), expected->fault_address);
	CHECK_EQ(exit_status_fault_instruction(status), expected->fault_instruction);
	CHECK_EQ(exit_status_fault_error(status), expected->fault_error);
	CHECK_EQ(exit_status_serving_interface(status), expected->serving_interface);
	CHECK_EQ(exit_status_serving_method(status), expected->serving_method);
}

static void
check_answer(struct world_call *with, const struct process_exit *expected)
{
	enum cap_status status;

	CHECK(world_call_reap(with, &status));
	CHECK_EQ(status, CAP_OK);
	check_status(
	    process_handle_wait_results_status(process_handle_wait_results_root(&with->results)),
	    expected);
}

static void
end(struct world_process *process, const struct process_exit *exit)
{
	process_exit(process->thread, exit);
	world_settle();
}

static void
check_everything_is_back(void)
{
	world_settle();
	world_settle();
	CHECK_EQ(world_free_frames(), frames_at_start);
	CHECK_EQ(ledger_boot.used[LEDGER_KERNEL_BYTES], 0);
	CHECK_EQ(ledger_boot.used[LEDGER_CAP_SLOTS], 0);
}

static const struct process_exit killed = { .kind = EXIT_KIND_KILLED };
static const struct process_exit ends[] = {
	{ .kind = EXIT_KIND_EXITED, .code = 0 },
	{ .kind = EXIT_KIND_EXITED, .code = INT64_MIN },
	{ .kind = EXIT_KIND_EXITED, .code = INT64_MAX },
	{ .kind = EXIT_KIND_KILLED },
	{ .kind = EXIT_KIND_FAULTED,
	    .code = 14,
	    .fault_address = UINT64_MAX,
	    .fault_instruction = UINT64_C(0x400123),
	    .fault_error = 6 },
};
#define ENDS (sizeof(ends) / sizeof(ends[0]))

TEST(a_running_process_is_told_by_pid_and_name)
{
	static const struct process_exit none;
	struct process_handle_status_results results;
	struct capnp_text name;

	start();
	results = status_now(handle);
	name = process_handle_status_results_name(results);
	CHECK(process_handle_status_results_running(results));
	CHECK_EQ(process_handle_status_results_pid(results), watched.process->pid);
	CHECK_EQ(name.size, 5);
	CHECK_MEMORY(name.data, "world", 5);
	check_status(process_handle_status_results_status(results), &none);
}

/* Killed, and what it had is being given back: it runs nothing, and is not over. */
TEST(a_process_that_is_being_taken_down_is_ending)
{
	struct process_handle_status_results results;

	start();
	CHECK(!process_handle_status_results_ending(status_now(handle)));
	process_exit(watched.thread, &killed);
	CHECK_EQ(watched.process->state, PROCESS_EXITING);
	results = status_now(handle);
	CHECK(process_handle_status_results_running(results));
	CHECK(process_handle_status_results_ending(results));
	world_settle();
	results = status_now(handle);
	CHECK(!process_handle_status_results_running(results));
	CHECK(!process_handle_status_results_ending(results));
}

TEST(who_waits_before_the_end_is_told_how_it_was)
{
	enum cap_status status;

	for (size_t i = 0; i < ENDS; i++) {
		start();
		begin_wait(&call, &watcher, handle);
		world_call_submit(&call);
		CHECK(!world_call_reap(&call, &status));
		end(&watched, &ends[i]);
		check_answer(&call, &ends[i]);
		CHECK(!world_call_reap(&call, &status));
	}
}

TEST(who_waits_after_the_end_is_told_the_same_as_often_as_it_asks)
{
	for (size_t i = 0; i < ENDS; i++) {
		struct process_handle_status_results results;

		start();
		end(&watched, &ends[i]);
		for (uint32_t k = 0; k < 3; k++) {
			begin_wait(&call, &watcher, handle);
			world_call_submit(&call);
			check_answer(&call, &ends[i]);
		}
		results = status_now(handle);
		CHECK(!process_handle_status_results_running(results));
		CHECK_EQ(process_handle_status_results_pid(results), watched.process->pid);
		check_status(process_handle_status_results_status(results), &ends[i]);
	}
}

TEST(a_wait_is_answered_when_the_last_frame_is_back)
{
	enum cap_status status = CAP_ERR_CANCELLED;
	uint64_t frames;

	world_start();
	objects_init();
	watcher = world_process(NULL);
	/* Its table has a chunk, and the pool of records a page. */
	(void)world_give(&watcher, process_handle_object(watcher.process), 0);
	frames = world_free_frames();
	watched = world_process(NULL);
	handle = world_give(&watcher, process_handle_object(watched.process), 0);
	begin_wait(&call, &watcher, handle);
	world_call_submit(&call);
	process_exit(watched.thread, &killed);
	CHECK_EQ(watched.process->state, PROCESS_EXITING);
	for (uint32_t i = 0; i < 1000 && !world_call_reap(&call, &status); i++) {
		CHECK(process_is_running(watched.process));
		(void)world_enter(&watcher, 0, 0);
	}
	CHECK_EQ(status, CAP_OK);
	CHECK_EQ(world_free_frames(), frames);
	CHECK_EQ(watched.process->state, PROCESS_DEAD);
}

TEST(a_second_waiter_is_refused_and_the_first_waits_on)
{
	struct world_process other;
	cap_id_t same;

	start();
	other = world_process(NULL);
	same = world_give(&other, process_handle_object(watched.process), 0);
	begin_wait(&call, &watcher, handle);
	call.sqe.user_data = 1;
	world_call_submit(&call);
	begin_wait(&second, &watcher, handle);
	CHECK_EQ(world_call(&second), CAP_ERR_ALREADY_WAITING);
	begin_wait(&second, &other, same);
	CHECK_EQ(world_call(&second), CAP_ERR_ALREADY_WAITING);
	end(&watched, &ends[2]);
	check_answer(&call, &ends[2]);
	CHECK_EQ(call.cqe.user_data, 1);
}

TEST(a_wait_that_is_cancelled_makes_room_for_another)
{
	const struct cap_sqe finish = { .op = CAP_OP_FINISH, .target = 77 };
	enum cap_status status;
	struct cap_cqe cqe;

	start();
	begin_wait(&call, &watcher, handle);
	call.sqe.user_data = 77;
	world_call_submit(&call);
	world_submit(&watcher, &finish);
	CHECK_EQ(world_enter(&watcher, 0, 0), 2);
	CHECK(world_call_reap(&call, &status));
	CHECK_EQ(status, CAP_ERR_CANCELLED);
	CHECK(world_reap(&watcher, &cqe));
	CHECK_EQ(cqe.result, 0);
	begin_wait(&call, &watcher, handle);
	world_call_submit(&call);
	end(&watched, &ends[4]);
	check_answer(&call, &ends[4]);
}

TEST(a_wait_ends_at_its_deadline_and_the_process_goes_on)
{
	enum cap_status status;

	start();
	begin_wait(&call, &watcher, handle);
	call.sqe.deadline_ns = sim.now_ns + 1000;
	world_call_submit(&call);
	sim_time_pass(1000);
	world_settle();
	CHECK(world_call_reap(&call, &status));
	CHECK_EQ(status, CAP_ERR_TIMED_OUT);
	CHECK(process_is_running(watched.process));
	end(&watched, &killed);
	CHECK(!world_call_reap(&call, &status));
}

TEST(dropping_the_handle_does_not_end_the_process)
{
	start();
	CHECK_EQ(world_release(&watcher, handle), CAP_OK);
	world_settle();
	CHECK_EQ(watched.process->state, PROCESS_RUNNING);
	CHECK_EQ(world_enter(&watched, 0, 0), 0);
	end(&watched, &killed);
	end(&watcher, &killed);
	check_everything_is_back();
}

TEST(a_handle_that_is_dropped_after_the_end_gives_the_record_back)
{
	start();
	end(&watched, &killed);
	CHECK_EQ(world_release(&watcher, handle), CAP_OK);
	begin_wait(&call, &watcher, handle);
	CHECK_EQ(world_call(&call), CAP_ERR_STALE_GENERATION);
	end(&watcher, &killed);
	check_everything_is_back();
}

TEST(a_waiter_that_lets_the_handle_go_is_still_told)
{
	start();
	begin_wait(&call, &watcher, handle);
	world_call_submit(&call);
	CHECK_EQ(world_release(&watcher, handle), CAP_OK);
	world_settle();
	end(&watched, &ends[4]);
	check_answer(&call, &ends[4]);
	end(&watcher, &killed);
	check_everything_is_back();
}

TEST(a_waiter_that_dies_first_is_not_told_and_nothing_is_left)
{
	start();
	begin_wait(&call, &watcher, handle);
	world_call_submit(&call);
	end(&watcher, &killed);
	CHECK_EQ(*process_waiter(watched.process), NULL);
	end(&watched, &killed);
	check_everything_is_back();
}

TEST(a_waiter_that_dies_with_the_process_leaves_nothing)
{
	start();
	begin_wait(&call, &watcher, handle);
	world_call_submit(&call);
	process_exit(watched.thread, &killed);
	process_exit(watcher.thread, &killed);
	check_everything_is_back();
	start();
	begin_wait(&call, &watcher, handle);
	world_call_submit(&call);
	process_exit(watcher.thread, &killed);
	process_exit(watched.thread, &killed);
	check_everything_is_back();
}

TEST(processes_that_wait_for_themselves_or_each_other_end_all_the_same)
{
	cap_id_t own, back;

	start();
	own = world_give(&watched, process_handle_object(watched.process), 0);
	back = world_give(&watched, process_handle_object(watcher.process), 0);
	begin_wait(&call, &watched, own);
	world_call_submit(&call);
	begin_wait(&second, &watched, back);
	world_call_submit(&second);
	begin_wait(&call, &watcher, handle);
	/* Its own wait stands already. */
	CHECK_EQ(world_call(&call), CAP_ERR_ALREADY_WAITING);
	CHECK_EQ(world_syscall(&watched, SYSCALL_EXIT, 3, 0), WORLD_GONE);
	world_settle();
	begin_wait(&call, &watcher, handle);
	world_call_submit(&call);
	check_answer(&call, &(struct process_exit){ .kind = EXIT_KIND_EXITED, .code = 3 });
	CHECK_EQ(world_syscall(&watcher, SYSCALL_EXIT, 0, 0), WORLD_GONE);
	check_everything_is_back();
}

TEST(an_answer_without_room_is_refused_and_the_end_can_be_asked_for_again)
{
	enum cap_status status;

	start();
	begin_wait(&call, &watcher, handle);
	call.sqe.result_len = 16;
	world_call_submit(&call);
	end(&watched, &ends[1]);
	CHECK(world_call_reap(&call, &status));
	CHECK_EQ(status, CAP_ERR_BUFFER_TOO_SMALL);
	begin_wait(&call, &watcher, handle);
	world_call_submit(&call);
	check_answer(&call, &ends[1]);
}

TEST(a_buffer_that_is_gone_at_the_end_is_the_waiters_loss)
{
	enum cap_status status;

	start();
	begin_wait(&call, &watcher, handle);
	call.sqe.result_addr = WORLD_READ_ONLY;
	world_call_submit(&call);
	end(&watched, &ends[1]);
	CHECK(world_call_reap(&call, &status));
	CHECK_EQ(status, CAP_ERR_INVALID_BUFFER);
}

TEST(a_method_that_does_not_exist_is_refused)
{
	start();
	world_call_begin(&call, &watcher, handle, 2);
	CHECK_EQ(world_call(&call), CAP_ERR_UNIMPLEMENTED_METHOD);
	CHECK(process_is_running(watched.process));
}
