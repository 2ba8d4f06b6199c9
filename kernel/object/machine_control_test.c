/* SPDX-License-Identifier: Apache-2.0 */
/* MachineControl: the codes that stop the machine, and those that are the kernel's own. */
#include <schema/boot.capnp.h>
#include <stdio.h>
#include <string.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "boot/boot.h"
#include "debug/panic.h"
#include "object/permanent.h"

static struct world_process one;
static cap_id_t control;
static struct world_call call;
static char written[256];

static void
collect(const char *bytes, unsigned long byte_count)
{
	CHECK(byte_count < sizeof(written));
	memcpy(written, bytes, byte_count);
	written[byte_count] = 0;
}

static void
start(void)
{
	world_start();
	objects_init();
	one = world_process(NULL);
	control = world_give(&one, machine_control_object(), 0);
	written[0] = 0;
	sim.on_write = collect;
}

static void
halt_call(uint8_t code)
{
	world_call_begin(&call, &one, control, MACHINE_CONTROL_METHOD_HALT);
	machine_control_halt_params_set_code(
	    machine_control_halt_params_init_root(&call.params), code);
}

TEST(every_code_up_to_a_hundred_stops_the_machine_with_it)
{
	for (uint32_t code = 0; code <= MACHINE_CODE_MAX; code++) {
		char line[64];
		enum cap_status status;

		start();
		sim.may_stop = true;
		sim.stop_code = UINT8_MAX;
		halt_call((uint8_t)code);
		world_call_submit(&call);
		CHECK_EQ(sim.stop_code, code);
		CHECK(!world_call_reap(&call, &status));
		snprintf(line, sizeof(line), "capos: machine: halt with code %u\n", code);
		CHECK_STR(written, line);
	}
}

TEST(codes_that_say_that_the_kernel_stopped_are_refused_and_nothing_stops)
{
	struct world_accounts before, after;

	/* Those of the kernel's own ends are among them. */
	CHECK(BOOT_EXIT_LOADER > MACHINE_CODE_MAX && DEBUG_EXIT_PANIC > MACHINE_CODE_MAX);
	for (uint32_t code = MACHINE_CODE_MAX + 1; code <= UINT8_MAX; code++) {
		start();
		before = world_accounts(&one);
		halt_call((uint8_t)code);
		CHECK_EQ(world_call(&call), CAP_ERR_INVALID_ARGUMENT);
		after = world_accounts(&one);
		CHECK_MEMORY(&before, &after, sizeof(before));
		CHECK_STR(written, "");
	}
}

TEST(only_who_holds_it_can_stop_the_machine)
{
	struct world_process other;

	start();
	other = world_process(NULL);
	halt_call(7);
	call.from = &other;
	CHECK_EQ(world_call(&call), CAP_ERR_INVALID_CAP);
	/* It was released: the id says nothing any more. */
	CHECK_EQ(world_release(&one, control), CAP_OK);
	halt_call(7);
	CHECK_EQ(world_call(&call), CAP_ERR_STALE_GENERATION);
	CHECK(strstr(written, "halt") == NULL);
}

TEST(it_cannot_be_copied)
{
	struct cap_ref found;

	start();
	CHECK_EQ(cap_lookup(one.process->table, control, &found), CAP_OK);
	CHECK_EQ(found.mode, OBJECT_TRANSFER_MOVE);
}

TEST(a_method_that_does_not_exist_is_refused)
{
	start();
	world_call_begin(&call, &one, control, 1);
	CHECK_EQ(world_call(&call), CAP_ERR_UNIMPLEMENTED_METHOD);
}
