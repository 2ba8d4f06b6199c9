/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Registers of the 16550 UART, as offsets from its first port (PC16550D data sheet, section 8).
 */
#define UART_DATA 0		/* read: receive, write: transmit; DLAB: divisor, low */
#define UART_INTERRUPT_ENABLE 1 /* DLAB: divisor, high */
#define UART_INTERRUPT_ID 2	/* read */
#define UART_FIFO_CONTROL 2	/* write */
#define UART_LINE_CONTROL 3
#define UART_MODEM_CONTROL 4
#define UART_LINE_STATUS 5
#define UART_MODEM_STATUS 6
#define UART_SCRATCH 7
#define UART_PORT_COUNT 8

#define UART_INTERRUPT_RECEIVED 0x01
#define UART_INTERRUPT_TRANSMIT_EMPTY 0x02
#define UART_INTERRUPT_LINE_STATUS 0x04

#define UART_FIFO_ENABLE_AND_RESET                                                                 \
	0xc7 /* on, both emptied, interrupt at 14 bytes or after a pause */

#define UART_LINE_8N1 0x03
#define UART_LINE_DIVISOR_ACCESS 0x80

#define UART_MODEM_READY 0x0b /* DTR, RTS, and OUT2, which lets the interrupt out */

#define UART_STATUS_RECEIVED 0x01
#define UART_STATUS_OVERRUN 0x02
#define UART_STATUS_TRANSMIT_EMPTY 0x20

#define UART_DIVISOR_115200 1
#define UART_TRANSMIT_FIFO_BYTES 16
