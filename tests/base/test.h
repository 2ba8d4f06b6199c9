/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Unit tests: TEST(name) { ... CHECK(...) ... } in any `*_test.c`. Tests register themselves; the
 * runner (tests/base/main.c) runs each under cmocka. A failed check ends its test. A test is named
 * as a claim.
 */
#include <stddef.h>
#include <stdint.h>

/* cmocka wants these before its header. */
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct test_case {
	const char *name;
	const char *file;
	void (*run)(void **state);
};

/* Called before main, once for each TEST. */
void test_register(const struct test_case *test);

#define TEST(test_name)                                                                            \
	static void test_name(void);                                                               \
	static void test_name##_run(void **state)                                                  \
	{                                                                                          \
		(void)state;                                                                       \
		test_name();                                                                       \
	}                                                                                          \
	__attribute__((constructor)) static void test_name##_register(void)                        \
	{                                                                                          \
		static const struct test_case test = { #test_name, __FILE__, test_name##_run };    \
		test_register(&test);                                                              \
	}                                                                                          \
	static void test_name(void)

#define CHECK(condition) assert_true(condition)
/* Equal as integers of 64 bits (pointers too); both are shown if not. */
#define CHECK_EQ(actual, expected) assert_int_equal((actual), (expected))
#define CHECK_NE(actual, other) assert_int_not_equal((actual), (other))
/* Both are strings that end in a zero byte. */
#define CHECK_STR(actual, expected) assert_string_equal((actual), (expected))
#define CHECK_MEMORY(actual, expected, byte_count)                                                 \
	assert_memory_equal((actual), (expected), (byte_count))
