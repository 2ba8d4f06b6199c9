/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The reference model: what docs/abi.md promises about processes, capabilities, endpoints and
 * calls, written again in the plainest way, without a line of the kernel. It takes each submission
 * after the kernel did and says what has to have come of it.
 *
 * What the ABI leaves open is asked of the run: the id of a delivered call, and whether the machine
 * was out of memory (struct model_word).
 */
#include <abi/ring.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/annotate.h"
#include "memory.h"
#include "mm/ledger.h"
#include "schema/limits.capnp.h"
#include "schema/status.capnp.h"

#define MODEL_PROCESSES 6
#define MODEL_SLOTS 512
#define MODEL_CHUNK 16 /* capability slots and calls are taken by so many */
#define MODEL_CALLS 128
#define MODEL_OBJECTS 1024
#define MODEL_LEDGERS 512
#define MODEL_CELLS 256
#define MODEL_CALL_IDS 512 /* the last ones, which must not come again */
#define MODEL_QUEUE 64	   /* calls, or receives, that wait at one endpoint */
#define MODEL_EXPECTED 256
#define MODEL_WRITES 512

enum model_kind {
	MODEL_TIMER,
	MODEL_FACTORY,
	MODEL_FRAMES,
	MODEL_SPACE, /* a VirtualMemory: never handed on */
	MODEL_MEMORY,
	MODEL_ENDPOINT,
	MODEL_NOTIFICATION, /* its waiting side; waits stand in `receives` */
	MODEL_SIGNALLER,
};

/* Who pays. It outlives its process while something is charged to it. */
struct model_ledger {
	uint32_t references; /* 0: free */
	uint64_t used[LEDGER_RESOURCE_COUNT];
	uint64_t limit[LEDGER_RESOURCE_COUNT];
	struct ledger *kernel; /* the same one */
};

/* What a grant can be revoked by. */
struct model_cell {
	bool exists; /* until nobody runs: then one that nobody refers to goes */
	bool live;
	uint32_t references; /* holds, ops that wait, cells below it, and whoever may revoke it */
	struct model_cell *parent;
	struct model_ledger *payer; /* the grantor's */
	struct grant_cell *kernel;  /* the same one, kept by the run; NULL: no more */
};

struct model_object {
	enum model_kind kind;
	uint32_t references; /* holds, and ops that wait */
	bool exists;	     /* until nobody runs: then what nobody refers to goes */
	uint32_t epoch;
	struct model_ledger *payer; /* NULL: the kernel's own */
	uint64_t kernel_bytes;	    /* what it costs */
	uint64_t frame_pages;
	const void *kernel; /* the same one; NULL until a hold of it was seen */
	/* Notifications. */
	struct model_object *other; /* its other side */
	uint64_t bits;
	/* Endpoints. */
	bool closed;
	uint32_t last_caller;
	uint32_t interface_count;
	uint64_t interfaces[ENDPOINT_INTERFACES_MAX];
	struct model_op *calls[MODEL_QUEUE];
	uint32_t call_count;
	struct model_op *receives[MODEL_QUEUE];
	uint32_t receive_count;
};

struct model_slot {
	struct model_object *object; /* NULL: free */
	uint64_t generation;
	uint32_t epoch;
	uint16_t interface_index;
	struct model_cell *cell; /* NULL: never granted on */
};

/* A call that a process serves. */
struct model_call {
	bool used;
	struct model_op *op; /* NULL: the call is gone */
	uint64_t id;
};

enum model_place {
	MODEL_FREE,
	MODEL_RUNNING,
	MODEL_CALLING,	 /* in the endpoint's queue of calls */
	MODEL_RECEIVING, /* in its queue of receives */
	MODEL_DELIVERED,
	MODEL_SLEEPING,
	MODEL_WAITING,	/* at a notification */
	MODEL_PROMISED, /* for the answer that its target is a capability of */
};
#define MODEL_PLACES (MODEL_PROMISED + 1)

/* Statuses that are told apart where ends are counted; 0 is success. */
#define MODEL_STATUSES 64

struct model_answer;

struct model_op {
	enum model_place place;
	enum model_place left; /* RUNNING again: where it waited before; FREE: nowhere */
	struct cap_sqe sqe;
	struct model_process *process;
	uint32_t age;	   /* of its submission in its ring */
	uint32_t reserved; /* slots */
	struct model_object *object;
	uint16_t interface_index;
	uint32_t epoch;		      /* of the hold that it was begun by */
	struct model_cell *cell;      /* and its cell */
	struct model_process *server; /* DELIVERED */
	struct model_call *call;
	uint64_t until_ns;	     /* SLEEPING */
	struct model_answer *answer; /* that it names, until it ends */
	struct model_answer *awaits; /* PROMISED */
	bool is_turn;		     /* a RECV now; nothing that follows may tell */
};

enum model_answer_state {
	MODEL_ANSWER_PENDING,
	MODEL_ANSWER_KEPT,
	MODEL_ANSWER_FAILED,
};

/* A capability of an answer: a hold of its own, or one that the caller's table has. */
struct model_kept {
	struct model_slot hold; /* object NULL: none */
	cap_id_t cap_id;	/* 0: not named */
};

struct model_answer {
	uint32_t id; /* 0: the place is free */
	enum model_answer_state state;
	bool is_finished;
	bool has_type;	/* before the end */
	uint16_t type;	/* of a failed one's exception */
	bool has_more;	/* memory for many capabilities */
	uint32_t slots; /* that are charged */
	uint32_t count;
	struct model_kept caps[MESSAGE_CAPS_MAX];
	struct model_op *waiting[RING_CQ_ENTRIES];
	uint32_t waiting_count;
};

struct model_process {
	bool alive;
	uint32_t index; /* in the model */
	uint32_t pid;
	uint32_t submitted; /* so far */
	uint32_t strikes;   /* deliveries in a row that its buffers refused */
	struct model_ledger *ledger;
	uint64_t kernel_bytes; /* its own share of the ledger's */
	/* Capabilities. */
	struct model_slot slots[MODEL_SLOTS];
	uint32_t slot_count;
	uint32_t slots_reserved;	  /* kept ones included */
	uint32_t slots_kept;		  /* for the next reservation */
	uint32_t free_slots[MODEL_SLOTS]; /* first in, first out */
	uint32_t free_first, free_count;
	/* Calls that it serves. */
	bool has_call_table;
	uint32_t call_capacity;
	uint32_t calls_reserved;
	struct model_call calls[MODEL_CALLS];
	uint64_t call_ids[MODEL_CALL_IDS];
	uint32_t call_id_count;
	/* The ring. */
	bool has_deadlines;
	struct model_op ops[RING_CQ_ENTRIES];
	bool has_answers;    /* memory for them */
	bool has_answer_job; /* what waited for answers is to run in its own time */
	struct model_answer answers[CAP_ANSWERS_MAX];
	uint32_t unread;
	struct cap_sqe queue[RING_SQ_ENTRIES]; /* submitted, not taken */
	uint32_t queued;
	uint32_t taken; /* submissions, all in all */
	/* The end of cap_enter. */
	bool waits;
	uint32_t wait_count;
	uint64_t wait_until_ns;
	int64_t woken_with; /* what cap_enter returns */
	struct memory memory;
};

struct model_expected {
	struct model_process *process;
	struct cap_cqe cqe;
	uint8_t opcode;
	int32_t exception; /* the status that the exception carries, or 0 */
	bool seen;
};

struct model_write {
	struct model_process *process;
	uint64_t address;
	uint64_t bytes;
	bool any; /* the ABI does not say what stands there now */
};

/* What a thing costs its ledger, as measured before the run. */
struct model_prices {
	uint64_t process[LEDGER_RESOURCE_COUNT];
	uint64_t first_chunk, chunk; /* capability slots: the first with its directory */
	uint64_t call_table, call_chunk;
	uint64_t deadlines;
	uint64_t endpoint;
	uint64_t notification;
	uint64_t sleeper;
	uint64_t cell;
	uint64_t memory_object;
	uint64_t space;
	uint64_t answers; /* of a ring, and what one of many capabilities takes besides */
	uint64_t answer_caps;
	uint64_t copy_max; /* a long message on its way; nobody sees it from outside */
};

/* A completion that the kernel posted in this step. */
struct model_word {
	struct model_process *process;
	struct cap_cqe cqe;
	int32_t exception;
};

struct model {
	struct model_process processes[MODEL_PROCESSES];
	struct model_object objects[MODEL_OBJECTS];
	struct model_ledger ledgers[MODEL_LEDGERS];
	struct model_cell cells[MODEL_CELLS];
	uint32_t object_end; /* those from here on were never used */
	uint32_t ledger_end;
	struct model_object *timer, *factory, *frames;
	struct model_prices prices;
	uint64_t now_ns;
	struct model_object *closing[MODEL_SLOTS]; /* ends at the end of the entry */
	uint32_t closing_count;
	/* Of this step. */
	struct model_expected expected[MODEL_EXPECTED];
	uint32_t expected_count;
	struct model_write writes[MODEL_WRITES];
	uint32_t write_count;
	bool call_id_reused;  /* a delivered call has the id of an earlier one, or none */
	uint32_t wakes;	      /* so far: waits that ended */
	uint32_t short_calls; /* so far: that the kernel need not put into a queue */
	uint32_t short_returns;
	uint32_t turns;
	uint32_t promised; /* so far: calls that waited for an answer */
	uint32_t spliced;  /* of them those that joined an endpoint with it */
	uint64_t ends[MODEL_PLACES][MODEL_STATUSES]; /* so far: of ops, by place and result */
	uint32_t copies_broken; /* so far: by what happened between two steps */
	const struct model_word *words;
	uint32_t word_count;
	uint32_t copies;	/* of long messages, begun in this entry */
	uint32_t unread_before; /* the second of them: it goes on when the entry is over */
	struct model_process *entered;
	/* In the window_at-th window of the entry, from 1, so much time passes. */
	uint32_t windows, window_at;
	uint64_t window_ns;
	struct model_process *window_kills; /* who ends there; NULL: nobody */
	bool memory_short;		    /* the machine may say that it has no frame */
	/* The run's answers to what the ABI leaves open. */
	uint64_t (*kernel_bytes_of)(const struct model_ledger *ledger);
	uint64_t (*call_id_at)(const struct model_process *server, uint64_t address);
};

/* Before a step: nothing is expected. */
void model_step_begin(struct model *model);

/* model_process.c */
/* A new one: the last one's place, or zeros. */
void model_start(struct model *model, const struct model_prices *prices);
struct model_process *
model_born(struct model *model, uint32_t index, uint32_t pid, const uint64_t *limits);
void model_exit(struct model *model, struct model_process *process);
void model_time(struct model *model, uint64_t now_ns);
/* cap_enter; INT64_MIN: it waits. */
#define MODEL_WAITS INT64_MIN
int64_t model_enter(struct model *model, struct model_process *process, uint64_t min_complete,
    uint64_t deadline_ns);
/* What is left to do when nobody runs. */
/* Whoever waits at what has closed ends. */
void model_close_all(struct model *model);
void model_settle(struct model *model);

/* model_ring.c */
uint32_t model_in_flight(const struct model_process *process);
void model_submit(struct model_process *process, const struct cap_sqe *sqe);
void model_post(struct model *model, const struct model_op *op, const struct cap_cqe *cqe);
void model_end(struct model *model, struct model_op *op, int32_t result);
void model_end_with(struct model *model, struct model_op *op, const struct cap_cqe *cqe);
/* With a CapException if there is room for one. */
void model_end_exception(struct model *model, struct model_op *op, enum cap_status status);
void model_cancel(struct model *model, struct model_op *op, enum cap_status status);
void model_end_exception_as(
    struct model *model, struct model_op *op, enum cap_status status, uint16_t type);
uint16_t model_exception_type(enum cap_status status);
/* A submission is refused with it. */
void model_refuse(struct model *model, struct model_op *op, enum cap_status status);
/* Its hold was revoked. */
void model_end_revoked(struct model *model, struct model_op *op);
void model_run_due(struct model *model);
/* Between two steps of a long copy. */
void model_window(struct model *model);
bool model_is_due(const struct model *model, const struct model_op *op);
uint64_t model_deadline_of(const struct cap_sqe *sqe); /* UINT64_MAX: none */

/* A RETURN that goes on as a RECV. */
static inline bool
model_is_turn(const struct cap_sqe *sqe)
{
	return sqe->op == CAP_OP_RETURN && (sqe->flags & CAP_SQE_RECEIVE) != 0;
}

/* model_ledger.c */
MUST_CHECK enum cap_status
model_charge(struct model_ledger *ledger, enum ledger_resource resource, uint64_t amount);
void model_release(struct model_ledger *ledger, enum ledger_resource resource, uint64_t amount);
void model_ledger_put(struct model_ledger *ledger);
/* Kernel memory for `op`, which its process keeps. */
MUST_CHECK enum cap_status
model_take(struct model *model, const struct model_op *op, uint64_t bytes);
/* The kernel says that this op ended with that status. */
bool model_was_told(const struct model *model, const struct model_op *op, enum cap_status status);

/* model_table.c */
MUST_CHECK enum cap_status
model_find(struct model_process *process, cap_id_t id, struct model_slot **out);
MUST_CHECK enum cap_status
model_lookup(struct model_process *process, cap_id_t id, struct model_slot **out);
/* Neither its object nor its grant was revoked. */
bool model_slot_is_live(const struct model_slot *slot);
/* Would one more slot be within what the process may have? */
bool model_has_room(const struct model *model, const struct model_process *process);
MUST_CHECK enum cap_status model_reserve(struct model *model, struct model_op *op, uint32_t count);
/* What a CALL takes, if it has not yet. */
MUST_CHECK enum cap_status model_reserve_call(struct model *model, struct model_op *op);
void model_unreserve(struct model_op *op);
/* A RECV that got its call: what it had reserved is kept for the next one. */
void model_keep(struct model_op *op);
void model_kept_release(struct model_process *process);
/* Into a reserved slot; takes over a reference. */
cap_id_t model_insert(struct model_process *process, struct model_object *object,
    uint16_t interface_index, uint32_t epoch);
/* The reference to the object is the caller's then. */
void model_remove(struct model_process *process, struct model_slot *slot);
void model_drop(struct model *model, struct model_object *object, uint16_t interface_index);
/* A hold from outside, as a loader gives it; its slot must be within the limits. */
cap_id_t model_give(struct model *model, struct model_process *process, struct model_object *object,
    uint16_t interface_index);
/* The same with a cell; takes references of its own. */
cap_id_t
model_give_hold(struct model *model, struct model_process *process, const struct model_slot *hold);
/* Into a reserved slot, as another hold is. */
cap_id_t model_insert_hold(struct model_process *process, const struct model_slot *hold);
cap_id_t model_id(const struct model_process *process, const struct model_slot *slot);

/* model_object.c */
struct model_object *
model_object_new(struct model *model, enum model_kind kind, struct model_ledger *payer);
void model_object_put(struct model_object *object);
/* What nobody refers to is gone, and costs nothing any more. */
void model_objects_sweep(struct model *model);
uint64_t model_interface_id(const struct model_object *object, uint16_t interface_index);
MUST_CHECK enum cap_status
model_object_call(struct model *model, struct model_op *op, const struct model_slot *target);
void model_object_wake(struct model *model, struct model_op *op);

/* model_transfer.c */
struct model_transfers {
	uint32_t count;
	uint32_t slots; /* entries that are no hole */
	struct cap_transfer entries[MESSAGE_CAPS_MAX];
	struct cap_record records[MESSAGE_CAPS_MAX];
};
/* The entries behind an op's payload: shape. */
MUST_CHECK enum cap_status
model_transfers_read(const struct model_op *op, struct model_transfers *out);
/* Can all of them go? */
MUST_CHECK enum cap_status
model_transfers_check(struct model_process *from, const struct model_transfers *transfers);
/* They go to a named answer alone. */
void model_transfers_keep(
    struct model_process *from, struct model_op *to, const struct model_transfers *transfers);
/* They go; fills the records. */
void model_transfers_commit(
    struct model_process *from, struct model_op *to, struct model_transfers *transfers);

/* model_grant.c */
/* One reference; its price is charged by the caller. */
struct model_cell *
model_cell_new(struct model *model, struct model_ledger *payer, struct model_cell *parent);
/* It and all below it. */
void model_cell_revoke(struct model *model, struct model_cell *cell);
/* Those that nobody refers to go; false: there was none. */
bool model_cells_sweep(struct model *model);
/* The op's hold, for as long as it is in flight. */
void model_op_begins(struct model_op *op, const struct model_slot *target);
bool model_op_is_dead(const struct model_op *op);
/* Ends whatever waits by dead holds: how much that was. */
uint32_t model_sweep(struct model *model);

/* model_endpoint.c */
MUST_CHECK enum cap_status
model_endpoint_call(struct model *model, struct model_op *op, const struct model_slot *target);
MUST_CHECK enum cap_status
model_endpoint_receive(struct model *model, struct model_op *op, const struct model_slot *target);
/* A call waits from here on, and is charged for it. */
MUST_CHECK enum cap_status model_endpoint_queue(struct model_op *call);
/* An endpoint, or a notification's waiting side: what waits there ends once the entry is over. */
void model_close(struct model *model, struct model_object *object);
void model_endpoint_forget(struct model *model, struct model_op *op);

/* model_notification.c */
/* The waiting side, whose reference is the caller's; not charged. */
struct model_object *model_notification_new(struct model *model, struct model_ledger *payer);
MUST_CHECK enum cap_status
model_notification_signal(struct model *model, struct model_object *signalling, uint64_t mask);
MUST_CHECK enum cap_status
model_notification_wait(struct model *model, struct model_op *op, struct model_object *waiting);
void model_notification_forget(struct model_op *op);

/* model_match.c */
enum model_match {
	MODEL_MATCHED,
	MODEL_CALL_REFUSED,
	MODEL_RECEIVE_ENDED,
	MODEL_CALL_ENDED, /* by its deadline, in the middle; the receive may have ended too */
};
enum model_match model_match_try(
    struct model *model, struct model_op *call, struct model_op *receive, enum cap_status *status);

/* model_return.c */
MUST_CHECK enum cap_status model_return(struct model *model, struct model_op *op);

/* model_answer.c */
/* The CALL's shape; then it has its answer, if it names one. */
MUST_CHECK enum cap_status model_answer_open(struct model *model, struct model_op *op);
/* A CALL on a capability of an answer: it waits, runs, or has ended; or is refused. */
MUST_CHECK enum cap_status model_answer_call(struct model *model, struct model_op *op);
/* That is not finished, or NULL. */
struct model_answer *model_answer_find(struct model_process *process, uint64_t id);
MUST_CHECK enum cap_status
model_answer_finish(struct model *model, struct model_process *process, uint64_t id);
void model_answer_forget(struct model_op *op);
/* The type of the exception that the call ends with. */
void model_answer_fails_as(struct model_op *op, uint16_t type);
/* A capability of what the call is answered with, in order; NULL: a hole. Takes its references. */
void model_answer_keep(struct model_op *call, uint32_t ordinal, const struct model_slot *hold);
/* The same of one that the caller's table got; 0: a hole. */
void model_answer_keep_of_table(struct model_op *call, uint32_t ordinal, cap_id_t cap_id);
/* The call that names it ends. */
void model_answer_settle(struct model *model, struct model_op *call, int32_t result);
/* What was left for the process's own time. */
void model_answers_run(struct model *model, struct model_process *process);
/* All go with the ring. */
void model_answers_drop(struct model *model, struct model_process *process);

/* model_submission.c */
/* A CALL on its target, whose shape is good. */
MUST_CHECK enum cap_status
model_call_on(struct model *model, struct model_op *op, const struct model_slot *target);
void
model_submission_run(struct model *model, struct model_process *process, const struct cap_sqe *sqe);

/* Bytes into a process's buffer: INVALID_BUFFER, or written and remembered for the comparison. */
MUST_CHECK enum cap_status model_write(
    struct model *model, struct model_op *op, uint64_t offset, const void *from, size_t bytes);
/* Anything may stand in an op's result buffer from here on. */
void model_spoil(struct model *model, const struct model_op *op);
