/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Jobs: work that grows with a number that a user chose. A step does a bounded part (16 KiB of
 * copying or zeroing, 64 page-table entries, 64 slots or list items); between steps there is an
 * interrupt window. Jobs of a thread run in its own time (sched/ calls them before it returns to
 * user mode); jobs without a thread go on the reap list.
 */
#include "base/list.h"
#include "base/types.h"

enum job_state {
	JOB_AGAIN,
	JOB_DONE,
};

#define JOB_STEP_BYTES 16384
#define JOB_STEP_ENTRIES 64

struct job {
	struct list_node link;
	enum job_state (*step)(struct job *job); /* after JOB_DONE the job may be gone */
};

/* The reap list of this CPU: last drops of objects and remains of processes. */
void job_reap_queue(struct job *job);
/* One step of the first reap job; false if there is none. Called by dispatch/ between windows and
 * by idle. */
bool job_reap_step(void);
bool job_reap_pending(void);
void job_module_init(void);
