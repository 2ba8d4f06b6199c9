/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * External interrupt lines (ISA numbering, translated by the machine's overrides). The machine
 * calls irq_fired(line) (irq/irq.h) from a window, idle or user mode, with the line already masked
 * and acknowledged.
 */
#include "base/types.h"

#define ARCH_IRQ_LINES 24

/* False if the machine has no such line. */
bool arch_irq_exists(uint32_t line);
void arch_irq_mask(uint32_t line);
void arch_irq_unmask(uint32_t line);
