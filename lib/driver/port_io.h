/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The processor's port instructions, for drivers that hold an IoPortRange and have enabled it.
 * Without it they fault, and the process ends.
 */
#include <stdint.h>

static inline void
port_write8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t
port_read8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}
