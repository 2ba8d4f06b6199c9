/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* C11's atomics, as far as sources under test use them, on the machine of order.h. */
#include "order.h"

enum memory_order {
	memory_order_relaxed = __ATOMIC_RELAXED,
	memory_order_acquire = __ATOMIC_ACQUIRE,
	memory_order_release = __ATOMIC_RELEASE,
	memory_order_acq_rel = __ATOMIC_ACQ_REL,
	memory_order_seq_cst = __ATOMIC_SEQ_CST,
};

#define atomic_init(place, value) ((void)(*(place) = (value)))
#define atomic_thread_fence(order) order_fence(order)
#define atomic_load_explicit(place, order) __atomic_load_n(place, order)
#define atomic_store_explicit(place, value, order) __atomic_store_n(place, value, order)
#define atomic_compare_exchange_strong_explicit(place, expected, value, success, failure)          \
	({                                                                                         \
		uint64_t order_found = *(expected);                                                \
		bool order_done =                                                                  \
		    order_compare_exchange(place, &order_found, value, sizeof(*(place)), success); \
                                                                                                   \
		*(expected) = (__typeof__(*(expected)))order_found;                                \
		order_done;                                                                        \
	})
