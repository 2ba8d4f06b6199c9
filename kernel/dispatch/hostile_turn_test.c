/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile turns: what is wrong with the RECV is found before the answer goes, and vice versa. */
#include "arch/sim/hostile.h"

#define ROOM (HOSTILE_MESSAGE + 512)
#define TURN(of, from, error, ...)                                                                 \
	{ .what = "turn " #of " " #from " " #__VA_ARGS__,                                          \
		.target = HOSTILE_##of,                                                            \
		.receive_from = HOSTILE_##from,                                                    \
		.sqe = { .op = CAP_OP_RETURN,                                                      \
		    .flags = CAP_SQE_RECEIVE,                                                      \
		    .user_data = 77,                                                               \
		    __VA_ARGS__ },                                                                 \
		.expected = CAP_ERR_##error }
#define GOOD .addr = HOSTILE_MESSAGE, .len = 16
#define RECEIVES .result_addr = ROOM, .result_len = 128

TEST(turns_whose_receive_is_wrong)
{
	static const struct hostile_case cases[] = {
		TURN(CALL, OWNER, INVALID_REQUEST, GOOD, RECEIVES, .cap_max = 9),
		TURN(CALL, OWNER, INVALID_REQUEST, GOOD, RECEIVES, .cap_max = 255),
		TURN(CALL, OWNER, BUFFER_TOO_SMALL, GOOD, .result_addr = ROOM, .result_len = 63),
		TURN(CALL, OWNER, BUFFER_TOO_SMALL, GOOD, .result_addr = ROOM),
		TURN(CALL, OWNER, INVALID_BUFFER, GOOD, .result_addr = ROOM + 1, .result_len = 128),
		TURN(CALL, OWNER, INVALID_BUFFER, GOOD, .result_addr = ROOM + 4, .result_len = 128),
		TURN(CALL, TIMER, WRONG_INTERFACE, GOOD, RECEIVES),
		TURN(CALL, FACET, WRONG_INTERFACE, GOOD, RECEIVES),
		TURN(CALL, NOTIFICATION, WRONG_INTERFACE, GOOD, RECEIVES),
		TURN(CALL, STALE, STALE_GENERATION, GOOD, RECEIVES),
		TURN(CALL, EMPTY, STALE_GENERATION, GOOD, RECEIVES),
		TURN(CALL, REVOKED, REVOKED, GOOD, RECEIVES),
		TURN(CALL, FOREIGN, INVALID_CAP, GOOD, RECEIVES),
		TURN(CALL, AS_IS, INVALID_CAP, GOOD, RECEIVES),
		TURN(CALL, AS_IS, INVALID_CAP, GOOD, RECEIVES, .receive_from = CAP_DEADLINE_NONE),
	};

	HOSTILE_RUN(cases);
}

TEST(turns_whose_answer_is_wrong)
{
	static const struct hostile_case cases[] = {
		TURN(CALL_BEFORE, OWNER, INVALID_CALL_ID, GOOD, RECEIVES),
		TURN(AS_IS, OWNER, INVALID_CALL_ID, GOOD, RECEIVES),
		TURN(TIMER, OWNER, INVALID_CALL_ID, GOOD, RECEIVES),
		TURN(AS_IS, OWNER, INVALID_CALL_ID, GOOD, RECEIVES, .target = UINT64_MAX),
		TURN(CALL, OWNER, INVALID_REQUEST, GOOD, RECEIVES, .method = 1),
		TURN(CALL, OWNER, INVALID_REQUEST, GOOD, RECEIVES, .op_flags = 1),
		TURN(CALL, OWNER, INVALID_REQUEST, GOOD, RECEIVES, .answer_id = 1),
		TURN(CALL, OWNER, INVALID_REQUEST, GOOD, RECEIVES, .reserved = 1),
		TURN(CALL, OWNER, INVALID_TRANSFER_DESCRIPTOR, GOOD, RECEIVES, .xfer_count = 9),
		TURN(CALL, OWNER, INVALID_BUFFER, RECEIVES, .addr = WORLD_UNMAPPED, .len = 16),
		TURN(CALL, OWNER, INVALID_BUFFER, RECEIVES, .addr = UINT64_MAX - 7, .len = 16),
		TURN(CALL, OWNER, MESSAGE_TOO_LARGE, RECEIVES, .addr = WORLD_DATA, .len = 16385),
		TURN(CALL, OWNER, MESSAGE_TOO_LARGE, RECEIVES, .addr = WORLD_DATA, .len = 65537),
		TURN(CALL, OWNER, MESSAGE_TOO_LARGE, RECEIVES, .addr = WORLD_DATA,
		    .len = UINT32_MAX),
	};

	HOSTILE_RUN(cases);
}

/* The flag is a RETURN's alone, and what is a deadline elsewhere is none there. */
TEST(turns_of_other_opcodes)
{
	static const uint8_t opcodes[] = { CAP_OP_NOP, CAP_OP_RECV, CAP_OP_RELEASE, CAP_OP_FINISH,
		CAP_OP_SIGNAL, CAP_OP_WAIT };

	(void)hostile_start();
	for (size_t i = 0; i < sizeof(opcodes); i++) {
		struct hostile_case c = TURN(OWNER, AS_IS, INVALID_REQUEST, .addr = 1);

		c.sqe.op = opcodes[i];
		hostile_check(&c);
	}
}
