/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Submissions that no correct program makes, as tables: a case is a line that names the error it
 * gets. After each, everything is as before: tables, ledgers, queues, ops and memory of the process
 * that made it and of its peer.
 */
#include <stdio.h>
#include <string.h>

#include "arch/sim/world.h"
#include "base/test.h"

/* What the target of a case names; HOSTILE_AS_IS: the number in the case itself. */
enum hostile_target {
	HOSTILE_AS_IS,
	HOSTILE_TIMER,	      /* a kernel object; may be copied */
	HOSTILE_FACET,	      /* of the peer's endpoint, where the peer waits */
	HOSTILE_OWNER,	      /* of the process's own endpoint; may only be moved */
	HOSTILE_NOTIFICATION, /* may only be moved; no bit is set */
	HOSTILE_SIGNALLER,
	HOSTILE_LIMITED, /* a signaller of bit 0 alone */
	HOSTILE_FIXED,	 /* may not be transferred */
	HOSTILE_REVOKED,
	HOSTILE_STALE,	     /* its slot was released and is used again */
	HOSTILE_EMPTY,	     /* its slot was released and is free */
	HOSTILE_FOREIGN,     /* valid in the peer's table alone */
	HOSTILE_CONSOLE,     /* takes text and data */
	HOSTILE_MEMORY,	     /* the VirtualMemory of the process */
	HOSTILE_FRAMES,	     /* answers with capabilities */
	HOSTILE_CALL,	     /* not a capability: the id of a call that the process holds */
	HOSTILE_CALL_BEFORE, /* the id of one that it has answered */
	HOSTILE_TARGET_COUNT,
};

/* The answer id that an unfinished call of the process has; the other names no answer. */
#define HOSTILE_ANSWER 5
#define HOSTILE_NO_ANSWER 6

#define HOSTILE_WORDS_MAX 12

/* A transfer entry; `hold` HOSTILE_AS_IS: the number. */
struct hostile_entry {
	enum hostile_target hold;
	struct cap_transfer entry;
};

struct hostile_case {
	const char *what;
	enum hostile_target target;
	enum hostile_target receive_from; /* of a turn */
	struct cap_sqe sqe;
	uint32_t word_count;		   /* of `words`, which stand at sqe.addr */
	uint64_t words[HOSTILE_WORDS_MAX]; /* written before */
	uint32_t entry_count;		   /* of `entries`, which stand behind sqe.len */
	struct hostile_entry entries[9];
	enum cap_status expected;
};

/* User addresses of the message area, in the process's ring: pinned. */
#define HOSTILE_MESSAGE (UINT64_C(0x3fffe000) + 2176)

/* A world as the cases find it; then the process that makes them. */
struct world_process *hostile_start(void);
cap_id_t hostile_id(enum hostile_target target);
/* Its receives write to HOSTILE_DELIVERY. */
struct world_process *hostile_peer(void);
#define HOSTILE_DELIVERY (WORLD_DATA + PAGE_BYTES)

/* All that a refusal must leave alone, in one number for each part. */
struct hostile_snapshot {
	struct world_accounts accounts[2];
	uint32_t in_flight[2];
	uint64_t holds;	 /* what each id of the world names now, from either table */
	uint64_t queues; /* endpoints, ops in flight, answers, calls that are held */
	uint64_t bits;	 /* of the notification */
	uint64_t memory; /* of both, but for indexes, submissions and completions */
};
/* Compared byte for byte. */
struct hostile_snapshot hostile_snapshot(void);

/* Run one case; what was before it is in `before`. */
struct cap_cqe hostile_do(const struct hostile_case *c, struct hostile_snapshot *before);

/* Fails the test unless the case gets its error and changes nothing. */
static inline void
hostile_check(const struct hostile_case *c)
{
	struct hostile_snapshot before, after;
	struct cap_cqe cqe = hostile_do(c, &before);
	bool same;

	after = hostile_snapshot();
	same = memcmp(&before, &after, sizeof(before)) == 0;
	if (cqe.result != (int32_t)c->expected || !same)
		(void)printf("%s: %d instead of %d%s\n", c->what, cqe.result, (int)c->expected,
		    same ? "" : ", and changes");
	CHECK_EQ(cqe.result, c->expected);
	CHECK_EQ(cqe.user_data, c->sqe.user_data);
	CHECK_EQ(cqe.cap_count, 0);
	CHECK_MEMORY(&before, &after, sizeof(before));
}

/* A table of cases, in one world. */
static inline void
hostile_run(const struct hostile_case *cases, size_t count)
{
	(void)hostile_start();
	for (size_t i = 0; i < count; i++)
		hostile_check(&cases[i]);
}
#define HOSTILE_RUN(cases) hostile_run(cases, sizeof(cases) / sizeof((cases)[0]))

/* What a case is when it is laid over a base: its submission has the bits of both. */
static inline void
hostile_check_over(const struct hostile_case *base, const struct hostile_case *row)
{
	const uint8_t *below = (const uint8_t *)&base->sqe;
	struct hostile_case c = *row;
	char what[160];

	(void)snprintf(what, sizeof(what), "%s, %s", base->what, row->what);
	c.what = what;
	if (c.target == HOSTILE_AS_IS)
		c.target = base->target;
	for (size_t i = 0; i < sizeof(c.sqe); i++)
		((uint8_t *)&c.sqe)[i] |= below[i];
	c.word_count = base->word_count;
	memcpy(c.words, base->words, sizeof(c.words));
	hostile_check(&c);
}

/* Each row over each base: what is wrong in the same way with several submissions. */
#define HOSTILE_RUN_OVER(bases, rows)                                                              \
	do {                                                                                       \
		(void)hostile_start();                                                             \
		for (size_t i = 0; i < sizeof(bases) / sizeof((bases)[0]); i++)                    \
			for (size_t k = 0; k < sizeof(rows) / sizeof((rows)[0]); k++)              \
				hostile_check_over(&(bases)[i], &(rows)[k]);                       \
	} while (false)
