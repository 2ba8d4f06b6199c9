/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Serving calls. A service has one loop for everything: calls that arrive at its endpoints, and
 * completions of calls that it made itself (struct capos_call.on_done). Methods run one at a time,
 * on the thread of the loop.
 *
 * A method returns CAP_OK (its results are the answer), what capos_fail() returned, another status
 * (answered as an exception with the status's sentence), or CAPOS_DEFERRED after capos_defer():
 * then the call stays open, and capos_reply() or capos_reply_fail() answers it later. A method may
 * call others and wait: calls that arrive meanwhile wait for the loop, but `on_done` callbacks run.
 *
 * A capability that a method sets in its results with CAPNP_CAP_MOVE is the answer's: if the answer
 * does not reach the caller, whatever the reason, it is released.
 *
 * The hot path is one kernel entry: RETURN of the answer, RECV of the next call.
 */
#include <capnp/interface.h>
#include <capos/call.h>
#include <schema/endpoint.capnp.h>
#include <schema/limits.capnp.h>

struct service;

/* A call that stays open. */
struct capos_ticket {
	struct service *service;
	uint64_t call_id;      /* 0: none */
	uint32_t result_bytes; /* room that the caller has for the answer */
};

/* What ends when a call comes. */
enum service_in_flight {
	SERVICE_RECEIVE,
	SERVICE_TURN, /* an answer, and then a RECV: CAP_SQE_RECEIVE in abi/ring.h */
	SERVICE_TURN_WITH_CAPS,
};

/* The call that a method answers. Valid until the method returns. */
struct capos_caller {
	struct service_endpoint *at;
	const struct cap_delivery *delivery;
	struct capos_error error;
};

struct service_endpoint {
	struct capos_completion receive; /* first: user_data of the RECV */
	cap_id_t moved[CAPNP_CAPS_MAX];	 /* by the answer that is on its way */
	uint32_t moved_count;
	int32_t received; /* the RECV's result, or of a turn the RETURN's */
	enum service_in_flight in_flight;
	struct capos_ticket answered; /* the call, if its answer has capabilities */
	struct service_endpoint *next_ready;
	struct service *service;
	struct capos_cap endpoint;
	struct capos_interface interface;
	struct capos_block *block; /* results: what arrives; params: what is answered */
	struct capos_caller caller;
	struct capnp_flat_exchange exchange; /* of the call that is being answered */
	struct service_endpoint *next;
};

struct service {
	struct capos *self;
	struct service_endpoint *endpoints;
	struct service_endpoint *ready; /* have received, first come first served */
	struct service_endpoint **ready_end;
	bool is_stopping;
	int exit_code;
};

/* The status that a method returns to keep its call open; never seen by a client. */
#define CAPOS_DEFERRED ((enum cap_status)1)

/* The service must not move afterwards. */
void service_init(struct service *service, struct capos *self);
/*
 * Serve `interface` at an endpoint (an owner's capability). MEDIUM blocks take about 500 bytes of
 * parameters and of results; LARGE ones 4 KiB, and are declared with CAPOS_LARGE_MESSAGES. `at` is
 * the caller's storage.
 */
MUST_CHECK enum cap_status service_add(struct service *service, struct service_endpoint *at,
    struct capos_cap endpoint, struct capos_interface interface, enum capos_block_kind kind);
/* Run until service_stop: the exit code, or a negative status if the ring fails. */
int service_run(struct service *service);
void service_stop(struct service *service, int exit_code);

/* One endpoint, by its name in the CapSet, for ever. */
int capos_serve(struct capos *self, const char *endpoint_name, struct capos_interface interface);

/* The method returns what this returns. `reason` is read after that: a literal, or static. */
MUST_CHECK enum cap_status
capos_fail(const struct capos_caller *caller, enum exception_type type, const char *reason);
struct capos_ticket capos_defer(const struct capos_caller *caller);
/*
 * Answer a deferred call. `fill` builds the results into the message (its root with the generated
 * `..._init_root`). CAP_ERR_CALL_GONE: the caller has given up; capabilities of the answer stay
 * here. So they do if the kernel does not take them (CAP_ERR_TOO_MANY_CAPS: the caller takes
 * fewer), and the caller gets an exception that says so. The answer is at most as large as a LARGE
 * message, or a MEDIUM one if none of those is free.
 */
MUST_CHECK enum cap_status capos_reply(struct capos_ticket ticket,
    void (*fill)(struct capnp_builder *results, void *context), void *context);
MUST_CHECK enum cap_status capos_reply_fail(struct capos_ticket ticket, enum exception_type type,
    enum cap_status status, const char *reason);

/* Take a capability that came with the call: it is the method's now. Others are released when the
 * method returns. */
MUST_CHECK enum cap_status capos_take(const struct capos_caller *caller,
    struct capnp_reader *params, struct capnp_cap cap, struct capos_cap *out);
