/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 16550 UART; see uart.h. The transmit interrupt is enabled only while a write is going on: an
 * empty transmitter that nobody feeds would interrupt for ever.
 */
#include "uart.h"

#include "uart_regs.h"

#include <string.h>

static uint8_t
register_read(struct uart *uart, uint16_t offset)
{
	return uart->registers.read(uart->registers.context, offset);
}

static void
register_write(struct uart *uart, uint16_t offset, uint8_t value)
{
	uart->registers.write(uart->registers.context, offset, value);
}

/* The scratch register keeps what is written; a missing device reads as all ones. */
static bool
is_present(struct uart *uart)
{
	register_write(uart, UART_SCRATCH, 0x5a);
	if (register_read(uart, UART_SCRATCH) != 0x5a)
		return false;
	register_write(uart, UART_SCRATCH, 0xa5);
	return register_read(uart, UART_SCRATCH) == 0xa5;
}

bool
uart_start(struct uart *uart, struct uart_registers registers)
{
	memset(uart, 0, sizeof(*uart));
	uart->registers = registers;
	if (!is_present(uart))
		return false;
	register_write(uart, UART_INTERRUPT_ENABLE, 0);
	register_write(uart, UART_LINE_CONTROL, UART_LINE_DIVISOR_ACCESS | UART_LINE_8N1);
	register_write(uart, UART_DATA, UART_DIVISOR_115200);
	register_write(uart, UART_INTERRUPT_ENABLE, 0);
	register_write(uart, UART_LINE_CONTROL, UART_LINE_8N1);
	register_write(uart, UART_FIFO_CONTROL, UART_FIFO_ENABLE_AND_RESET);
	register_write(uart, UART_MODEM_CONTROL, UART_MODEM_READY);
	register_write(
	    uart, UART_INTERRUPT_ENABLE, UART_INTERRUPT_RECEIVED | UART_INTERRUPT_LINE_STATUS);
	return true;
}

static void
receive_byte(struct uart *uart, uint8_t byte)
{
	if (uart_received(uart) == UART_RECEIVE_BYTES) {
		uart->dropped++;
		return;
	}
	uart->receive[uart->receive_tail % UART_RECEIVE_BYTES] = byte;
	uart->receive_tail++;
}

/* At most a buffer full at a time: a device that never stops must not keep the driver from its
 * callers. */
static void
receive_all(struct uart *uart)
{
	for (uint32_t i = 0; i < UART_RECEIVE_BYTES; i++) {
		uint8_t status = register_read(uart, UART_LINE_STATUS);

		if (status & UART_STATUS_OVERRUN)
			uart->dropped++;
		if (!(status & UART_STATUS_RECEIVED))
			return;
		receive_byte(uart, register_read(uart, UART_DATA));
	}
}

static bool
can_transmit(struct uart *uart)
{
	return !uart_is_sent(uart) &&
	    (register_read(uart, UART_LINE_STATUS) & UART_STATUS_TRANSMIT_EMPTY) != 0;
}

/* A FIFO full at a time, as long as the device takes them: an emulated one is never busy. */
static void
transmit_some(struct uart *uart)
{
	while (can_transmit(uart)) {
		uint32_t room = UART_TRANSMIT_FIFO_BYTES;

		while (room-- > 0 && !uart_is_sent(uart))
			register_write(uart, UART_DATA, uart->transmit[uart->transmit_sent++]);
	}
	if (uart_is_sent(uart))
		register_write(uart, UART_INTERRUPT_ENABLE,
		    UART_INTERRUPT_RECEIVED | UART_INTERRUPT_LINE_STATUS);
}

void
uart_interrupt(struct uart *uart)
{
	/* Reading the identification clears a transmit interrupt that needs no more bytes. */
	(void)register_read(uart, UART_INTERRUPT_ID);
	receive_all(uart);
	transmit_some(uart);
}

uint32_t
uart_received(const struct uart *uart)
{
	return uart->receive_tail - uart->receive_head;
}

uint32_t
uart_read(struct uart *uart, uint8_t *bytes, uint32_t byte_count)
{
	uint32_t taken = 0;

	while (taken < byte_count && uart_received(uart) != 0) {
		bytes[taken++] = uart->receive[uart->receive_head % UART_RECEIVE_BYTES];
		uart->receive[uart->receive_head % UART_RECEIVE_BYTES] = 0;
		uart->receive_head++;
	}
	return taken;
}

bool
uart_write(struct uart *uart, const uint8_t *bytes, uint32_t byte_count)
{
	if (!uart_is_sent(uart) || byte_count > UART_TRANSMIT_BYTES)
		return false;
	memcpy(uart->transmit, bytes, byte_count);
	uart->transmit_bytes = byte_count;
	uart->transmit_sent = 0;
	transmit_some(uart);
	if (!uart_is_sent(uart))
		register_write(uart, UART_INTERRUPT_ENABLE,
		    UART_INTERRUPT_RECEIVED | UART_INTERRUPT_LINE_STATUS |
			UART_INTERRUPT_TRANSMIT_EMPTY);
	return true;
}

bool
uart_is_sent(const struct uart *uart)
{
	return uart->transmit_sent == uart->transmit_bytes;
}

void
uart_discard(struct uart *uart)
{
	memset(uart->receive, 0, sizeof(uart->receive));
	uart->receive_head = uart->receive_tail;
}
