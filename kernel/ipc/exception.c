/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's own CapExceptions: what a status becomes where a target answers with one. */
#include "ipc/answer.h"
#include "ipc/endpoint_internal.h"
#include "mm/user_copy.h"
#include "ring/scratch.h"

enum exception_type
exception_type_of(enum cap_status status)
{
	switch (status) {
	case CAP_ERR_TABLE_FULL:
	case CAP_ERR_QUOTA_EXCEEDED:
	case CAP_ERR_NO_MEMORY:
	case CAP_ERR_QUEUE_FULL:
	case CAP_ERR_RATE_LIMITED:
		return EXCEPTION_TYPE_OVERLOADED;
	case CAP_ERR_REVOKED:
	case CAP_ERR_DISCONNECTED:
		return EXCEPTION_TYPE_DISCONNECTED;
	case CAP_ERR_UNIMPLEMENTED_METHOD:
		return EXCEPTION_TYPE_UNIMPLEMENTED;
	default:
		return EXCEPTION_TYPE_FAILED;
	}
}

/* The status says everything; the sentence is left out where the caller's buffer is small. */
static size_t
exception_build(uint8_t *buffer, enum cap_status status, enum exception_type type, bool with_reason)
{
	struct capnp_builder builder;
	struct cap_exception_builder exception;

	capnp_builder_init(&builder, buffer, KERNEL_MESSAGE_BYTES_MAX);
	exception = cap_exception_init_root(&builder);
	cap_exception_set_type(exception, type);
	cap_exception_set_status(exception, status);
	if (with_reason)
		cap_exception_set_reason(
		    exception, capnp_text_from_string(cap_status_sentence(status)));
	return capnp_builder_finish(&builder);
}

COLD void
op_complete_exception_as(struct op *op, enum cap_status status, enum exception_type type)
{
	uint8_t *buffer = scratch_get()->output;
	size_t bytes;
	enum cap_status copied;

	answer_fails_as(op, (uint8_t)type);
	if (op->sqe.result_len == 0) {
		op_complete_status(op, status);
		return;
	}
	bytes = exception_build(buffer, status, type, true);
	if (bytes > op->sqe.result_len)
		bytes = exception_build(buffer, status, type, false);
	if (bytes > op->sqe.result_len) {
		op_complete_status(op, CAP_ERR_APPLICATION_EXCEPTION_TRUNCATED);
		return;
	}
	copied = user_copy_out(op_process(op)->space, op->sqe.result_addr, buffer, bytes);
	op_complete_status(op, copied == CAP_OK ? CAP_ERR_APPLICATION_EXCEPTION : copied);
}

COLD void
op_complete_exception(struct op *op, enum cap_status status)
{
	op_complete_exception_as(op, status, exception_type_of(status));
}
