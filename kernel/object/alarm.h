/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Alarms: bits of a notification that are set at a time. */
#include "object/signal.h"

/* Once, at start. */
void alarm_init(void);
/* Not set; one reference. Takes over what `target` keeps on CAP_OK. */
MUST_CHECK enum cap_status
alarm_create(struct ledger *payer, const struct signal_target *target, struct object **out);
