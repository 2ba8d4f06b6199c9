/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own objects, as the schema describes them: Timer, EndpointFactory, Endpoint,
 * FrameAllocator, MemoryObject.
 */
#include <assert.h>
#include <schema/endpoint.capnp.h>
#include <schema/memory.capnp.h>
#include <schema/notification.capnp.h>
#include <schema/timer.capnp.h>
#include <string.h>

#include "model.h"
#include "wire.h"

#define PAGES_MAX 4096
#define PAGES_CONTIGUOUS_MAX 1024

struct model_object *
model_object_new(struct model *model, enum model_kind kind, struct model_ledger *payer)
{
	uint32_t index = 0;

	while (model->objects[index].exists)
		index++;
	assert(index < MODEL_OBJECTS);
	if (index == model->object_end)
		model->object_end++;
	model->objects[index] = (struct model_object){
		.kind = kind, .references = 1, .exists = true, .epoch = 1, .payer = payer
	};
	if (payer != NULL)
		payer->references++;
	return &model->objects[index];
}

void
model_object_put(struct model_object *object)
{
	assert(object->references != 0);
	object->references--;
}

/* Frames, and pages with 512 of their numbers each where there are more than four. */
static uint64_t
memory_price(uint64_t pages)
{
	return pages <= 4 ? pages : pages + (pages + 511) / 512;
}

static void
sweep_one(struct model_object *object)
{
	assert(object->call_count == 0 && object->receive_count == 0);
	model_release(object->payer, LEDGER_KERNEL_BYTES, object->kernel_bytes);
	model_release(object->payer, LEDGER_FRAME_PAGES, memory_price(object->frame_pages));
	model_ledger_put(object->payer);
	object->exists = false;
	object->kernel = NULL;
	/* It kept its other side. */
	if (object->kind == MODEL_SIGNALLER)
		model_object_put(object->other);
}

void
model_objects_sweep(struct model *model)
{
	bool swept;

	do {
		swept = model_cells_sweep(model);
		for (uint32_t i = 0; i < model->object_end; i++) {
			struct model_object *object = &model->objects[i];

			if (!object->exists || object->references != 0)
				continue;
			sweep_one(object);
			swept = true;
		}
	} while (swept);
}

uint64_t
model_interface_id(const struct model_object *object, uint16_t interface_index)
{
	switch (object->kind) {
	case MODEL_TIMER:
		return TIMER_INTERFACE_ID;
	case MODEL_FACTORY:
		return ENDPOINT_FACTORY_INTERFACE_ID;
	case MODEL_FRAMES:
		return FRAME_ALLOCATOR_INTERFACE_ID;
	case MODEL_SPACE:
		return VIRTUAL_MEMORY_INTERFACE_ID;
	case MODEL_MEMORY:
		return MEMORY_OBJECT_INTERFACE_ID;
	case MODEL_NOTIFICATION:
		return NOTIFICATION_INTERFACE_ID;
	case MODEL_SIGNALLER:
		return SIGNALLER_INTERFACE_ID;
	case MODEL_ENDPOINT:
		break;
	}
	return interface_index == 0 ? ENDPOINT_INTERFACE_ID
				    : object->interfaces[interface_index - 1];
}

/* What a method answers. */
struct answer {
	struct wire wire;
	struct model_object *object; /* a capability in it; NULL: none */
	uint16_t interface_index;
	bool pending;
};

/* The op's message: framed as one segment? */
static enum cap_status
message_read(struct model_op *op, uint64_t *words, uint32_t *word_count)
{
	uint32_t frame[2];

	if (!memory_is_readable(op->sqe.addr, op->sqe.len))
		return CAP_ERR_INVALID_BUFFER;
	if (op->sqe.len < 8)
		return CAP_ERR_MALFORMED_MESSAGE;
	memory_read(&op->process->memory, op->sqe.addr, frame, sizeof(frame));
	if (frame[0] != 0 || (uint64_t)frame[1] * 8 + 8 != op->sqe.len)
		return CAP_ERR_MALFORMED_MESSAGE;
	*word_count = frame[1];
	memory_read(&op->process->memory, op->sqe.addr + 8, words, op->sqe.len - 8);
	return CAP_OK;
}

/* The first data word of the root struct; what is not there is zero. */
static enum cap_status
first_word(const uint64_t *words, uint32_t word_count, uint64_t *out)
{
	uint64_t pointer = word_count == 0 ? 3 : words[0];
	int64_t target = 1 + ((int32_t)(uint32_t)pointer >> 2);
	int64_t data = (pointer >> 32) & 0xffff;
	int64_t pointers = (int64_t)(pointer >> 48);

	*out = 0;
	if (pointer == 0)
		return CAP_OK;
	if ((pointer & 3) != 0 || target < 0 || target + data + pointers > (int64_t)word_count)
		return CAP_ERR_MALFORMED_MESSAGE;
	if (data != 0)
		*out = words[target];
	return CAP_OK;
}

static enum cap_status
sleep_until(struct model *model, struct model_op *op, uint64_t until_ns, struct answer *answer)
{
	enum cap_status status;

	answer->wire = wire_struct(NULL, 0);
	if (until_ns <= model->now_ns)
		return CAP_OK;
	status = model_take(model, op, model->prices.sleeper);
	if (status != CAP_OK)
		return status;
	op->place = MODEL_SLEEPING;
	op->until_ns = until_ns;
	op->object = model->timer;
	op->object->references++;
	answer->pending = true;
	return CAP_OK;
}

static enum cap_status
endpoint_create(struct model *model, struct model_op *op, struct answer *answer)
{
	enum cap_status status;

	if (op->reserved == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = model_take(model, op, model->prices.endpoint);
	if (status != CAP_OK)
		return status;
	answer->object = model_object_new(model, MODEL_ENDPOINT, op->process->ledger);
	answer->object->kernel_bytes = model->prices.endpoint;
	answer->wire = wire_capability();
	return CAP_OK;
}

static enum cap_status
endpoint_client(
    struct model_op *op, struct model_object *endpoint, uint64_t interface, struct answer *answer)
{
	uint32_t index = 0;

	if (op->reserved == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	if (interface == 0)
		return CAP_ERR_INVALID_ARGUMENT;
	while (index < endpoint->interface_count && endpoint->interfaces[index] != interface)
		index++;
	if (index == ENDPOINT_INTERFACES_MAX)
		return CAP_ERR_TABLE_FULL;
	if (index == endpoint->interface_count)
		endpoint->interfaces[endpoint->interface_count++] = interface;
	endpoint->references++;
	answer->object = endpoint;
	answer->interface_index = (uint16_t)(index + 1);
	answer->wire = wire_capability();
	return CAP_OK;
}

static enum cap_status
memory_create(struct model *model, struct model_op *op, uint32_t pages, struct answer *answer)
{
	struct model_ledger *ledger = op->process->ledger;
	bool contiguous = op->sqe.method == 1;
	enum cap_status status;

	if (pages == 0 || pages > (contiguous ? PAGES_CONTIGUOUS_MAX : PAGES_MAX))
		return CAP_ERR_INVALID_ARGUMENT;
	if (op->reserved == 0)
		return CAP_ERR_TOO_MANY_CAPS;
	status = model_take(model, op, model->prices.memory_object);
	if (status != CAP_OK)
		return status;
	status = model_charge(ledger, LEDGER_FRAME_PAGES, memory_price(pages));
	if (status != CAP_OK) {
		model_release(ledger, LEDGER_KERNEL_BYTES, model->prices.memory_object);
		return status;
	}
	answer->object = model_object_new(model, MODEL_MEMORY, ledger);
	answer->object->kernel_bytes = model->prices.memory_object;
	answer->object->frame_pages = pages;
	answer->wire = wire_capability();
	return CAP_OK;
}

static enum cap_status
run_timer(struct model *model, struct model_op *op, const uint64_t *message, struct answer *answer)
{
	uint64_t until_ns;
	enum cap_status status;

	switch (op->sqe.method) {
	case 0:
		answer->wire = wire_struct(&model->now_ns, 1);
		return CAP_OK;
	case 1:
		status = first_word(message, op->sqe.len / 8 - 1, &until_ns);
		return status == CAP_OK ? sleep_until(model, op, until_ns, answer) : status;
	default:
		return CAP_ERR_UNIMPLEMENTED_METHOD;
	}
}

static enum cap_status
run_frames(struct model *model, struct model_op *op, const uint64_t *message, struct answer *answer)
{
	uint64_t pages = 1;
	enum cap_status status = CAP_OK;

	if (op->sqe.method > 2)
		return CAP_ERR_UNIMPLEMENTED_METHOD;
	if (op->sqe.method != 0)
		status = first_word(message, op->sqe.len / 8 - 1, &pages);
	if (status != CAP_OK)
		return status;
	return memory_create(model, op, (uint32_t)pages, answer);
}

static enum cap_status
run_endpoint(struct model_op *op, const struct model_slot *target, const uint64_t *message,
    struct answer *answer)
{
	uint64_t interface;
	enum cap_status status;

	if (op->sqe.method != 0)
		return CAP_ERR_UNIMPLEMENTED_METHOD;
	status = first_word(message, op->sqe.len / 8 - 1, &interface);
	return status == CAP_OK ? endpoint_client(op, target->object, interface, answer) : status;
}

static enum cap_status
run_notification(struct model_op *op, struct model_object *waiting, const uint64_t *message,
    struct answer *answer)
{
	uint64_t mask;
	uint64_t bits;
	enum cap_status status;

	if (op->sqe.method == 0) {
		if (op->reserved == 0)
			return CAP_ERR_TOO_MANY_CAPS;
		answer->object = waiting->other;
		answer->object->references++;
		answer->wire = wire_capability();
		return CAP_OK;
	}
	if (op->sqe.method != 1)
		return CAP_ERR_UNIMPLEMENTED_METHOD;
	status = first_word(message, op->sqe.len / 8 - 1, &mask);
	if (status != CAP_OK)
		return status;
	bits = waiting->bits & mask;
	waiting->bits &= ~mask;
	answer->wire = wire_struct(&bits, 1);
	return CAP_OK;
}

static enum cap_status
run_signaller(struct model *model, struct model_op *op, const struct model_slot *target,
    const uint64_t *message, struct answer *answer)
{
	uint64_t mask;
	enum cap_status status;

	if (op->sqe.method != 0)
		return CAP_ERR_UNIMPLEMENTED_METHOD;
	status = first_word(message, op->sqe.len / 8 - 1, &mask);
	answer->wire = wire_struct(NULL, 0);
	return status == CAP_OK ? model_notification_signal(model, target->object, mask) : status;
}

static enum cap_status
run_method(struct model *model, struct model_op *op, const struct model_slot *target,
    const uint64_t *message, struct answer *answer)
{
	const uint64_t info[2] = { target->object->frame_pages * PAGE_BYTES, 0 };

	switch (target->object->kind) {
	case MODEL_TIMER:
		return run_timer(model, op, message, answer);
	case MODEL_FRAMES:
		return run_frames(model, op, message, answer);
	case MODEL_ENDPOINT:
		return run_endpoint(op, target, message, answer);
	case MODEL_FACTORY:
		return op->sqe.method == 0 ? endpoint_create(model, op, answer)
					   : CAP_ERR_UNIMPLEMENTED_METHOD;
	case MODEL_NOTIFICATION:
		return run_notification(op, target->object, message, answer);
	case MODEL_SIGNALLER:
		return run_signaller(model, op, target, message, answer);
	case MODEL_SPACE:
		break; /* only methods that do not exist are called */
	case MODEL_MEMORY:
		answer->wire = wire_struct(info, 2);
		return op->sqe.method == 0 ? CAP_OK : CAP_ERR_UNIMPLEMENTED_METHOD;
	}
	return CAP_ERR_UNIMPLEMENTED_METHOD;
}

static void
answer_write(struct model *model, struct model_op *op, const struct answer *answer)
{
	struct cap_cqe cqe = { .result = (int32_t)answer->wire.bytes };
	enum cap_status status = CAP_OK;

	if (answer->wire.bytes > op->sqe.result_len)
		status = CAP_ERR_BUFFER_TOO_SMALL;
	else
		status = model_write(model, op, 0, answer->wire.message, answer->wire.bytes);
	if (status != CAP_OK && answer->object != NULL)
		model_drop(model, answer->object, answer->interface_index);
	if (status == CAP_OK && answer->object != NULL &&
	    (op->sqe.flags & CAP_SQE_ANSWER_ONLY) != 0) {
		model_answer_keep(op, 0,
		    &(struct model_slot){ .object = answer->object,
			.interface_index = answer->interface_index,
			.epoch = answer->object->epoch });
	} else if (status == CAP_OK && answer->object != NULL) {
		op->reserved--;
		cqe.cap_count = 1;
		cqe.interface_id = model_interface_id(answer->object, answer->interface_index);
		cqe.cap_id = model_insert(
		    op->process, answer->object, answer->interface_index, answer->object->epoch);
		model_answer_keep_of_table(op, 0, cqe.cap_id);
	}
	if (status != CAP_OK)
		cqe.result = status;
	model_end_with(model, op, &cqe);
}

enum cap_status
model_object_call(struct model *model, struct model_op *op, const struct model_slot *target)
{
	uint64_t words[KERNEL_MESSAGE_BYTES_MAX / 8];
	uint32_t word_count;
	struct model_transfers transfers;
	struct answer answer = { .pending = false };
	enum cap_status status;

	if (op->sqe.len > KERNEL_MESSAGE_BYTES_MAX)
		return CAP_ERR_MESSAGE_TOO_LARGE;
	status = message_read(op, words, &word_count);
	if (status == CAP_OK)
		status = model_transfers_read(op, &transfers);
	if (status == CAP_OK)
		status = model_reserve_call(model, op);
	if (status != CAP_OK)
		return status;
	status = run_method(model, op, target, words, &answer);
	if (status != CAP_OK)
		model_end_exception(model, op, status);
	else if (answer.pending)
		model_spoil(model, op); /* the buffer is the kernel's until the op ends */
	else
		answer_write(model, op, &answer);
	return CAP_OK;
}

void
model_object_wake(struct model *model, struct model_op *op)
{
	struct answer answer = { .wire = wire_struct(NULL, 0) };

	model_release(op->process->ledger, LEDGER_KERNEL_BYTES, model->prices.sleeper);
	answer_write(model, op, &answer);
}
