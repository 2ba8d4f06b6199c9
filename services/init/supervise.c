/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking after services. Everything is a completion in init's one loop: the end of a process, the
 * time at which one is started again, the answer to a watchdog's ping, a call of a person.
 */
#include <capos/capos.h>
#include <string.h>

#include "init.h"

#define MILLISECOND UINT64_C(1000000)

static uint8_t
machine_code(const struct crash_exit *exit)
{
	if (exit->kind != EXIT_KIND_EXITED)
		return 99;
	return exit->code >= 0 && exit->code <= 98 ? (uint8_t)exit->code : 98;
}

/* The symbol file of the service's program; empty if the package has none. */
static struct capnp_data
symbol_file(const struct init_service *service)
{
	struct named_blob_list files =
	    system_manifest_symbols(system_manifest_root(&service->init->package));
	struct capnp_text binary = service_entry_binary(init_service_entry(service));

	for (uint32_t i = 0; i < named_blob_list_size(files); i++) {
		struct named_blob file = named_blob_at(files, i);
		struct capnp_text name = named_blob_name(file);

		if (name.size == binary.size && memcmp(name.data, binary.data, name.size) == 0)
			return named_blob_data(file);
	}
	return (struct capnp_data){ 0 };
}

static void
record(struct init_service *service, const struct crash_exit *exit)
{
	struct init_state *init = service->init;
	struct crash crash = {
		.service = service->name,
		.pid = service->pid,
		.at_ns = capos_now(init->self),
		.exit = *exit,
		.restarts = service->restarts,
		.status = service->status,
	};
	char text[CRASH_LINE_BYTES];

	if (exit->kind == EXIT_KIND_FAULTED)
		crash.symbol = symbols_find(symbol_file(service), exit->fault_instruction);
	crash_log_add(&init->crashes, &crash);
	crash_describe(&crash, text);
	init_log(init, "init: %.*s (pid %u): %s", (int)service->name.size, service->name.data,
	    service->pid, text);
}

/* When every service has ended, or the one that counts has. */
static void
check_over(struct init_state *init)
{
	if (init->running_count == 0 && !init->service.is_stopping) {
		init->exit_code = init->has_failure ? 1 : 0;
		service_stop(&init->service, 0);
	}
}

static void
ended_for_good(struct init_service *service, const struct crash_exit *exit)
{
	struct init_state *init = service->init;

	init->running_count--;
	init->has_failure |= machine_code(exit) != 0 && !service->is_stopped;
	init_suppliers_tell(init, service);
	check_over(init);
}

static void
started_again(struct init_service *service)
{
	struct init_state *init = service->init;

	service->restarts++;
	init_log(init, "init: started %.*s again", (int)service->name.size, service->name.data);
	init_suppliers_tell(init, service);
	init_watch_begin(service);
}

static void service_ended(struct capos_call *call, void *context);

static enum cap_status
wait_begin(struct init_service *service)
{
	(void)process_handle_wait_begin(&service->wait, service->process);
	service->wait.on_done = service_ended;
	service->wait.context = service;
	return capos_call_send(&service->wait);
}

static void
start_again(struct init_service *service)
{
	static const struct crash_exit unstarted = { .kind = EXIT_KIND_EXITED, .code = 98 };
	struct init_state *init = service->init;
	enum cap_status status = init_start_again(init, service);

	if (status == CAP_OK)
		status = wait_begin(service);
	if (status == CAP_OK) {
		started_again(service);
		return;
	}
	init_log(init, "init: %.*s cannot be started again: %s", (int)service->name.size,
	    service->name.data, cap_status_sentence(status));
	service->status = SERVICE_STATUS_GIVEN_UP;
	ended_for_good(service, &unstarted);
}

static void
sleep_over(struct capos_call *call, void *context)
{
	struct init_service *service = context;

	capos_call_end(call);
	/* Stopped meanwhile: it has been counted. */
	if (service->status == SERVICE_STATUS_RESTARTING)
		start_again(service);
}

/* Time passes in the kernel: init's loop goes on. */
static void
start_at(struct init_service *service, uint64_t at_ns)
{
	timer_sleep_until_params_set_deadline_ns(
	    timer_sleep_until_begin(&service->sleep, service->init->timer), at_ns);
	service->sleep.on_done = sleep_over;
	service->sleep.context = service;
	if (capos_call_send(&service->sleep) == CAP_OK)
		return;
	capos_call_end(&service->sleep);
	start_again(service);
}

static enum restart_decision
decide(struct init_service *service, bool is_failure, uint64_t *at_ns)
{
	const struct restart_rule rule =
	    restart_rule_read(service_entry_restart(init_service_entry(service)));
	uint64_t now_ns = capos_now(service->init->self);

	if (service->is_stopped)
		return RESTART_NEVER;
	if (service->is_forced) {
		service->is_forced = false;
		*at_ns = now_ns;
		return RESTART_LATER;
	}
	return restart_decide(&rule, &service->history, is_failure, now_ns, at_ns);
}

static void
go_on(struct init_service *service, const struct crash_exit *exit)
{
	bool is_failure = machine_code(exit) != 0;
	uint64_t at_ns = 0;
	enum restart_decision decision = decide(service, is_failure, &at_ns);

	service->status = decision == RESTART_LATER ? SERVICE_STATUS_RESTARTING
	    : decision == RESTART_GIVE_UP	    ? SERVICE_STATUS_GIVEN_UP
						    : SERVICE_STATUS_ENDED;
	if (is_failure)
		record(service, exit);
	else
		init_log(service->init, "init: %.*s exited 0", (int)service->name.size,
		    service->name.data);
	if (decision == RESTART_GIVE_UP)
		init_log(service->init, "init: %.*s ends again and again: given up",
		    (int)service->name.size, service->name.data);
	if (decision == RESTART_LATER)
		start_at(service, at_ns);
	else
		ended_for_good(service, exit);
}

/* Of the system: the foreground has ended, and not to be started anew by a person. */
static bool
is_the_end(const struct init_service *service)
{
	return init_config_on_exit(service->init->config) ==
	    EXIT_POLICY_HALT_WHEN_FOREGROUND_ENDS &&
	    service_entry_foreground(init_service_entry(service)) && !service->is_forced;
}

static void
service_ended(struct capos_call *call, void *context)
{
	struct init_service *service = context;
	struct init_state *init = service->init;
	struct process_handle_wait_results results;
	struct crash_exit exit = { .kind = EXIT_KIND_EXITED, .code = 98 };

	if (process_handle_wait_wait(call, &results) == CAP_OK)
		exit = crash_exit_read(process_handle_wait_results_status(results));
	else
		init_log(init, "init: how %.*s ended is unknown", (int)service->name.size,
		    service->name.data);
	capos_call_end(call);
	init_watch_end(service);
	capos_release(service->process.cap);
	capos_release(service->control.cap);
	if (is_the_end(service)) {
		service->status = SERVICE_STATUS_ENDED;
		if (machine_code(&exit) != 0)
			record(service, &exit);
		else
			init_log(init, "init: %.*s exited 0", (int)service->name.size,
			    service->name.data);
		init->exit_code = machine_code(&exit);
		service_stop(&init->service, 0);
		return;
	}
	go_on(service, &exit);
}

enum cap_status
init_service_kill(struct init_service *service)
{
	bool was_running;

	return process_control_kill(service->control, &was_running);
}

enum cap_status
init_service_stop(struct init_service *service)
{
	static const struct crash_exit stopped = { .kind = EXIT_KIND_KILLED };

	service->is_stopped = true;
	if (service->status == SERVICE_STATUS_RUNNING)
		return init_service_kill(service);
	if (service->status == SERVICE_STATUS_RESTARTING) {
		service->status = SERVICE_STATUS_ENDED;
		ended_for_good(service, &stopped);
	}
	return CAP_OK;
}

enum cap_status
init_service_restart(struct init_service *service)
{
	service->is_stopped = false;
	service->history.count = 0;
	switch (service->status) {
	case SERVICE_STATUS_RUNNING:
		service->is_forced = true;
		return init_service_kill(service);
	case SERVICE_STATUS_RESTARTING:
		return CAP_OK;
	default:
		/* A sleep of before may still be on its way to its end. */
		if (service->sleep.state == CAPOS_CALL_SENT) {
			service->sleep.on_done = NULL;
			capos_call_end(&service->sleep);
		}
		service->init->running_count++;
		service->status = SERVICE_STATUS_RESTARTING;
		start_again(service);
		return service->status == SERVICE_STATUS_RUNNING ? CAP_OK : CAP_ERR_WRONG_STATE;
	}
}

enum cap_status
init_supervise(struct init_state *init)
{
	for (uint32_t i = 0; i < init->service_count; i++) {
		CAPOS_TRY(wait_begin(&init->services[i]));
		init->running_count++;
		init_watch_begin(&init->services[i]);
	}
	return service_run(&init->service) == 0 ? CAP_OK : CAP_ERR_DISCONNECTED;
}
