/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the files of mm/ that work on address spaces share. */
#include "base/list.h"
#include "mm/address_space.h"

#define REGIONS_MAX 256 /* walks over the list are bounded by it */

enum region_kind {
	REGION_ANONYMOUS,
	REGION_OBJECT,
	REGION_PINNED,
};

struct region {
	struct list_node link;
	uaddr_t start;
	uaddr_t end;
	struct memory_object *object; /* OBJECT: a reference and a mapping */
	uint64_t offset;	      /* of `start` in the object */
	struct grant_cell *cell;      /* OBJECT: by which it was mapped, a reference; NULL: none */
	uint32_t kind;
	bool is_at_work; /* a request maps its pages, or takes them back */
};

/* Hooks of cap/; NULL is live. */
void mapping_cell_get(struct grant_cell *cell);
void mapping_cell_put(struct grant_cell *cell);
bool mapping_cell_is_live(const struct grant_cell *cell);

/* One page-table page: remembered so that teardown need not search the tables. */
struct table_note {
	struct table_note *next;
	paddr_t frame;
};

struct address_space {
	struct spinlock lock;			    /* rank LOCK_RANK_ADDRESS_SPACE */
	paddr_t root;				    /* [I] */
	struct ledger *payer;			    /* [I] a reference */
	struct list_node regions GUARDED_BY(&lock); /* by address */
	struct table_note *tables GUARDED_BY(&lock);
	uint32_t region_count GUARDED_BY(&lock);
};

/* The leaf entry of `address`, or NULL if a table on the way is missing. */
uint64_t *page_entry_find(const struct address_space *space, uaddr_t address);
/* The same, tables made as they are needed. */
MUST_CHECK enum cap_status
page_entry_make_locked(struct address_space *space, uaddr_t address, uint64_t **out);
void page_flush(const struct address_space *space, uaddr_t address);

/* A zeroed frame at an address of a region that has none there; its tables are made as needed. */
MUST_CHECK enum cap_status page_commit_locked(
    struct address_space *space, uaddr_t address, enum page_access access, paddr_t *frame);
/* Take the page at `address` away, if there is one; its frame goes back if it is the space's own.
 */
void page_drop_locked(struct address_space *space, uaddr_t address, bool is_own);
void page_range_drop_locked(struct address_space *space, uaddr_t start, uaddr_t end, bool is_own);
