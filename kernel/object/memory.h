/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Capabilities for memory: MemoryObject and VirtualMemory. */
#include "cap/table.h"
#include "mm/address_space.h"
#include "object/call.h"
#include "schema/memory.capnp.h"

struct memory_object;
struct process;

void memory_objects_init(void);
void space_call_module_init(void);

/* A capability object for `memory`, whose reference it takes over; charged to `payer`. One
 * reference. */
MUST_CHECK enum cap_status
memory_capability_create(struct ledger *payer, struct memory_object *memory, struct object **out);
/* What a capability id of the process's table names, if it is a MemoryObject, as `object` and
 * `cell` of a request; valid until this CPU leaves the kernel. */
MUST_CHECK enum cap_status
memory_capability_find(struct process *process, cap_id_t cap_id, struct space_request *request);

/* The VirtualMemory of one process: whoever holds it changes that process's space, so it is never
 * handed on. */
MUST_CHECK enum cap_status virtual_memory_create(struct process *process, struct object **out);

/* False: no such protection. */
bool page_access_of(enum protection protection, enum page_access *out);
/* How a call that changes an address space is answered when it took more than a step. */
struct space_answer {
	void (*fill)(struct capnp_builder *results, uaddr_t address); /* NULL: no results */
	void (*failed)(struct object *object); /* may be NULL: the request came to nothing */
};
/*
 * One operation for a method. CAP_OK: it is done, and request->address says where; OBJECT_PENDING:
 * it goes on as a job of the caller's thread; else it is refused. `answer` is constant.
 */
MUST_CHECK enum cap_status space_call_run_long(struct object_call *call,
    struct address_space *space, struct space_request *request, const struct space_answer *answer);
/* The same: what is short is done at once, without a record of the work, and never pending. */
MUST_CHECK static inline enum cap_status
space_call_run(struct object_call *call, struct address_space *space, struct space_request *request,
    const struct space_answer *answer)
{
	return request->bytes <= SPACE_RUN_BYTES_MAX
	    ? space_request_run(space, request)
	    : space_call_run_long(call, space, request, answer);
}
