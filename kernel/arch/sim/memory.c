/* SPDX-License-Identifier: Apache-2.0 */
/* Page-table entries and the direct map of the simulated machine: physical memory is the arena. */
#include "arch/page_table.h"
#include "arch/sim/sim.h"
#include "base/assert.h"

#define PTE_PRESENT 0x1
#define PTE_WRITE 0x2
#define PTE_EXECUTE 0x4
#define PTE_KEPT 0x8

uint64_t
arch_pte_leaf(paddr_t frame, enum page_access access)
{
	switch (access) {
	case PAGE_ACCESS_NONE:
		return frame | PTE_KEPT;
	case PAGE_ACCESS_READ:
		return frame | PTE_PRESENT;
	case PAGE_ACCESS_WRITE:
		return frame | PTE_PRESENT | PTE_WRITE;
	case PAGE_ACCESS_EXECUTE:
		return frame | PTE_PRESENT | PTE_EXECUTE;
	}
	return 0;
}

uint64_t
arch_pte_table(paddr_t table)
{
	return table | PTE_PRESENT | PTE_WRITE;
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
	return entry & ~PAGE_MASK;
}

enum page_access
arch_pte_access(uint64_t entry)
{
	if (!(entry & PTE_PRESENT))
		return PAGE_ACCESS_NONE;
	if (entry & PTE_WRITE)
		return PAGE_ACCESS_WRITE;
	return entry & PTE_EXECUTE ? PAGE_ACCESS_EXECUTE : PAGE_ACCESS_READ;
}

void *
arch_direct_map(paddr_t address)
{
	KASSERT(address < sim.arena_bytes);
	return sim.arena + address;
}

paddr_t
arch_direct_unmap(const void *pointer)
{
	return (paddr_t)((const uint8_t *)pointer - sim.arena);
}

/* The kernel's half is the host's. */
void
arch_root_init(void *root_table)
{
	(void)root_table;
}

void
arch_tlb_flush_page(uaddr_t address)
{
	(void)address;
	sim.flushes++;
}

void
arch_tlb_flush_all(void)
{
	sim.flushes++;
}
