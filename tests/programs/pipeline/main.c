/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls on what other calls will return, against a server in another process and against the
 * kernel. CapSet: `console`, `steps` (Steps), `notifications` (NotificationFactory).
 */
#include <schema/notification.client.h>
#include <schema/steps.client.h>

#include "claims.h"

#define STEPS_MAX 15
#define ROUNDS 2000

static struct pipeline {
	struct claims claims;
	struct capos *self;
	struct steps steps;
	struct capos_call calls[STEPS_MAX];
} pipeline;

/* Queue `count` calls, each on the result of the one before; digits 1, 2, ... with one `wrong`. */
static struct steps
send_steps(uint32_t count, uint32_t wrong)
{
	struct steps at = pipeline.steps;

	for (uint32_t i = 0; i < count; i++) {
		struct capos_call *call = &pipeline.calls[i];
		uint64_t digit = i == wrong ? 10 : (i + 1) % 10;

		steps_next_params_set_digit(steps_next_begin(call, at), digit);
		capos_call_promise_once(call);
		at = steps_next_promised_on(call);
		if (capos_call_send(call) != CAP_OK)
			at.cap.cap_id = 0;
	}
	return at;
}

static void
end_steps(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		capos_call_end(&pipeline.calls[i]);
}

#define NOT_WRONG UINT32_MAX

static void
claim_one_entry(void)
{
	struct claims *claims = &pipeline.claims;
	struct steps last = send_steps(3, NOT_WRONG);
	struct capos_flat_call end;
	uint64_t digits = 0;
	int64_t entered = 0;

	claim(claims, "four dependent calls are queued",
	    steps_end_send(&end, last) == CAP_OK && capos_in_flight(pipeline.self) == 4);
	entered = capos_enter(4, CAP_DEADLINE_NONE);
	claim_equal(claims, "one entry answers all four", entered, 4);
	claim(claims, "and in their order",
	    steps_end_receive(&end, &digits) == CAP_OK && digits == 123);
	end_steps(3);
}

static void
claim_plain(void)
{
	struct claims *claims = &pipeline.claims;
	uint64_t digits = 0;

	claim(claims, "a plain function takes a promise",
	    steps_end(send_steps(5, NOT_WRONG), &digits) == CAP_OK && digits == 12345);
	end_steps(5);
	claim(claims, "a path may be as long as there are answers",
	    steps_end(send_steps(STEPS_MAX, NOT_WRONG), &digits) == CAP_OK &&
		digits == 123456789012345);
	end_steps(STEPS_MAX);
}

/* What came by a promised call is a capability like any other. */
static void
claim_taken(void)
{
	struct claims *claims = &pipeline.claims;
	struct capos_call call;
	struct steps taken = { 0 };
	uint64_t digits = 0;

	steps_next_params_set_digit(steps_next_begin(&call, send_steps(1, NOT_WRONG)), 7);
	claim(claims, "the last one's capability can be kept",
	    capos_call_run(&call) == CAP_OK &&
		capos_adopt(&call, 0, STEPS_INTERFACE_ID, &taken.cap) == CAP_OK);
	capos_call_end(&call);
	end_steps(1);
	claim(claims, "and called", steps_end(taken, &digits) == CAP_OK && digits == 17);
	capos_release(taken.cap);
	claim_equal(claims, "and dropped", capos_release_flush(pipeline.self), CAP_OK);
}

static void
claim_failure(void)
{
	struct claims *claims = &pipeline.claims;
	struct steps last = send_steps(4, 1);
	uint64_t digits = 0;

	claim_equal(claims, "a path with a bad step has no end", steps_end(last, &digits),
	    CAP_ERR_APPLICATION_EXCEPTION);
	claim(claims, "the step before it is good", capos_call_wait(&pipeline.calls[0]) == CAP_OK);
	claim(claims, "it says itself what is wrong",
	    capos_call_wait(&pipeline.calls[1]) == CAP_ERR_APPLICATION_EXCEPTION &&
		pipeline.calls[1].error.type == EXCEPTION_TYPE_OVERLOADED &&
		pipeline.calls[1].error.status == CAP_OK);
	for (uint32_t i = 2; i < 4; i++)
		claim(claims, "what follows fails in the same way",
		    capos_call_wait(&pipeline.calls[i]) == CAP_ERR_APPLICATION_EXCEPTION &&
			pipeline.calls[i].error.type == EXCEPTION_TYPE_OVERLOADED &&
			pipeline.calls[i].error.status == CAP_ERR_BROKEN_PROMISE);
	end_steps(4);
	claim(claims, "the server has seen the good step alone",
	    steps_end(pipeline.steps, &digits) == CAP_OK && digits == 1);
}

static void
claim_cancelled(void)
{
	struct claims *claims = &pipeline.claims;
	uint64_t digits = 0;

	(void)send_steps(2, NOT_WRONG);
	claim(claims, "a call that others depend on can be cancelled",
	    capos_call_cancel(&pipeline.calls[0]) == CAP_OK &&
		capos_call_wait(&pipeline.calls[0]) == CAP_ERR_CANCELLED);
	claim(claims, "and they end",
	    capos_call_wait(&pipeline.calls[1]) == CAP_ERR_APPLICATION_EXCEPTION &&
		pipeline.calls[1].error.status == CAP_ERR_BROKEN_PROMISE);
	end_steps(2);
	/* The server had the first one already. */
	claim(claims, "only what was not delivered is undone",
	    steps_end(pipeline.steps, &digits) == CAP_OK && digits == 1);
}

/* Objects of the kernel, one that can only be moved among them. */
static void
claim_kernel(struct notification_factory notifications)
{
	struct claims *claims = &pipeline.claims;
	struct capos_call create;
	struct capos_call side;
	struct notification waiting = { 0 };
	struct signaller signalling = { 0 };
	uint64_t bits = 0;

	(void)notification_factory_create_begin(&create, notifications);
	(void)notification_signaller_begin(
	    &side, notification_factory_create_promised_notification(&create));
	claim(claims, "an object is made and called in one go",
	    capos_call_send(&create) == CAP_OK && capos_call_send(&side) == CAP_OK &&
		capos_call_wait(&side) == CAP_OK && capos_call_wait(&create) == CAP_OK &&
		capos_adopt(&create, 0, NOTIFICATION_INTERFACE_ID, &waiting.cap) == CAP_OK &&
		capos_adopt(&side, 0, SIGNALLER_INTERFACE_ID, &signalling.cap) == CAP_OK);
	claim(claims, "it is the one that was called",
	    signaller_signal(signalling, 5) == CAP_OK &&
		notification_poll(waiting, UINT64_MAX, &bits) == CAP_OK && bits == 5);
	capos_call_end(&side);
	capos_call_end(&create);
	claim(claims, "and outlives the answer that named it",
	    signaller_signal(signalling, 6) == CAP_OK &&
		notification_poll(waiting, UINT64_MAX, &bits) == CAP_OK && bits == 6);
	capos_release(waiting.cap);
	capos_release(signalling.cap);
}

static void
claim_rounds(void)
{
	uint64_t digits = 0;
	uint32_t good = 0;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		good += steps_end(send_steps(3, NOT_WRONG), &digits) == CAP_OK && digits == 123;
		end_steps(3);
	}
	claim_equal(&pipeline.claims, "again and again", good, ROUNDS);
	claim_equal(&pipeline.claims, "and every name was given back",
	    capos_release_flush(pipeline.self), CAP_OK);
}

int
capos_main(struct capos *self)
{
	struct notification_factory notifications;

	claims_start(&pipeline.claims, self, "pipeline");
	pipeline.self = self;
	if (steps_from_capset(self, "steps", &pipeline.steps) != CAP_OK ||
	    notification_factory_from_capset(self, "notifications", &notifications) != CAP_OK)
		return 101;
	claim_one_entry();
	claim_plain();
	claim_taken();
	claim_failure();
	claim_cancelled();
	claim_kernel(notifications);
	claim_rounds();
	return claims_end(&pipeline.claims);
}
