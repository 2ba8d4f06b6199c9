/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Processes on the simulated machine, whose user programs are whoever calls these functions: for
 * tests of the kernel as a whole, through its two system calls. Everything is the shipped code;
 * world_start() makes a fresh one.
 */
#include <abi/ring.h>

#include "arch/sim/sim.h"
#include "cap/process.h"
#include "ring/ring.h"
#include "sched/thread.h"

/*
 * Memory of a process beside its ring: readable and writable; then one page that can only be read.
 */
#define WORLD_DATA UINT64_C(0x10000000)
#define WORLD_DATA_PAGES 40
#define WORLD_READ_ONLY (WORLD_DATA + WORLD_DATA_PAGES * PAGE_BYTES)
#define WORLD_UNMAPPED UINT64_C(0x20000000)

/* world_enter(): the thread waits in the kernel. */
#define WORLD_WAITS INT64_C(-1000000)
/* world_enter(): the process is gone. */
#define WORLD_GONE INT64_C(-1000001)

struct world_process {
	struct process *process;
	struct thread *thread; /* until it is dead */
	struct cap_ring *ring;
	uaddr_t message; /* user address of the message area */
	uint32_t message_bytes;
};

void world_start(void);
/* The same with less memory: quicker. */
void world_start_in(uint64_t arena_bytes);
/*
 * A started process, or a failed assertion of ours. `limits`: NULL, or LEDGER_RESOURCE_COUNT
 * numbers, 0: the default.
 */
struct world_process world_process(const uint64_t *limits);
/* One that a builder has started: it is given its memory. */
struct world_process world_process_of(struct process *process);

/* Into the submission queue, and the tail moved; no entry. */
void world_submit(struct world_process *from, const struct cap_sqe *sqe);
/* cap_enter as this process, which is scheduled first; the result, or WORLD_WAITS, WORLD_GONE. */
int64_t world_enter(struct world_process *from, uint64_t min_complete, uint64_t deadline_ns);
/* Any system call. */
int64_t
world_syscall(struct world_process *from, uint64_t number, uint64_t argument0, uint64_t argument1);
/* One cap_enter, which may be left in the middle: then the thread has to execute it again. */
void world_call_once(struct world_process *from, uint64_t min_complete, uint64_t deadline_ns);
/* The next completion, reaped; false: none. */
bool world_reap(struct world_process *from, struct cap_cqe *out);
/* Submit one, enter without waiting, reap one. The completion must be there. */
struct cap_cqe world_do(struct world_process *from, const struct cap_sqe *sqe);
/*
 * Let the kernel do what it has to do without anybody calling: reap jobs, deadlines up to now,
 * until idle or a thread runs.
 */
void world_settle(void);
/* Frames that nobody has. */
uint64_t world_free_frames(void);

/* Everything that is counted, to see that a refusal changed nothing: compared byte for byte. */
struct world_accounts {
	uint64_t free_frames;
	uint64_t slots; /* of this process's table */
	uint64_t own[LEDGER_RESOURCE_COUNT];
	uint64_t boot[LEDGER_RESOURCE_COUNT];
};
struct world_accounts world_accounts(const struct world_process *of);

/* The process's memory. */
void world_write(struct world_process *to, uaddr_t address, const void *from, size_t bytes);
void world_read(struct world_process *from, uaddr_t address, void *to, size_t bytes);

/* A hold straight into the table; takes a reference of its own. */
cap_id_t world_give(struct world_process *to, struct object *object, uint16_t interface_index);
