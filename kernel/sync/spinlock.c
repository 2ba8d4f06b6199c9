/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spin locks; see spinlock.h. The order is checked with one word per CPU: the ranks that it holds,
 * as bits. Pairs of one rank are the only way to hold two of it.
 */
#include "sync/spinlock.h"

#include "arch/cpu.h"
#include "base/assert.h"

#ifdef CAPOS_CHECK_LOCKS
static uint32_t held_ranks[CPU_COUNT_MAX];

static void
check_taken(const struct spinlock *lock)
{
	uint32_t *held = &held_ranks[arch_cpu_id()];

	KASSERT((*held >> lock->rank) == 0);
	*held |= 1U << lock->rank;
}

static void
check_pair(const struct spinlock *one, const struct spinlock *other)
{
	KASSERT(one->rank == other->rank && (one == other || one->key != other->key));
}

static void
check_dropped(const struct spinlock *lock)
{
	uint32_t *held = &held_ranks[arch_cpu_id()];

	KASSERT((*held & 1U << lock->rank) != 0);
	*held &= ~(1U << lock->rank);
}
#else
static inline void
check_taken(const struct spinlock *lock)
{
	(void)lock;
}

static inline void
check_pair(const struct spinlock *one, const struct spinlock *other)
{
	(void)one;
	(void)other;
}

static inline void
check_dropped(const struct spinlock *lock)
{
	(void)lock;
}
#endif

void
spin_init(struct spinlock *lock, enum lock_rank rank, uint64_t key)
{
	lock->held = 0;
	lock->rank = rank;
	lock->key = key;
}

/* Acquire pairs with the release in drop(): what the last holder wrote is seen. */
static inline bool
try(struct spinlock *lock)
{
	return __atomic_exchange_n((uint32_t *)&lock->held, 1, __ATOMIC_ACQUIRE) == 0;
}

static COLD void
spin(struct spinlock *lock)
{
	do
		arch_spin_hint();
	while (!try(lock));
}

static inline void
take(struct spinlock *lock) NO_LOCK_ANALYSIS
{
	if (!try(lock))
		spin(lock);
}

static void
drop(struct spinlock *lock) NO_LOCK_ANALYSIS
{
	__atomic_store_n((uint32_t *)&lock->held, 0, __ATOMIC_RELEASE);
}

void
spin_lock(struct spinlock *lock) NO_LOCK_ANALYSIS
{
	check_taken(lock);
	take(lock);
}

void
spin_unlock(struct spinlock *lock) NO_LOCK_ANALYSIS
{
	drop(lock);
	check_dropped(lock);
}

void
spin_lock_pair(struct spinlock *one, struct spinlock *other) NO_LOCK_ANALYSIS
{
	check_pair(one, other);
	spin_lock(one->key <= other->key ? one : other);
	if (one != other)
		take(one->key <= other->key ? other : one);
}

void
spin_unlock_pair(struct spinlock *one, struct spinlock *other) NO_LOCK_ANALYSIS
{
	if (one != other)
		drop(one->key <= other->key ? other : one);
	spin_unlock(one->key <= other->key ? one : other);
}

bool
spin_held(const struct spinlock *lock)
{
	return __atomic_load_n((const uint32_t *)&lock->held, __ATOMIC_RELAXED) != 0;
}
