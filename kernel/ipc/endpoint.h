/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Endpoints: where a process serves calls. CALLs that met no receiver and RECVs that met no call wait in their own ops,
 * linked here; nothing is copied into the kernel. A match moves the message once, commits transfers, completes the RECV,
 * and leaves the CALL delivered until RETURN, cancellation or death. Interface index 0 of the object is the owner's
 * Endpoint; 1.. are client facets (at most LIMIT endpointInterfacesMax ids).
 */
#include "cap/object.h"
#include "mm/ledger.h"
#include "ring/op.h"

struct endpoint;
struct process;
struct cap_ref;

MUST_CHECK enum cap_status endpoint_create(struct ledger *payer, struct endpoint **out);
struct object *endpoint_object(struct endpoint *endpoint);
/* The interface index of a client facet that shows `interface_id`; CAP_ERR_TABLE_FULL after the fourth. */
MUST_CHECK enum cap_status endpoint_facet(struct endpoint *endpoint, uint64_t interface_id, uint16_t *out);

/* The dispatch of CALL, RECV and RETURN; the op stays pending or ends. Refusals are returned, op untouched. */
MUST_CHECK enum cap_status endpoint_call(struct op *op, const struct cap_ref *target);
MUST_CHECK enum cap_status endpoint_receive(struct op *op, const struct cap_ref *target);
MUST_CHECK enum cap_status endpoint_return(struct op *op);
/* Unlink a pending op that waits at an endpoint or is delivered (cancel, timeout, exit): afterwards nobody but the caller
 * of op_claim_end() knows it. */
void endpoint_forget(struct op *op);

/* The table of delivered calls of a server process; freed with it: callers get `disconnected`. In steps. */
enum job_state endpoint_server_gone_step(struct process *server);
