/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A call to a kernel object. dispatch/ has copied the parameters into this CPU's scratch and opened them; the method
 * decodes, checks, commits, and builds its results in scratch; they are copied out once. A method returns
 *   CAP_OK          the results are built, the caller's op is completed with them,
 *   OBJECT_PENDING  the op waits (object_call_defer() was called), someone completes it with object_complete_*(),
 *   another status  nothing was changed; the caller gets a CapException with the status and its sentence
 *                   (type: overloaded for shortages, disconnected, unimplemented, else failed).
 */
#include <capnp/builder.h>
#include <capnp/reader.h>

#include "cap/table.h"
#include "cap/transfer.h"
#include "ring/op.h"

struct process;
struct thread;

#define OBJECT_PENDING ((enum cap_status)1)

struct object_call {
	struct object	     *object;
	uint16_t	      interface_index;
	uint16_t	      method;
	struct op	     *op;
	struct process	     *process; /* the caller's: from the op, never "current" */
	struct capnp_reader  *params;  /* its cap table holds the caller's own cap ids */
	struct capnp_builder *results;
	/* The capabilities that came with the call, still in the caller's table. */
	struct transfer_list  transfers;
};

/* What generated dispatch hands to a method as `caller`. */
struct capos_caller {
	struct object_call *call;
};
