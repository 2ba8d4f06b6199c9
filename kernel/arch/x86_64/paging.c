/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own page tables. The image is mapped page by page with the access of each segment,
 * all RAM and the interrupt controllers at the direct map without execution; the first tables'
 * identity map is gone afterwards. Guard pages below stacks are holes in the image's map. Tables
 * are taken from frames that nobody pays for: they stay for ever.
 */
#include <core/string.h>

#include "arch/page_table.h"
#include "base/assert.h"
#include "base/log.h"
#include "instructions.h"
#include "machine.h"

#define PTE_PRESENT UINT64_C(1)
#define PTE_WRITE UINT64_C(2)
#define PTE_USER UINT64_C(4)
#define PTE_UNCACHED UINT64_C(0x18) /* write-through and cache-disable */
#define PTE_LARGE UINT64_C(0x80)
#define PTE_GLOBAL UINT64_C(0x100)
#define PTE_KEPT UINT64_C(0x200) /* ours: not present, but the frame is kept */
#define PTE_NX (UINT64_C(1) << 63)
#define PTE_FRAME UINT64_C(0x000ffffffffff000)

#define LARGE_BYTES UINT64_C(0x200000)
#define DEVICES_BASE UINT64_C(0xfec00000)
#define DEVICES_END UINT64_C(0xff000000)

static uint64_t *kernel_root;

void *
arch_direct_map(paddr_t address)
{
	return (void *)(address + DIRECT_MAP);
}

paddr_t
arch_direct_unmap(const void *pointer)
{
	return (uint64_t)pointer - DIRECT_MAP;
}

static uint64_t *
table_new(void)
{
	paddr_t frame;
	enum cap_status status = frame_alloc_pool(&frame);

	KASSERT(status == CAP_OK);
	memset(arch_direct_map(frame), 0, PAGE_BYTES);
	return arch_direct_map(frame);
}

static uint64_t *
table_below(uint64_t *table, uint32_t index)
{
	if (table[index] == 0)
		table[index] = arch_direct_unmap(table_new()) | PTE_PRESENT | PTE_WRITE;
	return arch_direct_map(table[index] & PTE_FRAME);
}

/* `level` 1 maps a page, 2 a large page. */
static void
map_kernel(uint64_t address, uint64_t entry, uint32_t level)
{
	uint64_t *table = kernel_root;

	for (uint32_t at = 4; at > level; at--)
		table = table_below(table, address >> (12 + 9 * (at - 1)) & 511);
	table[address >> (12 + 9 * (level - 1)) & 511] = entry | (level == 2 ? PTE_LARGE : 0);
}

static void
map_segment(const char *start, const char *end, uint64_t access)
{
	for (uint64_t address = (uint64_t)start; address < (uint64_t)end; address += PAGE_BYTES) {
		if (address == (uint64_t)cpu_stack_guard || address == (uint64_t)ist_stack_guard)
			continue;
		map_kernel(address, (address - KERNEL_BASE) | access | PTE_PRESENT | PTE_GLOBAL, 1);
	}
}

static void
map_direct(paddr_t base, paddr_t end, uint64_t access)
{
	for (paddr_t at = base & ~(LARGE_BYTES - 1); at < end; at += LARGE_BYTES)
		map_kernel(DIRECT_MAP + at,
		    at | access | PTE_PRESENT | PTE_WRITE | PTE_NX | PTE_GLOBAL, 2);
}

/* Walk what is mapped and count pages that are writable and executable: there must be none. */
static uint64_t
count_write_execute(const uint64_t *table, uint32_t level, uint64_t *pages)
{
	uint64_t bad = 0;

	for (uint32_t i = 0; i < 512; i++) {
		uint64_t entry = table[i];

		if (!(entry & PTE_PRESENT))
			continue;
		if (level > 1 && !(entry & PTE_LARGE)) {
			bad += count_write_execute(
			    arch_direct_map(entry & PTE_FRAME), level - 1, pages);
			continue;
		}
		(*pages)++;
		bad += (entry & PTE_WRITE) != 0 && (entry & PTE_NX) == 0;
	}
	return bad;
}

void
paging_init(const struct boot_memory *memory)
{
	uint64_t pages = 0;
	uint64_t bad;

	kernel_root = table_new();
	map_segment(kernel_text_start, kernel_text_end, 0);
	map_segment(kernel_rodata_start, kernel_rodata_end, PTE_NX);
	map_segment(kernel_data_start, kernel_data_end, PTE_NX | PTE_WRITE);
	for (uint32_t i = 0; i < memory->usable_count; i++)
		map_direct(
		    memory->usable[i].base, memory->usable[i].base + memory->usable[i].bytes, 0);
	/* The image, the boot package and the firmware's tables may lie between usable ranges. */
	map_direct(0, LARGE_BYTES * 16, 0);
	map_direct(memory->module, memory->module + memory->module_bytes, 0);
	map_direct(DEVICES_BASE, DEVICES_END, PTE_UNCACHED);
	/* Every upper half must exist before processes copy it: none is added later. */
	for (uint32_t i = 256; i < 512; i++)
		(void)table_below(kernel_root, i);
	cr3_write(arch_direct_unmap(kernel_root));
	bad = count_write_execute(kernel_root, 4, &pages);
	KASSERT(bad == 0);
	log_line(LOG_INFO, "paging", "%llu kernel mappings, none writable and executable",
	    (unsigned long long)pages);
}

paddr_t
paging_kernel_root(void)
{
	return arch_direct_unmap(kernel_root);
}

volatile void *
paging_device(paddr_t address)
{
	KASSERT(address >= DEVICES_BASE && address < DEVICES_END);
	return arch_direct_map(address);
}

void
arch_root_init(void *root_table)
{
	memcpy((uint64_t *)root_table + 256, kernel_root + 256, 256 * sizeof(uint64_t));
}

uint64_t
arch_pte_leaf(paddr_t frame, enum page_access access)
{
	switch (access) {
	case PAGE_ACCESS_READ:
		return frame | PTE_PRESENT | PTE_USER | PTE_NX;
	case PAGE_ACCESS_WRITE:
		return frame | PTE_PRESENT | PTE_USER | PTE_WRITE | PTE_NX;
	case PAGE_ACCESS_EXECUTE:
		return frame | PTE_PRESENT | PTE_USER;
	case PAGE_ACCESS_NONE:
	default:
		return frame | PTE_KEPT;
	}
}

uint64_t
arch_pte_table(paddr_t table)
{
	return table | PTE_PRESENT | PTE_USER | PTE_WRITE;
}

bool
arch_pte_is_present(uint64_t entry)
{
	return (entry & PTE_PRESENT) != 0;
}

bool
arch_pte_is_used(uint64_t entry)
{
	return (entry & (PTE_PRESENT | PTE_KEPT)) != 0;
}

paddr_t
arch_pte_frame(uint64_t entry)
{
	return entry & PTE_FRAME;
}

enum page_access
arch_pte_access(uint64_t entry)
{
	if (!(entry & PTE_PRESENT))
		return PAGE_ACCESS_NONE;
	if (entry & PTE_WRITE)
		return PAGE_ACCESS_WRITE;
	return entry & PTE_NX ? PAGE_ACCESS_READ : PAGE_ACCESS_EXECUTE;
}

void
arch_tlb_flush_page(uaddr_t address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

void
arch_tlb_flush_all(void)
{
	cr3_write(cr3_read());
}
