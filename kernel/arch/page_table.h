/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The form of page tables: four levels of 512 64-bit entries. Walking and editing is portable
 * (mm/page_table.c); the machine only says how an entry is written and how stale translations are
 * dropped.
 */
#include "base/types.h"

#define ARCH_PT_LEVELS 4
#define ARCH_PT_ENTRIES 512

enum page_access {
	PAGE_ACCESS_NONE, /* not present; the frame is kept in the entry */
	PAGE_ACCESS_READ,
	PAGE_ACCESS_WRITE,   /* and read */
	PAGE_ACCESS_EXECUTE, /* and read */
};

/* A leaf entry for user space. Never writable and executable. */
uint64_t arch_pte_leaf(paddr_t frame, enum page_access access);
/* An entry that points to a lower table. */
uint64_t arch_pte_table(paddr_t table);
bool arch_pte_is_present(uint64_t entry);
/* Not zero: present, or a kept frame with PAGE_ACCESS_NONE. */
bool arch_pte_is_used(uint64_t entry);
paddr_t arch_pte_frame(uint64_t entry);
enum page_access arch_pte_access(uint64_t entry);

/* A physical address through the direct map. */
void *arch_direct_map(paddr_t address);
paddr_t arch_direct_unmap(const void *pointer);

/* Copy the kernel's half into a new root. */
void arch_root_init(void *root_table);

/* Drop this CPU's translations of one user page, or of all user pages of the current root. */
void arch_tlb_flush_page(uaddr_t address);
void arch_tlb_flush_all(void);
