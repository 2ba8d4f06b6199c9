/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service that ends in every way is started again, and its client goes on; one that ends again
 * and again is given up. CapSet: `console`, `echo` (Echo, of the first process), `supplier`
 * (Supplier of it), `supervisor`.
 */
#include <schema/echo.client.h>
#include <schema/supervisor.client.h>
#include <service/supplied.h>
#include <string.h>

#include "claims.h"

CAPOS_LARGE_MESSAGES(2);

#define SERVICE "crasher"
#define TOLD_TO_ECHO 0
#define TOLD_TO_FAULT 1
#define TOLD_TO_HANG 2
#define TOLD_TO_EXIT 3
#define RESTARTS_MAX 5 /* as the manifest says */

static struct claims claims;
static struct capos_supplied supplied;
static struct supervisor supervisor;

/* CAP_OK, CAP_ERR_DISCONNECTED, or what else came. */
static enum cap_status
tell(struct capos_cap to, uint8_t what)
{
	struct capos_call call;
	struct echo_ping_results results;
	enum cap_status status;

	echo_ping_params_set_data(
	    echo_ping_begin(&call, (struct echo){ to }), (struct capnp_data){ &what, 1 });
	status = echo_ping_run(&call, &results);
	if (capos_is_disconnected(status, &call.error))
		status = CAP_ERR_DISCONNECTED;
	if (status == CAP_OK && echo_ping_results_data(results).size != 1)
		status = CAP_ERR_MALFORMED_MESSAGE;
	capos_call_end(&call);
	return status;
}

static enum service_status
status_of_service(uint32_t *restarts)
{
	struct capos_call call;
	struct supervisor_services_results results;
	enum service_status status = UINT16_MAX;

	*restarts = 0;
	(void)supervisor_services_begin(&call, supervisor);
	if (supervisor_services_run(&call, &results) == CAP_OK) {
		struct service_state_list list = supervisor_services_results_services(results);

		for (uint32_t i = 0; i < service_state_list_size(list); i++) {
			struct service_state state = service_state_at(list, i);

			if (strcmp(service_state_name(state).data, SERVICE) != 0)
				continue;
			status = service_state_status(state);
			*restarts = service_state_restarts(state);
		}
	}
	capos_call_end(&call);
	return status;
}

static void
claim_record(struct crash_record record)
{
	struct exit_status exit = crash_record_exit(record);

	claim(&claims, "the record names the service",
	    strcmp(crash_record_service(record).data, SERVICE) == 0 &&
		crash_record_pid(record) != 0);
	claim(&claims, "and how it ended",
	    exit_status_kind(exit) == EXIT_KIND_FAULTED && exit_status_code(exit) == 14 &&
		exit_status_fault_address(exit) == 0x10);
	claim(&claims, "and in which function and line",
	    strcmp(crash_record_function(record).data, "write_nowhere") == 0 &&
		strstr(crash_record_file(record).data, "crasher/main.c") != NULL &&
		crash_record_line(record) > 10);
	claim(&claims, "and which call it was serving",
	    strcmp(crash_record_serving(record).data, "Echo.ping") == 0);
	claim_equal(&claims, "and that it is started again", crash_record_status(record),
	    SERVICE_STATUS_RESTARTING);
}

static void
claim_crash_record(void)
{
	struct capos_call call;
	struct supervisor_crashes_results results;
	struct crash_record_list list;
	enum cap_status status;

	(void)supervisor_crashes_begin(&call, supervisor);
	status = supervisor_crashes_run(&call, &results);
	claim_equal(&claims, "the supervisor tells of crashes", status, CAP_OK);
	if (status == CAP_OK) {
		list = supervisor_crashes_results_records(results);
		claim_equal(&claims, "of which there is one", crash_record_list_size(list), 1);
		claim_record(crash_record_at(list, 0));
	}
	capos_call_end(&call);
}

static void
claim_end(const char *how, uint8_t told)
{
	claim_equal(&claims, how, tell(supplied.cap, told), CAP_ERR_DISCONNECTED);
	claim(&claims, "the client connects again, and goes on",
	    capos_reconnect(&supplied) == CAP_OK && tell(supplied.cap, TOLD_TO_ECHO) == CAP_OK);
}

static void
claim_given_up(void)
{
	uint32_t restarts;
	uint32_t rounds = 0;

	while (rounds < 2 * RESTARTS_MAX && tell(supplied.cap, TOLD_TO_EXIT) != CAP_OK &&
	    capos_reconnect(&supplied) == CAP_OK)
		rounds++;
	claim_equal(&claims, "a service that ends again and again is given up",
	    status_of_service(&restarts), SERVICE_STATUS_GIVEN_UP);
	claim_equal(&claims, "after as many restarts as it may have", restarts, RESTARTS_MAX);
	claim_equal(&claims, "and its clients are told so", capos_reconnect(&supplied),
	    CAP_ERR_DISCONNECTED);
}

static void
claim_by_hand(void)
{
	uint32_t restarts;

	claim(&claims, "a person can start it again",
	    supervisor_restart(supervisor, CAPNP_TEXT(SERVICE)) == CAP_OK &&
		capos_reconnect(&supplied) == CAP_OK && tell(supplied.cap, TOLD_TO_ECHO) == CAP_OK);
	claim(&claims, "also one that runs",
	    supervisor_restart(supervisor, CAPNP_TEXT(SERVICE)) == CAP_OK &&
		tell(supplied.cap, TOLD_TO_ECHO) == CAP_ERR_DISCONNECTED &&
		capos_reconnect(&supplied) == CAP_OK && tell(supplied.cap, TOLD_TO_ECHO) == CAP_OK);
	claim(&claims, "and end it for good",
	    supervisor_stop(supervisor, CAPNP_TEXT(SERVICE)) == CAP_OK &&
		tell(supplied.cap, TOLD_TO_ECHO) == CAP_ERR_DISCONNECTED &&
		capos_reconnect(&supplied) == CAP_ERR_DISCONNECTED &&
		status_of_service(&restarts) == SERVICE_STATUS_ENDED);
	claim(&claims, "a name that no service has is refused",
	    supervisor_stop(supervisor, CAPNP_TEXT("nobody")) != CAP_OK &&
		supervisor_restart(supervisor, CAPNP_TEXT("")) != CAP_OK);
}

int
capos_main(struct capos *self)
{
	struct echo first;

	claims_start(&claims, self, "supervision");
	if (echo_from_capset(self, "echo", &first) != CAP_OK ||
	    supervisor_from_capset(self, "supervisor", &supervisor) != CAP_OK ||
	    capos_supplied_from_capset(self, "supplier", ECHO_INTERFACE_ID, &supplied) != CAP_OK)
		return 101;
	claim(&claims, "the service answers, by what was granted and what is supplied",
	    tell(first.cap, TOLD_TO_ECHO) == CAP_OK && tell(supplied.cap, TOLD_TO_ECHO) == CAP_OK);
	claim_end("who calls a service that faults is disconnected", TOLD_TO_FAULT);
	claim_equal(&claims, "what was granted at first stays disconnected",
	    tell(first.cap, TOLD_TO_ECHO), CAP_ERR_DISCONNECTED);
	claim_crash_record();
	claim_end("one that does not answer is killed by its watchdog", TOLD_TO_HANG);
	claim_end("one that exits with a failure is started again", TOLD_TO_EXIT);
	claim_given_up();
	claim_by_hand();
	return claims_end(&claims);
}
