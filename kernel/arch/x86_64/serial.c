/* SPDX-License-Identifier: Apache-2.0 */
/* The debug console: COM1, 115200 8N1, polled. COM2 belongs to a driver process. */
#include "serial.h"
#include "arch/cpu.h"
#include "instructions.h"

#define COM1 0x3f8
#define LINE_STATUS 5
#define TRANSMIT_EMPTY 0x20
#define POLLS_MAX 100000 /* a port that is never ready must not stop the kernel */

void
serial_init(void)
{
	port_write8(COM1 + 1, 0);
	port_write8(COM1 + 3, 0x80);
	port_write8(COM1 + 0, 1);
	port_write8(COM1 + 1, 0);
	port_write8(COM1 + 3, 3);
	port_write8(COM1 + 2, 0xc7);
	port_write8(COM1 + 4, 3);
}

static void
write_byte(uint8_t byte)
{
	for (uint32_t i = 0; i < POLLS_MAX && !(port_read8(COM1 + LINE_STATUS) & TRANSMIT_EMPTY);
	    i++)
		;
	port_write8(COM1, byte);
}

void
arch_debug_write(const char *bytes, unsigned long byte_count)
{
	for (unsigned long i = 0; i < byte_count; i++) {
		if (bytes[i] == '\n')
			write_byte('\r');
		write_byte((uint8_t)bytes[i]);
	}
}
