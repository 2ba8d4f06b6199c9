/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of which there is one; see permanent.h. */
#include "object/permanent.h"

#include "base/assert.h"
#include "object/device.h"
#include "object/ledger.h"
#include "object/memory.h"
#include "object/process.h"
#include "object/ring_tap.h"

enum job_state
permanent_destroy(struct object *object)
{
	(void)object;
	KASSERT(false);
	return JOB_DONE;
}
void console_init(void);
void frame_allocator_init(void);
void kernel_stats_init(void);
void machine_control_init(void);
void boot_package_init(void);
void null_cap_init(void);

void
objects_init(void)
{
	console_init();
	memory_objects_init();
	frame_allocator_init();
	process_objects_init();
	ledger_objects_init();
	kernel_stats_init();
	machine_control_init();
	boot_package_init();
	null_cap_init();
	device_objects_init();
	ring_tap_objects_init();
}
