/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Calls to kernel objects as programs make them: parameters are built with the generated builders
 * into `params`, go with their capabilities through the ring, and what comes back is read from
 * `results`.
 *
 *	struct world_call call;
 *
 *	world_call_begin(&call, &process, target, METHOD);
 *	..._params_set_...(..._params_init_root(&call.params), ...);
 *	CHECK_EQ(world_call(&call), CAP_OK);
 *	..._results_...(..._results_root(&call.results));
 */
#include <capnp/builder.h>
#include <capnp/reader.h>

#include "arch/sim/world.h"
#include "schema/status.capnp.h"

/* Where parameters and answers stand in the caller's memory. */
#define WORLD_CALL_PARAMS (WORLD_DATA + PAGE_BYTES)
#define WORLD_CALL_RESULTS (WORLD_DATA + 8 * PAGE_BYTES)
#define WORLD_CALL_BYTES (16 * 1024)

struct world_call {
	struct world_process *from;
	struct cap_sqe sqe; /* may be changed between world_call_begin and the call */
	struct capnp_builder params;
	struct cap_cqe cqe;
	struct capnp_reader results; /* after CAP_OK */
	uint64_t param_words[WORLD_CALL_BYTES / 8];
	uint64_t result_words[WORLD_CALL_BYTES / 8];
};

/* No capability is taken in the answer, unless sqe.cap_max is set. */
void world_call_begin(
    struct world_call *call, struct world_process *from, cap_id_t target, uint16_t method);
/* Submit and enter without waiting. */
void world_call_submit(struct world_call *call);
/*
 * The completion: CAP_OK, the status of the exception that the object answered with, or of the
 * transport's refusal. False: there is none yet.
 */
bool world_call_reap(struct world_call *call, enum cap_status *status);
/* Both; the answer must be there. */
MUST_CHECK enum cap_status world_call(struct world_call *call);
/* Drop a slot. */
MUST_CHECK enum cap_status world_release(struct world_process *from, cap_id_t cap_id);
