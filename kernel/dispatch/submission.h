/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* From a taken submission to its object or endpoint. */
struct op;

/* Check the shape and do it: afterwards the op is pending or has ended. */
void submission_run(struct op *op);
