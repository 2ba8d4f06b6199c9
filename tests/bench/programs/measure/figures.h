/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The groups of figures that stand in files of their own. */
#include "bench.h"

#define BATCH 16
#define ECHO_BYTES 64

/* A program that serves at an endpoint of its own, and a client of that. */
struct server {
	struct capnp_text binary;
	struct capnp_text endpoint;
	uint64_t interface_id;
	struct capos_cap client;
	struct process_handle process;
};
void launch_server(struct server *server);

/* Its exit code, when it has ended and its last frame is back; the handle is released. */
int64_t await_exit(struct process_handle process);
/* One without grants, from its start to its end. */
int64_t run_program(struct capnp_text binary);

void measure_baselines(void);
void measure_transfers(void);
void measure_revocation(void);
