/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls its capabilities when asked, and tells how it went. CapSet: `serve` (Endpoint: Witness);
 * perhaps `package` (BootPackage) and `echo` (Echo), and `later` (BootPackage) since.
 */
#include <capos/capos.h>
#include <schema/boot.client.h>
#include <schema/echo.client.h>
#include <schema/witness.client.h>
#include <schema/witness.server.h>
#include <service/serve.h>

CAPOS_LARGE_MESSAGES(1);

struct witness_server {
	struct capos *self;
	struct boot_package package; /* cap_id 0: none */
	struct echo echo;
};

static enum answer
answer_of(struct capos_cap cap, const struct capos_call *call, enum cap_status status)
{
	if (cap.cap_id == 0)
		return ANSWER_ABSENT;
	if (status == CAP_OK)
		return ANSWER_WORKS;
	return status == CAP_ERR_APPLICATION_EXCEPTION &&
		call->error.type == EXCEPTION_TYPE_DISCONNECTED &&
		call->error.status == CAP_ERR_REVOKED
	    ? ANSWER_DISCONNECTED
	    : ANSWER_FAILED;
}

static enum answer
call_package(struct boot_package package)
{
	struct capos_call call;
	struct boot_package_read_manifest_params_builder params;
	struct boot_package_read_manifest_results results;
	enum answer answer;
	enum cap_status status;

	if (package.cap.cap_id == 0)
		return ANSWER_ABSENT;
	params = boot_package_read_manifest_begin(&call, package);
	boot_package_read_manifest_params_set_max_bytes(params, 16);
	status = boot_package_read_manifest_run(&call, &results);
	if (status == CAP_OK && boot_package_read_manifest_results_data(results).size != 16)
		status = CAP_ERR_END_OF_STREAM;
	answer = answer_of(package.cap, &call, status);
	capos_call_end(&call);
	return answer;
}

static enum answer
call_echo(struct echo echo)
{
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct capos_call call;
	struct echo_ping_results results;
	enum answer answer;
	enum cap_status status;

	if (echo.cap.cap_id == 0)
		return ANSWER_ABSENT;
	echo_ping_params_set_data(
	    echo_ping_begin(&call, echo), (struct capnp_data){ bytes, sizeof(bytes) });
	status = echo_ping_run(&call, &results);
	answer = answer_of(echo.cap, &call, status);
	capos_call_end(&call);
	return answer;
}

static enum cap_status
witness_look_around(struct witness_server *server, struct witness_look_params params,
    struct witness_look_results_builder results, const struct capos_caller *caller)
{
	struct boot_package later = { 0 };

	(void)params;
	(void)caller;
	if (boot_package_from_capset(server->self, "later", &later) != CAP_OK)
		later.cap.cap_id = 0;
	witness_look_results_set_package(results, call_package(server->package));
	witness_look_results_set_echo(results, call_echo(server->echo));
	witness_look_results_set_later(results, call_package(later));
	return CAP_OK;
}

static enum cap_status
witness_be_given(struct witness_server *server, struct witness_give_params params,
    struct witness_give_results_builder results, const struct capos_caller *caller)
{
	(void)results;
	CAPOS_TRY(capos_take(
	    caller, params.s.reader, witness_give_params_package(params), &server->package.cap));
	return capos_take(
	    caller, params.s.reader, witness_give_params_echo(params), &server->echo.cap);
}

static struct capnp_cap
lend(struct capos_cap cap)
{
	return (struct capnp_cap){ cap.cap_id, cap.interface_id, CAPNP_CAP_COPY };
}

static enum cap_status
witness_pass_on(struct witness_server *server, struct witness_pass_params params,
    struct witness_pass_results_builder results, const struct capos_caller *caller)
{
	struct witness to;
	struct capos_call call;
	struct witness_give_params_builder given;
	enum cap_status status;

	(void)results;
	CAPOS_TRY(capos_take(caller, params.s.reader, witness_pass_params_to(params), &to.cap));
	given = witness_give_begin(&call, to);
	witness_give_params_set_package(given, lend(server->package.cap));
	witness_give_params_set_echo(given, lend(server->echo.cap));
	status = capos_call_run(&call);
	capos_call_end(&call);
	capos_release(to.cap);
	return status;
}

static const struct witness_methods methods = {
	.look = witness_look_around,
	.give = witness_be_given,
	.pass = witness_pass_on,
};
WITNESS_SERVE_WITH(methods)

int
capos_main(struct capos *self)
{
	static struct witness_server server;

	server.self = self;
	if (boot_package_from_capset(self, "package", &server.package) != CAP_OK)
		server.package.cap.cap_id = 0;
	if (echo_from_capset(self, "echo", &server.echo) != CAP_OK)
		server.echo.cap.cap_id = 0;
	return capos_serve(self, "serve", witness_interface(&server));
}
