/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile submissions: transfer entries. */
#include "arch/sim/hostile.h"

#define COUNT(...) (sizeof((struct hostile_entry[]){ __VA_ARGS__ }) / sizeof(struct hostile_entry))
#define COPY(of)                                                                                   \
	{                                                                                          \
		HOSTILE_##of,                                                                      \
		{                                                                                  \
			.mode = CAP_TRANSFER_COPY                                                  \
		}                                                                                  \
	}
#define MOVE(of)                                                                                   \
	{                                                                                          \
		HOSTILE_##of,                                                                      \
		{                                                                                  \
			.mode = CAP_TRANSFER_MOVE                                                  \
		}                                                                                  \
	}
#define HOLE                                                                                       \
	{                                                                                          \
		HOSTILE_AS_IS,                                                                     \
		{                                                                                  \
			.mode = CAP_TRANSFER_HOLE                                                  \
		}                                                                                  \
	}
#define RAW(...)                                                                                   \
	{                                                                                          \
		HOSTILE_AS_IS,                                                                     \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define ODD(...)                                                                                   \
	{                                                                                          \
		HOSTILE_TIMER,                                                                     \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
/* With a call from pinned memory and with an answer from other; who takes them takes two. */
#define BAD(error, ...)                                                                            \
	{ .what = "call with " #__VA_ARGS__,                                                       \
		.target = HOSTILE_FACET,                                                           \
		.sqe = { .op = CAP_OP_CALL,                                                        \
		    .user_data = 77,                                                               \
		    .addr = HOSTILE_MESSAGE,                                                       \
		    .len = 13,                                                                     \
		    .xfer_count = COUNT(__VA_ARGS__) },                                            \
		.entry_count = COUNT(__VA_ARGS__),                                                 \
		.entries = { __VA_ARGS__ },                                                        \
		.expected = CAP_ERR_##error },                                                     \
	{                                                                                          \
		.what = "answer with " #__VA_ARGS__, .target = HOSTILE_CALL,                       \
		.sqe = { .op = CAP_OP_RETURN,                                                      \
			.user_data = 77,                                                           \
			.addr = WORLD_DATA,                                                        \
			.len = 13,                                                                 \
			.xfer_count = COUNT(__VA_ARGS__) },                                        \
		.entry_count = COUNT(__VA_ARGS__), .entries = { __VA_ARGS__ },                     \
		.expected = CAP_ERR_##error                                                        \
	}
#define PLACE(error, ...)                                                                          \
	{ .what = "call, entries at " #__VA_ARGS__,                                                \
		.target = HOSTILE_FACET,                                                           \
		.sqe = { .op = CAP_OP_CALL, .user_data = 77, __VA_ARGS__ },                        \
		.expected = CAP_ERR_##error },                                                     \
	{                                                                                          \
		.what = "answer, entries at " #__VA_ARGS__, .target = HOSTILE_CALL,                \
		.sqe = { .op = CAP_OP_RETURN, .user_data = 77, __VA_ARGS__ },                      \
		.expected = CAP_ERR_##error                                                        \
	}
#define KERNEL_PLACE(error, ...)                                                                   \
	{ .what = "kernel object, entries at " #__VA_ARGS__,                                       \
		.target = HOSTILE_TIMER,                                                           \
		.sqe = { .op = CAP_OP_CALL, .user_data = 77, __VA_ARGS__ },                        \
		.word_count = 2,                                                                   \
		.words = { UINT64_C(1) << 32 },                                                    \
		.expected = CAP_ERR_##error }

TEST(entries_of_a_forbidden_shape)
{
	static const struct hostile_case cases[] = {
		BAD(INVALID_TRANSFER_DESCRIPTOR, ODD(.mode = 3)),
		BAD(INVALID_TRANSFER_DESCRIPTOR, ODD(.mode = 4)),
		BAD(INVALID_TRANSFER_DESCRIPTOR, ODD(.mode = 0x80)),
		BAD(INVALID_TRANSFER_DESCRIPTOR, ODD(.mode = 255)),
		BAD(INVALID_TRANSFER_DESCRIPTOR, ODD(.mode = CAP_TRANSFER_COPY, .reserved = { 1 })),
		BAD(INVALID_TRANSFER_DESCRIPTOR,
		    ODD(.mode = CAP_TRANSFER_MOVE, .reserved = { [6] = 0x80 })),
		BAD(INVALID_TRANSFER_DESCRIPTOR,
		    RAW(.mode = CAP_TRANSFER_HOLE, .reserved = { [3] = 1 })),
		BAD(INVALID_TRANSFER_DESCRIPTOR, RAW(.mode = CAP_TRANSFER_HOLE, .cap_id = 1)),
		BAD(INVALID_TRANSFER_DESCRIPTOR,
		    RAW(.mode = CAP_TRANSFER_HOLE, .cap_id = UINT64_MAX)),
		BAD(INVALID_TRANSFER_DESCRIPTOR, ODD(.mode = CAP_TRANSFER_HOLE)),
		BAD(INVALID_TRANSFER_DESCRIPTOR, MOVE(TIMER), MOVE(TIMER)),
		BAD(INVALID_TRANSFER_DESCRIPTOR, MOVE(TIMER), COPY(TIMER)),
		BAD(INVALID_TRANSFER_DESCRIPTOR, COPY(TIMER), MOVE(TIMER)),
		BAD(INVALID_TRANSFER_DESCRIPTOR, MOVE(OWNER), HOLE, MOVE(OWNER)),
		BAD(INVALID_TRANSFER_DESCRIPTOR, COPY(TIMER), ODD(.mode = 3)),
		BAD(INVALID_TRANSFER_DESCRIPTOR, MOVE(OWNER), ODD(.mode = 255)),
		BAD(INVALID_TRANSFER_DESCRIPTOR, MOVE(STALE), MOVE(STALE)),
	};

	HOSTILE_RUN(cases);
}

TEST(entries_that_name_nothing_to_hand_on)
{
	static const struct hostile_case cases[] = {
		BAD(STALE_GENERATION, COPY(STALE)),
		BAD(STALE_GENERATION, COPY(EMPTY)),
		BAD(INVALID_CAP, COPY(FOREIGN)),
		BAD(REVOKED, COPY(REVOKED)),
		BAD(TRANSFER_NOT_SUPPORTED, COPY(FIXED)),
		BAD(TRANSFER_NOT_SUPPORTED, COPY(MEMORY)),
		BAD(STALE_GENERATION, MOVE(STALE)),
		BAD(STALE_GENERATION, MOVE(EMPTY)),
		BAD(INVALID_CAP, MOVE(FOREIGN)),
		BAD(REVOKED, MOVE(REVOKED)),
		BAD(TRANSFER_NOT_SUPPORTED, MOVE(FIXED)),
		BAD(TRANSFER_NOT_SUPPORTED, MOVE(MEMORY)),
		BAD(TRANSFER_NOT_SUPPORTED, COPY(OWNER)),
		BAD(TRANSFER_NOT_SUPPORTED, COPY(NOTIFICATION)),
		BAD(INVALID_CAP, RAW(.mode = CAP_TRANSFER_COPY, .cap_id = 0)),
		BAD(INVALID_CAP, RAW(.mode = CAP_TRANSFER_COPY, .cap_id = 1)),
		BAD(INVALID_CAP, RAW(.mode = CAP_TRANSFER_COPY, .cap_id = UINT64_MAX)),
		BAD(INVALID_CAP, RAW(.mode = CAP_TRANSFER_COPY, .cap_id = UINT64_C(1) << 63)),
		BAD(INVALID_CAP, RAW(.mode = CAP_TRANSFER_MOVE, .cap_id = 0)),
		BAD(INVALID_CAP, RAW(.mode = CAP_TRANSFER_MOVE, .cap_id = 1)),
		BAD(INVALID_CAP, RAW(.mode = CAP_TRANSFER_MOVE, .cap_id = UINT64_MAX)),
		BAD(INVALID_CAP, RAW(.mode = CAP_TRANSFER_MOVE, .cap_id = UINT64_C(1) << 63)),
	};

	HOSTILE_RUN(cases);
}

TEST(good_entries_beside_bad_ones)
{
	static const struct hostile_case cases[] = {
		BAD(STALE_GENERATION, COPY(TIMER), COPY(STALE)),
		BAD(STALE_GENERATION, MOVE(TIMER), MOVE(STALE)),
		BAD(STALE_GENERATION, HOLE, MOVE(STALE)),
		BAD(TRANSFER_NOT_SUPPORTED, MOVE(TIMER), MOVE(FIXED)),
		BAD(TRANSFER_NOT_SUPPORTED, MOVE(OWNER), COPY(NOTIFICATION)),
		BAD(TRANSFER_NOT_SUPPORTED, HOLE, HOLE, COPY(MEMORY)),
		BAD(REVOKED, MOVE(OWNER), COPY(REVOKED)),
		BAD(INVALID_CAP, MOVE(NOTIFICATION), COPY(FOREIGN)),
	};

	HOSTILE_RUN(cases);
}

TEST(more_than_the_receiver_takes)
{
	static const struct hostile_case cases[] = {
		BAD(TOO_MANY_CAPS, COPY(TIMER), COPY(TIMER), COPY(TIMER)),
		BAD(TOO_MANY_CAPS, MOVE(OWNER), MOVE(NOTIFICATION), MOVE(SIGNALLER)),
		BAD(TOO_MANY_CAPS, HOLE, COPY(TIMER), COPY(SIGNALLER), MOVE(OWNER)),
		BAD(TOO_MANY_CAPS, COPY(TIMER), COPY(TIMER), COPY(TIMER), COPY(TIMER), COPY(TIMER),
		    COPY(TIMER), COPY(TIMER), COPY(TIMER)),
		BAD(INVALID_TRANSFER_DESCRIPTOR, COPY(TIMER), COPY(TIMER), COPY(TIMER), COPY(TIMER),
		    COPY(TIMER), COPY(TIMER), COPY(TIMER), COPY(TIMER), COPY(TIMER)),
	};

	HOSTILE_RUN(cases);
}

TEST(entries_at_bad_places_and_in_bad_numbers)
{
	static const struct hostile_case cases[] = {
		PLACE(INVALID_TRANSFER_DESCRIPTOR, .addr = WORLD_DATA, .len = 16, .xfer_count = 9),
		PLACE(INVALID_TRANSFER_DESCRIPTOR, .addr = WORLD_DATA, .len = 16, .xfer_count = 10),
		PLACE(
		    INVALID_TRANSFER_DESCRIPTOR, .addr = WORLD_DATA, .len = 16, .xfer_count = 128),
		PLACE(
		    INVALID_TRANSFER_DESCRIPTOR, .addr = WORLD_DATA, .len = 16, .xfer_count = 255),
		PLACE(INVALID_BUFFER, .addr = WORLD_UNMAPPED, .len = 16, .xfer_count = 1),
		PLACE(INVALID_BUFFER, .addr = WORLD_READ_ONLY + PAGE_BYTES - 16, .len = 16,
		    .xfer_count = 1),
		PLACE(INVALID_BUFFER, .addr = WORLD_READ_ONLY + PAGE_BYTES - 24, .len = 16,
		    .xfer_count = 1),
		PLACE(INVALID_BUFFER, .addr = UINT64_MAX - 15, .len = 16, .xfer_count = 1),
		PLACE(INVALID_BUFFER, .addr = UINT64_MAX - 8, .len = 1, .xfer_count = 1),
		PLACE(INVALID_BUFFER, .addr = UINT64_MAX - 6, .xfer_count = 1),
		PLACE(INVALID_BUFFER, .addr = UINT64_MAX, .xfer_count = 1),
		PLACE(INVALID_BUFFER, .addr = UINT64_C(0x00007fffffffffe0), .len = 16,
		    .xfer_count = 1),
		KERNEL_PLACE(
		    INVALID_TRANSFER_DESCRIPTOR, .addr = WORLD_DATA, .len = 16, .xfer_count = 9),
		KERNEL_PLACE(
		    INVALID_TRANSFER_DESCRIPTOR, .addr = WORLD_DATA, .len = 16, .xfer_count = 255),
	};

	HOSTILE_RUN(cases);
}
