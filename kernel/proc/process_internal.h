/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The record of a process, for the files of proc/. */
#include <abi/capset.h>

#include "cap/object.h"
#include "ipc/endpoint.h"
#include "proc/process.h"

struct process_record {
	struct process process; /* first: what others see */
	struct object handle;	/* counted by handles, and by the process while it is not dead */
	struct object control;	/* keeps the handle; from the start on, if it was taken */
	struct list_node all;	/* by pid, from its making to its end */
	struct ledger *payer;	/* of this record; a reference */
	struct capset_header *capset; /* the page, through the direct map */
	struct op *waiter;
	struct process_log log;
	uint8_t *io_bitmap; /* two frames, adjacent; NULL: no ports */
	struct process_exit exit;
	struct served_call served; /* at the end */
	struct job teardown;
	struct grace_item last; /* the end of the teardown comes after everything that it dropped */
	uint32_t phase;
};

static inline struct process_record *
record_of(struct process *process)
{
	return (struct process_record *)process;
}

/* Give the parts back that exist, in bounded steps: for abandon, and at the end of the teardown. */
enum job_state process_parts_free_step(struct process_record *record);
MUST_CHECK enum cap_status capset_create(struct process_record *record);
