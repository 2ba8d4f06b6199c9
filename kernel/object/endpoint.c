/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoint: what its owner may call on it; serving is done by RECV and RETURN (ipc/). */
#include "object/endpoint.h"

#include <schema/endpoint.server.h>

#include "cap/process.h"
#include "ipc/endpoint.h"
#include "mm/pool.h"
#include "object/call.h"
#include "object/revocation.h"

static enum cap_status
endpoint_client(struct endpoint_server *server, struct endpoint_client_params params,
    struct endpoint_client_results_builder results, const struct capos_caller *caller)
{
	struct object_call *call = caller->call;
	uint64_t interface_id = endpoint_client_params_interface_id(params);
	struct cap_hold hold;
	struct capnp_cap client;
	uint16_t index;
	enum cap_status status;

	(void)server;
	if (call->op->reserved_slots == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = endpoint_facet(endpoint_of(call->object), interface_id, &index);
	if (status != CAP_OK)
		return status;
	hold = object_hold(call->object, index);
	object_get(call->object);
	status = object_call_result_cap(call, 0, &hold, &client);
	if (status != CAP_OK) {
		object_put(call->object);
		return status;
	}
	endpoint_client_results_set_client(results, client);
	return CAP_OK;
}

static struct pool revocation_pool;

/* One that an endpoint runs: at most one for each op of a caller. */
struct endpoint_revocation {
	struct revocation revocation;
	struct ledger *payer; /* a reference */
};

void
endpoint_object_init(void)
{
	pool_init(&revocation_pool, "revocation", sizeof(struct endpoint_revocation));
}

static void
revocation_free(struct revocation *revocation)
{
	struct endpoint_revocation *ended =
	    LIST_ENTRY(revocation, struct endpoint_revocation, revocation);
	struct ledger *payer = ended->payer;

	pool_free(&revocation_pool, payer, ended);
	ledger_put(payer);
}

/* The owner's hold goes on with the new epoch; the facets keep the old one. */
static enum cap_status
clients_revoke(struct object_call *call)
{
	struct process *process = call->process;
	struct cap_hold hold;
	enum cap_status status;

	/* There is one, in a table: never an answer's. */
	if ((call->op->sqe.flags & CAP_SQE_PROMISED) != 0)
		return CAP_ERR_INVALID_CAP;
	spin_lock(&process->lock);
	status = cap_table_peek_locked(process->table, call->op->sqe.target, &hold);
	if (status == CAP_OK && hold.object != call->object)
		status = CAP_ERR_INVALID_CAP;
	/* False: its epochs are used up, and the owner's side is as dead as the others. */
	if (status == CAP_OK && object_revoke(call->object))
		cap_table_renew_locked(process->table, call->op->sqe.target);
	spin_unlock(&process->lock);
	return status;
}

static enum cap_status
endpoint_revoke_clients(struct endpoint_server *server,
    struct endpoint_revoke_clients_params params,
    struct endpoint_revoke_clients_results_builder results, const struct capos_caller *caller)
{
	struct object_call *call = caller->call;
	struct ledger *payer = call->process->ledger;
	struct endpoint_revocation *made;
	void *memory;
	enum cap_status status = pool_alloc(&revocation_pool, payer, &memory);

	(void)server;
	(void)params;
	(void)results;
	if (status != CAP_OK)
		return status;
	made = memory;
	status = clients_revoke(call);
	if (status != CAP_OK) {
		pool_free(&revocation_pool, payer, made);
		return status;
	}
	made->payer = payer;
	ledger_get(payer);
	revocation_begin(&made->revocation, revocation_free);
	return revocation_run(&made->revocation, call);
}

static const struct endpoint_methods methods = {
	.client = endpoint_client,
	.revoke_clients = endpoint_revoke_clients,
};

static enum cap_status
endpoint_owner_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return endpoint_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

const struct object_type endpoint_owner_type = {
	.name = "endpoint",
	.interface_id = ENDPOINT_INTERFACE_ID,
	.kind = OBJECT_KIND_ENDPOINT,
	.transfer = OBJECT_TRANSFER_MOVE,
	.call = endpoint_owner_call,
	.destroy = endpoint_destroy,
	.hold_dropped = endpoint_hold_dropped,
};
