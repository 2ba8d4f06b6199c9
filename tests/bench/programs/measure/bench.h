/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the figures share: what the program was granted, samples and their median, lines of the
 * table. */
#include <capos/capos.h>
#include <schema/console.client.h>
#include <schema/echo.client.h>
#include <schema/memory.client.h>
#include <schema/process.client.h>
#include <schema/stats.client.h>
#include <schema/steps.client.h>
#include <schema/timer.client.h>

#include "record_source.h"

#define SAMPLES 101
#define WARM_UP 16
#define PAGE 4096

struct bench {
	struct capos *self;
	struct console console;
	struct timer timer;
	struct echo echo;
	struct steps steps;
	struct process_launcher launcher;
	struct kernel_stats stats;
	struct notification_factory notifications;
	struct frame_allocator frames;
	struct virtual_memory memory_space;
	struct record_source source;
	struct notification mine;   /* what `yours` is answered with */
	struct signaller of_nobody; /* its notification has no waiter */
	struct signaller yours;
	uint64_t last_ns;
	uint64_t overhead; /* of a sample without an operation */
	uint64_t memory[64];
};
extern struct bench bench;

static inline uint64_t
time_stamp(void)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/* What does not hold ends the program, and there are no figures. */
_Noreturn void stop(const char *what);

static inline void
require(bool holds, const char *what)
{
	if (!holds)
		stop(what);
}

void report(const char *name, uint64_t figure);
/* Before the first figure: what a sample costs without an operation. */
void measure_start(void);
/* Report the median of many samples, for each of so many operations in one. */
void measure(const char *name, void (*operation)(uint64_t turn), uint64_t each);
