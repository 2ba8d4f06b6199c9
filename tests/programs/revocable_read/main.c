/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parent takes back what it granted: its child loses the boot package, then an endpoint, and so
 * does an observer to which the child has passed both on. The parent loses nothing, and grants
 * again. CapSet: `console`, `spawner`, `package` (BootPackage), `echo` (Echo).
 */
#include <schema/boot.client.h>
#include <schema/capability_manager.client.h>
#include <schema/echo.client.h>
#include <schema/process.client.h>
#include <schema/witness.client.h>
#include <string.h>

#include "claims.h"

CAPOS_LARGE_MESSAGES(2);

#define MANAGER_ORDINAL 2
#define CLIENT_ORDINAL 3
/* The grants of the child, as the manager numbers them. */
#define GRANT_PACKAGE 1
#define GRANT_ECHO 2

struct started {
	struct process_handle process;
	struct process_control control;
	struct capability_manager manager; /* cap_id 0: none */
	struct witness witness;
};

struct suite {
	struct claims claims;
	struct capos *self;
	struct process_spawner spawner;
	struct boot_package package;
	struct echo echo;
	struct started child;
	struct started observer;
};

static struct suite suite;

static struct capnp_cap
lend(struct capos_cap cap)
{
	return (struct capnp_cap){ cap.cap_id, cap.interface_id, CAPNP_CAP_COPY };
}

static void
set_grants(struct cap_grant_list_builder grants, bool is_child)
{
	struct cap_grant_builder serve = cap_grant_builder_at(grants, 0);

	cap_grant_set_name(serve, CAPNP_TEXT("serve"));
	cap_grant_set_local(serve, LOCAL_SOURCE_ENDPOINT);
	cap_grant_set_interface_id(serve, WITNESS_INTERFACE_ID);
	if (!is_child)
		return;
	cap_grant_set_name(cap_grant_builder_at(grants, 1), CAPNP_TEXT("package"));
	cap_grant_set_cap(cap_grant_builder_at(grants, 1), lend(suite.package.cap));
	cap_grant_set_name(cap_grant_builder_at(grants, 2), CAPNP_TEXT("echo"));
	cap_grant_set_cap(cap_grant_builder_at(grants, 2), lend(suite.echo.cap));
}

static enum cap_status
adopt(struct capos_call *call, bool is_managed, struct started *out)
{
	CAPOS_TRY(capos_adopt(call, 0, PROCESS_HANDLE_INTERFACE_ID, &out->process.cap));
	CAPOS_TRY(capos_adopt(call, 1, PROCESS_CONTROL_INTERFACE_ID, &out->control.cap));
	CAPOS_TRY(capos_adopt(call, CLIENT_ORDINAL, WITNESS_INTERFACE_ID, &out->witness.cap));
	return is_managed
	    ? capos_adopt(call, MANAGER_ORDINAL, CAPABILITY_MANAGER_INTERFACE_ID, &out->manager.cap)
	    : CAP_OK;
}

static enum cap_status
spawn(const char *name, bool is_child, struct started *out)
{
	struct capos_call call;
	struct process_spawner_spawn_params_builder params =
	    process_spawner_spawn_begin(&call, suite.spawner);
	enum cap_status status;

	process_spawner_spawn_params_set_name(params, capnp_text_from_string(name));
	process_spawner_spawn_params_set_binary(params, CAPNP_TEXT("witness"));
	set_grants(process_spawner_spawn_params_init_grants(params, is_child ? 3 : 1), is_child);
	process_spawner_spawn_params_set_managed(params, is_child);
	status = capos_call_run(&call);
	if (status == CAP_OK)
		status = adopt(&call, is_child, out);
	capos_call_end(&call);
	return status;
}

struct sight {
	enum answer package;
	enum answer echo;
	enum answer later;
};

static void
claim_sight(const char *text, struct witness witness, struct sight expected)
{
	struct sight seen = { ANSWER_FAILED, ANSWER_FAILED, ANSWER_FAILED };
	enum cap_status status = witness_look(witness, &seen.package, &seen.echo, &seen.later);

	claim(&suite.claims, text,
	    status == CAP_OK && seen.package == expected.package && seen.echo == expected.echo &&
		seen.later == expected.later);
}

/* The first grants: how many live, in bits by their number; UINT32_MAX: the list is not right. */
static uint32_t
live_grants(void)
{
	static const char *const names[] = { "", "package", "echo", "later" };
	struct capos_call call;
	struct capability_manager_list_results results;
	uint32_t live = UINT32_MAX;

	(void)capability_manager_list_begin(&call, suite.child.manager);
	if (capability_manager_list_run(&call, &results) == CAP_OK) {
		struct grant_info_list list = capability_manager_list_results_grants(results);

		live = 0;
		for (uint32_t i = 0; i < grant_info_list_size(list); i++) {
			struct grant_info info = grant_info_at(list, i);
			uint64_t id = grant_info_id(info);

			if (id > 3 || strcmp(grant_info_name(info).data, names[id]) != 0)
				live |= 1U << 31;
			else if (grant_info_live(info))
				live |= 1U << id;
		}
	}
	capos_call_end(&call);
	return live;
}

/* The id of one more grant to the child, or 0. */
static uint64_t
grant_later(void)
{
	struct capos_call call;
	struct capability_manager_grant_params_builder params =
	    capability_manager_grant_begin(&call, suite.child.manager);
	struct capability_manager_grant_results results;
	uint64_t id = 0;

	capability_manager_grant_params_set_name(params, CAPNP_TEXT("later"));
	capability_manager_grant_params_set_cap(params, lend(suite.package.cap));
	if (capability_manager_grant_run(&call, &results) == CAP_OK)
		id = capability_manager_grant_results_grant(results);
	capos_call_end(&call);
	return id;
}

static enum cap_status
pass_on(void)
{
	struct capos_call call;
	enum cap_status status;

	witness_pass_params_set_to(
	    witness_pass_begin(&call, suite.child.witness), lend(suite.observer.witness.cap));
	status = capos_call_run(&call);
	capos_call_end(&call);
	return status;
}

static void
claim_losses(void)
{
	static const struct sight all = { ANSWER_WORKS, ANSWER_WORKS, ANSWER_ABSENT };
	static const struct sight echo_alone = { ANSWER_DISCONNECTED, ANSWER_WORKS, ANSWER_ABSENT };
	static const struct sight none = { ANSWER_DISCONNECTED, ANSWER_DISCONNECTED,
		ANSWER_ABSENT };
	struct claims *claims = &suite.claims;
	struct capability_manager manager = suite.child.manager;
	uint64_t size = 0;

	claim_sight("the child reads the package and calls the endpoint", suite.child.witness, all);
	claim_sight(
	    "so does the observer, by what the child passed on", suite.observer.witness, all);
	claim_equal(claims, "the package is taken back",
	    capability_manager_revoke(manager, GRANT_PACKAGE), CAP_OK);
	claim_sight("the child has lost it, disconnected", suite.child.witness, echo_alone);
	claim_sight("and the observer", suite.observer.witness, echo_alone);
	claim_equal(claims, "the parent reads it still",
	    boot_package_manifest_size(suite.package, &size), CAP_OK);
	claim_equal(claims, "of the grants one lives", live_grants(), 1 << GRANT_ECHO);
	claim_equal(claims, "the endpoint is taken back",
	    capability_manager_revoke(manager, GRANT_ECHO), CAP_OK);
	claim_sight("the child has lost it, too", suite.child.witness, none);
	claim_sight("and the observer", suite.observer.witness, none);
	claim(claims, "no other grant has that number",
	    capability_manager_revoke(manager, 77) == CAP_ERR_APPLICATION_EXCEPTION);
}

static void
claim_later(void)
{
	static const struct sight later = { ANSWER_DISCONNECTED, ANSWER_DISCONNECTED,
		ANSWER_WORKS };
	static const struct sight lost = { ANSWER_DISCONNECTED, ANSWER_DISCONNECTED,
		ANSWER_DISCONNECTED };
	struct claims *claims = &suite.claims;
	uint64_t id = grant_later();

	claim(claims, "the child is granted the package again, while it runs", id > GRANT_ECHO);
	claim_sight("and reads it", suite.child.witness, later);
	claim_equal(claims, "that grant is taken back as well",
	    capability_manager_revoke(suite.child.manager, id), CAP_OK);
	claim_sight("and lost", suite.child.witness, lost);
	claim_equal(claims, "none lives", live_grants(), 0);
}

int
capos_main(struct capos *self)
{
	struct claims *claims = &suite.claims;
	bool was_running = false;

	claims_start(claims, self, "revocable-read");
	suite.self = self;
	if (process_spawner_from_capset(self, "spawner", &suite.spawner) != CAP_OK ||
	    boot_package_from_capset(self, "package", &suite.package) != CAP_OK ||
	    echo_from_capset(self, "echo", &suite.echo) != CAP_OK)
		return 101;
	claim_equal(claims, "a child is spawned with a manager of its grants",
	    spawn("child", true, &suite.child), CAP_OK);
	claim_equal(
	    claims, "an observer without", spawn("observer", false, &suite.observer), CAP_OK);
	claim_equal(claims, "the child passes both on", pass_on(), CAP_OK);
	claim_losses();
	claim_later();
	claim_equal(claims, "the child is ended",
	    process_control_kill(suite.child.control, &was_running), CAP_OK);
	return claims_end(claims);
}
