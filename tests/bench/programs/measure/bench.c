/* SPDX-License-Identifier: Apache-2.0 */
/* Samples and the table; see bench.h. */
#include "bench.h"

#include <core/format.h>

struct bench bench;

_Noreturn void
stop(const char *what)
{
	capos_panic(bench.self, "measure: FAILED: %s", what);
}

static void
sort(uint64_t *values, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		uint64_t value = values[i];
		uint32_t at = i;

		for (; at > 0 && values[at - 1] > value; at--)
			values[at] = values[at - 1];
		values[at] = value;
	}
}

static void
nothing(uint64_t turn)
{
	(void)turn;
}

/*
 * The median of the samples, in instructions. The operation is called as what is not known, always:
 * one that the compiler makes part of a sample would cost less than nothing() with its call.
 */
static __attribute__((noinline)) uint64_t
sample(void (*operation)(uint64_t turn))
{
	static uint64_t samples[SAMPLES];

	__asm__ volatile("" : "+r"(operation));
	for (uint64_t turn = 0; turn < WARM_UP; turn++)
		operation(turn);
	for (uint64_t turn = 0; turn < SAMPLES; turn++) {
		uint64_t start = time_stamp();

		operation(turn);
		samples[turn] = time_stamp() - start;
	}
	sort(samples, SAMPLES);
	return samples[SAMPLES / 2];
}

void
report(const char *name, uint64_t figure)
{
	char line[80];

	format_text(line, sizeof(line), "measure: %s %llu", name, (unsigned long long)figure);
	require(
	    console_write_line(bench.console, capnp_text_from_string(line)) == CAP_OK, "console");
}

void
measure_start(void)
{
	bench.overhead = sample(nothing);
}

/* The time stamps and the call of the operation are taken off. */
void
measure(const char *name, void (*operation)(uint64_t turn), uint64_t each)
{
	report(name, (sample(operation) - bench.overhead) / each);
}
