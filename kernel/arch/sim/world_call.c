/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to kernel objects: see world_call.h. */
#include "arch/sim/world_call.h"

#include <schema/exception.capnp.h>
#include <string.h>

#include "base/assert.h"

void
world_call_begin(
    struct world_call *call, struct world_process *from, cap_id_t target, uint16_t method)
{
	memset(call, 0, sizeof(*call));
	call->from = from;
	call->sqe = (struct cap_sqe){
		.op = CAP_OP_CALL,
		.target = target,
		.method = method,
		.addr = WORLD_CALL_PARAMS,
		.result_addr = WORLD_CALL_RESULTS,
		.result_len = WORLD_CALL_BYTES,
	};
	capnp_builder_init(&call->params, call->param_words, sizeof(call->param_words));
}

void
world_call_submit(struct world_call *call)
{
	size_t bytes = capnp_builder_finish(&call->params);
	uaddr_t entry_at = call->sqe.addr + ((bytes + 7) & ~(size_t)7);

	KASSERT(bytes != 0);
	call->sqe.len = (uint32_t)bytes;
	call->sqe.xfer_count = (uint8_t)call->params.cap_count;
	world_write(call->from, call->sqe.addr, call->param_words, bytes);
	for (uint32_t i = 0; i < call->params.cap_count; i++) {
		const struct cap_transfer entry = {
			.cap_id = call->params.caps[i].cap_id,
			.mode = call->params.caps[i].mode,
		};

		world_write(call->from, entry_at, &entry, sizeof(entry));
		entry_at += sizeof(entry);
	}
	world_submit(call->from, &call->sqe);
	(void)world_enter(call->from, 0, 0);
}

static void
read_answer(struct world_call *call, size_t bytes)
{
	enum capnp_error error;

	world_read(call->from, call->sqe.result_addr, call->result_words, bytes);
	error = capnp_reader_init_single(&call->results, call->result_words, bytes);
	KASSERT(error == CAPNP_OK);
}

bool
world_call_reap(struct world_call *call, enum cap_status *status)
{
	if (!world_reap(call->from, &call->cqe))
		return false;
	*status = call->cqe.result < 0 ? (enum cap_status)call->cqe.result : CAP_OK;
	if (*status == CAP_OK) {
		read_answer(call, (size_t)call->cqe.result);
	} else if (*status == CAP_ERR_APPLICATION_EXCEPTION) {
		world_read(call->from, call->sqe.result_addr, call->result_words, 8);
		/* The frame's table says how long the message is. */
		read_answer(call, 8 + (call->result_words[0] >> 32) * 8);
		*status = (enum cap_status)cap_exception_status(cap_exception_root(&call->results));
	}
	return true;
}

enum cap_status
world_call(struct world_call *call)
{
	enum cap_status status = CAP_OK;
	bool there;

	world_call_submit(call);
	there = world_call_reap(call, &status);
	KASSERT(there);
	return status;
}

enum cap_status
world_release(struct world_process *from, cap_id_t cap_id)
{
	const struct cap_sqe release = { .op = CAP_OP_RELEASE, .target = cap_id };

	return (enum cap_status)world_do(from, &release).result;
}
