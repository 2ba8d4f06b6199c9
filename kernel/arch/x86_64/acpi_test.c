/* SPDX-License-Identifier: Apache-2.0 */
/* ACPI tables as firmware makes them, and as it should not: believed or named, never followed. */
#include "acpi.h"

#include <string.h>

#include "base/test.h"
#include "foreign_test.h"
#include "machine.h"

#define RSDP 0x8000
#define XSDT 0x8100
#define RSDT 0x8200
#define HPET 0x8300
#define MADT 0x8400
#define TABLES_END 0x8500

#define HEADER_BYTES 36
#define HPET_BYTES 56
#define MADT_BYTES (44 + 8 + 12 + 10 + 10)

static void
sum(paddr_t table, uint32_t bytes, uint32_t checksum_offset)
{
	uint8_t total = 0;

	foreign_put(table + checksum_offset, 0, 1);
	for (uint32_t i = 0; i < bytes; i++)
		total = (uint8_t)(total + foreign[table - FOREIGN_BASE + i]);
	foreign_put(table + checksum_offset, (uint8_t)-total, 1);
}

static void
put_header(paddr_t table, const char *signature, uint32_t bytes)
{
	memcpy(foreign + (table - FOREIGN_BASE), signature, 4);
	foreign_put(table + 4, bytes, 4);
}

static void
put_pointer(uint8_t revision)
{
	memcpy(foreign + (RSDP - FOREIGN_BASE), "RSD PTR ", 8);
	foreign_put(RSDP + 15, revision, 1);
	foreign_put(RSDP + 16, RSDT, 4);
	foreign_put(RSDP + 20, 36, 4);
	foreign_put(RSDP + 24, XSDT, 8);
	sum(RSDP, 20, 8);
	sum(RSDP, 36, 32);
}

static void
put_madt(void)
{
	paddr_t at = MADT + 44;

	put_header(MADT, "APIC", MADT_BYTES);
	foreign_put(MADT + 36, 0xfee00000, 4);
	foreign_put(at, 0x0800, 2); /* a processor */
	at += 8;
	foreign_put(at, 0x0c01, 2); /* the I/O APIC: id, address, base */
	foreign_put(at + 4, 0xfec00000, 4);
	at += 12;
	foreign_put(at, 0x0a02, 2); /* line 0 is input 2 */
	foreign_put(at + 4, 2, 4);
	at += 10;
	foreign_put(at, 0x0a02, 2); /* line 9 is level, low */
	foreign_put(at + 3, 9, 1);
	foreign_put(at + 4, 9, 4);
	foreign_put(at + 8, 0xf, 2);
}

static void
sum_tables(void)
{
	sum(XSDT, HEADER_BYTES + 16, 9);
	sum(RSDT, HEADER_BYTES + 8, 9);
	sum(HPET, HPET_BYTES, 9);
	sum(MADT, MADT_BYTES, 9);
}

static void
put_tables(void)
{
	memset(foreign, 0, sizeof(foreign));
	put_pointer(2);
	put_header(XSDT, "XSDT", HEADER_BYTES + 16);
	foreign_put(XSDT + HEADER_BYTES, HPET, 8);
	foreign_put(XSDT + HEADER_BYTES + 8, MADT, 8);
	put_header(RSDT, "RSDT", HEADER_BYTES + 8);
	foreign_put(RSDT + HEADER_BYTES, HPET, 4);
	foreign_put(RSDT + HEADER_BYTES + 4, MADT, 4);
	put_header(HPET, "HPET", HPET_BYTES);
	foreign_put(HPET + 44, 0xfed00000, 8);
	put_madt();
	sum_tables();
}

static const char *
read(struct acpi_machine *out)
{
	const char *problem = acpi_read(RSDP, foreign_map, out);

	foreign_unmap();
	return problem;
}

static void
check_good(const struct acpi_machine *machine)
{
	CHECK_EQ(machine->lapic, 0xfee00000);
	CHECK_EQ(machine->ioapic, 0xfec00000);
	CHECK_EQ(machine->ioapic_base, 0);
	CHECK_EQ(machine->hpet, 0xfed00000);
	CHECK_EQ(machine->isa[0].global, 2);
	CHECK_EQ(machine->isa[4].global, 4);
	CHECK_EQ(machine->isa[9].flags, 0xf);
}

TEST(acpi_tables_name_controllers_and_overrides)
{
	struct acpi_machine machine;

	put_tables();
	CHECK_EQ(read(&machine), NULL);
	check_good(&machine);
}

TEST(acpi_old_pointer_leads_through_the_rsdt)
{
	struct acpi_machine machine;

	put_tables();
	put_pointer(0);
	memset(foreign + (XSDT - FOREIGN_BASE), 0, HEADER_BYTES);
	CHECK_EQ(read(&machine), NULL);
	check_good(&machine);
}

TEST(acpi_damaged_new_pointer_falls_back_to_the_old_one)
{
	struct acpi_machine machine;

	put_tables();
	foreign_put(RSDP + 24, 0xffffffffffffff00, 8);
	CHECK_EQ(read(&machine), NULL);
	check_good(&machine);
	foreign_put(RSDP + 20, 0xffffffff, 4);
	CHECK_EQ(read(&machine), NULL);
	check_good(&machine);
}

TEST(acpi_lines_that_share_an_input_are_not_used)
{
	struct acpi_machine machine;

	put_tables();
	foreign_put(MADT + 44 + 8 + 12 + 10 + 4, 4, 4); /* line 9 is input 4, as line 4 is */
	sum_tables();
	CHECK_EQ(read(&machine), NULL);
	CHECK_EQ(machine.isa[4].global, 4);
	CHECK_EQ(machine.isa[9].global, ACPI_NO_INPUT);
	/* Line 2 is the cascade: its input is the timer's. */
	CHECK_EQ(machine.isa[2].global, ACPI_NO_INPUT);
}

struct damage {
	paddr_t address;
	uint64_t value;
	uint32_t bytes;
	bool sum_again;
	const char *problem;
};

static const char no_controllers[] = "no interrupt table (MADT)";

static const struct damage damages[] = {
	{ RSDP, 'X', 1, false, "the ACPI root pointer is damaged" },
	{ RSDP + 8, 0x5a, 1, false, "the ACPI root pointer is damaged" },
	{ MADT + 9, 0x5a, 1, false, no_controllers },
	{ MADT + 4, 35, 4, true, no_controllers },
	{ MADT + 4, 0xffffffff, 4, true, no_controllers },
	{ MADT + 4, 0x10000, 4, true, no_controllers },
	{ MADT, 'X', 1, true, no_controllers },
	{ XSDT + HEADER_BYTES + 8, 0, 8, true, no_controllers },
	{ XSDT + HEADER_BYTES + 8, 0xfffffffffffffff0, 8, true, no_controllers },
	{ MADT + 44 + 1, 0, 1, true, "an entry leaves the interrupt table (MADT)" },
	{ MADT + 44 + 1, 1, 1, true, "an entry leaves the interrupt table (MADT)" },
	{ MADT + 44 + 1, 0xff, 1, true, "an entry leaves the interrupt table (MADT)" },
	{ MADT + 36, 0, 4, true, "the local APIC is not where devices are" },
	{ MADT + 36, 0xfee00800, 4, true, "the local APIC is not where devices are" },
	{ MADT + 36, 0x100000, 4, true, "the local APIC is not where devices are" },
	{ MADT + 36, 0xff000000, 4, true, "the local APIC is not where devices are" },
	{ MADT + 44 + 8 + 4, 0, 4, true, "the I/O APIC is not where devices are" },
	{ MADT + 44 + 8 + 4, 0x1000, 4, true, "the I/O APIC is not where devices are" },
	{ MADT + 44 + 8, 0x7f, 1, true, "the I/O APIC is not where devices are" },
};

TEST(acpi_damaged_tables_are_named)
{
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const struct damage *damage = &damages[i];
		struct acpi_machine machine;
		const char *problem;

		put_tables();
		foreign_put(damage->address, damage->value, damage->bytes);
		if (damage->sum_again)
			sum_tables();
		problem = read(&machine);
		CHECK(problem != NULL);
		CHECK_STR(problem, damage->problem);
	}
}

TEST(acpi_empty_root_table_names_nothing)
{
	struct acpi_machine machine;

	put_tables();
	foreign_put(XSDT + 4, HEADER_BYTES, 4);
	sum(XSDT, HEADER_BYTES, 9);
	CHECK_STR(read(&machine), no_controllers);
	CHECK_EQ(machine.hpet, 0);
}

TEST(acpi_without_a_pointer_is_named)
{
	struct acpi_machine machine;

	CHECK_STR(acpi_read(0, foreign_map, &machine), "no ACPI tables");
	CHECK_STR(acpi_read(UINT64_MAX - 3, foreign_map, &machine), "no ACPI tables");
	CHECK_EQ(machine.hpet, 0);
}

TEST(acpi_truncated_interrupt_table_is_named)
{
	for (uint32_t bytes = HEADER_BYTES; bytes < MADT_BYTES; bytes++) {
		struct acpi_machine machine;

		put_tables();
		foreign_put(MADT + 4, bytes, 4);
		sum(MADT, bytes, 9);
		/* It may end between two entries, but not before the I/O APIC's. */
		if (read(&machine) == NULL)
			CHECK(bytes >= 44 + 8 + 12 && machine.ioapic == 0xfec00000);
	}
}

TEST(acpi_hpet_elsewhere_than_in_device_memory_is_none)
{
	static const uint64_t addresses[] = { 0, 0x1000, 0xfed00400, 0xffffffffffffffff };
	struct acpi_machine machine;

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		put_tables();
		foreign_put(HPET + 44, addresses[i], 8);
		sum_tables();
		CHECK_EQ(read(&machine), NULL);
		CHECK_EQ(machine.hpet, 0);
	}
	put_tables();
	foreign_put(HPET + 40, 1, 1); /* ports */
	sum_tables();
	CHECK_EQ(read(&machine), NULL);
	CHECK_EQ(machine.hpet, 0);
}

/* Random damage, half of it with checksums that are right: what is believed can be used. */
TEST(acpi_random_damage_is_believed_or_named)
{
	uint32_t believed = 0;
	uint32_t named = 0;

	for (uint32_t round = 0; round < 20000; round++) {
		struct acpi_machine machine;

		put_tables();
		foreign_damage(RSDP, TABLES_END - RSDP);
		if (round % 2 == 0) {
			sum(RSDP, 20, 8);
			sum_tables();
		}
		if (read(&machine) != NULL) {
			named++;
			continue;
		}
		believed++;
		CHECK(machine.lapic >= DEVICES_BASE && machine.lapic < DEVICES_END);
		CHECK(machine.ioapic >= DEVICES_BASE && machine.ioapic < DEVICES_END);
	}
	CHECK(believed > 1000);
	CHECK(named > 1000);
}
