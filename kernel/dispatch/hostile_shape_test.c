/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile submissions: opcodes, flags, and fields that an opcode does not use. */
#include "arch/sim/hostile.h"

/* Submissions that would be accepted, and the flags that each could have besides. */
static const struct opcode {
	struct hostile_case base;
	uint8_t flags;
} opcodes[] = {
	{ .base = { .what = "NOP", .sqe.op = CAP_OP_NOP } },
	{ .base = { .what = "CALL", .target = HOSTILE_TIMER, .sqe.op = CAP_OP_CALL },
	    .flags = CAP_SQE_PROMISED },
	{ .base = { .what = "RECV", .target = HOSTILE_OWNER, .sqe.op = CAP_OP_RECV } },
	{ .base = { .what = "RETURN", .target = HOSTILE_CALL, .sqe.op = CAP_OP_RETURN },
	    .flags = CAP_SQE_EXCEPTION | CAP_SQE_RECEIVE },
	{ .base = { .what = "RELEASE", .target = HOSTILE_TIMER, .sqe.op = CAP_OP_RELEASE } },
	{ .base = { .what = "FINISH", .sqe.op = CAP_OP_FINISH }, .flags = CAP_SQE_ANSWER },
	{ .base = { .what = "FINISH of an answer",
	      .sqe = { .op = CAP_OP_FINISH, .flags = CAP_SQE_ANSWER, .target = HOSTILE_ANSWER } },
	    .flags = CAP_SQE_ANSWER },
	{ .base = { .what = "SIGNAL",
	      .target = HOSTILE_SIGNALLER,
	      .sqe = { .op = CAP_OP_SIGNAL, .addr = 1 } } },
	{ .base = { .what = "WAIT",
	      .target = HOSTILE_NOTIFICATION,
	      .sqe = { .op = CAP_OP_WAIT, .addr = 1 } } },
};

#define OPCODES (sizeof(opcodes) / sizeof(opcodes[0]))
#define USE(opcode) (1u << CAP_OP_##opcode)
#define FIELD(field, uses)                                                                         \
	{ #field, offsetof(struct cap_sqe, field), sizeof(((struct cap_sqe *)0)->field), (uses) }

/* Fields, and the opcodes that have a use for them. */
static const struct field {
	const char *name;
	size_t offset, bytes;
	uint32_t uses;
} fields[] = {
	FIELD(method, USE(CALL)),
	FIELD(op_flags, 0),
	FIELD(target, ~USE(NOP)),
	FIELD(addr, USE(CALL) | USE(RETURN) | USE(SIGNAL) | USE(WAIT)),
	FIELD(result_addr, USE(CALL) | USE(RECV)),
	FIELD(len, USE(CALL) | USE(RETURN)),
	FIELD(result_len, USE(CALL) | USE(RECV)),
	FIELD(answer_id, USE(CALL)),
	FIELD(xfer_count, USE(CALL) | USE(RETURN)),
	FIELD(cap_max, USE(CALL) | USE(RECV)),
	FIELD(reserved, 0),
};

/* The submission with one bit more. */
static void
check_bit(const struct opcode *opcode, const char *field, size_t bit)
{
	struct hostile_case c = opcode->base;
	char what[80];

	(void)snprintf(what, sizeof(what), "%s, %s, bit %zu", opcode->base.what, field, bit);
	c.what = what;
	c.sqe.user_data = 77;
	c.expected = CAP_ERR_INVALID_REQUEST;
	((uint8_t *)&c.sqe)[bit / 8] |= (uint8_t)(1u << bit % 8);
	hostile_check(&c);
}

TEST(fields_that_an_opcode_does_not_have)
{
	(void)hostile_start();
	for (size_t i = 0; i < OPCODES * sizeof(fields) / sizeof(fields[0]); i++) {
		const struct opcode *opcode = &opcodes[i % OPCODES];
		const struct field *field = &fields[i / OPCODES];

		if ((field->uses & 1u << opcode->base.sqe.op) != 0)
			continue;
		check_bit(opcode, field->name, field->offset * 8);
		check_bit(opcode, field->name, (field->offset + field->bytes) * 8 - 1);
	}
}

TEST(flags_that_an_opcode_does_not_have)
{
	(void)hostile_start();
	for (size_t i = 0; i < OPCODES * 8; i++)
		if ((opcodes[i / 8].flags & 1u << i % 8) == 0)
			check_bit(
			    &opcodes[i / 8], "flags", offsetof(struct cap_sqe, flags) * 8 + i % 8);
}

#define BAD(opcode, of, ...)                                                                       \
	{ .what = #opcode " " #__VA_ARGS__,                                                        \
		.target = HOSTILE_##of,                                                            \
		.sqe = { .op = CAP_OP_##opcode, .user_data = 77, __VA_ARGS__ },                    \
		.expected = CAP_ERR_INVALID_REQUEST }

TEST(fields_outside_of_their_range)
{
	static const struct hostile_case cases[] = {
		BAD(CALL, TIMER, .cap_max = 9),
		BAD(CALL, TIMER, .cap_max = 255),
		BAD(RECV, OWNER, .cap_max = 9),
		BAD(RECV, OWNER, .cap_max = 255),
		BAD(SIGNAL, SIGNALLER, .addr = 0),
		BAD(WAIT, NOTIFICATION, .addr = 0),
	};

	HOSTILE_RUN(cases);
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

	HOSTILE_RUN(cases);
}
