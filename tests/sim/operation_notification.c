/* SPDX-License-Identifier: Apache-2.0 */
/* SIGNAL and WAIT, and notifications for whoever may have one. */
#include "simulation.h"

static bool
is_signaller(const struct model_process *process, const struct model_slot *slot)
{
	(void)process;
	return slot->object->kind == MODEL_SIGNALLER;
}

static bool
is_notification(const struct model_process *process, const struct model_slot *slot)
{
	(void)process;
	return slot->object->kind == MODEL_NOTIFICATION;
}

/* Somebody can still wait. */
static bool
is_good_signaller(const struct model_process *process, const struct model_slot *slot)
{
	return is_signaller(process, slot) && model_slot_is_live(slot) &&
	    !slot->object->other->closed;
}

/* Bits are set, or few wait for them. */
static bool
is_good_notification(const struct model_process *process, const struct model_slot *slot)
{
	return is_notification(process, slot) && model_slot_is_live(slot) &&
	    (slot->object->bits != 0 || slot->object->receive_count < 2);
}

static bool
any_slot(const struct model_process *process, const struct model_slot *slot)
{
	(void)process;
	(void)slot;
	return true;
}

/* Few bits, so that waits and signals meet. */
static uint64_t
mask_of(struct simulation *simulation)
{
	struct random *random = &simulation->random;

	if (random_chance(random, 5))
		return random_chance(random, 50) ? UINT64_MAX : 0;
	return UINT64_C(1) << random_below(random, 3) | UINT64_C(1) << random_below(random, 3);
}

/* A field that must be zero. */
static void
spoil(struct simulation *simulation, struct cap_sqe *sqe)
{
	switch (random_below(&simulation->random, 6)) {
	case 0:
		sqe->flags = 1;
		break;
	case 1:
		sqe->method = 1;
		break;
	case 2:
		sqe->result_addr = 8;
		break;
	case 3:
		sqe->len = 8;
		break;
	case 4:
		sqe->cap_max = 1;
		break;
	default:
		sqe->op_flags = 1;
		break;
	}
}

static struct cap_sqe
make(struct simulation *simulation, struct model_process *process, uint8_t op,
    const slot_wanted_fn *wanted)
{
	struct random *random = &simulation->random;
	struct model_slot *slot = part_slot(simulation, process, wanted[random_chance(random, 15)]);
	struct cap_sqe sqe = { .op = op, .addr = mask_of(simulation) };

	if (slot == NULL || random_chance(random, 3))
		slot = part_slot(simulation, process, any_slot);
	sqe.target = slot == NULL || random_chance(random, 4) ? part_bad_id(simulation, process)
							      : model_id(process, slot);
	sqe.deadline_ns = part_deadline(simulation);
	if (random_chance(random, 3))
		spoil(simulation, &sqe);
	return sqe;
}

struct cap_sqe
operation_signal(struct simulation *simulation, struct model_process *process)
{
	static const slot_wanted_fn wanted[] = { is_good_signaller, is_signaller };

	return make(simulation, process, CAP_OP_SIGNAL, wanted);
}

struct cap_sqe
operation_wait_bits(struct simulation *simulation, struct model_process *process)
{
	static const slot_wanted_fn wanted[] = { is_good_notification, is_notification };

	return make(simulation, process, CAP_OP_WAIT, wanted);
}
