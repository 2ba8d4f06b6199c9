/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a tree of page tables allows, all levels taken together as the processor does. Pure code,
 * tested on the host.
 */
#include "base/types.h"

#define PTE_PRESENT UINT64_C(1)
#define PTE_WRITE UINT64_C(2)
#define PTE_USER UINT64_C(4)
#define PTE_UNCACHED UINT64_C(0x18) /* write-through and cache-disable */
#define PTE_LARGE UINT64_C(0x80)
#define PTE_GLOBAL UINT64_C(0x100)
#define PTE_KEPT UINT64_C(0x200) /* ours: not present, but the frame is kept */
#define PTE_NX (UINT64_C(1) << 63)
#define PTE_FRAME UINT64_C(0x000ffffffffff000)

/* The number of mappings, and of those of each kind; a large page is one mapping. */
struct page_audit {
	uint64_t mappings;
	uint64_t writable;
	uint64_t executable;
	uint64_t write_execute;
	uint64_t user;
};

typedef const uint64_t *(*page_audit_map_fn)(paddr_t table);

void page_audit(const uint64_t *root, page_audit_map_fn map, struct page_audit *out);
