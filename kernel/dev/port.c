/* SPDX-License-Identifier: Apache-2.0 */
/* The ports that nobody is given, with the reason; see port.h. A table, sorted by the first port.
 */
#include "dev/port.h"

#define PORT_COUNT 0x10000U

static const struct {
	uint16_t first;
	uint16_t last;
} kept[] = {
	{ 0x000, 0x021 }, /* ISA DMA: writes any memory below 16 MiB; interrupt controller */
	{ 0x040, 0x043 }, /* timer */
	{ 0x061, 0x061 }, /* its gate */
	{ 0x064, 0x064 }, /* keyboard controller: resets the machine */
	{ 0x070, 0x071 }, /* clock chip: masks non-maskable interrupts */
	{ 0x080, 0x092 }, /* pages of ISA DMA; address line 20, reset */
	{ 0x0a0, 0x0a1 }, /* second interrupt controller */
	{ 0x0b2, 0x0b3 }, /* calls the firmware's system management mode */
	{ 0x0c0, 0x0df }, /* second ISA DMA controller */
	{ 0x0f4, 0x0f7 }, /* stops the machine */
	{ 0x3f8, 0x3ff }, /* the log */
	{ 0x4d0, 0x4d1 }, /* edge or level of interrupt lines */
	{ 0x510, 0x51b }, /* the emulator's configuration device: writes any memory */
	{ 0x600, 0x67f }, /* ACPI power management and SMI control of q35 */
	{ 0xcd8, 0xcdf }, /* ACPI hot-plug */
	{ 0xcf8, 0xcff }, /* PCI configuration; reset */
};

bool
device_ports_are_free(uint16_t base, uint16_t count)
{
	uint32_t last = (uint32_t)base + count - 1;

	if (count == 0 || last >= PORT_COUNT)
		return false;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (base <= kept[i].last && last >= kept[i].first)
			return false;
	return true;
}
