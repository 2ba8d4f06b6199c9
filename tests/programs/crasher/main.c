/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service that ends as it is told, by the first byte that it is pinged with. CapSet: `echo`
 * (Endpoint: serves Echo), `alive` (Endpoint: serves Watched).
 */
#include <capos/capos.h>
#include <schema/echo.server.h>
#include <schema/supervisor.server.h>
#include <service/serve.h>

CAPOS_LARGE_MESSAGES(2);

#define NOWHERE 0x10
#define TOLD_TO_FAULT 1
#define TOLD_TO_HANG 2
#define TOLD_TO_EXIT 3

struct echo_server {
	struct service service;
	struct service_endpoint echo_at;
	struct service_endpoint alive_at;
};

struct watched_server {
	struct echo_server echo;
};

static __attribute__((noinline)) void
write_nowhere(void)
{
	*(volatile uint64_t *)NOWHERE = 1;
}

static enum cap_status
echo_ping(struct echo_server *server, struct echo_ping_params params,
    struct echo_ping_results_builder results, const struct capos_caller *caller)
{
	struct capnp_data data = echo_ping_params_data(params);

	(void)server;
	(void)caller;
	switch (data.size == 0 ? 0 : data.data[0]) {
	case TOLD_TO_FAULT:
		write_nowhere();
		break;
	case TOLD_TO_HANG:
		for (;;)
			(void)!capos_enter(CAP_ENTER_YIELD, 0);
	case TOLD_TO_EXIT:
		capos_exit(TOLD_TO_EXIT);
	default:
		break;
	}
	echo_ping_results_set_data(results, data);
	return CAP_OK;
}

static const struct echo_methods echo_methods = { .ping = echo_ping };
ECHO_SERVE_WITH(echo_methods)

static enum cap_status
watched_alive(struct watched_server *server, struct watched_alive_params params,
    struct watched_alive_results_builder results, const struct capos_caller *caller)
{
	(void)server;
	(void)params;
	(void)results;
	(void)caller;
	return CAP_OK;
}

static const struct watched_methods watched_methods = { .alive = watched_alive };
WATCHED_SERVE_WITH(watched_methods)

int
capos_main(struct capos *self)
{
	static struct echo_server server;
	struct capos_cap echo, alive;

	CAPOS_TRY(capos_capset_find(self, "echo", ENDPOINT_INTERFACE_ID, &echo));
	CAPOS_TRY(capos_capset_find(self, "alive", ENDPOINT_INTERFACE_ID, &alive));
	service_init(&server.service, self);
	CAPOS_TRY(service_add(
	    &server.service, &server.echo_at, echo, echo_interface(&server), CAPOS_BLOCK_LARGE));
	CAPOS_TRY(service_add(&server.service, &server.alive_at, alive,
	    watched_interface((struct watched_server *)&server), CAPOS_BLOCK_LARGE));
	return service_run(&server.service);
}
