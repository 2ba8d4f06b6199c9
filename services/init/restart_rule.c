/* SPDX-License-Identifier: Apache-2.0 */
/* Restarts; see restart_rule.h. */
#include "restart_rule.h"

#include <string.h>

#define MILLISECOND UINT64_C(1000000)

struct restart_rule
restart_rule_read(struct restart_policy from)
{
	return (struct restart_rule){
		.when = restart_policy_when(from),
		.max_restarts = restart_policy_max_restarts(from),
		.window_ns = restart_policy_window_ms(from) * MILLISECOND,
		.backoff_ns = restart_policy_backoff_ms(from) * MILLISECOND,
		.backoff_max_ns = restart_policy_backoff_max_ms(from) * MILLISECOND,
	};
}

/* Restarts that lie behind the window do not count any more. */
static void
forget_old(const struct restart_rule *rule, struct restart_history *history, uint64_t now_ns)
{
	uint32_t old = 0;

	while (old < history->count && history->at_ns[old] + rule->window_ns < now_ns)
		old++;
	history->count -= old;
	memmove(
	    &history->at_ns[0], &history->at_ns[old], history->count * sizeof(history->at_ns[0]));
}

/* Twice as long for each restart that counts, and never longer than the maximum. */
static uint64_t
backoff(const struct restart_rule *rule, uint32_t restarts)
{
	uint64_t wait_ns = rule->backoff_ns;

	for (uint32_t i = 0; i < restarts && wait_ns < rule->backoff_max_ns; i++)
		wait_ns *= 2;
	return wait_ns < rule->backoff_max_ns ? wait_ns : rule->backoff_max_ns;
}

enum restart_decision
restart_decide(const struct restart_rule *rule, struct restart_history *history, bool is_failure,
    uint64_t now_ns, uint64_t *at_ns)
{
	uint32_t max = rule->max_restarts < RESTARTS_MAX ? rule->max_restarts : RESTARTS_MAX;

	if (rule->when == RESTART_WHEN_NEVER ||
	    (rule->when == RESTART_WHEN_ON_FAILURE && !is_failure))
		return RESTART_NEVER;
	forget_old(rule, history, now_ns);
	if (history->count >= max)
		return RESTART_GIVE_UP;
	*at_ns = now_ns + backoff(rule, history->count);
	history->at_ns[history->count++] = *at_ns;
	return RESTART_LATER;
}
