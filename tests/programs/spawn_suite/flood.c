/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fairness: programs that never wait and fill every entry with NOPs take their turns and no more.
 * Who sleeps among them wakes, who yields comes back, and all of them hear when they are called.
 */
#include <schema/echo.client.h>

#include "spawn_server.h"
#include "suite.h"

#define FLOODS 2
#define ROUNDS 25
#define MILLISECOND UINT64_C(1000000)
#define EXIT_STOPPED 5

static enum cap_status
start_flood(struct suite *suite, struct spawned_server *flood)
{
	static const struct server_program program = { CAPNP_TEXT("nop-flood"), CAPNP_TEXT("stop"),
		ECHO_INTERFACE_ID };

	return spawn_server(suite->spawner, &program, flood);
}

/* The call has no answer: the program ends instead. */
static enum cap_status
stop_flood(struct spawned_server *flood, struct suite_exit *exit)
{
	struct capos_call call;
	enum cap_status status;

	(void)echo_ping_begin(&call, (struct echo){ flood->served });
	status = capos_call_send(&call);
	if (status == CAP_OK)
		status = suite_wait(flood->process, exit);
	capos_call_end(&call);
	capos_release(flood->served);
	return status;
}

static uint32_t
sleeps_that_end(struct suite *suite)
{
	uint32_t good = 0;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint64_t now_ns = 0;

		good += timer_now(suite->timer, &now_ns) == CAP_OK &&
		    timer_sleep_until(suite->timer, now_ns + MILLISECOND) == CAP_OK;
	}
	return good;
}

static uint32_t
yields_that_end(void)
{
	uint32_t good = 0;

	for (uint32_t i = 0; i < ROUNDS; i++)
		good += capos_enter(CAP_ENTER_YIELD, 0) >= 0;
	return good;
}

static void
flood_round(struct suite *suite)
{
	struct claims *claims = &suite->claims;
	struct spawned_server floods[FLOODS] = { 0 };
	struct suite_exit exit = { 0 };

	for (uint32_t i = 0; i < FLOODS; i++)
		claim_equal(claims, "a NOP flood starts", start_flood(suite, &floods[i]), CAP_OK);
	claim_equal(claims, "who sleeps among floods wakes", sleeps_that_end(suite), ROUNDS);
	claim_equal(claims, "who yields to floods comes back", yields_that_end(), ROUNDS);
	for (uint32_t i = 0; i < FLOODS; i++)
		claim(claims, "a flood hears that it is called",
		    stop_flood(&floods[i], &exit) == CAP_OK && exit.kind == EXIT_KIND_EXITED &&
			exit.code == EXIT_STOPPED);
}

void
suite_flood(struct suite *suite)
{
	uint64_t frames;

	/* The first round makes tables of ours and of the spawner grow. */
	flood_round(suite);
	frames = frames_used(suite->stats);
	flood_round(suite);
	claim_equal(&suite->claims, "floods leave no frame behind",
	    (int64_t)frames_used(suite->stats), (int64_t)frames);
}
