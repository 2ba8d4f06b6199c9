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
#include "boot_info.h"
#include "instructions.h"
#include "machine.h"
#include "page_audit.h"

#define LARGE_BYTES UINT64_C(0x200000)

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

/* The image stands within the first large pages. */
static paddr_t
image_direct_end(void)
{
	return ((uint64_t)kernel_end - KERNEL_BASE + LARGE_BYTES - 1) & ~(LARGE_BYTES - 1);
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

static bool
is_guard(uint64_t address)
{
	if (address == (uint64_t)cpu_stack_guard)
		return true;
	for (uint32_t i = 0; i < IST_STACKS; i++)
		if (address == (uint64_t)ist_stacks + i * IST_STRIDE)
			return true;
	return false;
}

static void
map_segment(const char *start, const char *end, uint64_t access)
{
	for (uint64_t address = (uint64_t)start; address < (uint64_t)end; address += PAGE_BYTES)
		if (!is_guard(address))
			map_kernel(address,
			    (address - KERNEL_BASE) | access | PTE_PRESENT | PTE_GLOBAL, 1);
}

static void
map_direct(paddr_t base, paddr_t end, uint64_t caching)
{
	for (paddr_t at = base & ~(LARGE_BYTES - 1); at < end; at += LARGE_BYTES)
		if (at >= image_direct_end())
			map_kernel(DIRECT_MAP + at,
			    at | caching | PTE_PRESENT | PTE_WRITE | PTE_NX | PTE_GLOBAL, 2);
}

/* Around the image in small pages: what is read-only there is so by every address. */
static void
map_image_direct(void)
{
	paddr_t read_only_start = (uint64_t)kernel_text_start - KERNEL_BASE;
	paddr_t read_only_end = (uint64_t)kernel_rodata_end - KERNEL_BASE;

	for (paddr_t at = 0; at < image_direct_end(); at += PAGE_BYTES) {
		bool writable = at < read_only_start || at >= read_only_end;

		map_kernel(DIRECT_MAP + at,
		    at | (writable ? PTE_WRITE : 0) | PTE_PRESENT | PTE_NX | PTE_GLOBAL, 1);
	}
}

static const uint64_t *
audit_map(paddr_t table)
{
	return arch_direct_map(table);
}

/* The promise is read back from the tables that are in force. */
static void
audit(void)
{
	struct page_audit found;

	page_audit(kernel_root, audit_map, &found);
	KASSERT(found.executable == (uint64_t)(kernel_text_end - kernel_text_start) / PAGE_BYTES);
	KASSERT(found.write_execute == 0);
	KASSERT(found.user == 0);
	log_line(LOG_INFO, "paging",
	    "%llu kernel mappings, %llu executable, none writable and executable, none for users",
	    (unsigned long long)found.mappings, (unsigned long long)found.executable);
}

/*
 * Processes share the entries of the root's upper half that exist now: the kernel maps nothing
 * later.
 */
void
paging_init(const struct boot_memory *memory)
{
	kernel_root = table_new();
	map_segment(kernel_text_start, kernel_text_end, 0);
	map_segment(kernel_rodata_start, kernel_rodata_end, PTE_NX);
	map_segment(kernel_data_start, kernel_data_end, PTE_NX | PTE_WRITE);
	map_image_direct();
	for (uint32_t i = 0; i < memory->usable_count; i++)
		map_direct(
		    memory->usable[i].base, memory->usable[i].base + memory->usable[i].bytes, 0);
	map_direct(memory->module, memory->module + memory->module_bytes, 0);
	map_direct(DEVICES_BASE, DEVICES_END, PTE_UNCACHED);
	cr3_write(arch_direct_unmap(kernel_root));
	audit();
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
