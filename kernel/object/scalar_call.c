/* SPDX-License-Identifier: Apache-2.0 */
/* Short calls of methods of scalars; see object/call.h. */
#include <capnp/flat.h>

#include "cap/process.h"
#include "capnp/interface.h"
#include "ipc/endpoint.h"
#include "object/call.h"
#include "ring/ring.h"

/* Words of a message that is looked at: as many as generated clients send (capos/flat_call.h). */
#define SCALAR_WORDS_MAX (CAPNP_FLAT_HEAD_WORDS + 4)

/* What a method of scalars sees as the message that it was sent with: no error in it. */
static struct capnp_reader no_message;

/* The two words before so many words of data: capnp_flat_build(). */
static const struct head {
	uint64_t table;
	uint64_t root;
} heads[SCALAR_WORDS_MAX - CAPNP_FLAT_HEAD_WORDS + 1] = {
	{ UINT64_C(1) << 32, (uint32_t)-4 },
	{ UINT64_C(2) << 32, UINT64_C(1) << 32 },
	{ UINT64_C(3) << 32, UINT64_C(2) << 32 },
	{ UINT64_C(4) << 32, UINT64_C(3) << 32 },
	{ UINT64_C(5) << 32, UINT64_C(4) << 32 },
};

struct scalar_message {
	struct capnp_flat_call call;
	uint64_t params[SCALAR_WORDS_MAX - CAPNP_FLAT_HEAD_WORDS];
};

/* Each word is read once: the process may write them meanwhile. */
static inline bool
message_open(const struct op *op, struct scalar_message *message)
{
	/* Aligned, and whole wherever in it results of SCALAR_WORDS_MAX end. */
	uint64_t *shared = ring_pinned_words(op->ring, op->sqe.addr, SCALAR_WORDS_MAX);
	uint32_t words = capnp_flat_data_words(op->sqe.len);

	const struct head *head;

	if (shared == NULL || op->sqe.result_addr != op->sqe.addr ||
	    words > SCALAR_WORDS_MAX - CAPNP_FLAT_HEAD_WORDS)
		return false;
	head = &heads[words];
	if (__atomic_load_n(&shared[0], __ATOMIC_RELAXED) != head->table ||
	    __atomic_load_n(&shared[1], __ATOMIC_RELAXED) != head->root)
		return false;
	message->call.params = message->params;
	message->call.param_words = words;
	for (uint32_t i = 0; i < words; i++)
		message->params[i] =
		    __atomic_load_n(&shared[CAPNP_FLAT_HEAD_WORDS + i], __ATOMIC_RELAXED);
	message->call.results = shared;
	message->call.result_bytes = op->sqe.result_len;
	return true;
}

static COLD bool
end_otherwise(struct op *op, enum cap_status status)
{
	if (status == CAPNP_NOT_FLAT)
		return false;
	if (status != OBJECT_PENDING)
		op_complete_exception(op, status);
	return true;
}

HOT_INLINE bool
object_call_run_scalar(struct process *process, struct op *op, struct object *object)
{
	const struct object_type *type = object->type;
	struct scalar_message message;
	struct object_call call;
	enum cap_status status;

	if (type->call_scalar == NULL || !message_open(op, &message))
		return false;
	call.object = object;
	call.method = op->sqe.method;
	call.op = op;
	call.process = process;
	call.params = &no_message;
	status = type->call_scalar(&call, &message.call);
	if (status != CAP_OK)
		return end_otherwise(op, status);
	/* A plain call has none. */
	op_complete_untimed(
	    op, &(struct op_result){ .result = (int32_t)message.call.result_bytes });
	return true;
}
