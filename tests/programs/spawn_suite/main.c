/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spawn suite: processes, memory and time as a program sees them, hostile requests included.
 * CapSet: `console`, `spawner`, `frames`, `vm`, `stats`, `timer`,
 * `notifications`.
 */
#include <schema/console.capnp.h>

#include "suite.h"

CAPOS_LARGE_MESSAGES(2);

static struct suite suite;

enum cap_status
suite_spawn(struct suite *to, const struct suite_spawn *spawn, struct process_handle *out)
{
	struct capos_call call;
	struct process_spawner_spawn_params_builder params =
	    process_spawner_spawn_begin(&call, to->spawner);
	struct process_spawner_spawn_results results;
	struct cap_grant_list_builder grants;
	enum cap_status status;

	process_spawner_spawn_params_set_name(params, capnp_text_from_string(spawn->name));
	process_spawner_spawn_params_set_binary(params, capnp_text_from_string(spawn->binary));
	grants = process_spawner_spawn_params_init_grants(params, spawn->console_grants);
	for (uint32_t i = 0; i < spawn->console_grants; i++) {
		struct cap_grant_builder grant = cap_grant_builder_at(grants, i);

		cap_grant_set_name(grant, CAPNP_TEXT("console"));
		cap_grant_set_cap(grant,
		    (struct capnp_cap){
			to->console.cap_id, to->console.interface_id, CAPNP_CAP_COPY });
	}
	status = capos_call_reason(&call, process_spawner_spawn_run(&call, &results));
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, PROCESS_HANDLE_INTERFACE_ID, &out->cap);
	capos_call_end(&call);
	return status;
}

enum cap_status
suite_wait(struct process_handle process, struct suite_exit *out)
{
	struct capos_call call;
	struct process_handle_wait_results results;
	enum cap_status status;

	(void)process_handle_wait_begin(&call, process);
	status = process_handle_wait_run(&call, &results);
	if (status == CAP_OK) {
		struct exit_status exit = process_handle_wait_results_status(results);

		*out = (struct suite_exit){ exit_status_kind(exit), exit_status_code(exit),
			exit_status_fault_address(exit) };
	}
	capos_call_end(&call);
	capos_release(process.cap);
	return status;
}

static enum cap_status
start(struct capos *self)
{
	suite.self = self;
	CAPOS_TRY(capos_capset_find(self, "console", CONSOLE_INTERFACE_ID, &suite.console));
	CAPOS_TRY(process_spawner_from_capset(self, "spawner", &suite.spawner));
	CAPOS_TRY(frame_allocator_from_capset(self, "frames", &suite.frames));
	CAPOS_TRY(virtual_memory_from_capset(self, "vm", &suite.memory));
	CAPOS_TRY(kernel_stats_from_capset(self, "stats", &suite.stats));
	CAPOS_TRY(notification_factory_from_capset(self, "notifications", &suite.notifications));
	return timer_from_capset(self, "timer", &suite.timer);
}

int
capos_main(struct capos *self)
{
	if (start(self) != CAP_OK)
		return 101;
	claims_start(&suite.claims, self, "spawn-suite");
	frames_settle(suite.stats);
	suite_time(&suite);
	suite_memory(&suite);
	suite_processes(&suite);
	suite_notifications(&suite);
	suite_flood(&suite);
	return claims_end(&suite.claims);
}
