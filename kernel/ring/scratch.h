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

/* Copy a few bytes, multiples of 8 mostly: cheaper than a call for short messages. No overlap. */
static inline void
copy_short(void *to, const void *from, size_t bytes)
{
	uint8_t *out = to;
	const uint8_t *in = from;

	/* The barrier keeps the compiler from turning the loop into a call. */
	for (; bytes >= 64; bytes -= 64, in += 64, out += 64) {
		__builtin_memcpy(out, in, 64);
		__asm__ volatile("" ::: "memory");
	}
	if (bytes & 32) {
		__builtin_memcpy(out, in, 32);
		in += 32;
		out += 32;
	}
	if (bytes & 16) {
		__builtin_memcpy(out, in, 16);
		in += 16;
		out += 16;
	}
	if (bytes & 8) {
		__builtin_memcpy(out, in, 8);
		in += 8;
		out += 8;
	}
	for (bytes &= 7; bytes != 0; bytes--) {
		*out++ = *in++;
		__asm__ volatile("" ::: "memory");
	}
}

/*
 * Copy words between two rings, each read once and written once: the processes may write them
 * meanwhile. No overlap. One instruction of the processor, which needs no registers for the words;
 * where accesses are checked, a loop.
 */
static inline void
copy_words(uint64_t *to, const uint64_t *from, uint64_t count)
{
#if __has_feature(address_sanitizer)
	for (; count != 0; count--)
		__atomic_store_n(to++, __atomic_load_n(from++, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
#else
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
#endif
}
