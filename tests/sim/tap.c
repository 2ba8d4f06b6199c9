/* SPDX-License-Identifier: Apache-2.0 */
/* Taps in a run; see tap.h. */
#include "tap.h"

#include <abi/tap.h>
#include <stdlib.h>
#include <string.h>

#include "arch/page_table.h"
#include "corruptions.h"
#include "mm/grace.h"
#include "mm/memory_object.h"
#include "ring/tap.h"
#include "simulation.h"

#define TAP_PAGES 1
#define SENT 256 /* more than are ever submitted and not looked at */

static struct sim_tap {
	struct ring_tap ring;
	struct memory_object *memory;
	bool is_on;
	uint64_t head;	  /* records that were read */
	uint64_t dropped; /* as the model has it */
	uint64_t sequence;
	uint32_t taken;		   /* submissions that were seen or known to be dropped */
	struct cap_sqe sent[SENT]; /* by number of the submission */
} taps[MODEL_PROCESSES];

static void
arrived(struct ring_tap *tap)
{
	(void)tap;
}

void
tap_start(void)
{
	const struct memory_object_request request = { &ledger_boot, TAP_PAGES, false };

	memset(taps, 0, sizeof(taps));
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++)
		if (memory_object_create(&request, &taps[i].memory) != CAP_OK)
			abort();
}

static struct ring *
ring_of(struct simulation *simulation, const struct model_process *process)
{
	return simulation->processes[process->index].thread->ring;
}

static void
tap_on(struct simulation *simulation, struct model_process *process)
{
	struct sim_tap *tap = &taps[process->index];
	struct ring_tap_request request = { tap->memory,
		random_chance(&simulation->random, 50) ? 64 : 0, arrived };

	if (ring_tap_init(&tap->ring, &request) != CAP_OK)
		abort();
	tap->ring.space = simulation->processes[process->index].process->space;
	tap->ring.pid = simulation->processes[process->index].process->pid;
	tap->head = 0;
	tap->dropped = 0;
	tap->sequence = 0;
	tap->taken = process->taken;
	tap->is_on = true;
	ring_tap_set(ring_of(simulation, process), &tap->ring);
}

/*
 * Only when nothing is in flight: a completion has its record if its submission had one. Promised
 * calls complete in an order of their own, which the model leaves open.
 */
void
tap_choose(struct simulation *simulation, struct model_process *process)
{
	struct sim_tap *tap = &taps[process->index];

	if (model_in_flight(process) != 0 || operation_is_promiser(process))
		return;
	simulation_note(simulation, "process %u is %s", process->index,
	    tap->is_on ? "tapped no more" : "tapped");
	if (!tap->is_on) {
		tap_on(simulation, process);
		return;
	}
	ring_tap_set(ring_of(simulation, process), NULL);
	tap->is_on = false;
}

void
tap_forget(uint32_t index)
{
	taps[index].is_on = false;
}

void
tap_sent(
    struct simulation *simulation, const struct model_process *process, const struct cap_sqe *sqe)
{
	uint32_t number = process->taken + process->queued;

	(void)simulation;
	taps[process->index].sent[number % SENT] = *sqe;
}

void
tap_skipped(const struct model_process *process)
{
	taps[process->index].taken = process->taken;
}

static struct cap_tap_header *
header_of(const struct sim_tap *tap)
{
	return arch_direct_map(memory_object_frame(tap->memory, 0));
}

static const struct cap_tap_record *
next_record(const struct sim_tap *tap)
{
	const struct cap_tap_header *header = header_of(tap);
	uint64_t slot = tap->head % header->slot_count;

	return (const struct cap_tap_record *)(const void *)((const uint8_t *)header +
	    header->slot_offset + slot * header->slot_bytes);
}

static bool
is_submission_of(const struct cap_tap_record *record, const struct cap_sqe *sqe)
{
	return record->direction == CAP_TAP_SUBMISSION && record->user_data == sqe->user_data &&
	    record->target == sqe->target && record->op == sqe->op &&
	    record->method == sqe->method && record->flags == sqe->flags &&
	    record->op_flags == sqe->op_flags && record->len == sqe->len &&
	    record->result_len == sqe->result_len && record->xfer_count == sqe->xfer_count &&
	    record->cap_max == sqe->cap_max;
}

static bool
is_completion_of(const struct cap_tap_record *record, const struct cap_cqe *cqe)
{
	return record->direction == CAP_TAP_COMPLETION && record->user_data == cqe->user_data &&
	    record->result == cqe->result && record->cap_count == cqe->cap_count &&
	    record->cap_id == cqe->cap_id && record->cap_interface_id == cqe->interface_id;
}

/* The completions of this step that are one process's, in order. */
struct completions {
	const struct cap_cqe *cqe[SIMULATION_WORDS];
	uint32_t count;
	uint32_t seen;
};

static void
completions_of(
    struct simulation *simulation, const struct model_process *process, struct completions *out)
{
	out->count = 0;
	out->seen = 0;
	for (uint32_t i = 0; i < simulation->word_count; i++)
		if (simulation->words[i].process == process)
			out->cqe[out->count++] = &simulation->words[i].cqe;
}

/* One record is the next submission, or the next completion. */
static bool
compare_record(struct sim_tap *tap, struct completions *completions)
{
	const struct cap_tap_record *record = next_record(tap);

	if (record->sequence != tap->sequence++ || record->pid != tap->ring.pid ||
	    record->payload_bytes > tap->ring.payload_max)
		return false;
	if (is_submission_of(record, &tap->sent[tap->taken % SENT])) {
		tap->taken++;
		return true;
	}
	return completions->seen < completions->count &&
	    is_completion_of(record, completions->cqe[completions->seen++]);
}

static void
compare_one(struct simulation *simulation, const struct model_process *process)
{
	struct sim_tap *tap = &taps[process->index];
	struct cap_tap_header *header = header_of(tap);
	struct completions completions;
	uint64_t events;
	uint64_t written = 0;

	completions_of(simulation, process, &completions);
	events = (uint32_t)(process->taken - tap->taken) + completions.count;
	for (; tap->head != header->tail; written++) {
		if (!compare_record(tap, &completions))
			simulation_fail(simulation, "process %u: record %llu is not what happened",
			    process->index, (unsigned long long)tap->head);
		tap->head++;
	}
	/* All slots were free: what is missing had none. */
	tap->dropped += events - written;
	tap->sequence += events - written;
	if (header->dropped != tap->dropped || (written != events && written != header->slot_count))
		simulation_fail(simulation,
		    "process %u: %llu of %llu records were written, %llu were dropped, expected %llu",
		    process->index, (unsigned long long)written, (unsigned long long)events,
		    (unsigned long long)header->dropped, (unsigned long long)tap->dropped);
	tap->taken = process->taken;
	header->head = tap->head;
	simulation->coverage.events[COVERAGE_TAP_RECORDS] += written;
	simulation->coverage.events[COVERAGE_TAP_DROPS] += events - written;
}

void
tap_compare(struct simulation *simulation)
{
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++)
		if (simulation->model.processes[i].alive && taps[i].is_on)
			compare_one(simulation, &simulation->model.processes[i]);
}

bool
corrupt_tap(struct simulation *simulation)
{
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++) {
		struct cap_tap_header *header = header_of(&taps[i]);

		if (!simulation->model.processes[i].alive || !taps[i].is_on)
			continue;
		header->dropped++;
		return true;
	}
	return false;
}

/* A record says something else than what happened. */
bool
corrupt_tap_record(struct simulation *simulation)
{
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++) {
		if (!simulation->model.processes[i].alive || !taps[i].is_on ||
		    taps[i].head == header_of(&taps[i])->tail)
			continue;
		((struct cap_tap_record *)(uintptr_t)next_record(&taps[i]))->user_data ^= 1;
		return true;
	}
	return false;
}
