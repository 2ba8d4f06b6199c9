/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The 16550 UART as a device: no capabilities, no calls. Registers are reached through two
 * functions, so that a test can stand in for the hardware. One thread; the owner calls
 * uart_interrupt whenever the line fired.
 */
#include <stdbool.h>
#include <stdint.h>

#define UART_RECEIVE_BYTES 4096	 /* kept until they are read; a power of two */
#define UART_TRANSMIT_BYTES 4096 /* the longest write */

struct uart_registers {
	uint8_t (*read)(void *context, uint16_t offset);
	void (*write)(void *context, uint16_t offset, uint8_t value);
	void *context;
};

struct uart {
	struct uart_registers registers;
	uint32_t receive_head; /* free-running: bytes taken out */
	uint32_t receive_tail; /* bytes put in */
	uint64_t dropped;      /* bytes lost because nobody read them, or in the device */
	uint32_t transmit_sent;
	uint32_t transmit_bytes;
	uint8_t receive[UART_RECEIVE_BYTES];
	uint8_t transmit[UART_TRANSMIT_BYTES];
};

/* Find the device and set it to 115200 8N1 with interrupts. False: what is there is no 16550. */
bool uart_start(struct uart *uart, struct uart_registers registers);

/* Take in what was received, send what waits. */
void uart_interrupt(struct uart *uart);

/* Up to `byte_count` received bytes; returns how many. */
uint32_t uart_read(struct uart *uart, uint8_t *bytes, uint32_t byte_count);
uint32_t uart_received(const struct uart *uart);

/* Begin to send. False, and nothing is sent, if a write is going on or it is too long. */
bool uart_write(struct uart *uart, const uint8_t *bytes, uint32_t byte_count);
/* All bytes of the last write are in the device. */
bool uart_is_sent(const struct uart *uart);

/* Forget what was received and not read, and overwrite it. */
void uart_discard(struct uart *uart);
