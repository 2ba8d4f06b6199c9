/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Init: reads the manifest, checks all of it, starts the spawner and then the services in manifest
 * order, and looks after them: what ends is recorded, started again as its policy says, and handed
 * out anew to those who hold a Supplier of it. It ends the machine as the manifest says.
 */
#include <capos/capos.h>
#include <core/manifest_validate.h>
#include <schema/boot.client.h>
#include <schema/console.client.h>
#include <schema/endpoint.client.h>
#include <schema/process.client.h>
#include <schema/supervisor.client.h>
#include <schema/timer.client.h>
#include <service/process_loader.h>
#include <service/serve.h>

#include "crash.h"
#include "restart_rule.h"

#define SUPPLIER_TICKETS_MAX 8

/* A facet of a service's endpoint, for the services behind it. */
struct init_export {
	uint32_t service;
	struct capnp_text name;
	struct capos_cap client;
};

struct init_service {
	struct capnp_text name;
	uint32_t index; /* in the manifest */
	uint32_t pid;
	uint8_t status;	 /* enum service_status */
	bool is_stopped; /* by a person: for good */
	bool is_forced;	 /* by a person: it is started again at once */
	uint32_t restarts;
	struct restart_history history;
	struct process_handle process;
	struct process_control control;
	struct capos_call wait;	   /* for its end */
	struct capos_call sleep;   /* until it is started again */
	struct capos_call watch;   /* the next ping, or its answer */
	struct capos_cap launcher; /* cap_id 0: it has none yet */
	struct init_state *init;
};

/* A Supplier of one export. */
struct init_supplier {
	struct service_endpoint at;
	struct init_state *init;
	struct endpoint endpoint;
	struct supplier client;
	uint32_t export;				   /* index in exports */
	struct capos_ticket tickets[SUPPLIER_TICKETS_MAX]; /* who waits for a restart */
	uint32_t ticket_count;
};

struct init_state {
	struct capos *self;
	struct service service;
	struct console console;
	struct timer timer;
	struct process_spawner spawner;
	struct process_loader loader;
	struct capnp_reader package;
	struct init_config config;
	uint32_t export_count;
	uint32_t service_count;
	uint32_t running_count; /* and those that will be started again */
	uint32_t supplier_count;
	bool has_failure; /* a service ended otherwise than with 0, and was not started again */
	uint8_t exit_code;
	struct init_export exports[MANIFEST_ALL_EXPORTS_MAX];
	struct init_service services[MANIFEST_SERVICES_MAX];
	struct init_supplier suppliers[MANIFEST_SUPPLIERS_MAX];
	struct service_endpoint supervisor_at;
	struct supervisor supervisor; /* cap_id 0: nobody has it */
	struct crash_log crashes;
};

void
init_log(struct init_state *init, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Start a program of the boot package. Why it cannot be started has been logged; nothing is kept of
 * the program's file.
 */
MUST_CHECK enum cap_status init_start_program(struct init_state *init, struct capnp_text binary,
    const struct program_start *start, struct program_started *started);
/* Start the spawner, for whoever starts programs later, and keep a client of it. */
MUST_CHECK enum cap_status init_start_spawner(struct init_state *init);
/* Start the services of the manifest, in its order; the first that cannot be started ends it. */
MUST_CHECK enum cap_status init_start_services(struct init_state *init);
/* Start one that has ended again: its exports are others then. */
MUST_CHECK enum cap_status init_start_again(struct init_state *init, struct init_service *service);
/* Look after the services until the exit policy says that it is over. */
MUST_CHECK enum cap_status init_supervise(struct init_state *init);

/* The service of that name, or NULL. */
struct init_service *init_service_find(struct init_state *init, struct capnp_text name);
struct service_entry init_service_entry(const struct init_service *service);
MUST_CHECK enum cap_status init_service_kill(struct init_service *service);
/* Watch a service that runs, if the manifest says so, until it ends. */
void init_watch_begin(struct init_service *service);
void init_watch_end(struct init_service *service);
/* A person ends a service for good, or starts it anew. */
MUST_CHECK enum cap_status init_service_stop(struct init_service *service);
MUST_CHECK enum cap_status init_service_restart(struct init_service *service);

/* Capabilities that init itself serves, made when a service is the first to be granted one. */
MUST_CHECK enum cap_status
init_supplier_make(struct init_state *init, uint32_t export, struct capos_cap *client);
/* The service has been started again, or will not be: who waits for its exports hears of it. */
void init_suppliers_tell(struct init_state *init, const struct init_service *service);
MUST_CHECK enum cap_status init_supervisor_make(struct init_state *init, struct capos_cap *client);
/* An endpoint of init's own, served in its loop, and a client of it that shows `interface_id`. */
MUST_CHECK enum cap_status init_serve(struct init_state *init, struct service_endpoint *at,
    struct capos_interface interface, uint64_t interface_id, struct capos_cap *client);
