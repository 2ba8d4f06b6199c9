/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Notifications: 64 bits that are set by SIGNAL and taken by WAIT. Two objects show one: the
 * Notification, whose holder waits (one hold, which may only be moved), and the Signaller, which
 * can be copied. Waiters stand in their own ops, first in first out; each takes all bits of its
 * mask that are set. Once the Notification's hold is gone for good, waiters and signals end as
 * disconnected.
 */
#include "cap/object.h"
#include "mm/ledger.h"
#include "ring/op.h"

struct notification;
struct process;

#define NOTIFICATION_WAITS_MAX 64      /* at one notification */
#define NOTIFICATION_WAITS_PER_STEP 16 /* that end between two windows, once nobody may wait */

/* Once, at start; the types are those of object/notification.c. */
void notification_init(
    const struct object_type *waiting_type, const struct object_type *signalling_type);

MUST_CHECK enum cap_status notification_create(struct ledger *payer, struct notification **out);
/* Its two sides; and the notification behind either. */
struct object *notification_waiting_side(struct notification *notification);
struct object *notification_signalling_side(struct notification *notification);
struct notification *notification_of_waiting_side(struct object *object);
struct notification *notification_of_signalling_side(struct object *object);

/* The parts of the two types that object/notification.c puts into them. */
enum job_state notification_waiting_destroy(struct object *object);
enum job_state notification_signalling_destroy(struct object *object);
void notification_hold_dropped(struct object *object, uint16_t interface_index);

/* CAP_ERR_DISCONNECTED: nobody can wait any more. */
MUST_CHECK enum cap_status notification_signal(struct notification *notification, uint64_t mask);
/*
 * The same if nobody waits, or one that takes some of the bits, by a hold without a cell. False:
 * nothing has changed.
 */
bool notification_signal_short(struct notification *notification, uint64_t mask);
/* Bits of the mask that are set: they are cleared. */
uint64_t notification_poll(struct notification *notification, uint64_t mask);

/*
 * What a WAIT does: CAP_OK: the op is pending here, or has ended with its bits. A refusal is
 * returned, and nothing is changed.
 */
MUST_CHECK enum cap_status notification_wait(struct notification *notification, struct op *op);
/* A WAIT that was claimed by somebody else leaves its queue. */
void notification_forget(struct op *op);
