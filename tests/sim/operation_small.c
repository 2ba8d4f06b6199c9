/* SPDX-License-Identifier: Apache-2.0 */
/* RELEASE, FINISH, NOP, and opcodes that do not exist. */
#include "simulation.h"

static bool
is_spare(const struct model_process *process, const struct model_slot *slot)
{
	(void)process;
	return slot->object->kind >= MODEL_MEMORY || !model_slot_is_live(slot);
}

static bool
is_spare_and_no_owner(const struct model_process *process, const struct model_slot *slot)
{
	return is_spare(process, slot) &&
	    (slot->object->kind != MODEL_ENDPOINT || slot->interface_index != 0 ||
		!model_slot_is_live(slot));
}

/* One field that the opcode does not use. */
static void
set_something(struct simulation *simulation, struct cap_sqe *sqe)
{
	struct random *random = &simulation->random;

	switch (random_below(random, 8)) {
	case 0:
		sqe->flags = 1;
		break;
	case 1:
		sqe->method = 1;
		break;
	case 2:
		sqe->op_flags = 1;
		break;
	case 3:
		sqe->addr = 8;
		break;
	case 4:
		sqe->result_len = 8;
		break;
	case 5:
		sqe->answer_id = 1;
		break;
	case 6:
		sqe->xfer_count = 1;
		break;
	default:
		sqe->reserved = 1;
		break;
	}
}

struct cap_sqe
operation_release(struct simulation *simulation, struct model_process *process)
{
	struct random *random = &simulation->random;
	bool any = random_chance(random, 15);
	struct model_slot *slot =
	    part_slot(simulation, process, any ? is_spare : is_spare_and_no_owner);
	struct cap_sqe sqe = { .op = CAP_OP_RELEASE };

	sqe.target = slot == NULL || random_chance(random, 15) ? part_bad_id(simulation, process)
							       : model_id(process, slot);
	sqe.deadline_ns = random_chance(random, 5) ? part_deadline(simulation) : 0;
	if (random_chance(random, 4))
		set_something(simulation, &sqe);
	return sqe;
}

struct cap_sqe
operation_finish(struct simulation *simulation, struct model_process *process)
{
	struct random *random = &simulation->random;
	struct cap_sqe sqe = { .op = CAP_OP_FINISH, .target = random_next(random) };
	uint32_t first = random_below(random, RING_CQ_ENTRIES);

	if (operation_is_promiser(process) && random_chance(random, 50))
		return operation_finish_answer(simulation, process);
	for (uint32_t i = 0; i < RING_CQ_ENTRIES && !random_chance(random, 2); i++) {
		const struct model_op *op = &process->ops[(first + i) % RING_CQ_ENTRIES];

		if (op->place == MODEL_FREE)
			continue;
		sqe.target = op->sqe.user_data;
		break;
	}
	if (random_chance(random, 4))
		set_something(simulation, &sqe);
	return sqe;
}

struct cap_sqe
operation_nop(struct simulation *simulation, struct model_process *process)
{
	struct cap_sqe sqe = { .op = CAP_OP_NOP, .deadline_ns = part_deadline(simulation) };

	(void)process;
	if (random_chance(&simulation->random, 20))
		set_something(simulation, &sqe);
	return sqe;
}

struct cap_sqe
operation_reserved(struct simulation *simulation, struct model_process *process)
{
	struct random *random = &simulation->random;
	struct cap_sqe sqe = { .op = (uint8_t)(CAP_OP_COUNT +
				   random_below(random, 256 - CAP_OP_COUNT)) };

	(void)process;
	sqe.target = random_next(random);
	sqe.addr = random_next(random);
	sqe.deadline_ns = part_deadline(simulation);
	return sqe;
}
