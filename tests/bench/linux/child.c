/* SPDX-License-Identifier: Apache-2.0 */
/* What the Linux guest starts over and over: a small static program with code, constants, data and
 * bss. No C library. */
static const int constants[512] = { 7 };
static int data[512] = { 1 };
static int zeros[1024];

_Noreturn void _start(void);

_Noreturn void
_start(void)
{
	volatile int *touched = zeros;
	long code;

	touched[0] = data[0] - 1;
	code = constants[touched[0]];
	__asm__ volatile("syscall" : : "a"(60), "D"(code) : "rcx", "r11", "memory");
	__builtin_unreachable();
}
