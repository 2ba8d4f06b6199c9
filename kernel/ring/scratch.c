/* SPDX-License-Identifier: Apache-2.0 */
#include "ring/scratch.h"

#include "arch/cpu.h"

static struct scratch first_scratch;
static struct scratch *scratches[CPU_COUNT_MAX] = { &first_scratch };

struct scratch *
scratch_get(void)
{
	return scratches[arch_cpu_id()];
}

void
scratch_provide(uint32_t cpu, struct scratch *scratch)
{
	scratches[cpu] = scratch;
}
