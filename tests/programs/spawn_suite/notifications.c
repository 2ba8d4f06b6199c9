/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications: bits that another process sets, deadlines, and what is left when one side is gone.
 */
#include <capos/notification.h>

#include "suite.h"

#define MILLISECOND UINT64_C(1000000)
#define ROUNDS 100
#define PEER_STOP (UINT64_C(1) << 63) /* programs/signal_peer */
#define PEER_STOPPED 7

struct pair {
	struct notification waiting;
	struct signaller signalling;
};

static bool
make(struct suite *suite, struct pair *out)
{
	return notification_factory_create(suite->notifications, &out->waiting) == CAP_OK &&
	    notification_signaller(out->waiting, &out->signalling) == CAP_OK;
}

static void
claim_alone(struct suite *suite, const struct pair *pair)
{
	struct claims *claims = &suite->claims;
	struct capos_event event;
	uint64_t bits = 0;
	bool sent;

	claim(claims, "bits stay until they are waited for",
	    capos_signal(pair->signalling, 5) == CAP_OK &&
		capos_signal(pair->signalling, 8) == CAP_OK &&
		capos_notification_wait(pair->waiting, 12, 0, &bits) == CAP_OK && bits == 12);
	claim(claims, "a wait takes only what it asks for",
	    notification_poll(pair->waiting, UINT64_MAX, &bits) == CAP_OK && bits == 1);
	claim(claims, "a wait for bits ends at its deadline",
	    capos_notification_wait(pair->waiting, UINT64_MAX, capos_now(suite->self) + MILLISECOND,
		&bits) == CAP_ERR_TIMED_OUT);
	sent = capos_wait_send(&event, pair->waiting, UINT64_MAX, 0) == CAP_OK;
	if (sent)
		capos_event_end(&event);
	claim(claims, "a wait for bits can be given up",
	    sent && event.result == CAP_ERR_CANCELLED &&
		capos_signal(pair->signalling, 2) == CAP_OK &&
		notification_poll(pair->waiting, UINT64_MAX, &bits) == CAP_OK && bits == 2);
}

static void
claim_alarm(struct suite *suite, const struct pair *pair)
{
	struct claims *claims = &suite->claims;
	const struct capos_cap *cap = &pair->signalling.cap;
	struct capnp_cap signaller = { cap->cap_id, cap->interface_id, CAPNP_CAP_COPY };
	struct alarm alarm = { 0 };
	uint64_t start_ns = capos_now(suite->self);
	uint64_t bits = 0;
	bool was_set = false;

	claim(claims, "an alarm sets bits when its time has come",
	    timer_alarm(suite->timer, signaller, 16, &alarm) == CAP_OK &&
		alarm_set(alarm, start_ns + MILLISECOND) == CAP_OK &&
		capos_notification_wait(pair->waiting, 16, 0, &bits) == CAP_OK && bits == 16 &&
		capos_now(suite->self) >= start_ns + MILLISECOND);
	claim(claims, "and not after it was cancelled",
	    alarm_set(alarm, start_ns + 1000000 * MILLISECOND) == CAP_OK &&
		alarm_cancel(alarm, &was_set) == CAP_OK && was_set &&
		notification_poll(pair->waiting, UINT64_MAX, &bits) == CAP_OK && bits == 0);
	capos_release(alarm.cap);
}

/* A signaller for some bits, whose end sets others. */
static void
claim_limited(struct suite *suite, const struct pair *pair)
{
	struct claims *claims = &suite->claims;
	struct signaller limited = { 0 };
	uint64_t bits = 0;

	claim(claims, "a limited signaller sets its bits and no others",
	    notification_limited_signaller(pair->waiting, 3, 32, &limited) == CAP_OK &&
		capos_signal(limited, 2) == CAP_OK &&
		capos_signal(limited, 4) == CAP_ERR_INVALID_ARGUMENT &&
		notification_poll(pair->waiting, UINT64_MAX, &bits) == CAP_OK && bits == 2);
	capos_release(limited.cap);
	claim(claims, "and others still when nobody holds it",
	    capos_notification_wait(pair->waiting, 32, 0, &bits) == CAP_OK && bits == 32);
}

static void
set_grant(
    struct cap_grant_builder grant, struct capnp_text name, struct capos_cap cap, uint8_t mode)
{
	cap_grant_set_name(grant, name);
	cap_grant_set_cap(grant, (struct capnp_cap){ cap.cap_id, cap.interface_id, mode });
}

/* The peer gets what it waits on, and a way to signal us. */
static enum cap_status
spawn_peer(struct suite *suite, const struct pair *theirs, const struct pair *ours,
    struct process_handle *out)
{
	struct capos_call call;
	struct process_spawner_spawn_params_builder params =
	    process_spawner_spawn_begin(&call, suite->spawner);
	struct cap_grant_list_builder grants;
	enum cap_status status;

	process_spawner_spawn_params_set_name(params, CAPNP_TEXT("signal-peer"));
	process_spawner_spawn_params_set_binary(params, CAPNP_TEXT("signal-peer"));
	grants = process_spawner_spawn_params_init_grants(params, 2);
	set_grant(cap_grant_builder_at(grants, 0), CAPNP_TEXT("mine"), theirs->waiting.cap,
	    CAPNP_CAP_MOVE);
	set_grant(cap_grant_builder_at(grants, 1), CAPNP_TEXT("yours"), ours->signalling.cap,
	    CAPNP_CAP_COPY);
	status = capos_call_run(&call);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, PROCESS_HANDLE_INTERFACE_ID, &out->cap);
	capos_call_end(&call);
	return status;
}

static uint32_t
rounds_that_hold(const struct pair *theirs, const struct pair *ours)
{
	uint32_t held = 0;

	for (uint64_t round = 1; round <= ROUNDS; round++) {
		uint64_t bits = 0;

		capos_signal_later(theirs->signalling, round);
		held += capos_notification_wait(ours->waiting, UINT64_MAX, 0, &bits) == CAP_OK &&
		    bits == round;
	}
	return held;
}

static void
claim_with_a_peer(struct suite *suite, const struct pair *ours)
{
	struct claims *claims = &suite->claims;
	struct process_handle process = { 0 };
	struct suite_exit exit = { 0 };
	struct pair theirs = { 0 };
	bool started = make(suite, &theirs) && spawn_peer(suite, &theirs, ours, &process) == CAP_OK;

	claim(claims, "the waiting side is moved to another process", started);
	if (!started)
		return;
	claim_equal(
	    claims, "whose answer comes back bit by bit", rounds_that_hold(&theirs, ours), ROUNDS);
	claim(claims, "a process that waits for bits can be told to end",
	    capos_signal(theirs.signalling, PEER_STOP) == CAP_OK &&
		suite_wait(process, &exit) == CAP_OK && exit.kind == EXIT_KIND_EXITED &&
		exit.code == PEER_STOPPED);
	claim_equal(claims, "with its end nobody waits any more: disconnected",
	    capos_signal(theirs.signalling, 1), CAP_ERR_DISCONNECTED);
	capos_release(theirs.signalling.cap);
}

void
suite_notifications(struct suite *suite)
{
	struct pair pair = { 0 };

	claim(&suite->claims, "a notification can be made", make(suite, &pair));
	claim_alone(suite, &pair);
	claim_alarm(suite, &pair);
	claim_limited(suite, &pair);
	claim_with_a_peer(suite, &pair);
	capos_release(pair.waiting.cap);
	claim_equal(&suite->claims, "without anybody who could wait a signal is refused",
	    capos_release_flush(suite->self) == CAP_OK ? capos_signal(pair.signalling, 1) : 0,
	    CAP_ERR_DISCONNECTED);
	capos_release(pair.signalling.cap);
}
