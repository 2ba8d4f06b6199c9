/* SPDX-License-Identifier: Apache-2.0 */
/* Grants from process to process, and what takes them, or an object, back. */
#include <assert.h>

#include "cap/grant_cell.h"
#include "proc/sweep.h"
#include "simulation.h"

static bool
is_granted_by_copy(const struct model_process *process, const struct model_slot *slot)
{
	const struct model_object *object = slot->object;

	return model_slot_is_live(slot) && object->kind != MODEL_SPACE &&
	    object->kind != MODEL_NOTIFICATION &&
	    (object->kind != MODEL_ENDPOINT || slot->interface_index != 0) && process->alive;
}

/* There is one of it. */
static bool
is_granted_by_move(const struct model_process *process, const struct model_slot *slot)
{
	return model_slot_is_live(slot) && slot->object->kind != MODEL_SPACE &&
	    !is_granted_by_copy(process, slot);
}

static struct model_process *
pick_receiver(struct simulation *simulation)
{
	uint32_t first = random_below(&simulation->random, MODEL_PROCESSES);

	for (uint32_t i = 0; i < MODEL_PROCESSES; i++) {
		struct model_process *process =
		    &simulation->model.processes[(first + i) % MODEL_PROCESSES];

		if (process->alive && model_has_room(&simulation->model, process))
			return process;
	}
	return NULL;
}

static bool
can_pay(const struct model *model, const struct model_process *process)
{
	const struct model_ledger *ledger = process->ledger;

	return ledger->used[LEDGER_KERNEL_BYTES] + model->prices.cell + model->prices.first_chunk <=
	    ledger->limit[LEDGER_KERNEL_BYTES];
}

/* So that those who granted are not all remembered for ever. */
static bool
are_many(const struct model *model)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < MODEL_CELLS; i++)
		count += model->cells[i].exists;
	return count > MODEL_CELLS / 2;
}

/* As ProcessBuilder.grant does it under a manager. */
static struct grant_cell *
grant_in_kernel(struct simulation *simulation, const struct operation_grant *grant, cap_id_t *id)
{
	struct process *from = simulation->processes[grant->from->index].process;
	struct process *to = simulation->processes[grant->to->index].process;
	struct cap_hold source;
	struct cap_hold hold;
	enum cap_status status = cap_table_get(from->table, grant->source_id, &source);

	assert(status == CAP_OK);
	hold = source;
	status = grant_cell_create(from->ledger, source.cell, &hold.cell);
	assert(status == CAP_OK);
	hold.cell_epoch = grant_cell_epoch(hold.cell);
	cap_hold_get(&hold);
	status = cap_table_add(to->table, &hold, id);
	assert(status == CAP_OK);
	(void)status;
	if (grant->moves) {
		spin_lock(&from->lock);
		cap_table_take_locked(from->table, grant->source_id);
		spin_unlock(&from->lock);
		cap_hold_put(&source);
	}
	cap_hold_put(&source);
	return hold.cell;
}

static cap_id_t
grant_in_model(
    struct simulation *simulation, const struct operation_grant *grant, struct grant_cell *cell)
{
	struct model *model = &simulation->model;
	struct model_ledger *ledger = grant->from->ledger;
	struct model_slot hold = grant->source;
	enum cap_status status = model_charge(ledger, LEDGER_KERNEL_BYTES, model->prices.cell);
	cap_id_t id;

	assert(status == CAP_OK);
	(void)status;
	hold.cell = model_cell_new(model, ledger, grant->source.cell);
	hold.cell->kernel = cell;
	id = model_give_hold(model, grant->to, &hold);
	if (grant->moves) {
		struct model_slot *source;

		status = model_find(grant->from, grant->source_id, &source);
		assert(status == CAP_OK);
		model_object_put(source->object);
		model_remove(grant->from, source);
	}
	return id;
}

void
operation_grant_make(struct simulation *simulation, const struct operation_grant *grant)
{
	cap_id_t id = 0;
	struct grant_cell *cell = grant_in_kernel(simulation, grant, &id);

	if (grant_in_model(simulation, grant, cell) != id)
		simulation_fail(simulation, "granted id %llx", (unsigned long long)id);
	simulation->coverage.events[COVERAGE_GRANTS]++;
	machine_settle();
	machine_collect(simulation);
	model_settle(&simulation->model);
}

void
operation_grant(struct simulation *simulation, struct model_process *process)
{
	struct operation_grant grant = { .from = process, .to = pick_receiver(simulation) };
	struct model_slot *source;

	if (are_many(&simulation->model)) {
		operation_revoke_grant(simulation);
		return;
	}
	grant.moves = random_chance(&simulation->random, 25);
	source =
	    part_slot(simulation, process, grant.moves ? is_granted_by_move : is_granted_by_copy);
	if (source == NULL || grant.to == NULL || !can_pay(&simulation->model, process))
		return;
	grant.source = *source;
	grant.source_id = model_id(process, source);
	simulation_note(simulation, "process %u grants %llx to process %u", process->index,
	    (unsigned long long)grant.source_id, grant.to->index);
	operation_grant_make(simulation, &grant);
}

void
operation_sweep(struct simulation *simulation, bool sweeps)
{
	struct process_sweep kernel = { 0 };

	while (sweeps && process_sweep_step(&kernel) == JOB_AGAIN)
		;
	machine_settle();
	machine_collect(simulation);
	if (sweeps)
		simulation->coverage.events[COVERAGE_SWEPT] += model_sweep(&simulation->model);
	model_settle(&simulation->model);
}

/* What follows a revocation, or is left to the next one. */
static void
sweep_maybe(struct simulation *simulation)
{
	operation_sweep(simulation, random_chance(&simulation->random, 70));
}

static void
revoke_cell(struct simulation *simulation, struct model_cell *cell)
{
	struct list_node work;

	list_init(&work);
	if (!grant_cell_revoke(cell->kernel, &work))
		simulation_fail(simulation, "a live grant was dead");
	while (grant_cell_revoke_below_step(&work) == JOB_AGAIN)
		;
	model_cell_revoke(&simulation->model, cell);
}

/* We can revoke those that are kept by us; one that died below another is let go of later. */
static void
let_go_of_dead(struct simulation *simulation)
{
	for (uint32_t i = 0; i < MODEL_CELLS; i++) {
		struct model_cell *cell = &simulation->model.cells[i];

		if (!cell->exists || cell->live || cell->kernel == NULL)
			continue;
		grant_cell_put(cell->kernel);
		cell->kernel = NULL;
		cell->references--;
	}
}

void
operation_revoke_cell(struct simulation *simulation, struct model_cell *cell)
{
	simulation_note(simulation, "a grant is revoked");
	revoke_cell(simulation, cell);
	simulation->coverage.events[COVERAGE_GRANT_REVOCATIONS]++;
	let_go_of_dead(simulation);
}

void
operation_revoke_grant(struct simulation *simulation)
{
	uint32_t first = random_below(&simulation->random, MODEL_CELLS);

	for (uint32_t i = 0; i < MODEL_CELLS; i++) {
		struct model_cell *cell = &simulation->model.cells[(first + i) % MODEL_CELLS];

		if (!cell->exists || !cell->live)
			continue;
		operation_revoke_cell(simulation, cell);
		break;
	}
	sweep_maybe(simulation);
}

void
operation_revoke_all(struct simulation *simulation)
{
	for (uint32_t i = 0; i < MODEL_CELLS; i++)
		if (simulation->model.cells[i].exists && simulation->model.cells[i].live)
			revoke_cell(simulation, &simulation->model.cells[i]);
	let_go_of_dead(simulation);
	machine_settle();
	machine_collect(simulation);
	model_settle(&simulation->model);
}

void
operation_revoke_object(struct simulation *simulation, struct model_object *object)
{
	simulation_note(simulation, "an object is revoked");
	if (!object_revoke((struct object *)(uintptr_t)object->kernel))
		simulation_fail(simulation, "an object cannot be revoked");
	object->epoch++;
	simulation->coverage.events[COVERAGE_REVOCATIONS]++;
}

void
operation_revoke(struct simulation *simulation)
{
	struct model *model = &simulation->model;
	uint32_t first = random_below(&simulation->random, model->object_end);

	for (uint32_t i = 0; i < model->object_end; i++) {
		struct model_object *object = &model->objects[(first + i) % model->object_end];

		if (!object->exists || object->payer == NULL)
			continue;
		operation_revoke_object(simulation, object);
		break;
	}
	sweep_maybe(simulation);
}
