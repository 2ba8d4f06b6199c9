/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* CapabilityManager: the grants to one process, which can be taken back. */
#include "object/call.h"
#include "proc/process.h"

void capability_manager_init(void);

/*
 * The manager of what is granted to `process` from now on, which is being made; charged to `payer`.
 * One reference.
 */
MUST_CHECK enum cap_status
capability_manager_create(struct ledger *payer, struct process *process, struct object **out);
/* The process was started: the manager keeps its record from now on. */
void capability_manager_started(struct object *manager);
/* It was given up instead. */
void capability_manager_abandoned(struct object *manager);

/*
 * A capability of the caller's for a process, under grant->name: copied, or moved if `cap` says so.
 * With a manager by a cell of its own, charged to the caller's ledger, and *id names it; without
 * one the new hold shares the cell of the caller's. Codes of cap_lookup and process_grant(),
 * CAP_ERR_TRANSFER_NOT_SUPPORTED; nothing is changed then.
 */
struct capability_grant {
	struct object *manager; /* NULL: none */
	struct process *process;
	struct process_grant grant; /* but for its hold */
	struct capnp_cap cap;
};
MUST_CHECK enum cap_status
capability_grant(struct object_call *call, struct capability_grant *request, uint64_t *id);
