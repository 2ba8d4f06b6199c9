/* SPDX-License-Identifier: Apache-2.0 */
/* Time: the clock goes forward, sleeps end when they should, and can be cancelled. */
#include "suite.h"

#define MILLISECOND UINT64_C(1000000)

static void
claim_cancelled_sleep(struct suite *suite, uint64_t now_ns)
{
	struct capos_call call;
	struct timer_sleep_until_params_builder params =
	    timer_sleep_until_begin(&call, suite->timer);
	struct timer_sleep_until_results results;
	bool sent;

	timer_sleep_until_params_set_deadline_ns(params, now_ns + 1000000 * MILLISECOND);
	sent = capos_call_send(&call) == CAP_OK && capos_call_cancel(&call) == CAP_OK;
	claim(&suite->claims, "a long sleep can be cancelled",
	    sent && timer_sleep_until_wait(&call, &results) == CAP_ERR_CANCELLED);
	capos_call_end(&call);
}

static void
claim_timed_out_sleep(struct suite *suite, uint64_t now_ns)
{
	struct capos_call call;
	struct timer_sleep_until_params_builder params =
	    timer_sleep_until_begin(&call, suite->timer);
	struct timer_sleep_until_results results;
	bool sent;

	timer_sleep_until_params_set_deadline_ns(params, now_ns + 1000000 * MILLISECOND);
	call.deadline_ns = now_ns + MILLISECOND;
	sent = capos_call_send(&call) == CAP_OK;
	claim(&suite->claims, "a call ends at its own deadline",
	    sent && timer_sleep_until_wait(&call, &results) == CAP_ERR_TIMED_OUT);
	capos_call_end(&call);
}

void
suite_time(struct suite *suite)
{
	struct claims *claims = &suite->claims;
	uint64_t first = 0;
	uint64_t second = 0;

	claim(claims, "the clock can be read",
	    timer_now(suite->timer, &first) == CAP_OK &&
		timer_now(suite->timer, &second) == CAP_OK);
	claim(claims, "the clock goes forward", second >= first && first != 0);
	claim(claims, "a deadline that has passed ends at once",
	    timer_sleep_until(suite->timer, first) == CAP_OK);
	claim(claims, "a sleep ends",
	    timer_sleep_until(suite->timer, second + 2 * MILLISECOND) == CAP_OK);
	claim(claims, "a sleep ends behind its deadline",
	    timer_now(suite->timer, &first) == CAP_OK && first >= second + 2 * MILLISECOND);
	claim(claims, "the clock of the CapSet page agrees with the timer",
	    capos_now(suite->self) >= first);
	claim_cancelled_sleep(suite, first);
	claim_timed_out_sleep(suite, first);
}
