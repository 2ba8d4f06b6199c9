/* SPDX-License-Identifier: Apache-2.0 */
/* Supervisor: what init knows of its services, and what a person may do with them. */
#include <schema/supervisor.server.h>

#include "init.h"

struct supervisor_server {
	struct init_state init; /* the only one there is */
};

static enum cap_status
answer_services(struct supervisor_server *server, struct supervisor_services_params params,
    struct supervisor_services_results_builder results, const struct capos_caller *caller)
{
	struct init_state *init = &server->init;
	struct service_state_list_builder list =
	    supervisor_services_results_init_services(results, init->service_count);

	(void)params;
	(void)caller;
	for (uint32_t i = 0; i < init->service_count; i++) {
		struct service_state_builder to = service_state_builder_at(list, i);

		service_state_set_name(to, init->services[i].name);
		service_state_set_status(to, init->services[i].status);
		service_state_set_restarts(to, init->services[i].restarts);
	}
	return CAP_OK;
}

static enum cap_status
answer_crashes(struct supervisor_server *server, struct supervisor_crashes_params params,
    struct supervisor_crashes_results_builder results, const struct capos_caller *caller)
{
	struct crash_log *log = &server->init.crashes;
	struct crash_record_list_builder list =
	    supervisor_crashes_results_init_records(results, log->count);

	(void)params;
	(void)caller;
	for (uint32_t i = 0; i < log->count; i++)
		crash_fill(crash_record_builder_at(list, i), &log->kept[i]);
	return CAP_OK;
}

static enum cap_status
answer_stop(struct supervisor_server *server, struct supervisor_stop_params params,
    struct supervisor_stop_results_builder results, const struct capos_caller *caller)
{
	struct init_service *service =
	    init_service_find(&server->init, supervisor_stop_params_service(params));

	(void)results;
	(void)caller;
	return service != NULL ? init_service_stop(service) : CAP_ERR_NOT_FOUND;
}

static enum cap_status
answer_restart(struct supervisor_server *server, struct supervisor_restart_params params,
    struct supervisor_restart_results_builder results, const struct capos_caller *caller)
{
	struct init_service *service =
	    init_service_find(&server->init, supervisor_restart_params_service(params));

	(void)results;
	(void)caller;
	return service != NULL ? init_service_restart(service) : CAP_ERR_NOT_FOUND;
}

static const struct supervisor_methods methods = {
	.services = answer_services,
	.crashes = answer_crashes,
	.stop = answer_stop,
	.restart = answer_restart,
};
SUPERVISOR_SERVE_WITH(methods)

enum cap_status
init_supervisor_make(struct init_state *init, struct capos_cap *client)
{
	if (init->supervisor.cap.cap_id == 0)
		CAPOS_TRY(init_serve(init, &init->supervisor_at,
		    supervisor_interface((struct supervisor_server *)init), SUPERVISOR_INTERFACE_ID,
		    &init->supervisor.cap));
	*client = init->supervisor.cap;
	return CAP_OK;
}
