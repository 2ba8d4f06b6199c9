/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile submissions: addresses and lengths of messages and results. */
#include "arch/sim/hostile.h"

/* A message of no fields: one segment of a null pointer. */
#define EMPTY .word_count = 2, .words = { UINT64_C(1) << 32 }
#define BAD(opcode, of, error, ...)                                                                \
	{ .what = #opcode " " #of " " #__VA_ARGS__,                                                \
		.target = HOSTILE_##of,                                                            \
		.sqe = { .op = CAP_OP_##opcode, .user_data = 77, __VA_ARGS__ },                    \
		.expected = CAP_ERR_##error }
/* `Timer.now` with a good message, and the answer to a bad place. */
#define RESULT(error, ...)                                                                         \
	{ .what = "result " #__VA_ARGS__,                                                          \
		.target = HOSTILE_TIMER,                                                           \
		.sqe = { .op = CAP_OP_CALL,                                                        \
		    .user_data = 77,                                                               \
		    .addr = HOSTILE_MESSAGE,                                                       \
		    .len = 16,                                                                     \
		    __VA_ARGS__ },                                                                 \
		.expected = CAP_ERR_##error,                                                       \
		EMPTY }

TEST(messages_of_call_to_a_timer_at_bad_addresses)
{
	static const struct hostile_case cases[] = {
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = 0, .len = 16),
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = 8, .len = 16),
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = WORLD_UNMAPPED, .len = 16),
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = WORLD_DATA - 8, .len = 16),
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = WORLD_READ_ONLY + PAGE_BYTES - 8,
		    .len = 16),
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = UINT64_C(0x3fffe000) - 8, .len = 16),
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = UINT64_C(0x3fffe000) - PAGE_BYTES,
		    .len = 16),
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = UINT64_C(0x00007ffffffffff8), .len = 16),
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = UINT64_C(0x0000800000000000), .len = 16),
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = UINT64_C(0x8000000000000000), .len = 16),
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = UINT64_C(0xffff800000000000), .len = 16),
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = UINT64_C(0xffffffff80000000), .len = 16),
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = UINT64_MAX - 15, .len = 16),
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = UINT64_MAX - 4, .len = 16),
		BAD(CALL, TIMER, INVALID_BUFFER, .addr = UINT64_MAX, .len = 16),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(messages_of_call_to_a_facet_at_bad_addresses)
{
	static const struct hostile_case cases[] = {
		BAD(CALL, FACET, INVALID_BUFFER, .addr = 0, .len = 16),
		BAD(CALL, FACET, INVALID_BUFFER, .addr = 8, .len = 16),
		BAD(CALL, FACET, INVALID_BUFFER, .addr = WORLD_UNMAPPED, .len = 16),
		BAD(CALL, FACET, INVALID_BUFFER, .addr = WORLD_DATA - 8, .len = 16),
		BAD(CALL, FACET, INVALID_BUFFER, .addr = WORLD_READ_ONLY + PAGE_BYTES - 8,
		    .len = 16),
		BAD(CALL, FACET, INVALID_BUFFER, .addr = UINT64_C(0x3fffe000) - 8, .len = 16),
		BAD(CALL, FACET, INVALID_BUFFER, .addr = UINT64_C(0x3fffe000) - PAGE_BYTES,
		    .len = 16),
		BAD(CALL, FACET, INVALID_BUFFER, .addr = UINT64_C(0x00007ffffffffff8), .len = 16),
		BAD(CALL, FACET, INVALID_BUFFER, .addr = UINT64_C(0x0000800000000000), .len = 16),
		BAD(CALL, FACET, INVALID_BUFFER, .addr = UINT64_C(0x8000000000000000), .len = 16),
		BAD(CALL, FACET, INVALID_BUFFER, .addr = UINT64_C(0xffff800000000000), .len = 16),
		BAD(CALL, FACET, INVALID_BUFFER, .addr = UINT64_C(0xffffffff80000000), .len = 16),
		BAD(CALL, FACET, INVALID_BUFFER, .addr = UINT64_MAX - 15, .len = 16),
		BAD(CALL, FACET, INVALID_BUFFER, .addr = UINT64_MAX - 4, .len = 16),
		BAD(CALL, FACET, INVALID_BUFFER, .addr = UINT64_MAX, .len = 16),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(messages_of_return_to_a_call_at_bad_addresses)
{
	static const struct hostile_case cases[] = {
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = 0, .len = 16),
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = 8, .len = 16),
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = WORLD_UNMAPPED, .len = 16),
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = WORLD_DATA - 8, .len = 16),
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = WORLD_READ_ONLY + PAGE_BYTES - 8,
		    .len = 16),
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = UINT64_C(0x3fffe000) - 8, .len = 16),
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = UINT64_C(0x3fffe000) - PAGE_BYTES,
		    .len = 16),
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = UINT64_C(0x00007ffffffffff8), .len = 16),
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = UINT64_C(0x0000800000000000), .len = 16),
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = UINT64_C(0x8000000000000000), .len = 16),
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = UINT64_C(0xffff800000000000), .len = 16),
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = UINT64_C(0xffffffff80000000), .len = 16),
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = UINT64_MAX - 15, .len = 16),
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = UINT64_MAX - 4, .len = 16),
		BAD(RETURN, CALL, INVALID_BUFFER, .addr = UINT64_MAX, .len = 16),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(lengths_that_are_too_large_or_too_small)
{
	static const struct hostile_case cases[] = {
		BAD(CALL, TIMER, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = 16385),
		BAD(CALL, TIMER, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = 65536),
		BAD(CALL, TIMER, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = 65537),
		BAD(CALL, TIMER, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = 0x80000000),
		BAD(CALL, TIMER, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = UINT32_MAX),
		BAD(CALL, TIMER, MALFORMED_MESSAGE, .addr = WORLD_DATA, .len = 0),
		BAD(CALL, TIMER, MALFORMED_MESSAGE, .addr = WORLD_DATA, .len = 1),
		BAD(CALL, TIMER, MALFORMED_MESSAGE, .addr = WORLD_DATA, .len = 4),
		BAD(CALL, TIMER, MALFORMED_MESSAGE, .addr = WORLD_DATA, .len = 7),
		BAD(CALL, TIMER, MALFORMED_MESSAGE, .addr = WORLD_DATA, .len = 8),
		BAD(CALL, TIMER, MALFORMED_MESSAGE, .addr = WORLD_DATA, .len = 9),
		BAD(CALL, TIMER, MALFORMED_MESSAGE, .addr = WORLD_DATA, .len = 15),
		BAD(CALL, FACET, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = 65537),
		BAD(RETURN, CALL, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = 65537),
		BAD(CALL, FACET, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = 0x80000000),
		BAD(RETURN, CALL, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = 0x80000000),
		BAD(CALL, FACET, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = UINT32_MAX),
		BAD(RETURN, CALL, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = UINT32_MAX),
		BAD(RECV, OWNER, BUFFER_TOO_SMALL, .result_addr = WORLD_DATA, .result_len = 0),
		BAD(RECV, OWNER, BUFFER_TOO_SMALL, .result_addr = WORLD_DATA, .result_len = 1),
		BAD(RECV, OWNER, BUFFER_TOO_SMALL, .result_addr = WORLD_DATA, .result_len = 63),
		/* The peer receives into 1024 bytes. */
		BAD(CALL, FACET, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = 961),
		/* The peer receives into 1024 bytes. */
		BAD(CALL, FACET, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = 1024),
		/* The peer receives into 1024 bytes. */
		BAD(CALL, FACET, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = 16384),
		/* The peer receives into 1024 bytes. */
		BAD(CALL, FACET, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = 16385),
		/* The peer receives into 1024 bytes. */
		BAD(CALL, FACET, MESSAGE_TOO_LARGE, .addr = WORLD_DATA, .len = 65536),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(results_at_bad_addresses)
{
	static const struct hostile_case cases[] = {
		RESULT(INVALID_BUFFER, .result_addr = 0, .result_len = 64),
		RESULT(INVALID_BUFFER, .result_addr = 8, .result_len = 64),
		RESULT(INVALID_BUFFER, .result_addr = WORLD_UNMAPPED, .result_len = 64),
		RESULT(INVALID_BUFFER, .result_addr = WORLD_DATA - 8, .result_len = 64),
		RESULT(INVALID_BUFFER, .result_addr = WORLD_READ_ONLY + PAGE_BYTES - 8,
		    .result_len = 64),
		RESULT(INVALID_BUFFER, .result_addr = UINT64_C(0x3fffe000) - 8, .result_len = 64),
		RESULT(INVALID_BUFFER, .result_addr = UINT64_C(0x3fffe000) - PAGE_BYTES,
		    .result_len = 64),
		RESULT(
		    INVALID_BUFFER, .result_addr = UINT64_C(0x00007ffffffffff8), .result_len = 64),
		RESULT(
		    INVALID_BUFFER, .result_addr = UINT64_C(0x0000800000000000), .result_len = 64),
		RESULT(
		    INVALID_BUFFER, .result_addr = UINT64_C(0x8000000000000000), .result_len = 64),
		RESULT(
		    INVALID_BUFFER, .result_addr = UINT64_C(0xffff800000000000), .result_len = 64),
		RESULT(
		    INVALID_BUFFER, .result_addr = UINT64_C(0xffffffff80000000), .result_len = 64),
		RESULT(INVALID_BUFFER, .result_addr = UINT64_MAX - 15, .result_len = 64),
		RESULT(INVALID_BUFFER, .result_addr = UINT64_MAX - 4, .result_len = 64),
		RESULT(INVALID_BUFFER, .result_addr = UINT64_MAX, .result_len = 64),
		RESULT(INVALID_BUFFER, .result_addr = WORLD_READ_ONLY, .result_len = 64),
		RESULT(INVALID_BUFFER, .result_addr = WORLD_READ_ONLY - 8, .result_len = 64),
		RESULT(BUFFER_TOO_SMALL, .result_addr = HOSTILE_MESSAGE + 512, .result_len = 0),
		RESULT(BUFFER_TOO_SMALL, .result_addr = WORLD_DATA, .result_len = 0),
		RESULT(BUFFER_TOO_SMALL, .result_addr = HOSTILE_MESSAGE + 512, .result_len = 1),
		RESULT(BUFFER_TOO_SMALL, .result_addr = WORLD_DATA, .result_len = 1),
		RESULT(BUFFER_TOO_SMALL, .result_addr = HOSTILE_MESSAGE + 512, .result_len = 8),
		RESULT(BUFFER_TOO_SMALL, .result_addr = WORLD_DATA, .result_len = 8),
		RESULT(BUFFER_TOO_SMALL, .result_addr = HOSTILE_MESSAGE + 512, .result_len = 16),
		RESULT(BUFFER_TOO_SMALL, .result_addr = WORLD_DATA, .result_len = 16),
		RESULT(BUFFER_TOO_SMALL, .result_addr = HOSTILE_MESSAGE + 512, .result_len = 23),
		RESULT(BUFFER_TOO_SMALL, .result_addr = WORLD_DATA, .result_len = 23),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}
