/* SPDX-License-Identifier: Apache-2.0 */
/* What a run reached: see coverage.h. */
#include "coverage.h"

#include <stdio.h>

#include "model.h"
#include "schema/status.capnp.h"

/* Of each 100 tries, so many at least do what the operation is for. */
struct floor {
	const char *name;
	uint32_t percent;
};

static const struct floor floors[COVERAGE_OPERATIONS] = {
	[COVERAGE_NOP] = { "NOP", 30 },
	[COVERAGE_CALL] = { "CALL", 30 },
	[COVERAGE_RECV] = { "RECV", 30 },
	[COVERAGE_RETURN] = { "RETURN", 30 },
	[COVERAGE_RELEASE] = { "RELEASE", 30 },
	[COVERAGE_FINISH] = { "FINISH", 30 },
	[COVERAGE_SIGNAL] = { "SIGNAL", 50 },
	[COVERAGE_WAIT] = { "WAIT", 35 },
	[COVERAGE_RESERVED] = { "reserved", 0 },
	[COVERAGE_CALL_THEN] = { "CALL exception", 0 },
	[COVERAGE_ENTER] = { "cap_enter", 30 },
	[COVERAGE_SYSCALL] = { "other syscall", 0 },
};

static const char *const events[COVERAGE_EVENTS] = {
	[COVERAGE_BIRTHS] = "births",
	[COVERAGE_DEATHS] = "deaths",
	[COVERAGE_WAITS] = "waits",
	[COVERAGE_WAKES] = "woken",
	[COVERAGE_REVOCATIONS] = "revocations",
	[COVERAGE_GRANTS] = "grants",
	[COVERAGE_GRANT_REVOCATIONS] = "grants revoked",
	[COVERAGE_SWEPT] = "swept",
	[COVERAGE_FORGERIES] = "forged rings",
	[COVERAGE_SHORTAGES] = "short memory",
	[COVERAGE_TRANSFERS] = "transferred",
	[COVERAGE_LONG_MESSAGES] = "long messages",
	[COVERAGE_SHORT_CALLS] = "short calls",
	[COVERAGE_SHORT_RETURNS] = "short returns",
	[COVERAGE_TURNS] = "turns",
	[COVERAGE_TAP_RECORDS] = "records of taps",
	[COVERAGE_TAP_DROPS] = "dropped records",
	[COVERAGE_BROKEN_COPIES] = "broken copies",
	[COVERAGE_KILLED_COPIES] = "killed copies",
	[COVERAGE_PROMISED] = "promised calls",
	[COVERAGE_SPLICED] = "spliced calls",
};

/* Every refusal of docs/abi.md that these operations can meet on this machine. */
static const struct {
	enum coverage_operation operation;
	enum cap_status status;
} wanted[] = {
	{ COVERAGE_NOP, CAP_ERR_INVALID_REQUEST },
	{ COVERAGE_CALL, CAP_ERR_INVALID_REQUEST },
	{ COVERAGE_CALL, CAP_ERR_INVALID_BUFFER },
	{ COVERAGE_CALL, CAP_ERR_BUFFER_TOO_SMALL },
	{ COVERAGE_CALL, CAP_ERR_MESSAGE_TOO_LARGE },
	{ COVERAGE_CALL, CAP_ERR_MALFORMED_MESSAGE },
	{ COVERAGE_CALL, CAP_ERR_INVALID_CAP },
	{ COVERAGE_CALL, CAP_ERR_STALE_GENERATION },
	{ COVERAGE_CALL, CAP_ERR_REVOKED },
	{ COVERAGE_CALL, CAP_ERR_DISCONNECTED },
	{ COVERAGE_CALL, CAP_ERR_APPLICATION_EXCEPTION },
	{ COVERAGE_CALL, CAP_ERR_APPLICATION_EXCEPTION_TRUNCATED },
	{ COVERAGE_CALL, CAP_ERR_QUOTA_EXCEEDED },
	{ COVERAGE_CALL, CAP_ERR_NO_MEMORY },
	{ COVERAGE_CALL, CAP_ERR_QUEUE_FULL },
	{ COVERAGE_CALL, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ COVERAGE_CALL, CAP_ERR_TRANSFER_NOT_SUPPORTED },
	{ COVERAGE_CALL, CAP_ERR_TOO_MANY_CAPS },
	{ COVERAGE_CALL, CAP_ERR_TIMED_OUT },
	{ COVERAGE_CALL, CAP_ERR_CANCELLED },
	{ COVERAGE_CALL, CAP_ERR_UNKNOWN_ANSWER },
	{ COVERAGE_CALL, CAP_ERR_ANSWER_IN_USE },
	{ COVERAGE_CALL, CAP_ERR_BROKEN_PROMISE },
	{ COVERAGE_CALL_THEN, CAP_ERR_UNIMPLEMENTED_METHOD },
	{ COVERAGE_CALL_THEN, CAP_ERR_TABLE_FULL },
	{ COVERAGE_CALL_THEN, CAP_ERR_QUOTA_EXCEEDED },
	{ COVERAGE_CALL_THEN, CAP_ERR_NO_MEMORY },
	{ COVERAGE_CALL_THEN, CAP_ERR_TOO_MANY_CAPS },
	{ COVERAGE_CALL_THEN, CAP_ERR_MALFORMED_MESSAGE },
	{ COVERAGE_CALL_THEN, CAP_ERR_INVALID_ARGUMENT },
	{ COVERAGE_CALL_THEN, CAP_ERR_REVOKED },
	{ COVERAGE_CALL_THEN, CAP_ERR_BROKEN_PROMISE },
	{ COVERAGE_CALL_THEN, CAP_ERR_DISCONNECTED },
	{ COVERAGE_RECV, CAP_ERR_INVALID_REQUEST },
	{ COVERAGE_RECV, CAP_ERR_INVALID_BUFFER },
	{ COVERAGE_RECV, CAP_ERR_BUFFER_TOO_SMALL },
	{ COVERAGE_RECV, CAP_ERR_INVALID_CAP },
	{ COVERAGE_RECV, CAP_ERR_STALE_GENERATION },
	{ COVERAGE_RECV, CAP_ERR_REVOKED },
	{ COVERAGE_RECV, CAP_ERR_WRONG_INTERFACE },
	{ COVERAGE_RECV, CAP_ERR_QUOTA_EXCEEDED },
	{ COVERAGE_RECV, CAP_ERR_NO_MEMORY },
	{ COVERAGE_RECV, CAP_ERR_TIMED_OUT },
	{ COVERAGE_RECV, CAP_ERR_CANCELLED },
	{ COVERAGE_RECV, CAP_ERR_DISCONNECTED },
	{ COVERAGE_RETURN, CAP_ERR_INVALID_REQUEST },
	{ COVERAGE_RETURN, CAP_ERR_INVALID_BUFFER },
	{ COVERAGE_RETURN, CAP_ERR_MESSAGE_TOO_LARGE },
	{ COVERAGE_RETURN, CAP_ERR_INVALID_CALL_ID },
	{ COVERAGE_RETURN, CAP_ERR_CALL_GONE },
	{ COVERAGE_RETURN, CAP_ERR_INVALID_CAP },
	{ COVERAGE_RETURN, CAP_ERR_STALE_GENERATION },
	{ COVERAGE_RETURN, CAP_ERR_REVOKED },
	{ COVERAGE_RETURN, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ COVERAGE_RETURN, CAP_ERR_TRANSFER_NOT_SUPPORTED },
	{ COVERAGE_RETURN, CAP_ERR_TOO_MANY_CAPS },
	{ COVERAGE_RETURN, CAP_ERR_TIMED_OUT },
	{ COVERAGE_RELEASE, CAP_ERR_INVALID_REQUEST },
	{ COVERAGE_RELEASE, CAP_ERR_INVALID_CAP },
	{ COVERAGE_RELEASE, CAP_ERR_STALE_GENERATION },
	{ COVERAGE_FINISH, CAP_ERR_INVALID_REQUEST },
	{ COVERAGE_FINISH, CAP_ERR_NOT_FOUND },
	{ COVERAGE_FINISH, CAP_ERR_UNKNOWN_ANSWER },
	{ COVERAGE_SIGNAL, CAP_ERR_INVALID_REQUEST },
	{ COVERAGE_SIGNAL, CAP_ERR_INVALID_CAP },
	{ COVERAGE_SIGNAL, CAP_ERR_STALE_GENERATION },
	{ COVERAGE_SIGNAL, CAP_ERR_REVOKED },
	{ COVERAGE_SIGNAL, CAP_ERR_WRONG_INTERFACE },
	{ COVERAGE_SIGNAL, CAP_ERR_DISCONNECTED },
	{ COVERAGE_WAIT, CAP_ERR_INVALID_REQUEST },
	{ COVERAGE_WAIT, CAP_ERR_INVALID_CAP },
	{ COVERAGE_WAIT, CAP_ERR_STALE_GENERATION },
	{ COVERAGE_WAIT, CAP_ERR_REVOKED },
	{ COVERAGE_WAIT, CAP_ERR_WRONG_INTERFACE },
	{ COVERAGE_WAIT, CAP_ERR_DISCONNECTED },
	{ COVERAGE_WAIT, CAP_ERR_TIMED_OUT },
	{ COVERAGE_WAIT, CAP_ERR_CANCELLED },
	{ COVERAGE_RESERVED, CAP_ERR_UNSUPPORTED_OPCODE },
	{ COVERAGE_ENTER, CAP_ERR_INVALID_REQUEST },
	{ COVERAGE_ENTER, CAP_ERR_RING_CORRUPT },
	{ COVERAGE_ENTER, CAP_ERR_UNENDABLE_WAIT },
	{ COVERAGE_SYSCALL, CAP_ERR_UNKNOWN_SYSCALL },
};

void
coverage_count(struct coverage *coverage, enum coverage_operation operation, int64_t result)
{
	coverage->tries[operation]++;
	coverage->successes[operation] += result >= 0;
	if (result < 0 && -result < COVERAGE_STATUSES)
		coverage->refusals[operation][-result]++;
}

/* Every edge of an op from a place where it waits: what it waited for, and each thing that races
 * with that. */
static const struct {
	enum model_place place;
	enum cap_status status;
} wanted_ends[] = {
	{ MODEL_CALLING, CAP_ERR_TIMED_OUT },
	{ MODEL_CALLING, CAP_ERR_CANCELLED },
	{ MODEL_CALLING, CAP_ERR_APPLICATION_EXCEPTION },
	{ MODEL_CALLING, CAP_ERR_DISCONNECTED },
	{ MODEL_RECEIVING, CAP_OK },
	{ MODEL_RECEIVING, CAP_ERR_TIMED_OUT },
	{ MODEL_RECEIVING, CAP_ERR_CANCELLED },
	{ MODEL_RECEIVING, CAP_ERR_DISCONNECTED },
	{ MODEL_RECEIVING, CAP_ERR_INVALID_BUFFER },
	{ MODEL_DELIVERED, CAP_OK },
	{ MODEL_DELIVERED, CAP_ERR_TIMED_OUT },
	{ MODEL_DELIVERED, CAP_ERR_CANCELLED },
	{ MODEL_DELIVERED, CAP_ERR_APPLICATION_EXCEPTION },
	{ MODEL_DELIVERED, CAP_ERR_DISCONNECTED },
	{ MODEL_SLEEPING, CAP_OK },
	{ MODEL_SLEEPING, CAP_ERR_TIMED_OUT },
	{ MODEL_SLEEPING, CAP_ERR_CANCELLED },
	{ MODEL_WAITING, CAP_OK },
	{ MODEL_WAITING, CAP_ERR_TIMED_OUT },
	{ MODEL_WAITING, CAP_ERR_CANCELLED },
	{ MODEL_WAITING, CAP_ERR_DISCONNECTED },
	{ MODEL_PROMISED, CAP_OK },
	{ MODEL_PROMISED, CAP_ERR_TIMED_OUT },
	{ MODEL_PROMISED, CAP_ERR_CANCELLED },
	{ MODEL_PROMISED, CAP_ERR_APPLICATION_EXCEPTION },
	{ MODEL_PROMISED, CAP_ERR_BROKEN_PROMISE },
};

static const char *const places[COVERAGE_PLACES] = {
	[MODEL_FREE] = "free",
	[MODEL_RUNNING] = "running",
	[MODEL_CALLING] = "calling",
	[MODEL_RECEIVING] = "receiving",
	[MODEL_DELIVERED] = "delivered",
	[MODEL_SLEEPING] = "sleeping",
	[MODEL_WAITING] = "waiting",
	[MODEL_PROMISED] = "promised",
};
_Static_assert(COVERAGE_PLACES == MODEL_PLACES && COVERAGE_STATUSES == MODEL_STATUSES,
    "coverage.h counts the model's places and statuses");

static uint64_t
share(const struct coverage *coverage, uint32_t operation)
{
	uint64_t tries = coverage->tries[operation];

	return tries == 0 ? 0 : coverage->successes[operation] * 100 / tries;
}

static void
ends_print(const struct coverage *coverage)
{
	for (uint32_t i = MODEL_CALLING; i < COVERAGE_PLACES; i++)
		for (uint32_t k = 0; k < COVERAGE_STATUSES; k++)
			if (coverage->ends[i][k] != 0)
				printf("%-14s %8llu ends %s\n", places[i],
				    (unsigned long long)coverage->ends[i][k],
				    cap_status_name((enum cap_status)(-(int32_t)k)));
}

static bool
ends_are_complete(const struct coverage *coverage)
{
	bool complete = true;

	for (uint32_t i = 0; i < sizeof(wanted_ends) / sizeof(wanted_ends[0]); i++) {
		if (coverage->ends[wanted_ends[i].place][-(int32_t)wanted_ends[i].status] != 0)
			continue;
		fprintf(stderr, "no op that is %s ended with %s\n", places[wanted_ends[i].place],
		    cap_status_name(wanted_ends[i].status));
		complete = false;
	}
	return complete;
}

void
coverage_print(const struct coverage *coverage)
{
	for (uint32_t i = 0; i < COVERAGE_OPERATIONS; i++) {
		printf("%-14s %8llu tries %8llu successes %3llu %%\n", floors[i].name,
		    (unsigned long long)coverage->tries[i],
		    (unsigned long long)coverage->successes[i],
		    (unsigned long long)share(coverage, i));
		for (uint32_t k = 1; k < COVERAGE_STATUSES; k++)
			if (coverage->refusals[i][k] != 0)
				printf("    %8llu %s\n",
				    (unsigned long long)coverage->refusals[i][k],
				    cap_status_name((enum cap_status)(-(int32_t)k)));
	}
	for (uint32_t i = 0; i < COVERAGE_EVENTS; i++)
		printf("%-14s %8llu\n", events[i], (unsigned long long)coverage->events[i]);
	ends_print(coverage);
}

bool
coverage_is_complete(const struct coverage *coverage)
{
	bool complete = ends_are_complete(coverage);

	for (uint32_t i = 0; i < COVERAGE_OPERATIONS; i++) {
		if (coverage->tries[i] != 0 && share(coverage, i) >= floors[i].percent)
			continue;
		fprintf(stderr, "%s: %llu %% of its tries succeed, %u %% are asked for\n",
		    floors[i].name, (unsigned long long)share(coverage, i), floors[i].percent);
		complete = false;
	}
	for (uint32_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		if (coverage->refusals[wanted[i].operation][-(int32_t)wanted[i].status] != 0)
			continue;
		fprintf(stderr, "%s was never refused with %s\n", floors[wanted[i].operation].name,
		    cap_status_name(wanted[i].status));
		complete = false;
	}
	for (uint32_t i = 0; i < COVERAGE_EVENTS; i++) {
		if (coverage->events[i] != 0)
			continue;
		fprintf(stderr, "%s: none\n", events[i]);
		complete = false;
	}
	return complete;
}
