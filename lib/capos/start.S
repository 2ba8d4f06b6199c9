/* SPDX-License-Identifier: Apache-2.0 */
/* The entry of every program (abi/start.h). */
	.text
	.globl _start
_start:
	xor %ebp, %ebp
	/* RDI ring, RSI process id, RDX CapSet: as C takes them. The stack is aligned as after a call. */
	jmp capos_start
	.section .note.GNU-stack, "", @progbits
