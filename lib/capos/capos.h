/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The runtime of capOS programs. A program is `int capos_main(struct capos *self)`; what it returns
 * is its exit code. It finds its capabilities by name with the generated
 * `<interface>_from_capset()`.
 */
#include "call.h"

int capos_main(struct capos *self);

#define CAPOS_EXIT_BAD_START 133 /* the kernel's start block is not of this ABI */
#define CAPOS_EXIT_PANIC 134

_Noreturn void capos_exit(int64_t code);

/* One line to the Console named "console", if there is one, and the end of the process with
 * CAPOS_EXIT_PANIC. It needs no free buffer and no free memory. */
_Noreturn void
capos_panic(struct capos *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Monotonic nanoseconds since the machine started, without a call. 0: the machine has no clock that
 * programs can read. */
uint64_t capos_now(struct capos *self);

/* The entries of the CapSet, in the order of the grants. */
struct capset_entry_view {
	const char *name;
	struct capos_cap cap;
	bool is_kernel; /* made by the kernel for this process */
};
uint32_t capos_capset_count(struct capos *self);
struct capset_entry_view capos_capset_entry(struct capos *self, uint32_t index);
