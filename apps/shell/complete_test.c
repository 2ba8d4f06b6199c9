/* SPDX-License-Identifier: Apache-2.0 */
/* What Tab offers, from the real schema. */
#include "complete.h"

#include <schema/echo.capnp.h>
#include <schema/timer.capnp.h>
#include <string.h>

#include "base/test.h"

static struct cap_names names;
static struct completions found;

static void
complete(const char *line)
{
	memset(&names, 0, sizeof(names));
	CHECK_EQ(cap_names_add(&names,
		     &(struct cap_name){ .name = "timer", .interface_id = TIMER_INTERFACE_ID }),
	    CAP_NAMES_OK);
	CHECK_EQ(cap_names_add(&names,
		     &(struct cap_name){ .name = "echo", .interface_id = ECHO_INTERFACE_ID }),
	    CAP_NAMES_OK);
	shell_complete(&names, (struct shell_text){ line, (uint32_t)strlen(line) }, &found);
}

struct completion_case {
	const char *line;
	const char *first; /* NULL: nothing is offered */
	uint32_t count;
	const char *suffix;
};

TEST(each_place_offers_what_may_stand_there)
{
	static const struct completion_case cases[] = {
		{ "ins", "inspect", 1, " " },
		{ "xyz", NULL, 0, " " },
		{ "inspect t", "timer", 1, " " },
		{ "call ", "timer", 2, "." },
		{ "call ec", "echo", 1, "." },
		{ "call timer.", "now", 3, " (" },
		{ "call timer.sl", "sleepUntil", 1, " (" },
		{ "call nothing.", NULL, 0, " (" },
		{ "call timer.sleepUntil (", "deadlineNs", 1, " = " },
		{ "call timer.sleepUntil (dead", "deadlineNs", 1, " = " },
		{ "call timer.now (", NULL, 0, " = " },
		{ "call echo.swap (cap = @ti", "timer", 1, " " },
		{ "run \"x\" with { a: @e", "echo", 1, " " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		complete(cases[i].line);
		CHECK_EQ(found.count, cases[i].count);
		CHECK_STR(found.suffix, cases[i].suffix);
		if (cases[i].first != NULL)
			CHECK_STR(found.words[0], cases[i].first);
	}
}

TEST(several_offers_share_their_beginning)
{
	complete("");
	CHECK_EQ(found.count, 12);
	CHECK_EQ(completions_common_size(&found), 0);
	complete("s");
	CHECK_EQ(found.count, 2); /* spawn, stats */
	CHECK_EQ(completions_common_size(&found), 1);
	complete("call timer.now");
	CHECK_EQ(completions_common_size(&found), 3);
}
