/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Endpoints: where a process serves calls. CALLs that met no receiver and RECVs that met no call
 * wait in their own ops, linked here; nothing is copied into the kernel. A match moves the message
 * once, commits transfers, completes the RECV, and leaves the CALL delivered until RETURN,
 * cancellation or death. Interface index 0 of the object is the owner's Endpoint; 1.. are client
 * facets (at most LIMIT endpointInterfacesMax ids).
 */
#include "cap/table.h"
#include "mm/ledger.h"
#include "ring/op.h"

struct endpoint;
struct process;

#define ENDPOINT_CALLS_MAX 64	 /* waiting at one endpoint */
#define ENDPOINT_RECEIVES_MAX 64 /* waiting at one endpoint */

/*
 * Once, at start: the pools. `owner_type` answers the methods of the owner's Endpoint
 * (object/endpoint.c).
 */
void ipc_init(const struct object_type *owner_type);

MUST_CHECK enum cap_status endpoint_create(struct ledger *payer, struct endpoint **out);
struct object *endpoint_object(struct endpoint *endpoint);
struct endpoint *endpoint_of(struct object *object);
/*
 * The interface index of a client facet that shows `interface_id`; CAP_ERR_TABLE_FULL after the
 * fourth.
 */
MUST_CHECK enum cap_status
endpoint_facet(struct endpoint *endpoint, uint64_t interface_id, uint16_t *out);
/* The parts of the object type that object/endpoint.c puts into `owner_type`. */
enum job_state endpoint_destroy(struct object *object);
void endpoint_hold_dropped(struct object *object, uint16_t interface_index);

/*
 * The dispatch of CALL, RECV and RETURN. CAP_OK: the op is pending, or has ended. A refusal is
 * returned, nothing is changed, and the caller completes the op with it.
 */
MUST_CHECK enum cap_status endpoint_call(struct op *op, const struct cap_ref *target);
MUST_CHECK enum cap_status
endpoint_receive(struct process *server, struct op *op, const struct cap_ref *target);
MUST_CHECK enum cap_status endpoint_return(struct op *op);
/* What is wrong with a RECV's buffer by itself, whatever stands there. */
MUST_CHECK enum cap_status endpoint_receive_check(const struct op *op);
/* The RETURN of a turn, whose op goes on as a RECV: it is not ended. */
MUST_CHECK enum cap_status endpoint_return_in_turn(struct op *op);

/*
 * Plain CALLs (by a hold without a cell) and RETURNs (no flags, capabilities or deadline) whose
 * messages are short and stand in the rings of both sides. False: it is not so, and nothing has
 * changed.
 */
bool endpoint_call_short(struct process *client, struct op *call, const struct cap_ref *target);
/* The same for a CALL that gives one capability. */
bool endpoint_call_short_cap(struct process *client, struct op *call, const struct cap_ref *target);
struct ring;
struct ring_bare;
bool endpoint_return_short(struct process *server, struct ring *ring, struct ring_bare bare);
/*
 * A turn whose answer is such a message, to a call that came to the endpoint `from`, at which it
 * receives; its RECV's words are good.
 */
bool endpoint_turn_short(struct process *server, struct op *op, const struct object *from);

/*
 * End a pending op with `status` (cancel, deadline, exit), wherever it waits; false: it ended by
 * itself.
 */
bool op_cancel(struct op *op, enum cap_status status);
/* The same for an op whose hold was revoked: a CALL gets `disconnected`, if it takes results. */
bool op_revoke(struct op *op);
/* End all ops of a ring whose thread never runs again. */
void op_cancel_all(struct ring *ring);

/*
 * The server process is dead: callers of the calls that it holds get `disconnected`; then its table
 * of calls is freed. In steps of 64. `last` is the youngest of these calls; zero before the first
 * step.
 */
struct served_call {
	uint64_t call_id; /* 0: there was none */
	uint64_t interface_id;
	uint16_t method;
};
enum job_state endpoint_server_gone_step(struct process *server, struct served_call *last);

/*
 * Complete an op with a CapException that says `status` if there is a result buffer, else with
 * `status` itself. Claimed.
 */
void op_complete_exception(struct op *op, enum cap_status status);
