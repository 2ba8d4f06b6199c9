/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Whether and when a service that has ended is started again: pure logic, for any time that it is
 * told. Times are monotonic nanoseconds.
 */
#include <schema/supervisor.capnp.h>
#include <stdbool.h>
#include <stdint.h>

#define RESTARTS_MAX 16 /* within one window */

struct restart_rule {
	enum restart_when when;
	uint32_t max_restarts; /* within the window; more than RESTARTS_MAX are as many */
	uint64_t window_ns;
	uint64_t backoff_ns; /* doubled for each restart within the window */
	uint64_t backoff_max_ns;
};

/* Of one service; all zero at first. */
struct restart_history {
	uint64_t at_ns[RESTARTS_MAX]; /* of the restarts that may still count, oldest first */
	uint32_t count;
};

enum restart_decision {
	RESTART_NEVER, /* it has ended, and may have */
	RESTART_LATER,
	RESTART_GIVE_UP, /* it ends again and again */
};

struct restart_rule restart_rule_read(struct restart_policy from);

/*
 * What becomes of a service that ended at `now_ns`, by a failure or not. RESTART_LATER: it is to be
 * started at *at_ns, and that counts.
 */
enum restart_decision restart_decide(const struct restart_rule *rule,
    struct restart_history *history, bool is_failure, uint64_t now_ns, uint64_t *at_ns);
