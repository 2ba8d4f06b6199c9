/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Interrupt lines, from the machine to whoever holds one. The handler only remembers that a line
 * fired; the work is done outside of it (irq_run), where ops may be completed.
 */
#include "base/annotate.h"
#include "base/types.h"
#include "schema/status.capnp.h"

/* Called by irq_run for a line that fired since; the line is masked. */
typedef void (*irq_handler_fn)(void *context);

/* One holder a line. CAP_ERR_NOT_FOUND: the machine has no such line; CAP_ERR_ADDRESS_IN_USE: it is
 * taken. Stays masked. */
MUST_CHECK enum cap_status irq_claim(uint32_t line, irq_handler_fn handler, void *context);
/* The line is masked and nobody's. */
void irq_release(uint32_t line);

/* From arch/, in a handler: the line is masked and acknowledged. */
void irq_fired(uint32_t line);
/* Call the handlers of all lines that fired; no lock is held. */
void irq_run(void);
