/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * How a test program inside capOS reports: one console line for each claim, and an exit code that
 * is the number of claims that did not hold. A claim that was never made is missed by the QEMU
 * test, which knows the list.
 */
#include <stdbool.h>
#include <stdint.h>

#include <capos/capos.h>

struct claims {
	struct capos *self;
	const char *program;
	int failed;
	int held;
};

/* Reports through the capability named "console". */
void claims_start(struct claims *claims, struct capos *self, const char *program);
/* `holds` is the claim's outcome. */
void claim(struct claims *claims, const char *text, bool holds);
/* The two numbers are equal; both are shown if not. */
void claim_equal(struct claims *claims, const char *text, int64_t actual, int64_t expected);
/* The last line, and the exit code. */
int claims_end(struct claims *claims);
