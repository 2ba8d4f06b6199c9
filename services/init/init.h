/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Init: reads the manifest, checks all of it, starts the spawner and then the services in manifest
 * order, waits for them, and ends the machine as the manifest says.
 */
#include <capos/capos.h>
#include <schema/boot.client.h>
#include <schema/console.client.h>
#include <schema/process.client.h>
#include <service/process_loader.h>

#define SERVICES_MAX 32
#define EXPORTS_MAX 64

/* A facet of a service's endpoint, for the services behind it. */
struct init_export {
	uint32_t service;
	struct capnp_text name;
	struct capos_cap client;
};

struct init_service {
	struct capnp_text name;
	struct process_handle process;
	struct process_control control;
	struct capos_call wait;
	bool has_ended;
	bool is_foreground;
	struct init_state *init;
};

struct init_state {
	struct capos *self;
	struct console console;
	struct process_spawner spawner;
	struct capnp_reader package;
	struct init_config config;
	uint32_t export_count;
	uint32_t service_count;
	uint32_t running_count;
	bool has_failure; /* a service ended otherwise than with 0 */
	bool is_over;
	uint8_t exit_code;
	struct init_export exports[EXPORTS_MAX];
	struct init_service services[SERVICES_MAX];
};

void
init_log(struct init_state *init, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Load and start the spawner itself, and keep a client of it. */
MUST_CHECK enum cap_status init_start_spawner(struct init_state *init);
/* Start the services of the manifest, in its order; the first that cannot be started ends it. */
MUST_CHECK enum cap_status init_start_services(struct init_state *init);
/* Wait for services until the exit policy says that it is over. */
MUST_CHECK enum cap_status init_supervise(struct init_state *init);
