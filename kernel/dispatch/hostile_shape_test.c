/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile submissions: opcodes, flags, and fields that an opcode does not use. */
#include "arch/sim/hostile.h"

/* One field of a submission that would be accepted without it. */
#define BAD(opcode, of, field, value)                                                              \
	{ .what = #opcode ", " #field " = " #value,                                                \
		.target = HOSTILE_##of,                                                            \
		.sqe.op = CAP_OP_##opcode,                                                         \
		.sqe.user_data = 77,                                                               \
		.sqe.field = (value),                                                              \
		.expected = CAP_ERR_INVALID_REQUEST }
/* One field of a FINISH of an answer. */
#define BAD_ANSWER(field)                                                                          \
	{ .what = "FINISH of an answer, " #field,                                                  \
		.sqe.op = CAP_OP_FINISH,                                                           \
		.sqe.flags = CAP_SQE_ANSWER,                                                       \
		.sqe.target = HOSTILE_ANSWER,                                                      \
		.sqe.user_data = 77,                                                               \
		.sqe.field = 1,                                                                    \
		.expected = CAP_ERR_INVALID_REQUEST }
/* The same of one that names bits in `addr`. */
#define BAD_MASK(opcode, of, field, value)                                                         \
	{ .what = #opcode ", " #field " = " #value,                                                \
		.target = HOSTILE_##of,                                                            \
		.sqe.op = CAP_OP_##opcode,                                                         \
		.sqe.user_data = 77,                                                               \
		.sqe.addr = 1,                                                                     \
		.sqe.field = (value),                                                              \
		.expected = CAP_ERR_INVALID_REQUEST }

TEST(nop_with_a_field_that_it_does_not_have)
{
	static const struct hostile_case cases[] = {
		BAD(NOP, AS_IS, flags, 1),
		BAD(NOP, AS_IS, flags, 0x80),
		BAD(NOP, AS_IS, method, 1),
		BAD(NOP, AS_IS, method, 0x8000),
		BAD(NOP, AS_IS, target, 1),
		BAD(NOP, AS_IS, target, UINT64_MAX),
		BAD(NOP, AS_IS, addr, 1),
		BAD(NOP, AS_IS, result_addr, 1),
		BAD(NOP, AS_IS, result_addr, UINT64_MAX),
		BAD(NOP, AS_IS, len, 1),
		BAD(NOP, AS_IS, result_len, 0x80000000),
		BAD(NOP, AS_IS, answer_id, 1),
		BAD(NOP, AS_IS, xfer_count, 1),
		BAD(NOP, AS_IS, cap_max, 1),
		BAD(NOP, AS_IS, op_flags, 1),
		BAD(NOP, AS_IS, op_flags, 0x80000000),
		BAD(NOP, AS_IS, reserved, 1),
		BAD(NOP, AS_IS, reserved, 0x8000),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(call_with_a_field_that_it_does_not_have)
{
	static const struct hostile_case cases[] = {
		BAD(CALL, TIMER, flags, CAP_SQE_EXCEPTION),
		BAD(CALL, TIMER, flags, CAP_SQE_ANSWER),
		BAD(CALL, TIMER, flags, 0x20),
		BAD(CALL, TIMER, flags, 0x40),
		BAD(CALL, TIMER, flags, 0x80),
		BAD(CALL, TIMER, flags, CAP_SQE_ANSWER_ONLY),
		BAD(CALL, TIMER, flags, CAP_SQE_LAST),
		BAD(CALL, TIMER, cap_max, 9),
		BAD(CALL, TIMER, cap_max, 255),
		BAD(CALL, TIMER, op_flags, 1),
		BAD(CALL, TIMER, op_flags, 0x80000000),
		BAD(CALL, TIMER, reserved, 1),
		BAD(CALL, TIMER, reserved, 0x8000),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(recv_with_a_field_that_it_does_not_have)
{
	static const struct hostile_case cases[] = {
		BAD(RECV, OWNER, flags, CAP_SQE_EXCEPTION),
		BAD(RECV, OWNER, flags, CAP_SQE_PROMISED),
		BAD(RECV, OWNER, flags, CAP_SQE_ANSWER_ONLY),
		BAD(RECV, OWNER, flags, CAP_SQE_ANSWER),
		BAD(RECV, OWNER, flags, CAP_SQE_LAST),
		BAD(RECV, OWNER, flags, 0x80),
		BAD(RECV, OWNER, method, 1),
		BAD(RECV, OWNER, method, 0x8000),
		BAD(RECV, OWNER, addr, 1),
		BAD(RECV, OWNER, addr, 0x8000000000000000),
		BAD(RECV, OWNER, len, 1),
		BAD(RECV, OWNER, len, 0x80000000),
		BAD(RECV, OWNER, answer_id, 1),
		BAD(RECV, OWNER, answer_id, 0x80000000),
		BAD(RECV, OWNER, xfer_count, 1),
		BAD(RECV, OWNER, xfer_count, 255),
		BAD(RECV, OWNER, cap_max, 9),
		BAD(RECV, OWNER, cap_max, 255),
		BAD(RECV, OWNER, op_flags, 1),
		BAD(RECV, OWNER, op_flags, 0x80000000),
		BAD(RECV, OWNER, reserved, 1),
		BAD(RECV, OWNER, reserved, 0x8000),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(return_with_a_field_that_it_does_not_have)
{
	static const struct hostile_case cases[] = {
		BAD(RETURN, CALL, flags, CAP_SQE_PROMISED),
		BAD(RETURN, CALL, flags, CAP_SQE_ANSWER_ONLY),
		BAD(RETURN, CALL, flags, CAP_SQE_ANSWER),
		BAD(RETURN, CALL, flags, CAP_SQE_LAST),
		BAD(RETURN, CALL, flags, 0x80),
		BAD(RETURN, CALL, method, 1),
		BAD(RETURN, CALL, method, 0x8000),
		BAD(RETURN, CALL, result_addr, 1),
		BAD(RETURN, CALL, result_addr, 0x8000000000000000),
		BAD(RETURN, CALL, result_len, 1),
		BAD(RETURN, CALL, result_len, 0x80000000),
		BAD(RETURN, CALL, answer_id, 1),
		BAD(RETURN, CALL, answer_id, 0x80000000),
		BAD(RETURN, CALL, cap_max, 1),
		BAD(RETURN, CALL, cap_max, 255),
		BAD(RETURN, CALL, op_flags, 1),
		BAD(RETURN, CALL, op_flags, 0x80000000),
		BAD(RETURN, CALL, reserved, 1),
		BAD(RETURN, CALL, reserved, 0x8000),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(release_with_a_field_that_it_does_not_have)
{
	static const struct hostile_case cases[] = {
		BAD(RELEASE, TIMER, flags, 1),
		BAD(RELEASE, TIMER, flags, 0x80),
		BAD(RELEASE, TIMER, method, 1),
		BAD(RELEASE, TIMER, method, 0x8000),
		BAD(RELEASE, TIMER, addr, 1),
		BAD(RELEASE, TIMER, result_addr, 1),
		BAD(RELEASE, TIMER, len, 1),
		BAD(RELEASE, TIMER, result_len, 1),
		BAD(RELEASE, TIMER, answer_id, 1),
		BAD(RELEASE, TIMER, xfer_count, 1),
		BAD(RELEASE, TIMER, cap_max, 1),
		BAD(RELEASE, TIMER, op_flags, 1),
		BAD(RELEASE, TIMER, op_flags, 0x80000000),
		BAD(RELEASE, TIMER, reserved, 1),
		BAD(RELEASE, TIMER, reserved, 0x8000),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(finish_with_a_field_that_it_does_not_have)
{
	static const struct hostile_case cases[] = {
		BAD(FINISH, AS_IS, flags, CAP_SQE_EXCEPTION),
		BAD(FINISH, AS_IS, flags, CAP_SQE_PROMISED),
		BAD(FINISH, AS_IS, flags, 0x80),
		BAD(FINISH, AS_IS, method, 1),
		BAD(FINISH, AS_IS, addr, 1),
		BAD(FINISH, AS_IS, result_addr, 1),
		BAD(FINISH, AS_IS, len, 1),
		BAD(FINISH, AS_IS, result_len, 1),
		BAD(FINISH, AS_IS, answer_id, 1),
		BAD(FINISH, AS_IS, xfer_count, 1),
		BAD(FINISH, AS_IS, cap_max, 1),
		BAD(FINISH, AS_IS, op_flags, 1),
		BAD(FINISH, AS_IS, op_flags, 0x80000000),
		BAD(FINISH, AS_IS, reserved, 1),
		BAD(FINISH, AS_IS, reserved, 0x8000),
		BAD_ANSWER(method),
		BAD_ANSWER(addr),
		BAD_ANSWER(result_addr),
		BAD_ANSWER(len),
		BAD_ANSWER(result_len),
		BAD_ANSWER(answer_id),
		BAD_ANSWER(xfer_count),
		BAD_ANSWER(cap_max),
		BAD_ANSWER(op_flags),
		BAD_ANSWER(reserved),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(signal_with_a_field_that_it_does_not_have)
{
	static const struct hostile_case cases[] = {
		BAD_MASK(SIGNAL, SIGNALLER, flags, 1),
		BAD_MASK(SIGNAL, SIGNALLER, flags, 0x80),
		BAD_MASK(SIGNAL, SIGNALLER, method, 1),
		BAD_MASK(SIGNAL, SIGNALLER, result_addr, 1),
		BAD_MASK(SIGNAL, SIGNALLER, len, 1),
		BAD_MASK(SIGNAL, SIGNALLER, result_len, 1),
		BAD_MASK(SIGNAL, SIGNALLER, answer_id, 1),
		BAD_MASK(SIGNAL, SIGNALLER, xfer_count, 1),
		BAD_MASK(SIGNAL, SIGNALLER, cap_max, 1),
		BAD(SIGNAL, SIGNALLER, addr, 0),
		BAD_MASK(SIGNAL, SIGNALLER, op_flags, 1),
		BAD_MASK(SIGNAL, SIGNALLER, op_flags, 0x80000000),
		BAD_MASK(SIGNAL, SIGNALLER, reserved, 1),
		BAD_MASK(SIGNAL, SIGNALLER, reserved, 0x8000),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

TEST(wait_with_a_field_that_it_does_not_have)
{
	static const struct hostile_case cases[] = {
		BAD_MASK(WAIT, NOTIFICATION, flags, 1),
		BAD_MASK(WAIT, NOTIFICATION, flags, 0x80),
		BAD_MASK(WAIT, NOTIFICATION, method, 1),
		BAD_MASK(WAIT, NOTIFICATION, result_addr, 1),
		BAD_MASK(WAIT, NOTIFICATION, len, 1),
		BAD_MASK(WAIT, NOTIFICATION, result_len, 1),
		BAD_MASK(WAIT, NOTIFICATION, answer_id, 1),
		BAD_MASK(WAIT, NOTIFICATION, xfer_count, 1),
		BAD_MASK(WAIT, NOTIFICATION, cap_max, 1),
		BAD(WAIT, NOTIFICATION, addr, 0),
		BAD_MASK(WAIT, NOTIFICATION, op_flags, 1),
		BAD_MASK(WAIT, NOTIFICATION, op_flags, 0x80000000),
		BAD_MASK(WAIT, NOTIFICATION, reserved, 1),
		BAD_MASK(WAIT, NOTIFICATION, reserved, 0x8000),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}

#define OPCODE(number)                                                                             \
	{ .what = "opcode " #number,                                                               \
		.sqe = { .op = (number), .user_data = 77 },                                        \
		.expected = CAP_ERR_UNSUPPORTED_OPCODE }

TEST(opcodes_that_do_not_exist)
{
	static const struct hostile_case cases[] = {
		OPCODE(CAP_OP_COUNT),
		OPCODE(CAP_OP_COUNT + 1),
		OPCODE(15),
		OPCODE(16),
		OPCODE(31),
		OPCODE(32),
		OPCODE(63),
		OPCODE(64),
		OPCODE(127),
		OPCODE(128),
		OPCODE(254),
		OPCODE(255),
	};

	hostile_run(cases, sizeof(cases) / sizeof(cases[0]));
}
