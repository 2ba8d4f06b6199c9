/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first instructions. Two doors into one image: Multiboot2 (GRUB, from BIOS or UEFI) and PVH (QEMU's -kernel); both enter
 * in 32-bit protected mode without paging. A first set of page tables maps 4 GiB three times: where it is, at the
 * direct map, and (1 GiB of it) at the kernel's link address. arch_start() in start.c builds the final ones.
 */
	.set KERNEL_BASE, 0xffffffff80000000
	.set BOOT_MAGIC_PVH, 0x50564831

	.section .boot.header, "a"
	.balign 8
multiboot2_header:
	.long 0xe85250d6, 0, multiboot2_end - multiboot2_header
	.long -(0xe85250d6 + (multiboot2_end - multiboot2_header))
	.short 1, 0		/* information request: memory map, modules, ACPI old and new */
	.long 8 + 4 * 4
	.long 6, 3, 14, 15
	.balign 8
	.short 6, 0		/* modules on page boundaries */
	.long 8
	.balign 8
	.short 0, 0
	.long 8
multiboot2_end:

	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 4, 18		/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long boot_pvh

	.section .boot.text, "ax"
	.code32
	.globl boot_multiboot2
boot_multiboot2:
	mov %ebx, %esi
	mov %eax, %edi
	jmp 1f
boot_pvh:
	mov %ebx, %esi
	mov $BOOT_MAGIC_PVH, %edi
1:	cli
	cld
	mov $0x80000001, %eax
	cpuid
	bt $29, %edx		/* long mode */
	jnc no_long_mode
	bt $20, %edx		/* no-execute */
	jnc no_long_mode
	/* 2048 entries of 2 MiB: 4 GiB */
	mov $boot_pd, %edx
	mov $0x83, %eax
	mov $2048, %ecx
2:	mov %eax, (%edx)
	movl $0, 4(%edx)
	add $0x200000, %eax
	add $8, %edx
	loop 2b
	/* four directories in the low table; the first at the kernel's gigabyte as well */
	mov $boot_pd + 3, %eax
	mov %eax, boot_pdpt_low
	add $4096, %eax
	mov %eax, boot_pdpt_low + 8
	add $4096, %eax
	mov %eax, boot_pdpt_low + 16
	add $4096, %eax
	mov %eax, boot_pdpt_low + 24
	movl $boot_pd + 3, boot_pdpt_high + 510 * 8
	movl $boot_pdpt_low + 3, boot_pml4
	movl $boot_pdpt_low + 3, boot_pml4 + 256 * 8
	movl $boot_pdpt_high + 3, boot_pml4 + 511 * 8
	mov $boot_pml4, %eax
	mov %eax, %cr3
	mov %cr4, %eax
	or $0x20, %eax		/* PAE */
	mov %eax, %cr4
	mov $0xc0000080, %ecx
	rdmsr
	or $0x900, %eax		/* LME, NXE */
	wrmsr
	mov %cr0, %eax
	and $~0x6000000c, %eax	/* no TS, no EM, caches on */
	or $0x80010023, %eax	/* PG, WP, NE, MP, PE */
	mov %eax, %cr0
	lgdt boot_gdt_pointer
	ljmp $8, $boot_long

/* There is no C without long mode: the line and the exit code of BOOT_EXIT_CPU from here. */
no_long_mode:
	mov $no_long_mode_text, %esi
	mov $0x3f8, %dx		/* COM1, as the firmware left it */
3:	lodsb
	test %al, %al
	jz 4f
	out %al, %dx
	jmp 3b
4:	mov $112, %al
	mov $0xf4, %dx
	out %al, %dx
5:	cli
	hlt
	jmp 5b

	.code64
boot_long:
	mov $16, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	xor %eax, %eax
	mov %eax, %fs
	mov %eax, %gs
	mov %edi, %edi
	mov %esi, %esi
	movabs $boot_high, %rax
	jmp *%rax

	.section .boot.data, "aw"
no_long_mode_text:
	.asciz "capos: boot: fatal: this processor has no 64-bit mode, or no execute protection\r\n"
	.balign 8
boot_gdt:
	.quad 0, 0x00af9a000000ffff, 0x00cf92000000ffff
boot_gdt_pointer:
	.short boot_gdt_pointer - boot_gdt - 1
	.long boot_gdt, 0

	.section .boot.bss, "aw", @nobits
	.balign 4096
boot_pml4:	.skip 4096
boot_pdpt_low:	.skip 4096
boot_pdpt_high:	.skip 4096
boot_pd:	.skip 4096 * 4

	.section .text, "ax"
boot_high:
	lea cpu_stack_top(%rip), %rsp
	xor %ebp, %ebp
	call arch_start
	ud2

/* The kernel stack of the boot CPU, and three for faults that need one of their own; a guard page below each. */
	.section .bss, "aw", @nobits
	.balign 4096
	.globl cpu_stack_guard, cpu_stack_top, ist_stacks
cpu_stack_guard: .skip 4096
	.skip 4096 * 4
cpu_stack_top:
ist_stacks:
	.skip 3 * 4096 * 3
	.section .note.GNU-stack, "", @progbits
