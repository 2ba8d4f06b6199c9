/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two system calls, where the link-time optimiser can see them: a call costs an instruction or
 * two less in line. Of the registers, RCX and R11 are the processor's; the kernel gives back zeros
 * in RDX and R8 to R10, and the others as they were.
 */
#include <abi/start.h>

#include "capos.h"
#include "ring.h"

int64_t
capos_enter(uint32_t min_complete, uint64_t deadline_ns)
{
	int64_t result;

	__asm__ volatile("syscall"
	    : "=a"(result)
	    : "a"(SYSCALL_CAP_ENTER), "D"((uint64_t)min_complete), "S"(deadline_ns)
	    : "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
	return result;
}

void
capos_exit(int64_t code)
{
	__asm__ volatile("syscall" : : "a"(SYSCALL_EXIT), "D"(code) : "rcx", "r11", "memory");
	__builtin_unreachable();
}
