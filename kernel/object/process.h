/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Capabilities for processes: ProcessFactory, ProcessBuilder, ProcessHandle. */
#include "cap/object.h"
#include "mm/ledger.h"

struct process;

void process_objects_init(void);

/* A builder for `process`, which it abandons when it is dropped before the start; charged to
 * `payer`. One reference. */
MUST_CHECK enum cap_status
process_builder_create(struct ledger *payer, struct process *process, struct object **out);
extern const struct object_type process_handle_type;
extern const struct object_type process_control_type;
/* Complete the wait for the end of `process`: a hook of proc/. */
void process_handle_ended(struct process *process);
