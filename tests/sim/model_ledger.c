/* SPDX-License-Identifier: Apache-2.0 */
/* Ledgers of the model: a charge has room or changes nothing. */
#include <assert.h>

#include "model.h"

enum cap_status
model_charge(struct model_ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	if (amount > ledger->limit[resource] - ledger->used[resource])
		return CAP_ERR_QUOTA_EXCEEDED;
	ledger->used[resource] += amount;
	return CAP_OK;
}

void
model_release(struct model_ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	assert(ledger->used[resource] >= amount);
	ledger->used[resource] -= amount;
}

void
model_ledger_put(struct model_ledger *ledger)
{
	assert(ledger->references != 0);
	ledger->references--;
}

bool
model_was_told(const struct model *model, const struct model_op *op, enum cap_status status)
{
	for (uint32_t i = 0; i < model->word_count; i++) {
		const struct model_word *word = &model->words[i];

		if (word->process == op->process && word->cqe.user_data == op->sqe.user_data &&
		    (word->cqe.result == status || word->exception == status))
			return true;
	}
	return false;
}

/*
 * The machine was short of memory for this op if the kernel says so and has taken no more than the
 * model has by now: what comes before in the same op was given.
 */
static bool
is_short(const struct model *model, const struct model_op *op)
{
	const struct model_ledger *ledger = op->process->ledger;

	return model->memory_short && model_was_told(model, op, CAP_ERR_NO_MEMORY) &&
	    model->kernel_bytes_of(ledger) == ledger->used[LEDGER_KERNEL_BYTES];
}

enum cap_status
model_take(struct model *model, const struct model_op *op, uint64_t bytes)
{
	if (is_short(model, op))
		return CAP_ERR_NO_MEMORY;
	return model_charge(op->process->ledger, LEDGER_KERNEL_BYTES, bytes);
}
