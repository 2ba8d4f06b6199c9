/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Capabilities for memory: MemoryObject and VirtualMemory. */
#include "cap/table.h"
#include "mm/address_space.h"
#include "schema/memory.capnp.h"

struct memory_object;
struct process;

void memory_objects_init(void);

/* A capability object for `memory`, whose reference it takes over; charged to `payer`. One
 * reference. */
MUST_CHECK enum cap_status
memory_capability_create(struct ledger *payer, struct memory_object *memory, struct object **out);
/* What a capability id of the process's table names, if it is a MemoryObject; valid until this CPU
 * leaves the kernel. */
MUST_CHECK enum cap_status
memory_capability_find(struct process *process, cap_id_t cap_id, struct memory_object **out);

/* The VirtualMemory of one process: whoever holds it changes that process's space, so it is never
 * handed on. */
MUST_CHECK enum cap_status virtual_memory_create(struct process *process, struct object **out);

/* False: no such protection. */
bool page_access_of(enum protection protection, enum page_access *out);
/* One operation on the space, from begin to end; `address` is in and out. */
MUST_CHECK enum cap_status space_run(struct address_space *space, struct space_request *request);
