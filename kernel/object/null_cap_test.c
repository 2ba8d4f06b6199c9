/* SPDX-License-Identifier: Apache-2.0 */
/* NullCap: calls of it change nothing, whichever way they take. */
#include <schema/null_cap.capnp.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "object/permanent.h"

static struct world_process one;
static cap_id_t null_cap;
static struct world_call call;

static void
start(void)
{
	world_start();
	objects_init();
	one = world_process(NULL);
	null_cap = world_give(&one, null_cap_object(), 0);
}

static void
begin(void)
{
	world_call_begin(&call, &one, null_cap, NULL_CAP_METHOD_CALL);
	(void)null_cap_call_params_init_root(&call.params);
}

TEST(a_call_answers_with_an_empty_struct_and_changes_nothing)
{
	struct world_accounts before, after;

	start();
	begin();
	CHECK_EQ(world_call(&call), CAP_OK);
	before = world_accounts(&one);
	for (uint32_t i = 0; i < 1000; i++) {
		begin();
		CHECK_EQ(world_call(&call), CAP_OK);
		CHECK_EQ(call.cqe.result, 16);
		CHECK_EQ(call.cqe.cap_count, 0);
	}
	after = world_accounts(&one);
	CHECK_MEMORY(&before, &after, sizeof(before));
}

/* A message in the ring's message area, and its answer in the same place: the way without reader
 * and builder. */
static int32_t
call_in_place(const uint64_t *message, uint32_t bytes)
{
	const struct cap_sqe sqe = { .op = CAP_OP_CALL,
		.target = null_cap,
		.method = NULL_CAP_METHOD_CALL,
		.addr = one.message,
		.result_addr = one.message,
		.len = bytes,
		.result_len = 16 };
	struct cap_cqe cqe;

	world_write(&one, one.message, message, bytes);
	world_submit(&one, &sqe);
	CHECK(world_enter(&one, 0, 0) >= 0);
	CHECK(world_reap(&one, &cqe));
	return cqe.result;
}

TEST(the_short_way_answers_the_same)
{
	static const uint64_t message[] = { UINT64_C(1) << 32, UINT32_C(0xfffffffc) };
	uint64_t answer[2] = { 0 };

	start();
	CHECK_EQ(call_in_place(message, sizeof(message)), 16);
	world_read(&one, one.message, answer, sizeof(answer));
	CHECK_MEMORY(answer, message, sizeof(message));
}

TEST(without_room_for_the_answer_there_is_none)
{
	start();
	begin();
	call.sqe.result_len = 8;
	CHECK_EQ(world_call(&call), CAP_ERR_BUFFER_TOO_SMALL);
}

TEST(what_is_no_message_is_refused)
{
	static const struct {
		uint64_t words[2];
		uint32_t bytes;
	} messages[] = {
		{ { 0 }, 0 },
		{ { 0 }, 4 },
		{ { UINT64_C(1) << 32, 0 }, 8 },
		{ { UINT64_C(9) << 32, UINT32_C(0xfffffffc) }, 16 },
		{ { UINT64_C(1) << 32 | 1, UINT32_C(0xfffffffc) }, 16 },
	};

	start();
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		CHECK(call_in_place(messages[i].words, messages[i].bytes) < 0);
	begin();
	CHECK_EQ(world_call(&call), CAP_OK);
}

TEST(a_method_that_does_not_exist_is_refused)
{
	start();
	world_call_begin(&call, &one, null_cap, 1);
	CHECK_EQ(world_call(&call), CAP_ERR_UNIMPLEMENTED_METHOD);
}
