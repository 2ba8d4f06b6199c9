/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the files that run submissions share. */
#include "base/annotate.h"
#include "ring/ring.h"

/* Words of a submission, as abi/ring.h lays them out. */
#define WORD_OP 0 /* op 8, flags 8, method 16, op_flags 32 */
#define WORD_ADDR 3
#define WORD_RESULT_ADDR 4
#define WORD_LENGTHS 5	/* len 32, result_len 32 */
#define WORD_TRANSFER 6 /* answer_id 32, xfer_count 8, cap_max 8, reserved 16 */

#define OP_FLAGS UINT64_C(0x000000000000ff00)
#define CALL_FLAGS ((uint64_t)(CAP_SQE_PROMISED | CAP_SQE_ANSWER_ONLY | CAP_SQE_LAST) << 8)
#define RETURN_FLAGS ((uint64_t)(CAP_SQE_EXCEPTION | CAP_SQE_RECEIVE) << 8)
#define OP_METHOD UINT64_C(0x00000000ffff0000)
#define OP_OP_FLAGS UINT64_C(0xffffffff00000000)
#define LENGTHS_LEN UINT64_C(0x00000000ffffffff)
#define TRANSFER_ANSWER UINT64_C(0x00000000ffffffff)
#define TRANSFER_ONE UINT64_C(0x0000000100000000)
#define TRANSFER_CAP_MAX UINT64_C(0x0000ff0000000000)
#define TRANSFER_RESERVED UINT64_C(0xffff000000000000)

_Static_assert(
    offsetof(struct cap_sqe, op_flags) == 4 && offsetof(struct cap_sqe, method) == 2, "WORD_OP");
_Static_assert(offsetof(struct cap_sqe, len) == 40 && offsetof(struct cap_sqe, result_len) == 44,
    "WORD_LENGTHS");
_Static_assert(offsetof(struct cap_sqe, answer_id) == 48 &&
	offsetof(struct cap_sqe, cap_max) == 53 && offsetof(struct cap_sqe, reserved) == 54,
    "WORD_TRANSFER");

static inline uint64_t
word(const struct op *op, uint32_t index)
{
	uint64_t value;

	__builtin_memcpy(&value, (const char *)&op->sqe + index * sizeof(value), sizeof(value));
	return value;
}

static inline bool
is_turn(const struct op *op)
{
	return op->sqe.op == CAP_OP_RETURN && (op->sqe.flags & CAP_SQE_RECEIVE) != 0;
}

/* serve.c: what run() of submission.c does with these, and refuses. */
struct process;
MUST_CHECK enum cap_status serve_receive(struct process *process, struct op *op);
MUST_CHECK enum cap_status serve_return(struct op *op);
MUST_CHECK enum cap_status serve_turn(struct op *op);

/* The general way of every submission: it is pending behind, or has ended. */
void submission_run_unusual(struct op *op);
