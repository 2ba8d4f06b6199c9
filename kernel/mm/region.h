/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Regions of an address space: finding, reserving, splitting. All under the space's lock. */
#include "mm/address_space_internal.h"

void region_module_init(void);

/* The first region that ends above `address`, or the list's head. */
struct list_node *region_reaching_beyond_locked(struct address_space *space, uaddr_t address);
/* True if nothing is in [start, end). */
bool region_is_free_locked(struct address_space *space, uaddr_t start, uaddr_t end);
/* The lowest free range of `bytes` above the program's usual places; 0: none. */
uaddr_t region_find_room_locked(struct address_space *space, uint64_t bytes);
/* A new region, addresses charged. The range is free. */
MUST_CHECK enum cap_status
region_add_locked(struct address_space *space, const struct region *wanted, struct region **out);
/* Give a whole region back: addresses, and the object's mapping. */
void region_remove_locked(struct address_space *space, struct region *region);
/* The last `bytes` of a region go back; with all of them, the region. Nothing is mapped there. */
void region_shrink_locked(struct address_space *space, struct region *region, uint64_t bytes);
/*
 * True if every address of [start, end) is in a region of `kind` (and of `object`, if not NULL).
 * Gaps refuse.
 */
bool region_covers_locked(struct address_space *space, const struct region *range);
/* Cut regions so that [start, end) begins and ends at borders of regions. */
MUST_CHECK enum cap_status
region_cut_locked(struct address_space *space, uaddr_t start, uaddr_t end);
