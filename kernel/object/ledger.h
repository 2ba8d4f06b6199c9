/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Capabilities for ledgers: Ledger, and the Funding that it lends. */
#include "cap/table.h"
#include "mm/ledger.h"
#include "schema/stats.capnp.h"

struct process;

void ledger_objects_init(void);
void funding_objects_init(void);

/* A capability object for `ledger`, of which it takes a reference; charged to `payer`. One
 * reference. */
MUST_CHECK enum cap_status
ledger_capability_create(struct ledger *payer, struct ledger *ledger, struct object **out);
/*
 * The Ledger of the process itself, for that process alone: whoever else had it could use up what
 * the process may use.
 */
MUST_CHECK enum cap_status ledger_capability_hold(struct process *process, struct cap_hold *out);
/*
 * What a capability id of the process's table names, if it is a Ledger; valid until this CPU leaves
 * the kernel.
 */
MUST_CHECK enum cap_status
ledger_capability_find(struct process *process, cap_id_t cap_id, struct ledger **out);

/* Room of `donor` for the process that asks, as an object that the donor pays for; one reference.
 */
struct funding;
MUST_CHECK enum cap_status funding_capability_create(struct ledger *donor,
    struct process *recipient, const uint64_t amount[LEDGER_RESOURCE_COUNT], struct object **out);

/* Amounts as messages have them. */
struct resource_amounts;
void ledger_amounts_read(struct resource_amounts from, uint64_t amount[LEDGER_RESOURCE_COUNT]);
/* Every resource of a ledger: name, use, limit. `to` has LEDGER_RESOURCE_COUNT entries. */
void ledger_usage_fill(struct usage_list_builder to, const struct ledger *ledger);
