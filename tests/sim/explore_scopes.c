/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is explored, and how much that is: a change of these numbers is a change of what the kernel
 * does, or of what is tried.
 */
#include <string.h>

#include "explore.h"

#define GRANTS (EXPLORE_BIT(EXPLORE_GRANT) | EXPLORE_BIT(EXPLORE_REVOKE_GRANT))
#define CALLS                                                                                      \
	(EXPLORE_BIT(EXPLORE_CALL) | EXPLORE_BIT(EXPLORE_RECEIVE) | EXPLORE_BIT(EXPLORE_RETURN) |  \
	    EXPLORE_BIT(EXPLORE_TURN) | EXPLORE_BIT(EXPLORE_EXIT) | EXPLORE_BIT(EXPLORE_REVOKE) |  \
	    EXPLORE_BIT(EXPLORE_SWEEP))

static const struct explore_scope scopes[] = {
	/* Two processes of two capabilities, each step in one way, until nothing is new. */
	{ .name = "2x2",
	    .processes = 2,
	    .slots = 2,
	    .in_flight = 1,
	    .depth = UINT32_MAX,
	    .verbs = EXPLORE_ALL & ~GRANTS,
	    .is_used = true,
	    .is_lean = true,
	    .holds = { { EXPLORE_OWNER, EXPLORE_WAITER }, { EXPLORE_FACET, EXPLORE_SIGNALLER } },
	    .states = 2896,
	    .steps = 31572 },
	{ .name = "2x3-grants",
	    .processes = 2,
	    .slots = 3,
	    .in_flight = 1,
	    .cells = 1,
	    .depth = UINT32_MAX,
	    .verbs = CALLS | GRANTS,
	    .is_used = true,
	    .is_lean = true,
	    .holds = { { EXPLORE_OWNER, EXPLORE_FACET }, { EXPLORE_FACET } },
	    .states = 9196,
	    .steps = 55035 },
	/* The same from a beginning where nothing was allocated yet, and each step in every way. */
	{ .name = "2x2-new",
	    .processes = 2,
	    .slots = 2,
	    .in_flight = 1,
	    .depth = 3,
	    .verbs = EXPLORE_ALL & ~GRANTS,
	    .holds = { { EXPLORE_OWNER, EXPLORE_WAITER }, { EXPLORE_FACET, EXPLORE_SIGNALLER } },
	    .states = 1057,
	    .steps = 6134 },
	/* Three processes, two endpoints: what is passed on, and whose turn it is. */
	{ .name = "3x4",
	    .processes = 3,
	    .slots = 4,
	    .in_flight = 1,
	    .depth = 4,
	    .verbs = CALLS,
	    .is_used = true,
	    .is_lean = true,
	    .holds = { { EXPLORE_OWNER, EXPLORE_OTHER_FACET },
		{ EXPLORE_FACET, EXPLORE_OTHER_OWNER }, { EXPLORE_FACET, EXPLORE_OTHER_FACET } },
	    .states = 2999,
	    .steps = 8207 },
	/* The same with each kind of step but those of notifications. */
	{ .name = "3x4-wide",
	    .processes = 3,
	    .slots = 4,
	    .in_flight = 1,
	    .cells = 1,
	    .depth = 4,
	    .verbs = EXPLORE_ALL,
	    .is_used = true,
	    .is_lean = true,
	    .holds = { { EXPLORE_OWNER, EXPLORE_OTHER_FACET },
		{ EXPLORE_FACET, EXPLORE_OTHER_OWNER }, { EXPLORE_FACET, EXPLORE_OTHER_FACET } },
	    .states = 77402,
	    .steps = 265216 },
	/* For make check-deep. */
	{ .name = "2x2-deep",
	    .processes = 2,
	    .slots = 2,
	    .in_flight = 1,
	    .depth = UINT32_MAX,
	    .verbs = EXPLORE_ALL & ~GRANTS,
	    .is_used = true,
	    .holds = { { EXPLORE_OWNER, EXPLORE_WAITER }, { EXPLORE_FACET, EXPLORE_SIGNALLER } },
	    .states = 638220,
	    .steps = 7529242 },
	{ .name = "3x4-deep",
	    .processes = 3,
	    .slots = 4,
	    .in_flight = 1,
	    .depth = 6,
	    .verbs = CALLS,
	    .is_used = true,
	    .is_lean = true,
	    .holds = { { EXPLORE_OWNER, EXPLORE_OTHER_FACET },
		{ EXPLORE_FACET, EXPLORE_OTHER_OWNER }, { EXPLORE_FACET, EXPLORE_OTHER_FACET } },
	    .states = 44417,
	    .steps = 142560 },
	{ .name = "3x4-wide-deep",
	    .processes = 3,
	    .slots = 4,
	    .in_flight = 1,
	    .cells = 1,
	    .depth = 6,
	    .verbs = EXPLORE_ALL,
	    .is_used = true,
	    .is_lean = true,
	    .holds = { { EXPLORE_OWNER, EXPLORE_OTHER_FACET },
		{ EXPLORE_FACET, EXPLORE_OTHER_OWNER }, { EXPLORE_FACET, EXPLORE_OTHER_FACET } },
	    .states = 3001788,
	    .steps = 13886805 },
	/* Each kind of step. */
	{ .name = "3x4-all",
	    .processes = 3,
	    .slots = 4,
	    .in_flight = 1,
	    .cells = 1,
	    .depth = 6,
	    .verbs = EXPLORE_ALL,
	    .is_used = true,
	    .is_lean = true,
	    .is_late = true,
	    .holds = { { EXPLORE_OWNER, EXPLORE_OTHER_FACET, EXPLORE_WAITER },
		{ EXPLORE_FACET, EXPLORE_OTHER_OWNER, EXPLORE_SIGNALLER },
		{ EXPLORE_FACET, EXPLORE_OTHER_FACET, EXPLORE_SIGNALLER } },
	    .states = 11020872,
	    .steps = 66936830 },
};

const struct explore_scope *
explore_scope_find(const char *name)
{
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
		if (strcmp(scopes[i].name, name) == 0)
			return &scopes[i];
	return NULL;
}
