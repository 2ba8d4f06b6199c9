/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the first C instruction to the portable kernel. The loader's information and the firmware's
 * tables are read while the first page tables still map everything below 4 GiB, and before any
 * memory is given out; after paging_init only RAM and the interrupt controllers are mapped.
 */
#include "acpi.h"
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
read_loader(uint32_t magic, uint32_t info)
{
	paddr_t image_end = (uint64_t)kernel_end - KERNEL_BASE;
	const char *problem = boot_info_read(magic, info, map_early, &memory);

	if (problem != NULL)
		boot_fatal(BOOT_EXIT_LOADER, "%s", problem);
	log_line(LOG_INFO, "boot", "started by %s", memory.loader);
	if (memory.module_count != 1)
		boot_fatal(BOOT_EXIT_MODULES,
		    "exactly one module is needed, the boot package; there are %u",
		    memory.module_count);
	if (map_early(memory.module, memory.module_bytes) == NULL)
		boot_fatal(BOOT_EXIT_LOADER, "the boot package lies above 4 GiB");
	if (memory.module < image_end)
		boot_fatal(BOOT_EXIT_LOADER, "the boot package lies where the kernel is");
}

/* Interrupt controllers and timers as the firmware says; false: only the legacy ones are there. */
static bool
read_firmware(struct acpi_machine *machine)
{
	const char *problem = acpi_read(memory.rsdp, map_early, machine);

	if (problem != NULL) {
		log_line(LOG_WARN, "acpi", "%s", problem);
		return false;
	}
	log_line(LOG_INFO, "acpi", "local APIC at %llx, I/O APIC at %llx, HPET at %llx",
	    (unsigned long long)machine->lapic, (unsigned long long)machine->ioapic,
	    (unsigned long long)machine->hpet);
	return !boot_info_has_word(&memory, "nolapic");
}

static void
start_frames(void)
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
	struct acpi_machine machine;
	bool has_apics;

	serial_init();
	debug_start();
	log_line(LOG_INFO, "boot", "kernel starting");
	cpu_init();
	read_loader(magic, info);
	has_apics = read_firmware(&machine);
	start_frames();
	paging_init(&memory);
	interrupt_init(has_apics ? &machine : NULL);
	clock_init(machine.hpet);
	kernel_boot(&(struct boot_request){ .package = arch_direct_map(memory.module),
	    .package_bytes = memory.module_bytes,
	    .cpu_refusal = cpu_refusal() });
}
