/* SPDX-License-Identifier: Apache-2.0 */
/* The entry of every program (abi/start.h), and the two system calls. */
	.text
	.globl _start
_start:
	xor %ebp, %ebp
	/* RDI ring, RSI process id, RDX CapSet: as C takes them. The stack is aligned as after a call. */
	jmp capos_start

	.globl capos_enter
	.balign 16
capos_enter:
	/* EDI min_complete, RSI deadline. The kernel keeps RDI and RSI, RBX, RBP and R12 to R15. */
	mov %edi, %edi
	xor %eax, %eax
	syscall
	ret

	.globl capos_exit
capos_exit:
	mov $1, %eax
	syscall
	ud2
	.section .note.GNU-stack, "", @progbits
