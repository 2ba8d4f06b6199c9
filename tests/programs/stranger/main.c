/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unprivileged stranger: a process without a single grant tries to do something all the same.
 * It cannot even say so: its exit code is the number of things that it could do.
 */
#include <abi/start.h>
#include <capos/capos.h>
#include <schema/status.capnp.h>

#include "raw_ring.h"

#define INDEXES 300

int
capos_main(struct capos *self)
{
	struct raw_ring raw;
	int done = 0;

	done += self->capset != NULL;
	raw_ring_begin(&raw);
	for (uint64_t index = 0; index < INDEXES; index++) {
		for (uint8_t op = CAP_OP_CALL; op <= CAP_OP_WAIT; op++) {
			struct cap_sqe sqe = { .op = op,
				.target = (UINT64_C(1) << CAP_ID_INDEX_BITS) | index };

			/* RETURN's target is a call, which nobody has made. */
			done += raw_run(&raw, &sqe) >= 0;
		}
	}
	done += raw_syscall(2, 0, 0) != CAP_ERR_UNKNOWN_SYSCALL;
	return done > 100 ? 100 : done;
}
