/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Suppliers: each hands out one export as it is now, so that a client whose capability is
 * disconnected gets on without a name that everybody could use.
 */
#include <schema/supervisor.server.h>

#include "init.h"

struct supplier_server {
	struct init_supplier supplier;
};

static struct init_service *
service_of(const struct init_supplier *supplier)
{
	struct init_state *init = supplier->init;

	return &init->services[init->exports[supplier->export].service];
}

static struct capnp_cap
current(const struct init_supplier *supplier)
{
	struct capos_cap client = supplier->init->exports[supplier->export].client;

	return (struct capnp_cap){ client.cap_id, client.interface_id, CAPNP_CAP_COPY };
}

/* Clients may hear of a service's end before init does. */
static bool
is_ending(const struct init_service *service)
{
	struct capos_call call;
	struct process_handle_status_results results;
	bool ends = true;

	(void)process_handle_status_begin(&call, service->process);
	if (process_handle_status_run(&call, &results) == CAP_OK)
		ends = process_handle_status_results_ending(results) ||
		    !process_handle_status_results_running(results);
	capos_call_end(&call);
	return ends;
}

static enum service_status
status_now(const struct init_service *service)
{
	return service->status == SERVICE_STATUS_RUNNING && is_ending(service)
	    ? SERVICE_STATUS_RESTARTING
	    : service->status;
}

static enum cap_status
supplier_get(struct supplier_server *server, struct supplier_get_params params,
    struct supplier_get_results_builder results, const struct capos_caller *caller)
{
	struct init_supplier *supplier = &server->supplier;

	(void)params;
	switch (status_now(service_of(supplier))) {
	case SERVICE_STATUS_RUNNING:
		supplier_get_results_set_service(results, current(supplier));
		return CAP_OK;
	case SERVICE_STATUS_RESTARTING:
		if (supplier->ticket_count == SUPPLIER_TICKETS_MAX)
			return capos_fail(caller, EXCEPTION_TYPE_OVERLOADED,
			    "too many wait for this service already");
		supplier->tickets[supplier->ticket_count++] = capos_defer(caller);
		return CAPOS_DEFERRED;
	default:
		return capos_fail(
		    caller, EXCEPTION_TYPE_DISCONNECTED, "the service is not started again");
	}
}

static const struct supplier_methods methods = {
	.get = supplier_get,
};
SUPPLIER_SERVE_WITH(methods)

static void
fill_current(struct capnp_builder *results, void *context)
{
	supplier_get_results_set_service(supplier_get_results_init_root(results), current(context));
}

/* A caller that has given up meanwhile hears nothing. */
static void
tell(struct init_supplier *supplier, bool is_running)
{
	for (uint32_t i = 0; i < supplier->ticket_count; i++) {
		enum cap_status status = is_running
		    ? capos_reply(supplier->tickets[i], fill_current, supplier)
		    : capos_reply_fail(supplier->tickets[i], EXCEPTION_TYPE_DISCONNECTED,
			  CAP_ERR_DISCONNECTED, "the service is not started again");

		if (status != CAP_OK && status != CAP_ERR_CALL_GONE)
			init_log(supplier->init, "init: an answer of a supplier is lost: %s",
			    cap_status_sentence(status));
	}
	supplier->ticket_count = 0;
}

void
init_suppliers_tell(struct init_state *init, const struct init_service *service)
{
	for (uint32_t i = 0; i < init->supplier_count; i++)
		if (service_of(&init->suppliers[i]) == service)
			tell(&init->suppliers[i], service->status == SERVICE_STATUS_RUNNING);
}

enum cap_status
init_serve(struct init_state *init, struct service_endpoint *at, struct capos_interface interface,
    uint64_t interface_id, struct capos_cap *client)
{
	struct endpoint_factory endpoints;
	struct endpoint endpoint;
	struct capos_call call;
	enum cap_status status;

	CAPOS_TRY(endpoint_factory_from_capset(init->self, "endpoints", &endpoints));
	CAPOS_TRY(endpoint_factory_create(endpoints, &endpoint));
	endpoint_client_params_set_interface_id(
	    endpoint_client_begin(&call, endpoint), interface_id);
	status = capos_call_run(&call);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, interface_id, client);
	capos_call_end(&call);
	if (status == CAP_OK)
		status =
		    service_add(&init->service, at, endpoint.cap, interface, CAPOS_BLOCK_LARGE);
	return status;
}

enum cap_status
init_supplier_make(struct init_state *init, uint32_t export, struct capos_cap *client)
{
	struct init_supplier *supplier = &init->suppliers[init->supplier_count];

	for (uint32_t i = 0; i < init->supplier_count; i++)
		if (init->suppliers[i].export == export) {
			*client = init->suppliers[i].client.cap;
			return CAP_OK;
		}
	if (init->supplier_count == MANIFEST_SUPPLIERS_MAX)
		return CAP_ERR_QUOTA_EXCEEDED;
	supplier->init = init;
	supplier->export = export;
	CAPOS_TRY(
	    init_serve(init, &supplier->at, supplier_interface((struct supplier_server *)supplier),
		SUPPLIER_INTERFACE_ID, &supplier->client.cap));
	init->supplier_count++;
	*client = supplier->client.cap;
	return CAP_OK;
}
