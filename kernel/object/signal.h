/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Who sets bits of notifications: holders of a Signaller by SIGNAL, and objects of the kernel
 * (interrupts, alarms) that were given one. A limited signaller is an object of its own: it sets
 * bits of one mask only, and others once nobody holds it.
 */
#include "cap/table.h"

struct notification;
struct process;

/* Once, at start. */
void limited_signaller_init(void);
/*
 * CAP_ERR_INVALID_ARGUMENT: neither a mask nor bits for its end. One reference. Keeps the
 * signalling side of the notification.
 */
struct limited_signaller_request {
	struct ledger *payer;
	struct notification *notification;
	uint64_t mask;
	uint64_t dropped;
};
MUST_CHECK enum cap_status
limited_signaller_create(const struct limited_signaller_request *request, struct object **out);

/*
 * Set bits by any object that shows Signaller: CAP_ERR_WRONG_INTERFACE for another one,
 * CAP_ERR_INVALID_ARGUMENT for bits that it may not set, CAP_ERR_DISCONNECTED. Lock:
 * LOCK_RANK_OBJECT, inside.
 */
MUST_CHECK enum cap_status signal_by(struct object *object, uint64_t mask);

/* The same by the interface's own method: object_type.call of both kinds of signallers. */
struct object_call;
MUST_CHECK enum cap_status signaller_call(struct object_call *call);

/* A signaller that an object of the kernel keeps. hold.object NULL: none. Guarded by its keeper. */
struct signal_target {
	struct cap_hold hold; /* a reference to its object */
	uint64_t mask;
};

/*
 * From a capability of `process`, which keeps it: the codes of cap_lookup, and those of signal_by
 * for a mask that could not be set; CAP_ERR_INVALID_ARGUMENT for no bits. `out` is written on
 * CAP_OK only.
 */
MUST_CHECK enum cap_status signal_target_take(
    struct process *process, cap_id_t cap_id, uint64_t mask, struct signal_target *out);
/* Set its bits. False: there is none, its hold was revoked since, or nobody can wait any more. */
bool signal_target_fire(const struct signal_target *target);
/* Nothing for none. Afterwards there is none. */
void signal_target_drop(struct signal_target *target);
