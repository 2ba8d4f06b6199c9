/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What follows a revocation: every process is looked through for what was begun by holds that are
 * dead now. Calls that wait or were delivered, waits and timers end, mappings are taken away. It
 * does not matter which revocation it was: a sweep finds what all of them left.
 */
#include "base/types.h"
#include "mm/job.h"

/* Where a sweep is; all zero at its start. */
struct process_sweep {
	uint32_t pid; /* of the process that is looked through, or the one after */
	uint32_t op;
	uaddr_t address;
};

/*
 * The next step: JOB_STEP_ENTRIES ops and regions looked at and pages unmapped; an op that ends
 * counts for more. Lock: LOCK_RANK_OBJECT, inside.
 */
enum job_state process_sweep_step(struct process_sweep *sweep);
