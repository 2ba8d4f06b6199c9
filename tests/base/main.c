/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runner of one test binary: all registered tests, or those whose name contains the first argument. cmocka prints each result and
 * the closing counts; the exit status is 1 if a test failed.
 */
#include <stdio.h>
#include <string.h>

#include "base/test.h"

#define TESTS_MAX 512

static struct CMUnitTest tests[TESTS_MAX];
static size_t test_count;
static const char *filter = "";

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
keep_matching(void)
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
	if (argument_count > 1)
		filter = arguments[1];
	test_count = keep_matching();
	if (test_count == 0)
		return 0;
	return _cmocka_run_group_tests("unit", tests, test_count, NULL, NULL) == 0 ? 0 : 1;
}
