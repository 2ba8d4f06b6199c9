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
/* Addresses of 16 bytes that are not all there; `field`: whose. */
#define PLACE(field, address)                                                                      \
	{ .what = #field " = " #address,                                                           \
		.sqe = { .user_data = 77, .field = (address) },                                    \
		.expected = CAP_ERR_INVALID_BUFFER }
#define UNREADABLE_PLACES(field)                                                                   \
	PLACE(field, 0), PLACE(field, 8), PLACE(field, WORLD_UNMAPPED),                            \
	    PLACE(field, WORLD_DATA - 8), PLACE(field, WORLD_READ_ONLY + PAGE_BYTES - 8),          \
	    PLACE(field, UINT64_C(0x3fffe000) - 8),                                                \
	    PLACE(field, UINT64_C(0x3fffe000) - PAGE_BYTES),                                       \
	    PLACE(field, UINT64_C(0x00007ffffffffff8)),                                            \
	    PLACE(field, UINT64_C(0x0000800000000000)),                                            \
	    PLACE(field, UINT64_C(0x8000000000000000)),                                            \
	    PLACE(field, UINT64_C(0xffff800000000000)),                                            \
	    PLACE(field, UINT64_C(0xffffffff80000000)), PLACE(field, UINT64_MAX - 15),             \
	    PLACE(field, UINT64_MAX - 4), PLACE(field, UINT64_MAX)

TEST(messages_at_bad_addresses)
{
	static const struct hostile_case bases[] = {
		{ .what = "CALL to a kernel object",
		    .target = HOSTILE_TIMER,
		    .sqe = { .op = CAP_OP_CALL, .len = 16 } },
		{ .what = "CALL to an endpoint",
		    .target = HOSTILE_FACET,
		    .sqe = { .op = CAP_OP_CALL, .len = 16 } },
		{ .what = "RETURN",
		    .target = HOSTILE_CALL,
		    .sqe = { .op = CAP_OP_RETURN, .len = 16 } },
	};
	static const struct hostile_case rows[] = { UNREADABLE_PLACES(addr) };

	HOSTILE_RUN_OVER(bases, rows);
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

	HOSTILE_RUN(cases);
}

/* `Timer.now` with a good message. */
#define NOW(bytes)                                                                                 \
	{ .what = "Timer.now into " #bytes " bytes",                                               \
		.target = HOSTILE_TIMER,                                                           \
		.sqe = { .op = CAP_OP_CALL,                                                        \
		    .addr = HOSTILE_MESSAGE,                                                       \
		    .len = 16,                                                                     \
		    .result_len = (bytes) },                                                       \
		EMPTY }
#define SMALL(address)                                                                             \
	{ .what = "at " #address,                                                                  \
		.sqe = { .user_data = 77, .result_addr = (address) },                              \
		.expected = CAP_ERR_BUFFER_TOO_SMALL }

TEST(results_at_bad_addresses)
{
	static const struct hostile_case bases[] = { NOW(64) };
	static const struct hostile_case rows[] = {
		UNREADABLE_PLACES(result_addr),
		PLACE(result_addr, WORLD_READ_ONLY),
		PLACE(result_addr, WORLD_READ_ONLY - 8),
	};

	HOSTILE_RUN_OVER(bases, rows);
}

TEST(results_without_room)
{
	static const struct hostile_case bases[] = { NOW(0), NOW(1), NOW(8), NOW(16), NOW(23) };
	static const struct hostile_case rows[] = { SMALL(HOSTILE_MESSAGE + 512),
		SMALL(WORLD_DATA) };

	HOSTILE_RUN_OVER(bases, rows);
}
