/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI as far as interrupts and timers need it: RSDP, then XSDT or RSDT, then MADT and HPET (ACPI
 * 6.4, sections 5.2.5 to 5.2.12; IA-PC HPET 1.0a, section 3.2.4). Every length is checked, and a
 * table with a wrong checksum does not exist.
 */
#include "acpi.h"

#include <core/string.h>

#include "machine.h"

#define TABLES_MAX 256
#define TABLE_BYTES_MAX (1 << 20)
#define RSDP_BYTES_OLD 20
#define RSDP_BYTES_MAX 256

#define MADT_ENTRIES 44 /* where they begin: behind the header, the LAPIC's address and flags */
#define MADT_IOAPIC 1
#define MADT_OVERRIDE 2
#define MADT_LAPIC_ADDRESS 5

#define HPET_BYTES_MIN 56
#define HPET_SPACE 40
#define HPET_ADDRESS 44

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

/* The root table, with 4 or 8 bytes for each entry; the header is a copy. */
struct root {
	const uint8_t *bytes;
	uint32_t length;
	uint32_t entry_bytes;
};

static bool
sums_to_zero(const uint8_t *bytes, uint32_t byte_count)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < byte_count; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum == 0;
}

/* The table's bytes if it is whole, else NULL. */
static const uint8_t *
table_at(paddr_t address, boot_map_fn map, struct table_header *header)
{
	const uint8_t *bytes = map(address, sizeof(*header));

	if (bytes == NULL)
		return NULL;
	memcpy(header, bytes, sizeof(*header));
	if (header->length < sizeof(*header) || header->length > TABLE_BYTES_MAX)
		return NULL;
	bytes = map(address, header->length);
	if (bytes == NULL || !sums_to_zero(bytes, header->length))
		return NULL;
	return bytes;
}

static const uint8_t *
find_table(const struct root *root, const char *signature, boot_map_fn map, uint32_t *length)
{
	uint32_t count = (root->length - (uint32_t)sizeof(struct table_header)) / root->entry_bytes;

	for (uint32_t i = 0; i < count && i < TABLES_MAX; i++) {
		struct table_header header;
		uint64_t address = 0;
		const uint8_t *table;

		memcpy(&address, root->bytes + sizeof(header) + (size_t)i * root->entry_bytes,
		    root->entry_bytes);
		table = table_at(address, map, &header);
		if (table != NULL && memcmp(header.signature, signature, 4) == 0) {
			*length = header.length;
			return table;
		}
	}
	return NULL;
}

static bool
read_root(paddr_t address, uint32_t entry_bytes, boot_map_fn map, struct root *out)
{
	struct table_header header;
	const char *signature = entry_bytes == 8 ? "XSDT" : "RSDT";

	out->bytes = table_at(address, map, &header);
	if (out->bytes == NULL || memcmp(header.signature, signature, 4) != 0)
		return false;
	out->length = header.length;
	out->entry_bytes = entry_bytes;
	return true;
}

/* A new pointer has a second checksum over all of it; where that fails, the old part may hold. */
static bool
is_new_pointer(paddr_t address, const struct rsdp *rsdp, boot_map_fn map)
{
	const uint8_t *bytes;

	if (rsdp->revision < 2 || rsdp->length < sizeof(*rsdp) || rsdp->length > RSDP_BYTES_MAX)
		return false;
	bytes = map(address, rsdp->length);
	return bytes != NULL && sums_to_zero(bytes, rsdp->length);
}

static const char *
find_root(paddr_t address, boot_map_fn map, struct root *out)
{
	struct rsdp rsdp = { 0 };
	const uint8_t *bytes = map(address, RSDP_BYTES_OLD);

	if (bytes == NULL)
		return "no ACPI tables";
	memcpy(&rsdp, bytes, RSDP_BYTES_OLD);
	if (memcmp(rsdp.signature, "RSD PTR ", 8) != 0 || !sums_to_zero(bytes, RSDP_BYTES_OLD))
		return "the ACPI root pointer is damaged";
	if (rsdp.revision >= 2 && (bytes = map(address, sizeof(rsdp))) != NULL)
		memcpy(&rsdp, bytes, sizeof(rsdp));
	if (is_new_pointer(address, &rsdp, map) && read_root(rsdp.xsdt, 8, map, out))
		return NULL;
	return read_root(rsdp.rsdt, 4, map, out) ? NULL : "the ACPI root table is damaged";
}

static void
read_entry(const uint8_t *entry, uint8_t length, struct acpi_machine *out)
{
	uint32_t number;

	if (entry[0] == MADT_IOAPIC && length >= 12 && out->ioapic == 0) {
		memcpy(&number, entry + 4, 4);
		out->ioapic = number;
		memcpy(&out->ioapic_base, entry + 8, 4);
	} else if (entry[0] == MADT_OVERRIDE && length >= 10 && entry[3] < ACPI_ISA_LINES) {
		memcpy(&out->isa[entry[3]].global, entry + 4, 4);
		memcpy(&out->isa[entry[3]].flags, entry + 8, 2);
	} else if (entry[0] == MADT_LAPIC_ADDRESS && length >= 12) {
		memcpy(&out->lapic, entry + 4, 8);
	}
}

/* Of lines that share an input only the first can be used: its holder would mask the others. */
static void
drop_shared_inputs(struct acpi_machine *out)
{
	for (uint32_t line = 1; line < ACPI_ISA_LINES; line++)
		for (uint32_t other = 0; other < line; other++)
			if (out->isa[other].global == out->isa[line].global)
				out->isa[line].global = ACPI_NO_INPUT;
}

static bool
is_device_page(paddr_t address)
{
	return (address & PAGE_MASK) == 0 && address >= DEVICES_BASE && address < DEVICES_END;
}

static const char *
read_madt(const uint8_t *madt, uint32_t length, struct acpi_machine *out)
{
	uint32_t lapic;
	uint32_t at = MADT_ENTRIES;

	if (length < MADT_ENTRIES)
		return "the interrupt table (MADT) is too short";
	memcpy(&lapic, madt + sizeof(struct table_header), 4);
	out->lapic = lapic;
	for (uint32_t line = 0; line < ACPI_ISA_LINES; line++)
		out->isa[line].global = line;
	while (length - at >= 2) {
		uint8_t entry_bytes = madt[at + 1];

		if (entry_bytes < 2 || entry_bytes > length - at)
			return "an entry leaves the interrupt table (MADT)";
		read_entry(madt + at, entry_bytes, out);
		at += entry_bytes;
	}
	drop_shared_inputs(out);
	if (!is_device_page(out->lapic))
		return "the local APIC is not where devices are";
	if (!is_device_page(out->ioapic))
		return "the I/O APIC is not where devices are";
	return NULL;
}

static paddr_t
read_hpet(const uint8_t *table, uint32_t length)
{
	uint64_t address;

	/* Address space 0 is memory. */
	if (table == NULL || length < HPET_BYTES_MIN || table[HPET_SPACE] != 0)
		return 0;
	memcpy(&address, table + HPET_ADDRESS, sizeof(address));
	return is_device_page(address) ? address : 0;
}

const char *
acpi_read(paddr_t rsdp, boot_map_fn map, struct acpi_machine *out)
{
	struct root root;
	const uint8_t *table;
	uint32_t length = 0;
	const char *problem;

	memset(out, 0, sizeof(*out));
	problem = find_root(rsdp, map, &root);
	if (problem != NULL)
		return problem;
	table = find_table(&root, "HPET", map, &length);
	out->hpet = read_hpet(table, length);
	table = find_table(&root, "APIC", map, &length);
	if (table == NULL)
		return "no interrupt table (MADT)";
	return read_madt(table, length, out);
}
