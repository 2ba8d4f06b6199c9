/* SPDX-License-Identifier: Apache-2.0 */
/* An echo server whose buffers stand in the ring's message area. CapSet: `echo` (Endpoint: serves
 * Echo). */
#include <capos/capos.h>
#include <schema/echo.server.h>
#include <service/serve.h>

static enum cap_status
echo_ping(struct echo_server *server, struct echo_ping_params params,
    struct echo_ping_results_builder results, const struct capos_caller *caller)
{
	(void)server;
	(void)caller;
	echo_ping_results_set_data(results, echo_ping_params_data(params));
	return CAP_OK;
}

static enum cap_status
echo_drop(struct echo_server *server, struct echo_drop_params params,
    struct echo_drop_results_builder results, const struct capos_caller *caller)
{
	struct capos_cap cap;

	(void)server;
	CAPOS_TRY(capos_take(caller, params.s.reader, echo_drop_params_cap(params), &cap));
	capos_release(cap);
	echo_drop_results_set_data(results, echo_drop_params_data(params));
	return CAP_OK;
}

static enum cap_status
echo_swap(struct echo_server *server, struct echo_swap_params params,
    struct echo_swap_results_builder results, const struct capos_caller *caller)
{
	struct capos_cap cap;

	(void)server;
	CAPOS_TRY(capos_take(caller, params.s.reader, echo_swap_params_cap(params), &cap));
	echo_swap_results_set_cap(
	    results, (struct capnp_cap){ cap.cap_id, cap.interface_id, CAPNP_CAP_MOVE });
	return CAP_OK;
}

static const struct echo_methods methods = {
	.ping = echo_ping,
	.swap = echo_swap,
	.drop = echo_drop,
};
ECHO_SERVE_WITH(methods)

int
capos_main(struct capos *self)
{
	return capos_serve(self, "echo", echo_interface(NULL));
}
