/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways into and out of the kernel. Offsets are those of registers.h. A thread's registers are saved into its own record, never on
 * a kernel stack: whatever enters from user mode leaves through arch_resume().
 */
	.set RAX, 0
	.set RBX, 8
	.set RCX, 16
	.set RDX, 24
	.set RSI, 32
	.set RDI, 40
	.set RBP, 48
	.set R8, 56
	.set R9, 64
	.set R10, 72
	.set R11, 80
	.set R12, 88
	.set R13, 96
	.set R14, 104
	.set R15, 112
	.set RIP, 120
	.set RFLAGS, 128
	.set RSP, 136
	.set BY_SYSCALL, 144

	.text
/* RAX number, RDI and RSI arguments; RCX and R11 are the processor's; RDX and R8 to R10 are lost by the ABI. */
	.globl entry_syscall
	.balign 16
entry_syscall:
	swapgs
	mov %gs:0, %r10
	mov %rsp, RSP(%r10)
	mov %gs:8, %rsp
	mov %rcx, RIP(%r10)
	mov %r11, RFLAGS(%r10)
	mov %rax, RAX(%r10)
	mov %rdi, RDI(%r10)
	mov %rsi, RSI(%r10)
	mov %rbx, RBX(%r10)
	mov %rbp, RBP(%r10)
	mov %r12, R12(%r10)
	mov %r13, R13(%r10)
	mov %r14, R14(%r10)
	mov %r15, R15(%r10)
	mov %rax, %r12		/* KERNEL_ENTRY of base/annotate.h */
	call kernel_syscall
	ud2

/* RDI: the thread's registers. */
	.globl arch_resume
	.balign 16
arch_resume:
	cmpq $0, BY_SYSCALL(%rdi)
	je resume_all
	.globl arch_resume_syscall
arch_resume_syscall:
	mov RIP(%rdi), %rcx
	mov RFLAGS(%rdi), %r11
	mov RAX(%rdi), %rax
	mov RBX(%rdi), %rbx
	mov RBP(%rdi), %rbp
	mov R12(%rdi), %r12
	mov R13(%rdi), %r13
	mov R14(%rdi), %r14
	mov R15(%rdi), %r15
	mov RSP(%rdi), %rsp
	mov RSI(%rdi), %rsi
	mov RDI(%rdi), %rdi
	xor %edx, %edx
	xor %r8d, %r8d
	xor %r9d, %r9d
	xor %r10d, %r10d
	swapgs
	sysretq

resume_all:
	movq $1, BY_SYSCALL(%rdi)	/* whatever comes next, unless a trap says otherwise */
	pushq $0x1b		/* user data */
	pushq RSP(%rdi)
	pushq RFLAGS(%rdi)
	pushq $0x23		/* user code */
	pushq RIP(%rdi)
	mov RAX(%rdi), %rax
	mov RBX(%rdi), %rbx
	mov RCX(%rdi), %rcx
	mov RDX(%rdi), %rdx
	mov RSI(%rdi), %rsi
	mov RBP(%rdi), %rbp
	mov R8(%rdi), %r8
	mov R9(%rdi), %r9
	mov R10(%rdi), %r10
	mov R11(%rdi), %r11
	mov R12(%rdi), %r12
	mov R13(%rdi), %r13
	mov R14(%rdi), %r14
	mov R15(%rdi), %r15
	mov RDI(%rdi), %rdi
	swapgs
	iretq

/* One stub for each vector: an error code if the processor pushes none, then the vector. */
	.altmacro
	.macro STUB vector
	.balign 16
	.if (\vector == 8) || ((\vector >= 10) && (\vector <= 14)) || (\vector == 17) || (\vector == 21) || (\vector == 29) || (\vector == 30)
	.else
	pushq $0
	.endif
	pushq $\vector
	jmp trap_common
	.endm
	.balign 16
	.globl trap_stubs
trap_stubs:
	.set i, 0
	.rept 256
	STUB %i
	.set i, i + 1
	.endr

trap_common:
	cld
	push %rax
	push %rbx
	push %rcx
	push %rdx
	push %rsi
	push %rdi
	push %rbp
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, %rdi
	cmpq $2, 120(%rsp)	/* vector: a non-maskable interrupt goes back to where it came from, with GS as it is */
	je trap_and_return
	testb $3, 144(%rsp)	/* CS */
	jnz trap_from_user
	lfence			/* neither side is guessed with the other's GS */
trap_and_return:
	call trap_in_kernel
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rbp
	pop %rdi
	pop %rsi
	pop %rdx
	pop %rcx
	pop %rbx
	pop %rax
	add $16, %rsp
	iretq
trap_from_user:
	swapgs
	lfence
	pushfq			/* the user's AC would open user pages to the kernel */
	andq $~0x40000, (%rsp)
	popfq
	call trap_in_user
	ud2
	.section .note.GNU-stack, "", @progbits
