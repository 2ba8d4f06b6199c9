/* SPDX-License-Identifier: Apache-2.0 */
/* Calls with flat messages over a kernel that the test plays: the bytes on the wire, answers good
 * and hostile, many in flight, and that nothing is lost when one cannot be sent. */
#include <schema/console.client.h>
#include <schema/echo.client.h>
#include <schema/system_info.client.h>
#include <schema/timer.client.h>

#include "base/test.h"
#include "fake_kernel.h"

#define TIMER_CAP 0x1000001

static struct capos self;
static jmp_buf exit_jump;
static int64_t exit_code;

void
capos_exit(int64_t code)
{
	exit_code = code;
	longjmp(exit_jump, 1);
}

static struct timer
timer(void)
{
	return (struct timer){ { &self, TIMER_CAP, TIMER_INTERFACE_ID } };
}

/* What the next call is answered with. */
static struct {
	uint64_t words[8];
	int32_t result;
} answer;
static uint64_t answered;
static uint64_t sent[CAPOS_MEDIUM_PARAM_BYTES / 8];

static void
answer_prepared(const struct cap_sqe *sqe)
{
	memcpy(sent, (const void *)sqe->addr, sqe->len);
	if (answer.result > 0)
		memcpy((void *)sqe->result_addr, answer.words, (size_t)answer.result);
	fake_complete(sqe, answer.result);
}

static void
answer_count(const struct cap_sqe *sqe)
{
	uint64_t words[] = { UINT64_C(2) << 32, UINT64_C(1) << 32, ++answered };

	memcpy((void *)sqe->result_addr, words, sizeof(words));
	fake_complete(sqe, sizeof(words));
}

static void
answer_newest(void)
{
	answer_count(&fake.in_flight[fake.in_flight_count - 1]);
}

static void
start(void)
{
	fake_start(&self);
	answered = 0;
	exit_code = 0;
	fake.on_op = answer_prepared;
}

static uint32_t
free_scalar_blocks(void)
{
	uint32_t count = 0;

	for (const struct capos_block *block = self.free_blocks[CAPOS_BLOCK_SCALAR]; block != NULL;
	    block = block->next)
		count++;
	return count;
}

/* The same method through the general client. */
static size_t
built(uint64_t *words, bool is_sleep)
{
	struct capnp_builder builder;

	capnp_builder_init(&builder, words, CAPOS_SCALAR_BYTES);
	if (is_sleep)
		timer_sleep_until_params_set_deadline_ns(
		    timer_sleep_until_params_init_root(&builder), UINT64_C(0x1122334455667788));
	else
		(void)timer_now_params_init_root(&builder);
	return capnp_builder_finish(&builder);
}

TEST(the_message_is_the_one_that_a_builder_makes)
{
	for (int is_sleep = 0; is_sleep < 2; is_sleep++) {
		uint64_t words[CAPOS_SCALAR_BYTES / 8];
		uint64_t ns;

		start();
		answer.result = CAP_ERR_CANCELLED;
		CHECK_EQ(is_sleep ? timer_sleep_until(timer(), UINT64_C(0x1122334455667788))
				  : timer_now(timer(), &ns),
		    CAP_ERR_CANCELLED);
		CHECK_EQ(fake.log[0].len, built(words, is_sleep));
		CHECK_MEMORY(sent, words, fake.log[0].len);
		CHECK_EQ(fake.log[0].op, CAP_OP_CALL);
		CHECK_EQ(fake.log[0].target, TIMER_CAP);
		CHECK_EQ(fake.log[0].method, is_sleep);
		CHECK_EQ(fake.log[0].addr, fake.log[0].result_addr);
		CHECK_EQ(fake.log[0].result_len, CAPOS_SCALAR_BYTES);
		CHECK_EQ(fake.log[0].flags | fake.log[0].op_flags | fake.log[0].reserved |
			fake.log[0].cap_max | fake.log[0].xfer_count | fake.log[0].answer_id,
		    0);
		CHECK_EQ(fake.log[0].deadline_ns, 0);
		CHECK_EQ(free_scalar_blocks(), CAPOS_SCALAR_COUNT);
	}
}

/* Answers to Timer.now, and what the client makes of them. */
static const struct {
	uint64_t words[6];
	int32_t result;
	enum cap_status status;
	uint64_t ns;
} answers[] = {
	{ { UINT64_C(2) << 32, UINT64_C(1) << 32, 77 }, 24, CAP_OK, 77 },
	/* A newer server's, with more data and a pointer. */
	{ { UINT64_C(4) << 32, UINT64_C(1) << 48 | UINT64_C(2) << 32, 78, 1, 0 }, 40, CAP_OK, 78 },
	/* An older server's: the field is not there. */
	{ { UINT64_C(1) << 32, UINT32_C(0xfffffffc) }, 16, CAP_OK, 0 },
	{ { UINT64_C(1) << 32, 0 }, 16, CAP_OK, 0 },
	/* The root behind a far pointer in another segment. */
	{ { UINT64_C(1) << 32 | 1, 2, UINT64_C(1) << 32 | 2, UINT64_C(1) << 32, 79 }, 40, CAP_OK,
	    79 },
	/* Hostile: sizes that do not agree, roots that leave the message, roots of another kind. */
	{ { UINT64_C(3) << 32, UINT64_C(1) << 32, 1 }, 24, CAP_ERR_MALFORMED_MESSAGE, 0 },
	{ { UINT64_C(2) << 32, UINT64_C(2) << 32, 1 }, 24, CAP_ERR_MALFORMED_MESSAGE, 0 },
	{ { UINT64_C(2) << 32, UINT64_C(1) << 32 | 4, 1 }, 24, CAP_ERR_MALFORMED_MESSAGE, 0 },
	{ { UINT64_C(2) << 32, UINT64_C(8) << 32 | 1, 1 }, 24, CAP_ERR_MALFORMED_MESSAGE, 0 },
	{ { UINT64_C(2) << 32, 0 }, 0, CAP_ERR_MALFORMED_MESSAGE, 0 },
	{ { UINT64_C(2) << 32, 0 }, 7, CAP_ERR_MALFORMED_MESSAGE, 0 },
	{ { 0 }, CAP_ERR_APPLICATION_EXCEPTION, CAP_ERR_APPLICATION_EXCEPTION, 0 },
	{ { 0 }, CAP_ERR_APPLICATION_EXCEPTION_TRUNCATED, CAP_ERR_APPLICATION_EXCEPTION, 0 },
	{ { 0 }, CAP_ERR_DISCONNECTED, CAP_ERR_DISCONNECTED, 0 },
};

TEST(every_answer_is_read_or_refused)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		uint64_t ns = 4711;

		start();
		memcpy(answer.words, answers[i].words, sizeof(answers[i].words));
		answer.result = answers[i].result;
		CHECK_EQ(timer_now(timer(), &ns), answers[i].status);
		CHECK_EQ(ns, answers[i].status == CAP_OK ? answers[i].ns : 4711);
		CHECK_EQ(capos_in_flight(&self), 0);
		CHECK_EQ(free_scalar_blocks(), CAPOS_SCALAR_COUNT);
	}
}

TEST(sixteen_calls_of_scalars_enter_the_kernel_once)
{
	struct capos_flat_call calls[16];

	start();
	fake.on_op = answer_count;
	for (uint32_t i = 0; i < 16; i++)
		CHECK_EQ(timer_now_send(&calls[i], timer()), CAP_OK);
	CHECK_EQ(fake.entries, 0);
	for (uint32_t i = 16; i-- > 0;) {
		uint64_t ns = 0;

		CHECK_EQ(timer_now_receive(&calls[i], &ns), CAP_OK);
		CHECK_EQ(ns, i + 1);
	}
	CHECK_EQ(fake.entries, 1);
	CHECK_EQ(free_scalar_blocks(), CAPOS_SCALAR_COUNT);
}

TEST(a_call_among_others_in_flight_gets_its_own_answer)
{
	struct capos_flat_call first;
	uint64_t ns = 0;

	start();
	fake.on_op = NULL;
	fake.on_idle = answer_newest;
	CHECK_EQ(timer_now_send(&first, timer()), CAP_OK);
	CHECK_EQ(timer_now(timer(), &ns), CAP_OK);
	CHECK_EQ(ns, 1);
	CHECK_EQ(timer_now_receive(&first, &ns), CAP_OK);
	CHECK_EQ(ns, 2);
	CHECK_EQ(free_scalar_blocks(), CAPOS_SCALAR_COUNT);
}

TEST(with_all_blocks_in_flight_the_next_call_is_refused)
{
	/* Of its own kind, of the next larger one, and the medium one. */
	enum { BLOCKS = CAPOS_SCALAR_COUNT + CAPOS_SMALL_COUNT + 1 };
	struct capos_flat_call calls[BLOCKS - 1];
	struct capos_block *last;
	struct capos_flat_call one_more;
	uint64_t ns = 0;

	start();
	fake.on_op = NULL;
	fake.on_idle = answer_newest;
	/* 32 ops are in flight; the block of the last one is only taken. */
	for (uint32_t i = 0; i < BLOCKS - 1; i++)
		CHECK_EQ(timer_now_send(&calls[i], timer()), CAP_OK);
	last = capos_block_take(&self, CAPOS_BLOCK_SCALAR);
	CHECK(last != NULL);
	CHECK_EQ(timer_now_send(&one_more, timer()), CAP_ERR_NO_MEMORY);
	CHECK_EQ(timer_now(timer(), &ns), CAP_ERR_NO_MEMORY);
	CHECK_EQ(capos_in_flight(&self), 32);
	capos_block_give(&self, last);
	for (uint32_t i = 0; i < BLOCKS - 1; i++)
		CHECK_EQ(timer_now_receive(&calls[i], &ns), CAP_OK);
	CHECK_EQ(answered, 32);
	CHECK_EQ(free_scalar_blocks(), CAPOS_SCALAR_COUNT);
	CHECK_EQ(fake.overcommitted, 0);
}

TEST(a_queue_without_room_is_handed_to_the_kernel_first)
{
	struct capos_flat_call calls[20];
	uint64_t ns = 0;

	start();
	fake.on_op = answer_count;
	for (uint32_t i = 0; i < 20; i++)
		CHECK_EQ(timer_now_send(&calls[i], timer()), CAP_OK);
	CHECK_EQ(fake.entries, 1);
	for (uint32_t i = 0; i < 20; i++) {
		CHECK_EQ(timer_now_receive(&calls[i], &ns), CAP_OK);
		CHECK_EQ(ns, i + 1);
	}
	CHECK_EQ(fake.overcommitted, 0);
}

TEST(a_call_that_the_ring_refuses_gives_its_block_back)
{
	struct capos_flat_call calls[17];

	start();
	fake.on_op = NULL;
	for (uint32_t i = 0; i < 16; i++)
		CHECK_EQ(timer_now_send(&calls[i], timer()), CAP_OK);
	fake.refusal = CAP_ERR_RING_CORRUPT;
	CHECK_EQ(timer_now_send(&calls[16], timer()), CAP_ERR_RING_CORRUPT);
	CHECK_EQ(capos_in_flight(&self), 16);
	CHECK(self.free_blocks[CAPOS_BLOCK_SMALL] != NULL);
}

TEST(a_program_ends_if_the_end_of_its_call_cannot_be_known)
{
	uint64_t ns;

	start();
	fake.refusal = CAP_ERR_RING_CORRUPT;
	if (setjmp(exit_jump) == 0)
		(void)!timer_now(timer(), &ns);
	CHECK_EQ(exit_code, CAPOS_EXIT_PANIC);
}

static struct echo
echo(void)
{
	return (struct echo){ { &self, 9, ECHO_INTERFACE_ID } };
}

static struct system_info
system_info(void)
{
	return (struct system_info){ { &self, 10, SYSTEM_INFO_INTERFACE_ID } };
}

static bool
has_medium_block(void)
{
	return self.free_blocks[CAPOS_BLOCK_MEDIUM] != NULL;
}

TEST(data_goes_and_comes_as_the_builder_makes_it)
{
	uint64_t words[16];
	struct capnp_builder builder;
	struct capnp_data data = { (const uint8_t *)"0123456789abcdef", 13 };
	struct capos_flat_call call;
	struct capnp_data back = { NULL, 0 };

	start();
	capnp_builder_init(&builder, words, sizeof(words));
	echo_ping_params_set_data(echo_ping_params_init_root(&builder), data);
	answer.result = (int32_t)capnp_builder_finish(&builder);
	memcpy(answer.words, words, (size_t)answer.result);
	CHECK_EQ(echo_ping_call(&call, echo(), data, &back), CAP_OK);
	CHECK_EQ(fake.log[0].len, (uint32_t)answer.result);
	CHECK_MEMORY(sent, words, fake.log[0].len);
	CHECK_NE(fake.log[0].addr, fake.log[0].result_addr);
	CHECK_EQ(back.size, 13);
	CHECK_MEMORY(back.data, data.data, 13);
	CHECK(!has_medium_block());
	capos_flat_end(&call);
	CHECK(has_medium_block());
}

static const struct capnp_cap carried = { 0x3000007, ECHO_INTERFACE_ID, CAPNP_CAP_MOVE };

/* What goes along stands behind the message: as the builder makes them both. */
static void
check_carried(const struct cap_sqe *sqe, struct capnp_data data, struct capnp_cap cap)
{
	uint64_t words[16];
	struct capnp_builder builder;
	struct echo_drop_params_builder params;
	const struct cap_transfer *entry = (const void *)((const uint8_t *)sqe->addr + sqe->len);

	capnp_builder_init(&builder, words, sizeof(words));
	params = echo_drop_params_init_root(&builder);
	echo_drop_params_set_data(params, data);
	echo_drop_params_set_cap(params, cap);
	CHECK_EQ(sqe->len, capnp_builder_finish(&builder));
	CHECK_MEMORY((const void *)sqe->addr, words, sqe->len);
	CHECK_EQ(sqe->method, ECHO_METHOD_DROP);
	CHECK_EQ(sqe->cap_max, 0);
	CHECK_EQ(sqe->xfer_count, cap.cap_id != 0);
	if (cap.cap_id == 0)
		return;
	CHECK_EQ(entry->cap_id, cap.cap_id);
	CHECK_EQ(entry->mode, cap.mode);
	for (uint32_t i = 0; i < sizeof(entry->reserved); i++)
		CHECK_EQ(entry->reserved[i], 0);
}

TEST(a_capability_goes_along_as_the_builder_makes_it)
{
	const struct capnp_cap caps[] = { carried, { 0x3000008, 0, CAPNP_CAP_COPY }, { 0 } };
	struct capnp_data data = { (const uint8_t *)"0123456789abcdef", 13 };

	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		struct capos_flat_call call;
		struct capnp_data back;

		start();
		answer.result = CAP_ERR_CANCELLED;
		CHECK_EQ(echo_drop_call(&call, echo(), data, caps[i], &back), CAP_ERR_CANCELLED);
		check_carried(&fake.log[0], data, caps[i]);
		CHECK(has_medium_block());
	}
}

TEST(a_capability_goes_along_among_others_in_flight)
{
	struct capnp_data data = { (const uint8_t *)"01234567", 8 };
	struct capos_flat_call other;
	struct capos_flat_call call;
	struct capnp_data back;
	uint64_t ns;

	start();
	answer.result = CAP_ERR_CANCELLED;
	CHECK_EQ(timer_now_send(&other, timer()), CAP_OK);
	CHECK_EQ(echo_drop_call(&call, echo(), data, carried, &back), CAP_ERR_CANCELLED);
	check_carried(&fake.log[1], data, carried);
	CHECK_EQ(timer_now_receive(&other, &ns), CAP_ERR_CANCELLED);
	CHECK_EQ(echo_drop_send(&call, echo(), data, carried), CAP_OK);
	CHECK_EQ(echo_drop_receive(&call, &back), CAP_ERR_CANCELLED);
	check_carried(&fake.log[2], data, carried);
	CHECK(has_medium_block());
}

/* With its entry the message has to fit. */
TEST(a_message_whose_capability_has_no_room_is_refused)
{
	static uint8_t bytes[CAPOS_MEDIUM_PARAM_BYTES];
	uint32_t most = CAPOS_MEDIUM_PARAM_BYTES - 32 - sizeof(struct cap_transfer);

	for (uint32_t size = most - 8; size <= most + 8; size++) {
		struct capos_flat_call call;
		struct capnp_data back;

		start();
		answer.result = CAP_ERR_CANCELLED;
		CHECK_EQ(echo_drop_call(
			     &call, echo(), (struct capnp_data){ bytes, size }, carried, &back),
		    size <= most ? CAP_ERR_CANCELLED : CAP_ERR_MESSAGE_TOO_LARGE);
		CHECK_EQ(fake.log_count, size <= most);
		CHECK(has_medium_block());
	}
}

/* Answers to Echo.ping, and to SystemInfo.motd with the same words. */
static const struct {
	uint64_t words[6];
	int32_t result;
	enum cap_status as_data;
	enum cap_status as_text;
	uint32_t size; /* of the data; a text has one less */
} byte_answers[] = {
	{ { UINT64_C(3) << 32, UINT64_C(1) << 48, UINT64_C(0x1a00000001), 0x6968 }, 32, CAP_OK,
	    CAP_OK, 3 },
	/* A newer server's root, with data. */
	{ { UINT64_C(4) << 32, UINT64_C(1) << 48 | UINT64_C(1) << 32, 5, UINT64_C(0x1a00000001),
	      0x6968 },
	    40, CAP_OK, CAP_OK, 3 },
	/* Nothing: a null pointer. */
	{ { UINT64_C(2) << 32, UINT64_C(1) << 48, 0 }, 24, CAP_OK, CAP_OK, 0 },
	/* No NUL at its end. */
	{ { UINT64_C(3) << 32, UINT64_C(1) << 48, UINT64_C(0x1a00000001), 0x616968 }, 32, CAP_OK,
	    CAP_ERR_MALFORMED_MESSAGE, 3 },
	/* More bytes than there are, bits instead of bytes, a pointer before the message. */
	{ { UINT64_C(3) << 32, UINT64_C(1) << 48, UINT64_C(0x4a00000001), 0 }, 32,
	    CAP_ERR_MALFORMED_MESSAGE, CAP_ERR_MALFORMED_MESSAGE, 0 },
	{ { UINT64_C(3) << 32, UINT64_C(1) << 48, UINT64_C(0x1900000001), 0 }, 32,
	    CAP_ERR_MALFORMED_MESSAGE, CAP_ERR_MALFORMED_MESSAGE, 0 },
	{ { UINT64_C(3) << 32, UINT64_C(1) << 48, UINT64_C(0x1a80000001), 0 }, 32,
	    CAP_ERR_MALFORMED_MESSAGE, CAP_ERR_MALFORMED_MESSAGE, 0 },
	{ { 0 }, CAP_ERR_APPLICATION_EXCEPTION, CAP_ERR_APPLICATION_EXCEPTION,
	    CAP_ERR_APPLICATION_EXCEPTION, 0 },
	{ { 0 }, CAP_ERR_INVALID_CAP, CAP_ERR_INVALID_CAP, CAP_ERR_INVALID_CAP, 0 },
};

TEST(every_answer_with_bytes_is_read_or_refused)
{
	for (size_t i = 0; i < sizeof(byte_answers) / sizeof(byte_answers[0]); i++) {
		struct capos_flat_call call;
		struct capnp_data data = { NULL, 0 };
		struct capnp_text text = { NULL, 0 };
		uint32_t size = byte_answers[i].size;

		start();
		memcpy(answer.words, byte_answers[i].words, sizeof(byte_answers[i].words));
		answer.result = byte_answers[i].result;
		CHECK_EQ(echo_ping_call(&call, echo(), data, &data), byte_answers[i].as_data);
		if (byte_answers[i].as_data == CAP_OK) {
			CHECK_EQ(data.size, size);
			capos_flat_end(&call);
		}
		CHECK(has_medium_block());
		CHECK_EQ(
		    system_info_motd_call(&call, system_info(), &text), byte_answers[i].as_text);
		if (byte_answers[i].as_text == CAP_OK) {
			CHECK_EQ(text.size, size == 0 ? 0 : size - 1);
			capos_flat_end(&call);
		}
		CHECK(has_medium_block());
		CHECK_EQ(capos_in_flight(&self), 0);
	}
}

TEST(bytes_that_do_not_fit_are_refused_and_nothing_is_queued)
{
	static uint8_t bytes[CAPOS_MEDIUM_PARAM_BYTES];
	uint32_t most = CAPOS_MEDIUM_PARAM_BYTES - 24;

	for (uint32_t size = most - 8; size <= most + 8; size++) {
		struct capos_flat_call call;
		struct capnp_data back;

		start();
		answer.result = CAP_ERR_CANCELLED;
		CHECK_EQ(echo_ping_call(&call, echo(), (struct capnp_data){ bytes, size }, &back),
		    size <= most ? CAP_ERR_CANCELLED : CAP_ERR_MESSAGE_TOO_LARGE);
		CHECK_EQ(fake.log_count, size <= most);
		CHECK(has_medium_block());
	}
	start();
	CHECK_EQ(console_write_line((struct console){ { &self, 11, CONSOLE_INTERFACE_ID } },
		     (struct capnp_text){ "", UINT32_MAX }),
	    CAP_ERR_MESSAGE_TOO_LARGE);
	CHECK_EQ(fake.log_count, 0);
}
