/* SPDX-License-Identifier: Apache-2.0 */
/* RECV and RETURN: serving an endpoint, well or badly. */
#include <string.h>

#include "simulation.h"

static bool
is_owner(const struct model_process *process, const struct model_slot *slot)
{
	(void)process;
	return slot->object->kind == MODEL_ENDPOINT && slot->interface_index == 0;
}

static bool
is_wanting_owner(const struct model_process *process, const struct model_slot *slot)
{
	return is_owner(process, slot) && model_slot_is_live(slot) &&
	    (slot->object->call_count != 0 || slot->object->receive_count < 3);
}

static bool
any_slot(const struct model_process *process, const struct model_slot *slot)
{
	(void)process;
	(void)slot;
	return true;
}

static bool
long_call_waits(const struct model_object *object)
{
	for (uint32_t i = 0; i < object->call_count; i++)
		if (object->calls[i]->sqe.len > KERNEL_MESSAGE_BYTES_MAX)
			return true;
	return false;
}

static void
receive_spoil(struct simulation *simulation, struct cap_sqe *sqe)
{
	struct random *random = &simulation->random;

	switch (random_below(random, 8)) {
	case 0:
		sqe->method = 1;
		break;
	case 1:
		sqe->len = 1;
		break;
	case 2:
		sqe->xfer_count = 1;
		break;
	case 3:
		sqe->cap_max = (uint8_t)(MESSAGE_CAPS_MAX + 1 + random_below(random, 240));
		break;
	case 4:
		sqe->result_addr += 1 + random_below(random, 7);
		break;
	case 5:
		sqe->result_len = random_below(random, sizeof(struct cap_delivery));
		break;
	default:
		sqe->result_addr = part_bad_result(simulation);
		break;
	}
}

struct cap_sqe
operation_receive(struct simulation *simulation, struct model_process *process)
{
	struct random *random = &simulation->random;
	struct model_slot *slot = part_slot(simulation, process, is_wanting_owner);
	struct cap_sqe sqe = { .op = CAP_OP_RECV, .result_len = 256 };

	if (slot == NULL || random_chance(random, 5))
		slot = part_slot(simulation, process, is_owner);
	if (slot == NULL || random_chance(random, 2))
		slot = part_slot(simulation, process, any_slot);
	sqe.target = slot == NULL || random_chance(random, 4) ? part_bad_id(simulation, process)
							      : model_id(process, slot);
	sqe.cap_max = (uint8_t)(random_chance(random, 70) ? random_below(random, 4)
							  : random_below(random, 9));
	if (!simulation->is_batch &&
	    random_chance(random, slot != NULL && long_call_waits(slot->object) ? 60 : 20))
		sqe.result_len = MESSAGE_BYTES_MAX + 64 + 128;
	else if (random_chance(random, 5))
		sqe.result_len = 64 + random_below(random, 64);
	sqe.result_addr = part_result(simulation, process, sqe.result_len);
	if (sqe.result_addr == 0) {
		sqe.result_len = 256;
		sqe.result_addr = part_result(simulation, process, sqe.result_len);
	}
	/* Good as far as the first steps of a long copy go. */
	if (sqe.result_len > MESSAGE_BYTES_MAX && random_chance(random, 15))
		sqe.result_addr = WORLD_READ_ONLY - 2 * KERNEL_MESSAGE_BYTES_MAX;
	sqe.deadline_ns = part_deadline(simulation);
	if (random_chance(random, 4))
		receive_spoil(simulation, &sqe);
	return sqe;
}

/* A call that this process serves, or NULL. */
static struct model_call *
call_of(struct simulation *simulation, struct model_process *process)
{
	struct model_call *found[MODEL_CALLS];
	uint32_t count = 0;

	for (uint32_t i = 0; i < process->call_capacity; i++)
		if (process->calls[i].used)
			found[count++] = &process->calls[i];
	return count == 0 ? NULL : found[random_below(&simulation->random, count)];
}

static void
return_spoil(
    struct simulation *simulation, const struct model_process *process, struct cap_sqe *sqe)
{
	struct random *random = &simulation->random;

	switch (random_below(random, 8)) {
	case 7:
		/* Answered before, maybe. */
		if (process->call_id_count != 0)
			sqe->target = process->call_ids[random_below(random,
			    process->call_id_count < MODEL_CALL_IDS ? process->call_id_count
								    : MODEL_CALL_IDS)];
		break;
	case 0:
		sqe->flags = (uint8_t)(2 + random_below(random, 254));
		break;
	case 1:
		sqe->result_len = 1;
		break;
	case 2:
		sqe->cap_max = 1;
		break;
	case 3:
		sqe->target = random_next(random);
		break;
	case 4:
		sqe->target += UINT64_C(1) << 16;
		break;
	default:
		sqe->addr = part_bad_source(simulation);
		break;
	}
}

/* Mostly what the caller has room for, and long if it has much. */
static uint32_t
return_length(struct simulation *simulation, const struct model_call *call)
{
	struct random *random = &simulation->random;
	uint32_t length = part_length(simulation);
	uint32_t room = call == NULL || call->op == NULL ? UINT32_MAX : call->op->sqe.result_len;

	if (!simulation->is_batch && room != UINT32_MAX && room > KERNEL_MESSAGE_BYTES_MAX &&
	    random_chance(random, 50))
		length = KERNEL_MESSAGE_BYTES_MAX + random_below(random, KERNEL_MESSAGE_BYTES_MAX);
	if (length > room && random_chance(random, 80))
		length = room;
	return length;
}

/* It goes on as a RECV, of which it has what a RETURN has not. */
static void
make_turn(struct simulation *simulation, struct model_process *process, struct cap_sqe *sqe)
{
	const struct cap_sqe receive = operation_receive(simulation, process);

	sqe->flags |= CAP_SQE_RECEIVE;
	sqe->receive_from = receive.target;
	sqe->result_addr = receive.result_addr;
	sqe->result_len = receive.result_len;
	sqe->cap_max = receive.cap_max;
}

struct cap_sqe
operation_return(struct simulation *simulation, struct model_process *process)
{
	struct random *random = &simulation->random;
	struct model_call *call = call_of(simulation, process);
	struct cap_sqe sqe = { .op = CAP_OP_RETURN };

	sqe.target = call == NULL ? random_next(random) : call->id;
	sqe.len = return_length(simulation, call);
	sqe.addr = part_source(simulation, process, sqe.len + UINT64_C(128));
	part_payload(simulation, process, &sqe);
	simulation->coverage.events[COVERAGE_LONG_MESSAGES] += sqe.len > KERNEL_MESSAGE_BYTES_MAX;
	if (random_chance(random, 10))
		sqe.flags = CAP_SQE_EXCEPTION;
	if (sqe.flags == 0 || random_chance(random, 5))
		part_transfers(simulation, process, &sqe);
	/* Mostly what the caller takes. */
	if (call != NULL && call->op != NULL && sqe.xfer_count > call->op->reserved &&
	    random_chance(random, 75))
		sqe.xfer_count = (uint8_t)call->op->reserved;
	sqe.deadline_ns = part_deadline(simulation);
	part_plain(simulation, &sqe);
	if (call != NULL && call->op != NULL && call->op->answer != NULL)
		operation_answer_promise(simulation, process, &sqe);
	/* What depends on the answer fails with this type. */
	if (sqe.flags == CAP_SQE_EXCEPTION)
		sqe.method = (uint16_t)random_below(random, 4);
	if (random_chance(random, 5))
		return_spoil(simulation, process, &sqe);
	else if (random_chance(random, 40) && !operation_awaits_answers(&simulation->model))
		make_turn(simulation, process, &sqe);
	return sqe;
}
