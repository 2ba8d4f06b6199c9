/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Integer-like names that every module uses. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t; /* a physical address */
typedef uint64_t uaddr_t; /* a user virtual address: never dereferenced by the kernel */

#define PAGE_SHIFT 12
#define PAGE_BYTES (UINT64_C(1) << PAGE_SHIFT)
#define PAGE_MASK (PAGE_BYTES - 1)
