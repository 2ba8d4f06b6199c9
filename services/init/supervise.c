/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for services, all at once, and the exit policy. */
#include "init.h"

static void
report(struct init_state *init, const struct init_service *service, struct exit_status status)
{
	if (exit_status_kind(status) == EXIT_KIND_EXITED)
		init_log(init, "init: %.*s exited %lld", (int)service->name.size,
		    service->name.data, (long long)exit_status_code(status));
	else
		init_log(init, "init: %.*s ended by fault %lld at 0x%llx", (int)service->name.size,
		    service->name.data, (long long)exit_status_code(status),
		    (unsigned long long)exit_status_fault_instruction(status));
}

static uint8_t
machine_code(struct exit_status status)
{
	int64_t code = exit_status_code(status);

	if (exit_status_kind(status) != EXIT_KIND_EXITED)
		return 99;
	return code >= 0 && code <= 98 ? (uint8_t)code : 98;
}

static void
service_ended(struct init_service *service)
{
	struct init_state *init = service->init;
	bool by_foreground =
	    init_config_on_exit(init->config) == EXIT_POLICY_HALT_WHEN_FOREGROUND_ENDS;
	struct process_handle_wait_results results;
	struct exit_status status;

	service->has_ended = true;
	init->running_count--;
	if (process_handle_wait_wait(&service->wait, &results) != CAP_OK) {
		init_log(init, "init: the end of %.*s is unknown", (int)service->name.size,
		    service->name.data);
		init->has_failure = true;
		capos_call_end(&service->wait);
		return;
	}
	status = process_handle_wait_results_status(results);
	report(init, service, status);
	init->has_failure |= machine_code(status) != 0;
	if (by_foreground && service->is_foreground) {
		init->is_over = true;
		init->exit_code = machine_code(status);
	}
	capos_call_end(&service->wait);
	capos_release(service->process.cap);
	capos_release(service->control.cap);
}

enum cap_status
init_supervise(struct init_state *init)
{
	for (uint32_t i = 0; i < init->service_count; i++) {
		struct init_service *service = &init->services[i];

		(void)process_handle_wait_begin(&service->wait, service->process);
		CAPOS_TRY(capos_call_send(&service->wait));
		init->running_count++;
	}
	while (!init->is_over && init->running_count != 0) {
		CAPOS_TRY(capos_wait_any(init->self, CAP_DEADLINE_NONE));
		for (uint32_t i = 0; i < init->service_count; i++)
			if (!init->services[i].has_ended &&
			    capos_call_is_done(&init->services[i].wait))
				service_ended(&init->services[i]);
	}
	if (!init->is_over)
		init->exit_code = init->has_failure ? 1 : 0;
	return CAP_OK;
}
