/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI as far as interrupts need it: RSDP, then XSDT or RSDT, then the MADT (ACPI 6.4,
 * sections 5.2.5 to 5.2.12). The tables are the firmware's: every length is checked, a table with a
 * wrong checksum does not exist.
 */
#include <core/string.h>

#include "arch/page_table.h"
#include "base/log.h"
#include "machine.h"

#define REACHABLE_END UINT64_C(0x100000000) /* the first page tables map 4 GiB */
#define TABLES_MAX 256
#define TABLE_BYTES_MAX (1 << 20)

#define MADT_IOAPIC 1
#define MADT_OVERRIDE 2
#define MADT_LAPIC_ADDRESS 5

struct __attribute__((packed)) rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
};

struct __attribute__((packed)) table_header {
	char signature[4];
	uint32_t length;
	uint8_t rest[28];
};

static const void *
reach(paddr_t address, uint64_t bytes)
{
	if (address == 0 || address >= REACHABLE_END || bytes > REACHABLE_END - address)
		return NULL;
	return arch_direct_map(address);
}

static bool
sums_to_zero(const uint8_t *bytes, uint32_t byte_count)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < byte_count; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum == 0;
}

static const struct table_header *
table_at(paddr_t address)
{
	const struct table_header *header = reach(address, sizeof(*header));

	if (header == NULL || header->length < sizeof(*header) || header->length > TABLE_BYTES_MAX)
		return NULL;
	if (reach(address, header->length) == NULL ||
	    !sums_to_zero((const uint8_t *)header, header->length))
		return NULL;
	return header;
}

static const struct table_header *
find_table(const struct table_header *root, uint32_t entry_bytes, const char *signature)
{
	const uint8_t *entries = (const uint8_t *)(root + 1);
	uint32_t count = (root->length - (uint32_t)sizeof(*root)) / entry_bytes;

	for (uint32_t i = 0; i < count && i < TABLES_MAX; i++) {
		uint64_t address = 0;
		const struct table_header *table;

		memcpy(&address, entries + (size_t)i * entry_bytes, entry_bytes);
		table = table_at(address);
		if (table != NULL && memcmp(table->signature, signature, 4) == 0)
			return table;
	}
	return NULL;
}

static const struct table_header *
find_madt(paddr_t rsdp_address)
{
	const struct rsdp *rsdp = reach(rsdp_address, sizeof(*rsdp));
	const struct table_header *root;

	if (rsdp == NULL || memcmp(rsdp->signature, "RSD PTR ", 8) != 0 ||
	    !sums_to_zero((const uint8_t *)rsdp, 20))
		return NULL;
	if (rsdp->revision >= 2 && (root = table_at(rsdp->xsdt)) != NULL)
		return find_table(root, 8, "APIC");
	root = table_at(rsdp->rsdt);
	return root == NULL ? NULL : find_table(root, 4, "APIC");
}

static void
read_entry(const uint8_t *entry, uint8_t length, struct acpi_interrupts *out)
{
	uint32_t number;

	if (entry[0] == MADT_IOAPIC && length >= 12 && out->ioapic == 0) {
		memcpy(&number, entry + 4, 4);
		out->ioapic = number;
		memcpy(&out->ioapic_base, entry + 8, 4);
	} else if (entry[0] == MADT_OVERRIDE && length >= 10 && entry[3] < 16) {
		memcpy(&out->isa[entry[3]].global, entry + 4, 4);
		memcpy(&out->isa[entry[3]].flags, entry + 8, 2);
	} else if (entry[0] == MADT_LAPIC_ADDRESS && length >= 12) {
		memcpy(&out->lapic, entry + 4, 8);
	}
}

bool
acpi_find_interrupts(paddr_t rsdp, struct acpi_interrupts *out)
{
	const struct table_header *madt = find_madt(rsdp);
	const uint8_t *bytes = (const uint8_t *)madt;
	uint32_t at = sizeof(*madt) + 8;
	uint32_t lapic;

	memset(out, 0, sizeof(*out));
	if (madt == NULL || madt->length < at) {
		log_line(LOG_WARN, "acpi", "no interrupt table (MADT)");
		return false;
	}
	memcpy(&lapic, bytes + sizeof(*madt), 4);
	out->lapic = lapic;
	for (uint32_t line = 0; line < 16; line++)
		out->isa[line].global = line;
	while (madt->length - at >= 2) {
		uint8_t length = bytes[at + 1];

		if (length < 2 || length > madt->length - at)
			break;
		read_entry(bytes + at, length, out);
		at += length;
	}
	log_line(LOG_INFO, "acpi", "LAPIC at %llx, I/O APIC at %llx",
	    (unsigned long long)out->lapic, (unsigned long long)out->ioapic);
	return true;
}
