/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The lowest modules of the kernel, as harnesses see them: a KASSERT that may fail is a claim that
 * does not hold; a lock that is taken twice or given back untaken, too.
 */
#include "base/assert.h"
#include "prove.h"
#include "sync/spinlock.h"

/* A claim may be about an assertion that stops what is wrong: then nothing happens after it. */
static bool assertion_is_wanted;

void
kernel_assert_failed(const char *condition, const char *file, int line)
{
	(void)condition;
	(void)file;
	(void)line;
	PROVE(assertion_is_wanted, "no KASSERT fails");
	GIVEN(false);
	__builtin_unreachable();
}

void
spin_init(struct spinlock *lock, enum lock_rank rank, uint64_t key)
{
	*lock = (struct spinlock){ .rank = (uint32_t)rank, .key = key };
}

NO_LOCK_ANALYSIS void
spin_lock(struct spinlock *lock)
{
	PROVE(lock->held == 0, "no lock is taken twice");
	lock->held = 1;
}

NO_LOCK_ANALYSIS void
spin_unlock(struct spinlock *lock)
{
	PROVE(lock->held == 1, "no lock is given back untaken");
	lock->held = 0;
}
