/* SPDX-License-Identifier: Apache-2.0 */
/* `run` and `spawn` lines: what they mean, and where each mistake is shown. */
#include "launch_command.h"

#include <string.h>

#include "base/test.h"

static struct scanner scanner;
static struct launch_command command;

static void
parse(const char *line)
{
	scanner_init(&scanner, line, (uint32_t)strlen(line));
	launch_command_parse(&scanner, &command, LAUNCH_CAPS_MAX);
}

TEST(a_program_alone_has_no_grants)
{
	parse("echo-client");
	CHECK(!scanner.failed);
	CHECK(shell_text_is(command.program, "echo-client"));
	CHECK_EQ(command.grant_count, 0);
	CHECK_EQ(command.handle.size, 0);
}

TEST(grants_keep_their_order_and_kind)
{
	parse(
	    "  \"echo-client\" with { echo: @echo, out: move @terminal,vm:new virtualMemory, e: new endpoint Echo, l: new ledger } "
	    "-> $child ");
	CHECK(!scanner.failed);
	CHECK(shell_text_is(command.program, "echo-client"));
	CHECK_EQ(command.grant_count, 5);
	CHECK(shell_text_is(command.grants[0].name, "echo"));
	CHECK(shell_text_is(command.grants[0].cap, "echo"));
	CHECK_EQ(command.grants[0].kind, LAUNCH_GRANT_COPY);
	CHECK_EQ(command.grants[1].kind, LAUNCH_GRANT_MOVE);
	CHECK(shell_text_is(command.grants[1].cap, "terminal"));
	CHECK_EQ(command.grants[2].kind, LAUNCH_GRANT_VIRTUAL_MEMORY);
	CHECK_EQ(command.grants[3].kind, LAUNCH_GRANT_ENDPOINT);
	CHECK(shell_text_is(command.grants[3].interface, "Echo"));
	CHECK_EQ(command.grants[4].kind, LAUNCH_GRANT_LEDGER);
	CHECK(shell_text_is(command.handle, "child"));
}

TEST(a_capability_may_be_called_new_or_move)
{
	parse("p with { a: @new, b: move @move }");
	CHECK(!scanner.failed);
	CHECK(shell_text_is(command.grants[0].cap, "new"));
	CHECK(shell_text_is(command.grants[1].cap, "move"));
}

TEST(no_grants_can_be_said)
{
	parse("p with {}");
	CHECK(!scanner.failed);
	CHECK_EQ(command.grant_count, 0);
}

struct mistake {
	const char *line;
	uint32_t position;
	const char *part_of_the_error;
};

TEST(each_mistake_is_shown_where_it_is)
{
	static const struct mistake mistakes[] = {
		{ "", 0, "a program name" },
		{ "\"open", 0, "no closing" },
		{ "\"\"", 1, "a program name" },
		{ "p wth {}", 2, "the end of the line" },
		{ "p with", 6, "`{`" },
		{ "p with { a }", 11, "`:`" },
		{ "p with { : @a }", 9, "a name for" },
		{ "p with { a: b }", 12, "`@`" },
		{ "p with { a: @ }", 14, "a capability name" },
		{ "p with { a: @b", 14, "`}`" },
		{ "p with { a: @b c: @d }", 15, "`}`" },
		{ "p with { a: new }", 16, "`virtualMemory`" },
		{ "p with { a: new endpoint }", 25, "the interface" },
		{ "p with { a: new timer }", 16, "`new` makes" },
		{ "p -> child", 5, "`$`" },
		{ "p -> $", 6, "a name for the handle" },
		{ "p with {} -> $x y", 16, "the end of the line" },
		{ "p with { a:@c,b:@c,c:@c,d:@c,e:@c,f:@c,g:@c,h:@c,i:@c }", 51, "at most 8" },
	};

	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		parse(mistakes[i].line);
		CHECK(scanner.failed);
		CHECK_EQ(scanner.error_position, mistakes[i].position);
		CHECK(strstr(scanner.error, mistakes[i].part_of_the_error) != NULL);
	}
}

TEST(more_grants_than_a_program_may_get_are_refused)
{
	char line[512] = "p with { ";

	for (int i = 0; i < LAUNCH_GRANTS_MAX + 1; i++)
		strcat(line, "a: new endpoint E, ");
	strcat(line, "b: new endpoint }");
	parse(line);
	CHECK(scanner.failed);
	CHECK(strstr(scanner.error, "more than 16") != NULL);
}

/* Of a line with eight, the tap is one too many. */
TEST(a_tap_takes_the_place_of_a_capability)
{
	static const char line[] = "p with { a:@c,b:@c,c:@c,d:@c,e:@c,f:@c,g:@c,h:@c }";

	parse(line);
	CHECK(!scanner.failed);
	scanner_init(&scanner, line, (uint32_t)strlen(line));
	launch_command_parse(&scanner, &command, LAUNCH_CAPS_MAX - 1);
	CHECK(scanner.failed);
	CHECK(strstr(scanner.error, "the tap included") != NULL);
}
