/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Physical frames of 4096 bytes: a bitmap over usable memory. Frame zero, everything not usable,
 * and the bitmap's own frames are never given out. Lock: LOCK_RANK_FRAMES, inside.
 */
#include "mm/ledger.h"

struct memory_range {
	paddr_t base;
	uint64_t bytes;
};

/* From boot: usable ranges, any order; ranges in `reserved` (kernel image, boot package, tables)
 * are kept out. */
void frame_init(const struct memory_range *usable, uint32_t usable_count,
    const struct memory_range *reserved, uint32_t reserved_count);

/* One zeroed frame, charged to `payer` as LEDGER_FRAME_PAGES. CAP_ERR_QUOTA_EXCEEDED,
 * CAP_ERR_NO_MEMORY. */
MUST_CHECK enum cap_status frame_alloc(struct ledger *payer, paddr_t *out);
/* As frame_alloc, but with whatever was in it: the caller overwrites all of it before anyone sees
 * it. */
MUST_CHECK enum cap_status frame_alloc_dirty(struct ledger *payer, paddr_t *out);
/* `count` adjacent frames, at least one; NOT zeroed here (the caller's job zeroes in steps). Has
 * windows: the caller holds no lock. */
MUST_CHECK enum cap_status
frame_alloc_contiguous(struct ledger *payer, uint32_t count, paddr_t *out);
/* Give one frame back; it may be reused at once: callers wait for the grace period first where
 * needed. */
void frame_free(struct ledger *payer, paddr_t frame);
/* For frames without a payer: pool pages. */
MUST_CHECK enum cap_status frame_alloc_pool(paddr_t *out);
void frame_free_pool(paddr_t frame);

struct frame_stats {
	uint64_t total_pages;
	uint64_t free_pages;
	uint64_t reserved_pages;
};
void frame_stats_get(struct frame_stats *out);
/* frame_alloc* fail with CAP_ERR_NO_MEMORY after `count` more successes; UINT64_MAX: never (tests,
 * simulator). */
void frame_fail_after(uint64_t count);
