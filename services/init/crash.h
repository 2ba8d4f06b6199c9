/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What is known of a service that did not end as it should: kept for who asks the Supervisor, and
 * said in one line on the log.
 */
#include <schema/process.capnp.h>
#include <schema/supervisor.capnp.h>
#include <stdbool.h>
#include <stdint.h>

#include "symbols.h"

#define CRASHES_KEPT 8
#define CRASH_LINE_BYTES 240
#define SERVING_BYTES 80

/* How a process ended, as ExitStatus has it. */
struct crash_exit {
	enum exit_kind kind;
	int64_t code;
	uint64_t fault_address;
	uint64_t fault_instruction;
	uint32_t fault_error;
	uint64_t serving_interface;
	uint16_t serving_method;
};

struct crash {
	struct capnp_text service;
	uint32_t pid;
	uint64_t at_ns;
	struct crash_exit exit;
	struct symbol symbol; /* of fault_instruction; line 0: nothing is known */
	uint32_t restarts;
	enum service_status status;
};

/* The last ones, oldest first. */
struct crash_log {
	struct crash kept[CRASHES_KEPT];
	uint32_t count;
};

struct crash_exit crash_exit_read(struct exit_status from);
void crash_log_add(struct crash_log *log, const struct crash *crash);
/* `Interface.method` of the last call that was not answered, as far as the schema knows it. */
void crash_serving(const struct crash_exit *exit, char text[SERVING_BYTES]);
/* `page fault at address 0x10 in ping (main.c:12), serving Echo.ping`. */
void crash_describe(const struct crash *crash, char text[CRASH_LINE_BYTES]);
void crash_fill(struct crash_record_builder to, const struct crash *crash);
