/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the firmware's ACPI tables say of interrupt controllers and timers. Pure code, tested on
 * the host: the tables are foreign bytes, and whatever they hold is believed or named, never
 * followed out of what `map` reaches.
 */
#include "boot_info.h"

#define ACPI_ISA_LINES 16
#define ACPI_NO_INPUT UINT32_MAX

struct acpi_machine {
	paddr_t lapic;
	paddr_t ioapic;
	uint32_t ioapic_base; /* its first global number */
	struct {
		uint32_t global; /* ACPI_NO_INPUT: the line is not to be used */
		uint16_t flags;	 /* MPS INTI flags */
	} isa[ACPI_ISA_LINES];
	paddr_t hpet; /* 0: none */
};

/*
 * Returns NULL if `out` names a local APIC and an I/O APIC that can be used, else a sentence that
 * says why not; `hpet` is filled in either case.
 */
const char *acpi_read(paddr_t rsdp, boot_map_fn map, struct acpi_machine *out);
