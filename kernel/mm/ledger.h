/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Ledgers: who pays. They form a tree (boot, later sessions, processes); a charge goes to a ledger
 * and to every ancestor, or to none. Every kernel allocation names a payer. Counters are atomic; no
 * lock is needed to charge.
 */
#include "base/annotate.h"
#include "base/list.h"
#include "base/types.h"
#include "schema/status.capnp.h"

enum ledger_resource {
	LEDGER_FRAME_PAGES,	  /* frames: memory objects, anonymous pages, page tables */
	LEDGER_VIRTUAL_PAGES,	  /* reserved addresses */
	LEDGER_KERNEL_BYTES,	  /* pool objects */
	LEDGER_CAP_SLOTS,	  /* occupied and reserved slots */
	LEDGER_ENDPOINT_CALLS,	  /* calls waiting at endpoints that this process made */
	LEDGER_OUTSTANDING_CALLS, /* calls delivered and not answered */
	LEDGER_RESOURCE_COUNT,
};

struct ledger {
	struct ledger *parent; /* [I] NULL: boot; holds a reference to it */
	_Atomic uint32_t references;
	_Atomic uint64_t used[LEDGER_RESOURCE_COUNT];
	uint64_t limit[LEDGER_RESOURCE_COUNT]; /* [I] */
};

const char *ledger_resource_name(enum ledger_resource resource);
/* A ledger below `parent`, itself charged to the parent; one reference. It lives until nothing is
 * charged to it any more. */
MUST_CHECK enum cap_status ledger_create(
    struct ledger *parent, const uint64_t limit[LEDGER_RESOURCE_COUNT], struct ledger **out);
void ledger_get(struct ledger *ledger);
void ledger_put(struct ledger *ledger);
/* CAP_ERR_QUOTA_EXCEEDED, and nothing charged, if the ledger or an ancestor has no room. */
MUST_CHECK enum cap_status
ledger_charge(struct ledger *ledger, enum ledger_resource resource, uint64_t amount);
void ledger_release(struct ledger *ledger, enum ledger_resource resource, uint64_t amount);
/* The root of the tree; limits are set by mm_init from what the machine has. */
extern struct ledger ledger_boot;
void ledger_module_init(void);
