/* SPDX-License-Identifier: Apache-2.0 */
/* The 64-byte echo whose request carries a capability: the server takes it and releases it before
 * it answers. */
#include <capos/notification.h>
#include <string.h>

#include "figures.h"

#define DROPPED_BIT 2
#define SECOND_NS UINT64_C(1000000000)

static struct {
	struct signaller copied; /* when it is nobody's any more, DROPPED_BIT is set */
	struct signaller moved[WARM_UP + SAMPLES]; /* each of them once */
	uint32_t moved_count;
} carried;

static void
echo_with(uint64_t turn, struct capnp_cap cap)
{
	uint8_t bytes[ECHO_BYTES];
	struct capos_flat_call call;
	struct capnp_data answer;

	memset(bytes, (int)(turn & 0xff), sizeof(bytes));
	require(echo_drop_call(&call, bench.echo, (struct capnp_data){ bytes, sizeof(bytes) }, cap,
		    &answer) == CAP_OK,
	    "echo with a capability");
	require(answer.size == ECHO_BYTES && answer.data[ECHO_BYTES - 1] == (uint8_t)turn,
	    "echo with a capability differs");
	capos_flat_end(&call);
}

static void
echo_copy_cap(uint64_t turn)
{
	const struct capos_cap cap = carried.copied.cap;

	echo_with(turn, (struct capnp_cap){ cap.cap_id, cap.interface_id, CAPNP_CAP_COPY });
}

static void
echo_move_cap(uint64_t turn)
{
	const struct capos_cap cap = carried.moved[carried.moved_count++].cap;

	echo_with(turn, (struct capnp_cap){ cap.cap_id, cap.interface_id, CAPNP_CAP_MOVE });
}

void
measure_transfers(void)
{
	struct notification notification;
	uint64_t now_ns = 0;
	uint64_t bits = 0;

	require(notification_factory_create(bench.notifications, &notification) == CAP_OK &&
		notification_limited_signaller(notification, 1, DROPPED_BIT, &carried.copied) ==
		    CAP_OK,
	    "notification");
	for (uint32_t i = 0; i < WARM_UP + SAMPLES; i++)
		require(
		    notification_signaller(notification, &carried.moved[i]) == CAP_OK, "signaller");
	measure("echo_64_copy_cap", echo_copy_cap, 1);
	measure("echo_64_move_cap", echo_move_cap, 1);
	/* The copied one has stayed, here alone; no moved one has. */
	require(capos_signal(carried.copied, 1) == CAP_OK, "the copied capability is gone");
	capos_release(carried.copied.cap);
	require(capos_release_flush(bench.self) == CAP_OK &&
		timer_now(bench.timer, &now_ns) == CAP_OK &&
		capos_notification_wait(notification, DROPPED_BIT, now_ns + SECOND_NS, &bits) ==
		    CAP_OK,
	    "the server has kept a copy");
	for (uint32_t i = 0; i < WARM_UP + SAMPLES; i++)
		require(capos_signal(carried.moved[i], 1) == CAP_ERR_STALE_GENERATION,
		    "a moved capability has stayed");
	capos_release(notification.cap);
}
