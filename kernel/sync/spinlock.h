/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Spin locks with a rank. Interrupts are off in the kernel, so a lock needs no interrupt state.
 * Unit tests, the simulator and fuzzing of the core check the order (CAPOS_CHECK_LOCKS).
 */
#include "base/annotate.h"
#include "base/types.h"
#include "sync/lock_rank.h"

struct LOCKABLE spinlock {
	_Atomic uint32_t held; /* [a] */
	uint32_t rank;	       /* [I] enum lock_rank */
	uint64_t key;	       /* [I] order among locks of one rank */
};

void spin_init(struct spinlock *lock, enum lock_rank rank, uint64_t key);
void spin_lock(struct spinlock *lock) ACQUIRES(lock);
void spin_unlock(struct spinlock *lock) RELEASES(lock);
/* Both, in the order of their keys; the same lock twice is taken once. */
void
spin_lock_pair(struct spinlock *one, struct spinlock *other) ACQUIRES(one, other) NO_LOCK_ANALYSIS;
void spin_unlock_pair(struct spinlock *one, struct spinlock *other) RELEASES(one, other)
    NO_LOCK_ANALYSIS;
bool spin_held(const struct spinlock *lock);
