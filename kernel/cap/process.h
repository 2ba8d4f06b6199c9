/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the modules above see of a process: whose table, address space and ledger a submission works
 * with. proc/ makes and ends processes; it embeds this at the start of its own record.
 *
 *   BUILDING (ProcessBuilder) -> RUNNING -> EXITING (no thread runs, teardown job) -> DEAD (all
 * frames are back)
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
	uint8_t kind; /* enum exit_kind */
	int64_t code;
	uint64_t fault_address;
	uint64_t fault_instruction;
	uint64_t fault_error;
	uint64_t serving_interface; /* of the last call that it had not answered; 0: none */
	uint16_t serving_method;
};

struct call_table; /* ipc/: calls delivered to this process */

struct process {
	struct spinlock lock;	     /* rank LOCK_RANK_PROCESS, key: pid */
	uint32_t pid;		     /* [I] */
	char name[32];		     /* [I] */
	struct cap_table *table;     /* [I] */
	struct address_space *space; /* [I] until teardown */
	struct ledger *ledger;	     /* [I] a reference */
	struct thread *thread;
	struct call_table *calls; /* guarded by lock; NULL until the first RECV */
	_Atomic uint8_t state;
};

/* The process that submitted an op: from the op, never the current one. */
struct op;
struct process *op_process(const struct op *op);

/*
 * Slots that the owner of an op takes result capabilities into (cap_max): reserved and charged
 * once, at dispatch, given back, as far as they are not used, when the op ends. Where the answer
 * alone takes them (CAP_SQE_ANSWER_ONLY), the answer has reserved them, and the op counts them
 * only.
 */
MUST_CHECK enum cap_status op_reserve_slots(struct op *op);
void op_unreserve_slots(struct op *op);

/*
 * The hold that a pending op was begun by: what revocation has to know of it. A CALL dies with the
 * epoch of its object or with its cell; a RECV or WAIT, which only the one owner makes, with its
 * cell. op_cell_set takes a reference, which the op's end drops: op_cell_drop is its hook.
 */
void op_cell_set(struct op *op, struct grant_cell *cell);
void op_cell_drop(struct op *op);
/* A CALL that goes to op->object by this hold. */
void op_hold_set(struct op *op, const struct cap_ref *hold);
/* What op_hold_set() has kept: epoch and cell of `out` alone. Takes no reference. */
void op_hold_get(const struct op *op, struct cap_hold *out);
/* `op` waits, with op->object set. */
bool op_hold_is_live(const struct op *op);

/*
 * Read and decode the transfer entries behind an op's payload; they are the submitter's fault if
 * they are bad.
 */
struct transfer_list;
MUST_CHECK enum cap_status op_transfers_read(const struct op *sender, struct transfer_list *list);
