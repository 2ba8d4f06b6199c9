/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a harness says to CBMC. A harness includes the shipped source that it is about, gives the
 * functions that this source calls, and states its claims. Values of any_*() are arbitrary: what is
 * proved holds for each of them.
 */
#include <stdbool.h>
#include <stdint.h>

#ifdef CBMC
/* What the source takes for granted is a claim, too. */
#define __builtin_assume(condition) PROVE(condition, "what the source assumes holds")
#else /* for whoever else reads this; CBMC knows them */
void __CPROVER_assume(bool condition);
void __CPROVER_assert(bool condition, const char *claim);
#endif

/* Only states in which it holds are looked at. */
#define GIVEN(condition) __CPROVER_assume(condition)
/* It holds in every state that is reached here. */
#define PROVE(condition, claim) __CPROVER_assert((condition), claim)

/* CBMC gives a function of such a name, which nobody defines, every result. */
uint64_t nondet_u64(void);

static inline uint64_t
any_u64(void)
{
	return nondet_u64();
}

static inline uint32_t
any_u32(void)
{
	return (uint32_t)nondet_u64();
}

static inline bool
any_bool(void)
{
	return (nondet_u64() & 1) != 0;
}

/* A number below `end`. */
static inline uint32_t
any_below(uint32_t end)
{
	uint32_t value = any_u32();

	GIVEN(value < end);
	return value;
}
