/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runner of one test binary: all registered tests, or those whose name contains the first
 * argument; `--list` names them. cmocka prints each result and the closing counts; the exit status
 * is 1 if a test failed, and 2 if nothing was run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"

#define TESTS_MAX 512

static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;

void
test_register(const struct test_case *test)
{
	if (test_count == TESTS_MAX) {
		fprintf(stderr, "more than %d tests in one binary\n", TESTS_MAX);
		_Exit(1);
	}
	tests[test_count++] = (struct CMUnitTest){ .name = test->name, .test_func = test->run };
}

static size_t
keep_matching(const char *filter)
{
	size_t kept = 0;

	for (size_t i = 0; i < test_count; i++)
		if (strstr(tests[i].name, filter) != NULL)
			tests[kept++] = tests[i];
	return kept;
}

int
main(int argument_count, char **arguments)
{
	const char *filter = argument_count > 1 ? arguments[1] : "";

	if (strcmp(filter, "--list") == 0) {
		for (size_t i = 0; i < test_count; i++)
			puts(tests[i].name);
		return 0;
	}
	test_count = keep_matching(filter);
	if (test_count == 0) {
		fprintf(stderr, "no test has `%s` in its name\n", filter);
		return 2;
	}
	return _cmocka_run_group_tests("unit", tests, test_count, NULL, NULL) == 0 ? 0 : 1;
}
