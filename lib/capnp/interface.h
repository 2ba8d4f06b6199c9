/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The serving side of an interface, as generated dispatch and serve loops see it. `struct
 * capos_caller` is completed by whoever dispatches: the kernel's object layer, or lib/service.
 */
#include <schema/status.capnp.h>

#include "builder.h"
#include "flat.h"
#include "reader.h"

struct capos_caller;

/* Methods are ordinals that come from outside: the index must not be speculated past the bound. */
static inline uint32_t
capnp_index_mask(uint32_t index, uint32_t count)
{
	uint64_t mask;

	/* All ones if index < count, else zero; the compiler must not turn it into a branch. */
	__asm__("cmpq %1, %2\n\tsbbq %0, %0"
	    : "=r"(mask)
	    : "r"((uint64_t)count), "r"((uint64_t)index)
	    : "cc");
	return index & (uint32_t)mask;
}

typedef enum cap_status (*capos_dispatch_fn)(const void *methods, void *server, uint16_t method,
    struct capnp_reader *params, struct capnp_builder *results, const struct capos_caller *caller);

/* What dispatch of flat messages says of a method or a message that is none, or of results that
 * have no room: nothing was done. */
#define CAPNP_NOT_FLAT ((enum cap_status)2)

/* The same as capos_dispatch_fn, without opening the message first. `reader` is without one. */
typedef enum cap_status (*capos_dispatch_flat_fn)(const void *methods, void *server,
    uint16_t method, struct capnp_flat_message message, struct capnp_reader *reader,
    struct capnp_builder *results, const struct capos_caller *caller);

struct capos_interface {
	uint64_t interface_id;
	const char *name;
	capos_dispatch_fn dispatch;
	capos_dispatch_flat_fn dispatch_flat;
	const void *methods; /* struct <interface>_methods */
	void *server;	     /* struct <interface>_server */
};
