/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Typed object pools: the kernel's only allocator. A pool takes pages as it needs them and gives an
 * empty page back at once. Objects are zeroed, and charged to their payer as LEDGER_KERNEL_BYTES.
 * Lock: LOCK_RANK_MEMORY, inside.
 */
#include "mm/ledger.h"
#include "sync/spinlock.h"

struct pool {
	struct spinlock lock;
	const char *name;      /* [I] */
	uint32_t object_bytes; /* [I] at most one page less the page header; a multiple of 16 */
	struct list_node partial_pages GUARDED_BY(&lock); /* pages with room */
	uint64_t object_count GUARDED_BY(&lock);
	uint64_t page_count GUARDED_BY(&lock);
	struct list_node all; /* in the list of all pools, for statistics */
};

void pool_init(struct pool *pool, const char *name, size_t object_bytes);
MUST_CHECK enum cap_status pool_alloc(struct pool *pool, struct ledger *payer, void **out);
/* The same, not zeroed: the caller writes all of it at once. */
MUST_CHECK enum cap_status pool_alloc_unset(struct pool *pool, struct ledger *payer, void **out);
void pool_free(struct pool *pool, struct ledger *payer, void *object);

struct pool_numbers {
	const char *name;
	uint64_t object_count;
	uint64_t page_count;
};
/* The index-th pool in the order of pool_init; false: there is none. */
bool pool_numbers_get(uint32_t index, struct pool_numbers *out);
