/* SPDX-License-Identifier: Apache-2.0 */
/* Faults behind the model's back: see corruptions.h. */
#include "corruptions.h"

#include "ipc/endpoint.h"

static struct model_process *
alive(struct simulation *simulation)
{
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++)
		if (simulation->model.processes[i].alive)
			return &simulation->model.processes[i];
	return NULL;
}

bool
corrupt_completion(struct simulation *simulation)
{
	if (simulation->word_count == 0)
		return false;
	simulation->words[0].cqe.result ^= 1;
	return true;
}

bool
corrupt_completion_lost(struct simulation *simulation)
{
	if (simulation->word_count == 0)
		return false;
	simulation->word_count--;
	return true;
}

/* A capability is gone, and nobody released it. */
bool
corrupt_slot(struct simulation *simulation)
{
	struct model_process *process = alive(simulation);

	for (uint32_t i = 0; process != NULL && i < process->slot_count; i++) {
		const struct model_slot *slot = &process->slots[i];

		if (slot->object == NULL)
			continue;
		return cap_table_release(simulation->processes[process->index].process->table,
			   model_id(process, slot)) == CAP_OK;
	}
	return false;
}

bool
corrupt_ledger(struct simulation *simulation)
{
	struct model_process *process = alive(simulation);

	if (process == NULL)
		return false;
	process->ledger->kernel->used[LEDGER_ENDPOINT_CALLS]++;
	return true;
}

/* In the page that is looked at in this step. */
bool
corrupt_byte(struct simulation *simulation)
{
	struct model_process *process = alive(simulation);
	uint64_t address = WORLD_DATA + simulation->step % WORLD_DATA_PAGES * PAGE_BYTES + 100;
	uint8_t byte;

	if (process == NULL)
		return false;
	world_read(&simulation->processes[process->index], address, &byte, 1);
	byte ^= 1;
	world_write(&simulation->processes[process->index], address, &byte, 1);
	return true;
}

static struct op *
waiting_call(struct simulation *simulation, bool with_another)
{
	for (uint32_t i = 0; i < MODEL_PROCESSES; i++) {
		if (!simulation->model.processes[i].alive)
			continue;
		for (uint32_t k = 0; k < RING_CQ_ENTRIES; k++) {
			struct op *op = ring_op(simulation->processes[i].thread->ring, k);
			const struct list_node *next = op->link.next;

			if (op->state == OP_PENDING && op->place == OP_PLACE_CALL_QUEUE &&
			    (!with_another || next->next != &op->link))
				return op;
		}
	}
	return NULL;
}

/* A call that waits ends by itself. */
bool
corrupt_op(struct simulation *simulation)
{
	struct op *op = waiting_call(simulation, false);

	return op != NULL && op_cancel(op, CAP_ERR_CANCELLED);
}

/* A call that waits changes places with its neighbour. */
bool
corrupt_order(struct simulation *simulation)
{
	struct op *op = waiting_call(simulation, true);
	struct list_node *next;

	if (op == NULL)
		return false;
	next = op->link.next;
	list_remove(&op->link);
	list_insert_before(next->next, &op->link);
	return true;
}
