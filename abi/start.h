/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * How a process starts and where things stand in its address space.
 *
 * Entry: RDI ring address, RSI process id, RDX CapSet address (0 if there are no capabilities);
 * RSP is 16-byte aligned plus 8, as after a call; every other register is zero.
 * System calls: RAX number, RDI and RSI arguments, RAX result; RCX, R11 and the other caller-saved
 * registers are lost.
 */
#include <stdint.h>

#define SYSCALL_CAP_ENTER 0 /* (min_complete, deadline_ns) -> completions unread, or CAP_ERR_* */
#define SYSCALL_EXIT 1	    /* (code) */

#define USER_PAGE_BYTES UINT64_C(4096)
#define USER_IMAGE_BASE UINT64_C(0x400000)
#define USER_ADDRESS_MIN UINT64_C(0x10000)	  /* nothing is ever mapped below */
#define USER_ADDRESS_END UINT64_C(0x7fffffff0000) /* nor from here on */

/* The top 2 MiB of the first GiB hold what the kernel sets up for the first thread. */
#define USER_START_BASE UINT64_C(0x3fe00000)
#define USER_RING_ADDRESS UINT64_C(0x3fffe000)
#define USER_CAPSET_ADDRESS UINT64_C(0x3ffff000)
#define USER_START_END UINT64_C(0x40000000)

/*
 * Thread-local storage ends below the ring. FS base is USER_TLS_POINTER; the program's TLS image
 * ends there (rounded up to its alignment), and 64 bytes from there on belong to the runtime, which
 * writes the self pointer.
 */
#define USER_TLS_CONTROL_BYTES 64
#define USER_TLS_POINTER (USER_RING_ADDRESS - USER_TLS_CONTROL_BYTES)
#define USER_TLS_BYTES_MAX UINT64_C(0x10000)

/* The first thread's stack ends here, one guard page below the largest TLS; it is surrounded by
 * guard pages. */
#define USER_STACK_TOP (USER_RING_ADDRESS - USER_TLS_BYTES_MAX - USER_PAGE_BYTES)
#define USER_STACK_BYTES_DEFAULT UINT64_C(0x4000)
#define USER_STACK_BYTES_MAX UINT64_C(0x100000)
