/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Submissions, indexes, pointers and system calls that no honest program makes. Each row names the
 * error that it must get. After each table an honest call still works: nothing was harmed.
 */
#include "claims.h"
#include "raw_ring.h"

#include <abi/start.h>
#include <capos/capos.h>
#include <schema/console.client.h>
#include <schema/status.capnp.h>
#include <schema/timer.client.h>

#define UNMAPPED UINT64_C(0x10000000)
#define KERNEL_ADDRESS UINT64_C(0xffff800000100000)
#define NON_CANONICAL UINT64_C(0x0000800000000000)
#define CODE_ADDRESS USER_IMAGE_BASE

struct row {
	const char *claim;
	struct cap_sqe sqe;
	int32_t expected;
};

static const struct row shape_rows[] = {
	{ "an unknown opcode is refused", { .op = CAP_OP_COUNT }, CAP_ERR_UNSUPPORTED_OPCODE },
	{ "opcode 255 is refused", { .op = 255 }, CAP_ERR_UNSUPPORTED_OPCODE },
	{ "a NOP with an unknown flag is refused", { .op = CAP_OP_NOP, .flags = 0x80 },
	    CAP_ERR_INVALID_REQUEST },
	{ "a NOP with op_flags is refused", { .op = CAP_OP_NOP, .op_flags = 1 },
	    CAP_ERR_INVALID_REQUEST },
	{ "a NOP with a reserved field is refused", { .op = CAP_OP_NOP, .reserved = 1 },
	    CAP_ERR_INVALID_REQUEST },
	{ "a NOP with an answer id is refused", { .op = CAP_OP_NOP, .answer_id = 1 },
	    CAP_ERR_INVALID_REQUEST },
	{ "a NOP with a target is refused", { .op = CAP_OP_NOP, .target = 1 },
	    CAP_ERR_INVALID_REQUEST },
	{ "a RELEASE with a method is refused", { .op = CAP_OP_RELEASE, .method = 1 },
	    CAP_ERR_INVALID_REQUEST },
	{ "a RELEASE of the null capability is refused", { .op = CAP_OP_RELEASE },
	    CAP_ERR_INVALID_CAP },
	{ "a RELEASE of an index outside the table is refused",
	    { .op = CAP_OP_RELEASE, .target = 0xffffff }, CAP_ERR_INVALID_CAP },
	{ "a RELEASE of all ones is refused", { .op = CAP_OP_RELEASE, .target = UINT64_MAX },
	    CAP_ERR_INVALID_CAP },
	{ "a CALL of the null capability is refused", { .op = CAP_OP_CALL }, CAP_ERR_INVALID_CAP },
	{ "a CALL with an exception flag is refused",
	    { .op = CAP_OP_CALL, .flags = CAP_SQE_EXCEPTION }, CAP_ERR_INVALID_REQUEST },
	{ "a CALL that takes more capabilities than a message has is refused",
	    { .op = CAP_OP_CALL, .cap_max = 9 }, CAP_ERR_INVALID_REQUEST },
	{ "a CALL with more transfers than a message has is refused",
	    { .op = CAP_OP_CALL, .xfer_count = 9 }, CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ "a RECV on no endpoint is refused", { .op = CAP_OP_RECV }, CAP_ERR_INVALID_CAP },
	{ "a RETURN of a call that was never delivered is refused",
	    { .op = CAP_OP_RETURN, .target = 12345 }, CAP_ERR_INVALID_CALL_ID },
	{ "a FINISH of nothing is refused", { .op = CAP_OP_FINISH, .target = 0x1234567812345678 },
	    CAP_ERR_NOT_FOUND },
};

static void
run_rows(struct claims *claims, struct raw_ring *raw, const struct row *rows, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		claim_equal(claims, rows[i].claim, raw_run(raw, &rows[i].sqe), rows[i].expected);
}

/* Parameter and result buffers of a real call that point where they must not. */
static void
claim_pointers(struct claims *claims, struct raw_ring *raw, uint64_t timer)
{
	static const uint64_t bad[] = { UNMAPPED, KERNEL_ADDRESS, NON_CANONICAL, UINT64_MAX - 8,
		0x1000 };
	struct cap_sqe sqe = { .op = CAP_OP_CALL, .target = timer, .len = 16, .result_len = 64 };
	uint64_t message = (uint64_t)raw->message;

	for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		sqe.addr = bad[i];
		sqe.result_addr = message + 64;
		claim_equal(claims, "parameters at a bad address are refused", raw_run(raw, &sqe),
		    CAP_ERR_INVALID_BUFFER);
	}
	__builtin_memset(raw->message, 0, 128);
	*(uint32_t *)(void *)(raw->message + 4) =
	    1; /* one segment of one word: a null root, no parameters */
	sqe.addr = message;
	for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		sqe.result_addr = bad[i];
		claim_equal(claims, "a result buffer at a bad address is refused",
		    raw_run(raw, &sqe), CAP_ERR_INVALID_BUFFER);
	}
	sqe.result_addr = CODE_ADDRESS;
	claim_equal(claims, "a result buffer in the program's code is refused", raw_run(raw, &sqe),
	    CAP_ERR_INVALID_BUFFER);
	sqe.result_addr = message + 64;
	claim(claims, "the same call with good buffers works", raw_run(raw, &sqe) > 0);
	sqe.method = 99;
	sqe.result_len = 256;
	claim_equal(claims, "a method that does not exist is an exception", raw_run(raw, &sqe),
	    CAP_ERR_APPLICATION_EXCEPTION);
	sqe.result_len = 8;
	claim_equal(claims, "an exception without room is truncated", raw_run(raw, &sqe),
	    CAP_ERR_APPLICATION_EXCEPTION_TRUNCATED);
}

/*
 * Bytes so far behind their pointer that an address would wrap around: from the kernel's own
 * memory, at the end of the address space, into the program's.
 */
static void
claim_far_bytes(struct claims *claims, struct raw_ring *raw, uint64_t console)
{
	static const uint32_t offsets[] = { 2, 0x0fffffff, 0x10000000, 0x10080000, 0x1fffffff };
	struct cap_sqe sqe = { .op = CAP_OP_CALL, .target = console, .result_len = 64 };
	uint64_t *words = (uint64_t *)(void *)raw->message;

	words[0] = (uint64_t)3 << 32; /* one segment of three words */
	words[1] = UINT64_C(1) << 48; /* the root: one pointer */
	words[3] = 0x0a;	      /* what an honest pointer would lead to */
	sqe.addr = (uint64_t)words;
	sqe.len = 4 * sizeof(uint64_t);
	sqe.result_addr = sqe.addr + 64;
	sqe.method = CONSOLE_METHOD_WRITE;
	for (uint32_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		/* A list of one byte. */
		words[2] = (uint64_t)offsets[i] << 2 | UINT64_C(0xa00000001);
		claim_equal(claims, "bytes that are far outside of a message are refused",
		    raw_run(raw, &sqe), CAP_ERR_APPLICATION_EXCEPTION);
	}
}

static void
claim_system_calls(struct claims *claims)
{
	claim_equal(
	    claims, "system call 2 does not exist", raw_syscall(2, 0, 0), CAP_ERR_UNKNOWN_SYSCALL);
	claim_equal(claims, "system call -1 does not exist", raw_syscall(UINT64_MAX, 0, 0),
	    CAP_ERR_UNKNOWN_SYSCALL);
	claim_equal(claims, "more completions than the queue holds are refused", raw_enter(33, 0),
	    CAP_ERR_INVALID_REQUEST);
	claim_equal(claims, "an unknown bit of min_complete is refused", raw_enter(1U << 30, 0),
	    CAP_ERR_INVALID_REQUEST);
	claim_equal(claims, "a yield with a deadline is refused", raw_enter(CAP_ENTER_YIELD, 1),
	    CAP_ERR_INVALID_REQUEST);
	claim_equal(claims, "a wait that nothing can end is refused",
	    raw_enter(1, CAP_DEADLINE_NONE), CAP_ERR_UNENDABLE_WAIT);
	claim_equal(claims, "a poll of an empty ring finds nothing", raw_enter(0, 0), 0);
}

/* After a forged sq_tail the kernel goes on behind it; nothing between is run. */
static void
claim_corruption(struct claims *claims, struct raw_ring *raw)
{
	struct cap_sqe nop = { .op = CAP_OP_NOP, .user_data = 7 };
	int64_t entered;

	/* Only an honest ring can carry the report: forge, enter, mend, then claim. */
	raw_ring_begin(raw);
	raw->ring->sq_tail = raw->sq_tail + raw->ring->sq_entries + 1;
	entered = raw_enter(0, 0);
	claim_equal(claims, "a forged submission tail is noticed", entered, CAP_ERR_RING_CORRUPT);
	claim_equal(claims, "nothing of it was run", raw_enter(0, 0), 0);
	claim_equal(claims, "the ring works behind the forged tail", raw_run(raw, &nop), 0);
	raw_ring_begin(raw);
	raw->ring->cq_head = raw->cq_head + 5;
	entered = raw_enter(0, 0);
	raw->ring->cq_head = raw->cq_head;
	claim_equal(claims, "a forged completion head is noticed", entered, CAP_ERR_RING_CORRUPT);
	claim_equal(claims, "the ring works with the true head", raw_run(raw, &nop), 0);
}

/* A flood of NOPs gets its completions and no more than its share of an entry. */
static void
claim_flood(struct claims *claims, struct raw_ring *raw)
{
	struct cap_sqe nop = { .op = CAP_OP_NOP };
	struct cap_cqe cqe;
	uint32_t in_order = 0;

	for (uint32_t round = 0; round < 1000; round++) {
		for (uint32_t i = 0; i < 16; i++) {
			nop.user_data = round * 16 + i;
			raw_submit(raw, &nop);
		}
		for (uint32_t i = 0; i < 16; i++)
			in_order += raw_complete(raw, &cqe) && cqe.user_data == round * 16 + i &&
			    cqe.result == 0;
	}
	claim_equal(claims, "16,000 NOPs are answered once each, in order", in_order, 16000);
}

int
capos_main(struct capos *self)
{
	struct claims claims;
	struct raw_ring raw;
	struct timer timer;
	struct console console;
	uint64_t now_ns = 0;

	claims_start(&claims, self, "ring-hostile");
	if (timer_from_capset(self, "timer", &timer) != CAP_OK ||
	    console_from_capset(self, "console", &console) != CAP_OK)
		return 101;
	/* Raw submissions and the reports of claims take turns; each leaves the ring idle. */
	raw_ring_begin(&raw);
	run_rows(&claims, &raw, shape_rows, sizeof(shape_rows) / sizeof(shape_rows[0]));
	claim_pointers(&claims, &raw, timer.cap.cap_id);
	claim_far_bytes(&claims, &raw, console.cap.cap_id);
	claim_system_calls(&claims);
	claim_corruption(&claims, &raw);
	claim_flood(&claims, &raw);
	claim(&claims, "an honest call still works",
	    timer_now(timer, &now_ns) == CAP_OK && now_ns != 0);
	return claims_end(&claims);
}
