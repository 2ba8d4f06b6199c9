/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The part of a revocation that takes time: cells below the revoked one die, what was begun by dead
 * holds is swept (proc/sweep.h), a grace period passes; then the op that asked is answered. It
 * runs in the time of the thread that asked; if that ends, as a reap job.
 */
#include "mm/grace.h"
#include "object/call.h"
#include "proc/sweep.h"

/* In a record of the object that revokes; all zero: none runs. */
struct revocation {
	struct op_waiter waiter; /* first: see forget() in revocation.c */
	struct job job;
	struct grace_item grace;
	struct list_node work; /* of grant_cell_revoke() */
	struct process_sweep sweep;
	struct op *op;				      /* NULL: it has ended */
	struct object *object;			      /* a reference; NULL: none runs */
	void (*ended)(struct revocation *revocation); /* may free the record */
};

/* Before grant_cell_revoke(), which links into `work`. `ended` may be NULL. */
void revocation_begin(struct revocation *revocation, void (*ended)(struct revocation *revocation));
/* Whether one runs: there can be only one in a record. */
bool revocation_runs(const struct revocation *revocation);
/* The method returns what this does: OBJECT_PENDING. */
MUST_CHECK enum cap_status revocation_run(struct revocation *revocation, struct object_call *call);
