/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of the load of `revoke_loaded`: it maps `memory` many times, holds it many times, and has
 * calls at `held` that nobody answers. When those have ended, revoked, every hold has to be dead.
 * CapSet: `memory` (MemoryObject), `echo` (gives back what it is given), `held` (Echo), `timer`.
 */
#include <capos/capos.h>
#include <schema/echo.client.h>
#include <schema/memory.client.h>
#include <schema/timer.client.h>

#include "revocation_load.h"

#define PAGE 4096
#define PARAM_BYTES 64
#define RESULT_BYTES 256
#define LATE_NS UINT64_C(2000000000) /* the revocation is over long before */

static struct {
	struct memory_object memory[LOAD_HOLDS]; /* the first one is that of the CapSet */
	struct echo echo;
	struct echo held;
	struct timer timer;
	struct capos_call calls[LOAD_CALLS];
	struct capos_block blocks[LOAD_CALLS];
	uint8_t params[LOAD_CALLS][PARAM_BYTES] __attribute__((aligned(8)));
	uint8_t results[LOAD_CALLS][RESULT_BYTES] __attribute__((aligned(8)));
} state;

static enum cap_status
hold_once_more(struct memory_object *out)
{
	const struct capos_cap cap = state.memory[0].cap;
	struct capos_call call;
	struct echo_swap_params_builder params = echo_swap_begin(&call, state.echo);
	enum cap_status status;

	echo_swap_params_set_cap(
	    params, (struct capnp_cap){ cap.cap_id, cap.interface_id, CAPNP_CAP_COPY });
	status = capos_call_run(&call);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, MEMORY_OBJECT_INTERFACE_ID, &out->cap);
	capos_call_end(&call);
	return status;
}

/* The memory begins with a word that is not 0. */
static enum cap_status
map_and_look(void)
{
	uint64_t address;

	CAPOS_TRY(memory_object_map(state.memory[0], 0, PAGE, 0, PROTECTION_READ, &address));
	return *(volatile uint64_t *)address != 0 ? CAP_OK : CAP_ERR_INVALID_ARGUMENT;
}

/*
 * The processor is given up behind each, so that it is received: at the endpoint fewer calls can
 * wait than there are in all. Nothing may have been completed: none is refused, none answered.
 */
static enum cap_status
send(uint32_t index)
{
	struct capos_call *call = &state.calls[index];
	struct capos_block *block = &state.blocks[index];

	*block = (struct capos_block){ .params = state.params[index],
		.results = state.results[index],
		.param_bytes = PARAM_BYTES,
		.result_bytes = RESULT_BYTES,
		.kind = CAPOS_BLOCK_KINDS };
	capos_call_begin_block(call, state.held.cap, ECHO_METHOD_PING, 0, block);
	(void)echo_ping_params_init_root(&call->params);
	CAPOS_TRY(capos_call_send(call));
	return capos_enter(CAP_ENTER_YIELD, 0) == 0 ? CAP_OK : CAP_ERR_QUEUE_FULL;
}

static enum cap_status
load(void)
{
	for (uint32_t i = 0; i < LOAD_MAPPINGS; i++)
		CAPOS_TRY(map_and_look());
	for (uint32_t i = 1; i < LOAD_HOLDS; i++)
		CAPOS_TRY(hold_once_more(&state.memory[i]));
	for (uint32_t i = 0; i < LOAD_CALLS; i++)
		CAPOS_TRY(send(i));
	return CAP_OK;
}

/* What wakes for each of them would be measured as well. A program that reads the clock's time
 * stamps itself would be taken for one that takes figures. */
static enum cap_status
sleep_until_all_ended(void)
{
	struct capos_flat_call late;
	uint64_t now_ns;
	int64_t unread;

	CAPOS_TRY(timer_now(state.timer, &now_ns));
	CAPOS_TRY(timer_sleep_until_send(&late, state.timer, now_ns + LATE_NS));
	unread = capos_enter(LOAD_CALLS + 1, CAP_DEADLINE_NONE);
	CAPOS_TRY(timer_sleep_until_receive(&late));
	return unread == LOAD_CALLS + 1 ? CAP_OK : CAP_ERR_WRONG_STATE;
}

static bool
is_disconnected(struct capos_call *call, enum cap_status status)
{
	bool is_so = status == CAP_ERR_APPLICATION_EXCEPTION &&
	    call->error.type == EXCEPTION_TYPE_DISCONNECTED;

	capos_call_end(call);
	return is_so;
}

static bool
is_dead(struct memory_object memory)
{
	struct capos_call call;

	(void)memory_object_info_begin(&call, memory);
	return is_disconnected(&call, capos_call_run(&call));
}

int
capos_main(struct capos *self)
{
	if (memory_object_from_capset(self, "memory", &state.memory[0]) != CAP_OK ||
	    echo_from_capset(self, "echo", &state.echo) != CAP_OK ||
	    echo_from_capset(self, "held", &state.held) != CAP_OK ||
	    timer_from_capset(self, "timer", &state.timer) != CAP_OK)
		return 1;
	if (load() != CAP_OK)
		return 2;
	if (sleep_until_all_ended() != CAP_OK)
		return 3;
	for (uint32_t i = 0; i < LOAD_CALLS; i++)
		if (!is_disconnected(&state.calls[i], capos_call_wait(&state.calls[i])))
			return 4;
	for (uint32_t i = 0; i < LOAD_HOLDS; i++)
		if (!is_dead(state.memory[i]))
			return 5;
	return 0;
}
