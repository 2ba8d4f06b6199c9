/* SPDX-License-Identifier: Apache-2.0 */
/* What comes back from a call: results, exceptions, capabilities. Servers are not trusted: what
 * they send may be anything. */
#include <schema/echo.client.h>
#include <stdlib.h>

#include "base/test.h"
#include "fake_kernel.h"

static struct capos self;

/* How the kernel answers the next call. */
static struct {
	uint8_t bytes[256];
	size_t byte_count;
	int32_t result;
	struct cap_record caps[CAPNP_CAPS_MAX];
	uint32_t cap_count;
} next;

void
capos_exit(int64_t code)
{
	fail_msg("the program ended with %lld", (long long)code);
	abort();
}

static void
answer(const struct cap_sqe *sqe)
{
	size_t bytes = next.byte_count < sqe->result_len ? next.byte_count : sqe->result_len;

	if (bytes != 0)
		memcpy((void *)sqe->result_addr, next.bytes, bytes);
	fake_complete_caps(sqe, next.result, next.caps, next.cap_count);
}

static void
start(void)
{
	fake_start(&self);
	memset(&next, 0, sizeof(next));
	fake.on_op = answer;
}

/* Echo.swap, answered with `next`; its status. */
static enum cap_status
swap(struct capos_call *call)
{
	struct echo echo = { { &self, 9, ECHO_INTERFACE_ID } };

	(void)echo_swap_begin(call, echo);
	CHECK_EQ(capos_call_send(call), CAP_OK);
	return capos_call_wait(call);
}

static void
prepare_exception(uint16_t type, int32_t status, const char *reason)
{
	struct capnp_builder builder;
	struct cap_exception_builder exception;

	_Alignas(8) static uint8_t buffer[sizeof(next.bytes)];
	capnp_builder_init(&builder, buffer, sizeof(buffer));
	exception = cap_exception_init_root(&builder);
	cap_exception_set_type(exception, (enum exception_type)type);
	cap_exception_set_status(exception, status);
	cap_exception_set_reason(exception, capnp_text_from_string(reason));
	next.byte_count = capnp_builder_finish(&builder);
	memcpy(next.bytes, buffer, next.byte_count);
	next.result = CAP_ERR_APPLICATION_EXCEPTION;
}

static void
check_reason(const struct capos_call *call, const char *reason)
{
	CHECK_EQ(call->error.reason.size, strlen(reason));
	CHECK_MEMORY(call->error.reason.data, reason, strlen(reason));
}

TEST(an_exception_has_a_type_a_status_and_a_text)
{
	struct capos_call call;

	start();
	prepare_exception(EXCEPTION_TYPE_OVERLOADED, CAP_ERR_QUEUE_FULL, "too much to do");
	CHECK_EQ(swap(&call), CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(call.error.type, EXCEPTION_TYPE_OVERLOADED);
	CHECK_EQ(call.error.status, CAP_ERR_QUEUE_FULL);
	check_reason(&call, "too much to do");
	capos_call_end(&call);
}

TEST(an_empty_exception_is_one_without_a_reason)
{
	struct capos_call call;

	start();
	next.byte_count = 16;
	next.bytes[4] = 1;
	next.result = CAP_ERR_APPLICATION_EXCEPTION;
	CHECK_EQ(swap(&call), CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(call.error.type, EXCEPTION_TYPE_FAILED);
	CHECK_EQ(call.error.status, CAP_OK);
	check_reason(&call, "");
	capos_call_end(&call);
}

TEST(an_exception_without_text_speaks_by_its_status)
{
	struct capos_call call;

	start();
	prepare_exception(EXCEPTION_TYPE_DISCONNECTED, CAP_ERR_REVOKED, "");
	CHECK_EQ(swap(&call), CAP_ERR_APPLICATION_EXCEPTION);
	check_reason(&call, cap_status_sentence(CAP_ERR_REVOKED));
	capos_call_end(&call);
}

TEST(an_exception_that_did_not_fit_is_still_an_exception)
{
	struct capos_call call;

	start();
	next.result = CAP_ERR_APPLICATION_EXCEPTION_TRUNCATED;
	CHECK_EQ(swap(&call), CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(call.error.type, EXCEPTION_TYPE_FAILED);
	check_reason(&call, "the reason does not fit");
	capos_call_end(&call);
}

TEST(an_exception_of_a_type_that_does_not_exist_cannot_be_read)
{
	struct capos_call call;

	start();
	prepare_exception(EXCEPTION_TYPE_UNIMPLEMENTED + 1, 0, "boo");
	CHECK_EQ(swap(&call), CAP_ERR_APPLICATION_EXCEPTION);
	CHECK_EQ(call.error.type, EXCEPTION_TYPE_FAILED);
	check_reason(&call, "the exception cannot be read");
	capos_call_end(&call);
}

/* Call with a result buffer of exactly `bytes`, so that a read behind it is seen. */
static void
check_unreadable(uint32_t first, uint32_t second, uint32_t bytes)
{
	struct echo echo = { { &self, 9, ECHO_INTERFACE_ID } };
	uint8_t *buffer = aligned_alloc(8, bytes == 0 ? 8 : bytes);
	struct capos_call call;

	memset(next.bytes, 0xff, sizeof(next.bytes));
	memcpy(next.bytes, &first, sizeof(first));
	memcpy(next.bytes + 4, &second, sizeof(second));
	next.byte_count = sizeof(next.bytes);
	next.result = CAP_ERR_APPLICATION_EXCEPTION;
	(void)echo_swap_begin(&call, echo);
	capos_call_result_buffer(&call, bytes == 0 ? NULL : buffer, bytes);
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	CHECK_EQ(capos_call_wait(&call), CAP_ERR_APPLICATION_EXCEPTION);
	check_reason(&call, "the exception cannot be read");
	capos_call_end(&call);
	free(buffer);
}

TEST(an_exception_of_hostile_bytes_cannot_be_read)
{
	start();
	check_unreadable(0, 2, 24);	     /* a root pointer of all ones */
	check_unreadable(0, 3, 24);	     /* a word more than there is */
	check_unreadable(0, UINT32_MAX, 24); /* as many as can be said */
	check_unreadable(1, 1, 24);	     /* two segments */
	check_unreadable(UINT32_MAX, 2, 24); /* segments without end */
	check_unreadable(0, 0, 0);	     /* no buffer */
}

TEST(an_exception_that_ends_behind_its_buffer_cannot_be_read)
{
	/* A root of one data word and one pointer: the pointer would be the first word behind. */
	static const uint32_t words[] = { 0, 3, 0, 0x10001, 0, 0 };
	struct echo echo = { { &self, 9, ECHO_INTERFACE_ID } };
	void *buffer = aligned_alloc(8, sizeof(words));
	struct capos_call call;

	start();
	memcpy(next.bytes, words, sizeof(words));
	next.byte_count = sizeof(words);
	next.result = CAP_ERR_APPLICATION_EXCEPTION;
	(void)echo_swap_begin(&call, echo);
	capos_call_result_buffer(&call, buffer, sizeof(words));
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	CHECK_EQ(capos_call_wait(&call), CAP_ERR_APPLICATION_EXCEPTION);
	check_reason(&call, "the exception cannot be read");
	capos_call_end(&call);
	free(buffer);
}

TEST(a_transport_error_is_handed_on_as_it_is)
{
	struct capos_call call;

	start();
	next.result = CAP_ERR_STALE_GENERATION;
	CHECK_EQ(swap(&call), CAP_ERR_STALE_GENERATION);
	capos_call_end(&call);
	CHECK_EQ(fake.log_count, 1);
}

/* An answer of one struct with nothing in it, and these capabilities. */
static void
prepare_caps(uint32_t cap_count)
{
	static const uint32_t words[] = { 0, 2, 0, 0x10000, 3, 0 };

	memcpy(next.bytes, words, sizeof(words));
	next.byte_count = sizeof(words);
	next.result = sizeof(words);
	next.cap_count = cap_count;
	for (uint32_t i = 0; i < cap_count; i++)
		next.caps[i] = (struct cap_record){ 100 + i, 1000 + i };
}

TEST(a_malformed_answer_is_refused_and_its_capabilities_are_released)
{
	struct capos_call call;

	start();
	prepare_caps(1);
	next.bytes[4] = 3;
	CHECK_EQ(swap(&call), CAP_ERR_MALFORMED_MESSAGE);
	capos_call_end(&call);
	CHECK_EQ(capos_release_flush(&self), CAP_OK);
	CHECK_EQ(fake.log_count, 2);
	CHECK_EQ(fake.log[1].op, CAP_OP_RELEASE);
	CHECK_EQ(fake.log[1].target, 100);
}

TEST(a_result_capability_is_adopted_once_and_with_its_interface_checked)
{
	struct capos_call call;
	struct capos_cap cap = { NULL, 7, 7 };

	start();
	/* What an earlier call left in the same memory is not taken for this one's. */
	prepare_caps(CAPNP_CAPS_MAX);
	CHECK_EQ(swap(&call), CAP_OK);
	capos_call_end(&call);
	CHECK_EQ(capos_release_flush(&self), CAP_OK);
	fake.log_count = 0;
	prepare_caps(3);
	next.caps[1] = (struct cap_record){ 0, 0 };
	CHECK_EQ(swap(&call), CAP_OK);
	/* Each refusal leaves it where it is. */
	CHECK_EQ(capos_adopt(&call, 2, 1001, &cap), CAP_ERR_WRONG_INTERFACE);
	CHECK_EQ(capos_adopt(&call, 3, 0, &cap), CAP_ERR_NOT_FOUND);
	CHECK_EQ(capos_adopt(&call, 1, 0, &cap), CAP_ERR_NOT_FOUND);
	CHECK_EQ(cap.cap_id, 7);
	CHECK_EQ(capos_adopt(&call, 2, 1002, &cap), CAP_OK);
	CHECK_EQ(cap.cap_id, 102);
	CHECK_EQ(cap.interface_id, 1002);
	CHECK_EQ(cap.self, &self);
	cap.cap_id = 7;
	CHECK_EQ(capos_adopt(&call, 2, 1002, &cap), CAP_ERR_NOT_FOUND);
	CHECK_EQ(cap.cap_id, 7);
	capos_call_end(&call);
	CHECK_EQ(capos_release_flush(&self), CAP_OK);
	/* The first one had no owner; the hole is none. */
	CHECK_EQ(fake.log_count, 2);
	CHECK_EQ(fake.log[1].target, 100);
}

TEST(an_answer_that_nobody_looked_at_is_released_too)
{
	struct echo echo = { { &self, 9, ECHO_INTERFACE_ID } };
	struct capos_call call;
	struct capos_cap cap;

	start();
	prepare_caps(CAPNP_CAPS_MAX);
	memset(&call, 0xa5, sizeof(call));
	(void)echo_swap_begin(&call, echo);
	CHECK_EQ(capos_call_send(&call), CAP_OK);
	CHECK_EQ(capos_wait_any(&self, CAP_DEADLINE_NONE), CAP_OK);
	CHECK_EQ(capos_adopt(&call, 0, 0, &cap), CAP_ERR_NOT_FOUND);
	capos_call_end(&call);
	CHECK_EQ(capos_release_flush(&self), CAP_OK);
	CHECK_EQ(fake.log_count, 1 + CAPNP_CAPS_MAX);
	for (uint32_t i = 0; i < CAPNP_CAPS_MAX; i++)
		CHECK_EQ(fake.log[1 + i].target, 100 + i);
}

TEST(releases_are_queued_until_the_next_entry)
{
	start();
	for (uint64_t i = 1; i <= 20; i++)
		capos_release((struct capos_cap){ &self, i, 0 });
	capos_release((struct capos_cap){ &self, 0, 0 });
	CHECK_EQ(fake.entries, 1); /* the queue was full once */
	CHECK_EQ(capos_release_flush(&self), CAP_OK);
	CHECK_EQ(fake.entries, 2);
	CHECK_EQ(fake.log_count, 20);
	for (uint32_t i = 0; i < 20; i++)
		CHECK_EQ(fake.log[i].target, i + 1);
	CHECK_EQ(capos_in_flight(&self), 0);
}

TEST(a_flush_reports_the_first_failed_release_once)
{
	start();
	fake.release_result = CAP_ERR_STALE_GENERATION;
	capos_release((struct capos_cap){ &self, 1, 0 });
	CHECK_EQ(capos_wait_any(&self, CAP_DEADLINE_NONE), CAP_OK);
	fake.release_result = CAP_ERR_INVALID_CAP;
	capos_release((struct capos_cap){ &self, 2, 0 });
	CHECK_EQ(capos_release_flush(&self), CAP_ERR_STALE_GENERATION);
	CHECK_EQ(capos_release_flush(&self), CAP_OK);
	fake.refusal = CAP_ERR_RING_CORRUPT;
	CHECK_EQ(capos_release_flush(&self), CAP_ERR_RING_CORRUPT);
}
