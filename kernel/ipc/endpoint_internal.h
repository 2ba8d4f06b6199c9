/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the files of ipc/ share. Lock order: endpoint, then processes (a pair in the order of pids).
 * An op that waits at an endpoint is guarded by the endpoint's lock; a delivered one by the lock of
 * the server's process.
 */
#include "cap/process.h"
#include "cap/table.h"
#include "cap/transfer.h"
#include "ipc/endpoint.h"
#include "mm/job.h"
#include "ring/ring.h"
#include "schema/exception.capnp.h"
#include "schema/limits.capnp.h"
#include "sync/spinlock.h"

struct endpoint {
	struct object object;
	struct spinlock lock;	   /* rank LOCK_RANK_OBJECT */
	struct ledger *payer;	   /* [I] a reference */
	struct list_node calls;	   /* guarded by lock: struct op.link */
	struct list_node receives; /* guarded by lock */
	uint32_t call_count;
	uint32_t receive_count;
	uint32_t last_caller; /* key of the caller that was served last */
	uint32_t interface_count;
	bool closed;				      /* the owner is gone */
	uint64_t interfaces[ENDPOINT_INTERFACES_MAX]; /* a published entry never changes */
	struct job close;
};
_Static_assert(sizeof(struct endpoint) <= 256, "what an idle endpoint costs");

/* Calls that a server process holds. Guarded by the process lock. */
#define CALL_CHUNK_SLOTS 16
#define CALL_CHUNKS 64

struct call_slot {
	struct op *op; /* NULL: free, or the call is gone */
	uint64_t id;   /* free: index of the next free slot plus one */
};

struct call_chunk {
	struct call_slot slots[CALL_CHUNK_SLOTS];
};

struct call_table {
	struct ledger *payer; /* [I] */
	uint32_t slot_count;
	uint32_t available;  /* free and not reserved */
	uint32_t free_first; /* index plus one; 0: none; reserved ones included */
	uint64_t sequence;   /* of the last call */
	uint32_t ended;	     /* slots that endpoint_server_gone_step has been through */
	struct call_chunk *chunks[CALL_CHUNKS];
};

void call_table_init(void);
/* Room for one more call, so that its delivery cannot fail; makes the table at the first one. */
MUST_CHECK enum cap_status call_table_reserve_locked(struct process *server);
void call_table_unreserve_locked(struct process *server);
/* Reserved -> delivered. */
struct call_slot *call_table_take_locked(struct process *server, struct op *call);
/* Delivered or gone -> free; `reserve`: back to reserved. */
void call_table_give_locked(struct process *server, struct call_slot *slot, bool reserve);
/* No further slot can be reserved, ever: its call ids are used up. */
bool call_table_is_spent(const struct call_table *table);
/* The slot that an untrusted call id names, or NULL. */
struct call_slot *call_table_find_locked(struct process *server, uint64_t call_id);

/* A message that was opened: its bytes in the kernel's reach, and its transfer entries, decoded. */
struct message {
	const void *bytes; /* in the sender's ring, or in scratch */
	uint32_t byte_count;
	struct transfer_list transfers;
};

/*
 * Whose fault it is if one fails: the sender's. The bytes of a long message (more than
 * JOB_STEP_BYTES) are not opened: they are copied in steps before (copy.c), and `bytes` is NULL.
 */
MUST_CHECK enum cap_status message_open(const struct op *sender, struct message *out);

/*
 * Take an op that waits out of its queue: no list, no count, no charge, no call slot. Nothing if it
 * does not wait here.
 */
void queue_unlink_locked(struct endpoint *endpoint, struct op *op);

/*
 * The last part of an op's end, after it was claimed and unlinked: slots, the object's reference,
 * the completion. A good end hands over to whom it wakes.
 */
void ipc_op_end(struct op *op, const struct op_result *result);
void ipc_op_end_status(struct op *op, enum cap_status status);
/* The same for one whose hold was revoked: a CALL gets an exception, if it takes results. */
void ipc_op_end_revoked(struct op *op);

/* What became of an attempt to deliver. */
enum delivery {
	DELIVERY_DONE,
	DELIVERY_CALL_REFUSED, /* *status says why; the RECV is as before */
	DELIVERY_RECV_ENDED, /* the receiver's buffer was bad, or it had ended already: try the next
				one */
};
/*
 * A long message is only begun, and both ops are its copy's from then on; `runner` steps it, or the
 * reap list if NULL.
 */
enum delivery deliver_locked(struct endpoint *endpoint, struct op *call, struct op *receive,
    enum cap_status *status, struct thread *runner) REQUIRES(&endpoint->lock);
/* The same with the bytes of a long message in place. */
enum delivery deliver_now_locked(struct endpoint *endpoint, struct op *call, struct op *receive,
    enum cap_status *status) REQUIRES(&endpoint->lock);
uint32_t delivery_bytes(const struct op *call);

/*
 * A RECV with the endpoint's reference, its slots and a call's reserved waits, or has a call at
 * once. A refusal gives all of these back; the op is the caller's to end.
 */
MUST_CHECK enum cap_status endpoint_receive_reserved(struct op *op, struct endpoint *endpoint);
/* A fresh call is counted and charged as one that waits, and stands at the end of the queue. */
MUST_CHECK enum cap_status queue_call_locked(struct endpoint *endpoint, struct op *call);
/* Both are in their queue: find them a partner. */
void rematch_call_locked(struct endpoint *endpoint, struct op *call, struct thread *runner)
    REQUIRES(&endpoint->lock);
void rematch_receive_locked(struct endpoint *endpoint, struct op *receive, struct thread *runner)
    REQUIRES(&endpoint->lock);
/* Unlink and end an op that waits here, if nobody else ends it already. */
void end_waiting_locked(struct endpoint *endpoint, struct op *op, enum cap_status status)
    REQUIRES(&endpoint->lock);

/* A CALL that waited for its target, and is not linked anywhere: it is pending here, or has ended.
 */
void endpoint_call_spliced(struct op *op, const struct cap_ref *target);

/* What an op that ends with `status` ends with for those who depend on it. */
enum exception_type exception_type_of(enum cap_status status);
/* op_complete_exception() with a type of its own. */
void op_complete_exception_as(struct op *op, enum cap_status status, enum exception_type type);

/* Long messages. */
struct ipc_copy;
void ipc_copy_init(void);
MUST_CHECK enum cap_status copy_call_begin_locked(struct endpoint *endpoint, struct op *call,
    struct op *receive, struct thread *runner) REQUIRES(&endpoint->lock);
MUST_CHECK enum cap_status copy_answer_begin(struct op *answer);
/* An op leaves its copy: the next step sees it. With the lock that guards the op. */
void copy_detach_locked(struct ipc_copy *copy, const struct op *op);
/*
 * The RETURN of a message whose bytes are in place, or whose caller's buffer is bad
 * (`caller_status`).
 */
MUST_CHECK enum cap_status return_finish(struct op *op, enum cap_status caller_status);

static inline size_t
align_8(size_t bytes)
{
	return (bytes + 7) & ~(size_t)7;
}
