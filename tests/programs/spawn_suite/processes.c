/* SPDX-License-Identifier: Apache-2.0 */
/* Processes: exact grants, typed ends, hostile requests, and that nothing stays behind. */
#include "suite.h"

#define ROUNDS 1000
#define PAGE_FAULT 14

static enum cap_status
run(struct suite *suite, const struct suite_spawn *spawn, struct suite_exit *exit)
{
	struct process_handle process;

	CAPOS_TRY(suite_spawn(suite, spawn, &process));
	return suite_wait(process, exit);
}

static void
claim_ends(struct suite *suite)
{
	struct claims *claims = &suite->claims;
	struct suite_exit exit = { 0 };

	claim(claims, "a program with its grant succeeds",
	    run(suite, &(struct suite_spawn){ "hello", "hello", 1 }, &exit) == CAP_OK &&
		exit.kind == EXIT_KIND_EXITED && exit.code == 0);
	claim(claims, "the same program without it fails with its own code",
	    run(suite, &(struct suite_spawn){ "hello", "hello", 0 }, &exit) == CAP_OK &&
		exit.kind == EXIT_KIND_EXITED && exit.code == 1);
	claim(claims, "a stranger without grants can do nothing",
	    run(suite, &(struct suite_spawn){ "stranger", "stranger", 0 }, &exit) == CAP_OK &&
		exit.kind == EXIT_KIND_EXITED && exit.code == 0);
	claim(claims, "a fault ends the process with its kind, number and address",
	    run(suite, &(struct suite_spawn){ "faulter", "faulter", 0 }, &exit) == CAP_OK &&
		exit.kind == EXIT_KIND_FAULTED && exit.code == PAGE_FAULT && exit.address == 0x20);
}

static void
claim_refused(struct suite *suite, const char *text, const struct suite_spawn *spawn,
    enum cap_status expected)
{
	struct process_handle process;
	uint64_t frames = frames_used(suite->stats);

	claim_equal(&suite->claims, text, suite_spawn(suite, spawn, &process), expected);
	claim_equal(&suite->claims, "and leaves no frame behind",
	    (int64_t)frames_used(suite->stats), (int64_t)frames);
}

static void
claim_hostile(struct suite *suite)
{
	claim_refused(suite, "an unknown program is refused",
	    &(struct suite_spawn){ "x", "no-such-program", 0 }, CAP_ERR_APPLICATION_EXCEPTION);
	claim_refused(suite, "an empty process name is refused",
	    &(struct suite_spawn){ "", "hello", 0 }, CAP_ERR_NAME_TOO_LONG);
	claim_refused(suite, "a process name that is too long is refused",
	    &(struct suite_spawn){ "a-name-that-is-longer-than-any-may-be", "hello", 0 },
	    CAP_ERR_NAME_TOO_LONG);
	claim_refused(suite, "a process name with a space is refused",
	    &(struct suite_spawn){ "a b", "hello", 0 }, CAP_ERR_NAME_TOO_LONG);
	claim_refused(suite, "two grants of one name are refused",
	    &(struct suite_spawn){ "x", "hello", 2 }, CAP_ERR_NAME_IN_USE);
}

/* A second waiter is refused, the first one stays. */
static void
claim_waiters(struct suite *suite)
{
	struct process_handle process;
	struct capos_call first;
	struct capos_call second;
	struct process_handle_wait_results results;
	bool is_refused = false;
	bool is_answered = false;

	if (suite_spawn(suite, &(struct suite_spawn){ "hello", "hello", 0 }, &process) == CAP_OK) {
		(void)process_handle_wait_begin(&first, process);
		(void)process_handle_wait_begin(&second, process);
		if (capos_call_send(&first) == CAP_OK && capos_call_send(&second) == CAP_OK) {
			enum cap_status status = process_handle_wait_wait(&second, &results);

			/* If the process is quicker than both, both are answered. */
			is_refused = status == CAP_OK ||
			    (status == CAP_ERR_APPLICATION_EXCEPTION &&
				second.error.status == CAP_ERR_ALREADY_WAITING);
			is_answered = process_handle_wait_wait(&first, &results) == CAP_OK;
		}
		capos_call_end(&second);
		capos_call_end(&first);
		capos_release(process.cap);
	}
	claim(&suite->claims, "a second waiter is refused", is_refused);
	claim(&suite->claims, "the first one is answered", is_answered);
}

static void
claim_baseline(struct suite *suite)
{
	struct suite_exit exit;
	uint64_t frames = frames_used(suite->stats);
	uint32_t good = 0;

	for (uint32_t round = 0; round < ROUNDS; round++)
		good += run(suite, &(struct suite_spawn){ "hello", "hello", 0 }, &exit) == CAP_OK &&
		    exit.code == 1;
	claim_equal(&suite->claims, "1,000 processes start and end", good, ROUNDS);
	claim_equal(&suite->claims, "and every frame is back", (int64_t)frames_used(suite->stats),
	    (int64_t)frames);
}

void
suite_processes(struct suite *suite)
{
	claim_ends(suite);
	claim_hostile(suite);
	claim_waiters(suite);
	claim_baseline(suite);
}
