/* SPDX-License-Identifier: Apache-2.0 */
/* MachineControl: the authority to stop the machine. */
#include <schema/boot.server.h>

#include "arch/cpu.h"
#include "base/log.h"
#include "object/call.h"
#include "object/permanent.h"

#define CODE_MAX                                                                                   \
	100 /* above it, codes mean that the kernel stopped by itself: boot/boot.h, debug/panic.h  \
	     */

static struct object control;

static enum cap_status
control_halt(struct machine_control_server *server, struct machine_control_halt_params params,
    struct machine_control_halt_results_builder results, const struct capos_caller *caller)
{
	uint8_t code = machine_control_halt_params_code(params);

	(void)server;
	(void)results;
	(void)caller;
	if (code > CODE_MAX)
		return CAP_ERR_INVALID_ARGUMENT;
	log_line(LOG_INFO, "machine", "halt with code %u", code);
	arch_machine_stop(code);
}

static const struct machine_control_methods methods = {
	.halt = control_halt,
};

static enum cap_status
control_call(struct object_call *call)
{
	struct capos_caller caller = { call };

	return machine_control_dispatch(
	    &methods, NULL, call->method, call->params, call->results, &caller);
}

static const struct object_type control_type = {
	.name = "machineControl",
	.interface_id = MACHINE_CONTROL_INTERFACE_ID,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_MOVE,
	.call = control_call,
	.destroy = permanent_destroy,
};

void machine_control_init(void);

void
machine_control_init(void)
{
	object_init(&control, &control_type);
}

struct object *
machine_control_object(void)
{
	return &control;
}
