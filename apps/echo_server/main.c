/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest service: returns what it is given. CapSet: `echo` (Endpoint: serves Echo). */
#include <capos/capos.h>
#include <schema/echo.server.h>
#include <service/serve.h>

#define ECHO_BYTES_MAX 4096

CAPOS_LARGE_MESSAGES(1);

struct echo_server {
	struct capos *self;
};

static enum cap_status
echo_ping(struct echo_server *server, struct echo_ping_params params,
    struct echo_ping_results_builder results, const struct capos_caller *caller)
{
	struct capnp_data data = echo_ping_params_data(params);

	(void)server;
	if (data.size > ECHO_BYTES_MAX)
		return capos_fail(caller, EXCEPTION_TYPE_FAILED, "data is larger than 4 KiB");
	echo_ping_results_set_data(results, data);
	return CAP_OK;
}

/* The capability goes back to where it came from. */
static enum cap_status
echo_swap(struct echo_server *server, struct echo_swap_params params,
    struct echo_swap_results_builder results, const struct capos_caller *caller)
{
	struct capos_cap cap;
	enum cap_status status =
	    capos_take(caller, params.s.reader, echo_swap_params_cap(params), &cap);

	(void)server;
	if (status == CAP_OK)
		echo_swap_results_set_cap(
		    results, (struct capnp_cap){ cap.cap_id, cap.interface_id, CAPNP_CAP_MOVE });
	return status;
}

static enum cap_status
echo_drop(struct echo_server *server, struct echo_drop_params params,
    struct echo_drop_results_builder results, const struct capos_caller *caller)
{
	struct capnp_data data = echo_drop_params_data(params);
	struct capos_cap cap;

	(void)server;
	if (data.size > ECHO_BYTES_MAX)
		return capos_fail(caller, EXCEPTION_TYPE_FAILED, "data is larger than 4 KiB");
	CAPOS_TRY(capos_take(caller, params.s.reader, echo_drop_params_cap(params), &cap));
	capos_release(cap);
	echo_drop_results_set_data(results, data);
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
	struct echo_server server = { self };

	return capos_serve(self, "echo", echo_interface(&server));
}
