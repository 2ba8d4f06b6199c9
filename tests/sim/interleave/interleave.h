/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Two processors in the kernel at once. A case is two submissions, each of a process that runs on a
 * processor of its own. Both enter; at every lock, a schedule says whether the other one goes on
 * first. Whatever the schedule, what everybody can see afterwards has to be what one of the two
 * orders gives in which one entry is over before the other begins.
 */
#include "arch/sim/world.h"

#define INTERLEAVE_CPUS 2

struct interleave_case {
	const char *name;
	/* In a world that has the two processes: what stands ready when they enter. */
	void (*prepare)(void);
	/* What each of them submits. */
	struct cap_sqe (*submission[INTERLEAVE_CPUS])(void);
};

/* Of the case that is tried: the process on that processor. */
extern struct world_process interleave_process[INTERLEAVE_CPUS];

/* For prepare(): what is done from here on is done on that processor; it begins on the first one.
 */
void interleave_switch(uint32_t cpu);

/*
 * Each schedule that changes processors at most twice before somebody is done. Prints how many
 * there were; a failed check ends the test.
 */
void interleave_run(const struct interleave_case *cases, uint32_t count);
