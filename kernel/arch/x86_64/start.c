/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the first C instruction to the portable kernel. The loader's information is read while the
 * first page tables still map everything below 4 GiB; after paging_init only RAM and the interrupt
 * controllers are mapped.
 */
#include <core/string.h>

#include "arch/cpu.h"
#include "arch/page_table.h"
#include "base/log.h"
#include "boot/boot.h"
#include "boot_info.h"
#include "debug/panic.h"
#include "machine.h"
#include "serial.h"

#define EARLY_END UINT64_C(0x100000000)
#define LOW_RESERVED_BYTES                                                                         \
	UINT64_C(0x100000) /* firmware's and loaders' habits; nothing of ours                      \
			    */

static struct boot_memory memory;

_Noreturn void arch_start(uint32_t magic, uint32_t info);

static const void *
map_early(paddr_t address, uint64_t bytes)
{
	if (address == 0 || address >= EARLY_END || bytes > EARLY_END - address)
		return NULL;
	return arch_direct_map(address);
}

static void
frames_start(void)
{
	struct memory_range reserved[] = {
		{ 0, LOW_RESERVED_BYTES },
		{ LOW_RESERVED_BYTES, (uint64_t)kernel_end - KERNEL_BASE - LOW_RESERVED_BYTES },
		{ memory.module, memory.module_bytes },
	};

	frame_init(
	    memory.usable, memory.usable_count, reserved, sizeof(reserved) / sizeof(reserved[0]));
}

void
arch_start(uint32_t magic, uint32_t info)
{
	struct acpi_interrupts interrupts;
	const char *problem;
	bool has_acpi;

	serial_init();
	debug_start();
	cpu_init();
	problem = boot_info_read(magic, info, map_early, &memory);
	if (problem != NULL)
		boot_fatal(BOOT_EXIT_LOADER, "%s", problem);
	log_line(LOG_INFO, "boot", "started by %s", memory.loader);
	if (memory.module_count != 1)
		boot_fatal(BOOT_EXIT_MODULES,
		    "exactly one module is needed, the boot package; there are %u",
		    memory.module_count);
	if (map_early(memory.module, memory.module_bytes) == NULL)
		boot_fatal(BOOT_EXIT_MODULES, "the boot package lies above 4 GiB");
	has_acpi = strstr(memory.command_line, "noapic") == NULL &&
	    acpi_find_interrupts(memory.rsdp, &interrupts);
	frames_start();
	paging_init(&memory);
	interrupt_init(has_acpi ? &interrupts : NULL);
	clock_init();
	kernel_boot(&(struct boot_request){ .package = arch_direct_map(memory.module),
	    .package_bytes = memory.module_bytes,
	    .cpu_refusal = cpu_refusal() });
}
