/* SPDX-License-Identifier: Apache-2.0 */
/* CALL: to endpoints of others and of oneself, to the kernel's objects, to nothing. */
#include <string.h>

#include "simulation.h"
#include "wire.h"

static bool
is_facet(const struct model_process *process, const struct model_slot *slot)
{
	(void)process;
	return slot->object->kind == MODEL_ENDPOINT && slot->interface_index != 0;
}

/* Somebody serves there. */
static bool
is_good_facet(const struct model_process *process, const struct model_slot *slot)
{
	return is_facet(process, slot) && model_slot_is_live(slot) && !slot->object->closed &&
	    slot->object->call_count < 4;
}

static bool
is_served_facet(const struct model_process *process, const struct model_slot *slot)
{
	return is_good_facet(process, slot) && slot->object->receive_count != 0;
}

static bool
is_kernel_object(const struct model_process *process, const struct model_slot *slot)
{
	return !is_facet(process, slot) && slot->object->kind != MODEL_SPACE;
}

static bool
is_revoked(const struct model_process *process, const struct model_slot *slot)
{
	(void)process;
	return !model_slot_is_live(slot);
}

static bool
is_space(const struct model_process *process, const struct model_slot *slot)
{
	(void)process;
	return slot->object->kind == MODEL_SPACE;
}

static struct model_slot *
target_of(struct simulation *simulation, struct model_process *process)
{
	static const slot_wanted_fn wanted[] = { is_space, is_revoked, is_served_facet,
		is_good_facet, is_facet, is_kernel_object };
	static const uint32_t weights[] = { 1, 2, 50, 18, 5, 25 };
	uint32_t first = random_weighted(&simulation->random, weights, 6);
	struct model_slot *slot = NULL;

	for (uint32_t i = first; i < 6 && slot == NULL; i++)
		slot = part_slot(simulation, process, wanted[i]);
	return slot;
}

static void
message_write(struct simulation *simulation, struct model_process *process, struct cap_sqe *sqe,
    const struct wire *wire)
{
	sqe->addr = part_source(simulation, process, wire->bytes + 128);
	sqe->len = (uint32_t)wire->bytes;
	machine_write(simulation, process, sqe->addr, wire->message, wire->bytes);
}

/* The argument of a method, good or not so good. */
static uint64_t
argument_of(struct simulation *simulation, const struct model_object *object)
{
	static const uint64_t pages[] = { 1, 1, 2, 3, 4, 5, 0, 5000 };
	struct random *random = &simulation->random;

	switch (object->kind) {
	case MODEL_TIMER:
		return simulation->model.now_ns - 1000 + random_below(random, 500000);
	case MODEL_FRAMES:
		return pages[random_below(random, sizeof(pages) / sizeof(pages[0]))];
	default:
		/* Few interfaces, so that the fifth one comes up. */
		return random_below(random, 7) * UINT64_C(0x8000000000000001);
	}
}

static uint16_t
method_of(struct simulation *simulation, const struct model_object *object)
{
	struct random *random = &simulation->random;

	/* Those of a space would change the map that the model knows. */
	if (object->kind == MODEL_SPACE)
		return (uint16_t)(6 + random_below(random, 60000));
	/* Beyond all that exist: the model does not know each of them. */
	if (random_chance(random, 4))
		return (uint16_t)(32 + random_below(random, 65504));
	if (object->kind == MODEL_FRAMES)
		return (uint16_t)random_below(random, 3);
	return object->kind == MODEL_TIMER ? (uint16_t)random_below(random, 2) : 0;
}

/* Bytes that are no message, or whose root cannot be read. */
static void
message_spoil(struct simulation *simulation, struct wire *wire)
{
	struct random *random = &simulation->random;

	switch (random_below(random, 5)) {
	case 0:
		wire->bytes = random_below(random, 8);
		break;
	case 1:
		wire->message[0] = 1;
		break;
	case 2:
		wire->message[4]++;
		break;
	case 3:
		wire->message[12] = 200; /* data words of the root */
		break;
	default:
		wire->message[8] |= 1; /* a list */
		break;
	}
}

static void
fill_kernel_call(struct simulation *simulation, struct model_process *process,
    const struct model_object *object, struct cap_sqe *sqe)
{
	struct random *random = &simulation->random;
	uint64_t argument = argument_of(simulation, object);
	struct wire wire = wire_struct(&argument, 1);

	if (random_chance(random, 3))
		wire = wire_struct(NULL, 0);
	if (random_chance(random, 5))
		message_spoil(simulation, &wire);
	sqe->method = method_of(simulation, object);
	message_write(simulation, process, sqe, &wire);
	if (random_chance(random, 1))
		sqe->len = KERNEL_MESSAGE_BYTES_MAX + 1;
	sqe->cap_max = (uint8_t)!random_chance(random, 10);
}

/* Does the receiver whose turn it is take long messages? */
static bool
takes_long(const struct model_slot *target)
{
	return target != NULL && target->object->receive_count != 0 &&
	    target->object->receives[0]->sqe.result_len > MESSAGE_BYTES_MAX;
}

static bool
nobody_receives(const struct model_slot *target)
{
	return target != NULL && target->object->receive_count == 0;
}

static void
fill_endpoint_call(struct simulation *simulation, struct model_process *process,
    const struct model_slot *target, struct cap_sqe *sqe)
{
	struct random *random = &simulation->random;

	sqe->method = (uint16_t)random_below(random, 65536);
	sqe->len = part_length(simulation);
	if (!simulation->is_batch &&
	    ((takes_long(target) && random_chance(random, 30)) ||
		(nobody_receives(target) && random_chance(random, 8))))
		sqe->len =
		    KERNEL_MESSAGE_BYTES_MAX + random_below(random, 3 * KERNEL_MESSAGE_BYTES_MAX);
	sqe->addr = part_source(simulation, process, sqe->len + UINT64_C(128));
	sqe->cap_max = (uint8_t)(random_chance(random, 60) ? random_below(random, 4) : 0);
	if (random_chance(random, 5))
		sqe->cap_max = (uint8_t)random_below(random, MESSAGE_CAPS_MAX + 1);
	part_payload(simulation, process, sqe);
	simulation->coverage.events[COVERAGE_LONG_MESSAGES] += sqe->len > KERNEL_MESSAGE_BYTES_MAX;
}

/* Where the answer is to go. */
static void
fill_result(struct simulation *simulation, struct model_process *process, struct cap_sqe *sqe)
{
	struct random *random = &simulation->random;

	sqe->result_len = random_chance(random, 92) ? 256 : random_below(random, 80);
	if (!simulation->is_batch && random_chance(random, 10))
		sqe->result_len = MESSAGE_BYTES_MAX + random_below(random, 256);
	if (random_chance(random, 2))
		sqe->result_len = 0;
	sqe->result_addr = part_result(simulation, process, sqe->result_len);
	if (sqe->result_addr == 0)
		sqe->result_len = 0;
	if (random_chance(random, 2))
		sqe->result_addr = part_bad_result(simulation);
}

/* A field that has no meaning here. */
static void
fill_wrong(struct simulation *simulation, struct cap_sqe *sqe)
{
	struct random *random = &simulation->random;

	switch (random_below(random, 4)) {
	case 0:
		sqe->flags = (uint8_t)(1 + random_below(random, 255));
		break;
	case 1:
		sqe->op_flags = 1U << random_below(random, 32);
		break;
	case 2:
		sqe->reserved = (uint16_t)(1U << random_below(random, 16));
		break;
	default:
		sqe->cap_max = (uint8_t)(MESSAGE_CAPS_MAX + 1 + random_below(random, 240));
		break;
	}
}

/* The form in which generated clients call methods of scalars: one place, nothing else. */
static void
as_scalars(struct cap_sqe *sqe)
{
	sqe->deadline_ns = 0;
	sqe->cap_max = 0;
	sqe->xfer_count = 0;
	sqe->result_addr = sqe->addr;
	sqe->result_len = 48;
}

struct cap_sqe
operation_call(struct simulation *simulation, struct model_process *process)
{
	struct random *random = &simulation->random;
	struct model_slot *target = target_of(simulation, process);
	struct cap_sqe sqe = { .op = CAP_OP_CALL };

	sqe.deadline_ns = part_deadline(simulation);
	if (target == NULL || is_facet(process, target))
		fill_endpoint_call(simulation, process, target, &sqe);
	else
		fill_kernel_call(simulation, process, target->object, &sqe);
	sqe.target = target == NULL || random_chance(random, 3) ? part_bad_id(simulation, process)
								: model_id(process, target);
	part_transfers(simulation, process, &sqe);
	fill_result(simulation, process, &sqe);
	if (target != NULL && target->object->kind == MODEL_TIMER && random_chance(random, 50))
		as_scalars(&sqe);
	if (target == NULL || is_facet(process, target))
		part_plain(simulation, &sqe);
	if (random_chance(random, 2))
		sqe.addr = part_bad_source(simulation);
	if (random_chance(random, 1))
		fill_wrong(simulation, &sqe);
	return sqe;
}
