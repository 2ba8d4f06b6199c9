/* SPDX-License-Identifier: Apache-2.0 */
/* What loaders leave, and what is left by none that can be trusted: read, or named. */
#include "boot_info.h"

#include <string.h>

#include "base/test.h"
#include "foreign_test.h"

#define INFO 0x8000
#define PVH_MODULES 0x8100
#define PVH_MAP 0x8200
#define PVH_LINE 0x8300
#define INFO_END 0x8400
#define ENTRY_BYTES 24

static const char *
read(uint32_t magic, struct boot_memory *memory)
{
	const char *problem = boot_info_read(magic, INFO, foreign_map, memory);

	foreign_unmap();
	return problem;
}

static void
put_range(paddr_t at, uint64_t base, uint64_t bytes, uint32_t type)
{
	foreign_put(at, base, 8);
	foreign_put(at + 8, bytes, 8);
	foreign_put(at + 16, type, 4);
}

static void
put_pvh(void)
{
	memset(foreign, 0, sizeof(foreign));
	foreign_put(INFO, 0x336ec578, 4);
	foreign_put(INFO + 4, 1, 4);
	foreign_put(INFO + 12, 1, 4);
	foreign_put(INFO + 16, PVH_MODULES, 8);
	foreign_put(INFO + 24, PVH_LINE, 8);
	foreign_put(INFO + 32, 0xf0000, 8);
	foreign_put(INFO + 40, PVH_MAP, 8);
	foreign_put(INFO + 48, 3, 4);
	foreign_put(PVH_MODULES, 0x1000000, 8);
	foreign_put(PVH_MODULES + 8, 0x2345, 8);
	put_range(PVH_MAP, 0, 0x9fc00, 1);
	put_range(PVH_MAP + ENTRY_BYTES, 0x9fc00, 0x400, 2);
	put_range(PVH_MAP + 2 * ENTRY_BYTES, 0x100000, 0xff00000, 1);
	memcpy(foreign + (PVH_LINE - FOREIGN_BASE), "quiet nolapic", 14);
}

static paddr_t
put_tag(paddr_t at, uint32_t type, uint32_t bytes)
{
	foreign_put(at, type, 4);
	foreign_put(at + 4, bytes, 4);
	return at + ((bytes + 7) & ~7U);
}

/* Where put_multiboot2 puts each tag. */
#define MB2_LINE (INFO + 8)
#define MB2_MODULE (MB2_LINE + 16)
#define MB2_MAP (MB2_MODULE + 24)
#define MB2_ACPI_OLD (MB2_MAP + 64)
#define MB2_ACPI_NEW (MB2_ACPI_OLD + 32)
#define MB2_END (MB2_ACPI_NEW + 48)

static void
put_multiboot2(void)
{
	memset(foreign, 0, sizeof(foreign));
	foreign_put(INFO, MB2_END + 8 - INFO, 4);
	put_tag(MB2_LINE, 1, 14);
	memcpy(foreign + (MB2_LINE + 8 - FOREIGN_BASE), "quiet", 6);
	put_tag(MB2_MODULE, 3, 18);
	foreign_put(MB2_MODULE + 8, 0x1000000, 4);
	foreign_put(MB2_MODULE + 12, 0x1002345, 4);
	put_tag(MB2_MAP, 6, 16 + 2 * ENTRY_BYTES);
	foreign_put(MB2_MAP + 8, ENTRY_BYTES, 4);
	put_range(MB2_MAP + 16, 0, 0x9fc00, 1);
	put_range(MB2_MAP + 16 + ENTRY_BYTES, 0x100000, 0xff00000, 1);
	put_tag(MB2_ACPI_OLD, 14, 28);
	put_tag(MB2_ACPI_NEW, 15, 44);
	put_tag(MB2_END, 0, 8);
}

static void
check_good(const struct boot_memory *memory)
{
	CHECK_EQ(memory->usable_count, 2);
	CHECK_EQ(memory->usable[1].base, 0x100000);
	CHECK_EQ(memory->usable[1].bytes, 0xff00000);
	CHECK_EQ(memory->module_count, 1);
	CHECK_EQ(memory->module, 0x1000000);
	CHECK_EQ(memory->module_bytes, 0x2345);
}

TEST(pvh_information_is_read)
{
	struct boot_memory memory;

	put_pvh();
	CHECK_EQ(read(BOOT_MAGIC_PVH, &memory), NULL);
	check_good(&memory);
	CHECK_EQ(memory.rsdp, 0xf0000);
	CHECK_STR(memory.loader, "PVH");
	CHECK_STR(memory.command_line, "quiet nolapic");
}

TEST(multiboot2_information_is_read)
{
	struct boot_memory memory;

	put_multiboot2();
	CHECK_EQ(read(BOOT_MAGIC_MULTIBOOT2, &memory), NULL);
	check_good(&memory);
	CHECK_EQ(memory.rsdp, MB2_ACPI_NEW + 8);
	CHECK_STR(memory.loader, "Multiboot2");
	CHECK_STR(memory.command_line, "quiet");
}

TEST(modules_are_counted)
{
	struct boot_memory memory;

	put_pvh();
	foreign_put(INFO + 12, 0, 4);
	CHECK_EQ(read(BOOT_MAGIC_PVH, &memory), NULL);
	CHECK_EQ(memory.module_count, 0);
	foreign_put(INFO + 12, 7, 4);
	CHECK_EQ(read(BOOT_MAGIC_PVH, &memory), NULL);
	CHECK_EQ(memory.module_count, 7);
	put_multiboot2();
	foreign_put(MB2_MODULE, 77, 4);
	CHECK_EQ(read(BOOT_MAGIC_MULTIBOOT2, &memory), NULL);
	CHECK_EQ(memory.module_count, 0);
	put_multiboot2();
	put_tag(MB2_ACPI_OLD, 3, 28);
	CHECK_EQ(read(BOOT_MAGIC_MULTIBOOT2, &memory), NULL);
	CHECK_EQ(memory.module_count, 2);
}

TEST(words_of_the_command_line_are_whole)
{
	struct boot_memory memory = { .command_line = "nolapic2 xnolapic nolapic" };

	CHECK(boot_info_has_word(&memory, "nolapic"));
	CHECK(boot_info_has_word(&memory, "xnolapic"));
	CHECK(!boot_info_has_word(&memory, "lapic"));
	CHECK(!boot_info_has_word(&memory, "nolap"));
	memory.command_line[17] = '\0';
	CHECK(!boot_info_has_word(&memory, "nolapic"));
}

TEST(long_command_line_is_cut)
{
	struct boot_memory memory;

	put_pvh();
	memset(foreign + (PVH_LINE - FOREIGN_BASE), 'x', FOREIGN_BASE + FOREIGN_BYTES - PVH_LINE);
	CHECK_EQ(read(BOOT_MAGIC_PVH, &memory), NULL);
	CHECK_EQ(strlen(memory.command_line), sizeof(memory.command_line) - 1);
}

/* A line without an end, at the end of what is reachable. */
TEST(command_line_ends_with_the_memory)
{
	struct boot_memory memory;

	put_pvh();
	foreign[FOREIGN_BYTES - 1] = 'x';
	foreign_put(INFO + 24, FOREIGN_BASE + FOREIGN_BYTES - 1, 8);
	CHECK_EQ(read(BOOT_MAGIC_PVH, &memory), NULL);
	CHECK_STR(memory.command_line, "x");
}

TEST(memory_beyond_the_direct_map_is_not_used)
{
	struct boot_memory memory;

	put_pvh();
	put_range(PVH_MAP, UINT64_C(1) << 46, 0x1000, 1);
	CHECK_EQ(read(BOOT_MAGIC_PVH, &memory), NULL);
	CHECK_EQ(memory.usable_count, 1);
	put_range(PVH_MAP, UINT64_MAX - 0xfff, 0x1000, 1);
	CHECK_EQ(read(BOOT_MAGIC_PVH, &memory), NULL);
	CHECK_EQ(memory.usable_count, 1);
	put_range(PVH_MAP, 0x1000, UINT64_MAX, 1);
	CHECK_EQ(read(BOOT_MAGIC_PVH, &memory), NULL);
	CHECK_EQ(memory.usable_count, 1);
}

struct damage {
	uint32_t magic;
	paddr_t address;
	uint64_t value;
	uint32_t bytes;
	const char *problem;
};

static const struct damage damages[] = {
	{ 0, INFO, 0, 1, "the kernel was started by an unknown loader" },
	{ BOOT_MAGIC_PVH, INFO, 0, 4, "the PVH start information is not one" },
	{ BOOT_MAGIC_PVH, INFO + 4, 0, 4, "the PVH start information is not one" },
	{ BOOT_MAGIC_PVH, INFO + 48, 0xffffffff, 4, "the PVH memory map is too long" },
	{ BOOT_MAGIC_PVH, INFO + 48, 1024, 4, "the PVH memory map is out of reach" },
	{ BOOT_MAGIC_PVH, INFO + 40, 0, 8, "the PVH memory map is out of reach" },
	{ BOOT_MAGIC_PVH, INFO + 40, UINT64_MAX, 8, "the PVH memory map is out of reach" },
	{ BOOT_MAGIC_PVH, INFO + 48, 0, 4, "the loader names no usable memory" },
	{ BOOT_MAGIC_PVH, INFO + 16, 0, 8, "the PVH module list is out of reach" },
	{ BOOT_MAGIC_PVH, PVH_MODULES + 8, UINT64_MAX, 8,
	    "the boot package leaves the address space" },
	{ BOOT_MAGIC_MULTIBOOT2, INFO, 0, 4, "the Multiboot2 information is not one" },
	{ BOOT_MAGIC_MULTIBOOT2, INFO, 15, 4, "the Multiboot2 information is not one" },
	{ BOOT_MAGIC_MULTIBOOT2, INFO, 0xffffffff, 4, "the Multiboot2 information is not one" },
	{ BOOT_MAGIC_MULTIBOOT2, INFO, 0x8000, 4, "the Multiboot2 information is out of reach" },
	{ BOOT_MAGIC_MULTIBOOT2, INFO, MB2_END - INFO, 4, "the Multiboot2 information has no end" },
	{ BOOT_MAGIC_MULTIBOOT2, INFO, MB2_END + 7 - INFO, 4,
	    "the Multiboot2 information has no end" },
	{ BOOT_MAGIC_MULTIBOOT2, MB2_END, 1, 4, "the Multiboot2 information has no end" },
	{ BOOT_MAGIC_MULTIBOOT2, MB2_LINE + 4, 0, 4,
	    "a Multiboot2 tag leaves the information block" },
	{ BOOT_MAGIC_MULTIBOOT2, MB2_LINE + 4, 7, 4,
	    "a Multiboot2 tag leaves the information block" },
	{ BOOT_MAGIC_MULTIBOOT2, MB2_LINE + 4, 0xffffffff, 4,
	    "a Multiboot2 tag leaves the information block" },
	{ BOOT_MAGIC_MULTIBOOT2, MB2_MODULE + 4, 15, 4, "a Multiboot2 module tag is too short" },
	{ BOOT_MAGIC_MULTIBOOT2, MB2_MODULE + 12, 0xffffff, 4,
	    "a Multiboot2 module ends before it starts" },
	{ BOOT_MAGIC_MULTIBOOT2, MB2_MAP + 4, 8, 4, "the Multiboot2 memory map is too short" },
	{ BOOT_MAGIC_MULTIBOOT2, MB2_MAP + 8, 23, 4,
	    "the Multiboot2 memory map has short entries" },
	{ BOOT_MAGIC_MULTIBOOT2, MB2_MAP + 8, 0, 4, "the Multiboot2 memory map has short entries" },
	{ BOOT_MAGIC_MULTIBOOT2, MB2_MAP + 8, 0xffffffff, 4, "the loader names no usable memory" },
	{ BOOT_MAGIC_MULTIBOOT2, MB2_MAP, 77, 4, "the loader names no usable memory" },
};

TEST(damaged_information_is_named)
{
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const struct damage *damage = &damages[i];
		struct boot_memory memory;
		const char *problem;

		if (damage->magic == BOOT_MAGIC_MULTIBOOT2)
			put_multiboot2();
		else
			put_pvh();
		foreign_put(damage->address, damage->value, damage->bytes);
		problem = read(damage->magic, &memory);
		CHECK(problem != NULL);
		CHECK_STR(problem, damage->problem);
	}
}

/* Whatever is believed keeps what the rest of the kernel relies on. */
TEST(random_damage_is_believed_or_named)
{
	uint32_t believed = 0;
	uint32_t named = 0;

	for (uint32_t round = 0; round < 20000; round++) {
		uint32_t magic = round % 2 == 0 ? BOOT_MAGIC_PVH : BOOT_MAGIC_MULTIBOOT2;
		struct boot_memory memory;

		if (round % 2 == 0)
			put_pvh();
		else
			put_multiboot2();
		foreign_damage(INFO, round % 2 == 0 ? INFO_END - INFO : MB2_END + 8 - INFO);
		if (read(magic, &memory) != NULL) {
			named++;
			continue;
		}
		believed++;
		CHECK(memory.usable_count >= 1 && memory.usable_count <= 64);
		CHECK(memory.module + memory.module_bytes >= memory.module);
		for (uint32_t i = 0; i < memory.usable_count; i++)
			CHECK(memory.usable[i].base + memory.usable[i].bytes <= UINT64_C(1) << 46);
		CHECK(strlen(memory.command_line) < sizeof(memory.command_line));
	}
	CHECK(believed > 1000);
	CHECK(named > 1000);
}
