/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * An op: the kernel's record of one submission, from the moment it is taken until its completion is
 * reaped. A ring has as many as it has completion entries. An op ends once: whoever changes PENDING
 * to CLAIMED posts its completion, and after that the kernel never touches the op's buffers.
 *
 *   FREE -> PENDING (taken) -> CLAIMED (someone ends it) -> POSTED (completion written) -> FREE
 * (reaped)
 */
#include <abi/ring.h>

#include "base/list.h"
#include "base/types.h"
#include "schema/status.capnp.h"

struct object;
struct ring;

enum op_state {
	OP_FREE,
	OP_PENDING,
	OP_CLAIMED,
	OP_POSTED,
};

/* Where a pending op waits; decides what cancelling it has to undo. */
enum op_place {
	OP_PLACE_NONE,	     /* being dispatched */
	OP_PLACE_CALL_QUEUE, /* a CALL linked into its endpoint */
	OP_PLACE_RECV_QUEUE, /* a RECV linked into its endpoint */
	OP_PLACE_COPY,	     /* a long message is on its way; peer: struct ipc_copy */
	OP_PLACE_DELIVERED, /* a CALL that a server holds; peer_slot names the server's call slot */
	OP_PLACE_PROMISED,  /* a CALL linked into the answer that has its target; peer: that answer
			     */
	OP_PLACE_NOTIFICATION, /* a WAIT linked into its notification */
	OP_PLACE_OBJECT, /* on a kernel object: sleep, wait, interrupt, job; peer: struct op_waiter
			  */
};

#define OP_TIMED 0x01	/* it has a deadline */
#define OP_ANSWERS 0x02 /* a CALL that names its answer: ipc/answer.h */
/*
 * The hold that it was begun by has a grant cell, which stands, counted, in place of sqe.target:
 * cap/process.h.
 */
#define OP_CELLED 0x04
#define OP_TAPPED 0x08 /* a tap was told of its submission: ring/tap.h */

struct op {
	struct cap_sqe sqe;    /* the submission, each word read once; see OP_CELLED */
	_Atomic uint8_t state; /* [a] enum op_state */
	uint8_t index;	       /* in its ring */
	uint16_t interface_index;
	/* A fresh op has zeros in these four, by one store. */
	uint8_t place;		/* enum op_place; guarded by the lock of where it waits */
	uint8_t reserved_slots; /* of cap_max, still reserved: in the table, or by the answer */
	uint8_t extras;		/* OP_TIMED and the others: what its end has to look after */
	uint8_t unused;
	uint32_t sequence;     /* of its submission in its ring: who is older */
	uint32_t object_epoch; /* of a pending CALL: of the hold that it was begun by */
	struct ring *ring;
	struct object *object; /* counted while pending */
	void *peer;	       /* by place */
	union {
		struct list_node link;	/* in a queue */
		struct process *server; /* DELIVERED: the process whose slot that is */
	};
};
_Static_assert(sizeof(struct op) <= 120, "a ring's ops are part of what a process costs");

/* What a kernel object keeps for an op that waits on it; the first member of its own record. */
struct op_waiter {
	/*
	 * The op was ended by someone else (cancel, deadline, exit): let go of it. No lock is held.
	 */
	void (*forget)(struct op_waiter *waiter, struct op *op);
};
