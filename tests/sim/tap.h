/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Taps in a run: some processes are watched from their birth, some for a while. Every submission
 * that the kernel took and every completion that it posted must have its record, once and in order,
 * or be counted as dropped.
 */
#include <abi/ring.h>

#include "model.h"

struct simulation;

/* Once per run, before the baseline is taken: memory for the records of each process. */
void tap_start(void);
/* At a birth, and now and then: tapped, or no more. */
void tap_choose(struct simulation *simulation, struct model_process *process);
/* Before the process's ring is gone. */
void tap_forget(uint32_t index);
/* The process is about to submit this. */
void tap_sent(
    struct simulation *simulation, const struct model_process *process, const struct cap_sqe *sqe);
/* What was sent was skipped: the tail was forged. */
void tap_skipped(const struct model_process *process);
/* After a step: records against what the model took, and the completions that came. */
void tap_compare(struct simulation *simulation);
