/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile submissions: targets, call ids, answer ids. */
#include "arch/sim/hostile.h"
#include "cap/table.h"

#define BAD(opcode, of, error, ...)                                                                \
	{ .what = #opcode " on " #of " " #__VA_ARGS__,                                             \
		.target = HOSTILE_##of,                                                            \
		.sqe = { .op = CAP_OP_##opcode, .user_data = 77, __VA_ARGS__ },                    \
		.expected = CAP_ERR_##error }

/* What is wrong with a target, whatever the submission. */
#define ROW(of, error, ...)                                                                        \
	{ .what = "target " #of " " #__VA_ARGS__,                                                  \
		.target = HOSTILE_##of,                                                            \
		.sqe = { .user_data = 77, __VA_ARGS__ },                                           \
		.expected = CAP_ERR_##error }
/* Numbers without a capability; of a submission that names an answer by them, the same. */
#define NUMBER(error, number) ROW(AS_IS, error, .target = (number))

static const struct hostile_case of_capabilities[] = {
	{ .what = "CALL", .sqe.op = CAP_OP_CALL },
	{ .what = "RECV", .sqe.op = CAP_OP_RECV },
	{ .what = "RELEASE", .sqe.op = CAP_OP_RELEASE },
	{ .what = "SIGNAL", .sqe = { .op = CAP_OP_SIGNAL, .addr = 1 } },
	{ .what = "WAIT", .sqe = { .op = CAP_OP_WAIT, .addr = 1 } },
};

TEST(targets_that_are_none)
{
	static const struct hostile_case rows[] = {
		ROW(STALE, STALE_GENERATION),
		ROW(EMPTY, STALE_GENERATION),
		ROW(FOREIGN, INVALID_CAP),
		NUMBER(INVALID_CAP, 0),
		NUMBER(INVALID_CAP, 1),
		NUMBER(INVALID_CAP, UINT64_MAX),
		NUMBER(INVALID_CAP, UINT64_C(1) << 63),
		NUMBER(INVALID_CAP, CAP_ID_INDEX_MASK),
		NUMBER(INVALID_CAP, CAP_TABLE_SLOTS_MAX),
		NUMBER(INVALID_CAP, (UINT64_C(1) << 24) | 16383),
	};

	HOSTILE_RUN_OVER(of_capabilities, rows);
}

TEST(targets_of_other_interfaces_and_dead_ones)
{
	static const struct hostile_case cases[] = {
		BAD(CALL, REVOKED, REVOKED, .len = 0),
		BAD(RECV, REVOKED, REVOKED, .len = 0),
		BAD(SIGNAL, REVOKED, REVOKED, .addr = 1),
		BAD(WAIT, REVOKED, REVOKED, .addr = 1),
		BAD(RECV, TIMER, WRONG_INTERFACE, .len = 0),
		BAD(RECV, FACET, WRONG_INTERFACE, .len = 0),
		BAD(RECV, SIGNALLER, WRONG_INTERFACE, .len = 0),
		BAD(RECV, NOTIFICATION, WRONG_INTERFACE, .len = 0),
		BAD(RECV, FIXED, WRONG_INTERFACE, .len = 0),
		BAD(SIGNAL, TIMER, WRONG_INTERFACE, .addr = 1),
		BAD(SIGNAL, FACET, WRONG_INTERFACE, .addr = 1),
		BAD(SIGNAL, OWNER, WRONG_INTERFACE, .addr = 1),
		BAD(SIGNAL, NOTIFICATION, WRONG_INTERFACE, .addr = 1),
		BAD(SIGNAL, FIXED, WRONG_INTERFACE, .addr = 1),
		BAD(WAIT, TIMER, WRONG_INTERFACE, .addr = 1),
		BAD(WAIT, FACET, WRONG_INTERFACE, .addr = 1),
		BAD(WAIT, OWNER, WRONG_INTERFACE, .addr = 1),
		BAD(WAIT, SIGNALLER, WRONG_INTERFACE, .addr = 1),
		BAD(WAIT, LIMITED, WRONG_INTERFACE, .addr = 1),
		BAD(WAIT, FIXED, WRONG_INTERFACE, .addr = 1),
	};

	HOSTILE_RUN(cases);
}

TEST(calls_that_are_not_held)
{
	static const struct hostile_case bases[] = {
		{ .what = "RETURN", .sqe.op = CAP_OP_RETURN },
		{ .what = "RETURN of an exception",
		    .sqe = { .op = CAP_OP_RETURN, .flags = CAP_SQE_EXCEPTION } },
	};
	static const struct hostile_case rows[] = {
		NUMBER(INVALID_CALL_ID, 0),
		NUMBER(INVALID_CALL_ID, 1),
		NUMBER(INVALID_CALL_ID, 65535),
		NUMBER(INVALID_CALL_ID, 65536),
		NUMBER(INVALID_CALL_ID, UINT64_MAX),
		NUMBER(INVALID_CALL_ID, UINT64_C(1) << 63),
		NUMBER(INVALID_CALL_ID, UINT64_C(1) << 32),
		NUMBER(INVALID_CALL_ID, 0xffff0000),
		ROW(CALL_BEFORE, INVALID_CALL_ID),
		ROW(OWNER, INVALID_CALL_ID),
		ROW(FACET, INVALID_CALL_ID),
		ROW(TIMER, INVALID_CALL_ID),
	};

	HOSTILE_RUN_OVER(bases, rows);
}

TEST(what_is_not_there_to_be_finished)
{
	static const struct hostile_case cases[] = {
		BAD(FINISH, AS_IS, NOT_FOUND, .target = 1),
		BAD(FINISH, AS_IS, NOT_FOUND, .target = 77 + 1),
		BAD(FINISH, AS_IS, NOT_FOUND, .target = UINT64_MAX),
		BAD(FINISH, AS_IS, NOT_FOUND, .target = UINT64_C(1) << 63),
		/* Its own: an op does not end itself. */
		BAD(FINISH, AS_IS, NOT_FOUND, .target = 77),
		BAD(FINISH, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_ANSWER, .target = 0),
		BAD(FINISH, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_ANSWER,
		    .target = HOSTILE_NO_ANSWER),
		BAD(FINISH, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_ANSWER,
		    .target = HOSTILE_ANSWER + 16),
		BAD(FINISH, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_ANSWER,
		    .target = HOSTILE_ANSWER - 5),
		BAD(FINISH, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_ANSWER, .target = UINT64_MAX),
		BAD(FINISH, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_ANSWER, .target = UINT32_MAX),
		BAD(FINISH, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_ANSWER,
		    .target = (UINT64_C(1) << 32) | HOSTILE_ANSWER),
	};

	HOSTILE_RUN(cases);
}

TEST(promises_of_answers_that_are_none)
{
	static const struct hostile_case bases[] = {
		{ .what = "CALL of a promise",
		    .sqe = { .op = CAP_OP_CALL, .flags = CAP_SQE_PROMISED } },
		{ .what = "the last CALL of a promise",
		    .sqe = { .op = CAP_OP_CALL, .flags = CAP_SQE_PROMISED | CAP_SQE_LAST } },
	};
	static const struct hostile_case rows[] = {
		NUMBER(UNKNOWN_ANSWER, 0),
		NUMBER(UNKNOWN_ANSWER, CAP_PROMISE(HOSTILE_NO_ANSWER, 0)),
		NUMBER(UNKNOWN_ANSWER, CAP_PROMISE(HOSTILE_ANSWER + 16, 0)),
		NUMBER(UNKNOWN_ANSWER, CAP_PROMISE(0, 1)),
		NUMBER(UNKNOWN_ANSWER, CAP_PROMISE(UINT32_MAX, 0)),
		NUMBER(UNKNOWN_ANSWER, UINT64_MAX),
		NUMBER(UNKNOWN_ANSWER, UINT64_C(1) << 63),
		NUMBER(UNKNOWN_ANSWER, CAP_PROMISE(UINT64_C(1) << 32 | HOSTILE_ANSWER, 0)),
		NUMBER(UNKNOWN_ANSWER, HOSTILE_ANSWER),
	};

	HOSTILE_RUN_OVER(bases, rows);
}

TEST(names_that_an_answer_has_already)
{
	static const struct hostile_case bases[] = {
		{ .what = "the same", .sqe = { .op = CAP_OP_CALL, .answer_id = HOSTILE_ANSWER } },
		{ .what = "one of the same place",
		    .sqe = { .op = CAP_OP_CALL, .answer_id = HOSTILE_ANSWER + 16 } },
	};
	static const struct hostile_case rows[] = {
		ROW(TIMER, ANSWER_IN_USE),
		ROW(FACET, ANSWER_IN_USE),
		ROW(OWNER, ANSWER_IN_USE),
		ROW(STALE, ANSWER_IN_USE),
	};

	HOSTILE_RUN_OVER(bases, rows);
}
