/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the parts of the suite share. */
#include <schema/memory.client.h>
#include <schema/notification.client.h>
#include <schema/process.client.h>
#include <schema/timer.client.h>

#include "claims.h"
#include "frames_used.h"

struct suite {
	struct claims claims;
	struct capos *self;
	struct process_spawner spawner;
	struct frame_allocator frames;
	struct virtual_memory memory;
	struct kernel_stats stats;
	struct timer timer;
	struct notification_factory notifications;
	struct capos_cap console;
};

/* One start: no grants, or `console` twice if `duplicates`, or once if `with_console`. */
struct suite_spawn {
	const char *name;
	const char *binary;
	uint32_t console_grants;
};

/* CAP_OK: `out` is the process. Else the status that the spawner reports. */
MUST_CHECK enum cap_status
suite_spawn(struct suite *suite, const struct suite_spawn *spawn, struct process_handle *out);

struct suite_exit {
	enum exit_kind kind;
	int64_t code;
	uint64_t address;
};
/* Wait for the end and release the handle. */
MUST_CHECK enum cap_status suite_wait(struct process_handle process, struct suite_exit *out);

void suite_processes(struct suite *suite);
void suite_flood(struct suite *suite);
void suite_notifications(struct suite *suite);
void suite_memory(struct suite *suite);
void suite_time(struct suite *suite);
