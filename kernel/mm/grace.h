/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The grace period: a CPU that has left the kernel since a thing was unlinked holds no reference to
 * it. Freed memory that another CPU might still look at waits here until every CPU has left once.
 * (With one CPU: until this entry ends.)
 */
#include "base/list.h"
#include "base/types.h"
#include "sync/per_cpu.h"

struct grace_item {
	struct list_node link;
	uint64_t epoch;
	void (*free)(struct grace_item *item);
};

void grace_defer(struct grace_item *item, void (*free)(struct grace_item *item));
bool grace_pending(void);
/* Up to 64 items that are due. */
void grace_free_some(void);

/* This CPU enters or leaves the kernel; with one CPU only the leaving matters. */
static inline void
grace_enter(void)
{
}

static inline void
grace_leave(void)
{
	if (pending_here()->grace != 0)
		grace_free_some();
}
