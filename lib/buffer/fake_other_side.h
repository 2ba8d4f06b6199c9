/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The other side of a buffer that was made of fake_shared.h's parts: what it does to the ring. */
#include "fake_shared.h"
#include "ring_view.h"

static struct ring_view other;

static inline void
other_starts(uint32_t count, bool is_producer)
{
	ring_view_init(&other, (struct ring_side *)(void *)fake_shared.memory, count, is_producer);
}

static inline void
other_publishes(void)
{
	if (ring_view_publish(&other))
		fake_set_bits(0, SHARED_MOVED);
}

static inline void
other_closes(void)
{
	ring_view_close(&other);
	fake_set_bits(0, SHARED_MOVED);
}

static inline void
other_dies(void)
{
	fake_shared.closed[1] = true;
	fake_set_bits(0, SHARED_GONE);
}
