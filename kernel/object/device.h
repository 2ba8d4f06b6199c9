/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Device authority: port ranges and interrupt lines. */
#include "cap/object.h"
#include "mm/ledger.h"

void device_objects_init(void);

/*
 * A range of I/O ports. CAP_ERR_INVALID_ARGUMENT: empty, beyond the last port, or ports that the
 * kernel itself uses. One reference.
 */
MUST_CHECK enum cap_status
io_port_range_create(struct ledger *payer, uint16_t base, uint16_t count, struct object **out);
/* An interrupt line, masked. CAP_ERR_NOT_FOUND: there is none; CAP_ERR_ADDRESS_IN_USE: someone has
 * it. One reference. */
MUST_CHECK enum cap_status
interrupt_create(struct ledger *payer, uint32_t line, struct object **out);
