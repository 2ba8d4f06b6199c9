/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupt lines; see irq.h. Handlers run on the CPU that took the interrupt: with one started
 * CPU, no lock is needed. */
#include "irq/irq.h"

#include "arch/interrupt.h"
#include "sched/thread.h"

static struct {
	irq_handler_fn handler;
	void *context;
} lines[ARCH_IRQ_LINES];
static uint32_t fired; /* a bit for each line */

enum cap_status
irq_claim(uint32_t line, irq_handler_fn handler, void *context)
{
	if (line >= ARCH_IRQ_LINES || !arch_irq_exists(line))
		return CAP_ERR_NOT_FOUND;
	if (lines[line].handler != NULL)
		return CAP_ERR_ADDRESS_IN_USE;
	lines[line].handler = handler;
	lines[line].context = context;
	return CAP_OK;
}

void
irq_release(uint32_t line)
{
	arch_irq_mask(line);
	lines[line].handler = NULL;
	fired &= ~(1U << line);
}

void
irq_fired(uint32_t line)
{
	fired |= 1U << line;
	sched_due_mark();
}

void
irq_run(void)
{
	while (fired != 0) {
		uint32_t line = (uint32_t)__builtin_ctz(fired);

		fired &= fired - 1;
		if (lines[line].handler != NULL)
			lines[line].handler(lines[line].context);
	}
}
