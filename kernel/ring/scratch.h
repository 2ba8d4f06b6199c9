/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Buffers of this CPU: what was copied out of user memory once, and what is built before it is
 * copied out once. They hold nothing beyond one submission.
 */
#include <abi/ring.h>
#include <schema/limits.capnp.h>

#include "base/types.h"

struct scratch {
	_Alignas(16) uint8_t input[KERNEL_MESSAGE_BYTES_MAX];
	_Alignas(16) uint8_t output[KERNEL_MESSAGE_BYTES_MAX];
};

/* Scratch of this CPU. */
struct scratch *scratch_get(void);
/* A further CPU's, before it is started; the first one's is part of the kernel. */
void scratch_provide(uint32_t cpu, struct scratch *scratch);

/*
 * Copy words, each read once and written once: processes may write them meanwhile. Where a process
 * calls itself, the two may overlap, and what arrives is its own affair. One instruction of the
 * processor, which needs no registers for the words; where accesses are checked, the compiler's.
 */
static inline void
copy_words(void *to, const void *from, uint64_t count)
{
#if __has_feature(address_sanitizer)
	__builtin_memmove(to, from, count * sizeof(uint64_t));
#else
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
#endif
}

/* Copy a few bytes, multiples of 8 mostly; as copy_words(). */
static inline void
copy_short(void *to, const void *from, size_t bytes)
{
	size_t words = bytes / sizeof(uint64_t);

	copy_words(to, from, words);
	for (size_t i = words * sizeof(uint64_t); i < bytes; i++)
		((volatile uint8_t *)to)[i] = ((const volatile uint8_t *)from)[i];
}
