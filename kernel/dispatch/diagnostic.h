/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Log lines about submissions that no correct program makes. A process cannot flood the log: of one
 * kind (process, error, opcode, part of the table) four a second are shown, then one line a second
 * says how many were not.
 */
#include "base/types.h"
#include "schema/status.capnp.h"

/* Once, at start, and between simulator runs. */
void diagnostic_init(void);

struct diagnostic {
	uint32_t pid;
	enum cap_status status;
	uint8_t opcode;
	uint64_t target;
};
void diagnostic_refused(const struct diagnostic *what);
