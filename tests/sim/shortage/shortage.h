/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A shortage at every place that allocates. What a case does is tried again and again in a fresh
 * world, and the first, second, ... allocation (or charge) in it is refused, until it needs no
 * more. Each time that has to be the error that says so, nothing may be different afterwards, and
 * the same must succeed then.
 */
#include "arch/sim/world.h"
#include "schema/status.capnp.h"

struct shortage_case {
	const char *name;
	/* A fresh world, whose processes are watched. */
	void (*prepare)(void);
	/* CAP_OK, or what it was refused with. Undoes what of it succeeded before that. */
	enum cap_status (*act)(void);
	/*
	 * May be NULL: pools of which something stays if what comes after it is short, because its
	 * owner has it for the next time. The same shortage again leaves no more.
	 */
	const char *keeps;
};

/* Both kinds of shortage; a failed check ends the test. Prints how many places each case has. */
void shortage_run(const struct shortage_case *cases, uint32_t count);

/* For prepare(): what this process has is compared. */
void shortage_watch(const struct world_process *process);

/* Submit and enter: the completion's refusal, or CAP_OK, also while there is none. */
MUST_CHECK enum cap_status shortage_do(struct world_process *from, const struct cap_sqe *sqe);
