/* SPDX-License-Identifier: Apache-2.0 */
/* After each step: completions, capability tables, ledgers and memory are what the model says. */
#include <assert.h>
#include <string.h>

#include "mm/frame.h"
#include "mm/pool.h"
#include "simulation.h"
#include "tap.h"

static struct frame_stats baseline_frames;
static uint64_t baseline_boot[LEDGER_RESOURCE_COUNT];

static bool
matches(const struct model_expected *expected, const struct model_word *word)
{
	return !expected->seen && expected->process == word->process &&
	    memcmp(&expected->cqe, &word->cqe, sizeof(word->cqe)) == 0;
}

static const enum coverage_operation operation_of[] = {
	[CAP_OP_NOP] = COVERAGE_NOP,
	[CAP_OP_CALL] = COVERAGE_CALL,
	[CAP_OP_RECV] = COVERAGE_RECV,
	[CAP_OP_RETURN] = COVERAGE_RETURN,
	[CAP_OP_RELEASE] = COVERAGE_RELEASE,
	[CAP_OP_FINISH] = COVERAGE_FINISH,
	[CAP_OP_SIGNAL] = COVERAGE_SIGNAL,
	[CAP_OP_WAIT] = COVERAGE_WAIT,
};

static void
count(struct coverage *coverage, const struct model_expected *expected)
{
	coverage_count(coverage,
	    expected->opcode < CAP_OP_COUNT ? operation_of[expected->opcode] : COVERAGE_RESERVED,
	    expected->cqe.result);
	coverage->events[COVERAGE_TRANSFERS] += expected->cqe.cap_count;
	if (expected->exception != 0)
		coverage_count(coverage, COVERAGE_CALL_THEN, expected->exception);
}

static void
fail_completion(struct simulation *simulation, const char *what,
    const struct model_process *process, const struct cap_cqe *cqe)
{
	simulation_note(simulation, "  %s: process %u, %llx: %d, %u capabilities, %llx of %llx",
	    what, process->index, (unsigned long long)cqe->user_data, cqe->result, cqe->cap_count,
	    (unsigned long long)cqe->cap_id, (unsigned long long)cqe->interface_id);
	simulation_fail(simulation, "completions differ");
}

/* Each completion that came was expected, and each expected one came, once. */
static void
compare_completions(struct simulation *simulation)
{
	struct model *model = &simulation->model;

	for (uint32_t i = 0; i < simulation->word_count; i++) {
		const struct model_word *word = &simulation->words[i];
		uint32_t k = 0;

		while (k < model->expected_count && !matches(&model->expected[k], word))
			k++;
		if (k == model->expected_count) {
			fail_completion(simulation, "came", word->process, &word->cqe);
			continue;
		}
		model->expected[k].seen = true;
		count(&simulation->coverage, &model->expected[k]);
	}
	for (uint32_t k = 0; k < model->expected_count; k++)
		if (!model->expected[k].seen)
			fail_completion(simulation, "expected", model->expected[k].process,
			    &model->expected[k].cqe);
}

void
compare_bind(struct simulation *simulation, struct model_object *object, const void *kernel)
{
	for (uint32_t i = 0; i < simulation->model.object_end; i++)
		if (simulation->model.objects[i].exists &&
		    simulation->model.objects[i].kernel == kernel)
			simulation_fail(simulation, "a new capability names an old object");
	object->kernel = kernel;
}

static void
compare_slot(struct simulation *simulation, struct model_process *process, struct model_slot *slot)
{
	struct cap_table *table = simulation->processes[process->index].process->table;
	cap_id_t id = model_id(process, slot);
	struct model_slot *found;
	enum cap_status expected = model_lookup(process, id, &found);
	struct cap_ref ref = { 0 };
	enum cap_status status = cap_lookup(table, id, &ref);

	if (status != expected)
		simulation_fail(simulation, "process %u: id %llx is %s, expected %s",
		    process->index, (unsigned long long)id, cap_status_name(status),
		    cap_status_name(expected));
	if (slot->generation > 1) {
		id -= UINT64_C(1) << CAP_ID_INDEX_BITS;
		if (cap_lookup(table, id, &ref) != CAP_ERR_STALE_GENERATION)
			simulation_fail(simulation, "process %u: id %llx is not stale",
			    process->index, (unsigned long long)id);
	}
	if (expected != CAP_OK || status != CAP_OK)
		return;
	if (slot->object->kernel == NULL)
		compare_bind(simulation, slot->object, ref.object);
	if (ref.object != slot->object->kernel || ref.interface_index != slot->interface_index ||
	    ref.cell != (slot->cell == NULL ? NULL : slot->cell->kernel))
		simulation_fail(simulation, "process %u: id %llx names something else",
		    process->index, (unsigned long long)id);
}

static void
compare_table(struct simulation *simulation, struct model_process *process)
{
	struct cap_table *table = simulation->processes[process->index].process->table;
	uint64_t beyond = UINT64_C(1) << CAP_ID_INDEX_BITS | process->slot_count;
	struct cap_ref ref;
	uint32_t used = process->slots_reserved;

	for (uint32_t i = 0; i < process->slot_count; i++) {
		used += process->slots[i].object != NULL;
		compare_slot(simulation, process, &process->slots[i]);
	}
	if (cap_table_used(table) != used)
		simulation_fail(simulation, "process %u: %u slots are used, expected %u",
		    process->index, cap_table_used(table), used);
	if (cap_lookup(table, beyond, &ref) != CAP_ERR_INVALID_CAP)
		simulation_fail(simulation, "process %u has more slots", process->index);
}

/* A ledger that nobody refers to any more has nothing, and goes. */
static void
compare_ledger(struct simulation *simulation, struct model_ledger *ledger)
{
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		if (ledger->kernel->used[i] != ledger->used[i])
			simulation_fail(simulation, "ledger %u: %s is %llu, expected %llu",
			    (uint32_t)(ledger - simulation->model.ledgers), ledger_resource_name(i),
			    (unsigned long long)ledger->kernel->used[i],
			    (unsigned long long)ledger->used[i]);
	if (ledger->references != 0 || simulation_failed(simulation))
		return;
	ledger_put(ledger->kernel);
	ledger->kernel = NULL;
}

/* All that is charged is charged to someone. */
static void
compare_boot(struct simulation *simulation)
{
	uint64_t sum[LEDGER_RESOURCE_COUNT] = { 0 };

	for (uint32_t i = 0; i < simulation->model.ledger_end; i++) {
		struct model_ledger *ledger = &simulation->model.ledgers[i];

		if (ledger->kernel == NULL)
			continue;
		for (uint32_t k = 0; k < LEDGER_RESOURCE_COUNT; k++)
			sum[k] += ledger->used[k];
		compare_ledger(simulation, ledger);
	}
	for (uint32_t k = 0; k < LEDGER_RESOURCE_COUNT; k++)
		if (k != LEDGER_KERNEL_BYTES && ledger_boot.used[k] != baseline_boot[k] + sum[k])
			simulation_fail(simulation, "%s of all: %llu, expected %llu",
			    ledger_resource_name(k), (unsigned long long)ledger_boot.used[k],
			    (unsigned long long)(baseline_boot[k] + sum[k]));
}

static void
compare_bytes(
    struct simulation *simulation, struct model_process *process, uint64_t address, uint64_t bytes)
{
	static uint8_t found[MESSAGE_BYTES_MAX * 2];
	static uint8_t expected[MESSAGE_BYTES_MAX * 2];

	world_read(&simulation->processes[process->index], address, found, bytes);
	memory_read(&process->memory, address, expected, bytes);
	if (memcmp(found, expected, bytes) == 0)
		return;
	for (uint64_t i = 0; i < bytes; i++) {
		if (found[i] == expected[i] || memory_at(&process->memory, address + i) == NULL)
			continue;
		simulation_fail(simulation, "process %u: byte at %llx is %02x, expected %02x",
		    process->index, (unsigned long long)(address + i), found[i], expected[i]);
		return;
	}
}

/* Buffers of operations that failed half-way: the model learns what is there. */
static void
learn(struct simulation *simulation, const struct model_write *write)
{
	uint64_t end = write->address + (write->bytes < 2 * MESSAGE_BYTES_MAX ? write->bytes : 0);

	for (uint64_t at = write->address; at < end;) {
		uint64_t part = PAGE_BYTES - (at & PAGE_MASK);
		uint8_t *to = memory_at(&write->process->memory, at);

		if (part > end - at)
			part = end - at;
		if (to != NULL && memory_is_writable(at, part))
			world_read(&simulation->processes[write->process->index], at, to, part);
		at += part;
	}
}

static void
compare_memory(struct simulation *simulation)
{
	struct model *model = &simulation->model;

	for (uint32_t i = 0; i < model->write_count; i++)
		if (model->writes[i].any && model->writes[i].process->alive)
			learn(simulation, &model->writes[i]);
	for (uint32_t i = 0; i < model->write_count; i++)
		if (!model->writes[i].any && model->writes[i].process->alive)
			compare_bytes(simulation, model->writes[i].process,
			    model->writes[i].address, model->writes[i].bytes);
	/* What nobody wrote: a page of each process in turn. */
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++)
		if (model->processes[i].alive)
			compare_bytes(simulation, &model->processes[i],
			    WORLD_DATA + simulation->step % WORLD_DATA_PAGES * PAGE_BYTES,
			    PAGE_BYTES);
}

void
compare(struct simulation *simulation)
{
	if (simulation->model.call_id_reused)
		simulation_fail(simulation, "a call id was used again");
	compare_completions(simulation);
	tap_compare(simulation);
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++)
		if (simulation->model.processes[i].alive)
			compare_table(simulation, &simulation->model.processes[i]);
	compare_queues(simulation);
	compare_boot(simulation);
	compare_memory(simulation);
}

void
baseline_take(void)
{
	frame_stats_get(&baseline_frames);
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		baseline_boot[i] = ledger_boot.used[i];
}

void
compare_baseline(struct simulation *simulation)
{
	struct frame_stats frames;

	frame_stats_get(&frames);
	if (frames.free_pages != baseline_frames.free_pages)
		simulation_fail(simulation, "%llu pages are free at the end, %llu were before",
		    (unsigned long long)frames.free_pages,
		    (unsigned long long)baseline_frames.free_pages);
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		if (ledger_boot.used[i] != baseline_boot[i])
			simulation_fail(simulation, "%s is %llu at the end, %llu before",
			    ledger_resource_name(i), (unsigned long long)ledger_boot.used[i],
			    (unsigned long long)baseline_boot[i]);
}
