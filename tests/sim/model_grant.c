/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Grants of the model: each has a cell, under the one of the hold that it was made from. What is
 * revoked dies with everything under it; a sweep ends what was begun by dead holds.
 */
#include <assert.h>

#include "model.h"

struct model_cell *
model_cell_new(struct model *model, struct model_ledger *payer, struct model_cell *parent)
{
	struct model_cell *cell = model->cells;

	while (cell->exists)
		cell++;
	assert(cell < model->cells + MODEL_CELLS);
	*cell = (struct model_cell){
		.exists = true, .live = true, .references = 1, .parent = parent, .payer = payer
	};
	payer->references++;
	if (parent != NULL)
		parent->references++;
	return cell;
}

/* A dead cell has left its parent. */
void
model_cell_revoke(struct model *model, struct model_cell *cell)
{
	if (!cell->live)
		return;
	cell->live = false;
	if (cell->parent != NULL)
		cell->parent->references--;
	cell->parent = NULL;
	for (uint32_t i = 0; i < MODEL_CELLS; i++)
		if (model->cells[i].exists && model->cells[i].parent == cell)
			model_cell_revoke(model, &model->cells[i]);
}

bool
model_cells_sweep(struct model *model)
{
	bool swept = false;

	for (uint32_t i = 0; i < MODEL_CELLS; i++) {
		struct model_cell *cell = &model->cells[i];

		if (!cell->exists || cell->references != 0)
			continue;
		model_release(cell->payer, LEDGER_KERNEL_BYTES, model->prices.cell);
		model_ledger_put(cell->payer);
		if (cell->parent != NULL)
			cell->parent->references--;
		cell->exists = false;
		swept = true;
	}
	return swept;
}

void
model_op_begins(struct model_op *op, const struct model_slot *target)
{
	op->epoch = target->epoch;
	op->cell = target->cell;
	if (op->cell != NULL)
		op->cell->references++;
}

bool
model_op_is_dead(const struct model_op *op)
{
	if (op->sqe.op == CAP_OP_CALL && op->object->epoch != op->epoch)
		return true;
	return op->cell != NULL && !op->cell->live;
}

static bool
waits_by_a_hold(const struct model_op *op)
{
	return op->place != MODEL_FREE && op->place != MODEL_RUNNING && op->place != MODEL_PROMISED;
}

uint32_t
model_sweep(struct model *model)
{
	uint32_t swept = 0;

	for (uint32_t i = 0; i < MODEL_PROCESSES; i++)
		for (uint32_t k = 0; model->processes[i].alive && k < RING_CQ_ENTRIES; k++) {
			struct model_op *op = &model->processes[i].ops[k];

			if (!waits_by_a_hold(op) || !model_op_is_dead(op))
				continue;
			model_end_revoked(model, op);
			swept++;
		}
	return swept;
}
