/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* From a taken submission to its object or endpoint. */
#include <abi/ring.h>

struct op;

/* Check the shape and do it: afterwards the op is pending or has ended. */
void submission_run(struct op *op, const struct cap_sqe *sqe);
