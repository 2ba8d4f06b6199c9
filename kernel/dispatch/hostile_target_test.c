/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile submissions: targets, call ids, answer ids. */
#include "arch/sim/hostile.h"
#include "cap/table.h"

#define BAD(opcode, of, error, ...)                                                                \
	{ .what = #opcode " on " #of " " #__VA_ARGS__,                                             \
		.target = HOSTILE_##of,                                                            \
		.sqe = { .op = CAP_OP_##opcode, .user_data = 77, __VA_ARGS__ },                    \
		.expected = CAP_ERR_##error }

TEST(targets_of_call_that_are_none)
{
	static const struct hostile_case cases[] = {
		BAD(CALL, STALE, STALE_GENERATION, .len = 0),
		BAD(CALL, EMPTY, STALE_GENERATION, .len = 0),
		BAD(CALL, FOREIGN, INVALID_CAP, .len = 0),
		BAD(CALL, REVOKED, REVOKED, .len = 0),
		BAD(CALL, AS_IS, INVALID_CAP, .target = 0),
		BAD(CALL, AS_IS, INVALID_CAP, .target = 1),
		BAD(CALL, AS_IS, INVALID_CAP, .target = UINT64_MAX),
		BAD(CALL, AS_IS, INVALID_CAP, .target = UINT64_C(1) << 63),
		BAD(CALL, AS_IS, INVALID_CAP, .target = CAP_ID_INDEX_MASK),
		BAD(CALL, AS_IS, INVALID_CAP, .target = CAP_TABLE_SLOTS_MAX),
		BAD(CALL, AS_IS, INVALID_CAP, .target = (UINT64_C(1) << 24) | 16383),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(targets_of_recv_that_are_none)
{
	static const struct hostile_case cases[] = {
		BAD(RECV, STALE, STALE_GENERATION, .len = 0),
		BAD(RECV, EMPTY, STALE_GENERATION, .len = 0),
		BAD(RECV, FOREIGN, INVALID_CAP, .len = 0),
		BAD(RECV, REVOKED, REVOKED, .len = 0),
		BAD(RECV, TIMER, WRONG_INTERFACE, .len = 0),
		BAD(RECV, FACET, WRONG_INTERFACE, .len = 0),
		BAD(RECV, SIGNALLER, WRONG_INTERFACE, .len = 0),
		BAD(RECV, NOTIFICATION, WRONG_INTERFACE, .len = 0),
		BAD(RECV, FIXED, WRONG_INTERFACE, .len = 0),
		BAD(RECV, AS_IS, INVALID_CAP, .target = 0),
		BAD(RECV, AS_IS, INVALID_CAP, .target = 1),
		BAD(RECV, AS_IS, INVALID_CAP, .target = UINT64_MAX),
		BAD(RECV, AS_IS, INVALID_CAP, .target = UINT64_C(1) << 63),
		BAD(RECV, AS_IS, INVALID_CAP, .target = CAP_ID_INDEX_MASK),
		BAD(RECV, AS_IS, INVALID_CAP, .target = CAP_TABLE_SLOTS_MAX),
		BAD(RECV, AS_IS, INVALID_CAP, .target = (UINT64_C(1) << 24) | 16383),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(targets_of_release_that_are_none)
{
	static const struct hostile_case cases[] = {
		BAD(RELEASE, STALE, STALE_GENERATION, .len = 0),
		BAD(RELEASE, EMPTY, STALE_GENERATION, .len = 0),
		BAD(RELEASE, FOREIGN, INVALID_CAP, .len = 0),
		BAD(RELEASE, AS_IS, INVALID_CAP, .target = 0),
		BAD(RELEASE, AS_IS, INVALID_CAP, .target = 1),
		BAD(RELEASE, AS_IS, INVALID_CAP, .target = UINT64_MAX),
		BAD(RELEASE, AS_IS, INVALID_CAP, .target = UINT64_C(1) << 63),
		BAD(RELEASE, AS_IS, INVALID_CAP, .target = CAP_ID_INDEX_MASK),
		BAD(RELEASE, AS_IS, INVALID_CAP, .target = CAP_TABLE_SLOTS_MAX),
		BAD(RELEASE, AS_IS, INVALID_CAP, .target = (UINT64_C(1) << 24) | 16383),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(targets_of_signal_that_are_none)
{
	static const struct hostile_case cases[] = {
		BAD(SIGNAL, STALE, STALE_GENERATION, .addr = 1),
		BAD(SIGNAL, EMPTY, STALE_GENERATION, .addr = 1),
		BAD(SIGNAL, FOREIGN, INVALID_CAP, .addr = 1),
		BAD(SIGNAL, REVOKED, REVOKED, .addr = 1),
		BAD(SIGNAL, TIMER, WRONG_INTERFACE, .addr = 1),
		BAD(SIGNAL, FACET, WRONG_INTERFACE, .addr = 1),
		BAD(SIGNAL, OWNER, WRONG_INTERFACE, .addr = 1),
		BAD(SIGNAL, NOTIFICATION, WRONG_INTERFACE, .addr = 1),
		BAD(SIGNAL, FIXED, WRONG_INTERFACE, .addr = 1),
		BAD(SIGNAL, AS_IS, INVALID_CAP, .addr = 1, .target = 0),
		BAD(SIGNAL, AS_IS, INVALID_CAP, .addr = 1, .target = 1),
		BAD(SIGNAL, AS_IS, INVALID_CAP, .addr = 1, .target = UINT64_MAX),
		BAD(SIGNAL, AS_IS, INVALID_CAP, .addr = 1, .target = UINT64_C(1) << 63),
		BAD(SIGNAL, AS_IS, INVALID_CAP, .addr = 1, .target = CAP_ID_INDEX_MASK),
		BAD(SIGNAL, AS_IS, INVALID_CAP, .addr = 1, .target = CAP_TABLE_SLOTS_MAX),
		BAD(SIGNAL, AS_IS, INVALID_CAP, .addr = 1, .target = (UINT64_C(1) << 24) | 16383),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(targets_of_wait_that_are_none)
{
	static const struct hostile_case cases[] = {
		BAD(WAIT, STALE, STALE_GENERATION, .addr = 1),
		BAD(WAIT, EMPTY, STALE_GENERATION, .addr = 1),
		BAD(WAIT, FOREIGN, INVALID_CAP, .addr = 1),
		BAD(WAIT, REVOKED, REVOKED, .addr = 1),
		BAD(WAIT, TIMER, WRONG_INTERFACE, .addr = 1),
		BAD(WAIT, FACET, WRONG_INTERFACE, .addr = 1),
		BAD(WAIT, OWNER, WRONG_INTERFACE, .addr = 1),
		BAD(WAIT, SIGNALLER, WRONG_INTERFACE, .addr = 1),
		BAD(WAIT, LIMITED, WRONG_INTERFACE, .addr = 1),
		BAD(WAIT, FIXED, WRONG_INTERFACE, .addr = 1),
		BAD(WAIT, AS_IS, INVALID_CAP, .addr = 1, .target = 0),
		BAD(WAIT, AS_IS, INVALID_CAP, .addr = 1, .target = 1),
		BAD(WAIT, AS_IS, INVALID_CAP, .addr = 1, .target = UINT64_MAX),
		BAD(WAIT, AS_IS, INVALID_CAP, .addr = 1, .target = UINT64_C(1) << 63),
		BAD(WAIT, AS_IS, INVALID_CAP, .addr = 1, .target = CAP_ID_INDEX_MASK),
		BAD(WAIT, AS_IS, INVALID_CAP, .addr = 1, .target = CAP_TABLE_SLOTS_MAX),
		BAD(WAIT, AS_IS, INVALID_CAP, .addr = 1, .target = (UINT64_C(1) << 24) | 16383),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(calls_that_are_not_held)
{
	static const struct hostile_case cases[] = {
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = 0),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = 0, .flags = CAP_SQE_EXCEPTION),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = 1),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = 1, .flags = CAP_SQE_EXCEPTION),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = 65535),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = 65535, .flags = CAP_SQE_EXCEPTION),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = 65536),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = 65536, .flags = CAP_SQE_EXCEPTION),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = UINT64_MAX),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = UINT64_MAX,
		    .flags = CAP_SQE_EXCEPTION),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = UINT64_C(1) << 63),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = UINT64_C(1) << 63,
		    .flags = CAP_SQE_EXCEPTION),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = UINT64_C(1) << 32),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = UINT64_C(1) << 32,
		    .flags = CAP_SQE_EXCEPTION),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = 0xffff0000),
		BAD(RETURN, AS_IS, INVALID_CALL_ID, .target = 0xffff0000,
		    .flags = CAP_SQE_EXCEPTION),
		BAD(RETURN, CALL_BEFORE, INVALID_CALL_ID, .len = 0),
		BAD(RETURN, OWNER, INVALID_CALL_ID, .len = 0),
		BAD(RETURN, FACET, INVALID_CALL_ID, .len = 0),
		BAD(RETURN, TIMER, INVALID_CALL_ID, .len = 0),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
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

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(promises_of_answers_that_are_none)
{
	static const struct hostile_case cases[] = {
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED, .target = 0),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED | CAP_SQE_LAST,
		    .target = 0),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED,
		    .target = CAP_PROMISE(HOSTILE_NO_ANSWER, 0)),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED | CAP_SQE_LAST,
		    .target = CAP_PROMISE(HOSTILE_NO_ANSWER, 0)),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED,
		    .target = CAP_PROMISE(HOSTILE_ANSWER + 16, 0)),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED | CAP_SQE_LAST,
		    .target = CAP_PROMISE(HOSTILE_ANSWER + 16, 0)),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED,
		    .target = CAP_PROMISE(0, 1)),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED | CAP_SQE_LAST,
		    .target = CAP_PROMISE(0, 1)),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED,
		    .target = CAP_PROMISE(UINT32_MAX, 0)),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED | CAP_SQE_LAST,
		    .target = CAP_PROMISE(UINT32_MAX, 0)),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED, .target = UINT64_MAX),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED | CAP_SQE_LAST,
		    .target = UINT64_MAX),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED,
		    .target = UINT64_C(1) << 63),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED | CAP_SQE_LAST,
		    .target = UINT64_C(1) << 63),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED,
		    .target = CAP_PROMISE(UINT64_C(1) << 32 | HOSTILE_ANSWER, 0)),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED | CAP_SQE_LAST,
		    .target = CAP_PROMISE(UINT64_C(1) << 32 | HOSTILE_ANSWER, 0)),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED,
		    .target = HOSTILE_ANSWER),
		BAD(CALL, AS_IS, UNKNOWN_ANSWER, .flags = CAP_SQE_PROMISED | CAP_SQE_LAST,
		    .target = HOSTILE_ANSWER),
		BAD(CALL, TIMER, ANSWER_IN_USE, .answer_id = HOSTILE_ANSWER),
		BAD(CALL, TIMER, ANSWER_IN_USE, .answer_id = HOSTILE_ANSWER + 16),
		BAD(CALL, FACET, ANSWER_IN_USE, .answer_id = HOSTILE_ANSWER),
		BAD(CALL, FACET, ANSWER_IN_USE, .answer_id = HOSTILE_ANSWER + 16),
		BAD(CALL, OWNER, ANSWER_IN_USE, .answer_id = HOSTILE_ANSWER),
		BAD(CALL, OWNER, ANSWER_IN_USE, .answer_id = HOSTILE_ANSWER + 16),
		BAD(CALL, STALE, ANSWER_IN_USE, .answer_id = HOSTILE_ANSWER),
		BAD(CALL, STALE, ANSWER_IN_USE, .answer_id = HOSTILE_ANSWER + 16),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}
