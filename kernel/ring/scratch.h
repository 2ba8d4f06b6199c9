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

	/* The barriers keep the compiler from turning the loops into calls. */
	for (; bytes >= 32; bytes -= 32, in += 32, out += 32) {
		__builtin_memcpy(out, in, 32);
		__asm__ volatile("" ::: "memory");
	}
	if (bytes >= 16) {
		__builtin_memcpy(out, in, 16);
		bytes -= 16;
		in += 16;
		out += 16;
	}
	for (; bytes >= 8; bytes -= 8, in += 8, out += 8) {
		__builtin_memcpy(out, in, 8);
		__asm__ volatile("" ::: "memory");
	}
	for (; bytes != 0; bytes--) {
		*out++ = *in++;
		__asm__ volatile("" ::: "memory");
	}
}
