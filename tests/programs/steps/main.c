/* SPDX-License-Identifier: Apache-2.0 */
/* The server of paths: every step is a capability of the same endpoint, which counts the order.
 * CapSet: `steps` (Endpoint: serves Steps). */
#include <capos/capos.h>
#include <schema/endpoint.client.h>
#include <schema/steps.server.h>
#include <service/serve.h>

struct steps_server {
	uint64_t digits;
	struct capnp_cap on; /* what every answer carries a copy of */
};

static enum cap_status
steps_next(struct steps_server *server, struct steps_next_params params,
    struct steps_next_results_builder results, const struct capos_caller *caller)
{
	uint64_t digit = steps_next_params_digit(params);

	if (digit > 9)
		return capos_fail(caller, EXCEPTION_TYPE_OVERLOADED, "not a decimal digit");
	server->digits = server->digits * 10 + digit;
	steps_next_results_set_on(results, server->on);
	return CAP_OK;
}

static enum cap_status
steps_end(struct steps_server *server, struct steps_end_params params,
    struct steps_end_results_builder results, const struct capos_caller *caller)
{
	(void)params;
	(void)caller;
	steps_end_results_set_digits(results, server->digits);
	server->digits = 0;
	return CAP_OK;
}

static const struct steps_methods methods = { .next = steps_next, .end = steps_end };
STEPS_SERVE_WITH(methods)

/* A capability to call ourselves with, for others. */
static enum cap_status
make_on(struct capos *self, struct capnp_cap *out)
{
	struct endpoint endpoint;
	struct capos_call call;
	struct capos_cap on;
	enum cap_status status;

	CAPOS_TRY(endpoint_from_capset(self, "steps", &endpoint));
	endpoint_client_params_set_interface_id(
	    endpoint_client_begin(&call, endpoint), STEPS_INTERFACE_ID);
	status = capos_call_run(&call);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, STEPS_INTERFACE_ID, &on);
	capos_call_end(&call);
	if (status == CAP_OK)
		*out = (struct capnp_cap){ on.cap_id, on.interface_id, CAPNP_CAP_COPY };
	return status;
}

int
capos_main(struct capos *self)
{
	static struct steps_server server;

	CAPOS_TRY(make_on(self, &server.on));
	return capos_serve(self, "steps", steps_interface(&server));
}
