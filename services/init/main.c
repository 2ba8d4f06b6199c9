/* SPDX-License-Identifier: Apache-2.0 */
/* Init's start and end; see init.h. */
#include <core/format.h>
#include <core/manifest_validate.h>
#include <schema/memory.client.h>
#include <service/boot_package.h>
#include <stdarg.h>

#include "init.h"

CAPOS_LARGE_MESSAGES(3 + MANIFEST_SUPPLIERS_MAX);

#define EXIT_UNSTARTABLE 90

static struct init_state state;

void
init_log(struct init_state *init, const char *format, ...)
{
	char line[240];
	va_list arguments;

	va_start(arguments, format);
	format_text_list(line, sizeof(line), format, arguments);
	va_end(arguments);
	/* Without a console there is nobody to tell. */
	if (console_write_line(init->console, capnp_text_from_string(line)) != CAP_OK)
		init->console.cap.cap_id = 0;
}

static enum cap_status
open_package(struct init_state *init)
{
	struct virtual_memory memory;
	struct boot_package package;

	init->loader.self = init->self;
	CAPOS_TRY(process_factory_from_capset(init->self, "factory", &init->loader.factory));
	CAPOS_TRY(frame_allocator_from_capset(init->self, "frames", &init->loader.frames));
	CAPOS_TRY(timer_from_capset(init->self, "timer", &init->timer));
	CAPOS_TRY(virtual_memory_from_capset(init->self, "vm", &memory));
	CAPOS_TRY(boot_package_from_capset(init->self, "package", &package));
	CAPOS_TRY(boot_package_open(package, memory, &init->package));
	init->config = system_manifest_init_config(system_manifest_root(&init->package));
	return CAP_OK;
}

static _Noreturn void
halt(struct init_state *init, uint8_t code)
{
	struct machine_control machine;

	if (machine_control_from_capset(init->self, "machine", &machine) == CAP_OK &&
	    machine_control_halt(machine, code) != CAP_OK)
		init_log(init, "init: the machine cannot be halted");
	/* Without the authority, init's own end is the machine's. */
	capos_exit(code);
}

/* Nothing is started before everything has been checked. */
static enum cap_status
run(struct init_state *init)
{
	char why[200];
	enum cap_status status = open_package(init);

	if (status == CAP_OK) {
		status = manifest_validate(system_manifest_root(&init->package), why, sizeof(why));
		if (status != CAP_OK) {
			init_log(init, "init: refused: %s", why);
			return status;
		}
	}
	if (status == CAP_OK)
		status = init_start_spawner(init);
	if (status == CAP_OK)
		status = init_start_services(init);
	if (status == CAP_OK)
		status = init_supervise(init);
	if (status != CAP_OK)
		init_log(init, "init: %s", cap_status_sentence(status));
	return status;
}

int
capos_main(struct capos *self)
{
	state.self = self;
	service_init(&state.service, self);
	if (console_from_capset(self, "console", &state.console) != CAP_OK)
		return EXIT_UNSTARTABLE;
	init_log(&state, "init: reading the manifest");
	halt(&state, run(&state) == CAP_OK ? state.exit_code : EXIT_UNSTARTABLE);
}
