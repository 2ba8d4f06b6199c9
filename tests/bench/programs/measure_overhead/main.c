/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process of which `process_overhead_bytes` is taken: it holds 64 capabilities and has used each
 * opcode once when it answers its first call. It ends behind a call without bytes. CapSet: `echo`
 * (Endpoint: serves Echo).
 */
#include <capos/capos.h>
#include <schema/echo.client.h>
#include <schema/echo.server.h>
#include <schema/endpoint.client.h>
#include <service/serve.h>

#define CAPABILITIES 64

static struct service service;
static struct service_endpoint endpoint_at;

static enum cap_status
echo_ping(struct echo_server *server, struct echo_ping_params params,
    struct echo_ping_results_builder results, const struct capos_caller *caller)
{
	struct capnp_data data = echo_ping_params_data(params);

	(void)server;
	(void)caller;
	echo_ping_results_set_data(results, data);
	if (data.size == 0)
		service_stop(&service, 0);
	return CAP_OK;
}

static const struct echo_methods methods = { .ping = echo_ping };
ECHO_SERVE_WITH(methods)

static enum cap_status
make_client(struct endpoint endpoint, struct echo *out)
{
	struct capos_call call;
	enum cap_status status;

	endpoint_client_params_set_interface_id(
	    endpoint_client_begin(&call, endpoint), ECHO_INTERFACE_ID);
	status = capos_call_run(&call);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, ECHO_INTERFACE_ID, &out->cap);
	capos_call_end(&call);
	return status;
}

static void
on_nop(struct capos_completion *completion, const struct cap_cqe *cqe)
{
	(void)completion;
	(void)cqe;
}

/* CALL is behind us, RECV and RETURN are the loop's: the others, once each. */
static enum cap_status
use_opcodes(struct capos *self, struct echo client)
{
	static struct capos_completion nop = { on_nop };
	struct capos_call call;
	struct cap_sqe *sqe;

	CAPOS_TRY(capos_submit(self, &sqe));
	*sqe = (struct cap_sqe){ .op = CAP_OP_NOP, .user_data = (uint64_t)&nop };
	capos_submitted(self);
	CAPOS_TRY(capos_wait_any(self, CAP_DEADLINE_NONE));
	/* Nobody receives it: ended by FINISH. */
	(void)echo_ping_begin(&call, client);
	CAPOS_TRY(capos_call_send(&call));
	capos_call_end(&call);
	capos_release(client.cap);
	return capos_release_flush(self);
}

int
capos_main(struct capos *self)
{
	struct endpoint endpoint;
	struct echo client;

	if (endpoint_from_capset(self, "echo", &endpoint) != CAP_OK)
		return 1;
	for (uint32_t held = capos_capset_count(self); held <= CAPABILITIES; held++)
		if (make_client(endpoint, &client) != CAP_OK)
			return 2;
	if (use_opcodes(self, client) != CAP_OK)
		return 3;
	service_init(&service, self);
	if (service_add(&service, &endpoint_at, endpoint.cap, echo_interface(NULL),
		CAPOS_BLOCK_MEDIUM) != CAP_OK)
		return 4;
	return service_run(&service);
}
