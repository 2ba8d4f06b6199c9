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

/* What dispatch of flat messages says of a method or a message that is none, or of results that
 * have no room: nothing was done. */
#define CAPNP_NOT_FLAT ((enum cap_status)2)

/* An interface and who serves it. */
struct capos_interface {
	uint64_t interface_id;
	const char *name;
	enum cap_status (*dispatch)(void *server, uint16_t method, struct capnp_reader *params,
	    struct capnp_builder *results, const struct capos_caller *caller);
	/* The same, without opening the message first. */
	enum cap_status (*dispatch_flat)(
	    void *server, uint16_t method, struct capnp_flat_exchange *exchange);
	void *server; /* struct <interface>_server */
};

/*
 * Defines `<interface>_interface(server)`, once in a file; generated code has one for each
 * interface. `methods` is constant, so that dispatch calls them directly, and the compiler sees
 * through parameters and results that are passed by value.
 */
#define CAPOS_SERVE_WITH(interface, id, methods)                                                   \
	static enum cap_status interface##_serve(void *server, uint16_t method,                    \
	    struct capnp_reader *params, struct capnp_builder *results,                            \
	    const struct capos_caller *caller)                                                     \
	{                                                                                          \
		return interface##_dispatch(&(methods), server, method, params, results, caller);  \
	}                                                                                          \
	static enum cap_status interface##_serve_flat(                                             \
	    void *server, uint16_t method, struct capnp_flat_exchange *exchange)                   \
	{                                                                                          \
		return interface##_dispatch_flat(&(methods), server, method, exchange);            \
	}                                                                                          \
	static inline struct capos_interface interface##_interface(                                \
	    struct interface##_server *server)                                                     \
	{                                                                                          \
		return (struct capos_interface){ id, #interface, interface##_serve,                \
			interface##_serve_flat, server };                                          \
	}
