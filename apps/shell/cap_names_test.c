/* SPDX-License-Identifier: Apache-2.0 */
/* The shell's names: order, refusals that change nothing, and invented names. */
#include "cap_names.h"

#include <stdio.h>
#include <string.h>

#include "base/test.h"

static struct cap_names names;

static enum cap_names_result
add(const char *name)
{
	struct cap_name entry = { .cap_id = 1 };

	snprintf(entry.name, sizeof(entry.name), "%s", name);
	return cap_names_add(&names, &entry);
}

static struct shell_text
text(const char *bytes)
{
	return (struct shell_text){ bytes, (uint32_t)strlen(bytes) };
}

TEST(names_are_found_until_they_are_removed)
{
	memset(&names, 0, sizeof(names));
	CHECK_EQ(add("timer"), CAP_NAMES_OK);
	CHECK_EQ(add("echo"), CAP_NAMES_OK);
	CHECK_EQ(add("console"), CAP_NAMES_OK);
	cap_names_remove(&names, cap_names_find(&names, text("echo")));
	CHECK(cap_names_find(&names, text("echo")) == NULL);
	CHECK(strcmp(names.names[0].name, "timer") == 0);
	CHECK(strcmp(names.names[1].name, "console") == 0);
	CHECK_EQ(names.count, 2);
}

TEST(bad_and_taken_names_are_refused)
{
	memset(&names, 0, sizeof(names));
	CHECK_EQ(add("timer"), CAP_NAMES_OK);
	CHECK_EQ(add("timer"), CAP_NAMES_TAKEN);
	CHECK_EQ(add(""), CAP_NAMES_BAD);
	CHECK_EQ(add("a b"), CAP_NAMES_BAD);
	CHECK_EQ(add("a.b"), CAP_NAMES_BAD);
	CHECK_EQ(names.count, 1);
}

TEST(a_full_table_takes_no_more)
{
	char name[16];

	memset(&names, 0, sizeof(names));
	for (int i = 0; i < CAP_NAMES_MAX; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		CHECK_EQ(add(name), CAP_NAMES_OK);
	}
	CHECK_EQ(add("more"), CAP_NAMES_FULL);
}

TEST(invented_names_are_new)
{
	char name[CAP_NAME_BYTES];

	memset(&names, 0, sizeof(names));
	CHECK(cap_names_invent(&names, text("memory"), name));
	CHECK(strcmp(name, "memory") == 0);
	CHECK_EQ(add("memory"), CAP_NAMES_OK);
	CHECK(cap_names_invent(&names, text("memory"), name));
	CHECK(strcmp(name, "memory2") == 0);
	CHECK(!cap_names_invent(&names, text(""), name));
	CHECK(!cap_names_invent(&names, text("a name that is far too long for a slot"), name));
}
