/* SPDX-License-Identifier: Apache-2.0 */
/* What other figures are compared with: a method that does nothing, a first entry, and an echo
 * whose server is not switched to. */
#include <schema/null_cap.client.h>
#include <string.h>

#include "figures.h"

static struct null_cap null_cap;

static void
null_cap_1(uint64_t turn)
{
	(void)turn;
	require(null_cap_call(null_cap) == CAP_OK, "NullCap.call");
}

static void
null_cap_16(uint64_t turn)
{
	static struct capos_flat_call calls[BATCH];

	(void)turn;
	for (uint32_t i = 0; i < BATCH; i++)
		require(null_cap_call_send(&calls[i], null_cap) == CAP_OK, "send");
	for (uint32_t i = 0; i < BATCH; i++)
		require(null_cap_call_receive(&calls[i]) == CAP_OK, "NullCap.call in a batch");
}

/* The entry that delivers the call does not block, so that there is no direct switch: when the next
 * one does, the server is found as any thread that is ready. */
static void
echo_by_run_queue(uint64_t turn)
{
	uint8_t bytes[ECHO_BYTES];
	struct capos_flat_call call;
	struct capnp_data answer;

	memset(bytes, (int)(turn & 0xff), sizeof(bytes));
	require(echo_ping_send(&call, bench.echo, (struct capnp_data){ bytes, sizeof(bytes) }) ==
		    CAP_OK &&
		capos_enter(0, CAP_DEADLINE_POLL) == 0,
	    "echo");
	require(echo_ping_receive(&call, &answer) == CAP_OK, "echo");
	require(answer.size == ECHO_BYTES && answer.data[ECHO_BYTES - 1] == (uint8_t)turn,
	    "echo differs");
	capos_flat_end(&call);
}

/* By a process that does it and exits. */
static uint64_t
first_entry(void)
{
	int64_t instructions = run_program(CAPNP_TEXT("measure-cold"));

	require(instructions > 0, "measure-cold");
	return (uint64_t)instructions;
}

void
measure_baselines(void)
{
	require(null_cap_from_capset(bench.self, "nullCap", &null_cap) == CAP_OK, "no nullCap");
	measure("null_cap_1", null_cap_1, 1);
	measure("null_cap_16_each", null_cap_16, BATCH);
	measure("echo_64_by_run_queue", echo_by_run_queue, 1);
	report("cap_enter_cold", first_entry());
}
