/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a message: after that, nothing about the sender's memory can fail. Bytes in the sender's
 * ring are used where they are (the kernel does not look into them), others are copied into scratch
 * once.
 */
#include "ipc/endpoint_internal.h"
#include "mm/user_copy.h"
#include "ring/scratch.h"

HOT_INLINE enum cap_status
message_open(const struct op *sender, struct message *out)
{
	out->byte_count = sender->sqe.len;
	out->transfers.count = 0;
	out->bytes = NULL;
	if (sender->sqe.len <= JOB_STEP_BYTES)
		out->bytes = ring_pinned(sender->ring, sender->sqe.addr, sender->sqe.len);
	if (out->bytes == NULL && sender->sqe.len <= JOB_STEP_BYTES) {
		uint8_t *scratch = scratch_get()->input;
		enum cap_status status = user_copy_in(
		    op_process(sender)->space, scratch, sender->sqe.addr, sender->sqe.len);

		if (status != CAP_OK)
			return status;
		out->bytes = scratch;
	}
	if (sender->sqe.xfer_count == 0)
		return CAP_OK;
	return op_transfers_read(sender, &out->transfers);
}
