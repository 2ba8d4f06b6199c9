/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The ring without libcapos' help: for programs that misuse it on purpose. The runtime's own ring
 * client must be idle (nothing in flight, everything reaped) while these are used, and agrees with
 * the ring again after raw_ring_end.
 */
#include <abi/capset.h>
#include <abi/ring.h>
#include <stdbool.h>
#include <stdint.h>

struct raw_ring {
	volatile struct cap_ring *ring;
	volatile struct cap_sqe *sq;
	volatile struct cap_cqe *cq;
	uint8_t *message; /* the message area */
	uint32_t sq_tail;
	uint32_t cq_head;
	uint32_t in_flight; /* submitted, not completed: nobody else uses the ring meanwhile */
};

void raw_ring_begin(struct raw_ring *raw);
int64_t raw_enter(uint64_t min_complete, uint64_t deadline_ns);
int64_t raw_syscall(uint64_t number, uint64_t argument0, uint64_t argument1);
/* Queue one submission; it is taken at the next raw_enter. */
void raw_submit(struct raw_ring *raw, const struct cap_sqe *sqe);
/* Wait for one completion and reap it; false if the kernel refused to wait. */
bool raw_complete(struct raw_ring *raw, struct cap_cqe *cqe);
/* Submit one and wait for its completion: its result, or the status of cap_enter. */
int64_t raw_run(struct raw_ring *raw, const struct cap_sqe *sqe);
