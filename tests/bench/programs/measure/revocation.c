/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a revocation takes that has much to end. No object has mappings and delivered calls at once:
 * a MemoryObject is revoked by its grant and an endpoint's clients by its owner, together. The
 * processes that hold them are measure_granted and its children.
 */
#include <schema/capability_manager.client.h>
#include <schema/echo.server.h>
#include <schema/endpoint.client.h>
#include <service/serve.h>

#include "figures.h"
#include "revocation_load.h"

#define GRANTS 5
#define GRANT_MEMORY 1 /* as the manager numbers them */
#define MANAGER_ORDINAL 2
#define SETTLE_NS UINT64_C(100000000)

static struct {
	struct service service;
	struct service_endpoint at;
	struct endpoint endpoint; /* where calls are delivered, and not answered */
	struct memory_object memory;
	struct process_handle granted;
	struct capability_manager manager;
	uint32_t delivered;
} load;

static enum cap_status
held_ping(struct echo_server *server, struct echo_ping_params params,
    struct echo_ping_results_builder results, const struct capos_caller *caller)
{
	(void)server;
	(void)params;
	(void)results;
	(void)capos_defer(caller);
	if (++load.delivered == LOAD_PROCESSES * LOAD_CALLS)
		service_stop(&load.service, 0);
	return CAPOS_DEFERRED;
}

static const struct echo_methods methods = { .ping = held_ping };
ECHO_SERVE_WITH(methods)

static void
make_memory(void)
{
	uint64_t address = 0;

	require(frame_allocator_alloc_frame(bench.frames, &load.memory) == CAP_OK &&
		memory_object_map(load.memory, 0, PAGE, 0, PROTECTION_READ_WRITE, &address) ==
		    CAP_OK,
	    "memory");
	*(volatile uint64_t *)address = 1;
	require(memory_object_unmap(load.memory, address, PAGE) == CAP_OK, "memory");
}

static struct capos_cap
make_client(void)
{
	struct capos_call call;
	struct capos_cap client = { 0 };

	endpoint_client_params_set_interface_id(
	    endpoint_client_begin(&call, load.endpoint), ECHO_INTERFACE_ID);
	require(capos_call_run(&call) == CAP_OK &&
		capos_adopt(&call, 0, ECHO_INTERFACE_ID, &client) == CAP_OK,
	    "client");
	capos_call_end(&call);
	return client;
}

static void
launch_granted(struct capos_cap client)
{
	static const char *const names[GRANTS] = { "memory", "held", "echo", "timer", "launcher" };
	const struct capos_cap caps[GRANTS] = { load.memory.cap, client, bench.echo.cap,
		bench.timer.cap, bench.launcher.cap };
	struct capos_call call;
	struct process_launcher_launch_params_builder params =
	    process_launcher_launch_begin(&call, bench.launcher);
	struct cap_grant_list_builder grants;

	process_launcher_launch_params_set_name(params, CAPNP_TEXT("measure-granted"));
	process_launcher_launch_params_set_binary(params, CAPNP_TEXT("measure-granted"));
	process_launcher_launch_params_set_managed(params, true);
	grants = process_launcher_launch_params_init_grants(params, GRANTS);
	for (uint32_t i = 0; i < GRANTS; i++) {
		struct cap_grant_builder grant = cap_grant_builder_at(grants, i);

		cap_grant_set_name(grant, capnp_text_from_string(names[i]));
		cap_grant_set_cap(grant,
		    (struct capnp_cap){ caps[i].cap_id, caps[i].interface_id, CAPNP_CAP_COPY });
	}
	require(capos_call_run(&call) == CAP_OK &&
		capos_adopt(&call, 0, PROCESS_HANDLE_INTERFACE_ID, &load.granted.cap) == CAP_OK &&
		capos_adopt(&call, MANAGER_ORDINAL, CAPABILITY_MANAGER_INTERFACE_ID,
		    &load.manager.cap) == CAP_OK,
	    "launch of measure-granted");
	capos_call_end(&call);
}

static uint32_t
mappings(void)
{
	uint64_t bytes;
	uint32_t count;

	require(memory_object_info(load.memory, &bytes, &count) == CAP_OK, "info");
	return count;
}

/* Until all of the load sleeps: what still runs would be measured as well. */
static void
settle(void)
{
	uint64_t now_ns = 0;

	require(timer_now(bench.timer, &now_ns) == CAP_OK &&
		timer_sleep_until(bench.timer, now_ns + SETTLE_NS) == CAP_OK,
	    "sleep");
}

/* Both in one entry; answered when nothing is left that was begun. */
static uint64_t
revoke(void)
{
	struct capos_flat_call grant;
	struct capos_flat_call clients;
	uint64_t start = time_stamp();

	require(capability_manager_revoke_send(&grant, load.manager, GRANT_MEMORY) == CAP_OK &&
		endpoint_revoke_clients_send(&clients, load.endpoint) == CAP_OK &&
		capability_manager_revoke_receive(&grant) == CAP_OK &&
		endpoint_revoke_clients_receive(&clients) == CAP_OK,
	    "revoke");
	return time_stamp() - start;
}

void
measure_revocation(void)
{
	uint64_t instructions;

	require(endpoint_from_capset(bench.self, "held", &load.endpoint) == CAP_OK, "no held");
	make_memory();
	launch_granted(make_client());
	service_init(&load.service, bench.self);
	require(service_add(&load.service, &load.at, load.endpoint.cap, echo_interface(NULL),
		    CAPOS_BLOCK_LARGE) == CAP_OK &&
		service_run(&load.service) == 0,
	    "delivery of the load's calls");
	settle();
	require(mappings() == LOAD_PROCESSES * LOAD_MAPPINGS, "mappings of the load");
	instructions = revoke();
	require(mappings() == 0, "a mapping has stayed");
	report("revoke_loaded", instructions);
	require(await_exit(load.granted) == 0, "a part of the load lives on");
}
