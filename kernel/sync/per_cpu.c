/* SPDX-License-Identifier: Apache-2.0 */
/* Each CPU's own; see per_cpu.h. */
#include "sync/per_cpu.h"

struct per_cpu per_cpus[CPU_COUNT_MAX];
