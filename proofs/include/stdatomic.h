/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * C11 atomics as plain accesses, for proofs: a harness runs one thread. Where others may interfere,
 * a harness defines PROOF_INTERFERE, which runs before each access, and may change what others may
 * change. Memory order is not proved here; proofs/memory-order is for that.
 */
#ifndef PROOF_INTERFERE
#define PROOF_INTERFERE() ((void)0)
#endif

enum memory_order {
	memory_order_relaxed,
	memory_order_acquire,
	memory_order_release,
	memory_order_acq_rel,
	memory_order_seq_cst,
};

#define atomic_init(place, value) ((void)(*(place) = (value)))
#define atomic_thread_fence(order) ((void)(order))
#define atomic_load_explicit(place, order) (PROOF_INTERFERE(), *(place))
#define atomic_store_explicit(place, value, order) (PROOF_INTERFERE(), (void)(*(place) = (value)))
#define atomic_fetch_add_explicit(place, value, order)                                             \
	(PROOF_INTERFERE(), *(place) += (value), *(place) - (value))
#define atomic_fetch_sub_explicit(place, value, order)                                             \
	(PROOF_INTERFERE(), *(place) -= (value), *(place) + (value))
#define atomic_compare_exchange_strong_explicit(place, expected, desired, success, failure)        \
	(PROOF_INTERFERE(),                                                                        \
	    *(place) == *(expected) ? (*(place) = (desired), 1) : (*(expected) = *(place), 0))
#define atomic_compare_exchange_weak_explicit(place, expected, desired, success, failure)          \
	atomic_compare_exchange_strong_explicit(place, expected, desired, success, failure)

/* The compiler's own form of the same. */
#define __atomic_load_n(place, order) (PROOF_INTERFERE(), *(place))
#define __atomic_store_n(place, value, order) (PROOF_INTERFERE(), (void)(*(place) = (value)))
