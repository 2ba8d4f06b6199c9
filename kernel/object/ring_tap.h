/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Capabilities for taps: RingTap, and the two factories that decide what a tap may record. */
#include "cap/table.h"

struct process;

/* Once, at start. */
void ring_tap_objects_init(void);

struct object *tap_factory_object(void);
struct object *payload_tap_factory_object(void);

/*
 * The RingTap that a capability id of the process's table names; valid until this CPU leaves the
 * kernel. The codes of cap_lookup, CAP_ERR_WRONG_INTERFACE.
 */
MUST_CHECK enum cap_status
tap_capability_find(struct process *process, cap_id_t cap_id, struct object **out);

/*
 * A tap is given to one process, once: claimed before the process is started with it, attached when
 * that has succeeded, else unclaimed. CAP_ERR_WRONG_STATE: it was claimed before.
 */
struct ring_tap;
MUST_CHECK enum cap_status
tap_claim(struct object *object, struct process *process, struct ring_tap **out);
void tap_attached(struct object *object);
void tap_unclaim(struct object *object);
