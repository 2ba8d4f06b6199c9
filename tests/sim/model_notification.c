/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notifications of the model. The waiting side is one object with the bits and the waits; the
 * signalling side is another, which keeps it.
 */
#include <assert.h>
#include <string.h>

#include "model.h"

struct model_object *
model_notification_new(struct model *model, struct model_ledger *payer)
{
	struct model_object *waiting = model_object_new(model, MODEL_NOTIFICATION, payer);
	struct model_object *signalling = model_object_new(model, MODEL_SIGNALLER, payer);

	waiting->kernel_bytes = model->prices.notification;
	waiting->other = signalling;
	signalling->other = waiting;
	waiting->references++;
	return waiting;
}

void
model_notification_forget(struct model_op *op)
{
	struct model_object *object = op->object;
	uint32_t index = 0;

	while (object->receives[index] != op)
		index++;
	object->receive_count--;
	memmove(&object->receives[index], &object->receives[index + 1],
	    (object->receive_count - index) * sizeof(object->receives[0]));
	op->left = op->place;
	op->place = MODEL_RUNNING;
}

static void
give(struct model *model, struct model_op *op)
{
	struct model_object *object = op->object;
	uint64_t bits = object->bits & op->sqe.addr;

	object->bits &= ~bits;
	model_notification_forget(op);
	model_end_with(model, op, &(struct cap_cqe){ .bits = bits });
}

enum cap_status
model_notification_signal(struct model *model, struct model_object *signalling, uint64_t mask)
{
	struct model_object *waiting = signalling->other;

	if (waiting->closed)
		return CAP_ERR_DISCONNECTED;
	waiting->bits |= mask;
	for (uint32_t i = 0; i < waiting->receive_count;)
		if ((waiting->receives[i]->sqe.addr & waiting->bits) != 0 &&
		    !model_op_is_dead(waiting->receives[i]))
			give(model, waiting->receives[i]);
		else
			i++;
	return CAP_OK;
}

enum cap_status
model_notification_wait(struct model *model, struct model_op *op, struct model_object *waiting)
{
	if (waiting->closed)
		return CAP_ERR_DISCONNECTED;
	if (waiting->receive_count == MODEL_QUEUE)
		return CAP_ERR_QUEUE_FULL;
	waiting->references++;
	op->object = waiting;
	op->place = MODEL_WAITING;
	waiting->receives[waiting->receive_count++] = op;
	if ((waiting->bits & op->sqe.addr) != 0)
		give(model, op);
	return CAP_OK;
}
