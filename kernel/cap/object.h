/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a capability refers to. Objects are counted (holds and pins); the last drop calls `destroy`
 * from a reap job, after a grace period, never from the place that dropped it, so that drops do not
 * recurse.
 */
#include "base/annotate.h"
#include "base/types.h"
#include "mm/grace.h"
#include "mm/job.h"
#include "schema/status.capnp.h"

struct object;
struct object_call; /* object/call.h */
struct capnp_flat_call;

enum object_kind {
	OBJECT_KIND_METHODS,	       /* answered by the kernel: `call` */
	OBJECT_KIND_NOTIFICATION,      /* answered by the kernel, and the target of WAIT */
	OBJECT_KIND_SIGNALLER,	       /* answered by the kernel, and the target of SIGNAL */
	OBJECT_KIND_LIMITED_SIGNALLER, /* the same for some bits: object/signal.h */
	OBJECT_KIND_ENDPOINT, /* index 0 is answered by the kernel, the others by a process:
			     ipc/endpoint.h */
};

enum object_transfer {
	OBJECT_TRANSFER_COPY, /* and move */
	OBJECT_TRANSFER_MOVE,
	OBJECT_TRANSFER_NONE,
};

struct object_type {
	const char *name;
	uint64_t interface_id; /* of slot interface 0; endpoints show more: object_interface_id() */
	enum object_kind kind;
	enum object_transfer transfer; /* what a fresh hold allows: object_hold_init() */
	/* Decode, check, commit one method; see object/call.h for what it returns. */
	enum cap_status (*call)(struct object_call *call);
	/*
	 * Optional: the same for methods of scalars alone (capnp/flat.h), with neither reader nor
	 * builder; CAPNP_NOT_FLAT, and nothing done, for the others. Of `call`, transfers, holds
	 * and results are not there.
	 */
	enum cap_status (*call_scalar)(struct object_call *call, struct capnp_flat_call *message);
	/* Free the object, in steps; runs as a reap job after the last drop and a grace period. */
	enum job_state (*destroy)(struct object *object);
	/*
	 * Optional: a hold left for good (released, not moved). Called without locks; the object is
	 * still counted.
	 */
	void (*hold_dropped)(struct object *object, uint16_t interface_index);
	/*
	 * Optional: a hold leaves its table by a move, and who had it loses what it got by it.
	 * Called with the table's lock held, before the new holder can call the object.
	 */
	void (*hold_moved)(struct object *object);
};

/* The bit above is used by tables (cap/table.c). */
#define OBJECT_EPOCH_MAX (UINT32_MAX >> 1)

struct object {
	const struct object_type *type; /* [I] */
	_Atomic uint32_t references;
	_Atomic uint32_t epoch; /* a hold with another epoch is revoked; at most OBJECT_EPOCH_MAX */
	union {			/* after the last drop: first the grace period, then the job */
		struct grace_item grace;
		struct job reap;
	};
};

void object_init(
    struct object *object, const struct object_type *type); /* one reference: the caller's */
void object_get(struct object *object);
void object_put(struct object *object);

/*
 * Every hold that exists now is dead from here on, at once. False: the epoch would wrap, and the
 * object is retired.
 */
bool object_revoke(struct object *object);

/* The 64-bit interface id that a hold with this interface index shows. */
uint64_t object_interface_id(const struct object *object, uint16_t interface_index);
/* ipc/ gives cap/ the function that answers for endpoints. */
typedef uint64_t (*object_endpoint_interface_fn)(
    const struct object *object, uint16_t interface_index);
void object_endpoint_interface_set(object_endpoint_interface_fn function);
