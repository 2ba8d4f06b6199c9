/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The call chain, for panics. The kernel is compiled without frame pointers: the stack is searched
 * for addresses that stand right behind a call instruction. One that an earlier call left behind
 * may be among them.
 */
#include "arch/cpu.h"
#include "call_site.h"
#include "machine.h"

static bool
is_in_text(uint64_t address)
{
	return address >= (uint64_t)kernel_text_start + CALL_BYTES_MAX &&
	    address < (uint64_t)kernel_text_end;
}

/* The end of the kernel stack that `stack` points into, or 0. One that ran over points into its
 * guard page. */
static uint64_t
stack_end(uint64_t stack)
{
	if (stack >= (uint64_t)cpu_stack_guard && stack < (uint64_t)cpu_stack_top)
		return (uint64_t)cpu_stack_top;
	for (uint64_t i = 0; i < IST_STACKS; i++) {
		uint64_t base = (uint64_t)ist_stacks + i * IST_STRIDE;

		if (stack >= base + PAGE_BYTES && stack < base + IST_STRIDE)
			return base + IST_STRIDE;
	}
	return 0;
}

uint32_t
arch_backtrace(uint64_t *addresses, uint32_t address_count_max)
{
	uint64_t interrupted = trap_interrupted_stack();
	uint64_t start = (uint64_t)__builtin_frame_address(0);
	uint64_t end;
	uint32_t count = 0;

	if (stack_end(interrupted) != 0)
		start = interrupted;
	if (start < (uint64_t)cpu_stack_guard + PAGE_BYTES && start >= (uint64_t)cpu_stack_guard)
		start = (uint64_t)cpu_stack_guard + PAGE_BYTES;
	end = stack_end(start);
	for (uint64_t at = (start + 7) & ~UINT64_C(7); at < end && count < address_count_max;
	    at += 8) {
		uint64_t value = *(const uint64_t *)at;

		if (is_in_text(value) && is_behind_call((const uint8_t *)value))
			addresses[count++] = value;
	}
	return count;
}
