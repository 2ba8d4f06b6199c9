/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The groups of figures that stand in files of their own. */
#include "bench.h"

#define ECHO_BYTES 64

void measure_transfers(void);
void measure_revocation(void);
