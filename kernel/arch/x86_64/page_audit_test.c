/* SPDX-License-Identifier: Apache-2.0 */
/* The audit counts what a processor would allow: a right that one level denies is denied. */
#include "page_audit.h"

#include <string.h>

#include "arch/page_table.h"
#include "base/test.h"

#define TABLE(entry_flags) ((entry_flags) | PTE_PRESENT)

static _Alignas(4096) uint64_t tables[5][ARCH_PT_ENTRIES];

/* A "physical" address is the number of a table. */
static paddr_t
frame(uint32_t index)
{
	return (paddr_t)(index + 1) << 12;
}

static const uint64_t *
map(paddr_t table)
{
	CHECK(table >= frame(0) && table <= frame(4));
	return tables[(table >> 12) - 1];
}

/* One mapping below four levels, at the last index of each. */
static void
one_mapping(const uint64_t flags[4], struct page_audit *out)
{
	memset(tables, 0, sizeof(tables));
	for (uint32_t level = 0; level < 4; level++)
		tables[level][511] = frame(level + 1) | PTE_PRESENT | flags[level];
	page_audit(tables[0], map, out);
}

#define ALL (PTE_WRITE | PTE_USER)

TEST(a_mapping_has_what_all_levels_allow)
{
	struct page_audit found;

	one_mapping((const uint64_t[]){ ALL, ALL, ALL, ALL }, &found);
	CHECK_EQ(found.mappings, 1);
	CHECK_EQ(found.write_execute, 1);
	CHECK_EQ(found.user, 1);
	for (uint32_t level = 0; level < 4; level++) {
		uint64_t flags[4] = { ALL, ALL, ALL, ALL };

		flags[level] = PTE_USER;
		one_mapping(flags, &found);
		CHECK_EQ(found.writable, 0);
		CHECK_EQ(found.write_execute, 0);
		flags[level] = ALL | PTE_NX;
		one_mapping(flags, &found);
		CHECK_EQ(found.executable, 0);
		CHECK_EQ(found.writable, 1);
		flags[level] = PTE_WRITE;
		one_mapping(flags, &found);
		CHECK_EQ(found.user, 0);
		CHECK_EQ(found.write_execute, 1);
	}
}

TEST(a_large_page_is_one_mapping)
{
	struct page_audit found;

	memset(tables, 0, sizeof(tables));
	tables[0][256] = TABLE(frame(1) | PTE_WRITE);
	tables[1][0] = TABLE(frame(2) | PTE_WRITE);
	tables[1][1] = TABLE(PTE_LARGE | PTE_WRITE | PTE_NX);
	tables[2][7] = TABLE(PTE_LARGE | PTE_WRITE);
	page_audit(tables[0], map, &found);
	CHECK_EQ(found.mappings, 2);
	CHECK_EQ(found.writable, 2);
	CHECK_EQ(found.executable, 1);
	CHECK_EQ(found.write_execute, 1);
	CHECK_EQ(found.user, 0);
}

TEST(a_full_table_is_counted_to_its_ends)
{
	struct page_audit found;

	memset(tables, 0, sizeof(tables));
	tables[0][0] = TABLE(frame(1));
	tables[1][0] = TABLE(frame(2));
	tables[2][0] = TABLE(frame(3));
	for (uint32_t i = 0; i < ARCH_PT_ENTRIES; i++)
		tables[3][i] = TABLE(frame(4) | (i % 2 == 0 ? PTE_NX : 0));
	page_audit(tables[0], map, &found);
	CHECK_EQ(found.mappings, ARCH_PT_ENTRIES);
	CHECK_EQ(found.executable, ARCH_PT_ENTRIES / 2);
	CHECK_EQ(found.writable, 0);
}

TEST(entries_that_are_not_present_are_nothing)
{
	struct page_audit found;

	memset(tables, 0, sizeof(tables));
	tables[0][3] = frame(1) | PTE_WRITE | PTE_KEPT;
	page_audit(tables[0], map, &found);
	CHECK_EQ(found.mappings, 0);
}
