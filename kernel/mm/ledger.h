/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Ledgers: who pays. They form a tree (boot, groups of processes, processes, what a process sets
 * apart); a charge goes to a ledger and to every ancestor, or to none. Every kernel allocation
 * names a payer. Counters are atomic; no lock is needed to charge.
 */
#include "base/annotate.h"
#include "base/list.h"
#include "base/types.h"
#include "mm/job.h"
#include "schema/status.capnp.h"
#include "sync/spinlock.h"

enum ledger_resource {
	LEDGER_FRAME_PAGES,	  /* frames: memory objects, anonymous pages, page tables */
	LEDGER_VIRTUAL_PAGES,	  /* reserved addresses */
	LEDGER_KERNEL_BYTES,	  /* pool objects */
	LEDGER_CAP_SLOTS,	  /* occupied and reserved slots */
	LEDGER_ENDPOINT_CALLS,	  /* calls waiting at endpoints that this process made */
	LEDGER_OUTSTANDING_CALLS, /* calls delivered and not answered */
	LEDGER_RESOURCE_COUNT,
};

/* A charge climbs so far at most; boot has depth zero. */
#define LEDGER_DEPTH_MAX 8

struct ledger {
	struct ledger *parent; /* [I] NULL: boot; holds a reference to it */
	uint32_t depth;	       /* [I] */
	_Atomic uint32_t references;
	/* Never above the limit, but for the moment in which the limit is lowered. */
	_Atomic uint64_t used[LEDGER_RESOURCE_COUNT];
	_Atomic uint64_t limit[LEDGER_RESOURCE_COUNT]; /* changed by mm/funding.h alone */
	struct spinlock lock;			       /* rank LOCK_RANK_MEMORY */
	struct list_node debts GUARDED_BY(&lock);      /* mm/funding.h: not given back yet */
	struct job last; /* after the last reference, if there are debts */
};

const char *ledger_resource_name(enum ledger_resource resource);
/*
 * A ledger below `parent`, itself charged to the parent; one reference. It lives until nothing is
 * charged to it any more. CAP_ERR_INVALID_ARGUMENT: it would be too deep.
 */
MUST_CHECK enum cap_status ledger_create(
    struct ledger *parent, const uint64_t limit[LEDGER_RESOURCE_COUNT], struct ledger **out);
void ledger_get(struct ledger *ledger);
void ledger_put(struct ledger *ledger);
/* CAP_ERR_QUOTA_EXCEEDED, and nothing charged, if the ledger or an ancestor has no room. */
MUST_CHECK enum cap_status
ledger_charge(struct ledger *ledger, enum ledger_resource resource, uint64_t amount);
/* Whether a charge would be accepted now; another CPU may be first. */
bool ledger_has_room(const struct ledger *ledger, enum ledger_resource resource, uint64_t amount);
void ledger_release(struct ledger *ledger, enum ledger_resource resource, uint64_t amount);
/*
 * The same up to an ancestor, which is not charged: for what changes the way below it alone. `end`
 * NULL: to boot, which is charged.
 */
MUST_CHECK enum cap_status ledger_charge_below(struct ledger *ledger, const struct ledger *end,
    enum ledger_resource resource, uint64_t amount);
void ledger_release_below(struct ledger *ledger, const struct ledger *end,
    enum ledger_resource resource, uint64_t amount);
/* The root of the tree; limits are set by mm_init from what the machine has. */
extern struct ledger ledger_boot;
void ledger_module_init(void);
