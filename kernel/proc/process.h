/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Processes: an address space, a capability table, a ledger, a CapSet page and one thread.
 *
 *   BUILDING (ProcessBuilder) -> RUNNING -> EXITING (no thread runs, teardown job) -> DEAD (all frames are back)
 */
#include "cap/table.h"
#include "mm/address_space.h"
#include "mm/ledger.h"
#include "sync/spinlock.h"

struct thread;

enum process_state {
	PROCESS_BUILDING,
	PROCESS_RUNNING,
	PROCESS_EXITING,
	PROCESS_DEAD,
};

struct process_exit {
	uint8_t	 kind; /* enum exit_kind */
	int64_t	 code;
	uint64_t fault_address;
	uint64_t fault_instruction;
};

struct call_table; /* ipc/: calls delivered to this process */

struct process {
	struct spinlock	      lock; /* rank LOCK_RANK_PROCESS, key: pid */
	uint32_t	      pid;  /* [I] */
	char		      name[32];	 /* [I] */
	struct cap_table     *table;	 /* [I] */
	struct address_space *space;	 /* [I] until teardown */
	struct ledger	     *ledger;	 /* [I] a reference */
	struct thread	     *thread;
	struct call_table    *calls; /* NULL until the first RECV */
	_Atomic uint8_t	      state;
};

/* The fields below the ones above are private to proc/: see process_internal.h. */
