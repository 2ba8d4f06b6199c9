/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What happens on the rings of a run, as lines of a file for proofs/ring/check_trace.py:
 *
 *   B process                                          its ring is new
 *   S process position user_data                       a submission is written
 *   C process number user_data                         a completion is found
 *   I process sq_head sq_tail cq_head cq_tail states   behind a step; a digit per op: enum op_state
 *   D process                                          it has died
 */
#include <abi/ring.h>

#include "simulation.h"

/* Before the run; NULL: nothing is written. False: the file cannot be made. */
bool trace_open(const char *path);
/* False: not all of it was written. */
bool trace_close(void);
void trace_born(uint32_t process);
void trace_sent(const struct simulation *simulation, uint32_t process, uint64_t user_data);
void trace_completion(uint32_t process, uint32_t number, uint64_t user_data);
void trace_step(const struct simulation *simulation);
