/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a run reached: for each operation how often it was tried and did what it is for, and every
 * (operation, refusal). What has to be reached is a list here, and a run that misses one fails.
 */
#include <stdbool.h>
#include <stdint.h>

#define COVERAGE_STATUSES 64
#define COVERAGE_PLACES 8 /* of ops, as the model names them */

enum coverage_operation {
	COVERAGE_NOP,
	COVERAGE_CALL,
	COVERAGE_RECV,
	COVERAGE_RETURN,
	COVERAGE_RELEASE,
	COVERAGE_FINISH,
	COVERAGE_SIGNAL,
	COVERAGE_WAIT,
	COVERAGE_RESERVED,  /* opcodes that do not exist */
	COVERAGE_CALL_THEN, /* CALL: the status inside the CapException */
	COVERAGE_ENTER,	    /* cap_enter */
	COVERAGE_SYSCALL,   /* other system calls */
	COVERAGE_OPERATIONS,
};

/* What is no completion of an operation; each has to happen. */
enum coverage_event {
	COVERAGE_BIRTHS,
	COVERAGE_DEATHS,
	COVERAGE_WAITS,
	COVERAGE_WAKES,
	COVERAGE_REVOCATIONS, /* of objects */
	COVERAGE_GRANTS,
	COVERAGE_GRANT_REVOCATIONS,
	COVERAGE_SWEPT,	    /* what waited by a dead hold */
	COVERAGE_FORGERIES, /* of ring indexes */
	COVERAGE_SHORTAGES, /* of memory */
	COVERAGE_TRANSFERS, /* capabilities that travelled */
	COVERAGE_LONG_MESSAGES,
	COVERAGE_SHORT_CALLS, /* plain ones from ring to ring, to a server that waits */
	COVERAGE_SHORT_RETURNS,
	COVERAGE_TURNS,
	COVERAGE_TAP_RECORDS,
	COVERAGE_TAP_DROPS,
	COVERAGE_BROKEN_COPIES, /* of long messages, by what happened between two steps */
	COVERAGE_KILLED_COPIES, /* somebody was killed between two steps */
	COVERAGE_PROMISED,	/* calls that waited for an answer */
	COVERAGE_SPLICED,	/* of them those that joined an endpoint with it */
	COVERAGE_EVENTS,
};

struct coverage {
	uint64_t tries[COVERAGE_OPERATIONS];
	uint64_t successes[COVERAGE_OPERATIONS];
	uint64_t refusals[COVERAGE_OPERATIONS][COVERAGE_STATUSES];
	uint64_t events[COVERAGE_EVENTS];
	/* Of ops, by where they were and what ended them; 0: what they waited for. */
	uint64_t ends[COVERAGE_PLACES][COVERAGE_STATUSES];
};

/* `result`: what came of it; negative: a refusal. */
void coverage_count(struct coverage *coverage, enum coverage_operation operation, int64_t result);
void coverage_print(const struct coverage *coverage);
/* Prints each hole: an operation below its share, a pair that was not reached. True: none. */
bool coverage_is_complete(const struct coverage *coverage);
